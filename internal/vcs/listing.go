package vcs

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// entry is one file of a revision.
type entry struct {
	path string
	id   string // what the store finds it by
	mode fs.FileMode
}

// listing is all files of a revision, sorted by path.
type listing struct {
	entries []entry
	names   []string
	links   bool // there are symbolic links
}

// listings keeps the listing of each revision that was asked for: a tree of 300,000 files is read once.
type listings struct {
	mu    sync.Mutex
	byRev map[string]*pending
}

// pending is a listing that is being read by whoever holds its mutex, or that was read.
type pending struct {
	mu   sync.Mutex
	done *listing
}

// get gives the listing of a revision, reading it with list unless that was done. A failure is not kept.
func (s *listings) get(ctx context.Context, rev string, list func(context.Context, string) ([]entry, error)) (*listing, error) {
	s.mu.Lock()
	if s.byRev == nil {
		s.byRev = map[string]*pending{}
	}
	p := s.byRev[rev]
	if p == nil {
		p = &pending{}
		s.byRev[rev] = p
	}
	s.mu.Unlock()

	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done == nil {
		entries, err := list(ctx, rev)
		if err != nil {
			return nil, err
		}
		p.done = newListing(entries)
	}
	return p.done, nil
}

func newListing(entries []entry) *listing {
	byPath := func(a, b entry) int { return cmp.Compare(a.path, b.path) }
	if !slices.IsSortedFunc(entries, byPath) {
		slices.SortFunc(entries, byPath)
	}
	l := &listing{entries: entries, names: make([]string, len(entries))}
	for i, e := range entries {
		l.names[i] = e.path
		l.links = l.links || e.mode&fs.ModeSymlink != 0
	}
	return l
}

// from gives the index of the first entry that is not less than path.
func (l *listing) from(path string) int {
	i, _ := slices.BinarySearch(l.names, path)
	return i
}

// find gives the file with exactly this path.
func (l *listing) find(path string) (entry, bool) {
	i, ok := slices.BinarySearch(l.names, path)
	if !ok {
		return entry{}, false
	}
	return l.entries[i], true
}

// isDir says whether there are files below path.
func (l *listing) isDir(path string) bool {
	if path == "." {
		return true
	}
	i := l.from(path + "/")
	return i < len(l.names) && strings.HasPrefix(l.names[i], path+"/")
}

// within gives the names that are one of the paths or below one, all of them without paths. A path may be
// absolute or relative to the root.
func within(names []string, root string, paths []string) ([]string, error) {
	if len(paths) == 0 {
		return names, nil
	}
	var wanted []string
	for _, p := range paths {
		rel, err := relative(root, p)
		if err != nil {
			return nil, err
		}
		if rel == "." {
			return names, nil
		}
		wanted = append(wanted, rel)
	}
	some := []string{}
	for _, n := range names {
		if slices.ContainsFunc(wanted, func(w string) bool {
			return strings.HasPrefix(n, w) && (len(n) == len(w) || n[len(w)] == '/')
		}) {
			some = append(some, n)
		}
	}
	return some, nil
}

func relative(root, path string) (string, error) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(root, path)
	}
	rel, err := filepath.Rel(root, path)
	if err == nil && !filepath.IsLocal(rel) {
		// The same directory may have been reached through a symbolic link.
		if r, e := filepath.EvalSymlinks(root); e == nil {
			if p, e := filepath.EvalSymlinks(path); e == nil {
				rel, err = filepath.Rel(r, p)
			}
		}
	}
	if err != nil || !filepath.IsLocal(rel) {
		return "", fmt.Errorf("%q is outside of the repository %q", path, root)
	}
	return filepath.ToSlash(rel), nil
}

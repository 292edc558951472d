package vcs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Remote is a git repository elsewhere. It has a store of its own, a temporary directory, for the revisions that are asked for;
// files are fetched one by one where the server allows that. It is safe for concurrent use until it is closed.
type Remote struct {
	git     *git
	mu      sync.Mutex
	fetched map[string]bool
}

// OpenRemote makes the store for a repository whose address git understands. Nothing is asked of the repository yet.
func OpenRemote(ctx context.Context, url string, o Options) (*Remote, error) {
	if strings.HasPrefix(url, "-") || url == "" {
		return nil, fmt.Errorf("%q is no address of a repository", url)
	}
	dir, err := os.MkdirTemp("", "taskgraph-git-")
	if err != nil {
		return nil, err
	}
	r := &Remote{fetched: map[string]bool{}}
	if r.git, err = newGit(dir, o); err == nil {
		r.git.env = append(slices.Clip(r.git.env), r.git.quietSSH(ctx)...)
		for _, args := range [][]string{
			{"init", "--quiet", "--bare", "."}, {"config", "remote.origin.url", url}, {"config", "remote.origin.promisor", "true"},
			{"config", "remote.origin.partialclonefilter", "blob:none"},
		} {
			if _, err = r.git.output(ctx, args...); err != nil {
				break
			}
		}
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return r, nil
}

// Close removes the store.
func (r *Remote) Close() error { return os.RemoveAll(r.git.dir) }

// Head gives the newest revision of a branch and the branch's name; "" is the one that clones start with. Without such a
// branch both are "".
func (r *Remote) Head(ctx context.Context, branch string) (name, rev string, err error) {
	ref := "HEAD"
	if branch != "" {
		ref = "refs/heads/" + branch
	}
	out, err := r.git.output(ctx, "ls-remote", "--symref", "--", "origin", ref)
	if err != nil {
		return "", "", err
	}
	for line := range strings.Lines(out) {
		hash, found, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if target, symbolic := strings.CutPrefix(hash, "ref: refs/heads/"); symbolic {
			branch = target
		} else if found == ref {
			return branch, hash, nil
		}
	}
	return "", "", nil
}

var hash = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)

// ReadFile gives what a file of at most so many bytes holds at a revision, which is a hash. Without such a file the error is a
// fs.ErrNotExist.
func (r *Remote) ReadFile(ctx context.Context, rev, path string, limit int64) ([]byte, error) {
	if !hash.MatchString(rev) || !fs.ValidPath(path) {
		return nil, &fs.PathError{Op: "open", Path: rev + ":" + path, Err: fs.ErrInvalid}
	}
	if err := r.fetch(ctx, rev); err != nil {
		return nil, err
	}
	entry, err := r.git.line(ctx, "ls-tree", rev, "--", path)
	if err != nil {
		return nil, err
	}
	if fields := strings.Fields(entry); len(fields) < 3 || fields[1] != "blob" {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	size, err := r.git.line(ctx, "cat-file", "-s", rev+":"+path)
	if err != nil {
		return nil, err
	}
	var n int64
	if _, err := fmt.Sscan(size, &n); err != nil || n > limit {
		return nil, fmt.Errorf("%s has %s bytes; at most %d are read", path, size, limit)
	}
	out, err := r.git.output(ctx, "cat-file", "blob", rev+":"+path)
	return []byte(out), err
}

// fetch gets a revision into the store, once.
func (r *Remote) fetch(ctx context.Context, rev string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fetched[rev] {
		return nil
	}
	_, err := r.git.output(ctx, "fetch", "--quiet", "--depth=1", "--no-tags", "--filter=blob:none", "--no-recurse-submodules", "--no-auto-maintenance", "--", "origin", rev)
	r.fetched[rev] = err == nil
	return err
}

package filehash

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/sourcetree"
	"github.com/taskgraph-go/decision/value"
)

// readers is how many files are read at the same time: a cold disk gains from two, and more only take memory.
const readers = 2

// Hasher hashes the files of one tree and remembers what it read. It is safe for concurrent use.
type Hasher struct {
	tree    sourcetree.Tree
	tracked func() ([]string, error) // sorted
	slots   chan struct{}

	mu      sync.Mutex
	matches map[string][]string
	sums    map[string]*sum
}

// sum is the digest of one file.
type sum struct {
	once sync.Once
	hex  string
	err  error
}

// New gives a hasher for the files of a tree. tracked lists the names of the files that version control knows; it is
// called at most once, when the first pattern is looked up. A name that git writes in quotes must come in quotes: no
// pattern is meant to match it, as in the reference.
func New(tree sourcetree.Tree, tracked func() ([]string, error)) *Hasher {
	return &Hasher{
		tree:    tree,
		slots:   make(chan struct{}, readers),
		matches: map[string][]string{},
		sums:    map[string]*sum{},
		tracked: sync.OnceValues(func() ([]string, error) {
			names, err := tracked()
			if err == nil && !slices.IsSorted(names) {
				names = slices.Sorted(slices.Values(names))
			}
			return names, err
		}),
	}
}

// found is a file and the first pattern that matches it.
type found struct {
	name    string
	pattern int
}

// Paths gives the digest of all tracked files that match any of the patterns, in hex. The patterns are strings as in
// [glob.Match]. The order of the patterns does not matter, nor does a file that matches several.
//
// All mistakes are reported together, each at its pattern: one that matches no file, a file that is tracked but not
// there, a file that cannot be read.
func (h *Hasher) Paths(patterns []value.Value) (string, error) {
	names, err := h.tracked()
	if err != nil {
		return "", diag.Errorf(diag.BadFiles, position(patterns), "cannot list the tracked files: %v", err)
	}
	var errs diag.List
	var files []found
	for i, p := range patterns {
		text, ok := p.AsString()
		if !ok {
			errs.Add(diag.Errorf(diag.WrongType, p.Pos(), "want a pattern of file names, got %s", p.Describe()))
			continue
		}
		matches := h.match(names, text)
		if len(matches) == 0 {
			errs.Add(h.noMatch(p.Pos(), names, text))
		}
		files = slices.Grow(files, len(matches))
		for _, name := range matches {
			files = append(files, found{name, i})
		}
	}
	slices.SortFunc(files, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.pattern, b.pattern))
	})
	files = slices.CompactFunc(files, func(a, b found) bool { return a.name == b.name })
	h.readAll(files)

	all := sha256.New()
	var line []byte
	for _, f := range files {
		digest, err := h.Sum(f.name)
		if err != nil {
			p := patterns[f.pattern]
			errs.Add(unreadable(p.Pos(), p.Str(), f.name, err))
			continue
		}
		line = append(append(append(append(line[:0], digest...), ' '), f.name...), '\n')
		all.Write(line)
	}
	if err := errs.Err(nil); err != nil {
		return "", err
	}
	return hex.EncodeToString(all.Sum(nil)), nil
}

// position gives the place of the first pattern.
func position(patterns []value.Value) diag.Pos {
	if len(patterns) == 0 {
		return 0
	}
	return patterns[0].Pos()
}

// readAll makes the digests of all files known, several at a time if several are new.
func (h *Hasher) readAll(files []found) {
	if files = h.unread(files); len(files) < 2 {
		return // whoever needs the one reads it
	}
	var next atomic.Int64
	work := func() {
		for i := int(next.Add(1)) - 1; i < len(files); i = int(next.Add(1)) - 1 {
			h.Sum(files[i].name)
		}
	}
	var others sync.WaitGroup
	for range min(readers, len(files)) - 1 {
		others.Go(work)
	}
	work()
	others.Wait()
}

// unread gives the files that nobody has asked for yet.
func (h *Hasher) unread(files []found) (out []found) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, f := range files {
		if h.sums[f.name] == nil {
			out = append(out, f)
		}
	}
	return out
}

// errQuoted says that a name is in the form in which git prints unusual ones, and so leads to no file.
var errQuoted = errors.New("git writes the name in quotes")

// errDirectory says that what is tracked as a file is a directory: a submodule, or a link to a directory.
var errDirectory = errors.New("is a directory")

// Sum gives the SHA-256 of one file of the tree in hex. A symbolic link counts as what it leads to, which must be in
// the tree.
func (h *Hasher) Sum(name string) (string, error) {
	h.mu.Lock()
	s := h.sums[name]
	if s == nil {
		s = &sum{}
		h.sums[name] = s
	}
	h.mu.Unlock()
	s.once.Do(func() {
		h.slots <- struct{}{}
		defer func() { <-h.slots }()
		s.hex, s.err = h.read(name)
	})
	return s.hex, s.err
}

func (h *Hasher) read(name string) (string, error) {
	if len(name) > 0 && name[0] == '"' {
		return "", errQuoted
	}
	info, err := h.tree.Lstat(name)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		if name, info, err = sourcetree.Resolve(h.tree, name); err != nil {
			return "", err
		}
	}
	switch {
	case info.IsDir():
		return "", errDirectory
	case !info.Mode().IsRegular():
		return "", &fs.PathError{Op: "read", Path: name, Err: errors.New("not a regular file")}
	}
	f, err := h.tree.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	digest := sha256.New()
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	// The bare interfaces keep CopyBuffer from going around the buffer.
	if _, err := io.CopyBuffer(digest, struct{ io.Reader }{f}, *buf); err != nil {
		return "", err
	}
	return hex.EncodeToString(digest.Sum(nil)), nil
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 64<<10); return &b }}

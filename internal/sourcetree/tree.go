package sourcetree

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// Tree is the content of a repository at one moment. Open may or may not follow symbolic links; callers that care ask
// [Resolve] first. Implementations are safe for concurrent use.
type Tree interface {
	fs.ReadLinkFS
}

// Dir is a directory of this machine as a [Tree]. Unlike that of [os.DirFS] its files may have names that are not
// UTF-8, and symbolic links that lead out of it do not open. It is safe for concurrent use.
type Dir struct {
	root *os.Root

	mu    sync.Mutex
	below map[string]*os.Root // directories in it that stay open, by name; nil where one did not open
}

// maxBelow is how many directories stay open: files are mostly read in a few, and each step on the way to one is a call of the system.
const maxBelow = 64

var (
	_ Tree          = (*Dir)(nil)
	_ fs.ReadDirFS  = (*Dir)(nil)
	_ fs.ReadFileFS = (*Dir)(nil)
	_ fs.StatFS     = (*Dir)(nil)
)

// Open gives the tree below a directory.
func Open(dir string) (*Dir, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Dir{root: root, below: map[string]*os.Root{}}, nil
}

// Close releases the directory. Files that are open stay open.
func (d *Dir) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, sub := range d.below {
		if sub != nil {
			sub.Close()
		}
	}
	d.below = nil
	return d.root.Close()
}

// get does something to a file, by its name in the directory that holds it where that stays open. Where that fails it counts what comes of the
// whole name: a link may lead out of that directory, but not out of the tree.
func get[T any](d *Dir, name string, do func(in *os.Root, name string) (T, error)) (T, error) {
	name = filepath.FromSlash(name)
	if in, base := d.parent(name); in != nil {
		if got, err := do(in, base); err == nil {
			return got, nil
		}
	}
	return do(d.root, name)
}

// parent gives the directory that holds a file, nil where it does not stay open, and the file's name in it.
func (d *Dir) parent(name string) (*os.Root, string) {
	dir, base := filepath.Split(name)
	if dir == "" || base == "" {
		return nil, base
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	in, known := d.below[dir]
	if !known && d.below != nil && len(d.below) < maxBelow {
		in, _ = d.root.OpenRoot(dir)
		d.below[dir] = in
	}
	return in, base
}

// Open opens a file or directory for reading.
func (d *Dir) Open(name string) (fs.File, error) {
	f, err := get(d, name, (*os.Root).Open)
	if err != nil {
		return nil, err // not f: a nil *os.File in an interface is not nil
	}
	return f, nil
}

// ReadFile gives a file's content.
func (d *Dir) ReadFile(name string) ([]byte, error) { return get(d, name, (*os.Root).ReadFile) }

// ReadDir lists a directory, sorted by name.
func (d *Dir) ReadDir(name string) ([]fs.DirEntry, error) {
	f, err := d.root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	entries, err := f.ReadDir(-1)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return entries, err
}

// Stat describes what a name leads to.
func (d *Dir) Stat(name string) (fs.FileInfo, error) { return d.root.Stat(filepath.FromSlash(name)) }

// Lstat describes a file without following it when it is a symbolic link.
func (d *Dir) Lstat(name string) (fs.FileInfo, error) { return get(d, name, (*os.Root).Lstat) }

// ReadLink gives where a symbolic link points, as it is written in it.
func (d *Dir) ReadLink(name string) (string, error) { return d.root.Readlink(filepath.FromSlash(name)) }

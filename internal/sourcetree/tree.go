package sourcetree

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Tree is the content of a repository at one moment. Open may or may not follow symbolic links; callers that care ask
// [Resolve] first. Implementations are safe for concurrent use.
type Tree interface {
	fs.ReadLinkFS
}

// Dir is a directory of this machine as a [Tree]. Unlike that of [os.DirFS] its files may have names that are not
// UTF-8, and symbolic links that lead out of it do not open. It is immutable and safe for concurrent use.
type Dir struct{ root *os.Root }

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
	return &Dir{root}, nil
}

// Close releases the directory. Files that are open stay open.
func (d *Dir) Close() error { return d.root.Close() }

// Open opens a file or directory for reading.
func (d *Dir) Open(name string) (fs.File, error) {
	f, err := d.root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, err // not f: a nil *os.File in an interface is not nil
	}
	return f, nil
}

// ReadFile gives a file's content.
func (d *Dir) ReadFile(name string) ([]byte, error) { return d.root.ReadFile(filepath.FromSlash(name)) }

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
func (d *Dir) Lstat(name string) (fs.FileInfo, error) { return d.root.Lstat(filepath.FromSlash(name)) }

// ReadLink gives where a symbolic link points, as it is written in it.
func (d *Dir) ReadLink(name string) (string, error) { return d.root.Readlink(filepath.FromSlash(name)) }

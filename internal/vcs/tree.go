package vcs

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// Tree is the files of one revision, as they were committed: no line ends are converted and no filters run. A
// submodule is an empty directory. Symbolic links are followed inside the tree; one that leads out of it
// cannot be opened. A Tree is safe for concurrent use until it is closed.
type Tree struct {
	files *listing
	store objects
}

// objects gives what the files of a tree hold.
type objects interface {
	read(id string) ([]byte, error)
	size(id string) (int64, error)
	close() error
}

var (
	_ fs.ReadDirFS  = (*Tree)(nil)
	_ fs.ReadFileFS = (*Tree)(nil)
	_ fs.StatFS     = (*Tree)(nil)
	_ fs.ReadLinkFS = (*Tree)(nil)
	_ io.Closer     = (*Tree)(nil)
)

// maxLinks is how many symbolic links are followed for one name.
const maxLinks = 40

var (
	errLeavesTree = errors.New("symbolic link leads out of the tree")
	errTooMany    = errors.New("too many symbolic links")
	errIsDir      = errors.New("is a directory")
	errNotDir     = errors.New("is not a directory")
)

func newTree(files *listing, store objects) *Tree { return &Tree{files, store} }

// Close ends the programs that the tree is read with. Files that are open stay readable.
func (t *Tree) Close() error { return t.store.close() }

// Open opens a file or a directory.
func (t *Tree) Open(name string) (fs.File, error) {
	e, err := t.lookup("open", name, true)
	if err != nil {
		return nil, err
	}
	if e.mode.IsDir() {
		list, err := t.ReadDir(name)
		if err != nil {
			return nil, err
		}
		return &openDir{info: fileInfo{name: path.Base(name), mode: e.mode}, entries: list}, nil
	}
	data, err := t.content("open", name, e)
	if err != nil {
		return nil, err
	}
	return &openFile{*bytes.NewReader(data), fileInfo{path.Base(name), e.mode, int64(len(data))}}, nil
}

// ReadFile gives what a file holds.
func (t *Tree) ReadFile(name string) ([]byte, error) {
	e, err := t.lookup("read", name, true)
	if err != nil {
		return nil, err
	}
	if e.mode.IsDir() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errIsDir}
	}
	return t.content("read", name, e)
}

// Stat describes a file or directory, following symbolic links.
func (t *Tree) Stat(name string) (fs.FileInfo, error) { return t.stat("stat", name, true) }

// Lstat describes a file, directory or symbolic link.
func (t *Tree) Lstat(name string) (fs.FileInfo, error) { return t.stat("lstat", name, false) }

// ReadLink gives where a symbolic link leads.
func (t *Tree) ReadLink(name string) (string, error) {
	e, err := t.lookup("readlink", name, false)
	if err != nil {
		return "", err
	}
	if e.mode&fs.ModeSymlink == 0 {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
	}
	target, err := t.content("readlink", name, e)
	return string(target), err
}

// ReadDir gives what is in a directory, sorted by name.
func (t *Tree) ReadDir(name string) ([]fs.DirEntry, error) {
	e, err := t.lookup("readdir", name, true)
	if err != nil {
		return nil, err
	}
	if !e.mode.IsDir() {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: errNotDir}
	}
	prefix := e.path + "/"
	if e.path == "." {
		prefix = ""
	}
	var out []fs.DirEntry
	for i := t.files.from(prefix); i < len(t.files.entries); {
		x := t.files.entries[i]
		rest, ok := strings.CutPrefix(x.path, prefix)
		if !ok {
			break
		}
		first, _, below := strings.Cut(rest, "/")
		if below {
			out = append(out, &dirEntry{t, entry{path: prefix + first, mode: dirMode}, first})
			i = t.files.from(prefix + first + "0") // 0 is what follows / in ASCII
			continue
		}
		out = append(out, &dirEntry{t, x, first})
		i++
	}
	slices.SortFunc(out, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return out, nil
}

const dirMode = fs.ModeDir | 0o755

// lookup finds a name. Symbolic links on the way are followed, one at the end where follow says so.
func (t *Tree) lookup(op, name string, follow bool) (entry, error) {
	if !fs.ValidPath(name) {
		return entry{}, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	e, err := t.exact(name)
	if err == nil && (!follow || e.mode&fs.ModeSymlink == 0) {
		return e, nil
	}
	if t.files.links {
		e, err = t.walk(name, follow)
	}
	if err != nil {
		err = &fs.PathError{Op: op, Path: name, Err: err}
	}
	return e, err
}

// exact finds a name that passes no link.
func (t *Tree) exact(name string) (entry, error) {
	if e, ok := t.files.find(name); ok {
		return e, nil
	}
	if t.files.isDir(name) {
		return entry{path: name, mode: dirMode}, nil
	}
	return entry{}, fs.ErrNotExist
}

// walk finds a name step by step.
func (t *Tree) walk(name string, follow bool) (entry, error) {
	at, rest := ".", name
	for links := 0; ; {
		step, more, _ := strings.Cut(rest, "/")
		next := path.Join(at, step)
		e, err := t.exact(next)
		if err != nil {
			return entry{}, err
		}
		if e.mode&fs.ModeSymlink != 0 && (more != "" || follow) {
			if links++; links > maxLinks {
				return entry{}, errTooMany
			}
			target, err := t.store.read(e.id)
			if err != nil {
				return entry{}, err
			}
			to := path.Join(path.Dir(next), string(target))
			if path.IsAbs(string(target)) || !fs.ValidPath(to) {
				return entry{}, errLeavesTree
			}
			at, rest = ".", path.Join(to, more)
			continue
		}
		if more == "" {
			return e, nil
		}
		at, rest = next, more
	}
}

func (t *Tree) content(op, name string, e entry) ([]byte, error) {
	data, err := t.store.read(e.id)
	if err != nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: err}
	}
	return data, nil
}

func (t *Tree) stat(op, name string, follow bool) (fs.FileInfo, error) {
	e, err := t.lookup(op, name, follow)
	if err != nil {
		return nil, err
	}
	return t.info(op, path.Base(name), e)
}

func (t *Tree) info(op, name string, e entry) (fs.FileInfo, error) {
	info := fileInfo{name: name, mode: e.mode}
	if !e.mode.IsDir() {
		var err error
		if info.size, err = t.store.size(e.id); err != nil {
			return nil, &fs.PathError{Op: op, Path: e.path, Err: err}
		}
	}
	return info, nil
}

// fileInfo describes a file of a tree. A tree knows no times.
type fileInfo struct {
	name string
	mode fs.FileMode
	size int64
}

func (i fileInfo) Name() string       { return i.name }
func (i fileInfo) Size() int64        { return i.size }
func (i fileInfo) Mode() fs.FileMode  { return i.mode }
func (i fileInfo) ModTime() time.Time { return time.Time{} }
func (i fileInfo) IsDir() bool        { return i.mode.IsDir() }
func (i fileInfo) Sys() any           { return nil }
func (i fileInfo) String() string     { return fs.FormatFileInfo(i) }

type dirEntry struct {
	tree *Tree
	file entry
	name string
}

func (d *dirEntry) Name() string               { return d.name }
func (d *dirEntry) IsDir() bool                { return d.file.mode.IsDir() }
func (d *dirEntry) Type() fs.FileMode          { return d.file.mode.Type() }
func (d *dirEntry) Info() (fs.FileInfo, error) { return d.tree.info("stat", d.name, d.file) }
func (d *dirEntry) String() string             { return fs.FormatDirEntry(d) }

type openFile struct {
	bytes.Reader
	info fileInfo
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *openFile) Close() error               { return nil }

type openDir struct {
	info    fileInfo
	entries []fs.DirEntry
}

func (d *openDir) Stat() (fs.FileInfo, error) { return d.info, nil }
func (d *openDir) Close() error               { return nil }

func (d *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.info.name, Err: errIsDir}
}

func (d *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 {
		n = len(d.entries)
	} else if len(d.entries) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(d.entries))
	out := d.entries[:n:n]
	d.entries = d.entries[n:]
	return out, nil
}

package sourcetree

import (
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
)

// ErrOutside says that a name leads out of the tree, by itself or through a symbolic link.
var ErrOutside = errors.New("leads out of the repository")

// ErrLoop says that symbolic links lead to each other.
var ErrLoop = errors.New("too many symbolic links in a row")

// maxLinks is how many links one name may pass through; Linux has the same limit.
const maxLinks = 40

// Resolve follows all symbolic links in a name. It gives the name without links and what is there. The error is an
// *[fs.PathError] that wraps [ErrOutside], [ErrLoop], [fs.ErrNotExist] or what the tree said.
//
// The name is cleaned first, so that a/../b is b even when a does not exist; ".." in the target of a link is relative
// to where the link really is.
func Resolve(t Tree, name string) (string, fs.FileInfo, error) {
	fail := func(err error) (string, fs.FileInfo, error) {
		return "", nil, &fs.PathError{Op: "resolve", Path: name, Err: err}
	}
	clean := path.Clean(name)
	if path.IsAbs(clean) || !inside(clean) {
		return fail(ErrOutside)
	}
	done, rest, links := ".", clean, 0
	info, err := t.Lstat(done)
	if err != nil {
		return "", nil, err
	}
	for rest != "" {
		var part string
		part, rest, _ = strings.Cut(rest, "/")
		switch part {
		case "", ".":
			continue
		case "..":
			if done == "." {
				return fail(ErrOutside)
			}
			done = path.Dir(done)
			if info, err = t.Lstat(done); err != nil {
				return "", nil, err
			}
			continue
		}
		if !info.IsDir() {
			return fail(fs.ErrNotExist)
		}
		next := path.Join(done, part)
		if info, err = t.Lstat(next); err != nil {
			return "", nil, err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			done = next
			continue
		}
		if links++; links > maxLinks {
			return fail(ErrLoop)
		}
		target, err := t.ReadLink(next)
		if err != nil {
			return "", nil, err
		}
		if filepath.IsAbs(target) || path.IsAbs(target) {
			return fail(ErrOutside)
		}
		rest = filepath.ToSlash(target) + "/" + rest
		if info, err = t.Lstat(done); err != nil {
			return "", nil, err
		}
	}
	return done, info, nil
}

// Within refuses a file of this machine that is not below a directory once symbolic links are followed. The error wraps
// [ErrOutside], or is what the operating system said.
func Within(dir, file string) error {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return err
	}
	if file, err = filepath.EvalSymlinks(file); err != nil {
		return err
	}
	if rel, err := filepath.Rel(dir, file); err != nil || !filepath.IsLocal(rel) {
		return ErrOutside
	}
	return nil
}

// inside says whether a clean relative name stays in the tree.
func inside(clean string) bool { return clean != ".." && !strings.HasPrefix(clean, "../") }

package scaffold

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Existing gives the files below dir that writing would replace or remove, sorted, with slashes: those at the names of the
// files, and all others in the same directories at the top. A link counts as a file and is not followed; directories without
// files count for nothing.
func Existing(dir string, files []File) ([]string, error) {
	var found []string
	for _, top := range tops(files) {
		err := filepath.WalkDir(filepath.Join(dir, top), func(name string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil || d.IsDir() {
				return err
			}
			rel, err := filepath.Rel(dir, name)
			found = append(found, filepath.ToSlash(rel))
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(found)
	return found, nil
}

// tops gives the files and directories of files that stand at the top, sorted.
func tops(files []File) []string {
	var names []string
	for _, f := range files {
		top, _, _ := strings.Cut(f.Name, "/")
		names = append(names, top)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Write writes the files below dir, in the place of what [Existing] lists. Either all of it happens or nothing: the files are
// made in a directory beside, which then changes places with what is there. Where that fails on the way, what was there comes
// back.
func Write(dir string, files []File) error { return write(dir, files, os.Rename) }

func write(dir string, files []File, rename func(from, to string) error) (err error) {
	stage, err := os.MkdirTemp(dir, ".taskgraph-init-*")
	if err != nil {
		return err
	}
	made, old := filepath.Join(stage, "new"), filepath.Join(stage, "old")
	keep := false
	defer func() {
		if keep {
			return
		}
		if rest := os.RemoveAll(stage); rest != nil {
			err = errors.Join(err, fmt.Errorf("what was there before is still in %s: %w", stage, rest))
		}
	}()
	for _, f := range files {
		name := filepath.Join(made, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, f.Text, f.Mode); err != nil {
			return err
		}
		if err := os.Chmod(name, f.Mode); err != nil { // whatever the umask takes away
			return err
		}
	}
	if err := os.Mkdir(old, 0o755); err != nil {
		return err
	}
	var undo []func() error
	defer func() {
		if err == nil {
			return
		}
		for _, back := range slices.Backward(undo) {
			if failed := back(); failed != nil {
				keep = true
				err = errors.Join(err, fmt.Errorf("cannot be put back, it is in %s: %w", stage, failed))
			}
		}
	}()
	move := func(from, to string) error {
		if err := rename(from, to); err != nil {
			return err
		}
		undo = append(undo, func() error { return rename(to, from) })
		return nil
	}
	for _, top := range tops(files) {
		place := filepath.Join(dir, top)
		if _, err := os.Lstat(place); err == nil {
			if err := move(place, filepath.Join(old, top)); err != nil {
				return err
			}
		}
		if err := move(filepath.Join(made, top), place); err != nil {
			return err
		}
	}
	return nil
}

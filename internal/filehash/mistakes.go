package filehash

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/sourcetree"
)

// noMatch reports a pattern that matches nothing, with the reason where one can be guessed.
func (h *Hasher) noMatch(pos diag.Pos, names []string, pattern string) *diag.Diagnostic {
	d := diag.Errorf(diag.BadFiles, pos, "%q did not match anything: no tracked file has that name or stands in a directory of that name", pattern)
	if strings.Contains(pattern, "*") {
		d = diag.Errorf(diag.BadFiles, pos, "%q did not match anything among the tracked files", pattern)
	}
	clean := strings.TrimPrefix(path.Clean(pattern), "/")
	if clean != pattern && len(h.match(names, clean)) > 0 {
		return d.WithHint("write %q: names are relative to the root of the repository, and that of a directory has no slash at its end", clean)
	}
	if strings.Contains(pattern, "*") {
		return d.WithHint("* stays within one directory, ** crosses any number of them")
	}
	if _, _, err := sourcetree.Resolve(h.tree, pattern); err == nil {
		return d.WithHint("%q exists but is not committed; only what is committed counts", pattern)
	}
	if near := diag.Nearest(clean, siblings(names, clean)); near != "" {
		return d.WithHint("did you mean %q?", near)
	}
	for _, n := range names {
		if path.Base(n) == path.Base(clean) {
			return d.WithHint("did you mean %q?", n)
		}
	}
	return d
}

// unreadable reports a file that matches a pattern but has no content to hash.
func unreadable(pos diag.Pos, pattern, name string, err error) *diag.Diagnostic {
	switch {
	case errors.Is(err, errQuoted):
		return diag.Errorf(diag.BadFiles, pos, "%q matches the tracked file %s, whose name git writes in quotes; such files cannot be resources", pattern, name).
			WithHint("narrow the pattern, or rename the file")
	case errors.Is(err, fs.ErrNotExist):
		return diag.Errorf(diag.BadFiles, pos, "%q matches %q, which is tracked but missing in the work tree", pattern, name).
			WithHint("restore the file, or commit that it is gone")
	case errors.Is(err, errDirectory):
		return diag.Errorf(diag.BadFiles, pos, "%q matches %q, which is tracked as one thing but is a directory: a submodule, or a link to a directory", pattern, name).
			WithHint("narrow the pattern so that it leaves that out")
	case errors.Is(err, sourcetree.ErrOutside):
		return diag.Errorf(diag.BadFiles, pos, "%q matches the symbolic link %q, which leads out of the repository", pattern, name)
	}
	return diag.Errorf(diag.BadFiles, pos, "%q matches %q, which cannot be read: %v", pattern, name, err)
}

package dockerimages

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/sourcetree"
	"github.com/taskgraph-go/decision/value"
)

// contextFile is one file of a context.
type contextFile struct {
	name    string // in the archive
	mode    uint32 // as tar has it: permissions and the sticky bit
	path    string // in the tree, without links; "" where content is the content
	size    int64
	content []byte
	pos     func() diag.Pos // of what asked for it
}

// collector gathers the files of a context. A name that is added again replaces what had it before.
type collector struct {
	tree  Tree
	files map[string]contextFile
	errs  diag.List
}

// context gives the files of a context, sorted by name.
func (im *Images) context(dir string, args *value.Map, argsPos diag.Pos) ([]contextFile, error) {
	df, err := im.dockerfile(dir)
	if err != nil {
		return nil, err
	}
	c := &collector{tree: im.tree, files: map[string]contextFile{}}
	real, _, err := sourcetree.Resolve(im.tree, dir)
	if err == nil {
		err = c.walk(real, "", df.pos)
	}
	if err != nil {
		c.errs.Add(diag.Errorf(diag.BadImage, df.pos(), "%q cannot be listed: %v", dir, reason(err)))
	}
	out, err := df.process(args, argsPos)
	c.errs.Add(err)
	if out != nil {
		if out.runTask {
			for _, f := range im.runTask.files {
				name := "run-task/" + f.Name
				c.files[name] = contextFile{name: name, mode: uint32(f.Mode), content: f.Content, pos: df.pos}
			}
		}
		for _, inc := range out.includes {
			c.include(im, inc)
		}
		c.files["Dockerfile"] = contextFile{name: "Dockerfile", mode: 0o644, content: out.content, pos: df.pos}
	}
	if err := c.errs.Err(nil); err != nil {
		return nil, err
	}
	files := make([]contextFile, 0, len(c.files))
	for _, f := range c.files {
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b contextFile) int { return compareNames(a.name, b.name) })
	return files, nil
}

// include adds what one %include asks for. Names in the archive keep the path as it is written, dots and all.
func (c *collector) include(im *Images, inc include) {
	real, info, err := sourcetree.Resolve(c.tree, inc.path)
	if err != nil {
		c.errs.Add(im.missingInclude(inc, err))
		return
	}
	name := "topsrcdir/" + inc.path
	if !info.IsDir() {
		c.add(name, real, info, inc.pos)
		return
	}
	if !strings.HasSuffix(name, "/") {
		name += "/"
	}
	if err := c.walk(real, name, inc.pos); err != nil {
		c.errs.Add(im.missingInclude(inc, err))
	}
}

// walk adds all files below a directory. Links to directories are left out, and so is what Python compiled.
func (c *collector) walk(dir, prefix string, pos func() diag.Pos) error {
	entries, err := fs.ReadDir(c.tree, dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		real, name := path.Join(dir, e.Name()), prefix+e.Name()
		if isRepository(real) {
			continue
		}
		if e.IsDir() {
			if e.Name() == "__pycache__" {
				continue
			}
			if err := c.walk(real, name+"/", pos); err != nil {
				return err
			}
			continue
		}
		info, err := c.tree.Lstat(real)
		if err == nil && info.Mode()&fs.ModeSymlink != 0 {
			real, info, err = sourcetree.Resolve(c.tree, real)
			if err == nil && info.IsDir() {
				continue
			}
		}
		if err != nil {
			c.errs.Add(unusable(name, err, pos))
			continue
		}
		c.add(name, real, info, pos)
	}
	return nil
}

// isRepository says whether a file or directory is the data of version control, which differs from clone to clone.
func isRepository(name string) bool { return name == ".git" || name == ".hg" }

// add adds a file when it may be in an archive.
func (c *collector) add(name, real string, info fs.FileInfo, pos func() diag.Pos) {
	mode := info.Mode()
	switch {
	case !mode.IsRegular():
		c.errs.Add(unusable(name, errNotRegular, pos))
		return
	case mode&(fs.ModeSetuid|fs.ModeSetgid) != 0:
		// In the archive everything belongs to root.
		c.errs.Add(unusable(name, errors.New("its set-user-ID or set-group-ID bit is set"), pos).
			WithHint("clear it with chmod ug-s, and set it in the Dockerfile where it is needed"))
		return
	}
	bits := uint32(mode.Perm())
	if mode&fs.ModeSticky != 0 {
		bits |= 0o1000
	}
	c.files[name] = contextFile{name: name, mode: bits, path: real, size: info.Size(), pos: pos}
}

// unusable reports a file that cannot be in a context.
func unusable(name string, err error, pos func() diag.Pos) *diag.Diagnostic {
	return diag.Errorf(diag.BadImage, pos(), "cannot add %q to the context of the docker image: %v", name, reason(err))
}

// compareNames orders names as the reference does: by code points, a byte that is not UTF-8 counting as the surrogate
// that stands for it there.
func compareNames(a, b string) int {
	for a != "" && b != "" {
		x, n := codePoint(a)
		y, m := codePoint(b)
		if x != y {
			return int(x) - int(y)
		}
		a, b = a[n:], b[m:]
	}
	return len(a) - len(b)
}

func codePoint(s string) (rune, int) {
	r, n := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && n == 1 {
		return 0xdc00 + rune(s[0]), 1
	}
	return r, n
}

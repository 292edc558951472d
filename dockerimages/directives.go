package dockerimages

import (
	"bytes"
	"cmp"
	"errors"
	"io/fs"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/sourcetree"
	"github.com/taskgraph-go/decision/value"
)

// The special comments. As in the reference what follows the word begins one character after it, whichever that is.
const (
	argDirective     = "# %ARG"
	includeDirective = "# %include"
	includeRunTask   = "# %include-run-task"
)

// installRunTask is what %include-run-task adds to a Dockerfile after its own line. Each line is part of the digest.
const installRunTask = "COPY run-task/run-task /usr/local/bin/run-task\n" +
	"COPY run-task/fetch-content /usr/local/bin/fetch-content\n" +
	"COPY run-task/robustcheckout.py /usr/local/mercurial/robustcheckout.py\n" +
	"COPY run-task/hgrc /etc/mercurial/hgrc.d/mozilla.rc\n"

// include is a path that a Dockerfile asks for, as it is written, which is not empty.
type include struct {
	path string
	pos  func() diag.Pos
}

// processed is a Dockerfile as it stands in its context, and what else the context needs.
type processed struct {
	content  []byte
	includes []include
	runTask  bool
}

// processor works through the lines of one Dockerfile.
type processor struct {
	file    *dockerfile
	args    *value.Map
	argsPos diag.Pos

	subs    []*substitution
	content bytes.Buffer
	out     processed
	errs    diag.List
	full    bool
}

// maxContent is how large a Dockerfile may become. An argument that contains itself, named again and again, doubles a
// line each time.
const maxContent = 16 << 20

// process replaces arguments and collects what is to be included. Mistakes are collected too; without any, the
// includes are syntactically right and stay in the tree as far as can be said without looking at it.
func (f *dockerfile) process(args *value.Map, argsPos diag.Pos) (*processed, error) {
	if err := f.checkUTF8(); err != nil {
		return nil, err
	}
	p := &processor{file: f, args: args, argsPos: argsPos}
	p.content.Grow(len(f.text) + len(installRunTask))
	for _, l := range f.lines() {
		if strings.HasPrefix(l.text, argDirective) {
			p.arg(l)
		} else {
			p.other(l)
		}
	}
	p.out.content = p.content.Bytes()
	return &p.out, p.errs.Err(nil)
}

// operand gives what follows a directive and one more character, and its offset in the line; that of what is missing is
// the end of the directive.
func operand(text, directive string) (string, int) {
	_, n := utf8.DecodeRuneInString(text[len(directive):])
	rest := strings.TrimLeftFunc(text[len(directive)+n:], isSpace)
	if rest == "" {
		return "", len(directive)
	}
	return strings.TrimRightFunc(rest, isSpace), len(text) - len(rest)
}

// arg takes note of an argument. Its line is not part of the result.
func (p *processor) arg(l line) {
	name, at := operand(l.text, argDirective)
	v, ok := p.args.Get(name)
	if name == "" && !ok {
		p.errs.Add(diag.Errorf(diag.BadImage, p.file.at(l.offset+at), "%%ARG names no argument").WithHint("# %%ARG <name>"))
		return
	}
	sub := &substitution{needle: "$" + name, offset: l.offset + at}
	p.subs = append(p.subs, sub)
	text, isString := v.AsString()
	switch {
	case !ok:
		sub.missing = true
		d := diag.Errorf(diag.BadImage, p.file.at(sub.offset), "missing argument %q: the docker image is given no such args", name).
			WithHint("%s", cmp.Or(diag.DidYouMean(name, p.args.Keys()), "give it under args, where the image is defined"))
		if p.argsPos != 0 {
			d.WithRelated(p.argsPos, "the arguments are given here")
		}
		p.errs.Add(d)
	case !isString:
		sub.missing = true
		p.errs.Add(diag.Errorf(diag.BadImage, v.Pos(), "want a string for argument %q, got %s", name, v.Describe()))
	default:
		sub.pos = v.Pos()
		sub.text, sub.err = expand(text, sub.needle)
	}
}

// other handles a line that is not an %ARG.
func (p *processor) other(l line) {
	if p.full {
		return
	}
	text, known := l.text, true
	for _, sub := range p.subs {
		if sub.err != nil {
			d := diag.Errorf(diag.BadImage, p.file.at(sub.offset), "argument %q cannot be put in: %v", sub.needle[1:], sub.err).
				WithHint(`a backslash begins an escape here, such as \n; write \\ for a backslash`)
			if sub.pos != 0 {
				d.WithRelated(sub.pos, "the argument is given here")
			}
			p.errs.Add(d)
			sub.err, sub.missing = nil, true
		}
		if p.full = p.content.Len()+sub.grown(text) > maxContent; p.full {
			p.errs.Add(diag.Errorf(diag.BadImage, p.file.at(sub.offset), "argument %q makes the Dockerfile larger than %d MiB", sub.needle[1:], maxContent>>20))
			return
		}
		var used bool
		text, used = sub.apply(text)
		known = known && !(used && sub.missing)
	}
	p.content.WriteString(text)
	switch {
	case !strings.HasPrefix(text, includeDirective):
	case strings.TrimFunc(text, isSpace) == includeRunTask:
		p.out.runTask = true
		p.content.WriteString(installRunTask)
	case known: // otherwise the path is not what it would be
		p.include(l, text)
	}
}

// include takes note of a path to include; text is the line with arguments put in.
func (p *processor) include(l line, text string) {
	name, _ := operand(text, includeDirective)
	pos := func() diag.Pos {
		if !strings.HasPrefix(l.text, includeDirective) {
			return p.file.at(l.offset)
		}
		_, at := operand(l.text, includeDirective)
		return p.file.at(l.offset + at)
	}
	fail := func(format string, args ...any) *diag.Diagnostic {
		d := diag.Errorf(diag.BadImage, pos(), format, args...)
		p.errs.Add(d)
		return d
	}
	clean := path.Clean(name)
	switch {
	case name == "":
		fail("%%include names no path").WithHint("# %%include <path>, relative to the root of the repository")
	case path.IsAbs(name):
		fail("extra include path cannot be absolute: %q", name).WithHint("paths are relative to the root of the repository")
	case clean == ".." || strings.HasPrefix(clean, "../"):
		fail("extra include path leads out of the repository: %q", name).
			WithHint("paths are relative to the root of the repository, not to the Dockerfile")
	default:
		p.out.includes = append(p.out.includes, include{name, pos})
	}
}

// missingInclude reports an include that is not there or cannot be read.
func (im *Images) missingInclude(inc include, err error) *diag.Diagnostic {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d := diag.Errorf(diag.BadImage, inc.pos(), "extra include path does not exist: %q", inc.path)
		dir := path.Dir(path.Clean(inc.path))
		entries, err := fs.ReadDir(im.tree, dir)
		if err != nil {
			return d.WithHint("there is no directory %q; paths are relative to the root of the repository", dir)
		}
		names := make([]string, len(entries))
		for i, e := range entries {
			names[i] = path.Join(dir, e.Name())
		}
		if near := diag.Nearest(path.Clean(inc.path), names); near != "" {
			return d.WithHint("did you mean %q?", near)
		}
		return d.WithHint("paths are relative to the root of the repository")
	case errors.Is(err, sourcetree.ErrOutside):
		return diag.Errorf(diag.BadImage, inc.pos(), "extra include path %q leads out of the repository through a symbolic link", inc.path)
	}
	return diag.Errorf(diag.BadImage, inc.pos(), "extra include path %q cannot be read: %v", inc.path, reason(err))
}

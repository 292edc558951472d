package python

import (
	"errors"
	"path/filepath"
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// exception is a Python exception.
type exception struct {
	class, message  string
	file            string
	line            int
	step            string // what was running
	labelKey, label string // the task, by label or name; may be empty
	traceback, root string
}

func readException(l *value.List) *exception {
	x := &exception{}
	if l.Len() != 7 {
		x.message = errBadMessage.Error()
		return x
	}
	x.class, x.message, x.step, x.traceback, x.root = l.At(0).Str(), l.At(1).Str(), l.At(3).Str(), l.At(5).Str(), l.At(6).Str()
	if spot := l.At(2).List(); spot.Len() == 3 {
		n, _ := spot.At(1).AsInt()
		x.file, x.line = spot.At(0).Str(), int(n)
	}
	if label := l.At(4).List(); label.Len() == 2 {
		x.labelKey, x.label = label.At(0).Str(), label.At(1).Str()
	}
	return x
}

// maxMessage is how much of an exception's message is reported.
const maxMessage = 4000

func (x *exception) Error() string {
	class := x.class[strings.LastIndexByte(x.class, '.')+1:]
	var lines []string
	for line := range strings.Lines(x.message) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	message := strings.Join(lines, " ")
	if len(message) > maxMessage {
		message = message[:maxMessage] + "..."
	}
	if message == "" {
		return class
	}
	return class + ": " + message
}

// diagnostic gives the exception as a diagnostic, at the place in the tree's Python where it happened, if it is in there.
func (x *exception) diagnostic(p *taskgraph.Project) *diag.Diagnostic {
	d := diag.Errorf(diag.PythonError, 0, "%s", x.Error())
	d.Stage, d.Err = x.step, errors.New(strings.TrimSpace(x.traceback))
	if file, err := filepath.Rel(x.root, x.file); err == nil && x.file != "" && filepath.IsLocal(file) {
		d.Where = diag.Position{File: filepath.ToSlash(file), Line: x.line}
	} else if x.file != "" {
		d.Related = append(d.Related, diag.Related{Where: diag.Position{File: x.file, Line: x.line}, Message: "raised here"})
	}
	return d
}

// inKind gives an error of a session as a diagnostic about a kind. stub is the one that was worked on, if it is known.
func (b *bridge) inKind(err error, cfg *taskgraph.Config, stub *value.Map) error {
	x, ok := errors.AsType[*exception](err)
	if !ok {
		return err
	}
	d := x.diagnostic(b.project)
	d.Kind = cfg.Kind
	switch x.labelKey {
	case "label":
		d.Label = x.label
	case "name":
		d.Label = cfg.Kind + "-" + x.label
	}
	pos := firstPos(stub)
	switch {
	case pos == 0:
	case d.Where.File == "":
		d.Pos = pos
	default:
		d.WithRelated(pos, "the task is defined here")
	}
	if d.Where.File == "" && d.Pos == 0 {
		d.Where.File = cfg.Path + "/kind.yml"
	}
	return d
}

// firstPos gives a position for a stub as a whole.
func firstPos(stub *value.Map) diag.Pos {
	for _, key := range []string{"name", "label"} {
		if pos := stub.KeyPos(key); pos != 0 {
			return pos
		}
	}
	for e := range stub.Entries() {
		if pos := e.Key.Pos(); pos != 0 {
			return pos
		}
	}
	return 0
}

// after gives an error of a session for the phases after the kinds.
func (b *bridge) after(err error) error {
	if x, ok := errors.AsType[*exception](err); ok {
		return x.diagnostic(b.project)
	}
	return err
}

// stopped says that Python does not go on, and why.
func (b *bridge) stopped(err error, op string) error {
	if b.ctx.Err() != nil {
		return b.ctx.Err()
	}
	if errors.Is(err, errTimeout) {
		timeout, _ := b.timeout()
		return diag.Errorf(diag.PythonStopped, 0, "the tree's Python gave nothing back for %s and was ended", timeout).
			WithHint("set %s to more seconds if it needs them", timeoutVariable)
	}
	return diag.Errorf(diag.PythonStopped, 0, "%w", err).WithHint("-v shows what it printed")
}

package star

import (
	"context"
	"errors"
	"fmt"
	goruntime "runtime"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
)

// seen is what a call is about, for the built-in functions that it may use.
type seen struct {
	cfg       *taskgraph.Config
	selection *taskgraph.Selection
	filter    func(*taskgraph.Task) (bool, error)
	chain     []string        // the files that are being loaded, while one is
	loads     context.Context // for those
	print     func(message string)
}

// output writes to the log, or to whoever wants to know.
func (t *task) output(message string) {
	if t.print != nil {
		t.print(message)
		return
	}
	log := t.rt.project.Log
	if t.cfg != nil && t.cfg.Log != nil {
		log = t.cfg.Log
	}
	where := ""
	for i := range t.thread.CallStackDepth() {
		if pos := t.thread.CallFrame(i).Pos; t.rt.source(pos.Filename()) != nil {
			where = fmt.Sprintf("%s:%d", pos.Filename(), pos.Line)
			break
		}
	}
	log.Info(message, "star", where)
}

// source gives the text of a file of the tree that was loaded, nil for any other.
func (rt *runtime) source(file string) *diag.Source {
	if strings.HasPrefix(file, libraryPrefix) {
		return nil
	}
	rt.mu.Lock()
	defer rt.mu.Unlock()
	return rt.sources[file]
}

// traceback is the error behind a diagnostic: what Starlark code was doing.
type traceback struct {
	text string
	err  error
}

func (e *traceback) Error() string { return e.text }
func (e *traceback) Unwrap() error { return e.err }

// crash is a panic of the interpreter, or of a built-in function.
type crash struct{ why any }

func (e *crash) Error() string { return fmt.Sprintf("this operation is not possible: %v", e.why) }

// protect runs f. What panics there is the fault of the interpreter, which must not be the end of the program.
func (t *task) protect(f func() error) (err error) {
	defer func() {
		if x := recover(); x != nil {
			if _, bug := x.(goruntime.Error); !bug {
				panic(x)
			}
			err = &crash{x}
		}
	}()
	return f()
}

// wrong makes diagnostics of the error of a call. What a built-in function found in a document keeps its place there; all else
// is at the line of the tree's code that was running.
func (t *task) wrong(err error) error {
	t.mu.Lock()
	timedOut, ctx := t.timedOut, t.ctx
	t.mu.Unlock()
	if ctx != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	eval, ok := errors.AsType[*starlark.EvalError](err)
	if !ok {
		if failed, ok := err.(*failure); ok {
			return failed.found
		}
		return diag.Errorf(diag.StarFailed, 0, "%w", err)
	}
	pos := diag.Pos(0)
	var callers []diag.Related
	for i := len(eval.CallStack) - 1; i >= 0; i-- {
		frame := eval.CallStack[i]
		source := t.rt.source(frame.Pos.Filename())
		if source == nil {
			continue
		}
		at := source.At(int(frame.Pos.Line), int(frame.Pos.Col))
		if pos == 0 {
			pos = at
		} else if len(callers) < 5 {
			callers = append(callers, diag.Related{Pos: at, Message: "called by " + callerName(frame.Name)})
		}
	}
	trace := &traceback{text: backtrace(eval), err: err}
	finish := func(d *diag.Diagnostic) *diag.Diagnostic {
		d.Err = trace
		d.Related = append(slices.Clip(d.Related), callers...) // others may have the same diagnostic
		return d
	}
	switch {
	case t.over != nil:
		d := diag.Errorf(diag.StarLimit, pos, "the call takes %s", t.over.what)
		return finish(d.WithHint("taskgraph.extensions.limits of config.yml raises the limit"))
	case timedOut:
		return finish(diag.Errorf(diag.StarLimit, pos, "the call takes more than %s", t.limits.Time))
	}
	if failed, ok := errors.AsType[*failure](err); ok {
		d := *failed.found
		if d.Pos == 0 {
			d.Pos = pos
		} else if pos != 0 {
			d.Related = append([]diag.Related{{Pos: pos, Message: "found here"}}, d.Related...)
		}
		return finish(&d)
	}
	if found := placed(err); found != nil {
		var out diag.List
		for _, f := range found {
			d := *f
			if d.Pos == 0 && d.Where.Line == 0 {
				if d.Where.File != "" {
					d.Message, d.Where = d.Where.File+": "+d.Message, diag.Position{}
				}
				d.Pos = pos
			} else if pos != 0 {
				d.Related = append(append([]diag.Related{}, d.Related...), diag.Related{Pos: pos, Message: "found here"})
			}
			out.Add(finish(&d))
		}
		return out.Err(nil)
	}
	message := eval.Msg
	if why, ok := errors.AsType[*crash](err); ok {
		message = why.Error()
	}
	if rest, ok := strings.CutPrefix(message, "unknown binary op: "); ok {
		message = "cannot compute " + rest
	}
	code := diag.StarFailed
	if strings.HasPrefix(message, "load: name ") {
		code = diag.BadStar
	}
	return finish(diag.Errorf(code, pos, "%s", oneLine(message)))
}

// placed gives the diagnostics that an error is made of, nil where it is something else.
func placed(err error) []*diag.Diagnostic {
	if all, ok := errors.AsType[*diag.Errors](err); ok {
		return all.All
	}
	if d, ok := errors.AsType[*diag.Diagnostic](err); ok {
		return []*diag.Diagnostic{d}
	}
	return nil
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// callerName is what a frame is called in messages.
func callerName(name string) string {
	if name == "<toplevel>" {
		return "the top level"
	}
	return name
}

// backtrace shows the calls that led to an error, without the frames of guards.
func backtrace(e *starlark.EvalError) string {
	var b strings.Builder
	b.WriteString("Traceback of Starlark, the last call at the end:")
	for _, frame := range e.CallStack {
		if frame.Pos.Filename() == "<builtin>" {
			continue
		}
		fmt.Fprintf(&b, "\n    %s: %s", frame.Pos, callerName(frame.Name))
	}
	return b.String()
}

package diag

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Code is the stable name of a mistake. Its text never changes meaning; docs/reference/errors.md lists them all.
type Code string

// Severity says whether a diagnostic stops the run.
type Severity int

const (
	Error   Severity = iota // the run fails
	Warning                 // printed, the run goes on
)

// Related is another place that has to do with a diagnostic: what set the value, what it conflicts with.
type Related struct {
	Pos     Pos
	Where   Position
	Message string
}

// Diagnostic is one mistake in what a user wrote, as data. It is an error.
type Diagnostic struct {
	Severity Severity
	Code     Code
	Message  string // lower case, no full stop
	Pos      Pos
	Where    Position  // Pos resolved; filled in by List.Resolve, or set by whoever knows no Pos
	Path     string    // place in the data, such as worker.max-run-time
	Kind     string    // the kind that was loaded, if any
	Label    string    // the task, by label or name, if any
	Also     []string  // other tasks that meet the same mistake, such as one in their kind's defaults
	Stage    string    // what found it, such as a transform's name
	Related  []Related // contributing places, in the order to show them
	Hint     string
	Err      error // the underlying error, if any
}

// Errorf makes an error diagnostic. As in fmt.Errorf the verb %w is understood; an error among the arguments
// becomes the underlying one with any verb.
func Errorf(code Code, pos Pos, format string, args ...any) *Diagnostic {
	d := &Diagnostic{Code: code, Pos: pos, Message: fmt.Errorf(format, args...).Error()}
	for _, a := range args {
		if err, ok := a.(error); ok {
			d.Err = err
		}
	}
	return d
}

// Warnf makes a warning.
func Warnf(code Code, pos Pos, format string, args ...any) *Diagnostic {
	d := Errorf(code, pos, format, args...)
	d.Severity = Warning
	return d
}

// WithHint sets the hint and gives d back.
func (d *Diagnostic) WithHint(format string, args ...any) *Diagnostic {
	d.Hint = fmt.Sprintf(format, args...)
	return d
}

// WithPath sets the place in the data and gives d back.
func (d *Diagnostic) WithPath(path string) *Diagnostic {
	d.Path = path
	return d
}

// WithRelated adds a contributing place and gives d back.
func (d *Diagnostic) WithRelated(pos Pos, format string, args ...any) *Diagnostic {
	d.Related = append(d.Related, Related{Pos: pos, Message: fmt.Errorf(format, args...).Error()})
	return d
}

// InFile sets the file for a diagnostic whose line is not known and gives d back.
func (d *Diagnostic) InFile(name string) *Diagnostic {
	if d.Pos == 0 && d.Where.File == "" {
		d.Where.File = name
	}
	return d
}

// Error gives the first line of what [Printer] prints.
func (d *Diagnostic) Error() string {
	var b strings.Builder
	if d.Where.File != "" {
		b.WriteString(d.Where.String())
		b.WriteString(": ")
	}
	b.WriteString(d.subject())
	b.WriteString(d.Message)
	if d.Code != "" {
		fmt.Fprintf(&b, " (%s)", d.Code)
	}
	return b.String()
}

func (d *Diagnostic) subject() string {
	var b strings.Builder
	if d.Severity == Warning {
		b.WriteString("warning: ")
	}
	if d.Label != "" {
		b.WriteString(d.Label + ": ")
	} else if d.Kind != "" {
		b.WriteString("kind " + d.Kind + ": ")
	}
	if d.Path != "" {
		b.WriteString(d.Path + ": ")
	}
	return b.String()
}

// Unwrap gives the underlying error.
func (d *Diagnostic) Unwrap() error { return d.Err }

// List collects the diagnostics of a phase. It is safe for concurrent use; the zero value is ready.
type List struct {
	mu  sync.Mutex
	all []*Diagnostic
}

// Add appends an error: a [Diagnostic], an [Errors] (each of its diagnostics), a joined error (each of its
// parts), or any other error, which becomes a diagnostic without position. A nil error adds nothing.
func (l *List) Add(err error) {
	for _, d := range Flatten(err) {
		l.mu.Lock()
		l.all = append(l.all, d)
		l.mu.Unlock()
	}
}

// Flatten gives the diagnostics that an error is made of.
func Flatten(err error) []*Diagnostic {
	switch e := err.(type) {
	case nil:
		return nil
	case *Diagnostic:
		return []*Diagnostic{e}
	case *Errors:
		return e.All
	case interface{ Unwrap() []error }:
		var out []*Diagnostic
		for _, x := range e.Unwrap() {
			out = append(out, Flatten(x)...)
		}
		return out
	}
	if e, ok := errors.AsType[*Errors](err); ok {
		return e.All
	}
	if d, ok := errors.AsType[*Diagnostic](err); ok {
		c := *d
		c.Message, c.Err = strings.TrimSuffix(err.Error(), d.Error())+d.Message, err
		return []*Diagnostic{&c}
	}
	return []*Diagnostic{{Code: Unclassified, Message: err.Error(), Err: err}}
}

// Failed says whether an error, rather than only warnings, was added.
func (l *List) Failed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.all, func(d *Diagnostic) bool { return d.Severity == Error })
}

// Warnings takes the warnings out of the list and gives them, sorted.
func (l *List) Warnings(s *Sources) []*Diagnostic {
	l.mu.Lock()
	defer l.mu.Unlock()
	var w, rest []*Diagnostic
	for _, d := range l.all {
		if d.Severity == Warning {
			w = append(w, d)
		} else {
			rest = append(rest, d)
		}
	}
	l.all = rest
	return Sorted(w, s)
}

// Err gives all errors as one *[Errors], resolved, sorted by place and without duplicates, or nil when only
// warnings or nothing was added.
func (l *List) Err(s *Sources) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []*Diagnostic
	for _, d := range l.all {
		if d.Severity == Error {
			errs = append(errs, d)
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return &Errors{All: Sorted(errs, s)}
}

// Sorted resolves, sorts by file, line, column and text, and removes duplicates. A mistake that several tasks meet at
// one place is one diagnostic: that of the first of them, which names the others.
func Sorted(all []*Diagnostic, s *Sources) []*Diagnostic {
	for _, d := range all {
		if d.Pos != 0 && d.Where.Line == 0 {
			if w := s.Position(d.Pos); w.File != "" {
				d.Where = w
			}
		}
		for i := range d.Related {
			if r := &d.Related[i]; r.Where.File == "" {
				r.Where = s.Position(r.Pos)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b *Diagnostic) int {
		if c := cmp.Or(cmp.Compare(a.Where.File, b.Where.File), cmp.Compare(a.Where.Line, b.Where.Line), cmp.Compare(a.Where.Column, b.Where.Column)); c != 0 {
			return c
		}
		if a.Where.Line == 0 {
			return cmp.Or(cmp.Compare(a.Label, b.Label), cmp.Compare(a.mistake(), b.mistake()), cmp.Compare(a.Kind, b.Kind))
		}
		return cmp.Or(cmp.Compare(a.mistake(), b.mistake()), cmp.Compare(a.Label, b.Label))
	})
	out := all[:0]
	for _, d := range all {
		if len(out) > 0 {
			if merged, ok := out[len(out)-1].merge(d); ok {
				out[len(out)-1] = merged
				continue
			}
		}
		out = append(out, d)
	}
	clear(all[len(out):])
	return out
}

// mistake is what a diagnostic says, whichever task it is about.
func (d *Diagnostic) mistake() string {
	about := *d
	about.Where, about.Label, about.Kind = Position{}, "", ""
	return about.Error()
}

// merge gives one diagnostic for two that follow each other, where they are about one mistake.
func (d *Diagnostic) merge(next *Diagnostic) (*Diagnostic, bool) {
	if d.Where != next.Where || d.mistake() != next.mistake() {
		return nil, false
	}
	if d.Label == next.Label && len(d.Also)+len(next.Also) == 0 {
		if d.Where.Line == 0 && d.Pos != next.Pos { // what has no resolved place yet differs by its position alone
			return nil, false
		}
		if d.Kind == next.Kind {
			return d, true
		}
		if d.Where.File == "" {
			return nil, false
		}
		merged := *d
		merged.Kind = ""
		return &merged, true
	}
	if d.Where.Line == 0 || d.Label == "" || next.Label == "" {
		return nil, false
	}
	merged := *d
	merged.Also = append(append(slices.Clone(d.Also), next.Label), next.Also...)
	slices.Sort(merged.Also)
	merged.Also = slices.DeleteFunc(slices.Compact(merged.Also), func(label string) bool { return label == d.Label })
	return &merged, true
}

// Errors is all that one phase found wrong: never empty, sorted, without duplicates.
type Errors struct{ All []*Diagnostic }

// Error gives the first lines of all diagnostics, one a line.
func (e *Errors) Error() string {
	lines := make([]string, len(e.All))
	for i, d := range e.All {
		lines[i] = d.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives the diagnostics as errors.
func (e *Errors) Unwrap() []error {
	out := make([]error, len(e.All))
	for i, d := range e.All {
		out[i] = d
	}
	return out
}

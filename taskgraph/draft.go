package taskgraph

import (
	"sync/atomic"

	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/value"
)

// draft is what a kind makes of parameters, with blanks.
type draft struct {
	reading *parameters.Reading
	deps    []*face // of the kinds that this one depends on, in the order of the kind graph
	face    *face
	tasks   []*Task
	blanks  []blanks // of each task
	texts   []text   // of each task
	passes  bool     // the full task graph is the same for all that it looks at in the definitions, but routes
}

// blanks say where a task has some.
type blanks struct{ task, optimization *value.Outline }

// face is what other kinds see of the tasks of a kind: all but their definitions and optimizations.
type face struct{ tasks []*Task }

// text is what is written of a task of a draft, blanks included, when that is known.
type text struct{ json atomic.Pointer[[]byte] }

// outline finds the blanks of the tasks. It says whether none is in what others see of them.
func (d *draft) outline() bool {
	d.blanks, d.texts = make([]blanks, len(d.tasks)), make([]text, len(d.tasks))
	var misplaced, seen atomic.Bool
	inRanges(len(d.tasks), func(from, to int) {
		o := value.NewOutliner()
		for i, t := range d.tasks[from:to] {
			b := blanks{o.Of(t.Task.Value()), o.Of(t.Optimization)}
			if !b.pass(t.Task) {
				seen.Store(true)
			}
			shown := value.HasPlainBlank(t.Label) || value.HasPlainBlank(t.Description)
			for _, v := range [...]value.Value{t.Attributes.Value(), t.Dependencies.Value(), t.SoftDependencies.Value(), t.IfDependencies.Value()} {
				shown = shown || o.Of(v) != nil
			}
			if shown || o.InKeys {
				misplaced.Store(true)
			}
			d.blanks[from+i] = b
		}
	})
	d.passes = !seen.Load()
	return !misplaced.Load()
}

// pass says whether the blanks of a definition are where no verification of the full task graph looks, but in routes.
func (b blanks) pass(def *value.Map) bool {
	for i, part := range b.task.Parts() {
		switch inner := def.ValueAt(i).Map(); def.Entry(i).Key.Str() {
		case "metadata", "tags", "routes", "scopes", "deadline", "expires", "priority":
		case "extra":
			for i := range part.Parts() {
				if inner == nil || inner.Entry(i).Key.Str() != "index" {
					return false
				}
			}
		case "payload":
			for i, part := range part.Parts() {
				if inner == nil || inner.Entry(i).Key.Str() != "env" && !isArgument(inner.Entry(i), part) {
					return false
				}
			}
		default:
			return false
		}
	}
	return true
}

// isArgument says whether the blanks of a field are in the arguments of a command, and not in the program.
func isArgument(field value.Entry, blanks *value.Outline) bool {
	if field.Key.Str() != "command" || field.Value.List() == nil {
		return false
	}
	for i := range blanks.Parts() {
		if i == 0 {
			return false
		}
	}
	return true
}

// filled gives the tasks with what is to be filled in. Those of patterns stay that if patterns says so.
func (d *draft) filled(filling map[int]value.Value, patterns bool) []*Task {
	out := make([]*Task, len(d.tasks))
	inRanges(len(out), func(from, to int) {
		f := value.NewFiller(func(n int) value.Value { return filling[n] })
		var numbering *value.Numbering
		fill := func(t *Task, b blanks) Task {
			own := *t
			own.Task, own.Optimization = f.Fill(t.Task.Value(), b.task).Map(), f.Fill(t.Optimization, b.optimization)
			own.Task.Freeze()
			return own
		}
		var of, made *pattern
		for i, t := range d.tasks[from:to] {
			b := d.blanks[from+i]
			switch {
			case t.pattern != nil && patterns:
				if of != t.pattern {
					task := fill(t.pattern.task, b)
					of, made = t.pattern, &pattern{task: &task, def: t.pattern.def}
				}
				own := *t
				own.Task, own.Optimization, own.pattern = made.task.Task, made.task.Optimization, made
				t = &own
			case t.pattern != nil:
				if numbering == nil {
					numbering = newNumbering()
				}
				own := *t
				own.complement(numbering)
				own = fill(&own, b)
				t = &own
			case b != (blanks{}):
				own := fill(t, b)
				t = &own
			}
			out[from+i] = t
		}
	})
	return out
}

// face gives what others see of tasks, the same each time. The caller holds the lock.
func (k *draftedKind) face(tasks []*Task) *face {
	if f := k.faces.find(func(f *face) bool { return f.of(tasks) }); f != nil {
		return f
	}
	f := &face{make([]*Task, len(tasks))}
	inRanges(len(tasks), func(from, to int) {
		for i, t := range tasks[from:to] {
			seen := *t
			seen.Task, seen.Optimization, seen.pattern = emptyMap, value.Value{}, nil
			f.tasks[from+i] = &seen
		}
	})
	k.faces.add(f)
	return f
}

// of says whether it is what others see of tasks.
func (f *face) of(tasks []*Task) bool {
	if len(f.tasks) != len(tasks) {
		return false
	}
	var other atomic.Bool
	inRanges(len(tasks), func(from, to int) {
		for i := from; i < to && !other.Load(); i++ {
			if !looksLike(tasks[i], f.tasks[i]) {
				other.Store(true)
			}
		}
	})
	return !other.Load()
}

// looksLike says whether other kinds see the same of two tasks.
func looksLike(a, b *Task) bool {
	return a.Label == b.Label && a.number == b.number && a.Kind == b.Kind && a.Description == b.Description && a.Pos == b.Pos &&
		value.Identical(a.Attributes.Value(), b.Attributes.Value()) && value.Identical(a.Dependencies.Value(), b.Dependencies.Value()) &&
		value.Identical(a.SoftDependencies.Value(), b.SoftDependencies.Value()) && value.Identical(a.IfDependencies.Value(), b.IfDependencies.Value())
}

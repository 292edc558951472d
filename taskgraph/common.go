package taskgraph

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/value"
)

// Common is what generations from one project for different parameters have in common: the tasks of its kinds, as drafts. What the
// parameters say of a revision or an owner is filled in for each; a kind is only made anew where it reads something else of them, or
// gets other tasks to depend on.
//
// Code of the tree sees no drafts: kinds that use some are made for each generation, and all are where it takes the place of what comes with the
// program.
type Common struct {
	form parameters.Form
	made func(tasks int)

	mu     sync.Mutex
	kinds  map[string]*commonKind
	shapes []*shape
}

// NewCommon gives what generations are to have in common. made is told of tasks that stay as long as it does, by several goroutines,
// and must not wait for a generation; nil is nobody.
func NewCommon(made func(tasks int)) *Common {
	if made == nil {
		made = func(int) {}
	}
	return &Common{made: made, kinds: map[string]*commonKind{}}
}

// commonKind has the drafts of a kind, and what other kinds see of its tasks. Of each the one that was of use last is the last.
type commonKind struct {
	mu     sync.Mutex // held while a draft is made
	drafts []*draft
	faces  []*face
	vain   int // drafts that were made since one served again
}

const (
	// maxDrafts is how many drafts of a kind are kept: those that served last.
	maxDrafts = 4
	// maxVain is how many drafts of a kind are made without one that serves again, until no more are.
	maxVain = 6
)

// draft is what a kind makes of parameters, with blanks.
type draft struct {
	reading *parameters.Reading
	deps    []*face // of the kinds that this one depends on, in the order of the kind graph
	face    *face
	tasks   []*Task
	blanks  []blanks // of each task
}

// blanks say where a task has some.
type blanks struct{ task, optimization *value.Outline }

// face is what other kinds see of the tasks of a kind: all but their definitions and optimizations.
type face struct{ tasks []*Task }

func (c *Common) kind(name string) *commonKind {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.kinds[name]
	if k == nil {
		k = &commonKind{}
		c.kinds[name] = k
	}
	return k
}

// load gives the tasks of a kind, made of a draft, and what other kinds see of them. ok is false where there can be no draft; whoever then
// makes the tasks without finds out what is wrong, if something is.
func (c *Common) load(ctx context.Context, g *Generator, kind *Kind, deps []*face) (tasks []*Task, seen *face, ok bool) {
	d, filling := c.draft(ctx, g, kind, deps)
	if d == nil {
		return nil, nil, false
	}
	tasks = d.filled(filling)
	if g.opts.Made != nil {
		g.opts.Made(len(tasks))
	}
	return tasks, d.face, true
}

// draft gives the draft of a kind that serves a generation, and what to fill in for that. It makes one if there is none yet. The result is nil
// where none can be made.
func (c *Common) draft(ctx context.Context, g *Generator, kind *Kind, deps []*face) (*draft, map[int]value.Value) {
	k := c.kind(kind.Name)
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, d := range k.drafts {
		if !slices.Equal(d.deps, deps) {
			continue
		}
		if filling, ok := d.reading.Fill(g.params); ok {
			k.drafts = append(slices.Delete(k.drafts, i, i+1), d)
			k.vain = 0
			return d, filling
		}
	}
	if k.vain >= maxVain {
		return nil, nil
	}
	k.vain++
	d := c.newDraft(ctx, g, kind, deps)
	if d == nil {
		k.vain += maxVain / 2
		return nil, nil
	}
	filling, ok := d.reading.Fill(g.params)
	if !ok {
		return nil, nil
	}
	d.face = k.face(d.tasks)
	if len(k.drafts) == maxDrafts {
		c.made(-len(k.drafts[0].tasks))
		k.drafts = slices.Delete(k.drafts, 0, 1)
	}
	k.drafts = append(k.drafts, d)
	return d, filling
}

func (c *Common) newDraft(ctx context.Context, g *Generator, kind *Kind, deps []*face) *draft {
	var before []*Task
	for _, dep := range deps {
		before = append(before, dep.tasks...)
	}
	d := &draft{deps: deps}
	var params *parameters.Params
	params, d.reading = g.params.Draft(&c.form)
	load := g.newKindLoad(ctx, kind, sync.OnceValues(func() ([]Repository, error) { return repositories(g.project.Config, params) }), nil)
	defer load.cancel()
	warnings := &diag.List{}
	var made atomic.Int64
	load.cfg.Params, load.cfg.Registry, load.cfg.held = params, g.project.Registry.alone(), warnings
	load.pipe.made = func(tasks int) {
		made.Add(int64(tasks))
		c.made(tasks)
	}
	var err error
	if d.tasks, err = load.tasks(NewDependencies(before)); err != nil || ctx.Err() != nil || !d.outline() {
		c.made(-int(made.Load()))
		return nil
	}
	load.cfg.held = nil
	for _, w := range warnings.Warnings(nil) {
		load.cfg.Warn(w)
	}
	return d
}

// outline finds the blanks of the tasks. It says whether none is in what others see of them.
func (d *draft) outline() bool {
	d.blanks = make([]blanks, len(d.tasks))
	misplaced := tasksWhere(d.tasks, func(from int) func(*Task) bool {
		o := value.NewOutliner()
		return func(t *Task) bool {
			d.blanks[from] = blanks{o.Of(t.Task.Value()), o.Of(t.Optimization)}
			from++
			open := o.InKeys || value.HasBlank(t.Label) || value.HasBlank(t.Description)
			for _, v := range [...]value.Value{t.Attributes.Value(), t.Dependencies.Value(), t.SoftDependencies.Value(), t.IfDependencies.Value()} {
				open = open || o.Of(v) != nil
			}
			return open || o.InKeys
		}
	})
	return len(misplaced) == 0
}

// filled gives the tasks with what is to be filled in.
func (d *draft) filled(filling map[int]value.Value) []*Task {
	out := make([]*Task, len(d.tasks))
	inRanges(len(out), func(from, to int) {
		f := value.NewFiller(func(n int) value.Value { return filling[n] })
		for i, t := range d.tasks[from:to] {
			if b := d.blanks[from+i]; b != (blanks{}) {
				own := *t
				own.Task, own.Optimization = f.Fill(t.Task.Value(), b.task).Map(), f.Fill(t.Optimization, b.optimization)
				own.Task.Freeze()
				t = &own
			}
			out[from+i] = t
		}
	})
	return out
}

// faceOf gives what other kinds see of the tasks of a kind.
func (c *Common) faceOf(kind *Kind, tasks []*Task) *face {
	k := c.kind(kind.Name)
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.face(tasks)
}

// face gives what others see of tasks, the same each time. The caller holds the lock.
func (k *commonKind) face(tasks []*Task) *face {
	for i, f := range k.faces {
		if f.of(tasks) {
			k.faces = append(slices.Delete(k.faces, i, i+1), f)
			return f
		}
	}
	f := &face{make([]*Task, len(tasks))}
	inRanges(len(tasks), func(from, to int) {
		for i, t := range tasks[from:to] {
			seen := *t
			seen.Task, seen.Optimization = emptyMap, value.Value{}
			f.tasks[from+i] = &seen
		}
	})
	if len(k.faces) == maxDrafts {
		k.faces = slices.Delete(k.faces, 0, 1)
	}
	k.faces = append(k.faces, f)
	return f
}

// of says whether it is what others see of tasks.
func (f *face) of(tasks []*Task) bool {
	if len(f.tasks) != len(tasks) {
		return false
	}
	other := tasksWhere(tasks, func(from int) func(*Task) bool {
		return func(t *Task) bool {
			seen := f.tasks[from]
			from++
			return t.Label != seen.Label || t.Kind != seen.Kind || t.Description != seen.Description || t.Pos != seen.Pos ||
				!value.Identical(t.Attributes.Value(), seen.Attributes.Value()) || !value.Identical(t.Dependencies.Value(), seen.Dependencies.Value()) ||
				!value.Identical(t.SoftDependencies.Value(), seen.SoftDependencies.Value()) || !value.Identical(t.IfDependencies.Value(), seen.IfDependencies.Value())
		}
	})
	return len(other) == 0
}

// shape is what the full task graphs of kinds with the same faces have in common: all but the definitions of the tasks.
type shape struct {
	of     []*face
	nodes  *Graph
	linked func() *Graph
}

// shape gives that of faces. tasks are those of one of their graphs.
func (c *Common) shape(of []*face, tasks []*Task) *shape {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.shapes {
		if slices.Equal(s.of, of) {
			return s
		}
	}
	set := NewTaskGraph(tasks, false)
	s := &shape{of: of, nodes: set.graph, linked: sync.OnceValue(func() *Graph { return set.linked().graph })}
	if len(c.shapes) == maxDrafts {
		c.shapes = slices.Delete(c.shapes, 0, 1)
	}
	c.shapes = append(c.shapes, s)
	return s
}

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

// Drafts are the tasks of kinds that generations from one project for different parameters have in common. What the parameters say
// of a revision or an owner is filled in for each; a kind is only made anew where it reads something else of them, or gets other tasks
// to depend on.
//
// Code of the tree sees no drafts: kinds that use some are made for each generation, and all are where it takes the place of what comes with the
// program.
type Drafts struct {
	form parameters.Form
	made func(tasks int)
	kept func(bytes int)
	room atomic.Int64 // for texts that are kept, in bytes

	mu     sync.Mutex
	kinds  map[string]*draftedKind
	shapes latest[*shape]
	good   latest[*good]
}

// NewDrafts gives what generations are to have in common. made is told of tasks that stay, or do no longer, kept of what is kept of what was
// written of them, by several goroutines. They must not wait for a generation; nil is nobody.
func NewDrafts(made, kept func(n int)) *Drafts {
	nobody := func(int) {}
	if made == nil {
		made = nobody
	}
	if kept == nil {
		kept = nobody
	}
	ds := &Drafts{made: made, kept: kept, kinds: map[string]*draftedKind{}}
	ds.room.Store(maxTexts)
	return ds
}

// draftedKind has the drafts of a kind, and what other kinds see of its tasks.
type draftedKind struct {
	mu     sync.Mutex // held while a draft is made
	drafts latest[*draft]
	faces  latest[*face]
	vain   int // drafts that were made since one served again
}

const (
	// maxDrafts is how many drafts of a kind are kept, and of what goes with them: those that served last.
	maxDrafts = 4
	// maxVain is how many drafts of a kind are made without one that serves again, until no more are.
	maxVain = 6
	// maxTexts is how much of what was written of tasks is kept, in bytes.
	maxTexts = 512 << 20
)

// latest has what was of use lately, that of the last time at the end.
type latest[T any] struct{ items []T }

// find gives the item that is right, the zero value where there is none.
func (l *latest[T]) find(right func(T) bool) (item T) {
	if i := slices.IndexFunc(l.items, right); i >= 0 {
		item = l.items[i]
		l.items = append(slices.Delete(l.items, i, i+1), item)
	}
	return item
}

// add adds an item and gives the one that makes room for it, the zero value where none has to.
func (l *latest[T]) add(item T) (gone T) {
	if len(l.items) == maxDrafts {
		gone = l.items[0]
		l.items = slices.Delete(l.items, 0, 1)
	}
	l.items = append(l.items, item)
	return gone
}

func (ds *Drafts) kind(name string) *draftedKind {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	k := ds.kinds[name]
	if k == nil {
		k = &draftedKind{}
		ds.kinds[name] = k
	}
	return k
}

// kindTasks are tasks of a kind.
type kindTasks struct {
	tasks []*Task
	face  *face // what other kinds see of them; nil where generations have nothing in common

	// Where tasks are those of a draft, with their blanks:
	draft   *draft
	filling map[int]value.Value
	filled  func() []*Task // the tasks without; once
}

// all gives the tasks without blanks.
func (t kindTasks) all() []*Task {
	if t.draft == nil {
		return t.tasks
	}
	return t.filled()
}

// load gives the tasks of a kind, made of a draft, which leaves its blanks if the generator takes such tasks. ok is false where there can
// be no draft; whoever then makes the tasks without finds out what is wrong, if something is.
func (ds *Drafts) load(ctx context.Context, g *Generator, kind *Kind, deps []*face) (out kindTasks, ok bool) {
	d, filling := ds.draft(ctx, g, kind, deps)
	if d == nil {
		return out, false
	}
	if g.takesBlanks && d.passes {
		return kindTasks{d.tasks, d.face, d, filling, sync.OnceValue(func() []*Task { return d.filled(filling, false) })}, true
	}
	out = kindTasks{tasks: d.filled(filling, g.keepsPatterns()), face: d.face}
	if g.opts.Made != nil {
		g.opts.Made(len(out.tasks))
	}
	return out, true
}

// draft gives the draft of a kind that serves a generation, and what to fill in for that. It makes one if there is none yet. The result is nil
// where none can be made.
func (ds *Drafts) draft(ctx context.Context, g *Generator, kind *Kind, deps []*face) (*draft, map[int]value.Value) {
	k := ds.kind(kind.Name)
	k.mu.Lock()
	defer k.mu.Unlock()
	var filling map[int]value.Value
	serves := func(d *draft) (ok bool) {
		filling, ok = d.reading.Fill(g.params)
		return ok
	}
	if d := k.drafts.find(func(d *draft) bool { return slices.Equal(d.deps, deps) && serves(d) }); d != nil {
		k.vain = 0
		return d, filling
	}
	if k.vain >= maxVain {
		return nil, nil
	}
	k.vain++
	d := ds.newDraft(ctx, g, kind, deps)
	if d == nil {
		k.vain += maxVain / 2
		return nil, nil
	}
	if !serves(d) {
		return nil, nil
	}
	d.face = k.face(d.tasks)
	if gone := k.drafts.add(d); gone != nil {
		ds.forget(gone)
	}
	return d, filling
}

func (ds *Drafts) newDraft(ctx context.Context, g *Generator, kind *Kind, deps []*face) *draft {
	var before []*Task
	for _, dep := range deps {
		before = append(before, dep.tasks...)
	}
	d := &draft{deps: deps}
	var params *parameters.Params
	params, d.reading = g.params.Draft(&ds.form)
	load := g.newKindLoad(ctx, kind, sync.OnceValues(func() ([]Repository, error) { return repositories(g.project.Config, params) }), nil)
	defer load.cancel()
	warnings := &diag.List{}
	var made atomic.Int64
	load.cfg.Params, load.cfg.Registry, load.cfg.held = params, g.project.Registry.alone(), warnings
	load.pipe.patterns = g.keepsPatterns()
	load.pipe.made = func(tasks int) {
		made.Add(int64(tasks))
		ds.made(tasks)
	}
	var err error
	if d.tasks, err = load.tasks(NewDependencies(before)); err != nil || ctx.Err() != nil || !d.outline() {
		ds.made(-int(made.Load()))
		return nil
	}
	load.cfg.held = nil
	for _, w := range warnings.Warnings(nil) {
		load.cfg.Warn(w)
	}
	return d
}

// faceOf gives what other kinds see of the tasks of a kind.
func (ds *Drafts) faceOf(kind *Kind, tasks []*Task) *face {
	k := ds.kind(kind.Name)
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.face(tasks)
}

// forget gives up a draft.
func (ds *Drafts) forget(d *draft) {
	ds.made(-len(d.tasks))
	n := 0
	var last *pattern
	for i, t := range d.tasks {
		place := &d.texts[i].json
		if t.pattern != nil {
			if t.pattern == last {
				continue
			}
			last, place = t.pattern, &t.pattern.json
		}
		if kept := place.Load(); kept != nil {
			n += len(*kept)
		}
	}
	ds.room.Add(int64(n))
	ds.kept(-n)
	ds.mu.Lock()
	defer ds.mu.Unlock()
	ds.good.items = slices.DeleteFunc(ds.good.items, func(g *good) bool { return slices.Contains(g.of, d) })
}

// shape is what the full task graphs of kinds with the same faces have in common: all but the definitions of the tasks.
type shape struct {
	of     []*face
	nodes  *Graph
	linked func() *Graph
}

func facesOf(parts []kindTasks) []*face {
	of := make([]*face, len(parts))
	for i, p := range parts {
		of[i] = p.face
	}
	return of
}

// shape gives that of the tasks of all kinds.
func (ds *Drafts) shape(parts []kindTasks, tasks []*Task) *shape {
	of := facesOf(parts)
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if s := ds.shapes.find(func(s *shape) bool { return slices.Equal(s.of, of) }); s != nil {
		return s
	}
	set := NewTaskGraph(tasks, false)
	s := &shape{of: of, nodes: set.graph, linked: sync.OnceValue(func() *Graph { return set.linked().graph })}
	ds.shapes.add(s)
	return s
}

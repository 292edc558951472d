package taskgraph

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// checkEdges reports tasks that stay but depend on one that was removed. Only a strategy that replaces a task by
// nothing can bring that about.
func (o *optimizer) checkEdges(context.Context) error {
	for i, t := range o.graph.tasks {
		if o.removed[i] || o.replaced[i] {
			continue
		}
		for _, e := range o.graph.graph.Links(int32(i)) {
			if !o.removed[e.To] {
				continue
			}
			gone := o.graph.tasks[e.To]
			o.report(t, diag.Errorf(diag.BadOptimize, t.Dependencies.KeyPos(e.Name), "depends on %q as %q, but that was removed by %s", gone.Label, e.Name, o.verdicts[e.To].Reason()).
				WithPath("dependencies."+e.Name).WithRelated(gone.Pos, "%s is defined here", gone.Label))
		}
	}
	return nil
}

// assemble makes the optimized graph of what was neither removed nor replaced.
func (o *optimizer) assemble() (*Optimized, error) {
	n := o.graph.Len()
	keep, ids := make([]bool, n), make([]string, n)
	out := &Optimized{LabelToTaskID: make(map[string]string, n), Verdicts: o.verdicts}
	inRanges(n, func(from, to int) {
		for i := from; i < to; i++ {
			keep[i] = !o.removed[i] && !o.replaced[i]
			ids[i] = o.verdicts[i].TaskID
			if keep[i] {
				ids[i] = TaskID(o.g.opts.TaskIDSeed, o.graph.tasks[i].Label)
			}
		}
	})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i, t := range o.graph.tasks {
			if ids[i] != "" {
				out.LabelToTaskID[t.Label] = ids[i]
			}
		}
	})
	out.Graph = o.graph.subset(keep, true)
	out.Graph.byID = make(map[string]int32, out.Graph.Len())
	own := make([]string, 0, out.Graph.Len())
	for i := range n {
		if keep[i] {
			out.Graph.byID[ids[i]] = int32(len(out.Graph.byID))
			own = append(own, ids[i])
		}
	}
	wg.Wait()
	if o.g.forget {
		clear(o.graph.tasks) // of the target task graph, which is this optimization's alone
	}
	err := o.finishTasks(out.Graph.tasks, own, keep, ids)
	out.Graph.whole = wholeTasks(out.Graph.tasks)
	return out, err
}

// finishTasks puts finished tasks in the place of those that stay: with their task id, the task ids of their
// dependencies, and a definition without references. own are their ids; keep and ids are those of the graph before.
func (o *optimizer) finishTasks(tasks []*Task, own []string, keep []bool, ids []string) error {
	const batch = 256
	urls := newArtifactURLs(o.g.project.Environment)
	var next atomic.Int64
	var homeless firstError
	work := func() {
		defer CatchBug("optimization", o.errs.Add)
		f := &finalizer{references: &references{decision: o.g.opts.DecisionTaskID, urls: urls}, graph: o.graph, keep: keep, ids: ids, numbering: newNumbering()}
		for {
			start := int(next.Add(batch)) - batch
			if start >= len(tasks) {
				return
			}
			f.limit()
			for i := start; i < min(start+batch, len(tasks)); i++ {
				t := tasks[i]
				tasks[i] = f.finish(t, own[i])
				for _, d := range f.errs {
					o.report(t, d)
				}
				f.errs = f.errs[:0]
				if f.homeless != nil {
					homeless.add(i, t, f.homeless)
					f.homeless = nil
				}
			}
		}
	}
	var wg sync.WaitGroup
	for range min(o.g.workers(), len(tasks)/batch+1) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	if homeless.err != nil {
		o.report(homeless.task, homeless.err)
	}
	return o.errs.Err(o.g.project.Sources)
}

// firstError keeps the error of the first of many tasks that are looked at in any order: one that all of them would
// meet is worth one report.
type firstError struct {
	mu    sync.Mutex
	place int
	task  *Task
	err   error
}

func (f *firstError) add(place int, t *Task, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil || place < f.place {
		f.place, f.task, f.err = place, t, err
	}
}

// finalizer finishes tasks, one after the other.
type finalizer struct {
	*references
	graph  *TaskGraph
	keep   []bool
	ids    []string           // task ids, also of tasks that are not kept; "" where there is none
	linked [1 << 8]dependency // by address

	numbering *value.Numbering
	of, made  *pattern // the latest that was finished, and what became of it; nil where tasks are finished one by one
}

// dependency is what becomes of the dependencies that a task and others like it have.
type dependency struct {
	labels *value.Map
	ids    *value.Map
	sorted *value.List
}

// finish gives the task as it is submitted.
func (f *finalizer) finish(t *Task, self string) *Task {
	deps := f.dependencies(t)
	if t.pattern != nil {
		if made := f.pattern(t.pattern, deps); made != nil {
			out := *t
			out.TaskID, out.Dependencies, out.Task, out.pattern = self, deps.ids, made.task.Task, made
			return &out
		}
		t = t.whole(f.numbering)
	}
	out := *t
	out.TaskID, out.Dependencies, out.Task = self, deps.ids, f.finished(t.Task, self, deps)
	return &out
}

// finished gives the definition of a task as it is submitted.
func (f *finalizer) finished(def *value.Map, self string, deps dependency) *value.Map {
	def = f.definition(def, self, deps.ids)
	switch v := def.At("dependencies"); {
	case v.List() == nil:
		f.errs = append(f.errs, diag.Errorf(diag.WrongType, v.Pos(), "want a list, got %s", v.Describe()).WithPath("dependencies"))
	case v.List().Len() == 0:
		def.Set("dependencies", deps.sorted.Value())
	default:
		def.EditList("dependencies").Append(slices.Collect(deps.sorted.Values())...)
	}
	def.Freeze()
	return def
}

// pattern gives what becomes of a pattern, nil where that depends on the number, or anything is wrong.
func (f *finalizer) pattern(p *pattern, deps dependency) *pattern {
	if f.of == p {
		return f.made
	}
	f.of, f.made, f.usedSelf = p, nil, false
	def := f.finished(p.task.Task, "", deps)
	if len(f.errs) > 0 || f.homeless != nil || f.usedSelf {
		f.errs, f.homeless = f.errs[:0], nil
		return nil
	}
	task := *p.task
	task.Task, task.Dependencies, task.TaskID = def, deps.ids, idBlank
	f.made = &pattern{task: &task, def: f.numbering.Outline(def.Value())}
	return f.made
}

// dependencies gives those of a task.
func (f *finalizer) dependencies(t *Task) dependency {
	if t.SoftDependencies.Len() > 0 {
		return f.link(t)
	}
	known := &f.linked[uintptr(unsafe.Pointer(t.Dependencies))>>4%uintptr(len(f.linked))]
	if known.labels != t.Dependencies {
		*known = f.link(t)
	}
	return *known
}

// link finds what a task depends on.
func (f *finalizer) link(t *Task) dependency {
	if t.Dependencies.Len() == 0 && t.SoftDependencies.Len() == 0 {
		return dependency{t.Dependencies, emptyMap, emptyList}
	}
	places, deps := f.graph.graph.ids(), t.Dependencies.Copy()
	for i := range deps.Len() {
		v := deps.Entry(i).Value
		if at, ok := places[v.Str()]; ok {
			deps.SetAt(i, value.NewString(f.ids[at]).At(v.Pos()))
		}
	}
	for v := range t.SoftDependencies.Values() {
		if at, ok := places[v.Str()]; ok && f.keep[at] {
			deps.Set(v.Str(), value.NewString(f.ids[at]).At(v.Pos()))
		}
	}
	deps.Freeze()
	sorted := value.NewList(sortedIDs(deps)...)
	sorted.Freeze()
	return dependency{t.Dependencies, deps, sorted}
}

// sortedIDs gives the task ids of dependencies, sorted. A task that is depended on under several names comes as often.
func sortedIDs(deps *value.Map) []value.Value {
	ids := make([]value.Value, 0, deps.Len())
	for i := range deps.Len() {
		ids = append(ids, deps.Entry(i).Value)
	}
	slices.SortFunc(ids, func(a, b value.Value) int { return strings.Compare(a.Str(), b.Str()) })
	return ids
}

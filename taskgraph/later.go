package taskgraph

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/parameters"
)

// later is what extensions go on with when their project is open: they find out what more there is to register.
type later struct {
	work  []func(r *Registry) error
	final *Registry // what there is then
	done  chan struct{}
	ended atomic.Bool // done is closed
	err   error       // set before done is closed
}

func (l *later) wait() {
	if !l.ended.Load() {
		<-l.done
	}
}

// Later has add called while the project is in use already, to register what is not known before: what another program says, for
// instance. It gets the registry to add to, which is not the one that Later is called on, and nothing else does anything with it.
// It is for an [Extension], while that is called. All such work is done in one goroutine, in the order in which it was given.
//
// It can have to do with what documents find by name (but loaders, transforms, fetches, context providers, sets of strategies and hooks), with
// target task methods, filters, strategies, morphs, verifications, actions and parameters, also those of projects. Looking into these sets waits
// for it. Only kinds begin to load before: what they find in a set then is true unless the work replaces it, and if so they are loaded
// anew. The error is given by [Project.Ready]; with one, nothing that the work added counts.
func (r *Registry) Later(add func(r *Registry) error) {
	if r.later == nil {
		r.later = &later{}
	}
	r.later.work = append(r.later.work, add)
}

// After is [Registry.Later] for what must come after such work of the extensions before, if there is some; else add is called at
// once, with this registry.
func (r *Registry) After(add func(r *Registry) error) error {
	if r.later == nil {
		return add(r)
	}
	r.later.work = append(r.later.work, add)
	return nil
}

// begin begins the work that was left for later. The registry must not be added to any more.
func (r *Registry) begin(sources *diag.Sources) {
	l := r.later
	if l == nil {
		return
	}
	r.later = nil
	l.final, l.done = r.Clone(), make(chan struct{})
	postpone(l, r.RunHandlers, l.final.RunHandlers)
	postpone(l, r.PayloadBuilders, l.final.PayloadBuilders)
	postpone(l, r.IndexBuilders, l.final.IndexBuilders)
	postpone(l, r.GroupBys, l.final.GroupBys)
	postpone(l, r.SetNames, l.final.SetNames)
	postpone(l, r.Strategies, l.final.Strategies)
	postpone(l, r.TargetMethods, l.final.TargetMethods)
	postpone(l, r.Filters, l.final.Filters)
	postpone(l, r.Morphs, l.final.Morphs)
	postpone(l, r.Verifications, l.final.Verifications)
	postpone(l, r.Actions, l.final.Actions)
	postpone(l, r.ProjectParameters, l.final.ProjectParameters)
	go func() {
		defer close(l.done)
		defer l.ended.Store(true)
		var errs diag.List
		for _, add := range l.work {
			func() {
				defer CatchBug("extension", errs.Add)
				if err := add(l.final); err != nil {
					errs.Add(err)
				}
			}()
		}
		l.err = errs.Err(sources)
	}()
	r.later = l
}

// postpone has a set wait for the one that it becomes.
func postpone[T any](l *later, s, final *Set[T]) { s.later, s.final = l, final }

// Pending says whether work that was left for later is not done yet.
func (r *Registry) Pending() bool { return r.later != nil && !r.later.ended.Load() }

// AllParameterExtensions waits for the work that was left for later and gives what it and others add to the base parameters.
func (r *Registry) AllParameterExtensions() ([]parameters.Extension, error) {
	if r.later == nil {
		return r.ParameterExtensions, nil
	}
	r.later.wait()
	if r.later.err != nil {
		return nil, r.later.failure()
	}
	return r.later.final.ParameterExtensions, nil
}

// ParameterExtensionsSoFar gives what is added to the base parameters as far as it is known, and what gives all of it when that is known;
// nil where it is.
func (r *Registry) ParameterExtensionsSoFar() (extensions []parameters.Extension, later func() ([]parameters.Extension, error), err error) {
	if r.Pending() {
		return r.ParameterExtensions, r.AllParameterExtensions, nil
	}
	extensions, err = r.AllParameterExtensions()
	return extensions, nil, err
}

// Ready waits until the extensions have registered everything, and gives their error. Whoever opens a project asks this sooner or later;
// phases do so before they give a result.
func (p *Project) Ready(ctx context.Context) error {
	l := p.Registry.later
	if l == nil {
		return nil
	}
	select {
	case <-l.done:
		if l.err != nil {
			return l.failure()
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// failure gives the error as one that may be changed.
func (l *later) failure() error {
	var all []*diag.Diagnostic
	for _, d := range diag.Flatten(l.err) {
		c := *d
		all = append(all, &c)
	}
	return &diag.Errors{All: all}
}

// whole gives the set when nothing is added to it any more: this one still where that failed.
func (s *Set[T]) whole() *Set[T] {
	if s.later == nil {
		return s
	}
	s.later.wait()
	if s.later.err != nil {
		return s
	}
	return s.final
}

// used are the names that were looked up in a set before it was whole.
type used[T any] struct {
	later   *later
	names   sync.Map
	settled func() error // waits until it is certain that the kind counts
}

// early gives the item with a name before the set is whole, if find has it. That may be another one than it is then, which overtaken
// finds out.
func (u *used[T]) early(name string, find func() (T, bool)) (item T, ok bool) {
	if u.later.ended.Load() {
		return item, false
	}
	if item, ok = find(); !ok {
		return item, false
	}
	u.names.Store(name, true)
	// From when it is whole, overtaken may be asked at any time.
	return item, !u.later.ended.Load()
}

// overtaken gives the names that were looked up before the set was whole and stand for something else since, sorted.
func (s *Set[T]) overtaken() []string {
	var out []string
	s.used.names.Range(func(name, _ any) bool {
		if s.final != nil && s.final.changed[name.(string)] {
			out = append(out, s.what+" "+name.(string))
		}
		return true
	})
	slices.Sort(out)
	return out
}

// ahead gives a registry for work that does not wait for what was left for later, and a function that says, when that is done, what was
// looked up and stands for something else now. settled waits until it is certain that the work counts.
func (r *Registry) ahead(settled func() error) (*Registry, func() []string) {
	if r.later == nil {
		return r, func() []string { return nil }
	}
	a := *r
	l := r.later
	a.Loaders, a.Transforms, a.ContextProviders = watch(r.Loaders, l, settled), watch(r.Transforms, l, settled), watch(r.ContextProviders, l, settled)
	a.RunHandlers, a.PayloadBuilders, a.IndexBuilders = watch(r.RunHandlers, l, settled), watch(r.PayloadBuilders, l, settled), watch(r.IndexBuilders, l, settled)
	a.GroupBys, a.SetNames = watch(r.GroupBys, l, settled), watch(r.SetNames, l, settled)
	return &a, func() []string {
		return slices.Concat(l.final.altered, a.RunHandlers.overtaken(), a.PayloadBuilders.overtaken(), a.IndexBuilders.overtaken(), a.GroupBys.overtaken(), a.SetNames.overtaken())
	}
}

// watch gives a set that does not wait, and notes what is looked up.
func watch[T any](s *Set[T], l *later, settled func() error) *Set[T] {
	c := *s
	c.used = &used[T]{later: l, settled: settled}
	return &c
}

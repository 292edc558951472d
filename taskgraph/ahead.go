package taskgraph

import (
	"context"
	"strings"
	"sync"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// ahead loads kinds before their turn: while extensions find out what the tree registers, and before the verifications that may be
// among that. Most kinds need nothing of it. Where something that they looked up turns out to be replaced, or a parameter is another
// one, all of it is in vain.
type ahead struct {
	g         *Generator
	registry  *Registry
	overtaken func() []string
	cancel    context.CancelFunc

	settled chan struct{} // closed when it is known whether the kinds count
	counts  bool          // set before that

	done   chan struct{}
	made   []*Task
	err    error
	warned diag.List
	docs   sync.Map // that were read
}

// document gives a document for a kind that may not count.
func (a *ahead) document(file string) (value.Value, error) {
	d := a.g.project.document(file)
	a.docs.Store(d, true)
	return d.v, d.err
}

// LoadAhead begins to load kinds where something is to wait for first, for whoever asks for the full task set after something else. end ends
// that if it was in vain.
func (g *Generator) LoadAhead(ctx context.Context) (end func()) {
	if a := g.loadAhead(ctx); !g.begun.CompareAndSwap(nil, a) {
		a.drop()
	}
	return func() { g.begun.Swap(nil).drop() }
}

// loadAhead begins to load kinds. It gives nil where there is nothing to come.
func (g *Generator) loadAhead(ctx context.Context) *ahead {
	if !g.project.Registry.Pending() && g.params.IsComplete() {
		return nil
	}
	a := &ahead{g: g, settled: make(chan struct{}), done: make(chan struct{})}
	ctx, a.cancel = context.WithCancel(ctx)
	a.registry, a.overtaken = g.project.Registry.ahead(func() error { return a.verdict(ctx) })
	go func() {
		defer close(a.done)
		defer CatchBug("kinds", func(bug error) { a.err = bug })
		read := func(name string) (*Kind, error) {
			e := g.project.kind(name)
			return e.kind, e.err
		}
		var kg *KindGraph
		if kg, a.err = g.project.kindGraph(g.targetKinds(), read); a.err == nil {
			a.made, a.err = g.loadKinds(ctx, kg, a)
		}
	}()
	return a
}

// errOvertaken is the error of what is done in vain. Nobody sees it.
var errOvertaken = diag.Errorf(diag.Verification, 0, "something else is known now")

// verdict waits until it is known whether the kinds count.
func (a *ahead) verdict(ctx context.Context) error {
	select {
	case <-a.settled:
		if a.counts {
			return nil
		}
		return errOvertaken
	case <-ctx.Done():
		return ctx.Err()
	}
}

// drop ends the loading of kinds for a generation that fails.
func (a *ahead) drop() {
	if a == nil {
		return
	}
	a.cancel()
	close(a.settled)
	<-a.done
}

// tasks gives the tasks of the kinds, or their errors. ok is false where they do not count, or were not loaded. The extensions must have
// registered everything by then, and the parameters must be complete.
func (a *ahead) tasks() (tasks []*Task, ok bool, err error) {
	if a == nil {
		return nil, false, nil
	}
	defer a.cancel()
	names := a.overtaken()
	a.counts = len(names) == 0 && a.g.params.Stands()
	if !a.counts {
		a.g.project.Log.Info("loading kinds anew: the tree has its own", "names", strings.Join(names, ", "), "parameters", !a.g.params.Stands())
		a.cancel()
	}
	close(a.settled)
	<-a.done
	if !a.counts {
		return nil, false, nil
	}
	for _, d := range a.warned.Warnings(a.g.project.Sources) {
		a.g.project.warned.Add(d)
	}
	a.docs.Range(func(d, _ any) bool {
		a.g.project.count(d.(*document))
		return true
	})
	return a.made, true, a.err
}

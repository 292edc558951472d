package taskgraph

import (
	"context"
	"strings"

	"github.com/taskgraph-go/decision/diag"
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
	a.registry, a.overtaken = g.project.Registry.ahead()
	ctx, a.cancel = context.WithCancel(ctx)
	go func() {
		defer close(a.done)
		defer CatchBug("kinds", func(bug error) { a.err = bug })
		var kg *KindGraph
		if kg, a.err = g.project.kindGraph(g.targetKinds()); a.err == nil {
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

// drop ends the loading of kinds for a generation that fails. They are loaded as far as they can be, so that what is noticed on the way
// does not depend on when that was.
func (a *ahead) drop() {
	if a == nil {
		return
	}
	close(a.settled)
	<-a.done
	a.cancel()
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
	return a.made, true, a.err
}

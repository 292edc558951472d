package taskgraph

import (
	"context"
	"errors"
	"io"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// An Extension brings the code that stands in a tree into the tree's project. It is called once, by [Open], when the graph
// config has been read and nothing else. It adds what the graph config declares to p.Registry, which is the project's own,
// and fallbacks for names that say where the code is, such as the path of a file in a kind's list of transforms. What costs
// time, such as starting another program, waits until such a name is used, or is left to [Registry.Later].
//
// What it gives is closed by [Project.Close]; nil closes nothing. Its error, like any other of the graph config, should
// have a position there.
type Extension func(ctx context.Context, p *Project) (io.Closer, error)

// extend runs the extensions and gives all of their errors.
func (p *Project) extend(ctx context.Context) error {
	var errs diag.List
	for _, extension := range p.Registry.Extensions {
		closer, err := extension(ctx, p)
		if closer != nil {
			p.closers = append(p.closers, closer)
		}
		if err != nil {
			errs.Add(err)
		}
	}
	p.Registry.begin(p.Sources)
	if errs.Failed() { // what comes later may fail, too, and is reported beside it
		errs.Add(p.Ready(ctx))
	}
	return errs.Err(p.Sources)
}

// Close ends what the extensions began, and what they still do. The project cannot be used any more, nor can generations from it, but the
// graphs that they made can.
func (p *Project) Close() error {
	var errs []error
	for i := len(p.closers) - 1; i >= 0; i-- {
		errs = append(errs, p.closers[i].Close())
	}
	p.closers = nil
	if p.Registry.later != nil {
		p.Registry.later.wait()
	}
	return errors.Join(errs...)
}

// A ParameterHook changes the parameters that a decision task is about to use. The graph config chooses one by its name,
// under taskgraph.decision-parameters. It is called once, before the parameters are checked, and in no preview. Its error
// ends the decision task.
type ParameterHook func(cfg *ParameterHookConfig) error

// ParameterHookConfig is what a [ParameterHook] gets.
type ParameterHookConfig struct {
	Context context.Context
	Project *Project
	Graph   *GraphConfig
	// Params are the parameters so far, from the command line and the push. They are the hook's to change.
	Params *value.Map
}

package optimizers

import (
	"context"

	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
)

// Any gives a strategy that removes or replaces a task when any of the strategies does: the first in order.
func Any(split Split, of ...taskgraph.Strategy) taskgraph.Strategy {
	return &anyOf{&composite{of, split}}
}

type anyOf struct{ *composite }

func (a *anyOf) Description() string { return a.describe("-or-") }

func (a *anyOf) Prepare(p *parameters.Params) (taskgraph.Strategy, error) {
	c, err := a.prepare(p)
	return &anyOf{c}, err
}

func (a *anyOf) Remove(ctx context.Context, args taskgraph.StrategyArgs) (remove bool, err error) {
	err = a.removals(ctx, args, func(r bool) bool { remove = r; return !r })
	return remove, err
}

func (a *anyOf) Replace(ctx context.Context, args taskgraph.StrategyArgs) (out taskgraph.Replacement, err error) {
	err = a.replacements(ctx, args, func(r taskgraph.Replacement) bool { out = r; return !replaces(r) })
	return out, err
}

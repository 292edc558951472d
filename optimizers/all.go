package optimizers

import (
	"context"

	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
)

// All gives a strategy that removes or replaces a task when all of the strategies do. The task that stands in is the
// one that the first strategy names. (That is what the reference documents; what it does is to drop the task.)
func All(split Split, of ...taskgraph.Strategy) taskgraph.Strategy {
	return &allOf{&composite{of, split}}
}

type allOf struct{ *composite }

func (a *allOf) Description() string { return a.describe("-and-") }

func (a *allOf) Prepare(p *parameters.Params) (taskgraph.Strategy, error) {
	c, err := a.prepare(p)
	return &allOf{c}, err
}

func (a *allOf) Remove(ctx context.Context, args taskgraph.StrategyArgs) (remove bool, err error) {
	err = a.removals(ctx, args, func(r bool) bool { remove = r; return r })
	return remove && err == nil, err
}

func (a *allOf) Replace(ctx context.Context, args taskgraph.StrategyArgs) (taskgraph.Replacement, error) {
	var first, last taskgraph.Replacement
	n := 0
	err := a.replacements(ctx, args, func(r taskgraph.Replacement) bool {
		if n++; n == 1 {
			first = r
		}
		last = r
		return replaces(r)
	})
	if err != nil || !replaces(last) {
		return taskgraph.Replacement{Why: last.Why}, err
	}
	return first, nil
}

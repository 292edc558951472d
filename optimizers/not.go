package optimizers

import (
	"context"

	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
)

// Not gives a strategy that removes a task when another one does not. It replaces no task: that another strategy finds
// nothing to stand in for a task is no reason to go without it. (The reference drops the task then, and so every task
// that this strategy does not remove and that depends on nothing.)
func Not(s taskgraph.Strategy) taskgraph.Strategy { return not{s} }

type not struct{ of taskgraph.Strategy }

func (n not) Of() []taskgraph.Strategy { return []taskgraph.Strategy{n.of} }

func (n not) Description() string { return "not-" + n.of.Description() }

func (n not) Prepare(p *parameters.Params) (taskgraph.Strategy, error) {
	s, ok := n.of.(taskgraph.PreparedStrategy)
	if !ok {
		return n, nil
	}
	prepared, err := s.Prepare(p)
	return not{prepared}, err
}

func (n not) Remove(ctx context.Context, args taskgraph.StrategyArgs) (bool, error) {
	remove, err := n.of.Remove(ctx, args)
	return !remove && err == nil, err
}

func (n not) Replace(context.Context, taskgraph.StrategyArgs) (taskgraph.Replacement, error) {
	return taskgraph.Replacement{}, nil
}

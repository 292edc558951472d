package optimizers

import (
	"context"

	"github.com/taskgraph-go/decision/taskgraph"
)

// Never is the strategy of tasks that must run whenever they are in the graph. Tasks without optimization have it.
type Never struct{}

// Always is the strategy of tasks that are only there for others: they go as soon as nothing depends on them.
type Always struct{}

var (
	_ taskgraph.Strategy = Never{}
	_ taskgraph.Strategy = Always{}
)

// Pure says that it only computes.
func (Never) Pure() {}

// Description is the strategy's name.
func (Never) Description() string { return "never" }

// Remove keeps every task.
func (Never) Remove(context.Context, taskgraph.StrategyArgs) (bool, error) { return false, nil }

// Replace keeps every task.
func (Never) Replace(context.Context, taskgraph.StrategyArgs) (taskgraph.Replacement, error) {
	return taskgraph.Replacement{}, nil
}

// Pure says that it only computes.
func (Always) Pure() {}

// Description is the strategy's name.
func (Always) Description() string { return "always" }

// Remove removes every task.
func (Always) Remove(context.Context, taskgraph.StrategyArgs) (bool, error) { return true, nil }

// Replace keeps every task.
func (Always) Replace(context.Context, taskgraph.StrategyArgs) (taskgraph.Replacement, error) {
	return taskgraph.Replacement{}, nil
}

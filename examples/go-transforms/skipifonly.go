package main

import (
	"context"
	"strings"

	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
)

// skipIfOnly removes a task when a push changes nothing but files below the directories in its argument.
type skipIfOnly struct{ changed []string }

var _ taskgraph.PreparedStrategy = skipIfOnly{}

func (skipIfOnly) Description() string { return "" }

// Prepare keeps the files that were changed for all tasks of a generation.
func (skipIfOnly) Prepare(p *parameters.Params) (taskgraph.Strategy, error) {
	return skipIfOnly{changed: p.FilesChanged()}, nil
}

func (s skipIfOnly) Remove(_ context.Context, args taskgraph.StrategyArgs) (bool, error) {
	for _, file := range s.changed {
		below := false
		for dir := range args.Arg.List().Values() {
			below = below || strings.HasPrefix(file, dir.Str()+"/")
		}
		if !below {
			return false, nil
		}
	}
	return len(s.changed) > 0, nil
}

func (skipIfOnly) Replace(context.Context, taskgraph.StrategyArgs) (taskgraph.Replacement, error) {
	return taskgraph.Replacement{}, nil
}

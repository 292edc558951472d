package optimizers

import (
	"context"
	"slices"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/glob"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// SkipUnlessChanged removes a task unless the push changes a file that matches one of the patterns in its argument.
// Where there is no push, as for cron and action tasks, head_rev is base_rev and no task is removed.
type SkipUnlessChanged struct{}

var _ taskgraph.PreparedStrategy = SkipUnlessChanged{}

// Pure says that it only computes.
func (SkipUnlessChanged) Pure() {}

// Description is the strategy's name.
func (SkipUnlessChanged) Description() string { return "skip-unless-changed" }

// Prepare gives the strategy for one push. It remembers which patterns match: many tasks share the same ones.
func (SkipUnlessChanged) Prepare(p *parameters.Params) (taskgraph.Strategy, error) {
	base := p.At("base_rev")
	return &skipUnlessChanged{
		files:   p.FilesChanged(),
		noPush:  base.Truthy() && value.Equal(base, p.At("head_rev")),
		matches: map[string]bool{},
	}, nil
}

// Remove decides about one task.
func (s SkipUnlessChanged) Remove(ctx context.Context, args taskgraph.StrategyArgs) (bool, error) {
	prepared, err := s.Prepare(args.Params)
	if err != nil {
		return false, err
	}
	return prepared.Remove(ctx, args)
}

// Replace keeps every task.
func (SkipUnlessChanged) Replace(context.Context, taskgraph.StrategyArgs) (taskgraph.Replacement, error) {
	return taskgraph.Replacement{}, nil
}

// skipUnlessChanged is the strategy for one push. It is for one goroutine.
type skipUnlessChanged struct {
	SkipUnlessChanged
	files   []string
	noPush  bool
	matches map[string]bool // by pattern
}

// Remove decides about one task.
func (s *skipUnlessChanged) Remove(_ context.Context, args taskgraph.StrategyArgs) (bool, error) {
	if s.noPush {
		return false, nil
	}
	patterns := args.Arg.List()
	if patterns == nil && !args.Arg.IsNull() {
		return false, diag.Errorf(diag.WrongType, args.Arg.Pos(), "want a list of patterns, got %s", args.Arg.Describe()).WithPath("optimization.skip-unless-changed")
	}
	for v := range patterns.Values() {
		pattern, ok := v.AsString()
		if !ok {
			return false, diag.Errorf(diag.WrongType, v.Pos(), "want a pattern, got %s", v.Describe()).WithPath("optimization.skip-unless-changed")
		}
		if s.match(pattern) {
			return false, nil
		}
	}
	return true, nil
}

// match says whether a changed file matches a pattern.
func (s *skipUnlessChanged) match(pattern string) bool {
	matches, known := s.matches[pattern]
	if !known {
		matches = slices.ContainsFunc(s.files, func(file string) bool { return glob.Match(file, pattern) })
		s.matches[pattern] = matches
	}
	return matches
}

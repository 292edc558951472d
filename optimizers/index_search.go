package optimizers

import (
	"context"
	"fmt"
	"time"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// IndexSearch replaces a task by one that is in the index already. Its argument is a list of index paths; the first
// that leads to a task that is good enough wins. A task is not good enough when it failed, when the queue does not know
// it any more, or when it expires before the last deadline of what depends on it.
type IndexSearch struct{}

var _ taskgraph.IndexStrategy = IndexSearch{}

// Pure says that it only computes.
func (IndexSearch) Pure() {}

// Description is the strategy's name.
func (IndexSearch) Description() string { return "index-search" }

// IndexPaths gives the paths that the argument lists.
func (IndexSearch) IndexPaths(arg value.Value) []string { return arg.List().Strings() }

// Remove keeps every task.
func (IndexSearch) Remove(context.Context, taskgraph.StrategyArgs) (bool, error) { return false, nil }

// Replace gives the first task that is good enough.
func (IndexSearch) Replace(_ context.Context, args taskgraph.StrategyArgs) (taskgraph.Replacement, error) {
	why := "no index path leads to a task"
	for path := range args.Arg.List().Values() {
		id, status, known := args.Index.Task(path.Str())
		switch {
		case id == "":
			continue
		case !known:
			why = fmt.Sprintf("the queue does not know task %s", id)
			continue
		case status.State == "failed" || status.State == "exception":
			why = fmt.Sprintf("task %s ended as %s", id, status.State)
			continue
		}
		if args.Deadline != "" {
			deadline, err := parseTime(args.Deadline)
			if err != nil {
				return taskgraph.Replacement{}, diag.Errorf(diag.BadOptimize, args.Arg.Pos(), "something that depends on this task has the deadline %q, which is no time", args.Deadline).
					WithPath("optimization.index-search")
			}
			expires, err := parseTime(status.Expires)
			if err != nil {
				why = fmt.Sprintf("it is not known when task %s expires", id)
				continue
			}
			if expires.Before(deadline) {
				why = fmt.Sprintf("task %s expires before %s", id, args.Deadline)
				continue
			}
		}
		return taskgraph.Replacement{TaskID: id}, nil
	}
	return taskgraph.Replacement{Why: why}, nil
}

// parseTime reads a time as the services write it: UTC, with a fraction of one to six digits.
func parseTime(s string) (time.Time, error) { return time.Parse("2006-01-02T15:04:05.999999Z", s) }

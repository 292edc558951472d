package actions

import (
	"golang.org/x/sync/errgroup"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
)

// rerun runs a task of the push again, under the id that it has.
func rerun(args *taskgraph.ActionArgs) error {
	push, err := args.Push(args.Context)
	if err != nil {
		return err
	}
	label := args.Task.At("metadata").Map().Str("name")
	for _, ids := range push.TaskIDs {
		for _, id := range ids {
			if id == args.TaskID {
				return rerunTask(args, id, label)
			}
		}
	}
	return diag.Errorf(diag.ActionFailed, 0, "task %s (%s) is none that was created for the push", args.TaskID, label)
}

// rerunTask runs a task again if it failed.
func rerunTask(args *taskgraph.ActionArgs, taskID, label string) error {
	state, err := args.Queue.State(args.Context, taskID)
	if err != nil {
		return err
	}
	if state != "failed" && state != "exception" {
		args.Log.Warn("a task need not run again", "task", taskID, "label", label, "state", state)
		return nil
	}
	args.Log.Info("running a task again", "task", taskID, "label", label)
	return args.Queue.Rerun(args.Context, taskID)
}

// cancel ends a task.
func cancel(args *taskgraph.ActionArgs) error { return args.Queue.Cancel(args.Context, args.TaskID) }

// cancelAll ends all tasks of the group that have not ended, but for the action task itself.
func cancelAll(args *taskgraph.ActionArgs) error {
	states, err := args.Queue.GroupStates(args.Context, args.TaskGroupID)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(args.Context)
	group.SetLimit(requestsAtOnce)
	for _, id := range sortedKeys(states) {
		if id == args.OwnTaskID || !isUnfinished(states[id]) {
			continue
		}
		group.Go(func() error {
			args.Log.Info("cancelling a task", "task", id)
			return args.Queue.Cancel(ctx, id)
		})
	}
	return group.Wait()
}

// addNewJobs creates tasks by their labels.
func addNewJobs(args *taskgraph.ActionArgs) error {
	push, err := args.Push(args.Context)
	if err != nil {
		return err
	}
	input := args.Input.Map()
	var labels []string
	var errs diag.List
	for v := range input.At("tasks").List().Values() {
		if push.Full.Task(v.Str()) == nil {
			errs.Add(diag.Errorf(diag.BadInput, v.Pos(), "there is no task %q in the graph of the push", v.Str()).WithPath("tasks").
				WithHint("%s", diag.DidYouMean(v.Str(), labelsIn(push.Full))))
		}
		labels = append(labels, v.Str())
	}
	if err := errs.Err(args.Project.Sources); err != nil {
		return err
	}
	return createTimes(args, push, labels, times(input))
}

// rebuildCachedTasks creates again what is cached in the index.
func rebuildCachedTasks(args *taskgraph.ActionArgs) error {
	push, err := args.Push(args.Context)
	if err != nil {
		return err
	}
	var labels []string
	for t := range push.Full.All() {
		if t.Attribute("cached_task").Truthy() {
			labels = append(labels, t.Label)
		}
	}
	if len(labels) == 0 {
		args.Log.Info("the push has no cached tasks")
		return nil
	}
	_, err = args.Tasks.Create(args.Context, taskgraph.TaskRequest{From: push, Labels: labels})
	return err
}

// labelsIn gives the labels of a graph, in its order.
func labelsIn(graph *taskgraph.TaskGraph) []string {
	labels := make([]string, 0, graph.Len())
	for t := range graph.All() {
		labels = append(labels, t.Label)
	}
	return labels
}

package actions

import (
	"strconv"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// retriggerDecision creates a task again of its definition: decision, action and cron tasks are in no graph.
func retriggerDecision(args *taskgraph.ActionArgs) error {
	def, err := relativize(args.Task)
	if err != nil {
		return err
	}
	_, err = args.Tasks.CreateDefinition(args.Context, def)
	return err
}

// retrigger creates a task again, perhaps several times, perhaps with what depends on it.
func retrigger(args *taskgraph.ActionArgs) error {
	push, err := args.Push(args.Context)
	if err != nil {
		return err
	}
	label := args.Task.At("metadata").Map().Str("name")
	input := args.Input.Map()
	if !input.At("force").Truthy() && !shouldRetrigger(push.Full, label) {
		return diag.Errorf(diag.ActionFailed, 0, "task %q is not to be retriggered", label).
			WithHint("its attribute retrigger is not true; rerun it, or retrigger it with force")
	}
	labels := []string{label}
	if input.At("downstream").Truthy() {
		if labels, err = downstream(push, label); err != nil {
			return err
		}
	}
	return createTimes(args, push, labels, times(input))
}

// shouldRetrigger says whether a task says of itself that it may be retriggered. One that is not in the graph does not.
func shouldRetrigger(full *taskgraph.TaskGraph, label string) bool {
	t := full.Task(label)
	return t != nil && t.Attribute("retrigger").Truthy()
}

// downstream gives a task and all that depends on it, directly or not, as far as it was created.
func downstream(push *taskgraph.PushGraph, label string) ([]string, error) {
	graph := push.Full.Graph()
	start, ok := graph.ID(label)
	if !ok {
		return nil, diag.Errorf(diag.ActionFailed, 0, "task %q is not in the graph of the push", label)
	}
	seen := make([]bool, push.Full.Len())
	seen[start] = true
	stack := []int32{start}
	var labels []string
	for len(stack) > 0 {
		id := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if name := push.Full.At(id).Label; push.LabelToTaskID[name] != "" {
			labels = append(labels, name)
		}
		for _, d := range graph.Dependents(id) {
			if !seen[d] {
				seen[d] = true
				stack = append(stack, d)
			}
		}
	}
	return labels, nil
}

// times gives how often an input asks for something, once unless it says otherwise.
func times(input *value.Map) int {
	if n, ok := input.At("times").AsInt(); ok {
		return int(n)
	}
	return 1
}

// createTimes creates tasks a number of times.
func createTimes(args *taskgraph.ActionArgs, push *taskgraph.PushGraph, labels []string, n int) error {
	var suffixes []string
	for i := range n {
		suffix := strconv.Itoa(i)
		suffixes = append(suffixes, suffix)
		if _, err := args.Tasks.Create(args.Context, taskgraph.TaskRequest{From: push, Labels: labels, Suffix: suffix}); err != nil {
			return err
		}
		args.Log.Info("created tasks", "labels", labels, "time", i+1, "of", n)
	}
	return args.Tasks.Combine(args.Context, suffixes)
}

// retriggerMultiple retriggers tasks by their labels, and reruns those that are not to be retriggered.
func retriggerMultiple(args *taskgraph.ActionArgs) error {
	push, err := args.Push(args.Context)
	if err != nil {
		return err
	}
	var suffixes []string
	for i, request := range args.Input.Map().At("requests").List().All() {
		var again []string
		for v := range request.Map().At("tasks").List().Values() {
			label := v.Str()
			if shouldRetrigger(push.Full, label) {
				again = append(again, label)
				continue
			}
			id, ok := push.LabelToTaskID[label]
			if !ok {
				return diag.Errorf(diag.BadInput, v.Pos(), "there is no task %q to run again", label).WithHint("%s", diag.DidYouMean(label, sortedKeys(push.LabelToTaskID)))
			}
			if err := rerunTask(args, id, label); err != nil {
				return err
			}
		}
		for j := range times(request.Map()) {
			suffix := strconv.Itoa(i) + "-" + strconv.Itoa(j)
			suffixes = append(suffixes, suffix)
			if _, err := args.Tasks.Create(args.Context, taskgraph.TaskRequest{From: push, Labels: again, Suffix: suffix}); err != nil {
				return err
			}
		}
	}
	return args.Tasks.Combine(args.Context, suffixes)
}

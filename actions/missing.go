package actions

import (
	"slices"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
)

// newMissingTests gives the action that creates what optimization took away.
func newMissingTests(s settings, _ *taskgraph.GraphConfig) ([]callback, error) {
	kinds := s.texts("kinds", "test")
	return []callback{{"run-missing-tests", s.apply(&taskgraph.Action{
		Name: "run-missing-tests", Title: "Run Missing Tests", Symbol: "rmt", Order: 250,
		Description: "Run tests in the selected push that were optimized away, usually by SETA.\n\nThis action is for use on pushes that will be merged into another branch, to check that optimization hasn't hidden any failures.",
		Run:         func(args *taskgraph.ActionArgs) error { return missingTests(args, kinds) },
	})}}, nil
}

func missingTests(args *taskgraph.ActionArgs, kinds []string) error {
	push, err := args.Push(args.Context)
	if err != nil {
		return err
	}
	const name = "public/target-tasks.json"
	text, err := args.Queue.Artifact(args.Context, push.DecisionTaskID, name)
	if err != nil {
		return err
	}
	doc, err := artifactReader(args).JSON(push.DecisionTaskID+"/"+name, text)
	if err != nil {
		return err
	}
	if doc.List() == nil {
		return diag.Errorf(diag.WrongType, doc.Pos(), "want a list of labels, got %s", doc.Describe())
	}
	var labels []string
	for v := range doc.List().Values() {
		t := push.Full.Task(v.Str())
		if t != nil && kindIn(t, kinds) && push.LabelToTaskID[t.Label] == "" {
			labels = append(labels, t.Label)
		}
	}
	if len(labels) == 0 {
		args.Log.Info("no test is missing", "kinds", kinds)
		return nil
	}
	args.Log.Info("creating what is missing", "tasks", len(labels))
	_, err = args.Tasks.Create(args.Context, taskgraph.TaskRequest{From: push, Labels: labels})
	return err
}

// sortedSet gives texts in order, each once.
func sortedSet(all []string) []string { return slices.Compact(slices.Sorted(slices.Values(all))) }

package submit_test

import (
	"context"
	"fmt"
	"time"

	"github.com/taskgraph-go/decision/decision/definition"
	"github.com/taskgraph-go/decision/decision/submit"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// queue is a queue that takes everything but tests.
type queue struct{}

func (queue) CreateTask(_ context.Context, _ string, definition []byte) error {
	doc, err := (&value.Reader{}).JSON("task", definition)
	if err == nil && doc.Map().Str("workerType") == "tester" {
		err = &taskcluster.Error{Status: 403, Code: "InsufficientScopes", Message: "no tests for you"}
	}
	return err
}
func (queue) Task(context.Context, string) ([]byte, error) {
	return nil, &taskcluster.Error{Status: 404}
}
func (queue) SealTaskGroup(context.Context, string) error { return nil }

func ExampleRun() {
	const decision = "fN3SbArXTPSVFUUvKaxiQw"
	task := func(label, workerType string, deps ...string) *taskgraph.Task {
		ids := value.NewList()
		for _, d := range deps {
			ids.AppendStrings(taskgraph.TaskID(decision, d))
		}
		def := value.MapOf("created", value.MapOf("relative-datestamp", "0 seconds"), "workerType", workerType, "dependencies", ids)
		return &taskgraph.Task{Label: label, TaskID: taskgraph.TaskID(decision, label), Task: def, Attributes: value.NewMap(0)}
	}
	graph := taskgraph.NewTaskGraph([]*taskgraph.Task{task("report", "linux", "test"), task("test", "tester", "build"), task("build", "linux")}, false)
	result, err := submit.Run(context.Background(), submit.Options{
		Graph: graph, Group: definition.Group{DecisionTaskID: decision, SchedulerID: "app-level-1"}, Queue: queue{}, Clock: time.Now,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, o := range result.Outcomes {
		fmt.Println(o.Task.Label, o.State)
	}
	fmt.Println(result.Err(nil))
	// Output:
	// report skipped
	// test failed
	// build created
	// test: could not be created: 403 InsufficientScopes: no tests for you (TG6001)
}

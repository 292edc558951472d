package preflight_test

import (
	"context"
	"fmt"
	"time"

	"github.com/taskgraph-go/decision/decision/definition"
	"github.com/taskgraph-go/decision/decision/preflight"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

func ExampleRun() {
	after := func(s string) *value.Map { return value.MapOf("relative-datestamp", s) }
	task := &taskgraph.Task{Label: "build", TaskID: "PXhA6Q6VR5q0Mv5tiZW8Qw", Task: value.MapOf(
		"provisionerId", "app-1", "workerType", "linux", "created", after("0 seconds"), "deadline", after("6 days"), "expires", after("1 year"),
		"metadata", value.MapOf("name", "build", "description", "Build", "owner", "ann@example.com", "source", "https://example.com/app"),
		"tags", value.MapOf("worker-implementation", "docker-worker"),
		"payload", value.MapOf("image", "debian", "command", "make"))}
	err := preflight.Run(context.Background(), preflight.Options{
		Graph: taskgraph.NewTaskGraph([]*taskgraph.Task{task}, false),
		Group: definition.Group{DecisionTaskID: "fN3SbArXTPSVFUUvKaxiQw", SchedulerID: "app-level-1"},
		Clock: func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) },
	})
	fmt.Println(err)
	// Output:
	// build: deadline: the deadline 2026-01-07T00:00:00.000Z is more than 5 days ahead (TG6104)
	// build: payload.command: want list, got "make" (TG6102)
	// build: payload: missing field "maxRunTime" (TG6102)
}

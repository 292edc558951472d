package taskgraph

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

func TestNotATask(t *testing.T) {
	_, err := newTask("k", value.MapOf("label", "l", "task", []string{"x"}, "soft-dependencies", "y"))
	var got []string
	for _, d := range diag.Flatten(err) {
		got = append(got, d.Path+": "+d.Message)
	}
	assert.ElementsMatch(t, []string{
		`: the last transform left no "description"`, `: the last transform left no "attributes"`, "task: want a map, got a list", `soft-dependencies: want a list, got "y"`,
	}, got)
}

func TestNewTask(t *testing.T) {
	stub := value.MapOf("label", "l", "description", "d", "attributes", value.MapOf("a", 1), "task", value.NewMap(0), "dependencies", value.MapOf("n", "x"))
	task, err := newTask("k", stub)
	assert.NoError(t, err)
	task.intern(value.NewInterner(1))
	assert.True(t, value.Equal(value.MapOf("a", 1, "kind", "k").Value(), task.Attributes.Value()))
	assert.Equal(t, 0, task.SoftDependencies.Len())
	want := value.MapOf("attributes", task.Attributes, "dependencies", value.MapOf("n", "x"), "description", "d", "if_dependencies", value.NewList(), "kind", "k",
		"label", "l", "optimization", nil, "soft_dependencies", value.NewList(), "task", value.NewMap(0))
	assert.True(t, value.Equal(want.Value(), task.Document().Value()))
	task.TaskID = "id"
	assert.Equal(t, "id", task.Document().Str("task_id"))
}

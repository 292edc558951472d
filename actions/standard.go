package actions

import (
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// Register registers the actions that every project has unless it disables them.
func Register(r *taskgraph.Registry) {
	r.Actions.Add("retrigger-decision", &taskgraph.Action{
		Name: "retrigger", Title: "Retrigger", Symbol: "rt", Order: 11, Permission: "retrigger-decision",
		Description: "Create a clone of the task (retriggering decision, action, and cron tasks requires\nspecial scopes).",
		Context:     ForTasks(value.MapOf("kind", "decision-task"), value.MapOf("kind", "action-callback"), value.MapOf("kind", "cron-task")),
		Run:         retriggerDecision,
	})
	r.Actions.Add("retrigger", &taskgraph.Action{
		Name: "retrigger", Title: "Retrigger", Symbol: "rt", Order: 19,
		Description: "Create a clone of the task.",
		Context:     ForTasks(value.MapOf("retrigger", "true")),
		Schema:      Schema(downstreamProperty, timesProperty),
		Run:         retrigger,
	})
	r.Actions.Add("retrigger-disabled", &taskgraph.Action{
		Name: "retrigger", Title: "Retrigger (disabled)", Symbol: "rt", Order: 20,
		Description: "Create a clone of the task.\n\nThis type of task should typically be re-run instead of re-triggered.",
		Context:     ForTasks(value.NewMap(0)),
		Schema:      Schema(downstreamProperty, timesProperty, forceProperty),
		Run:         retrigger,
	})
	r.Actions.Add("add-new-jobs", &taskgraph.Action{
		Name: "add-new-jobs", Title: "Add new jobs", Symbol: "add-new", Order: 100,
		Description: "Add new jobs using task labels.",
		Schema:      Schema(tasksProperty, timesProperty),
		Run:         addNewJobs,
	})
	r.Actions.Add("rerun", &taskgraph.Action{
		Name: "rerun", Title: "Rerun", Symbol: "rr", Order: 300,
		Description: "Rerun a task.\n\nThis only works on failed or exception tasks in the original taskgraph, and is CoT friendly.",
		Context:     ForTasks(value.NewMap(0)),
		Schema:      Schema(),
		Run:         rerun,
	})
	r.Actions.Add("cancel", &taskgraph.Action{
		Name: "cancel", Title: "Cancel Task", Symbol: "cx", Order: 350,
		Description: "Cancel the given task",
		Context:     ForTasks(value.NewMap(0)),
		Run:         cancel,
	})
	r.Actions.Add("cancel-all", &taskgraph.Action{
		Name: "cancel-all", Title: "Cancel All", Symbol: "cAll", Order: 400,
		Description: "Cancel all running and pending tasks created by the decision task this action task is associated with.",
		Run:         cancelAll,
	})
	r.Actions.Add("rebuild-cached-tasks", &taskgraph.Action{
		Name: "rebuild-cached-tasks", Title: "Rebuild Cached Tasks", Symbol: "rebuild-cached", Order: 1000, Permission: "rebuild-cached-tasks",
		Description: "Rebuild cached tasks.",
		Run:         rebuildCachedTasks,
	})
	r.Actions.Add("retrigger-multiple", &taskgraph.Action{
		Name: "retrigger-multiple", Title: "Retrigger", Symbol: "rt", Order: 10000,
		Description: "Create a clone of the task.",
		Schema:      retriggerMultipleSchema,
		Run:         retriggerMultiple,
	})
}

// ForTasks gives the context of an action for tasks whose tags hold one of the sets. An empty set is in the tags of any task.
func ForTasks(tagSets ...*value.Map) func(*parameters.Params) (*value.List, error) {
	list := value.NewList()
	for _, set := range tagSets {
		list.Append(set.Value())
	}
	list.Freeze()
	return func(*parameters.Params) (*value.List, error) { return list, nil }
}

// A Property is a property of an action's input.
type Property struct {
	Name   string
	Schema *value.Map
}

// Schema gives the schema of an input that is an object with the properties, none of them required.
func Schema(properties ...Property) func(*taskgraph.GraphConfig) (value.Value, error) {
	all := value.NewMap(len(properties))
	for _, p := range properties {
		all.Set(p.Name, p.Schema.Copy().Value())
	}
	schema := value.MapOf("type", "object", "properties", all)
	schema.Freeze()
	return func(*taskgraph.GraphConfig) (value.Value, error) { return schema.Value(), nil }
}

// The properties that several actions have.
var (
	downstreamProperty = Property{"downstream", value.MapOf(
		"type", "boolean", "default", false,
		"description", "If true, downstream tasks from this one will be cloned as well. The dependencies will be updated to work with the new task at the root.",
	)}
	timesProperty = Property{"times", value.MapOf(
		"type", "integer", "default", 1, "minimum", 1, "maximum", 100, "title", "Times", "description", "How many times to run each task.",
	)}
	forceProperty = Property{"force", value.MapOf(
		"type", "boolean", "default", false,
		"description", "This task should not be re-triggered. This can be overridden by passing `true` here.",
	)}
	tasksProperty = Property{"tasks", value.MapOf(
		"type", "array", "description", "An array of task labels", "items", value.MapOf("type", "string"),
	)}
)

// retriggerMultipleSchema is the reference's to the letter: its inner additionalProperties is a property of that name.
func retriggerMultipleSchema(*taskgraph.GraphConfig) (value.Value, error) {
	times := timesProperty.Schema.Copy()
	times.Delete("default")
	request := value.MapOf(
		"type", "object", "additionalProperties", false,
		"properties", value.MapOf("tasks", tasksProperty.Schema.Copy(), "times", times),
	)
	return value.MapOf("type", "object", "properties", value.MapOf(
		"requests", value.MapOf("type", "array", "items", request),
		"additionalProperties", false,
	)).Value(), nil
}

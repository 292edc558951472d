package taskgraph

import (
	"context"

	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/value"
)

// Action is something that people can do to a push after its graph was made, by a button that triggers a hook. The registry
// holds it under the name of its callback, which is unique; its own name need not be.
//
// A decision task asks Available, Context and Schema, to write actions.json; none of them does anything. The action task
// asks Schema, checks the input against it, and calls Run, once. All of them are called from one goroutine. An error of the
// first three ends the decision task, one of Run the action task.
type Action struct {
	// Name and Title are what programs and people know it by. Neither is empty.
	Name, Title string
	// Description is Markdown.
	Description string
	// Symbol stands for the action task in Treeherder: 1 to 25 characters, or more where it has something that JSON-e
	// fills in.
	Symbol string
	// Order is the place in menus: smaller comes first, 10000 where it does not matter.
	Order int
	// Permission names the hook that runs the action, and so the scopes that it has; "" means generic.
	Permission string
	// Context says, by their tags, which tasks the action is for: a list of maps, one of which a task's tags must hold. nil, or
	// no map, means the action is for the task group, not for a task; a list with an empty map means any task.
	Context func(params *parameters.Params) (*value.List, error)
	// Available says whether the action is offered; nil means always.
	Available func(params *parameters.Params) (bool, error)
	// Schema gives the JSON Schema of the input; nil, or null, means the action takes none.
	Schema func(graph *GraphConfig) (value.Value, error)
	// Run does it. It is not nil.
	Run func(args *ActionArgs) error
}

// ActionArgs is what an action runs with. All of it is read-only.
type ActionArgs struct {
	// Context ends when the task is told to stop.
	Context context.Context
	// Project is the tree at the revision of the push.
	Project *Project
	Graph   *GraphConfig
	// Params are those of the decision task of the push.
	Params *parameters.Params
	// Input is what the person gave, which the schema allows; null where the action takes none.
	Input value.Value
	// TaskGroupID is the group that the action was triggered for; TaskID is the task, "" for an action on the whole group.
	TaskGroupID, TaskID string
}

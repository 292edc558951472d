package taskgraph

import (
	"context"
	"log/slog"
	"time"

	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/value"
)

// Action is something that people can do to a push after its graph was made, by a button that triggers a hook. The registry
// holds it under the name of its callback, which is unique; its own name need not be: of several with one name the first that
// is for a task counts.
//
// A decision task asks Available, Context and Schema, to write actions.json; none of them does anything. The action task asks
// them again, checks the task and the input against what they give, and calls Run, once. All of them are called from one
// goroutine. An error of the first three ends the decision task, one of Run the action task.
type Action struct {
	// Name is what machines call it, Title is what stands on the button: each up to 255 characters.
	Name, Title string
	// Description is Markdown, up to 4,096 characters.
	Description string
	// Symbol stands for the action task in Treeherder, 1 to 25 characters, or more where it is JSON-e.
	Symbol string
	// Order is the place in menus: smaller comes first, 10000 where it does not matter.
	Order int
	// Permission names the hook that runs the action, and so the scopes that it has; "" means generic. It has no slash.
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

// ActionArgs is what an action runs with. Nothing in it is nil. In a trial run the same code runs, but what would change
// something only says so.
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
	// TaskGroupID is the group that the action was triggered for; TaskID is the task, "" for an action on the whole group, and
	// Task is its definition, nil for such an action.
	TaskGroupID, TaskID string
	Task                *value.Map
	// OwnTaskID is the task that runs the action, "" in a trial run outside of one.
	OwnTaskID string

	// Push gives the graph of the push, with all that was added to it until now. It is fetched once.
	Push func(ctx context.Context) (*PushGraph, error)
	// Tasks creates tasks.
	Tasks ActionTasks
	// Queue works on tasks that exist, Index finds them.
	Queue ActionQueue
	Index ActionIndex
	// Hooks triggers actions of this push or of others, Caches empties caches of workers.
	Hooks  ActionHooks
	Caches ActionCaches
	// Pushes finds the pushes before this one.
	Pushes ActionPushes

	// Clock gives the time.
	Clock func() time.Time
	// Log is told what is done.
	Log *slog.Logger
}

// PushGraph is what was decided for a push and what actions and cron tasks added to it. It is immutable.
type PushGraph struct {
	// DecisionTaskID is the decision task, whose id is that of the task group, too.
	DecisionTaskID string
	// Full is the full task graph.
	Full *TaskGraph
	// LabelToTaskID gives the newest task of each label.
	LabelToTaskID map[string]string
	// TaskIDs gives all tasks of each label, the oldest first.
	TaskIDs map[string][]string
}

// ActionTasks creates tasks for an action and leaves artifacts that say which.
type ActionTasks interface {
	// Create creates tasks of a push's graph again, with whatever they depend on that does not exist. It gives the ids of
	// those tasks and of what they depend on.
	Create(ctx context.Context, request TaskRequest) (map[string]string, error)
	// Combine makes task-graph.json, label-to-taskid.json and to-run.json of those that [ActionTasks.Create] left under the
	// suffixes.
	Combine(ctx context.Context, suffixes []string) error
	// CreateDefinition creates one task of a definition, which may hold relative-datestamps, and gives its id. Its group and
	// dependencies are those of the definition.
	CreateDefinition(ctx context.Context, definition *value.Map) (string, error)
	// Decide generates the graph of this tree for the parameters and creates its tasks in a group of their own, named by the
	// action task, with the artifacts of a decision task.
	Decide(ctx context.Context, params *parameters.Params) error
}

// TaskRequest says which tasks to create.
type TaskRequest struct {
	// From is the graph that has them.
	From *PushGraph
	// Labels are the tasks that are created in any case, whether or not they exist.
	Labels []string
	// Params are those of the push; nil stands for those of the action.
	Params *parameters.Params
	// GroupID is the task group for them: "" is that of the push, and the action's own task id begins a group.
	GroupID string
	// Suffix ends the names of the artifacts and sets the ids of these tasks apart from those of other requests of one action.
	Suffix string
	// Change changes tasks before they are created: the requested ones and those that they depend on. It gets a copy, whose
	// definition and attributes are its own to change. nil changes nothing.
	Change func(t *Task) error
}

// ActionQueue is what actions need of the queue service.
type ActionQueue interface {
	// Definition gives the definition of a task.
	Definition(ctx context.Context, taskID string) (*value.Map, error)
	// State gives how a task fares: unscheduled, pending, running, completed, failed or exception; "" where it is not known.
	State(ctx context.Context, taskID string) (string, error)
	// Rerun runs a task again. Cancel ends one; it does nothing for a task that is past its deadline.
	Rerun(ctx context.Context, taskID string) error
	Cancel(ctx context.Context, taskID string) error
	// GroupStates gives the state of each task of a group.
	GroupStates(ctx context.Context, taskGroupID string) (map[string]string, error)
	// Artifact gives the content of an artifact of a task's newest run. Where there is none the error satisfies
	// [taskcluster.IsNotFound].
	Artifact(ctx context.Context, taskID, name string) ([]byte, error)
	// Artifacts gives the names of the artifacts of a task's newest run, sorted.
	Artifacts(ctx context.Context, taskID string) ([]string, error)
}

// ActionIndex is what actions need of the index service.
type ActionIndex interface {
	// Find gives the task at an index path. Where there is none the error satisfies [taskcluster.IsNotFound].
	Find(ctx context.Context, path string) (string, error)
	// List gives the tasks right below a namespace, sorted.
	List(ctx context.Context, namespace string) ([]string, error)
}

// ActionHooks triggers actions.
type ActionHooks interface {
	// Trigger triggers the action with a name that is for a task, or for the whole group where taskID is "", as offered by the
	// decision task of a group. It gives the id of the action task.
	Trigger(ctx context.Context, taskGroupID, taskID, name string, input value.Value) (string, error)
}

// ActionCaches empties caches.
type ActionCaches interface {
	// Purge makes the workers of a pool drop a cache before they run their next task.
	Purge(ctx context.Context, workerPoolID, cache string) error
}

// ActionPushes finds pushes.
type ActionPushes interface {
	// Before gives up to n pushes to the same branch before the one of the parameters, the newest first; with inclusive that one,
	// too, beyond the n.
	Before(ctx context.Context, params *parameters.Params, n int, inclusive bool) ([]PushedTo, error)
}

// PushedTo is a push to a repository.
type PushedTo struct {
	// ID numbers the push where the repository numbers them, as Mercurial's pushlog does; "" elsewhere.
	ID string
	// Revision is the head.
	Revision string
}

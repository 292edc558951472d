package actions

import (
	"context"
	"slices"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskcluster/actionlist"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// What actions get of the deployment. In a trial, what would change something says so instead.
type (
	queue    struct{ *runner }
	index    struct{ *runner }
	hooks    struct{ *runner }
	caches   struct{ *runner }
	noPushes struct{}
)

var (
	_ taskgraph.ActionQueue  = queue{}
	_ taskgraph.ActionIndex  = index{}
	_ taskgraph.ActionHooks  = hooks{}
	_ taskgraph.ActionCaches = caches{}
	_ taskgraph.ActionPushes = noPushes{}
)

// would says what a trial leaves out, and whether this is one.
func (r *runner) would(what string, args ...any) bool {
	if r.Trial {
		r.Log.Info("would "+what, args...)
	}
	return r.Trial
}

func (q queue) Definition(ctx context.Context, taskID string) (*value.Map, error) {
	return Definition(ctx, q.Services, &q.reader, taskID)
}

// Definition gives the definition of a task.
func Definition(ctx context.Context, s TaskReader, r *value.Reader, taskID string) (*value.Map, error) {
	text, err := s.Task(ctx, taskID)
	if err != nil {
		return nil, diag.Errorf(diag.Network, 0, "the definition of task %s: %w", taskID, err)
	}
	doc, err := r.JSON("task "+taskID, text)
	if err != nil {
		return nil, err
	}
	if doc.Map() == nil {
		return nil, diag.Errorf(diag.WrongType, doc.Pos(), "want the definition of a task, got %s", doc.Describe())
	}
	doc.Map().Freeze()
	return doc.Map(), nil
}

// Tags gives the tags of a task; they are never nil, which would stand for a whole group.
func Tags(definition *value.Map) *value.Map {
	if tags := definition.At("tags").Map(); tags != nil {
		return tags
	}
	return value.NewMap(0)
}

func (q queue) State(ctx context.Context, taskID string) (string, error) {
	state, err := q.Services.TaskState(ctx, taskID)
	if taskcluster.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", diag.Errorf(diag.Network, 0, "the state of task %s: %w", taskID, err)
	}
	return state, nil
}

func (q queue) Rerun(ctx context.Context, taskID string) error {
	if q.would("rerun", "task", taskID) {
		return nil
	}
	if err := q.Services.RerunTask(ctx, taskID); err != nil {
		return diag.Errorf(diag.Network, 0, "task %s could not be run again: %w", taskID, err)
	}
	return nil
}

func (q queue) Cancel(ctx context.Context, taskID string) error {
	if q.would("cancel", "task", taskID) {
		return nil
	}
	switch err := q.Services.CancelTask(ctx, taskID); {
	case taskcluster.IsConflict(err):
		// It does not run any more, which is all that was wanted.
		q.Log.Info("a task is past its deadline and cannot be cancelled", "task", taskID)
	case err != nil:
		return diag.Errorf(diag.Network, 0, "task %s could not be cancelled: %w", taskID, err)
	}
	return nil
}

func (q queue) GroupStates(ctx context.Context, taskGroupID string) (map[string]string, error) {
	return q.Services.GroupStates(ctx, taskGroupID)
}

func (q queue) Artifact(ctx context.Context, taskID, name string) ([]byte, error) {
	return q.Services.Artifact(ctx, taskID, name)
}

func (q queue) Artifacts(ctx context.Context, taskID string) ([]string, error) {
	return q.Services.ListArtifacts(ctx, taskID)
}

func (i index) Find(ctx context.Context, path string) (string, error) {
	return i.Services.FindTask(ctx, path)
}

func (i index) List(ctx context.Context, namespace string) ([]string, error) {
	return i.Services.ListTasks(ctx, namespace)
}

// Trigger triggers an action that a decision task offers.
func (h hooks) Trigger(ctx context.Context, taskGroupID, taskID, name string, input value.Value) (string, error) {
	list, err := Offered(ctx, h.Services, &h.reader, taskGroupID)
	if err != nil {
		return "", err
	}
	var tags *value.Map
	if taskID != "" {
		task, err := queue(h).Definition(ctx, taskID)
		if err != nil {
			return "", err
		}
		tags = Tags(task)
	}
	action, err := list.Find(name, tags)
	if err != nil {
		return "", err
	}
	request := actionlist.Request{Action: action, TaskGroupID: taskGroupID, TaskID: taskID, Input: input, Now: h.Clock()}
	if h.Trial {
		if request.Input, err = actionlist.CheckInput(action.Schema, input); err != nil {
			return "", err
		}
		h.would("trigger", "action", name, "group", taskGroupID, "task", taskID, "hook", action.HookGroupID+"/"+action.HookID)
		return "", nil
	}
	return list.Trigger(ctx, h.Services, request)
}

// Offered gives the actions that a decision task offers.
func Offered(ctx context.Context, s ArtifactReader, r *value.Reader, decisionTaskID string) (*actionlist.List, error) {
	const name = "public/actions.json"
	text, err := s.Artifact(ctx, decisionTaskID, name)
	if err != nil {
		return nil, diag.Errorf(diag.Network, 0, "the actions of decision task %s: %w", decisionTaskID, err)
	}
	return actionlist.Parse(r, decisionTaskID+"/"+name, text)
}

func (c caches) Purge(ctx context.Context, workerPoolID, cache string) error {
	if c.would("purge", "pool", workerPoolID, "cache", cache) {
		return nil
	}
	if err := c.Services.PurgeCache(ctx, workerPoolID, cache); err != nil {
		return diag.Errorf(diag.Network, 0, "the cache %q of %s could not be purged: %w", cache, workerPoolID, err)
	}
	return nil
}

// Before finds nothing: it is not known where pushes are listed.
func (noPushes) Before(context.Context, *parameters.Params, int, bool) ([]taskgraph.PushedTo, error) {
	return nil, diag.Errorf(diag.ActionFailed, 0, "it is not known where the pushes to this repository are listed")
}

// states that a task may get out of again.
var unfinished = []string{"unscheduled", "pending", "running"}

func isUnfinished(state string) bool { return slices.Contains(unfinished, state) }

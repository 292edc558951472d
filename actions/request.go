package actions

import (
	"fmt"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/slugid"
	"github.com/taskgraph-go/decision/taskcluster/actionlist"
	"github.com/taskgraph-go/decision/value"
)

// Request is what an action task is to do.
type Request struct {
	// Callback names the action in the registry.
	Callback string
	// TaskGroupID is the group that the action is for, which its decision task gives its id.
	TaskGroupID string
	// TaskID is the task that the action is for, "" for the whole group.
	TaskID string
	// Input is what the person gave.
	Input value.Value
}

// The environment variables of an action task. The id of the task and the input are JSON.
const (
	TaskIDVariable      = "ACTION_TASK_ID"
	TaskGroupIDVariable = "ACTION_TASK_GROUP_ID"
	InputVariable       = "ACTION_INPUT"
	CallbackVariable    = "ACTION_CALLBACK"
)

// RequestFromEnvironment reads a request from the environment of an action task. All mistakes are said at once.
func RequestFromEnvironment(env func(string) string, r *value.Reader) (Request, error) {
	req := Request{Callback: env(CallbackVariable), TaskGroupID: env(TaskGroupIDVariable)}
	var errs diag.List
	for _, name := range []string{CallbackVariable, TaskGroupIDVariable} {
		if env(name) == "" {
			errs.Add(diag.Errorf(diag.NotOffered, 0, "%s is not set", name).WithHint("the hook of the action sets it in the action task"))
		}
	}
	if text := env(TaskIDVariable); text != "" {
		v, err := actionlist.ParseInput(r, TaskIDVariable, []byte(text))
		switch {
		case err != nil:
			errs.Add(err)
		case v.IsString():
			req.TaskID = v.Str()
		case !v.IsNull():
			errs.Add(diag.Errorf(diag.NotOffered, v.Pos(), "want a task id or null, got %s", v.Describe()).InFile(TaskIDVariable))
		}
	}
	if text := env(InputVariable); text != "" {
		var err error
		if req.Input, err = actionlist.ParseInput(r, InputVariable, []byte(text)); err != nil {
			errs.Add(err)
		}
	}
	return req, errs.Err(r.Sources)
}

// checkIDs says whether the ids of a request are some.
func (r *Request) checkIDs() error {
	var errs diag.List
	for what, id := range map[string]string{"task group": r.TaskGroupID, "task": r.TaskID} {
		if id != "" && !slugid.Valid(id) || id == "" && what == "task group" {
			errs.Add(diag.Errorf(diag.NotOffered, 0, "%q is not the id of a %s", id, what))
		}
	}
	return errs.Err(nil)
}

// String names the request for messages.
func (r *Request) String() string {
	if r.TaskID == "" {
		return fmt.Sprintf("%s for group %s", r.Callback, r.TaskGroupID)
	}
	return fmt.Sprintf("%s for task %s of group %s", r.Callback, r.TaskID, r.TaskGroupID)
}

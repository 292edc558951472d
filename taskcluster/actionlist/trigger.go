package actionlist

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskcluster/scopes"
	"github.com/taskgraph-go/decision/value"
	"github.com/taskgraph-go/decision/value/jsone"
)

// Services are what triggering needs of a deployment.
type Services interface {
	// Task gives the definition of a task as JSON.
	Task(ctx context.Context, taskID string) ([]byte, error)
	// ExpandScopes gives what scopes amount to.
	ExpandScopes(ctx context.Context, scopes []string) ([]string, error)
	// TriggerHook fires a hook and gives the id of the task that it created.
	TriggerHook(ctx context.Context, group, id string, payload []byte) (string, error)
}

// Request is an action to trigger.
type Request struct {
	Action *Action
	// TaskGroupID is the group of the decision task that offers the action, TaskID the task that it is for, "" for the group.
	TaskGroupID, TaskID string
	Input               value.Value
	// Now is the time for templates that ask for it; zero is none.
	Now time.Time
}

// Payload renders the payload of the hook for a request.
func (l *List) Payload(r Request) ([]byte, error) {
	vars := value.NewMap(5)
	vars.Update(l.Variables)
	vars.Set("taskGroupId", value.NewString(r.TaskGroupID))
	vars.Set("taskId", value.Value{})
	if r.TaskID != "" {
		vars.Set("taskId", value.NewString(r.TaskID))
	}
	vars.Set("input", r.Input)
	if !r.Now.IsZero() {
		vars.Set("now", value.NewString(r.Now.UTC().Format(taskcluster.TimeFormat)))
	}
	payload, err := jsone.Render(r.Action.HookPayload, vars, jsone.Options{Limits: jsone.Limits{Steps: 30_000}})
	if err != nil {
		return nil, err
	}
	return value.AppendJSON(nil, payload, value.JSONStyle{}, 0)
}

// Trigger checks the input, renders the payload and triggers the hook. It gives the id of the action task.
func (l *List) Trigger(ctx context.Context, s Services, r Request) (string, error) {
	var err error
	if r.Input, err = CheckInput(r.Action.Schema, r.Input); err != nil {
		return "", err
	}
	payload, err := l.Payload(r)
	if err != nil {
		return "", err
	}
	if err := vouched(ctx, s, r); err != nil {
		return "", err
	}
	id, err := s.TriggerHook(ctx, r.Action.HookGroupID, r.Action.HookID, payload)
	if err != nil {
		d := diag.Errorf(diag.Network, 0, "the hook %s/%s could not be triggered: %w", r.Action.HookGroupID, r.Action.HookID, err)
		if refusal, ok := errors.AsType[*taskcluster.Error](err); ok {
			// The first line is in the message; details of the request follow behind a rule.
			said, _, _ := strings.Cut(refusal.Message, "\n---\n")
			for _, line := range strings.Split(strings.TrimSpace(said), "\n")[1:] {
				if line = strings.TrimSpace(line); line != "" && len(d.Related) < 20 {
					d.Related = append(d.Related, diag.Related{Message: line})
				}
			}
		}
		return "", d
	}
	return id, nil
}

// vouched checks that the decision task may name the hook: somebody who can publish a list of actions could otherwise make others
// trigger any hook that they have the scopes for.
func vouched(ctx context.Context, s Services, r Request) error {
	text, err := s.Task(ctx, r.TaskGroupID)
	if err != nil {
		return diag.Errorf(diag.Network, 0, "the decision task %s: %w", r.TaskGroupID, err)
	}
	var task struct {
		Scopes []string `json:"scopes"`
	}
	if err := json.Unmarshal(text, &task); err != nil {
		return diag.Errorf(diag.Network, 0, "the definition of the decision task %s is no JSON: %w", r.TaskGroupID, err)
	}
	have, err := s.ExpandScopes(ctx, task.Scopes)
	if err != nil {
		return err
	}
	need := "in-tree:hook-action:" + r.Action.HookGroupID + "/" + r.Action.HookID
	if !scopes.Satisfy(have, need) {
		return diag.Errorf(diag.NotPermitted, 0, "the decision task %s has no scope for the hook that it names: %s", r.TaskGroupID, need).
			WithHint("whoever made its actions.json must not make others trigger hooks that the decision task may not name")
	}
	return nil
}

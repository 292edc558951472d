package actionlist

import (
	"context"
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
	need, ok, err := Vouched(ctx, s, r.TaskGroupID, r.Action.HookGroupID, r.Action.HookID)
	if err != nil {
		return "", err
	}
	if !ok {
		return "", diag.Errorf(diag.NotPermitted, 0, "the decision task %s has no scope for the hook that it names: %s", r.TaskGroupID, need).
			WithHint("whoever made its actions.json must not make others trigger hooks that the decision task may not name")
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

// Vouched says whether a decision task may name a hook, and the scope that this takes: somebody who can publish a list of actions could
// otherwise make others trigger any hook that they have the scopes for.
func Vouched(ctx context.Context, s Services, decisionTaskID, hookGroup, hookID string) (scope string, ok bool, err error) {
	text, err := s.Task(ctx, decisionTaskID)
	if err != nil {
		return "", false, diag.Errorf(diag.Network, 0, "the decision task %s: %w", decisionTaskID, err)
	}
	task, err := (&value.Reader{}).JSON("task "+decisionTaskID, text)
	if err != nil {
		return "", false, err
	}
	have, err := s.ExpandScopes(ctx, task.Map().At("scopes").List().Strings())
	if err != nil {
		return "", false, err
	}
	scope = "in-tree:hook-action:" + hookGroup + "/" + hookID
	return scope, scopes.Satisfy(have, scope), nil
}

package cron

import (
	"context"
	"fmt"
	"time"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskcluster/actionlist"
	"github.com/taskgraph-go/decision/value"
)

// actionsName is the artifact of a decision task that says which actions there are.
const actionsName = "public/actions.json"

// action runs a job that triggers an action of the push's decision task.
func (r *run) action(ctx context.Context, out *Outcome) error {
	job := out.Job.Action
	if r.Project.TrustDomain == "" {
		return diag.Errorf(diag.BadCron, out.Job.pos, "an action is found by the trust domain of the project, which is not known").WithHint("say --trust-domain")
	}
	path := taskcluster.DecisionPath(r.Project.TrustDomain, r.Project.Name, r.at.push.Revision)
	group, err := r.Services.FindTask(ctx, path)
	if err != nil {
		return fmt.Errorf("finding the decision task of the push: %w", err)
	}
	text, err := r.Services.Artifact(ctx, group, actionsName)
	if err != nil {
		return err
	}
	reader := &value.Reader{Limits: value.Limits{Bytes: 16 << 20, Depth: 100, Nodes: 1_000_000}}
	v, err := reader.JSON(actionsName+" of task "+group, text)
	if err != nil {
		return err
	}
	actions := v.Map()
	if version, _ := actions.At("version").AsInt(); version != 1 {
		return diag.Errorf(diag.BadCron, out.Job.pos, "%s of task %s has version %s, and only 1 is known", actionsName, group, actions.At("version").Describe())
	}
	action, err := groupAction(actions.At("actions").List(), job.Name, out.Job.pos)
	if err != nil {
		return err
	}
	input := r.input(job.IncludeInput)
	if job.ExtraInput != nil {
		input.Update(job.ExtraInput)
	}
	if err := validInput(action, input, out.Job); err != nil {
		return err
	}
	hookGroup, hookID := action.Str("hookGroupId"), action.Str("hookId")
	// A repository must not reach hooks of another one by means of its actions.json.
	scope, ok, err := actionlist.Vouched(ctx, r.Services, group, hookGroup, hookID)
	if err != nil {
		return err
	}
	if !ok {
		return diag.Errorf(diag.Submission, out.Job.pos, "the decision task %s lacks the scope %s, so that its actions must not trigger that hook", group, scope)
	}
	variables := value.MapOf("taskGroupId", group, "taskId", nil, "input", input, "now", r.Clock().UTC().Format(taskcluster.TimeFormat))
	if m := actions.At("variables").Map(); m != nil {
		variables.Update(m)
	}
	rendered, err := r.Render(action.At("hookPayload"), variables, nil)
	if err != nil {
		return diag.Placed(err, out.Job.pos, "")
	}
	payload := rendered.Map()
	if payload == nil {
		return diag.Errorf(diag.BadCron, out.Job.pos, "the payload of action %q is %s instead of a map", job.Name, rendered.Describe())
	}
	out.Hook, out.Definition, out.State = hookGroup+"/"+hookID, payload, Created
	if r.DryRun {
		return nil
	}
	if out.TaskID, err = r.triggered(ctx, hookGroup, hookID, group, payload); err != nil || out.TaskID != "" {
		out.State = Existed
		return err
	}
	text, err = value.AppendJSON(nil, payload.Value(), value.JSONStyle{}, 0)
	if err != nil {
		return err
	}
	if out.TaskID, err = r.Services.TriggerHook(ctx, hookGroup, hookID, text); err != nil && ctx.Err() == nil {
		return diag.Errorf(diag.Submission, 0, "hook %s could not be triggered: %w", out.Hook, err)
	}
	return err
}

// groupAction finds an action for whole groups as people's tools do: the first of its name counts.
func groupAction(actions *value.List, name string, pos diag.Pos) (*value.Map, error) {
	var names []string
	for v := range actions.Values() {
		a := v.Map()
		if a.At("context").List().Len() > 0 || a.Str("name") == "" {
			continue
		}
		if a.Str("name") != name {
			names = append(names, a.Str("name"))
			continue
		}
		if a.Str("kind") != "hook" {
			return nil, diag.Errorf(diag.BadCron, pos, "action %q is of the kind %q, and only hooks can be triggered", name, a.Str("kind"))
		}
		return a, nil
	}
	return nil, diag.Errorf(diag.BadCron, pos, "the push has no action %q for the whole group", name).WithHint("%s", diag.DidYouMean(name, names))
}

// validInput checks the input of a job against what its action says about input. An action without a schema takes none, and
// then it does not matter.
func validInput(action, input *value.Map, job *Job) error {
	schema, ok := action.Get("schema")
	if !ok {
		return nil
	}
	mistakes, err := actionlist.Mistakes(schema, input.Value())
	if err != nil {
		return diag.Errorf(diag.BadCron, job.pos, "the schema of action %q cannot be used: %w", job.Action.Name, err)
	}
	var errs diag.List
	for _, m := range mistakes {
		errs.Add(diag.Errorf(diag.BadCron, job.pos, "the input of action %q: %s", job.Action.Name, m.Message).WithPath("input" + m.Pointer))
	}
	return errs.Err(nil)
}

// triggered gives the task that an earlier try made of the same action in this quarter, "" where there is none. A hook cannot
// be told which task to make, so its last fires are looked through. Where that is not allowed only a cron task that runs for the
// first time goes on.
func (r *run) triggered(ctx context.Context, hookGroup, hookID, group string, payload *value.Map) (string, error) {
	fires, err := r.Services.LastFires(ctx, hookGroup, hookID)
	if taskcluster.IsForbidden(err) {
		scope := "hooks:list-last-fires:" + hookGroup + "/" + hookID
		if r.Retry {
			return "", diag.Errorf(diag.Submission, 0, "an earlier try may have triggered hook %s/%s already: %w", hookGroup, hookID, err).WithHint("give cron the scope %s", scope)
		}
		r.Log.Warn("whether a hook was triggered before cannot be seen, so that it may be triggered twice", "hook", hookGroup+"/"+hookID, "scope", scope)
		return "", nil
	}
	if err != nil {
		return "", diag.Errorf(diag.Network, 0, "the last fires of hook %s/%s: %w", hookGroup, hookID, err)
	}
	since := r.quarter
	if r.Force != "" {
		since = r.Created
	}
	for _, fire := range fires {
		if at, err := time.Parse(time.RFC3339Nano, fire.TaskCreateTime); err != nil || at.Before(since) || fire.Result != "success" {
			continue
		}
		text, err := r.Services.Task(ctx, fire.TaskID)
		if taskcluster.IsNotFound(err) {
			continue
		}
		if err != nil {
			return "", diag.Errorf(diag.Network, 0, "task %s: %w", fire.TaskID, err)
		}
		v, err := (&value.Reader{}).JSON("task "+fire.TaskID, text)
		if err == nil && sameAction(v.Map(), group, payload) {
			return fire.TaskID, nil
		}
	}
	return "", nil
}

// sameAction says whether a task is an action task for the group with what a payload says. The environment of an action task
// tells: callbacks take from it what to do.
func sameAction(task *value.Map, group string, payload *value.Map) bool {
	env := task.At("payload").Map().At("env").Map()
	action, user := payload.At("decision").Map().At("action").Map(), payload.At("user").Map()
	if env.Str("ACTION_TASK_GROUP_ID") != group || env.Str("ACTION_CALLBACK") == "" || env.Str("ACTION_CALLBACK") != action.Str("cb_name") {
		return false
	}
	for key, want := range map[string]value.Value{"ACTION_TASK_ID": user.At("taskId"), "ACTION_INPUT": user.At("input")} {
		got, err := (&value.Reader{}).JSON(key, []byte(env.Str(key)))
		if err != nil || !value.Equal(got, want) {
			return false
		}
	}
	return true
}

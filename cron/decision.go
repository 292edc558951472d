package cron

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/slugid"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// noTaskID stands for the id of the cron task where there is none.
const noTaskID = "<cron task id>"

// Arguments gives what the job adds to the command line of the decision task.
func (t *DecisionTask) Arguments() []string {
	args := []string{"--target-tasks-method=" + t.TargetTasksMethod}
	if b := t.OptimizeTargetTasks; b != nil {
		if *b {
			args = append(args, "--optimize-target-tasks=true")
		} else {
			args = append(args, "--optimize-target-tasks=false")
		}
	}
	if t.IncludePushTasks {
		args = append(args, "--include-push-tasks")
	}
	for _, kind := range t.RebuildKinds {
		args = append(args, "--rebuild-kind="+kind)
	}
	return args
}

var unsafe = regexp.MustCompile(`[^a-zA-Z0-9_@%+=:,./-]`)

// quoted joins arguments for a shell. It quotes as Python does, because .taskcluster.yml puts the result into a command, and
// programs that verify tasks compare the two.
func quoted(args []string) string {
	out := make([]string, len(args))
	for i, a := range args {
		if a == "" || unsafe.MatchString(a) {
			a = "'" + strings.ReplaceAll(a, "'", `'"'"'`) + "'"
		}
		out[i] = a
	}
	return strings.Join(out, " ")
}

// moment is what differs between two tries of the same job.
type moment struct {
	now    time.Time
	taskID string // of the cron task
}

// decision runs a job that makes a decision task.
func (r *run) decision(ctx context.Context, out *Outcome) error {
	m := moment{r.Clock().UTC().Truncate(time.Millisecond), r.TaskID}
	id, def, err := r.define(ctx, r.at, out.Job, m)
	if err != nil {
		return err
	}
	out.TaskID, out.Definition, out.State = id, def, Created
	if r.DryRun {
		return nil
	}
	text, err := value.AppendJSON(nil, def.Value(), value.JSONStyle{}, 0)
	if err != nil {
		return err
	}
	err = r.Services.CreateTask(ctx, id, text)
	switch {
	case err == nil:
		return nil
	case taskcluster.IsConflict(err):
		err = r.settle(ctx, out, m, err)
		out.State = Existed
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return diag.Errorf(diag.Submission, 0, "the decision task could not be created: %w", err)
}

// define gives the decision task of a job: its id and its definition. Both depend on nothing but the arguments, and the id
// not on the moment.
func (r *run) define(ctx context.Context, at *tree, j *Job, m moment) (string, *value.Map, error) {
	template, err := at.template(ctx)
	if err != nil {
		return "", nil, err
	}
	ownID := taskgraph.TaskID(r.identity(), j.Name)
	if m.taskID == "" {
		m.taskID = noTaskID
	}
	rendered, err := r.Render(template, value.MapOf(
		"tasks_for", "cron", "repository", r.Project.values(), "push", at.push.values(), "taskcluster_root_url", r.RootURL, "ownTaskId", ownID,
		"now", m.now.Format(taskcluster.TimeFormat),
		"cron", value.MapOf("task_id", m.taskID, "job_name", j.Name, "job_symbol", j.Decision.Symbol,
			"quoted_args", quoted(j.Decision.Arguments()), "input", r.input(j.Decision.IncludeInput)),
	), map[string]func(string) string{
		// Another name is another task id, and always the same one.
		"as_slugid": func(name string) string { return taskgraph.TaskID(ownID, name) },
	})
	if err != nil {
		return "", nil, diag.Placed(err, template.Pos(), "")
	}
	tasks := rendered.Map().At("tasks").List()
	if tasks == nil || tasks.Len() != 1 || tasks.At(0).Map() == nil {
		return "", nil, diag.Errorf(diag.BadTemplate, tasksPos(template), "want exactly one task where tasks_for is cron, got %s", describeTasks(rendered)).WithPath("tasks")
	}
	def := tasks.At(0).Map().Copy()
	id, ok := def.Delete("taskId")
	if !ok {
		return ownID, def, nil
	}
	if !slugid.Valid(id.Str()) {
		return "", nil, diag.Errorf(diag.BadTemplate, tasksPos(template), "want a task id, got %s", id.Describe()).WithPath("tasks[0].taskId").WithHint("use ${ownTaskId}")
	}
	return id.Str(), def, nil
}

// tasksPos gives the place of the tasks in a template.
func tasksPos(template value.Value) diag.Pos {
	if pos := template.Map().KeyPos("tasks"); pos != 0 {
		return pos
	}
	return template.Pos()
}

// describeTasks says what was rendered in the place of one task.
func describeTasks(rendered value.Value) string {
	tasks, ok := rendered.Map().Get("tasks")
	switch {
	case !ok:
		return "no tasks"
	case tasks.List() == nil:
		return tasks.Describe()
	case tasks.List().Len() == 1:
		return "a list of " + tasks.List().At(0).Describe()
	}
	return strconv.Itoa(tasks.List().Len())
}

package decision

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/vcs"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// ParameterOptions are what parameters of a push are made from.
type ParameterOptions struct {
	Push Push
	// Project is the tree, whose graph config may set parameters and name a hook.
	Project *taskgraph.Project
	// Repository is the checkout.
	Repository vcs.Repository
	// Dir is where version.txt and try_task_config.json are looked for.
	Dir string
	// Clock gives the time, for pushes without a date; nil is time.Now.
	Clock func() time.Time
	// Reader reads documents and keeps their text for messages.
	Reader *value.Reader
	// Log is told how the changed files were found.
	Log *slog.Logger
	// Services find the tasks of the push, where they are to be included; nil where there is no network.
	Services Services
	// Pause waits; nil is time's own.
	Pause func(context.Context, time.Duration) error
}

// source names the parameters in messages.
const source = "command line"

// Parameters gives the parameters of a push, checked: those of the command line, what the checkout says, what the
// project sets, what its hook changes, and where that is allowed what the push itself asks for.
//
// All that is wrong with the result is reported at once.
func Parameters(ctx context.Context, o ParameterOptions) (*parameters.Params, error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Reader == nil {
		o.Reader = &value.Reader{Sources: o.Project.Sources}
	}
	if o.Repository == nil {
		return nil, diag.Errorf(diag.Unreadable, 0, "a decision task needs a checkout of git or Mercurial")
	}
	if tool := o.Repository.Tool(); tool != o.Push.RepositoryType {
		o.Log.Warn("the checkout is of another kind than --repository-type says", "checkout", tool, "repository-type", o.Push.RepositoryType)
	}
	message, err := o.Repository.CommitMessage(ctx, "")
	if err != nil && !errors.Is(err, vcs.ErrNotText) {
		return nil, diag.Errorf(diag.Unreadable, 0, "cannot read the commit message: %w", err)
	}
	change, err := FindChange(ctx, o.Repository, &o.Push, o.Log)
	if err != nil {
		if _, failed := errors.AsType[*vcs.Error](err); failed {
			err = diag.Errorf(diag.Unreadable, 0, "cannot tell which files changed: %w", err)
		}
		return nil, err
	}
	o.Log.Info("found the changed files", "files", len(change.Files), "method", string(change.Method), "certainty", string(change.Certainty), "reason", change.Reason)
	values, err := o.values(ctx, change)
	if err != nil {
		return nil, err
	}
	o.forProject(values)
	o.choices(values, message)
	if o.Push.IncludePushTasks {
		tasks, err := o.existing(ctx)
		if err != nil {
			return nil, err
		}
		values.Set("existing_tasks", tasks.Value())
	}
	if err := o.hook(ctx, values); err != nil {
		return nil, err
	}
	if o.Push.AllowParameterOverride {
		if err := o.override(ctx, values); err != nil {
			return nil, err
		}
	}
	checks := parameters.Options{Strict: true, Reader: &value.Reader{Sources: o.Project.Sources}}
	checks.Extensions, checks.Later, err = o.Project.Registry.ParameterExtensionsSoFar()
	if err != nil {
		return nil, err
	}
	return parameters.Make(ctx, source, values, checks)
}

// values gives the parameters of any push.
func (o *ParameterOptions) values(ctx context.Context, change *Change) (*value.Map, error) {
	p := &o.Push
	owner := p.Owner
	if !strings.Contains(owner, "@") { // a task's owner has to be an address
		owner += "@noreply.mozilla.org"
	}
	date := p.Pushdate
	if date == 0 {
		date = o.Clock().Unix()
	}
	version := value.Value{}
	text, ok, err := parameters.NewRepositoryCheckout(o.Dir, o.Repository).Version()
	if err != nil {
		return nil, err
	}
	if ok {
		version = value.NewString(text)
	}
	return value.MapOf(
		"base_repository", p.BaseRepository,
		"base_ref", p.BaseRef,
		"base_rev", change.Base,
		"head_repository", p.HeadRepository,
		"head_rev", p.HeadRev,
		"head_ref", p.HeadRef,
		"head_tag", p.HeadTag,
		"project", p.Project,
		"pushlog_id", p.PushlogID,
		"pushdate", p.Pushdate,
		"repository_type", p.RepositoryType,
		"owner", owner,
		"level", p.Level,
		"target_tasks_method", p.TargetTasksMethod,
		"tasks_for", p.TasksFor,
		"files_changed", change.Files,
		"filters", []string{"target_tasks_method"},
		"optimize_strategies", nil,
		"optimize_target_tasks", true,
		"existing_tasks", value.NewMap(0),
		"do_not_optimize", []string{},
		"enable_always_target", true,
		"build_number", 1,
		"version", version,
		"next_version", nil,
		"build_date", date,
		"moz_build_date", time.Unix(date, 0).UTC().Format("20060102150405"),
	), nil
}

// forProject sets the parameters that the project has of its own: those that are registered, then those of the graph
// config. Each of both has an entry for the project, or else one named default.
func (o *ParameterOptions) forProject(values *value.Map) {
	name := o.Push.Project
	set, ok := o.Project.Registry.ProjectParameters.Get(name)
	if !ok {
		set, _ = o.Project.Registry.ProjectParameters.Get("default")
	}
	values.Update(set)
	section, _ := o.Project.Config.Get("project-parameters")
	own := section.Map().At(name)
	if own.IsNull() {
		own = section.Map().At("default")
	}
	values.Update(own.Map())
}

// choices applies what the command line and the commit message say about the selection of tasks.
func (o *ParameterOptions) choices(values *value.Map, message string) {
	p := &o.Push
	if p.TargetTasksMethod != "" {
		values.Set("target_tasks_method", value.NewString(p.TargetTasksMethod))
	}
	if strings.Contains(message, "DONTBUILD") && (p.TasksFor == "hg-push" || p.TasksFor == "github-push") {
		o.Log.Info("the commit message says DONTBUILD: no task is a target")
		values.Set("target_tasks_method", value.NewString("nothing"))
	}
	if p.OptimizeTargetTasks != nil {
		values.Set("optimize_target_tasks", value.NewBool(*p.OptimizeTargetTasks))
	}
}

// hook lets the repository's own code change the parameters.
func (o *ParameterOptions) hook(ctx context.Context, values *value.Map) (err error) {
	name := o.Project.Config.Taskgraph("decision-parameters")
	if name.IsNull() {
		return nil
	}
	hook, err := o.Project.Registry.ParameterHooks.Find(name.Str(), name.Pos(), diag.UnknownName)
	if err != nil {
		for _, d := range diag.Flatten(err) {
			d.Path = "taskgraph.decision-parameters"
		}
		return o.Project.Resolve(err)
	}
	defer taskgraph.CatchBug(name.Str(), func(bug error) { err = bug })
	return o.Project.Resolve(diag.Placed(hook(&taskgraph.ParameterHookConfig{Context: ctx, Project: o.Project, Graph: o.Project.Config, Params: values}), name.Pos(), "taskgraph.decision-parameters"))
}

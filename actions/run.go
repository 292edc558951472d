package actions

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/dockerimages"
	"github.com/taskgraph-go/decision/internal/repourl"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskcluster/actionlist"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// Options are what actions run with.
type Options struct {
	// Project is the tree whose registry has the actions.
	Project *taskgraph.Project
	// Services is the deployment.
	Services Services
	// OwnTaskID is the action task, from whose id those of new tasks are derived. A trial may do without.
	OwnTaskID string
	// Artifacts is the directory for artifacts, which is made if need be.
	Artifacts string
	// Params stand for those of the decision task; nil fetches these.
	Params *parameters.Params
	// ParamOptions say how parameters of decision tasks are read; Reader and Extensions are set.
	ParamOptions parameters.Options
	// Trial changes nothing: it writes to Out what it would create, and logs what else it would do. It does without the scopes of
	// the action, too.
	Trial bool
	Out   io.Writer
	// RunTask are the programs that tasks run, for actions that make a decision; nil leaves their artifacts out.
	RunTask *dockerimages.RunTask
	// Pushes finds other pushes; nil finds none.
	Pushes taskgraph.ActionPushes
	// Clock gives the time; nil is that of the machine.
	Clock func() time.Time
	// Log is told what is done; nil discards.
	Log *slog.Logger
}

// Run runs the callback of a request. Before that it checks that the action is offered, that this task may run it, that the task
// that it is for is one of the group and one that the action is for, and that the input is what the action takes.
func Run(ctx context.Context, req Request, o Options) error {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Out == nil {
		o.Out = io.Discard
	}
	return o.Project.Resolve((&runner{Options: o, req: req}).run(ctx))
}

// runner is a request at work.
type runner struct {
	Options
	req    Request
	reader value.Reader
}

func (r *runner) run(ctx context.Context) error {
	if err := r.req.checkIDs(); err != nil {
		return err
	}
	r.reader = value.Reader{Sources: r.Project.Sources}
	action, err := r.action()
	if err != nil {
		return err
	}
	if r.Params == nil {
		if r.Params, err = r.parametersOf(ctx, r.req.TaskGroupID); err != nil {
			return err
		}
	}
	if !r.Trial {
		if err := r.checkScopes(ctx, action); err != nil {
			return err
		}
	}
	offer, err := newOffer(r.Project, r.Params, r.req.Callback, action)
	if err != nil {
		return named(err, r.req.Callback)
	}
	if offer == nil {
		return diag.Errorf(diag.NotOffered, 0, "the action %q is not offered for this push", r.req.Callback)
	}
	task, err := r.task(ctx, offer)
	if err != nil {
		return err
	}
	input, err := actionlist.CheckInput(offer.schema, r.req.Input)
	if err != nil {
		for _, d := range diag.Flatten(err) {
			d.InFile(InputVariable)
		}
		return err
	}
	w := newWork(r)
	args := &taskgraph.ActionArgs{
		Context: ctx, Project: r.Project, Graph: r.Project.Config, Params: r.Params, Input: input,
		TaskGroupID: r.req.TaskGroupID, TaskID: r.req.TaskID, Task: task, OwnTaskID: r.OwnTaskID,
		Push: w.push, Tasks: w, Queue: queue{r}, Index: index{r}, Hooks: hooks{r}, Caches: caches{r}, Pushes: r.Pushes,
		Clock: r.Clock, Log: r.Log,
	}
	if args.Pushes == nil {
		args.Pushes = noPushes{}
	}
	r.Log.Info("running an action", "request", r.req.String(), "trial", r.Trial)
	return r.callback(action, args)
}

// callback runs the action itself.
func (r *runner) callback(action *taskgraph.Action, args *taskgraph.ActionArgs) (err error) {
	defer taskgraph.CatchBug("action "+r.req.Callback, func(bug error) { err = bug })
	if err := action.Run(args); err != nil {
		return named(err, r.req.Callback)
	}
	return nil
}

// action finds the action of the request.
func (r *runner) action() (*taskgraph.Action, error) {
	action, err := r.Project.Registry.Actions.Find(r.req.Callback, 0, diag.NotOffered)
	if err != nil {
		return nil, err
	}
	if slices.Contains(r.Project.Config.DisabledActions(), r.req.Callback) {
		return nil, diag.Errorf(diag.NotOffered, r.Project.Config.Taskgraph("disabled-actions").Pos(), "the action %q is disabled", r.req.Callback).
			WithPath("taskgraph.disabled-actions")
	}
	return action, nil
}

// checkScopes checks that this task has the role for the action's permission, as it has when the right hook created it. The role
// has to be there to the letter.
func (r *runner) checkScopes(ctx context.Context, action *taskgraph.Action) error {
	permission := (&offer{Action: action}).permission()
	head, err := rolePrefix(r.Params, "head_repository")
	if err != nil {
		return err
	}
	base, err := rolePrefix(r.Params, "base_repository")
	if err != nil {
		return err
	}
	own, pr := "assume:"+head+":action:"+permission, "assume:"+base+":pr-action:"+permission
	scopes, err := r.Services.CurrentScopes(ctx)
	if err != nil {
		return err
	}
	if !slices.Contains(scopes, own) && !slices.Contains(scopes, pr) {
		return diag.Errorf(diag.NotPermitted, 0, "the action %q has the permission %q, and this task has neither the scope %s nor %s", r.req.Callback, permission, own, pr).
			WithHint("an action task is created by the hook of its permission: which one that is stands in actions.json")
	}
	return nil
}

// rolePrefix gives what the roles of a repository begin with.
func rolePrefix(params *parameters.Params, name string) (string, error) {
	address := params.At(name).Str()
	repo, err := repourl.Parse(address)
	if err == nil {
		return repo.RolePrefix(), nil
	}
	if errors.Is(err, repourl.ErrUnsupported) {
		if _, path, ok := strings.Cut(address, "://"); ok && path != "" {
			return "repo:" + strings.TrimSuffix(strings.TrimRight(path, "/"), ".git"), nil
		}
	}
	return "", diag.Errorf(diag.BadParameters, params.At(name).Pos(), "%w", err).WithPath(name).InFile(params.Source())
}

// task gives the definition of the task that the action is for, nil for the whole group.
func (r *runner) task(ctx context.Context, o *offer) (*value.Map, error) {
	if r.req.TaskID == "" {
		if o.context.Len() > 0 {
			return nil, diag.Errorf(diag.NotOffered, 0, "the action %q is for a task, and none is named", r.req.Callback)
		}
		return nil, nil
	}
	task, err := queue{r}.Definition(ctx, r.req.TaskID)
	if err != nil {
		return nil, err
	}
	if group := task.Str("taskGroupId"); group != r.req.TaskGroupID {
		return nil, diag.Errorf(diag.NotOffered, 0, "task %s is in group %s, not in %s, which the action was triggered for", r.req.TaskID, group, r.req.TaskGroupID)
	}
	if o.context.Len() == 0 {
		r.Log.Warn("the action is for the whole group: the task that it was triggered for does not matter", "task", r.req.TaskID)
		r.req.TaskID = ""
		return nil, nil
	}
	var sets []*value.Map
	for v := range o.context.Values() {
		sets = append(sets, v.Map())
	}
	tags := Tags(task)
	if !actionlist.Applies(sets, tags) {
		want, _ := value.SortedJSON(o.context.Value())
		got, _ := value.SortedJSON(tags.Value())
		return nil, diag.Errorf(diag.NotOffered, 0, "the action %q is not for task %s", r.req.Callback, r.req.TaskID).
			WithHint("it is for tasks whose tags hold one of %s; this one has %s", want, got)
	}
	return task, nil
}

// parametersOf gives the parameters of a decision task.
func (r *runner) parametersOf(ctx context.Context, decisionTaskID string) (*parameters.Params, error) {
	const name = "public/parameters.yml"
	text, err := r.Services.Artifact(ctx, decisionTaskID, name)
	if err != nil {
		return nil, fmt.Errorf("the parameters of decision task %s: %w", decisionTaskID, err)
	}
	o := r.ParamOptions
	o.Reader = &r.reader
	if o.Extensions, err = r.Project.Registry.AllParameterExtensions(); err != nil {
		return nil, err
	}
	return parameters.Parse(ctx, decisionTaskID+"/"+name, text, o)
}

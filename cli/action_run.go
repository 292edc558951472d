package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/taskgraph-go/decision/actions"
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/slugid"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskcluster/actionlist"
	"github.com/taskgraph-go/decision/value"
)

// actionRunOptions are the flags of the command that triggers actions.
type actionRunOptions struct {
	root, group, project, task, input string
	trustDomain                       string
	dryRun                            bool
}

// actionCommand is about single actions.
func (a *App) actionCommand() *cobra.Command {
	o := &actionRunOptions{}
	parent := &cobra.Command{
		Use:   "action",
		Short: "Trigger actions by hand",
		Args:  unknownCommand,
		RunE:  showHelp,
	}
	run := &cobra.Command{
		Use:   "run [flags] NAME",
		Short: "Trigger an action as its button does",
		Long: `This finds an action of a push as a user interface does: of those with the name, the first that is for the task, or for
the group where no task is named. It checks the input, renders the payload, makes sure that the decision task may name
the hook, and triggers it. The id of the action task goes to stdout.

The deployment is the one that TASKCLUSTER_ROOT_URL, TASKCLUSTER_CLIENT_ID and TASKCLUSTER_ACCESS_TOKEN name; whoever
that is needs the scope hooks:trigger-hook:GROUP/HOOK.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.runAction(cmd.Context(), o, args[0]) },
	}
	f := run.Flags()
	f.StringVar(&o.group, "group", "", "`id` of the task group, which is that of its decision task")
	f.StringVar(&o.project, "project", "", "the newest push to this `project`, in the place of --group")
	f.StringVar(&o.task, "task", "", "`task` that the action is for: its label or its id")
	f.StringVar(&o.input, "input", "", "`input`: a .json or .yml file, or JSON itself")
	f.StringVar(&o.trustDomain, "trust-domain", "", "`name` of the trust domain, for --project (default: that of config.yml)")
	f.StringVarP(&o.root, "root", "r", "", "`directory` of config.yml, for --project (default: taskcluster, here or in a directory above)")
	f.BoolVarP(&o.dryRun, "dry-run", "n", false, "print hook and payload, trigger nothing")
	run.MarkFlagsMutuallyExclusive("group", "project")
	run.MarkFlagsOneRequired("group", "project")
	parent.AddCommand(run)
	return parent
}

// runAction triggers an action.
func (a *App) runAction(ctx context.Context, o *actionRunOptions, name string) error {
	input, err := a.readInput(o.input)
	if err != nil {
		return err
	}
	service, err := a.services()
	if err != nil {
		return err
	}
	group, err := a.actionGroup(ctx, service, o)
	if err != nil {
		return err
	}
	reader := &value.Reader{Sources: &a.sources}
	list, err := actions.Offered(ctx, service, reader, group)
	if err != nil {
		return err
	}
	taskID, tags, err := a.actionTask(ctx, service, reader, group, o.task)
	if err != nil {
		return err
	}
	action, err := list.Find(name, tags)
	if err != nil {
		return err
	}
	request := actionlist.Request{Action: action, TaskGroupID: group, TaskID: taskID, Input: input, Now: a.now()}
	if o.dryRun {
		if request.Input, err = actionlist.CheckInput(action.Schema, input); err != nil {
			return err
		}
		payload, err := list.Payload(request)
		if err != nil {
			return err
		}
		doc, err := reader.JSON("payload", payload)
		if err != nil {
			return err
		}
		text, err := prettyJSON(value.MapOf("hookGroupId", action.HookGroupID, "hookId", action.HookID, "payload", doc).Value())
		if err != nil {
			return err
		}
		_, err = a.out.Write(text)
		return err
	}
	id, err := list.Trigger(ctx, service, request)
	if err != nil {
		return err
	}
	if id == "" {
		a.note("the hook %s/%s was triggered and created no task", action.HookGroupID, action.HookID)
		return nil
	}
	if root, err := taskcluster.RootURL(a.Env, true); err == nil {
		a.note("%s", taskcluster.UIURL(root, "tasks/"+id))
	}
	_, err = fmt.Fprintln(a.out, id)
	return err
}

// actionGroup gives the group that an action is for.
func (a *App) actionGroup(ctx context.Context, service *taskcluster.Client, o *actionRunOptions) (string, error) {
	if o.group != "" {
		if !slugid.Valid(o.group) {
			return "", usage("--group wants the id of a task group, got %q", o.group)
		}
		return o.group, nil
	}
	domain := o.trustDomain
	if domain == "" {
		place, err := a.locate(o.root, true)
		if err != nil {
			return "", err
		}
		project, err := a.open(ctx, place, &generateOptions{root: o.root})
		if err != nil {
			return "", err
		}
		defer project.Close()
		if err := project.Ready(ctx); err != nil {
			return "", err
		}
		domain = project.Config.TrustDomain()
	}
	return service.FindTask(ctx, taskcluster.LatestDecisionPath(domain, o.project))
}

// actionTask gives the task that an action is for and its tags: none of both for the whole group.
func (a *App) actionTask(ctx context.Context, service *taskcluster.Client, reader *value.Reader, group, task string) (string, *value.Map, error) {
	if task == "" {
		return "", nil, nil
	}
	id := task
	if !slugid.Valid(task) {
		labels, err := actions.GroupLabels(ctx, service, reader, group)
		if err != nil {
			return "", nil, err
		}
		var names []string
		for name := range labels {
			names = append(names, name)
		}
		if id = labels[task]; id == "" {
			return "", nil, diag.Errorf(diag.NotOffered, 0, "the group %s has no task %q", group, task).WithHint("%s", diag.DidYouMean(task, sortedSet(names)))
		}
	}
	definition, err := actions.Definition(ctx, service, reader, id)
	if err != nil {
		return "", nil, err
	}
	if in := definition.Str("taskGroupId"); in != group {
		return "", nil, diag.Errorf(diag.NotOffered, 0, "task %s is in group %s, not in %s", id, in, group)
	}
	return id, actions.Tags(definition), nil
}

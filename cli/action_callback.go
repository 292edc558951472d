package cli

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taskgraph-go/decision/actions"
	"github.com/taskgraph-go/decision/actions/pushes"
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskcluster/actionlist"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// callbackOptions are the flags of the commands that run callbacks.
type callbackOptions struct {
	generateOptions
	taskID, group, input string
	artifacts            string
	dockerContext        string
	trial                bool
}

// callbackCommands are what action tasks run, and the same for trying it out.
func (a *App) callbackCommands() []*cobra.Command {
	o, trial := &callbackOptions{}, &callbackOptions{trial: true}
	run := &cobra.Command{
		Use:   "action-callback",
		Short: "Run the action that this action task is for",
		Long: `The hook of an action creates an action task, which runs this command. What to do stands in its environment:

  ACTION_CALLBACK       the action, by the name of its callback
  ACTION_TASK_GROUP_ID  the task group, which has the id of its decision task
  ACTION_TASK_ID        the task that the action is for, as JSON; null for the whole group
  ACTION_INPUT          the input, as JSON
  TASK_ID               the action task itself

Before anything happens the task's scopes, the task that it is for and the input are checked. Parameters and graph
are those of the decision task, with what actions and cron tasks added since.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if a.Env(taskcluster.TaskIDVariable) == "" {
				return usage("TASK_ID is not set: it is the id of the action task, which the ids of new tasks are made of; test-action-callback does without")
			}
			reader := &value.Reader{Sources: &a.sources}
			req, err := actions.RequestFromEnvironment(a.Env, reader)
			if err != nil {
				return err
			}
			return a.runCallback(cmd.Context(), o, req)
		},
	}
	o.callbackFlags(run)
	test := &cobra.Command{
		Use:   "test-action-callback [flags] CALLBACK",
		Short: "Run an action and print what it would create",
		Long: `This runs the code of action-callback, but nothing is created, cancelled or triggered: each task that would be created
is printed as a JSON list of its id and its definition. The task's scopes are not checked.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			req := actions.Request{Callback: args[0], TaskGroupID: trial.group, TaskID: trial.taskID}
			var err error
			if req.Input, err = a.readInput(trial.input); err != nil {
				return err
			}
			return a.runCallback(cmd.Context(), trial, req)
		},
	}
	trial.callbackFlags(test)
	f := test.Flags()
	f.StringArrayVarP(&trial.parameters, "parameters", "p", nil, "`parameters` of the push (default: those of the decision task)")
	f.StringVar(&trial.taskID, "task-id", "", "`id` of the task that the action is for")
	f.StringVar(&trial.group, "task-group-id", "", "`id` of the task group")
	f.StringVar(&trial.input, "input", "", "`input`: a .json or .yml file, or JSON itself")
	a.completeFlags(test, &trial.generateOptions)
	return []*cobra.Command{run, test}
}

func (o *callbackOptions) callbackFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&o.root, "root", "r", "", "`directory` of config.yml and the kinds (default: taskcluster, here or in a directory above)")
	f.StringVar(&o.artifacts, "artifacts", "artifacts", "`directory` for the artifacts")
	f.StringVar(&o.dockerContext, "docker-contexts", "docker-contexts", "`directory` for the contexts of docker images, where an action makes a decision")
}

// readInput reads the input of an action from a file or from the text itself; "" is none.
func (a *App) readInput(from string) (value.Value, error) {
	reader := &value.Reader{Sources: &a.sources}
	switch {
	case from == "":
		return value.Value{}, nil
	case strings.HasSuffix(from, ".yml") || strings.HasSuffix(from, ".json"):
		text, err := os.ReadFile(a.path(from))
		if err != nil {
			return value.Value{}, diag.Errorf(diag.Unreadable, 0, "cannot be read: %w", errors.Unwrap(err)).InFile(from)
		}
		if strings.HasSuffix(from, ".yml") {
			reader.Limits = actionlist.InputLimits
			return reader.YAML(from, text)
		}
		return actionlist.ParseInput(reader, from, text)
	case strings.ContainsAny(from[:1], `{["0123456789-`) || from == "null" || from == "true" || from == "false":
		return actionlist.ParseInput(reader, "--input", []byte(from))
	}
	return value.Value{}, usage("--input wants JSON, or a file that ends in .json or .yml, got %q", from)
}

// runCallback runs a callback.
func (a *App) runCallback(ctx context.Context, o *callbackOptions, req actions.Request) error {
	if len(o.parameters) > 1 {
		return usage("test-action-callback takes one --parameters")
	}
	if !a.quiet && !a.verbose {
		a.logAt(slog.LevelInfo)
	}
	service, err := a.services()
	if err != nil {
		return err
	}
	o.contexts = a.path(o.dockerContext)
	s, err := a.start(ctx, &o.generateOptions)
	if err != nil {
		return err
	}
	defer a.close(s.project)
	run := actions.Options{
		Project: s.project, Services: service, OwnTaskID: a.Env(taskcluster.TaskIDVariable), Artifacts: a.path(o.artifacts), Trial: o.trial, Out: a.out, Clock: s.clock, Log: a.log,
		Pushes:       pushFinder{a, s},
		RunTask:      s.project.Files.(*treeFiles).runTask,
		ParamOptions: parameters.Options{Dir: a.Dir, Checkout: s.checkout, Clock: s.clock, Env: a.Env, TrustDomain: s.project.Config.TrustDomain(), Log: a.log},
	}
	if len(o.parameters) == 1 {
		g, err := s.generator(ctx, s.project, o.parameters[0], a.memory.made)
		if err != nil {
			return err
		}
		if err := g.Ready(ctx); err != nil {
			return err
		}
		run.Params = g.Params()
	}
	return actions.Run(ctx, req, run)
}

// pushFinder finds pushes where the project says, or where its repository lists them.
type pushFinder struct {
	app     *App
	session *session
}

func (f pushFinder) Before(ctx context.Context, params *parameters.Params, n int, inclusive bool) ([]taskgraph.PushedTo, error) {
	p, err := pushes.For(pushes.Options{
		Source: f.session.project.Config.Map().At("actions").Map().At("backfill").Map().Str("pushes"),
		Params: params, Repository: f.session.place.repo, Token: f.app.Env("GITHUB_TOKEN"), API: f.app.Env("GITHUB_API_URL"), Log: f.app.log,
	})
	if err != nil {
		return nil, err
	}
	return p.Before(ctx, params, n, inclusive)
}

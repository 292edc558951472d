package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcqueue"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/vcs"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskcluster/local"
	"github.com/taskgraph-go/decision/taskcluster/tcyml"
	"github.com/taskgraph-go/decision/value"
)

// localDecisionOptions are the flags of local decision.
type localDecisionOptions struct {
	eventOptions
	root string
	keep string
}

func (a *App) localDecisionCommand() *cobra.Command {
	o := &localDecisionOptions{}
	cmd := &cobra.Command{
		Use:   "decision",
		Short: "Show what an event makes: the decision task, and the tasks that it creates",
		Long: `Renders .taskcluster.yml for an event, a push to the main branch unless a flag says otherwise, creates the decision
task in services that this program serves for the occasion, runs the command of this program that the task would
run, in the checkout as it stands, and prints what was created. Nothing runs the tasks, and nothing is left behind.`,
		Example: `  taskgraph local decision --root examples/hello
  taskgraph local decision --pull-request`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.decideLocally(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringVarP(&o.root, "root", "r", "", "`directory` of .taskcluster.yml (default: this one, or the root of the repository)")
	f.StringVar(&o.keep, "artifacts", "", "keep the artifacts of the decision task in this `directory`")
	o.eventFlags(cmd)
	return cmd
}

// decideLocally runs a decision task with services of its own.
func (a *App) decideLocally(ctx context.Context, o *localDecisionOptions) error {
	var files []string
	if o.root != "" {
		files = []string{filepath.Join(o.root, tcyml.FileName)}
	}
	file, dir, err := a.taskclusterFile(files)
	if err != nil {
		return err
	}
	repo, err := vcs.Find(dir, vcs.Options{Offline: true})
	if err != nil {
		return usage("a decision task needs a checkout of git or Mercurial")
	}
	a.completeFacts(ctx, &o.facts, dir)
	if o.event == "" && !slices.ContainsFunc(tcyml.Names(), func(name string) bool { return *o.builtin[name] }) {
		*o.builtin["push"] = true
	}
	event, err := a.chosenEvent(&o.eventOptions)
	if err != nil {
		return err
	}
	server, err := local.New(local.Options{Clock: a.Clock, Log: a.log})
	if err != nil {
		return err
	}
	running, err := server.Listen(0)
	if err != nil {
		_ = server.Close() // nothing was changed
		return diag.Errorf(diag.Network, 0, "the services cannot listen: %w", err)
	}
	defer func() {
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
		defer cancel()
		_ = running.Shutdown(drain) // all of it is gone anyway
	}()
	rendering := a.renderingOptions()
	rendering.RootURL = running.RootURL()
	rendered, err := file.Render(event, rendering)
	if err != nil {
		return err
	}
	if len(rendered.Tasks) == 0 {
		_, err := fmt.Fprintf(a.out, "%s makes no task\n", event.TasksFor)
		return err
	}
	for _, task := range rendered.Tasks {
		if err := a.runLocally(ctx, o, repo.Root(), running, task); err != nil {
			return err
		}
	}
	return nil
}

// runLocally creates a decision task, runs it and prints what it created.
func (a *App) runLocally(ctx context.Context, o *localDecisionOptions, top string, running *local.Running, task tcyml.Task) error {
	def := task.Definition
	definition, err := value.CompactJSON(def.Value())
	if err != nil {
		return err
	}
	service := taskcluster.NewClient(taskcluster.Options{RootURL: running.RootURL(), Credentials: running.RootCredentials()})
	if err := service.CreateTask(ctx, task.ID, []byte(definition)); err != nil {
		refusal, ok := errors.AsType[*taskcluster.Error](err)
		if !ok {
			return err
		}
		d := diag.Errorf(diag.Submission, 0, "the queue does not take the task: %w", err)
		for _, line := range refusal.Details() {
			d.Related = append(d.Related, diag.Related{Message: line})
		}
		return d
	}
	fmt.Fprintf(a.out, "%s, task %s\n", def.At("metadata").Map().Str("name"), task.ID)
	for _, scope := range def.At("scopes").List().Strings() {
		fmt.Fprintf(a.out, "  with %s\n", scope)
	}
	artifacts := o.keep
	if artifacts == "" {
		if artifacts, err = os.MkdirTemp("", "decision-"); err != nil {
			return err
		}
		defer os.RemoveAll(artifacts)
	}
	args, err := decisionArguments(def.At("payload"), a.taskEnvironment(task.ID, def))
	if err != nil {
		return err
	}
	fmt.Fprintf(a.out, "  runs taskgraph %s\n", strings.Join(args, " "))
	if args[0] != "decision" {
		return nil
	}
	env := local.Environment(running.RootURL(), running.RootCredentials())
	inTask := &App{Registry: a.Registry, Stdin: a.Stdin, Stdout: io.Discard, Stderr: a.Stderr, Dir: a.Dir, Clock: a.Clock, Env: func(name string) string {
		if v, ok := env[name]; ok || strings.HasPrefix(name, "TASKCLUSTER_") { // the user's proxy leads to another deployment
			return v
		}
		return a.Env(name)
	}}
	extra := []string{"--artifacts", a.path(artifacts), "--docker-contexts", filepath.Join(a.path(artifacts), "docker-contexts")}
	switch {
	case a.verbose:
		extra = append(extra, "--verbose")
	default:
		extra = append(extra, "--quiet")
	}
	if code := inTask.RunDecisionTask(ctx, task.ID, def, top, extra...); code != diag.ExitOK {
		return reported{code}
	}
	return a.printGroup(ctx, running, task.ID, def.Str("taskGroupId"))
}

// printGroup prints the tasks of a group but for the one that made them.
func (a *App) printGroup(ctx context.Context, running *local.Running, decision, group string) error {
	queue := tcqueue.New(running.RootCredentials(), running.RootURL())
	queue.Context = ctx
	var lines []string
	for token := ""; ; {
		list, err := queue.ListTaskGroup(group, token, "")
		if err != nil {
			return diag.Errorf(diag.Network, 0, "cannot list the tasks: %w", err)
		}
		for _, t := range list.Tasks {
			if t.Status.TaskID != decision {
				lines = append(lines, fmt.Sprintf("  %s  %-12s%s\n", t.Status.TaskID, t.Status.State, t.Task.Metadata.Name))
			}
		}
		if token = list.ContinuationToken; token == "" {
			break
		}
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(a[36:], b[36:]) })
	_, err := fmt.Fprintf(a.out, "and creates %d tasks:\n%s", len(lines), strings.Join(lines, ""))
	return err
}

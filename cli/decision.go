package cli

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskgraph-go/decision/actions"
	"github.com/taskgraph-go/decision/decision"
	"github.com/taskgraph-go/decision/internal/slugid"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// decisionOptions are the flags of the decision task.
type decisionOptions struct {
	generateOptions
	push          decision.Push
	optimize      bool
	artifacts     string
	noVerify      bool
	dryRun        bool
	noPreflight   bool
	seal          bool
	maxDeadline   int
	message       string // accepted for old command lines
	dockerContext string
}

// decisionCommand runs the decision task.
func (a *App) decisionCommand() *cobra.Command {
	o := &decisionOptions{}
	cmd := &cobra.Command{
		Use:   "decision",
		Short: "Run the decision task",
		Long: `The decision task works out the parameters of a push, generates the graph for them, writes artifacts that say
what was decided, and creates the tasks.

The task's id, from which the ids of all other tasks are derived, is $TASK_ID. With --dry-run nothing is created,
and the task may do without an id.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("optimize-target-tasks") {
				o.push.OptimizeTargetTasks = &o.optimize
			}
			return a.decide(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	p := &o.push
	f.StringVarP(&o.root, "root", "r", "", "`directory` of config.yml and the kinds (default: taskcluster, here or in a directory above)")
	f.StringVar(&p.Project, "project", "", "short `name` of the repository")
	f.StringVar(&p.PushlogID, "pushlog-id", "0", "`number` of the push")
	f.Int64Var(&p.Pushdate, "pushdate", 0, "`time` of the push, in seconds since 1970; 0 where it is not known")
	f.StringVar(&p.Owner, "owner", "", "email `address` of whoever pushed")
	f.StringVar(&p.Level, "level", "", "how far the push is trusted: a `number` from 1 to 3")
	f.StringVar(&p.TasksFor, "tasks-for", "", "`event` that the tasks are for, such as github-push")
	f.StringVar(&p.RepositoryType, "repository-type", "", "version `control`, git or hg")
	f.StringVar(&p.BaseRepository, "base-repository", "", "`address` of the repository that the change is based on")
	f.StringVar(&p.BaseRef, "base-ref", "", "`branch` that the change is based on")
	f.StringVar(&p.BaseRev, "base-rev", "", "`revision` before the push; worked out where it is not given")
	f.StringVar(&p.HeadRepository, "head-repository", "", "`address` of the repository that was pushed to")
	f.StringVar(&p.HeadRef, "head-ref", "", "`branch` that was pushed")
	f.StringVar(&p.HeadRev, "head-rev", "", "`revision` that was pushed")
	f.StringVar(&p.HeadTag, "head-tag", "", "`tag` that was pushed")
	f.StringVar(&p.TargetTasksMethod, "target-tasks-method", "", "`method` that chooses the target tasks, whatever the project's is")
	f.BoolVar(&o.optimize, "optimize-target-tasks", true, "whether target tasks may be optimized away")
	f.BoolVar(&p.IncludePushTasks, "include-push-tasks", false, "use tasks that the push's own decision task created instead of creating them again")
	f.StringArrayVar(&p.RebuildKinds, "rebuild-kind", nil, "with --include-push-tasks: a `kind` whose tasks are created again; may be given several times")
	f.BoolVar(&p.AllowParameterOverride, "allow-parameter-override", false, "let try_task_config.json, or a git note in refs/notes/decision-parameters, change parameters")
	f.StringVar(&p.TryTaskConfigFile, "try-task-config-file", "", "`file` in the place of try_task_config.json")
	f.StringVar(&o.message, "message", "", "")
	f.Lookup("message").Hidden = true
	f.BoolVar(&o.noVerify, "no-verify", false, "skip the verifications of the graph")
	f.BoolVar(&o.dryRun, "dry-run", false, "write artifacts and create nothing")
	f.BoolVar(&o.noPreflight, "no-preflight", false, "do not check the tasks before the first is created")
	f.IntVar(&o.maxDeadline, "max-deadline", 5, "how many `days` ahead the deployment lets a deadline be")
	f.BoolVar(&o.seal, "seal", false, "let the task group take no more tasks once all are created")
	f.StringVar(&o.artifacts, "artifacts", "artifacts", "`directory` for the artifacts")
	f.StringVar(&o.dockerContext, "docker-contexts", "docker-contexts", "`directory` for the contexts of docker images")
	f.BoolVar(&o.offline, "offline", false, "no network: the index holds nothing")
	f.StringVar(&o.index, "index", "", "let this JSON `file` (path: {taskId, state, expires}) stand for the index")
	f.IntVarP(&o.workers, "max-workers", "j", 0, "use this `number` of processors (default: all)")
	f.StringVar(&o.runTask, "run-task-dir", "", "`directory` of the run-task and fetch-content programs (default: $TASKGRAPH_RUN_TASK_DIR, or run-task-dir in config.yml)")
	for _, name := range []string{"project", "owner", "level", "tasks-for", "repository-type", "base-repository", "head-repository", "head-ref", "head-rev"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // no user can bring that about: the flag is there
		}
	}
	a.completeFlags(cmd, &o.generateOptions)
	return cmd
}

// previewTaskID stands for the id of a decision task that has none.
const previewTaskID = "DECISION-TASK"

// decide runs the decision task.
func (a *App) decide(ctx context.Context, o *decisionOptions) error {
	switch {
	case o.workers < 0:
		return usage("--max-workers must not be negative")
	case o.push.RepositoryType != "git" && o.push.RepositoryType != "hg":
		return usage("--repository-type is git or hg, got %q", o.push.RepositoryType)
	}
	if o.offline && !o.dryRun && a.Submitter == nil {
		return usage("without a network nothing can be created: give --dry-run with --offline")
	}
	if !a.quiet && !a.verbose {
		a.logAt(slog.LevelInfo)
	}
	taskID := a.Env(taskcluster.TaskIDVariable)
	if taskID == "" {
		if !o.dryRun {
			return usage("TASK_ID is not set: it is the id of the decision task, which all other ids are made of; --dry-run does without")
		}
		taskID = previewTaskID
	} else if !slugid.Valid(taskID) {
		return usage("TASK_ID is no task id: %q", taskID)
	}
	o.contexts = a.path(o.dockerContext)
	s, err := a.start(ctx, &o.generateOptions)
	if err != nil {
		return err
	}
	defer a.close(s.project)
	if s.place.repo == nil {
		return usage("a decision task needs a checkout of git or Mercurial")
	}
	options := decision.ParameterOptions{
		Push: o.push, Project: s.project, Repository: s.place.repo, Dir: a.pushDir(s.place.top), Clock: a.pushClock(ctx, o, taskID, s.clock), Reader: &s.reader, Log: a.log,
	}
	if o.push.IncludePushTasks && !o.offline {
		if options.Services, err = a.services(); err != nil {
			return err
		}
	}
	params, err := decision.Parameters(ctx, options)
	if err != nil {
		return afterReady(ctx, s.project, err)
	}
	create := a.Submitter
	if create == nil {
		create = submitter{a, o}
	}
	result, err := decision.Run(ctx, decision.Options{
		Project: s.project, DecisionTaskID: taskID, Artifacts: a.path(o.artifacts), RunTask: s.project.Files.(*treeFiles).runTask, Submitter: create, DryRun: o.dryRun, Workers: o.workers, Log: a.log,
		Actions: func(context.Context) (*value.List, error) { return actions.List(s.project, params, taskID) },
		Generator: s.project.Generator(params, taskgraph.GeneratorOptions{
			DecisionTaskID: taskID, WriteArtifacts: true, SkipVerifications: o.noVerify, Index: s.index, Clock: s.clock, Made: a.memory.made,
		}),
	})
	if err != nil {
		return err
	}
	created := "all"
	if o.dryRun {
		created = "none"
	}
	_, err = fmt.Fprintf(a.out, "decided on %d of %d tasks for %d targets, created %s; artifacts are in %s\n", result.Optimized.Graph.Len(), result.Full, result.Targets, created, o.artifacts)
	return err
}

// pushClock gives the time that stands for the push date where that is not known: when the decision task was made, so
// that another run of it decides on the same definitions. Where the queue cannot say, it is the time now.
func (a *App) pushClock(ctx context.Context, o *decisionOptions, taskID string, now func() time.Time) func() time.Time {
	if o.push.Pushdate != 0 || o.offline || taskID == previewTaskID {
		return now
	}
	service, err := a.services()
	if err != nil {
		return now
	}
	made, err := created(ctx, service, taskID)
	if err != nil {
		a.log.Warn("it is not known when the decision task was made: another run of it will decide on other dates", "error", err)
		return now
	}
	return func() time.Time { return made }
}

// pushDir gives the directory of version.txt and try_task_config.json: the working directory where that is in the
// repository, as in the reference, or else the repository's root.
func (a *App) pushDir(top string) string {
	if rel, err := filepath.Rel(top, a.Dir); err == nil && filepath.IsLocal(rel) {
		return a.Dir
	}
	return top
}

package decision

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/dockerimages"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// Options are what a decision task runs with.
type Options struct {
	// Project is the tree, Generator the generation from it, for the parameters of the push.
	Project   *taskgraph.Project
	Generator *taskgraph.Generator
	// DecisionTaskID is the id of the decision task itself.
	DecisionTaskID string
	// Artifacts is the directory that artifacts are written to. It is made if need be.
	Artifacts string
	// Actions gives what actions.json offers; nil offers nothing.
	Actions func(ctx context.Context) (*value.List, error)
	// RunTask are the programs that tasks run.
	RunTask *dockerimages.RunTask
	// Submitter creates the tasks; nil leaves it at the artifacts.
	Submitter Submitter
	// DryRun has the submitter create nothing.
	DryRun bool
	// Workers is how many goroutines encode; 0 means one for each processor.
	Workers int
	// Log is told what is done, and whether tasks need a run-task that is not there.
	Log *slog.Logger
}

// Result is what a decision task decided.
type Result struct {
	Full    int // tasks of the full task graph
	Targets int // target tasks
	// Optimized is the graph that was submitted, with what became of every task.
	Optimized *taskgraph.Optimized
	// NeedRunTask is how many tasks run run-task or fetch-content while there is only a stand-in for them.
	NeedRunTask int
}

// Run generates, writes an artifact for each phase as soon as it is done, and has the tasks created. Where a phase
// fails, the artifacts of the phases before it are there.
func Run(ctx context.Context, o Options) (*Result, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	defer o.Generator.LoadAhead(ctx)()
	if err := o.Generator.Ready(ctx); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Artifacts, 0o755); err != nil {
		return nil, diag.Errorf(diag.Unwritable, 0, "cannot be made: %w", cause(err)).InFile(o.Artifacts)
	}
	r := &run{Options: o, files: artifacts{dir: o.Artifacts, log: o.Log}}
	for _, step := range []func(context.Context) error{r.parameters, r.actions, r.full, r.targets, r.optimized, r.morphed, r.programs, r.submit} {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return &r.result, nil
}

// run is a decision at work.
type run struct {
	Options
	files  artifacts
	result Result
}

func (r *run) parameters(context.Context) error {
	return r.files.write("parameters.yml", r.Generator.Params().WriteYAML)
}

func (r *run) actions(ctx context.Context) error {
	actions := value.NewList()
	if r.Actions != nil {
		var err error
		if actions, err = r.Actions(ctx); err != nil {
			return err
		}
	}
	return r.files.writeJSON("actions.json", value.MapOf("version", 1, "variables", value.NewMap(0), "actions", actions).Value())
}

func (r *run) full(ctx context.Context) error {
	graph, err := r.Generator.FullTaskGraph(ctx)
	if err != nil {
		return err
	}
	r.result.Full = graph.Len()
	_ = r.Generator.LookUpAhead(ctx) // while the graph is written; a mistake in the target task graph shows in its turn
	if err := r.files.write("full-task-graph.json", r.graph(graph)); err != nil {
		return err
	}
	return r.files.writeJSON("runnable-jobs.json", runnableJobs(graph).Value())
}

// graph gives what writes a graph.
func (r *run) graph(graph *taskgraph.TaskGraph) func(io.Writer) error {
	return func(w io.Writer) error { return graph.WriteJSON(w, r.Workers) }
}

func (r *run) targets(ctx context.Context) error {
	set, err := r.Generator.TargetTaskSet(ctx)
	if err != nil {
		return err
	}
	r.result.Targets = set.Len()
	return r.files.writeJSON("target-tasks.json", value.NewStrings(set.Labels()...).Value())
}

func (r *run) optimized(ctx context.Context) error {
	o, err := r.Generator.OptimizedTaskGraph(ctx)
	if err != nil {
		return err
	}
	verdicts := sortedVerdicts(o.Verdicts)
	if err := r.files.write("optimizations.log", func(w io.Writer) error { return writeVerdicts(w, verdicts) }); err != nil {
		return err
	}
	return r.files.writeJSON("optimizations.json", verdictsDocument(verdicts).Value())
}

func (r *run) morphed(ctx context.Context) error {
	o, err := r.Generator.MorphedTaskGraph(ctx)
	if err != nil {
		return err
	}
	r.result.Optimized = o
	if err := r.files.write("task-graph.json", r.graph(o.Graph)); err != nil {
		return err
	}
	ids := value.NewMap(len(o.LabelToTaskID))
	for label, id := range o.LabelToTaskID {
		ids.Set(label, value.NewString(id)) // what is written is sorted
	}
	return r.files.writeJSON("label-to-taskid.json", ids.Value())
}

// programs writes the programs that tasks get from the decision task, and says so where they are only a stand-in.
func (r *run) programs(context.Context) error {
	if r.RunTask == nil {
		return nil
	}
	for _, f := range r.RunTask.Files() {
		if f.Name != "run-task" && f.Name != "fetch-content" {
			continue
		}
		if err := r.files.writeMode(f.Name, f.Mode, func(w io.Writer) error {
			_, err := w.Write(f.Content)
			return err
		}); err != nil {
			return err
		}
	}
	if !r.RunTask.IsStandin() {
		return nil
	}
	first := ""
	for t := range r.result.Optimized.Graph.All() {
		if runsRunTask(t.Task.At("payload")) {
			if r.result.NeedRunTask++; first == "" {
				first = t.Label
			}
		}
	}
	if n := r.result.NeedRunTask; n > 0 {
		r.Log.Warn(fmt.Sprintf("%d of the tasks, such as %s, need run-task, and this program has only a stand-in for it, with which they fail: "+
			"name a directory of run-task with --run-task-dir, $TASKGRAPH_RUN_TASK_DIR or run-task-dir in config.yml", n, first))
	}
	return nil
}

func (r *run) submit(ctx context.Context) error {
	if r.Submitter == nil {
		return nil
	}
	return r.Submitter.Submit(ctx, &Submission{
		DecisionTaskID: r.DecisionTaskID, DryRun: r.DryRun, Graph: r.result.Optimized.Graph, LabelToTaskID: r.result.Optimized.LabelToTaskID,
		Params: r.Generator.Params(), Project: r.Project, Artifacts: r.Options.Artifacts,
	})
}

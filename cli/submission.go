package cli

import (
	"context"
	"log/slog"
	"time"

	"github.com/taskgraph-go/decision/decision"
	"github.com/taskgraph-go/decision/decision/definition"
	"github.com/taskgraph-go/decision/decision/preflight"
	"github.com/taskgraph-go/decision/decision/submit"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskgraph"
)

// submitter creates the tasks of a decision task through the services that the environment names.
type submitter struct {
	app *App
	o   *decisionOptions
}

var _ decision.Submitter = submitter{}

// Submit checks the tasks and creates them; in a dry run it does all but ask the queue.
func (s submitter) Submit(ctx context.Context, d *decision.Submission) error {
	a := s.app
	level := d.Params.At("level").Str()
	group := definition.Group{DecisionTaskID: d.DecisionTaskID, SchedulerID: decision.SchedulerID(d.Project.Config, d.Params)}
	if d.DryRun && d.DecisionTaskID == previewTaskID { // which is no task id, and would be a mistake in every task
		group.DecisionTaskID = taskgraph.TaskID(previewTaskID, "")
	}
	deployment, err := a.deployment()
	if err != nil && !d.DryRun {
		return err
	}
	known := err == nil && !s.o.offline
	if !s.o.noPreflight {
		check := preflight.Options{Graph: d.Graph, Group: group, Config: d.Project.Config, Level: level, Seal: s.o.seal, Clock: a.Clock, Sources: d.Project.Sources,
			Workers: s.o.workers, Log: a.log, MaxDeadline: time.Duration(s.o.maxDeadline) * 24 * time.Hour}
		if known {
			check.Scopes = taskcluster.NewClient(deployment)
		}
		if err := preflight.Run(ctx, check); err != nil {
			return err
		}
	}
	deployment.Patience = submit.Patience
	progress := a.progress(d.Graph.Len(), "tasks")
	log := a.log
	if progress.shown() && !a.verbose { // which tells how far it is
		log = newLog(progress.above(), slog.LevelWarn)
		deployment.Log = log
	}
	result, err := submit.Run(ctx, submit.Options{
		Graph: d.Graph, LabelToTaskID: d.LabelToTaskID, Group: group, Queue: taskcluster.NewClient(deployment), Clock: a.Clock, DryRun: d.DryRun, Seal: s.o.seal, Log: log,
		Progress: func(p submit.Progress) { progress.of(p.Done, p.Total) },
	})
	progress.clear()
	if err != nil {
		return err
	}
	return result.Err(d.Project.Sources)
}

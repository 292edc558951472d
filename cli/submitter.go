package cli

import (
	"context"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/taskgraph-go/decision/decision"
	"github.com/taskgraph-go/decision/decision/definition"
	"github.com/taskgraph-go/decision/decision/preflight"
	"github.com/taskgraph-go/decision/decision/submit"
	"github.com/taskgraph-go/decision/taskcluster"
)

// submitter creates the tasks of a decision task in the deployment that the environment names.
type submitter struct {
	app  *App
	opts *decisionOptions
}

var _ decision.Submitter = (*submitter)(nil)

// submitterFor gives what creates the tasks: what the app was given, or the deployment. A dry run of a decision task
// without an id has nothing to check: its ids are none.
func (a *App) submitterFor(o *decisionOptions, taskID string) (decision.Submitter, error) {
	switch {
	case a.Submitter != nil:
		return a.Submitter, nil
	case taskID == previewTaskID:
		return nil, nil
	case o.offline && !o.dryRun:
		return nil, usage("--offline creates no tasks: add --dry-run")
	}
	return &submitter{app: a, opts: o}, nil
}

// Submit checks all tasks and then creates them.
func (s *submitter) Submit(ctx context.Context, g *decision.Submission) error {
	a, config := s.app, g.Project.Config
	group := definition.Group{DecisionTaskID: g.DecisionTaskID, SchedulerID: config.TrustDomain() + "-level-" + g.Params.Level()}
	var client *taskcluster.Client
	if !s.opts.offline {
		service, err := taskcluster.FromEnvironment(a.Env)
		if err != nil && !g.DryRun {
			return err
		}
		if err == nil {
			service.Log, service.Patience = a.log, submit.Patience
			client = taskcluster.NewClient(service)
		}
	}
	if !s.opts.noPreflight {
		check := preflight.Options{Graph: g.Graph, Group: group, Config: config, Level: g.Params.Level(), Seal: s.opts.seal, Clock: a.Clock, Sources: g.Project.Sources, Workers: s.opts.workers, Log: a.log}
		if client != nil && !g.DryRun {
			check.Scopes = client
		}
		if err := preflight.Run(ctx, check); err != nil {
			return err
		}
	}
	o := submit.Options{Graph: g.Graph, Group: group, Clock: a.Clock, DryRun: g.DryRun, Seal: s.opts.seal, Progress: a.submissionProgress(), Log: a.log}
	if client != nil {
		o.Queue = client
	}
	result, err := submit.Run(ctx, o)
	if err != nil {
		return err
	}
	return result.Err(g.Project.Sources)
}

// submissionProgress shows on a terminal how far the submission is; nil anywhere else.
func (a *App) submissionProgress() func(submit.Progress) {
	f, ok := a.Stderr.(*os.File)
	if !ok || a.quiet || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	return func(p submit.Progress) {
		fmt.Fprintf(f, "\r%d/%d tasks", p.Done, p.Total)
		if p.Done == p.Total {
			_, _ = io.WriteString(f, "\n")
		}
	}
}

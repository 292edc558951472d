package cron

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskcluster/tcyml"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// Queue creates tasks. A [taskcluster.Client] does.
type Queue interface {
	CreateTask(ctx context.Context, taskID string, definition []byte) error
	Task(ctx context.Context, taskID string) ([]byte, error)
}

// Decisions finds the decision task of a push and what it left.
type Decisions interface {
	FindTask(ctx context.Context, indexPath string) (taskID string, err error)
	Artifact(ctx context.Context, taskID, name string) ([]byte, error)
	ExpandScopes(ctx context.Context, scopes []string) ([]string, error)
}

// Hooks fires hooks.
type Hooks interface {
	TriggerHook(ctx context.Context, group, id string, payload []byte) (taskID string, err error)
	LastFires(ctx context.Context, group, id string) ([]taskcluster.Fire, error)
}

// Services are those that cron uses. Only jobs that trigger actions need [Decisions] and [Hooks].
type Services interface {
	Queue
	Decisions
	Hooks
}

var _ Services = (*taskcluster.Client)(nil)

// Render renders a JSON-e template with the variables of a context and with functions of a text. It is limited in time and
// memory, whatever the template says, and takes now from the context.
type Render func(template value.Value, context *value.Map, functions map[string]func(text string) string) (value.Value, error)

// Options are what a run needs.
type Options struct {
	Project    Project
	Repository Repository
	Services   Services
	Render     Render

	// Created is when the cron task was created. The quarter of an hour that it is in is the one that counts, however late
	// the run is.
	Created time.Time
	// TaskID is that of the cron task, "" where there is none.
	TaskID string
	// Retry says that the cron task was run before.
	Retry bool
	// Branch is the one to run for, "" the one that the repository works on.
	Branch string
	// Push, if it is not nil, is what to run for, whatever the repository's newest push is.
	Push *Push
	// Force is the name of a job to run although it is not due, and no other; "" runs what is due.
	Force string
	// Input is what the hook was fired with, nil where that was nothing.
	Input *value.Map
	// RootURL is the deployment's address for .taskcluster.yml.
	RootURL string
	// DryRun creates and triggers nothing.
	DryRun bool

	Reader *value.Reader
	Clock  func() time.Time // nil: that of the machine
	Log    *slog.Logger     // nil discards
}

// State is what became of a job.
type State int

// The states.
const (
	Failed  State = iota // see the error
	Created              // its task was created, or the action's hook was triggered; in a dry run it would have been
	Existed              // an earlier try had done that
)

// String names the state as the command line does.
func (s State) String() string { return [...]string{"failed", "created", "existed"}[s] }

// Outcome is what became of one job that was due.
type Outcome struct {
	Job    *Job
	State  State
	TaskID string // of the decision task or the action task; "" where there is none
	// Definition is that of the decision task, or the payload of the action's hook. It is nil where that was not reached.
	Definition *value.Map
	// Hook is the hook of an action, as group/id.
	Hook string
	Err  error
}

// Result is what became of a run.
type Result struct {
	Quarter time.Time
	Push    Push
	// Outcomes has the jobs that were due, in the order of their names.
	Outcomes []Outcome
}

// Err gives the errors of all jobs that failed, nil where none did.
func (r *Result) Err(sources *diag.Sources) error {
	var errs diag.List
	for _, o := range r.Outcomes {
		for _, d := range diag.Flatten(o.Err) {
			named := *d
			if named.Label == "" {
				named.Label = o.Job.Name
			}
			errs.Add(&named)
		}
	}
	return errs.Err(sources)
}

// maxJobs is how many jobs are worked on at a time.
const maxJobs = 8

// Run runs the jobs that are due. The error is one that kept any job from being tried; those of single jobs are in the result,
// and do not keep others from running. A repository without pushes or without .cron.yml has no jobs.
//
// A job runs once in a quarter of an hour: Run may be repeated, for the same cron task or for another one of that quarter, until
// it succeeds.
func Run(ctx context.Context, o Options) (*Result, error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Reader == nil {
		o.Reader = &value.Reader{}
	}
	if o.Input != nil {
		o.Input.Freeze()
	}
	r := &run{Options: o, quarter: QuarterOf(o.Created)}
	result := &Result{Quarter: r.quarter}
	push, err := r.head(ctx)
	if errors.Is(err, ErrNoPush) {
		o.Log.Info("nothing was pushed yet, so there is nothing to do")
		return result, nil
	}
	if err != nil {
		return nil, err
	}
	result.Push = push
	r.at = r.tree(push)
	doc, err := r.at.document(ctx)
	if err != nil {
		return nil, err
	}
	if result.Outcomes, err = r.due(doc); err != nil {
		return nil, err
	}
	var group errgroup.Group
	group.SetLimit(maxJobs)
	for i := range result.Outcomes {
		out := &result.Outcomes[i]
		if out.Err != nil {
			continue
		}
		group.Go(func() error {
			out.Err = r.job(ctx, out)
			switch {
			case out.Err != nil:
				out.State = Failed
				o.Log.Info("a cron job failed", "job", out.Job.Name, "error", out.Err)
			default:
				o.Log.Info("ran a cron job", "job", out.Job.Name, "state", out.State.String(), "taskId", out.TaskID)
			}
			return nil
		})
	}
	_ = group.Wait() // the errors are in the outcomes
	return result, ctx.Err()
}

// run is a run at work.
type run struct {
	Options
	quarter time.Time
	at      *tree // of the push
}

// head gives the push to run for.
func (r *run) head(ctx context.Context) (Push, error) {
	if r.Options.Push != nil {
		return *r.Options.Push, nil
	}
	return r.Repository.Head(ctx, r.Branch)
}

// due gives the jobs to run: those that the clock says, or the one that is forced. A job whose times cannot be worked out has
// failed.
func (r *run) due(doc *Document) ([]Outcome, error) {
	if r.Force != "" {
		j, err := doc.Job(r.Force)
		if err != nil {
			return nil, err
		}
		return []Outcome{{Job: j}}, nil
	}
	var out []Outcome
	for _, j := range doc.Jobs() {
		when, err := j.When(r.Project.Name)
		if err != nil {
			out = append(out, Outcome{Job: j, Err: err})
			continue
		}
		for _, t := range when {
			if t.Fits(r.quarter) {
				out = append(out, Outcome{Job: j})
				break
			}
		}
	}
	return out, nil
}

// job runs a job.
func (r *run) job(ctx context.Context, out *Outcome) (err error) {
	defer taskgraph.CatchBug("cron job "+out.Job.Name, func(bug error) { err = bug })
	if out.Job.Action != nil {
		return r.action(ctx, out)
	}
	return r.decision(ctx, out)
}

// input gives the input of the hook for a job that wants it: never nil.
func (r *run) input(wanted bool) *value.Map {
	if !wanted || r.Input == nil {
		return value.NewMap(0)
	}
	return r.Input.Copy()
}

// tree is the repository at a revision. Its files are read once.
type tree struct {
	push     Push
	document func(context.Context) (*Document, error)
	template func(context.Context) (value.Value, error)
}

func (r *run) tree(push Push) *tree {
	t := &tree{push: push}
	t.document = onceIn(func(ctx context.Context) (*Document, error) {
		text, err := r.Repository.File(ctx, push.Revision, FileName)
		if errors.Is(err, fs.ErrNotExist) {
			r.Log.Info("there is no "+FileName, "revision", push.Revision)
			return &Document{}, nil
		}
		if err != nil {
			return nil, unreadable(FileName, err)
		}
		return Parse(r.Reader, FileName, text)
	})
	t.template = onceIn(func(ctx context.Context) (value.Value, error) {
		text, err := r.Repository.File(ctx, push.Revision, tcyml.FileName)
		if err != nil {
			return value.Value{}, unreadable(tcyml.FileName, err)
		}
		reader := *r.Reader
		reader.Limits = limits
		v, err := reader.YAML(tcyml.FileName, text)
		if m := v.Map(); m != nil { // what jobs make of it shares parts of it
			m.Freeze()
		}
		return v, err
	})
	return t
}

// unreadable says that a file of the repository cannot be read.
func unreadable(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return diag.Errorf(diag.Unreadable, 0, "the repository has no such file").InFile(name)
	}
	if d, ok := errors.AsType[*diag.Diagnostic](err); ok {
		return d.InFile(name)
	}
	return diag.Errorf(diag.Unreadable, 0, "cannot be read: %w", err).InFile(name)
}

// onceIn makes a function that is called once, however many jobs ask, with the context of the first.
func onceIn[T any](f func(context.Context) (T, error)) func(context.Context) (T, error) {
	var once sync.Once
	var v T
	var err error
	return func(ctx context.Context) (T, error) {
		once.Do(func() { v, err = f(ctx) })
		return v, err
	}
}

// identity is what makes a run of a job different from all others: its task ids follow from it.
func (r *run) identity() string {
	when := r.quarter.Format(taskcluster.TimeFormat)
	if r.Force != "" { // somebody wants it to run, perhaps again: that is each cron task of its own
		when = fmt.Sprintf("forced by %s at %s", r.TaskID, r.Created.UTC().Format(taskcluster.TimeFormat))
	}
	return fmt.Sprintf("cron %q %q %q %q", r.Project.URL, r.Project.Name, r.Branch, when)
}

package preflight

import (
	"context"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/taskgraph-go/decision/decision/definition"
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// Options say what to check.
type Options struct {
	// Graph and Group are those that will be submitted.
	Graph *taskgraph.TaskGraph
	Group definition.Group
	// Config and Level tell which worker a payload is for; nil leaves that to the tags of the tasks.
	Config *taskgraph.GraphConfig
	Level  string
	// Scopes is asked for what the submitter may do; nil skips the scopes.
	Scopes Scopes
	// Seal says that the group will be sealed, which takes a scope as well.
	Seal bool
	// MaxDeadline is how far ahead a deadline may be; 0 is 5 days, which a deployment can change.
	MaxDeadline time.Duration
	// Clock gives the time; nil is that of the machine.
	Clock func() time.Time
	// Sources resolve the places of problems.
	Sources *diag.Sources
	// Workers is how many goroutines check; 0 is one for each processor.
	Workers int
	// Log is told what was checked; nil discards.
	Log *slog.Logger
}

// Run checks. The error is a [diag.Errors] with every problem, or that of a service which does not answer.
func Run(ctx context.Context, o Options) error {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.MaxDeadline == 0 {
		o.MaxDeadline = maxDeadline
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	c := &check{Options: o, now: o.Clock().UTC().Truncate(time.Millisecond), workers: newWorkers(o.Config, o.Level)}
	owned := make(chan ownScopes, 1)
	go func() { owned <- c.own(ctx) }()
	c.prepare()
	parts := c.tasks(ctx)
	if err := ctx.Err(); err != nil {
		return err
	}
	c.edges()
	need := newNeeds()
	unknown := 0
	for _, p := range parts {
		need.merge(p.needs)
		unknown += p.unknown
	}
	c.missing(need, <-owned)
	c.payloads(ctx, need)
	if err := ctx.Err(); err != nil {
		return err
	}
	o.Log.Info("checked the tasks before submission", "tasks", len(c.all), "payloads of unknown workers", unknown, "scopes", len(need.scopes))
	return c.errs.Err(o.Sources)
}

// check is a check at work. Its slices go by the place of the task in the graph.
type check struct {
	Options
	now      time.Time
	workers  *workers
	checkers checkers
	errs     diag.List

	all    []*taskgraph.Task
	places map[string]int32
	times  []times
}

// prepare lists the tasks.
func (c *check) prepare() {
	n := c.Graph.Len()
	c.all, c.places, c.times = make([]*taskgraph.Task, 0, n), make(map[string]int32, n), make([]times, n)
	for t := range c.Graph.All() {
		c.places[t.TaskID] = int32(len(c.all))
		c.all = append(c.all, t)
	}
}

func (c *check) inGraph(taskID string) bool {
	_, ok := c.places[taskID]
	return ok
}

// part is what one goroutine works with, and what it found. Parts are merged in order: each has neighbouring tasks.
type part struct {
	*check
	task     *taskgraph.Task
	resolver *definition.Resolver
	moments  map[string]moment
	size     []byte
	needs    *needs
	unknown  int // payloads of unknown workers
}

const (
	batch = 512
	stage = "preflight"
)

// tasks checks all tasks, one by one, and gives what they need, in the order of the tasks.
func (c *check) tasks(ctx context.Context) []*part {
	parts := make([]*part, (len(c.all)+batch-1)/batch)
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(c.Workers, len(parts)) {
		group.Go(func() {
			defer taskgraph.CatchBug("preflight", c.errs.Add)
			resolver, moments := definition.NewResolver(c.now).Sharing(), map[string]moment{}
			var size []byte
			for {
				i := int(next.Add(1)) - 1
				if i >= len(parts) || ctx.Err() != nil {
					return
				}
				p := &part{check: c, resolver: resolver, moments: moments, size: size, needs: newNeeds()}
				for at := i * batch; at < min((i+1)*batch, len(c.all)); at++ {
					p.one(at)
				}
				parts[i], size = p, p.size
			}
		})
	}
	group.Wait()
	out := parts[:0]
	for _, p := range parts {
		if p != nil { // a bug ended the goroutine
			out = append(out, p)
		}
	}
	return out
}

// one checks a task.
func (p *part) one(place int) {
	t := p.all[place]
	p.task = t
	def, err := p.resolver.Definition(p.Group.Complete(t, p.inGraph))
	if err != nil {
		for _, d := range diag.Flatten(err) {
			d.Code = diag.BadTimes
			p.report(d)
		}
		return
	}
	p.definition(def)
	p.routes(def)
	p.scopeForms(def)
	p.times[place] = p.timesOf(def)
	p.payload(def)
	p.bytes(def)
	p.need(def)
}

// report adds a problem of the task at hand.
func (p *part) report(d *diag.Diagnostic) { p.about(p.task, d) }

// about adds a problem of a task.
func (c *check) about(t *taskgraph.Task, d *diag.Diagnostic) {
	if d.Label, d.Kind = t.Label, t.Kind; d.Pos == 0 {
		d.Pos = t.Pos
	}
	d.Stage = stage
	c.errs.Add(d)
}

// definition checks a definition against the queue's schema, and what the schema cannot say.
func (p *part) definition(def *value.Map) {
	deps := def.At("dependencies").List().Len()
	if deps > maxDependencies {
		p.report(diag.Errorf(diag.OverLimit, def.At("dependencies").Pos(), "has %d dependencies, the queue takes %d", deps, maxDependencies).WithPath("dependencies").
			WithHint("depend on them through a few tasks in between, on worker type succeed"))
	}
	for _, d := range p.checkers.get(queueSchema).Validate(def.Value().At(p.task.Pos)) {
		recoded(d, diag.BadDefinition)
		switch d.Path {
		case "schedulerId", "taskGroupId": // equal for all tasks
			d.Pos = 0
			p.errs.Add(d)
			continue
		case "dependencies":
			if deps > maxDependencies {
				continue
			}
		}
		p.report(d)
	}
	named, provisioner, workerType := def.Has("taskQueueId"), def.Has("provisionerId"), def.Has("workerType")
	switch {
	case !named && !(provisioner && workerType):
		p.report(diag.Errorf(diag.BadDefinition, 0, "nothing says what runs the task: want provisionerId and workerType, or taskQueueId"))
	case named && (provisioner || workerType) && def.Str("taskQueueId") != def.Str("provisionerId")+"/"+def.Str("workerType"):
		p.report(diag.Errorf(diag.BadDefinition, def.At("taskQueueId").Pos(), "taskQueueId %q contradicts provisionerId %q and workerType %q",
			def.Str("taskQueueId"), def.Str("provisionerId"), def.Str("workerType")).WithPath("taskQueueId"))
	}
}

// recoded gives a schema's diagnostic another code.
func recoded(d *diag.Diagnostic, code diag.Code) *diag.Diagnostic {
	d.Code = code
	return d
}

package submit

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/taskgraph-go/decision/decision/definition"
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// Queue is what a submission needs of the queue service. Implementations are safe for concurrent use, try again what may
// pass, and give refusals as a [*taskcluster.Error].
type Queue interface {
	// CreateTask creates a task. With the definition of a task that exists it does nothing; with another one the error
	// satisfies [taskcluster.IsConflict].
	CreateTask(ctx context.Context, taskID string, definition []byte) error
	// Task gives the definition of a task. The error satisfies [taskcluster.IsNotFound] where there is none.
	Task(ctx context.Context, taskID string) ([]byte, error)
	// SealTaskGroup keeps further tasks out of a group.
	SealTaskGroup(ctx context.Context, taskGroupID string) error
}

var _ Queue = (*taskcluster.Client)(nil)

// DefaultConcurrency is how many requests are under way at a time.
const DefaultConcurrency = 50

// Patience is for how long the client of a submission should go on trying: see [taskcluster.Options].
const Patience = 5 * time.Minute

// renewal is how old the moment that times are relative to may get. The queue takes a task up to 15 minutes after its
// creation time.
const renewal = 10 * time.Minute

// Options say what to submit.
type Options struct {
	// Graph has the tasks, with ids and without references: the morphed graph.
	Graph *taskgraph.TaskGraph
	// LabelToTaskID has the tasks of the target graph that are created, or are there already. With it, a task that an earlier run
	// created is recognized where that run found other tasks in the index for those that it depends on.
	LabelToTaskID map[string]string
	// Group is where they go.
	Group definition.Group
	// Queue creates them. A dry run needs none.
	Queue Queue
	// Clock gives the time; nil is that of the machine.
	Clock func() time.Time
	// Concurrency is how many requests are under way at a time; 0 is [DefaultConcurrency].
	Concurrency int
	// DryRun does everything but ask the queue.
	DryRun bool
	// CopySeed is what the ids of copies are derived from; "" is the decision task.
	CopySeed string
	// Seal keeps further tasks out of the group once all were created.
	Seal bool
	// Progress is told after each task, never twice at a time; nil is nobody.
	Progress func(Progress)
	// Log gets a line for every hundred tasks, and for each that failed or was skipped; nil discards.
	Log *slog.Logger
}

// Progress is how far a submission is. Copies of tasks count as well.
type Progress struct{ Done, Failed, Total int }

// Run submits the tasks. The result says what became of each: see [Result.Err]. The error is for what keeps a
// submission from beginning, or that of the context; the result is then that of what was done.
func Run(ctx context.Context, o Options) (*Result, error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Concurrency <= 0 {
		o.Concurrency = DefaultConcurrency
	}
	order, err := newOrder(o.Graph)
	if err != nil {
		return nil, err
	}
	s := &submission{Options: o, order: order, result: &Result{Outcomes: make([]Outcome, order.jobs)}}
	s.wake.L = &s.mu
	s.ids = sync.OnceValue(func() *ids { return newIDs(o.Group.DecisionTaskID, o.LabelToTaskID) })
	s.ready.order = order
	s.now = o.Clock().UTC().Truncate(time.Millisecond)
	s.result.Now = s.now
	for place := range order.tasks {
		s.prepare(int32(place))
		if order.open[place] == 0 {
			s.offer(int32(place))
		}
	}
	s.work(ctx)
	if err := ctx.Err(); err != nil {
		return s.result, err
	}
	if o.Seal && s.result.Count(Created)+s.result.Count(Existed) == order.jobs {
		s.seal(ctx)
	}
	return s.result, ctx.Err()
}

// submission is a submission at work.
type submission struct {
	Options
	order  *order
	result *Result
	ids    func() *ids

	mu     sync.Mutex
	wake   sync.Cond // something became ready, or nothing will any more
	ready  ready
	busy   int // jobs under way
	done   int
	failed int
	silent int // jobs that ended without an answer since one was answered
	stop   bool
	now    time.Time
}

// prepare sets up the outcomes of a task and its copies.
func (s *submission) prepare(place int32) {
	t := s.order.tasks[place]
	for i, copies := 0, s.copies(place); i <= copies; i++ {
		id := t.TaskID
		if i > 0 {
			id = CopyID(cmp.Or(s.CopySeed, s.Group.DecisionTaskID), t.Label, i)
		}
		s.result.Outcomes[int(s.order.first[place])+i] = Outcome{Task: t, TaskID: id, Copy: i}
	}
}

// copies gives how many copies a task has.
func (s *submission) copies(place int32) int {
	end := s.order.jobs
	if int(place)+1 < len(s.order.first) {
		end = int(s.order.first[place+1])
	}
	return end - int(s.order.first[place]) - 1
}

// offer makes a task and its copies ready.
func (s *submission) offer(place int32) {
	for i := range s.copies(place) + 1 {
		heap.Push(&s.ready, job{place, int32(i)})
	}
}

// work runs all jobs.
func (s *submission) work(ctx context.Context) {
	ended := context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.stop = true
		s.wake.Broadcast()
	})
	defer ended()
	var workers sync.WaitGroup
	for range min(s.Concurrency, s.order.jobs) {
		workers.Go(func() {
			w := &worker{submission: s}
			for {
				j, ok := s.next()
				if !ok {
					return
				}
				w.do(ctx, j)
			}
		})
	}
	workers.Wait()
}

// next waits for a job. There is none any more when nothing is ready and nothing under way.
func (s *submission) next() (job, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.ready.jobs) == 0 && s.busy > 0 && !s.stop {
		s.wake.Wait()
	}
	if s.stop || len(s.ready.jobs) == 0 {
		return job{}, false
	}
	s.busy++
	return heap.Pop(&s.ready).(job), true
}

// maxSilent is after how many jobs in a row that got no answer the rest is not tried. Each of them was tried for as long as
// the client is patient.
const maxSilent = 10

// finish notes what became of a job and lets go on what waited for it.
func (s *submission) finish(j job, state State, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy--
	out := &s.result.Outcomes[s.order.first[j.place]+j.copy]
	out.State, out.Err = state, err
	label := out.Task.Label
	s.count(state)
	if state == Failed {
		s.Log.Warn("a task could not be created", "label", label, "taskId", out.TaskID, "error", err)
	} else {
		s.Log.Debug("submitted a task", "label", label, "taskId", out.TaskID, "state", state.String())
	}
	if s.silent++; state != Failed || !unanswered(err) {
		s.silent = 0
	}
	if s.silent >= maxSilent {
		s.stop = true
	}
	if j.copy == 0 {
		if state == Failed {
			s.skip(j.place, label)
		} else {
			for _, d := range s.order.dependents[j.place] {
				if s.order.open[d]--; s.order.open[d] == 0 {
					s.offer(d)
				}
			}
		}
	}
	s.wake.Broadcast()
}

// unanswered says whether an error is no answer to the request: the queue is down, or does not know who asks.
func unanswered(err error) bool {
	if _, ok := errors.AsType[*diag.Errors](err); ok {
		return false
	}
	if _, ok := errors.AsType[*diag.Diagnostic](err); ok {
		return false
	}
	refusal, ok := errors.AsType[*taskcluster.Error](err)
	return !ok || refusal.Status >= 500 || refusal.Status == 429 || refusal.Status == 401
}

// skip notes that all that depends on a task, directly or not, cannot be created.
func (s *submission) skip(place int32, because string) {
	for stack := []int32{place}; len(stack) > 0; {
		at := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, d := range s.order.dependents[at] {
			first := s.order.first[d]
			if s.result.Outcomes[first].State == Skipped {
				continue
			}
			for i := range s.copies(d) + 1 {
				out := &s.result.Outcomes[int(first)+i]
				out.State, out.Because = Skipped, because
				s.count(Skipped)
			}
			s.Log.Warn("skipped a task because another one failed", "label", s.order.tasks[d].Label, "failed", because)
			stack = append(stack, d)
		}
	}
}

// every is after how many tasks there is a line in the log.
const every = 100

// count notes that a job is over.
func (s *submission) count(state State) {
	s.done++
	if state == Failed || state == Skipped {
		s.failed++
	}
	if s.Progress != nil {
		s.Progress(Progress{Done: s.done, Failed: s.failed, Total: s.order.jobs})
	}
	if s.done%every == 0 || s.done == s.order.jobs {
		s.Log.Info("submitting tasks", "done", s.done, "failed", s.failed, "of", s.order.jobs)
	}
}

// moment gives the moment that times are relative to.
func (s *submission) moment() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.Clock().UTC().Truncate(time.Millisecond); now.Sub(s.now) > renewal {
		s.now = now
	}
	return s.now
}

// inGraph says whether a task id is one of the graph.
func (s *submission) inGraph(taskID string) bool {
	_, ok := s.order.places[taskID]
	return ok
}

// seal keeps further tasks out of the group.
func (s *submission) seal(ctx context.Context) {
	if !s.DryRun {
		if err := s.Queue.SealTaskGroup(ctx, s.Group.ID()); err != nil {
			s.result.sealing = diag.Errorf(diag.Submission, 0, "the task group %s could not be sealed: %w", s.Group.ID(), err)
			return
		}
	}
	s.result.Sealed = true
}

// worker creates one task after the other.
type worker struct {
	*submission
	resolver *definition.Resolver
	length   int // for which definitions get room at first
}

// do does a job.
func (w *worker) do(ctx context.Context, j job) {
	state, err := Failed, error(nil)
	defer func() { w.finish(j, state, err) }()
	defer taskgraph.CatchBug("submission", func(bug error) { state, err = Failed, bug })
	state, err = w.create(ctx, j)
	if err != nil {
		if state = Failed; ctx.Err() != nil {
			state, err = NotTried, nil
		}
	}
}

func (w *worker) create(ctx context.Context, j job) (State, error) {
	t := w.order.tasks[j.place]
	now := w.moment()
	if w.resolver == nil || !w.resolver.Now().Equal(now) {
		w.resolver = definition.NewResolver(now)
	}
	relative := w.Group.Complete(t, w.inGraph)
	def, err := w.resolver.Definition(relative)
	if err != nil {
		return Failed, err
	}
	// The buffer is not used again: a transport may still read from it after the request has ended. The next one will be
	// about as long.
	body, err := value.AppendJSON(make([]byte, 0, w.length), def.Value(), value.JSONStyle{}, 0)
	w.length = min(len(body)+len(body)/8, 64<<10)
	if err != nil || w.DryRun {
		return Created, err
	}
	id := w.result.Outcomes[w.order.first[j.place]+j.copy].TaskID
	err = w.Queue.CreateTask(ctx, id, body)
	if taskcluster.IsConflict(err) {
		return w.compare(ctx, id, relative, err)
	}
	return Created, err
}

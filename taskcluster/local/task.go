package local

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The states of tasks and runs.
const (
	unscheduled = "unscheduled"
	pending     = "pending"
	running     = "running"
	completed   = "completed"
	failed      = "failed"
	exception   = "exception"
)

// definition is what the queue itself looks at in the definition of a task.
type definition struct {
	TaskQueueID  string   `json:"taskQueueId"`
	SchedulerID  string   `json:"schedulerId"`
	ProjectID    string   `json:"projectId"`
	TaskGroupID  string   `json:"taskGroupId"`
	Dependencies []string `json:"dependencies"`
	Requires     string   `json:"requires"`
	Routes       []string `json:"routes"`
	Priority     string   `json:"priority"`
	Retries      int      `json:"retries"`
	Created      stamp    `json:"created"`
	Deadline     stamp    `json:"deadline"`
	Expires      stamp    `json:"expires"`
	Scopes       []string `json:"scopes"`
}

// run is one attempt at a task.
type run struct {
	RunID          int    `json:"runId"`
	State          string `json:"state"`
	ReasonCreated  string `json:"reasonCreated"`
	ReasonResolved string `json:"reasonResolved,omitempty"`
	WorkerGroup    string `json:"workerGroup,omitempty"`
	WorkerID       string `json:"workerId,omitempty"`
	TakenUntil     stamp  `json:"takenUntil,omitzero"`
	Scheduled      stamp  `json:"scheduled"`
	Started        stamp  `json:"started,omitzero"`
	Resolved       stamp  `json:"resolved,omitzero"`
}

// progress is what changes of a task. It is stored apart from the definition, which is large.
type progress struct {
	RetriesLeft int   `json:"retriesLeft"`
	Runs        []run `json:"runs"`
	Inserted    stamp `json:"inserted"`
	// Order and Queued count when the task was made and when its last run became pending, in one sequence: many tasks
	// have the same millisecond.
	Order  int `json:"order"`
	Queued int `json:"queued,omitempty"`
	// Hinted says that claimWork gave out the last run, so that claimTask may not give it out once more.
	Hinted bool `json:"hinted,omitempty"`
}

// task is a task of the queue.
type task struct {
	id string
	definition
	text json.RawMessage // the whole definition, with sorted keys
	progress
	open map[string]bool // dependencies that are not yet satisfied, while it is unscheduled
}

func (t *task) state() string {
	if len(t.Runs) == 0 {
		return unscheduled
	}
	return t.last().State
}

// last is the newest run. There must be one.
func (t *task) last() *run { return &t.Runs[len(t.Runs)-1] }

// active says whether a task is not resolved.
func (t *task) active() bool {
	switch t.state() {
	case unscheduled, pending, running:
		return true
	}
	return false
}

// status is what the queue tells of a task.
type status struct {
	TaskID        string `json:"taskId"`
	ProvisionerID string `json:"provisionerId"`
	WorkerType    string `json:"workerType"`
	TaskQueueID   string `json:"taskQueueId"`
	SchedulerID   string `json:"schedulerId"`
	ProjectID     string `json:"projectId"`
	TaskGroupID   string `json:"taskGroupId"`
	Priority      string `json:"priority"`
	Deadline      stamp  `json:"deadline"`
	Expires       stamp  `json:"expires"`
	RetriesLeft   int    `json:"retriesLeft"`
	State         string `json:"state"`
	Runs          []run  `json:"runs"`
}

func (t *task) status() status {
	provisioner, worker, _ := strings.Cut(t.TaskQueueID, "/")
	return status{
		TaskID: t.id, ProvisionerID: provisioner, WorkerType: worker, TaskQueueID: t.TaskQueueID, SchedulerID: t.SchedulerID,
		ProjectID: t.ProjectID, TaskGroupID: t.TaskGroupID, Priority: t.Priority, Deadline: t.Deadline, Expires: t.Expires,
		RetriesLeft: t.RetriesLeft, State: t.state(), Runs: append([]run{}, t.Runs...),
	}
}

// statusReply is what many calls answer with.
func statusReply(t *task) object { return object{"status": t.status()} }

// both is definition and status, as lists give them.
func (t *task) both() object { return object{"status": t.status(), "task": t.text} }

// group is a task group.
type group struct {
	SchedulerID string `json:"schedulerId"`
	Expires     stamp  `json:"expires"`
	Sealed      stamp  `json:"sealed,omitzero"`

	members []string // ids of its tasks
	sorted  bool
}

// ids gives the members in their order.
func (g *group) ids() []string {
	if !g.sorted {
		slices.Sort(g.members)
		g.sorted = true
	}
	return g.members
}

func (g *group) reply(id string) object {
	o := object{"taskGroupId": id, "schedulerId": g.SchedulerID, "expires": g.Expires}
	if !g.Sealed.IsZero() {
		o["sealed"] = g.Sealed
	}
	return o
}

// queueState is everything that the queue knows.
type queueState struct {
	tasks       map[string]*task
	definitions *table[json.RawMessage]
	progress    *table[progress]
	groups      *table[*group]
	dependents  map[string][]string // who depends on a task, in the order of creation
	pending     map[string]*pendingTasks
	sequence    int // of what was made and became pending
	artifacts   *table[artifact]
	byRun       map[string][]string // names of the artifacts of a run, sorted
	seen        *table[taskQueue]
}

func (s *Server) loadQueue() (err error) {
	q := &s.queue
	q.tasks, q.dependents, q.pending, q.byRun = map[string]*task{}, map[string][]string{}, map[string]*pendingTasks{}, map[string][]string{}
	if q.definitions, err = newTable[json.RawMessage](s.journal, "tasks"); err != nil {
		return err
	}
	if q.progress, err = newTable[progress](s.journal, "progress"); err != nil {
		return err
	}
	if q.groups, err = newTable[*group](s.journal, "groups"); err != nil {
		return err
	}
	if q.artifacts, err = newTable[artifact](s.journal, "artifacts"); err != nil {
		return err
	}
	if q.seen, err = newTable[taskQueue](s.journal, "task-queues"); err != nil {
		return err
	}
	for _, key := range sortedKeys(q.artifacts.rows) {
		a := q.artifacts.rows[key]
		q.byRun[runKey(a.TaskID, a.RunID)] = append(q.byRun[runKey(a.TaskID, a.RunID)], a.Name)
	}
	var waiting []*task
	for id, text := range q.definitions.rows {
		t := &task{id: id, text: text, progress: q.progress.rows[id]}
		if err := json.Unmarshal(text, &t.definition); err != nil {
			return fmt.Errorf("task %s: %w", id, err)
		}
		q.tasks[id] = t
		q.sequence = max(q.sequence, t.Order, t.Queued)
		waiting = append(waiting, t)
	}
	// The tables are the store only: what is in use stands in tasks.
	clear(q.definitions.rows)
	clear(q.progress.rows)
	slices.SortFunc(waiting, func(a, b *task) int { return a.Order - b.Order })
	for _, t := range waiting {
		s.enlist(t)
		if t.state() == unscheduled {
			t.open = map[string]bool{}
			for _, id := range t.Dependencies {
				if d := q.tasks[id]; d == nil || !satisfiedBetween(t, d) {
					t.open[id] = true
				}
			}
		}
	}
	return nil
}

// enlist lets the queue find a task: by group, by what it depends on, as pending, and when its time is over.
func (s *Server) enlist(t *task) {
	q := &s.queue
	g := q.groups.rows[t.TaskGroupID]
	if g != nil {
		g.members = append(g.members, t.id)
		g.sorted = false
	}
	for _, id := range t.Dependencies {
		q.dependents[id] = append(q.dependents[id], t.id)
	}
	if t.active() {
		s.due.add(t.Deadline.Time, dueDeadline, t.id)
	}
	switch t.state() {
	case pending:
		s.enqueue(t)
	case running:
		s.due.add(t.last().TakenUntil.Time, dueClaim, t.id)
	}
}

// satisfiedBetween says whether a dependency was satisfied when a task was made, or has been since.
func satisfiedBetween(t, d *task) bool {
	before := ""
	for _, r := range d.Runs {
		if !r.Scheduled.After(t.Inserted.Time) {
			before = ""
		}
		if r.Resolved.IsZero() || !satisfying(t, r.State) {
			continue
		}
		if r.Resolved.After(t.Inserted.Time) {
			return true
		}
		before = r.State
	}
	return before != ""
}

// satisfying says whether a dependency in this state is satisfied for the task.
func satisfying(t *task, state string) bool {
	return state == completed || t.Requires == "all-resolved" && (state == failed || state == exception)
}

// keep stores what changed of a task.
func (s *Server) keep(t *task) {
	if s.journal.db != nil {
		s.journal.put(s.queue.progress.bucket, t.id, mustJSON(t.progress))
	}
}

// keepDefinition stores the definition of a task.
func (s *Server) keepDefinition(t *task) {
	s.journal.put(s.queue.definitions.bucket, t.id, t.text)
}

// find gives a task or refuses.
func (s *Server) find(id string) (*task, error) {
	t := s.queue.tasks[id]
	if t == nil {
		return nil, refuse("ResourceNotFound", "there is no task `%s`", id)
	}
	return t, nil
}

// lateRefusal is what calls answer that come after the deadline.
func lateRefusal(t *task, what string) error {
	return refuse("RequestConflict", "task `%s` cannot be %s any more: its deadline was %s", t.id, what, t.Deadline)
}

func (t *task) late(now time.Time) bool { return t.Deadline.Before(now) }

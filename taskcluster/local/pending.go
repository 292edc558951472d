package local

import (
	"container/heap"
	"slices"
	"time"
)

// pendingTasks are what a task queue has for workers: the highest priority first, then the oldest.
type pendingTasks struct{ entries []pendingEntry }

type pendingEntry struct {
	priority int // 0 is the highest
	sequence int
	taskID   string
	runID    int
}

func (p *pendingTasks) Len() int      { return len(p.entries) }
func (p *pendingTasks) Swap(i, j int) { p.entries[i], p.entries[j] = p.entries[j], p.entries[i] }
func (p *pendingTasks) Push(x any)    { p.entries = append(p.entries, x.(pendingEntry)) }
func (p *pendingTasks) Less(i, j int) bool {
	return p.entries[i].before(p.entries[j])
}
func (p *pendingTasks) Pop() any {
	last := p.entries[len(p.entries)-1]
	p.entries = p.entries[:len(p.entries)-1]
	return last
}

func (e pendingEntry) before(f pendingEntry) bool {
	if e.priority != f.priority {
		return e.priority < f.priority
	}
	return e.sequence < f.sequence
}

// enqueue lets workers have the last run of a task. What stood there before for it counts no longer.
func (s *Server) enqueue(t *task) {
	q := &s.queue
	p := q.pending[t.TaskQueueID]
	if p == nil {
		p = &pendingTasks{}
		q.pending[t.TaskQueueID] = p
	}
	heap.Push(p, pendingEntry{max(slices.Index(priorities, t.Priority), 0), t.Queued, t.id, t.last().RunID})
	if builtIn[t.TaskQueueID] != "" {
		s.due.add(t.last().Scheduled.Time, dueBuiltIn, t.id)
	}
	close(s.arrivals)
	s.arrivals = make(chan struct{})
}

// stands says whether an entry is still true.
func (s *Server) stands(e pendingEntry) bool {
	t := s.queue.tasks[e.taskID]
	return t != nil && t.state() == pending && t.last().RunID == e.runID && priorities[e.priority] == t.Priority
}

// dequeue takes the next run of a queue, or gives nil.
func (s *Server) dequeue(queueID string, now time.Time) *task {
	p := s.queue.pending[queueID]
	for p != nil && p.Len() > 0 {
		if e := heap.Pop(p).(pendingEntry); s.stands(e) && !s.queue.tasks[e.taskID].late(now) {
			return s.queue.tasks[e.taskID]
		}
	}
	return nil
}

// waiting gives the entries of a queue in the order in which workers get them.
func (s *Server) waiting(queueID string) []pendingEntry {
	p := s.queue.pending[queueID]
	if p == nil {
		return nil
	}
	var all []pendingEntry
	for _, e := range p.entries {
		if s.stands(e) {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b pendingEntry) int {
		if a.before(b) {
			return -1
		}
		return 1
	})
	return slices.CompactFunc(all, func(a, b pendingEntry) bool { return a.taskID == b.taskID })
}

// What becomes due.
const (
	dueDeadline = "deadline" // of a task
	dueClaim    = "claim"    // of a run
	dueHook     = "hook"
	dueBuiltIn  = "built-in" // a task for one of the workers that every deployment has
)

// dueEntry is something to be done when its time has come. Whether it is still to be done is found out then.
type dueEntry struct {
	at   time.Time
	kind string
	id   string
	seq  int
}

// dueHeap is what becomes due, the first at the top.
type dueHeap struct {
	entries []dueEntry
	seq     int
}

func (h *dueHeap) Len() int      { return len(h.entries) }
func (h *dueHeap) Swap(i, j int) { h.entries[i], h.entries[j] = h.entries[j], h.entries[i] }
func (h *dueHeap) Push(x any)    { h.entries = append(h.entries, x.(dueEntry)) }
func (h *dueHeap) Less(i, j int) bool {
	if c := h.entries[i].at.Compare(h.entries[j].at); c != 0 {
		return c < 0
	}
	return h.entries[i].seq < h.entries[j].seq
}
func (h *dueHeap) Pop() any {
	last := h.entries[len(h.entries)-1]
	h.entries = h.entries[:len(h.entries)-1]
	return last
}

func (h *dueHeap) add(at time.Time, kind, id string) {
	h.seq++
	heap.Push(h, dueEntry{at, kind, id, h.seq})
}

// Settle does everything that is due: tasks past their deadline, claims that ran out, hooks on schedule. It is done
// before each request as well; call it when nobody asks but something has to happen.
func (s *Server) Settle() { s.settle(s.now()) }

func (s *Server) settle(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.due.Len() > 0 && !s.due.entries[0].at.After(now) {
		e := heap.Pop(&s.due).(dueEntry)
		switch e.kind {
		case dueDeadline:
			if t := s.queue.tasks[e.id]; t != nil && t.Deadline.Equal(e.at) {
				s.cancel(t, "deadline-exceeded", now)
			}
		case dueClaim:
			s.expireClaim(e, now)
		case dueBuiltIn:
			s.runBuiltIn(e.id, now)
		case dueHook:
			s.fireScheduled(e, now)
		}
	}
	s.journal.commit()
}

// expireClaim gives a run that its worker lost to another one, as often as the task may be tried again.
func (s *Server) expireClaim(e dueEntry, now time.Time) {
	t := s.queue.tasks[e.id]
	if t == nil || t.state() != running || !t.last().TakenUntil.Equal(e.at) || t.late(now) {
		return
	}
	s.retry(t, "claim-expired", "retry", now)
}

// retry resolves the running run as an exception, and makes another if there are retries left. Else the task is
// resolved.
func (s *Server) retry(t *task, reason, newReason string, now time.Time) {
	r := t.last()
	r.State, r.ReasonResolved, r.Resolved = exception, reason, newStamp(now)
	if newReason == "" || t.RetriesLeft <= 0 {
		s.keep(t)
		s.resolved(t, exception, now)
		return
	}
	t.RetriesLeft--
	s.addRun(t, newReason, now)
}

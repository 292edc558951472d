package local

import (
	"encoding/json"
	"time"
)

// schedule makes the first run of a task that has none.
func (s *Server) schedule(t *task, reason string, now time.Time) {
	if len(t.Runs) == 0 {
		s.addRun(t, reason, now)
	}
}

// addRun makes a new run and lets workers have it.
func (s *Server) addRun(t *task, reason string, now time.Time) {
	s.queue.sequence++
	t.open, t.Hinted, t.Queued = nil, false, s.queue.sequence
	t.Runs = append(t.Runs, run{RunID: len(t.Runs), State: pending, ReasonCreated: reason, Scheduled: newStamp(now)})
	s.keep(t)
	s.enqueue(t)
	s.notifyTask(t, pending, now)
}

// cancel resolves a task that is not resolved, for a reason. It says whether that changed anything.
func (s *Server) cancel(t *task, reason string, now time.Time) bool {
	if !t.active() {
		return false
	}
	at := newStamp(now)
	if len(t.Runs) == 0 {
		t.open = nil
		t.Runs = append(t.Runs, run{State: exception, ReasonCreated: exception, ReasonResolved: reason, Scheduled: at, Resolved: at})
	} else {
		r := t.last()
		r.State, r.ReasonResolved, r.Resolved = exception, reason, at
	}
	s.keep(t)
	s.resolved(t, exception, now)
	return true
}

// resolved does what follows from a task's end: who depends on it, the index, notifications.
func (s *Server) resolved(t *task, state string, now time.Time) {
	s.notifyTask(t, state, now)
	if state == completed {
		s.indexTask(t)
	}
	for _, id := range s.queue.dependents[t.id] {
		d := s.queue.tasks[id]
		if d == nil || !d.open[t.id] || !satisfying(d, state) {
			continue
		}
		delete(d.open, t.id)
		if len(d.open) == 0 && !d.late(now) {
			s.schedule(d, "scheduled", now)
		}
	}
}

// changeTask makes the handler of a call that changes a task and gives its status. Who may is known only with the
// task at hand.
func changeTask(change func(c *call, t *task) error) handler {
	return func(c *call) (any, error) {
		c.s.mu.Lock()
		defer c.s.mu.Unlock()
		t, err := c.s.find(c.params["taskId"])
		if err != nil {
			return nil, err
		}
		err = c.authorize(map[string]string{
			"schedulerId": t.SchedulerID, "taskGroupId": t.TaskGroupID, "projectId": t.ProjectID, "taskQueueId": t.TaskQueueID,
		}, nil)
		if err == nil {
			err = change(c, t)
		}
		if err != nil {
			return nil, err
		}
		return statusReply(t), nil
	}
}

func scheduleTask(c *call, t *task) error {
	if t.late(c.now) {
		return lateRefusal(t, "scheduled")
	}
	c.s.schedule(t, "scheduled", c.now)
	return nil
}

func rerunTask(c *call, t *task) error {
	if t.late(c.now) {
		return lateRefusal(t, "rescheduled")
	}
	switch t.state() {
	case pending, running:
		return nil
	}
	if len(t.Runs) >= maxRuns {
		return refuse("RequestConflict", "the task has had %d runs already", maxRuns)
	}
	t.RetriesLeft = min(t.Retries, maxRuns-len(t.Runs)-1)
	c.s.addRun(t, "rerun", c.now)
	c.s.due.add(t.Deadline.Time, dueDeadline, t.id)
	return nil
}

func cancelTask(c *call, t *task) error {
	if t.late(c.now) {
		return lateRefusal(t, "canceled")
	}
	c.s.cancel(t, "canceled", c.now)
	return nil
}

func changeTaskPriority(c *call, t *task) error {
	if !t.active() {
		return refuse("RequestConflict", "task `%s` is resolved, its priority says nothing any more", t.id)
	}
	if t.late(c.now) {
		return lateRefusal(t, "changed")
	}
	return c.s.reprioritize(t, text(c.data(), "newPriority"))
}

// reprioritize changes the priority in the definition.
func (s *Server) reprioritize(t *task, priority string) error {
	var def object
	if err := json.Unmarshal(t.text, &def); err != nil {
		return err
	}
	def["priority"] = priority
	t.Priority, t.text = priority, mustJSON(def)
	s.keepDefinition(t)
	if t.state() == pending {
		s.enqueue(t)
	}
	return nil
}

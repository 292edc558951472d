package local

import (
	"bytes"
	"slices"
	"strings"
	"time"
)

// priorities are the priorities of tasks, the highest first.
var priorities = []string{"highest", "very-high", "high", "medium", "low", "very-low", "lowest"}

const (
	drift           = 15 * time.Minute // how far created may be from now, and a deadline over the limit
	maxDependencies = 10_000
	maxRuns         = 50
)

// createTask makes a task, or finds that it is there already. The checks come in the order of the real queue.
func createTask(c *call) (any, error) {
	taskID, def := c.params["taskId"], c.data()
	if err := completeQueueID(def); err != nil {
		return nil, err
	}
	if list, _ := def["dependencies"].([]any); len(list) > maxDependencies {
		return nil, refuse("InputError", "more than %d dependencies", maxDependencies)
	}
	if text(def, "projectId") == "" {
		def["projectId"] = "none"
	}
	err := c.authorize(createParams(def))
	if err != nil {
		return nil, err
	}
	t, err := c.s.newTask(taskID, def, c.now)
	if err != nil {
		return nil, err
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if t, err = c.s.insertTask(t, c.now); err != nil {
		return nil, err
	}
	return statusReply(t), nil
}

// createParams are what the scopes of createTask depend on.
func createParams(def object) (map[string]string, map[string][]string) {
	own := max(slices.Index(priorities, text(def, "priority")), 0)
	return map[string]string{
			"projectId": text(def, "projectId"), "schedulerId": text(def, "schedulerId"),
			"provisionerId": text(def, "provisionerId"), "workerType": text(def, "workerType"),
		}, map[string][]string{
			"scopes": texts(def, "scopes"), "routes": texts(def, "routes"), "priorities": priorities[:own+1],
		}
}

// completeQueueID makes the old and the new name of the queue agree.
func completeQueueID(def object) error {
	provisioner, worker, id := text(def, "provisionerId"), text(def, "workerType"), text(def, "taskQueueId")
	switch {
	case provisioner != "" && worker != "":
		if joined := provisioner + "/" + worker; id == "" {
			def["taskQueueId"] = joined
		} else if id != joined {
			return refuse("InputError", "taskQueueId is %q, but provisionerId and workerType make %q", id, joined)
		}
	case id != "":
		provisioner, worker, _ = strings.Cut(id, "/")
		def["provisionerId"], def["workerType"] = provisioner, worker
	default:
		return refuse("InputError", "neither taskQueueId nor provisionerId and workerType are given")
	}
	return nil
}

// newTask checks the times of a definition and gives it its final form.
func (s *Server) newTask(taskID string, def object, now time.Time) (*task, error) {
	if text(def, "taskGroupId") == "" {
		def["taskGroupId"] = taskID
	}
	created, deadline := stampOf(def, "created"), stampOf(def, "deadline")
	switch {
	case created.Before(now.Add(-drift)):
		return nil, refuse("InputError", "created is %s, more than 15 minutes ago", created)
	case created.After(now.Add(drift)):
		return nil, refuse("InputError", "created is %s, more than 15 minutes ahead", created)
	case created.After(deadline.Time):
		return nil, refuse("InputError", "deadline %s is before created %s", deadline, created)
	case deadline.Before(now):
		return nil, refuse("InputError", "deadline %s is past", deadline)
	case deadline.After(now.Add(s.o.MaxDeadline + drift)):
		return nil, refuse("InputError", "deadline is more than %g days ahead: %s", s.o.MaxDeadline.Hours()/24, deadline)
	}
	expires := newStamp(deadline.AddDate(1, 0, 0))
	if text(def, "expires") != "" {
		expires = stampOf(def, "expires")
	}
	if deadline.After(expires.Time) {
		return nil, refuse("InputError", "expires %s is before deadline %s", expires, deadline)
	}
	if slices.ContainsFunc(texts(def, "scopes"), func(s string) bool { return strings.HasSuffix(s, "**") }) {
		return nil, refuse("InputError", "a scope ends in `**`")
	}
	def["created"], def["deadline"], def["expires"] = created.String(), deadline.String(), expires.String()
	retries, _ := def["retries"].(float64)
	t := &task{id: taskID, text: mustJSON(def), definition: definition{
		TaskQueueID: text(def, "taskQueueId"), SchedulerID: text(def, "schedulerId"), ProjectID: text(def, "projectId"), TaskGroupID: text(def, "taskGroupId"),
		Dependencies: texts(def, "dependencies"), Requires: text(def, "requires"), Routes: texts(def, "routes"), Priority: text(def, "priority"), Retries: int(retries),
		Created: created, Deadline: deadline, Expires: expires, Scopes: texts(def, "scopes"),
	}}
	t.RetriesLeft, t.Inserted, t.Runs = t.Retries, newStamp(now), []run{}
	return t, nil
}

// insertTask puts a task into its group and schedules it if nothing is in the way. It gives the one that was there
// before if that is the same.
func (s *Server) insertTask(t *task, now time.Time) (*task, error) {
	q := &s.queue
	if err := s.ensureGroup(t); err != nil {
		return nil, err
	}
	if old := q.tasks[t.id]; old != nil {
		if !bytes.Equal(old.text, t.text) {
			return nil, refuse("RequestConflict", "there is a task `%s` already, with another definition", t.id)
		}
		return old, nil
	}
	if err := s.checkDependencies(t); err != nil {
		return nil, err
	}
	q.sequence++
	t.Order = q.sequence
	q.tasks[t.id] = t
	t.open = map[string]bool{}
	for _, id := range t.Dependencies {
		if !satisfying(t, q.tasks[id].state()) {
			t.open[id] = true
		}
	}
	s.keepDefinition(t)
	s.enlist(t)
	s.notifyTask(t, "defined", now)
	if len(t.open) == 0 {
		s.schedule(t, "scheduled", now)
	}
	s.keep(t)
	return t, nil
}

// ensureGroup makes the group of a task, or refuses if it does not take the task.
func (s *Server) ensureGroup(t *task) error {
	g := s.queue.groups.rows[t.TaskGroupID]
	extended := newStamp(t.Expires.Add(time.Hour))
	switch {
	case g == nil:
		s.queue.groups.set(t.TaskGroupID, &group{SchedulerID: t.SchedulerID, Expires: extended})
		return nil
	case g.SchedulerID != t.SchedulerID:
		return refuse("RequestConflict", "task group `%s` is of the schedulerId `%s`, the task of `%s`", t.TaskGroupID, g.SchedulerID, t.SchedulerID)
	}
	if t.Expires.After(g.Expires.Time) {
		g.Expires = extended
		s.queue.groups.set(t.TaskGroupID, g)
	}
	if !g.Sealed.IsZero() {
		return refuse("RequestConflict", "task group `%s` is sealed: it takes no more tasks", t.TaskGroupID)
	}
	return nil
}

// checkDependencies refuses a task that depends on what is not there, or not for long enough.
func (s *Server) checkDependencies(t *task) error {
	var missing, expiring []string
	for _, id := range t.Dependencies {
		if id == t.id {
			continue // legal: it waits for scheduleTask
		}
		switch d := s.queue.tasks[id]; {
		case d == nil:
			missing = append(missing, id)
		case t.Deadline.After(d.Expires.Time):
			expiring = append(expiring, id)
		}
	}
	if missing != nil {
		expiring = nil // the real queue does not look for these then
	}
	if missing == nil && expiring == nil {
		return nil
	}
	var b strings.Builder
	list := func(what string, ids []string) {
		if ids == nil {
			return
		}
		b.WriteString(what + "\n")
		for _, id := range ids {
			b.WriteString(" * " + id + "\n")
		}
	}
	list("dependencies that do not exist:", missing)
	list("dependencies that expire before the deadline:", expiring)
	f := refuse("InputError", "%s", b.String())
	f.details = map[string]any{"missingTaskDependencies": missing, "expiringTaskDependencies": expiring}
	return f
}

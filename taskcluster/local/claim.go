package local

import (
	"fmt"
	"strconv"
	"time"

	tcclient "github.com/taskcluster/taskcluster/v87/clients/client-go"
)

// workerCredentials are credentials as replies have them.
type workerCredentials struct {
	ClientID    string `json:"clientId"`
	AccessToken string `json:"accessToken"`
	Certificate string `json:"certificate"`
}

func shown(c *tcclient.Credentials) workerCredentials {
	return workerCredentials{c.ClientID, c.AccessToken, c.Certificate}
}

// runCredentials are what a worker gets for a run: the scopes of the task, and to report about the run.
func (s *Server) runCredentials(t *task, now time.Time) workerCredentials {
	r := t.last()
	own := fmt.Sprintf("%s/%d", t.id, r.RunID)
	name := fmt.Sprintf("task-client/%s/on/%s/%s/until/%d", own, r.WorkerGroup, r.WorkerID, r.TakenUntil.Unix())
	scopes := append([]string{"queue:reclaim-task:" + own, "queue:resolve-task:" + own, "queue:create-artifact:" + own}, t.Scopes...)
	return shown(s.credentials(name, r.TakenUntil.Sub(now), scopes))
}

// claim gives the pending last run of a task to a worker.
func (s *Server) claim(t *task, workerGroup, workerID string, hinted bool, now time.Time) object {
	r := t.last()
	r.State, r.WorkerGroup, r.WorkerID = running, workerGroup, workerID
	r.Started, r.TakenUntil = newStamp(now), newStamp(now.Add(s.o.ClaimTimeout))
	t.Hinted = hinted
	s.keep(t)
	s.due.add(r.TakenUntil.Time, dueClaim, t.id)
	s.notifyTask(t, running, now)
	return s.claimReply(t, now)
}

func (s *Server) claimReply(t *task, now time.Time) object {
	r := t.last()
	return object{
		"status": t.status(), "runId": r.RunID, "workerGroup": r.WorkerGroup, "workerId": r.WorkerID,
		"takenUntil": r.TakenUntil, "task": t.text, "credentials": s.runCredentials(t, now),
	}
}

// claimWork gives a worker runs to do. If there are none it waits for some.
func claimWork(c *call) (any, error) {
	in := c.data()
	workerGroup, workerID := text(in, "workerGroup"), text(in, "workerId")
	if err := c.authorize(map[string]string{"workerGroup": workerGroup, "workerId": workerID}, nil); err != nil {
		return nil, err
	}
	count, _ := in["tasks"].(float64)
	s, queueID := c.s, c.params["taskQueueId"]
	patience := time.NewTimer(max(s.o.ClaimWait, 0))
	defer patience.Stop()
	for {
		s.mu.Lock()
		now := s.now()
		s.sawQueue(queueID, now)
		claims := []object{}
		for len(claims) < int(count) {
			t := s.dequeue(queueID, now)
			if t == nil {
				break
			}
			claims = append(claims, s.claim(t, workerGroup, workerID, true, now))
		}
		arrivals := s.arrivals
		s.mu.Unlock()
		if len(claims) > 0 || s.o.ClaimWait < 0 {
			return object{"tasks": claims}, nil
		}
		select {
		case <-arrivals:
		case <-patience.C:
			return object{"tasks": claims}, nil
		case <-c.req.Context().Done():
			return object{"tasks": claims}, nil
		case <-s.closing:
			return object{"tasks": claims}, nil
		}
	}
}

// findRun gives a task and the number of one of its runs, or refuses.
func (c *call) findRun() (*task, int, error) {
	t, err := c.s.find(c.params["taskId"])
	if err != nil {
		return nil, 0, err
	}
	n, err := strconv.Atoi(c.params["runId"])
	if err != nil || n >= len(t.Runs) {
		return nil, 0, refuse("ResourceNotFound", "task `%s` has no run %s", t.id, c.params["runId"])
	}
	return t, n, nil
}

func claimTask(c *call) (any, error) {
	in := c.data()
	workerGroup, workerID := text(in, "workerGroup"), text(in, "workerId")
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	t, err := c.s.find(c.params["taskId"])
	if err != nil {
		return nil, err
	}
	st := t.status()
	if err := c.authorize(map[string]string{"workerGroup": workerGroup, "workerId": workerID, "provisionerId": st.ProvisionerID, "workerType": st.WorkerType}, nil); err != nil {
		return nil, err
	}
	if !t.Deadline.After(c.now) {
		return nil, lateRefusal(t, "claimed")
	}
	if _, _, err := c.findRun(); err != nil {
		return nil, err
	}
	n, _ := strconv.Atoi(c.params["runId"])
	c.s.sawQueue(t.TaskQueueID, c.now)
	r := t.last()
	switch {
	case r.RunID == n && r.State == pending:
		return c.s.claim(t, workerGroup, workerID, false, c.now), nil
	case r.RunID == n && r.State == running && r.WorkerGroup == workerGroup && r.WorkerID == workerID && !t.Hinted:
		return c.s.claimReply(t, c.now), nil // asked twice
	}
	return nil, refuse("RequestConflict", "run %d has another worker", n)
}

func reclaimTask(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	t, n, err := c.findRun()
	if err != nil {
		return nil, err
	}
	if !t.Deadline.After(c.now) {
		return nil, lateRefusal(t, "reclaimed")
	}
	r := t.last()
	if r.RunID != n || r.State != running {
		return nil, refuse("RequestConflict", "run %d of task `%s` does not run, or no longer", n, t.id)
	}
	if until := newStamp(c.now.Add(c.s.o.ClaimTimeout)); until.After(r.TakenUntil.Time) {
		r.TakenUntil = until
		c.s.keep(t)
		c.s.due.add(until.Time, dueClaim, t.id)
	}
	return object{
		"status": t.status(), "runId": n, "workerGroup": r.WorkerGroup, "workerId": r.WorkerID,
		"takenUntil": r.TakenUntil, "credentials": c.s.runCredentials(t, c.now),
	}, nil
}

// resolveRun ends the running run of a task as completed or failed.
func (s *Server) resolveRun(t *task, target string, now time.Time) {
	r := t.last()
	r.State, r.ReasonResolved, r.Resolved = target, target, newStamp(now)
	s.keep(t)
	s.resolved(t, target, now)
}

// report makes the handler that resolves a run as completed or failed.
func report(target string) handler {
	return func(c *call) (any, error) {
		target := target
		if ok, given := c.data()["success"].(bool); given && !ok {
			target = failed // an old form of reportCompleted
		}
		c.s.mu.Lock()
		defer c.s.mu.Unlock()
		t, n, err := c.findRun()
		if err != nil {
			return nil, err
		}
		r := t.last()
		switch {
		case t.Runs[n].State != running && t.Runs[n].State != target:
			return nil, refuse("RequestConflict", "run %d of task `%s` does not run and is not %s", n, t.id, target)
		case r.RunID != n:
			return nil, refuse("RequestConflict", "run %d of task `%s` does not run, or no longer", n, t.id)
		case r.State == running:
			c.s.resolveRun(t, target, c.now)
		}
		return statusReply(t), nil
	}
}

func reportException(c *call) (any, error) {
	reason := text(c.data(), "reason")
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	t, n, err := c.findRun()
	if err != nil {
		return nil, err
	}
	if r := t.last(); r.RunID == n && r.State == running {
		c.s.retry(t, reason, map[string]string{"worker-shutdown": "retry", "intermittent-task": "task-retry"}[reason], c.now)
	}
	if r := t.Runs[n]; len(t.Runs)-1 > n+1 || r.State != exception || r.ReasonResolved != reason {
		return nil, refuse("RequestConflict", "run %d of task `%s` does not run, or no longer", n, t.id)
	}
	return statusReply(t), nil
}

package local

import (
	"slices"
	"strings"
	"time"
)

// taskQueue is what is known of a queue that workers asked.
type taskQueue struct {
	TaskQueueID    string `json:"taskQueueId"`
	Expires        stamp  `json:"expires"`
	LastDateActive stamp  `json:"lastDateActive"`
	Description    string `json:"description"`
	Stability      string `json:"stability"`
}

// sawQueue notes that a worker asked for tasks, at most once a minute.
func (s *Server) sawQueue(id string, now time.Time) {
	if old, ok := s.queue.seen.rows[id]; ok && now.Sub(old.LastDateActive.Time) < time.Minute {
		return
	}
	s.queue.seen.set(id, taskQueue{id, newStamp(now.AddDate(0, 0, 5)), newStamp(now), "", "experimental"})
}

func listTaskQueues(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	rows, token, err := page(c, sortedKeys(c.s.queue.seen.rows))
	out := make([]taskQueue, len(rows))
	for i, id := range rows {
		out[i] = c.s.queue.seen.rows[id]
	}
	return paged(object{"taskQueues": out}, token), err
}

func getTaskQueue(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	q, ok := c.s.queue.seen.rows[c.params["taskQueueId"]]
	if !ok {
		return nil, refuse("ResourceNotFound", "no worker has asked for tasks of `%s`", c.params["taskQueueId"])
	}
	return q, nil
}

// claimed gives the tasks of a queue that workers have, in the order of their ids.
func (s *Server) claimed(queueID string) (found []*task) {
	for _, t := range s.queue.tasks {
		if t.TaskQueueID == queueID && t.state() == running {
			found = append(found, t)
		}
	}
	slices.SortFunc(found, func(a, b *task) int { return strings.Compare(a.id, b.id) })
	return found
}

func pendingCount(withClaimed bool) handler {
	return func(c *call) (any, error) {
		c.s.mu.Lock()
		defer c.s.mu.Unlock()
		id := c.params["taskQueueId"]
		provisioner, worker, _ := strings.Cut(id, "/")
		reply := object{"provisionerId": provisioner, "workerType": worker, "taskQueueId": id, "pendingTasks": len(c.s.waiting(id))}
		if withClaimed {
			reply["claimedTasks"] = len(c.s.claimed(id))
		}
		return reply, nil
	}
}

func listPendingTasks(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	rows, token, err := page(c, c.s.waiting(c.params["taskQueueId"]))
	out := make([]object, len(rows))
	for i, e := range rows {
		t := c.s.queue.tasks[e.taskID]
		out[i] = object{"taskId": t.id, "runId": e.runID, "task": t.text, "inserted": t.last().Scheduled}
	}
	return paged(object{"tasks": out}, token), err
}

func listClaimedTasks(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	rows, token, err := page(c, c.s.claimed(c.params["taskQueueId"]))
	out := make([]object, len(rows))
	for i, t := range rows {
		r := t.last()
		out[i] = object{"taskId": t.id, "runId": r.RunID, "task": t.text, "claimed": r.Started, "workerGroup": r.WorkerGroup, "workerId": r.WorkerID}
	}
	return paged(object{"tasks": out}, token), err
}

package local

import (
	"encoding/json"
	"strings"
	"time"
)

// builtIn are the task queues of the workers that every deployment has, and how each resolves its tasks.
var builtIn = map[string]string{"built-in/succeed": completed, "built-in/fail": failed}

// runBuiltIn does a task of a built-in worker, which is to do nothing.
func (s *Server) runBuiltIn(id string, now time.Time) {
	t := s.queue.tasks[id]
	if t == nil || t.state() != pending || t.late(now) {
		return
	}
	_, worker, _ := strings.Cut(t.TaskQueueID, "/")
	s.claim(t, "built-in-workers", worker, true, now)
	var said struct {
		Payload object `json:"payload"`
	}
	if json.Unmarshal(t.text, &said) != nil || len(said.Payload) > 0 {
		s.retry(t, "malformed-payload", "", now)
		return
	}
	s.resolveRun(t, builtIn[t.TaskQueueID], now)
}

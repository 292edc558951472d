package local

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/taskcluster/slugid-go/slugid"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcqueue"
)

// insert makes a task without a request.
func (w *world) insert(edit ...edit) string {
	w.t.Helper()
	var def object
	require.NoError(w.t, json.Unmarshal(mustJSON(w.task(edit...)), &def))
	route, _ := w.api.find("queue", "v1", "PUT", "task/x")
	route.input.fill(def)
	require.NoError(w.t, completeQueueID(def))
	def["projectId"] = "none"
	id := slugid.Nice()
	t, err := w.newTask(id, def, w.clock.now())
	require.NoError(w.t, err)
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err = w.insertTask(t, w.clock.now())
	require.NoError(w.t, err)
	return id
}

// A task can depend on ten thousand, and waits for each of them. The group is listed in pages of a thousand.
func TestTenThousandTasks(t *testing.T) {
	clock := newFakeClock()
	s, err := New(Options{Clock: clock.now}) // checking replies would take the most time
	require.NoError(t, err)
	w := &world{Server: s, t: t, clock: clock}
	w.listen()
	defer w.stop()
	ids := make([]string, 10_000)
	for i := range ids {
		ids[i] = w.insert()
	}
	start := time.Now()
	last := w.create(func(d *tcqueue.TaskDefinitionRequest) { d.Dependencies = ids })
	seen := map[string]bool{}
	token, pages := "", 0
	for {
		list, err := w.root().queue.ListTaskGroup(group1, token, "")
		require.NoError(t, err)
		require.LessOrEqual(t, len(list.Tasks), 1000)
		for _, task := range list.Tasks {
			seen[task.Status.TaskID] = true
		}
		pages++
		if token = list.ContinuationToken; token == "" {
			break
		}
	}
	assert.Len(t, seen, 10_001)
	assert.Equal(t, 11, pages)
	w.mu.Lock()
	for _, id := range ids[1:] {
		task := w.queue.tasks[id]
		w.claim(task, "g", "w", false, w.clock.now())
		w.resolveRun(task, completed, w.clock.now())
	}
	w.mu.Unlock()
	assert.Equal(t, "unscheduled", w.state(last))
	w.finish(ids[0], "completed")
	assert.Equal(t, "pending", w.state(last))
	t.Log("took", time.Since(start))
}

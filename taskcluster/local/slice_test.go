package local

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcqueue"
)

// A task is created, run by a worker, and found in the index.
func TestThinSlice(t *testing.T) {
	w := newWorld(t)
	id := w.create(func(d *tcqueue.TaskDefinitionRequest) { d.Routes = []string{"index.project.test.latest"} })
	assert.Equal(t, "pending", w.state(id))
	worker := w.with("queue:claim-work:local/linux", "queue:worker-id:here/w1")
	work, err := worker.queue.ClaimWork("local/linux", &tcqueue.ClaimWorkRequest{WorkerGroup: "here", WorkerID: "w1", Tasks: 1})
	require.NoError(t, err)
	require.Len(t, work.Tasks, 1)
	assert.Equal(t, id, work.Tasks[0].Status.TaskID)
	assert.Equal(t, "running", w.state(id))
	_, err = w.as(nil).index.FindTask("project.test.latest")
	refused(t, err, 404, "ResourceNotFound")
	own := w.as(credentialsOf(work.Tasks[0].Credentials))
	_, err = own.queue.ReportCompleted(id, "0")
	require.NoError(t, err)
	found, err := w.as(nil).index.FindTask("project.test.latest")
	require.NoError(t, err)
	assert.Equal(t, id, found.TaskID)
}

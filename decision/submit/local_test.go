package submit

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"runtime/debug"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcqueue"

	"github.com/taskgraph-go/decision/decision/definition"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskcluster/local"
	"github.com/taskgraph-go/decision/value"
)

// TestLocal submits to the embedded Taskcluster, over connections that fail, and reads back what is there.
func TestLocal(t *testing.T) {
	s, err := local.New(local.Options{CheckReplies: true})
	require.NoError(t, err)
	web := httptest.NewServer(s.Handler())
	defer web.Close()
	client := taskcluster.NewClient(taskcluster.Options{RootURL: web.URL, Credentials: s.RootCredentials(), Patience: Patience})
	createDecision(t, client)

	require.NoError(t, s.SetFaults(1,
		local.Fault{Route: "queue.*", Kind: local.Status, Probability: 0.10, Status: 503},
		local.Fault{Route: "queue.*", Kind: local.DropBefore, Probability: 0.02},
		local.Fault{Route: "queue.*", Kind: local.DropAfter, Probability: 0.02},
		local.Fault{Route: "queue.*", Kind: local.Duplicate, Probability: 0.02},
		local.Fault{Route: "queue.*", Kind: local.Status, Probability: 0.02, Status: 429, RetryAfter: time.Second, Burst: 3}))
	const total = 1000
	graph := layers(total, 8)
	for _, later := range []time.Duration{0, 5 * time.Minute} {
		r, err := Run(t.Context(), Options{Graph: graph, Group: group, Queue: client, Clock: func() time.Time { return time.Now().Add(later) }})
		require.NoError(t, err)
		require.NoError(t, r.Err(nil))
		assert.Equal(t, later > 0, r.Count(Existed) > 0)
	}
	require.NoError(t, s.SetFaults(1))
	queue := tcqueue.New(s.RootCredentials(), web.URL)
	found := map[string]tcqueue.TaskDefinitionAndStatus{}
	for token := ""; ; {
		page, err := queue.ListTaskGroup(decisionID, token, "300")
		require.NoError(t, err)
		for _, x := range page.Tasks {
			found[x.Status.TaskID] = x
		}
		if token = page.ContinuationToken; token == "" {
			break
		}
	}
	assert.Len(t, found, total+1)
	for x := range graph.All() {
		there, ok := found[x.TaskID]
		require.True(t, ok, x.Label)
		text, err := json.Marshal(there.Task)
		require.NoError(t, err)
		doc, err := (&value.Reader{}).JSON("x", text)
		require.NoError(t, err)
		diffs, err := definition.Differences(group.Complete(x, func(id string) bool { return found[id].Status.TaskID != "" && id != decisionID }), doc.Map())
		require.NoError(t, err)
		assert.Empty(t, diffs, x.Label)
		assert.Equal(t, "unscheduled", there.Status.State)
	}
}

// createDecision creates the decision task that the others belong to.
func createDecision(t *testing.T, client *taskcluster.Client) {
	t.Helper()
	decision := task("decision")
	decision.Task = decision.Task.Copy()
	decision.Task.Delete("dependencies")
	decision.Task.Set("taskGroupId", value.NewString(decisionID))
	decision.Task.Set("schedulerId", value.NewString(group.SchedulerID))
	def, err := definition.NewResolver(time.Now()).Definition(decision.Task)
	require.NoError(t, err)
	body, err := value.AppendJSON(nil, def.Value(), value.JSONStyle{}, 0)
	require.NoError(t, err)
	require.NoError(t, client.CreateTask(t.Context(), decisionID, body))
}

// TestLocalSpeed is [TestSpeed] against the embedded Taskcluster, which shares the processors, with graphs of several forms.
func TestLocalSpeed(t *testing.T) {
	total, most := 500, 20.0
	if n, err := strconv.Atoi(os.Getenv(speedVariable)); err == nil {
		total, most = n, 1.15
	}
	const latency = 20 * time.Millisecond
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // the program collects rarely, too
	for _, of := range shapes {
		c := of(total)
		t.Run(c.name, func(t *testing.T) {
			s, err := local.New(local.Options{})
			require.NoError(t, err)
			web := httptest.NewServer(s.Handler())
			defer web.Close()
			client := taskcluster.NewClient(taskcluster.Options{RootURL: web.URL, Credentials: s.RootCredentials(), Patience: Patience})
			createDecision(t, client)
			require.NoError(t, s.SetFaults(1, local.Fault{Route: "*", Kind: local.Latency, Probability: 1, Delay: latency}))
			start := time.Now()
			r, err := Run(t.Context(), Options{Graph: c.graph, Group: group, Queue: client})
			took := time.Since(start)
			require.NoError(t, err)
			require.NoError(t, r.Err(nil))
			bound := c.bound(latency)
			t.Logf("%d tasks in %s, bound %s: %.3f", total, took, bound, float64(took)/float64(bound))
			assert.GreaterOrEqual(t, took, bound)
			assert.Less(t, float64(took)/float64(bound), most)
		})
	}
}

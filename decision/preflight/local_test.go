package preflight

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/decision/definition"
	"github.com/taskgraph-go/decision/decision/submit"
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskcluster/local"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// service is the embedded Taskcluster with a task group that has its decision task.
type service struct {
	*local.Server
	web *httptest.Server
}

func newService(t *testing.T) *service {
	t.Helper()
	s, err := local.New(local.Options{CheckReplies: true})
	require.NoError(t, err)
	s2 := &service{s, httptest.NewServer(s.Handler())}
	t.Cleanup(s2.web.Close)
	decision := task("decision", remove("dependencies"), set("taskGroupId", decisionID), set("schedulerId", group.SchedulerID))
	def, err := definition.NewResolver(time.Now()).Definition(decision.Task)
	require.NoError(t, err)
	body, err := value.AppendJSON(nil, def.Value(), value.JSONStyle{}, 0)
	require.NoError(t, err)
	require.NoError(t, s2.client(s.RootCredentials()).CreateTask(t.Context(), decisionID, body))
	return s2
}

func (s *service) client(c *taskcluster.Credentials) *taskcluster.Client {
	return taskcluster.NewClient(taskcluster.Options{RootURL: s.web.URL, Credentials: c})
}

// both gives what preflight and the queue say about a task.
func (s *service) both(t *testing.T, tasks []*taskgraph.Task, scopes ...string) (before, then error) {
	t.Helper()
	c := s.client(s.Credentials(scopes...))
	graph := taskgraph.NewTaskGraph(tasks, false)
	before = Run(t.Context(), Options{Graph: graph, Group: group, Scopes: c})
	r, err := submit.Run(t.Context(), submit.Options{Graph: graph, Group: group, Queue: c})
	if err != nil {
		return before, err
	}
	return before, r.Err(nil)
}

// auth lets a task ask about scopes and read tasks.
var ask = []string{"auth:current-scopes", "auth:expand-scopes", "queue:get-task:*"}

// What preflight finds missing is what the queue refuses, and nothing else.
func TestScopesAsTheQueue(t *testing.T) {
	s := newService(t)
	need := []string{"queue:route:index.app.v2.t", "queue:route:checks", "queue:create-task:project:none", "queue:scheduler-id:app-level-1",
		"queue:create-task:low:prov/misc", "docker-worker:cache:app-checkouts"}
	for i, scope := range need {
		rest := append(slices.Delete(slices.Clone(need), i, i+1), ask...)
		before, then := s.both(t, []*taskgraph.Task{task("t")}, rest...)
		assert.ErrorContains(t, before, fmt.Sprintf("%q", scope))
		assert.Len(t, diag.Flatten(before), 1, "%v", before)
		assert.ErrorContains(t, then, "403 InsufficientScopes", scope)
	}
	before, then := s.both(t, []*taskgraph.Task{task("t")}, append(need, ask...)...)
	assert.NoError(t, before)
	assert.NoError(t, then)
}

// What preflight finds wrong with a definition is what the queue refuses.
func TestProblemsAsTheQueue(t *testing.T) {
	s := newService(t)
	n := 0
	for _, c := range problems {
		n++
		label := fmt.Sprintf("t%d", n)
		before, then := s.both(t, []*taskgraph.Task{task(label, c.change)}, "*")
		switch {
		case then != nil:
			assert.Error(t, before, "%s: the queue says: %v", c.name, then)
		case before != nil:
			t.Logf("%s: the queue takes it: %v", c.name, before)
			for _, d := range diag.Flatten(before) {
				assert.True(t, d.Code == diag.BadPayload || strings.HasPrefix(d.Path, "payload"), "%s: the queue takes it: %v", c.name, before)
			}
		}
	}
}

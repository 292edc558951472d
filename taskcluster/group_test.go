package taskcluster

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Lists come in pages.
func TestListsOfTasks(t *testing.T) {
	pages := func(first, second map[string]any) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			assert.Equal(t, "1000", r.URL.Query().Get("limit"))
			if r.URL.Query().Get("continuationToken") == "more&" {
				reply(w, 200, second)
				return
			}
			first["continuationToken"] = "more&"
			reply(w, 200, first)
		}
	}
	task := func(id, state string) any {
		return map[string]any{"status": map[string]any{"taskId": id, "state": state}}
	}
	indexed := func(path, id string) any { return map[string]any{"namespace": path, "taskId": id} }
	c, _ := deployment(t, map[string]http.HandlerFunc{
		"GET /api/queue/v1/task-group/{id}/list": pages(map[string]any{"tasks": []any{task("a", "running"), task("b", "failed")}}, map[string]any{"tasks": []any{task("b", "failed"), task("c", "completed")}}),
		"GET /api/index/v1/tasks/{namespace}":    pages(map[string]any{"tasks": []any{indexed("x.2", "two"), indexed("x.3", "one")}}, map[string]any{"tasks": []any{indexed("x.1", "one")}}),
		"GET /api/queue/v1/task/{id}/artifacts":  pages(map[string]any{"artifacts": []any{map[string]any{"name": "b"}}}, map[string]any{"artifacts": []any{map[string]any{"name": "a"}}}),
	})
	states, err := c.GroupStates(t.Context(), someTask)
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"a": "running", "b": "failed", "c": "completed"}, states)
	ids, err := c.ListTasks(t.Context(), "x")
	require.NoError(t, err)
	assert.Equal(t, []string{"one", "two"}, ids, "by path, each once")
	names, err := c.ListArtifacts(t.Context(), someTask)
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b"}, names)
}

func TestWorkOnTasks(t *testing.T) {
	var got []string
	note := func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Method+" "+r.URL.EscapedPath())
		reply(w, 200, map[string]any{"status": map[string]any{"state": "pending"}})
	}
	c, _ := deployment(t, map[string]http.HandlerFunc{
		"POST /api/queue/v1/task/a/rerun":             note,
		"POST /api/queue/v1/task/a/cancel":            note,
		"GET /api/queue/v1/task/a/status":             note,
		"POST /api/purge-cache/v1/purge-cache/{pool}": note,
		"POST /api/queue/v1/task/late/cancel":         func(w http.ResponseWriter, _ *http.Request) { refuse(w, 409, "RequestConflict", "past its deadline") },
		"GET /api/queue/v1/task/none/status":          func(w http.ResponseWriter, _ *http.Request) { refuse(w, 404, "ResourceNotFound", "no") },
	})
	ctx := t.Context()
	require.NoError(t, c.RerunTask(ctx, "a"))
	require.NoError(t, c.CancelTask(ctx, "a"))
	state, err := c.TaskState(ctx, "a")
	require.NoError(t, err)
	assert.Equal(t, "pending", state)
	require.NoError(t, c.PurgeCache(ctx, "p/w", "cache"))
	assert.Equal(t, []string{"POST /api/queue/v1/task/a/rerun", "POST /api/queue/v1/task/a/cancel", "GET /api/queue/v1/task/a/status", "POST /api/purge-cache/v1/purge-cache/p%2Fw"}, got)
	assert.True(t, IsConflict(c.CancelTask(ctx, "late")))
	_, err = c.TaskState(ctx, "none")
	assert.True(t, IsNotFound(err))
}

package taskcluster_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/taskcluster"
)

// recorded answers requests, by method and path with query as sent.
func recorded(t *testing.T, known map[string]string) (client *taskcluster.Client, bodies map[string]string) {
	bodies = map[string]string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		key := r.Method + " " + r.URL.RequestURI()
		bodies[key] = string(body)
		text, ok := known[key]
		switch {
		case !ok:
			w.WriteHeader(http.StatusNotFound)
			text = `{"code": "ResourceNotFound", "message": "no"}`
		case text == "403":
			w.WriteHeader(http.StatusForbidden)
			text = `{"code": "InsufficientScopes", "message": "no"}`
		}
		io.WriteString(w, text)
	}))
	t.Cleanup(server.Close)
	return taskcluster.NewClient(taskcluster.Options{RootURL: server.URL}), bodies
}

func TestTriggerHook(t *testing.T) {
	client, bodies := recorded(t, map[string]string{
		"POST /api/hooks/v1/hooks/g/a%2Fb/trigger": `{"taskId": "one", "status": {"taskId": "one"}}`,
		"POST /api/hooks/v1/hooks/g/old/trigger":   `{"status": {"taskId": "two"}}`,
		"POST /api/hooks/v1/hooks/g/none/trigger":  `{}`,
		"POST /api/hooks/v1/hooks/g/html/trigger":  `<html>`,
		"POST /api/hooks/v1/hooks/g/no/trigger":    `403`,
	})
	for id, want := range map[string]string{"a/b": "one", "old": "two", "none": ""} {
		got, err := client.TriggerHook(t.Context(), "g", id, []byte(`{"x":0}`))
		require.NoError(t, err, id)
		assert.Equal(t, want, got, id)
	}
	assert.Equal(t, `{"x":0}`, bodies["POST /api/hooks/v1/hooks/g/a%2Fb/trigger"])
	_, err := client.TriggerHook(t.Context(), "g", "html", []byte("{}"))
	assert.ErrorContains(t, err, "hook g/html was triggered, but")
	_, err = client.TriggerHook(t.Context(), "g", "no", []byte("{}"))
	assert.True(t, taskcluster.IsForbidden(err))
	_, err = client.TriggerHook(t.Context(), "g", "gone", []byte("{}"))
	assert.True(t, taskcluster.IsNotFound(err))
	assert.False(t, taskcluster.IsForbidden(err))
}

func TestLastFires(t *testing.T) {
	client, _ := recorded(t, map[string]string{
		"GET /api/hooks/v1/hooks/g/a%2Fb/last-fires":                       `{"lastFires": [{"taskId": "one", "result": "success", "taskCreateTime": "2026-01-02T03:04:05.678Z"}], "continuationToken": "a b"}`,
		"GET /api/hooks/v1/hooks/g/a%2Fb/last-fires?continuationToken=a+b": `{"lastFires": [{"taskId": "two", "result": "error"}]}`,
		"GET /api/hooks/v1/hooks/g/html/last-fires":                        `<html>`,
	})
	got, err := client.LastFires(t.Context(), "g", "a/b")
	require.NoError(t, err)
	assert.Equal(t, []taskcluster.Fire{{TaskID: "one", TaskCreateTime: "2026-01-02T03:04:05.678Z", Result: "success"}, {TaskID: "two", Result: "error"}}, got)
	got, err = client.LastFires(t.Context(), "g", "never")
	assert.NoError(t, err)
	assert.Empty(t, got)
	_, err = client.LastFires(t.Context(), "g", "html")
	assert.ErrorContains(t, err, "is no JSON")
}

func TestSecret(t *testing.T) {
	client, _ := recorded(t, map[string]string{
		"GET /api/secrets/v1/secret/project%2Fapp": `{"secret": {"token": "hush", "number": 1}, "expires": "2099-01-01T00:00:00.000Z"}`,
		"GET /api/secrets/v1/secret/html":          `hush`,
		"GET /api/secrets/v1/secret/no":            `403`,
	})
	got, err := client.Secret(t.Context(), "project/app", "token")
	require.NoError(t, err)
	assert.Equal(t, "hush", got)
	for name, want := range map[string]string{"project/app": `secret "project/app" has no text at the key "number"`, "html": "is no JSON", "no": "403", "gone": "404"} {
		_, err = client.Secret(t.Context(), name, "number")
		assert.ErrorContains(t, err, want, name)
		assert.NotContains(t, err.Error(), "hush", name)
	}
}

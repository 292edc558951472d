package local

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	tcclient "github.com/taskcluster/taskcluster/v87/clients/client-go"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcnotify"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcpurgecache"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcqueue"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcsecrets"

	"github.com/taskgraph-go/decision/taskcluster"
)

func TestSecrets(t *testing.T) {
	w := newWorld(t)
	s := w.with("secrets:set:a/*", "secrets:get:a/*", "secrets:list-secrets").secrets
	value := &tcsecrets.Secret{Secret: json.RawMessage(`{"password": "hunter2", "n": [1, null]}`), Expires: tcclient.Time(w.clock.now().Add(time.Hour))}
	require.NoError(t, s.Set("a/b", value))
	require.NoError(t, s.Set("a/c", value))
	got, err := s.Get("a/b")
	require.NoError(t, err)
	assert.JSONEq(t, string(value.Secret), string(got.Secret))
	refused(t, s.Set("b", value), 403, "InsufficientScopes")
	_, err = s.Get("a/none")
	refused(t, err, 404, "ResourceNotFound")
	list, err := s.List("", "1")
	require.NoError(t, err)
	assert.Equal(t, []string{"a/b"}, list.Secrets)
	list, err = s.List(list.ContinuationToken, "1")
	require.NoError(t, err)
	assert.Equal(t, []string{"a/c"}, list.Secrets)
	require.NoError(t, s.Remove("a/c"))
	require.NoError(t, s.Remove("a/c"))
	_, err = s.Get("a/c")
	refused(t, err, 404, "ResourceNotFound")
	_, err = w.as(nil).secrets.Get("a/b")
	refused(t, err, 403, "InsufficientScopes")
	w.clock.advance(2 * time.Hour)
	_, err = w.root().secrets.Get("a/b")
	refused(t, err, 404, "ResourceNotFound")
	list, err = w.root().secrets.List("", "")
	require.NoError(t, err)
	assert.Empty(t, list.Secrets)
	// A refusal does not repeat the secret.
	err = w.root().secrets.Set("a/b", &tcsecrets.Secret{Secret: json.RawMessage(`"hunter2"`), Expires: value.Expires})
	body := refused(t, err, 400, "InputValidationError")
	assert.NotContains(t, string(mustJSON(body)), "hunter2")
}

func TestPurgeCache(t *testing.T) {
	w := newWorld(t)
	purge := func(pool, cache string) error {
		return w.with("purge-cache:local/linux:*").purge.PurgeCache(pool, &tcpurgecache.PurgeCacheRequest{CacheName: cache})
	}
	require.NoError(t, purge("local/linux", "a"))
	w.clock.advance(time.Minute)
	since := newStamp(w.clock.now()).String()
	require.NoError(t, purge("local/linux", "b"))
	refused(t, purge("local/windows", "a"), 403, "InsufficientScopes")
	refused(t, w.root().purge.PurgeCache("local", &tcpurgecache.PurgeCacheRequest{CacheName: "a"}), 400, "InvalidRequestArguments")
	names := func(since string) (all []string) {
		r, err := w.as(nil).purge.PurgeRequests("local/linux", since)
		require.NoError(t, err)
		for _, e := range r.Requests {
			all = append(all, e.CacheName)
			assert.Equal(t, "local/linux", e.ProvisionerID+"/"+e.WorkerType)
		}
		return all
	}
	assert.Equal(t, []string{"a", "b"}, names(""))
	assert.Equal(t, []string{"b"}, names(since))
	_, err := w.as(nil).purge.PurgeRequests("local/linux", "never")
	refused(t, err, 400, "InvalidRequestArguments")
	require.NoError(t, w.root().purge.PurgeCache("other/pool", &tcpurgecache.PurgeCacheRequest{CacheName: "c"}))
	all, err := w.as(nil).purge.AllPurgeRequests("", "2")
	require.NoError(t, err)
	assert.Len(t, all.Requests, 2)
	assert.NotEmpty(t, all.ContinuationToken)
	w.clock.advance(25 * time.Hour)
	assert.Empty(t, names(""))
}

func TestNotify(t *testing.T) {
	w := newWorld(t)
	n := w.with("notify:email:*", "notify:pulse:a.*", "notify:matrix-room:!room:*", "notify:slack-channel:C1", "notify:manage-denylist").notify
	require.NoError(t, n.Email(&tcnotify.SendEmailRequest{Address: "who@example.com", Subject: "s", Content: "c"}))
	require.NoError(t, n.Pulse(&tcnotify.PostPulseMessageRequest{RoutingKey: "a.b", Message: json.RawMessage(`{"x": 1}`)}))
	require.NoError(t, n.Matrix(&tcnotify.SendMatrixNoticeRequest{RoomID: "!room:example.com", Body: "b"}))
	require.NoError(t, n.Slack(&tcnotify.SendSlackMessage{ChannelID: "C1", Text: "t"}))
	refused(t, n.Slack(&tcnotify.SendSlackMessage{ChannelID: "C2", Text: "t"}), 403, "InsufficientScopes")
	refused(t, n.Email(&tcnotify.SendEmailRequest{Address: "nobody", Subject: "s", Content: "c"}), 400, "InputValidationError")
	deny := &tcnotify.NotificationTypeAndAddress{NotificationType: "email", NotificationAddress: "who@example.com"}
	require.NoError(t, n.AddDenylistAddress(deny))
	refused(t, n.Email(&tcnotify.SendEmailRequest{Address: "who@example.com", Subject: "s", Content: "c"}), 400, "DenylistedAddress")
	list, err := n.ListDenylist("", "")
	require.NoError(t, err)
	assert.Len(t, list.Addresses, 1)
	require.NoError(t, n.DeleteDenylistAddress(deny))
	require.NoError(t, n.Email(&tcnotify.SendEmailRequest{Address: "who@example.com", Subject: "s2", Content: "c"}))
	var got []string
	for _, m := range w.Notifications() {
		got = append(got, m.Kind+" "+m.Address)
	}
	assert.Equal(t, []string{"email who@example.com", "pulse a.b", "matrix !room:example.com", "slack C1", "email who@example.com"}, got)
	status, _, body := w.send("GET", "/local/notifications", "", "", nil)
	assert.Equal(t, 200, status)
	assert.Contains(t, body, `"routingKey":"a.b"`)
}

// Routes of tasks ask for notifications.
func TestNotifyRoutes(t *testing.T) {
	events := []string{"defined", "pending", "running", "completed", "failed", "exception", "resolved", "transition", "any"}
	for outcome, want := range map[string][]string{
		"completed":         {"defined", "pending", "running", "completed", "resolved", "transition", "any"},
		"failed":            {"defined", "pending", "running", "failed", "resolved", "transition", "any"},
		"malformed-payload": {"defined", "pending", "running", "exception", "resolved", "transition", "any"},
		"canceled":          {"defined", "pending", "transition"},
	} {
		w := newWorld(t)
		id := w.create(func(d *tcqueue.TaskDefinitionRequest) {
			for _, e := range events {
				d.Routes = append(d.Routes, "notify.email."+e+"@example.com.on-"+e)
			}
			d.Routes = append(d.Routes, "notify.telegram.x.on-any", "notify.email", "notify.email.x.on-moon")
			d.Extra = json.RawMessage(`{"notify": {"email": {"subject": "s"}}}`)
		})
		w.finish(id, outcome)
		heard := map[string]bool{}
		for _, n := range w.Notifications() {
			heard[strings.TrimSuffix(n.Address, "@example.com")] = true
			assert.Equal(t, id, n.TaskID)
			assert.Equal(t, map[string]any{"email": map[string]any{"subject": "s"}}, n.Message)
		}
		assert.ElementsMatch(t, want, sortedKeys(heard), outcome)
	}
}

func TestMonitoring(t *testing.T) {
	w := newWorld(t)
	for _, service := range services {
		for _, path := range []string{"ping", "__lbheartbeat__", "__version__", "__heartbeat__"} {
			status, _, body := w.send("GET", "/api/"+service+"/v1/"+path, "", "", nil)
			assert.Equal(t, http.StatusOK, status, "%s %s", service, path)
			assert.True(t, json.Valid([]byte(body)))
		}
		status, _, body := w.send("GET", "/references/"+service+"/v1/api.json", "", "", nil)
		assert.Equal(t, http.StatusOK, status)
		assert.Contains(t, body, `"serviceName"`)
	}
	require.NoError(t, w.as(nil).queue.Ping())
	status, _, body := w.send("GET", "/references/manifest.json", "", "", nil)
	assert.Equal(t, 200, status)
	assert.Contains(t, body, "/references/queue/v1/api.json")
	status, _, _ = w.send("GET", "/schemas/queue/v1/task.json", "", "", nil)
	assert.Equal(t, 200, status)
	for _, path := range []string{"/", "/api", "/api/queue", "/api/queue/v2/ping", "/api/other/v1/ping", "/schemas/../requests.json", "/schemas/queue/v1/none.json", "/references/queue/v2/api.json", "/references/../../go.mod"} {
		status, _, _ = w.send("GET", path, "", "", nil)
		assert.Equal(t, 404, status, path)
	}
}

// The client of this repository finds the services by the environment, with temporary credentials too.
func TestEnvironment(t *testing.T) {
	w := newWorld(t)
	id := w.running()
	up, err := w.announce(id, "private/x", object{"storageType": "s3", "contentType": "text/plain"})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, put(t, text(up, "putUrl"), "text/plain", "hello"))
	w.index("a.b", 0)
	for _, c := range []*tcclient.Credentials{w.RootCredentials(), w.Credentials("queue:get-artifact:private/*")} {
		env := Environment(w.url, c)
		options, err := taskcluster.FromEnvironment(func(name string) string { return env[name] })
		require.NoError(t, err)
		client := taskcluster.NewClient(options)
		content, err := client.Artifact(t.Context(), id, "private/x")
		require.NoError(t, err)
		assert.Equal(t, "hello", string(content))
		_, err = client.FindTask(t.Context(), "a.b")
		require.NoError(t, err)
	}
	assert.Len(t, Environment(w.url, nil), 1)
}

func TestWhatIsNotServed(t *testing.T) {
	assert.False(t, Calls()["auth"]["awsS3Credentials"])
	assert.True(t, Calls()["queue"]["createTask"])
	assert.Len(t, Calls(), len(services))
	w := newWorld(t)
	_, err := w.root().auth.SentryDSN("x")
	refused(t, err, 501, "NotServed")
}

package local

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/taskcluster/httpbackoff/v3"
	"github.com/taskcluster/slugid-go/slugid"
	tcclient "github.com/taskcluster/taskcluster/v87/clients/client-go"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcauth"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tchooks"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcindex"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcnotify"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcobject"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcpurgecache"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcqueue"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcsecrets"
)

// fakeClock is a clock that tests move.
type fakeClock struct {
	mu sync.Mutex
	t  time.Time
}

func newFakeClock() *fakeClock { return &fakeClock{t: time.Now()} }

func (c *fakeClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *fakeClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// world is a server that listens, with a clock of its own.
type world struct {
	*Server
	t     *testing.T
	clock *fakeClock
	url   string
	stop  func()
}

func newWorld(t *testing.T, edit ...func(*Options)) *world {
	t.Helper()
	clock := newFakeClock()
	o := Options{Clock: clock.now, ClaimWait: -1, CheckReplies: true}
	for _, f := range edit {
		f(&o)
	}
	s, err := New(o)
	require.NoError(t, err)
	web := httptest.NewServer(watched(t, s))
	t.Cleanup(func() {
		web.Close()
		assert.NoError(t, s.Close())
	})
	return &world{Server: s, t: t, clock: clock, url: web.URL}
}

var loadUpstream = sync.OnceValue(func() *upstream { return readUpstream() })

// watched lets every reply be compared with the official schemas, where those are at hand.
func watched(t *testing.T, s *Server) http.Handler {
	u := loadUpstream()
	if u == nil {
		return s.Handler()
	}
	return &checkedReplies{t: t, s: s, u: u, next: s.Handler()}
}

// once is the official client without second tries.
var once = &httpbackoff.Client{BackOffSettings: func() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.MaxElapsedTime = 1
	return b
}()}

func (w *world) as(c *tcclient.Credentials) *clients {
	if c == nil {
		c = &tcclient.Credentials{}
	}
	base := tcclient.Client{Credentials: c, RootURL: w.url, Authenticate: c.ClientID != "", HTTPBackoffClient: once}
	made := func(service string) tcclient.Client {
		b := base
		b.ServiceName, b.APIVersion = service, "v1"
		return b
	}
	return &clients{
		queue: (*tcqueue.Queue)(ptr(made("queue"))), index: (*tcindex.Index)(ptr(made("index"))), auth: (*tcauth.Auth)(ptr(made("auth"))),
		hooks: (*tchooks.Hooks)(ptr(made("hooks"))), secrets: (*tcsecrets.Secrets)(ptr(made("secrets"))), notify: (*tcnotify.Notify)(ptr(made("notify"))),
		purge: (*tcpurgecache.PurgeCache)(ptr(made("purge-cache"))), object: (*tcobject.Object)(ptr(made("object"))),
	}
}

func ptr[T any](v T) *T { return &v }

// clients are the official clients of all services.
type clients struct {
	queue   *tcqueue.Queue
	index   *tcindex.Index
	auth    *tcauth.Auth
	hooks   *tchooks.Hooks
	secrets *tcsecrets.Secrets
	notify  *tcnotify.Notify
	purge   *tcpurgecache.PurgeCache
	object  *tcobject.Object
}

func (w *world) root() *clients { return w.as(w.RootCredentials()) }

// with gives clients that have these scopes, and not even those of everybody beyond them.
func (w *world) with(scopes ...string) *clients { return w.as(w.Credentials(scopes...)) }

// task makes a definition.
func (w *world) task(edit ...func(*tcqueue.TaskDefinitionRequest)) *tcqueue.TaskDefinitionRequest {
	now := w.clock.now()
	def := &tcqueue.TaskDefinitionRequest{
		Created: tcclient.Time(now), Deadline: tcclient.Time(now.Add(time.Hour)), Expires: tcclient.Time(now.Add(48 * time.Hour)),
		ProvisionerID: "local", WorkerType: "linux", SchedulerID: "test", TaskGroupID: group1, Payload: json.RawMessage(`{"command": ["true"]}`),
		Priority: "lowest", Retries: 5,
	}
	def.Metadata.Name, def.Metadata.Description, def.Metadata.Owner, def.Metadata.Source = "a task", "does nothing", "who@example.com", "https://example.com/"
	for _, f := range edit {
		f(def)
	}
	return def
}

const group1 = "fzbCqEkrRuWjD1KBTjWKqQ"

// create makes a task and gives its id.
func (w *world) create(edit ...func(*tcqueue.TaskDefinitionRequest)) string {
	w.t.Helper()
	id := slugid.Nice()
	_, err := w.root().queue.CreateTask(id, w.task(edit...))
	require.NoError(w.t, err)
	return id
}

func (w *world) state(id string) string {
	w.t.Helper()
	r, err := w.root().queue.Status(id)
	require.NoError(w.t, err)
	return r.Status.State
}

// refused asserts that a call was refused, and gives the body.
func refused(t *testing.T, err error, status int, code string) refusal {
	t.Helper()
	var body refusal
	require.Error(t, err)
	call, ok := err.(*tcclient.APICallException)
	require.True(t, ok, "%v", err)
	require.NotNil(t, call.CallSummary.HTTPResponse, "%v", err)
	require.NoError(t, json.Unmarshal([]byte(call.CallSummary.HTTPResponseBody), &body), call.CallSummary.HTTPResponseBody)
	assert.Equal(t, status, call.CallSummary.HTTPResponse.StatusCode, body.Message)
	assert.Equal(t, code, body.Code, body.Message)
	return body
}

// send makes a request that is signed with credentials, or not if there are none.
func (w *world) send(method, path, contentType, body string, sign func(*http.Request)) (int, http.Header, string) {
	w.t.Helper()
	return rawRequest(w.t, method, w.url+path, contentType, body, sign)
}

func credentialsOf(c tcqueue.TaskCredentials) *tcclient.Credentials {
	return &tcclient.Credentials{ClientID: c.ClientID, AccessToken: c.AccessToken, Certificate: c.Certificate}
}

// listen gives a world an address; stop takes it away.
func (w *world) listen() {
	web := httptest.NewServer(w.Handler())
	w.url, w.stop = web.URL, web.Close
}

// finish lets a worker do a task that is pending, with an outcome.
func (w *world) finish(id, outcome string) {
	w.t.Helper()
	q := w.root().queue
	if outcome == "canceled" {
		_, err := q.CancelTask(id)
		require.NoError(w.t, err)
		return
	}
	st, err := q.Status(id)
	require.NoError(w.t, err)
	runID := strconv.Itoa(len(st.Status.Runs) - 1)
	_, err = q.ClaimTask(id, runID, &tcqueue.TaskClaimRequest{WorkerGroup: "g", WorkerID: "w"})
	require.NoError(w.t, err)
	switch outcome {
	case "completed":
		_, err = q.ReportCompleted(id, runID)
	case "failed":
		_, err = q.ReportFailed(id, runID)
	case "exception":
		_, err = q.ReportException(id, runID, &tcqueue.TaskExceptionRequest{Reason: "malformed-payload"})
	default:
		_, err = q.ReportException(id, runID, &tcqueue.TaskExceptionRequest{Reason: outcome})
	}
	require.NoError(w.t, err)
}

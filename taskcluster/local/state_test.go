package local

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/taskcluster/slugid-go/slugid"
	tcclient "github.com/taskcluster/taskcluster/v87/clients/client-go"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcauth"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tchooks"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcnotify"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcpurgecache"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcqueue"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcsecrets"
)

// snapshot gives everything that can be read.
func (w *world) snapshot() map[string]string {
	w.t.Helper()
	all := map[string]string{}
	root := w.RootCredentials()
	get := func(path string) {
		status, _, body := w.send("GET", "/api/"+path, "", "", signed(root.ClientID, root.AccessToken, time.Now()))
		if status >= 400 {
			body, _, _ = strings.Cut(body, "---")
		}
		all[path] = fmt.Sprint(status, " ", body)
	}
	w.mu.Lock()
	ids, groups, roles := sortedKeys(w.queue.tasks), sortedKeys(w.queue.groups.rows), sortedKeys(w.auth.roles.rows)
	w.mu.Unlock()
	for _, id := range ids {
		get("queue/v1/task/" + id)
		get("queue/v1/task/" + id + "/status")
		get("queue/v1/task/" + id + "/artifacts")
		get("queue/v1/task/" + id + "/dependents")
	}
	for _, id := range groups {
		get("queue/v1/task-group/" + id)
		get("queue/v1/task-group/" + id + "/list")
	}
	for _, id := range roles {
		get("auth/v1/roles/" + strings.ReplaceAll(id, "*", "%2A"))
	}
	for _, path := range []string{
		"queue/v1/pending/local/linux", "queue/v1/task-queues/local/linux/pending", "queue/v1/task-queues/local/linux/claimed", "queue/v1/task-queues",
		"index/v1/tasks/a", "index/v1/namespaces/", "index/v1/task/a.b", "auth/v1/clients/", "secrets/v1/secrets", "secrets/v1/secret/s",
		"hooks/v1/hooks/g", "hooks/v1/hooks/g/h/last-fires", "hooks/v1/hooks/g/h/status", "hooks/v1/hooks/g/h/token", "purge-cache/v1/purge-cache/list", "notify/v1/denylist/list",
		"object/v1/metadata/none",
	} {
		get(path)
	}
	all["notifications"] = string(mustJSON(w.Notifications()))
	return all
}

// Everything is there again after the services were closed and opened, and goes on as it would have.
func TestStateLasts(t *testing.T) {
	dir, clock := t.TempDir(), newFakeClock()
	open := func() *world {
		s, err := New(Options{State: dir, Clock: clock.now, ClaimWait: -1, CheckReplies: true})
		require.NoError(t, err)
		w := &world{Server: s, t: t, clock: clock}
		w.listen()
		return w
	}
	w := open()
	c := w.root()
	_, err := c.auth.CreateRole("hook-id:g/*", &tcauth.CreateRoleRequest{Description: "d", Scopes: []string{"queue:*"}})
	require.NoError(t, err)
	made, err := c.auth.CreateClient("me", &tcauth.CreateClientRequest{Description: "d", Expires: tcclient.Time(clock.now().Add(time.Hour)), Scopes: []string{"auth:current-scopes"}})
	require.NoError(t, err)
	done, expiring, pendingTask := w.create(func(d *tcqueue.TaskDefinitionRequest) { d.Routes = []string{"index.a.b", "notify.email.x.on-any"} }), w.create(), w.create()
	w.finish(done, "completed")
	waiting := w.create(func(d *tcqueue.TaskDefinitionRequest) {
		d.Dependencies, d.TaskGroupID = []string{done, pendingTask}, slugid.Nice()
	})
	work, err := c.queue.ClaimTask(expiring, "0", &tcqueue.TaskClaimRequest{WorkerGroup: "g", WorkerID: "w"})
	require.NoError(t, err)
	up, err := w.announce(expiring, "public/x", object{"storageType": "s3", "contentType": "text/plain"})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, put(t, text(up, "putUrl"), "text/plain", "kept"))
	require.NoError(t, c.secrets.Set("s", &tcsecrets.Secret{Secret: json.RawMessage(`{"a": 1}`), Expires: tcclient.Time(clock.now().Add(time.Hour))}))
	_, err = c.hooks.CreateHook("g", "h", hookRequest(scheduled, func(r *tchooks.HookCreationRequest) { r.Schedule = []string{"0 * * * *"} }))
	require.NoError(t, err)
	_, err = trigger(c.hooks, "g", "h", `{}`)
	require.NoError(t, err)
	require.NoError(t, c.purge.PurgeCache("local/linux", &tcpurgecache.PurgeCacheRequest{CacheName: "c"}))
	require.NoError(t, c.notify.AddDenylistAddress(&tcnotify.NotificationTypeAndAddress{NotificationType: "email", NotificationAddress: "y"}))
	before, token := w.snapshot(), w.RootCredentials().AccessToken
	w.stop()
	require.NoError(t, w.Close())
	require.NoError(t, w.Close(), "twice does no harm")

	w = open()
	defer func() {
		w.stop()
		require.NoError(t, w.Close())
	}()
	assert.Equal(t, token, w.RootCredentials().AccessToken)
	assert.Equal(t, before, w.snapshot())
	_, err = New(Options{State: dir})
	require.ErrorContains(t, err, "in use by another process")
	_, err = w.as(&tcclient.Credentials{ClientID: "me", AccessToken: made.AccessToken}).auth.CurrentScopes()
	require.NoError(t, err)
	got, err := w.root().queue.GetLatestArtifact(expiring, "public/x")
	require.NoError(t, err)
	_, content, _ := fetch(t, got.URL)
	assert.Equal(t, "kept", content)
	_, err = w.as(&tcclient.Credentials{ClientID: work.Credentials.ClientID, AccessToken: work.Credentials.AccessToken, Certificate: work.Credentials.Certificate}).queue.ReclaimTask(expiring, "0")
	require.NoError(t, err, "a worker goes on")
	w.finish(pendingTask, "completed")
	assert.Equal(t, "pending", w.state(waiting))
	clock.advance(21 * time.Minute)
	assert.Equal(t, []string{"scheduled exception claim-expired", "retry pending "}, w.runs(expiring))
	clock.advance(time.Hour)
	assert.Equal(t, "exception", w.state(waiting))
	assert.Contains(t, w.snapshot()["hooks/v1/hooks/g/h/last-fires"], `"schedule"`)
}

// childVariable makes the test program serve, for the test that kills it.
const childVariable = "LOCAL_TEST_SERVE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childVariable); dir != "" {
		s, err := New(Options{State: dir, ClaimWait: -1})
		if err == nil {
			var r *Running
			if r, err = s.Listen(0); err == nil {
				fmt.Println(r.RootURL(), s.RootCredentials().AccessToken)
				select {} // until it is killed
			}
		}
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// Killed at any moment, the services have kept everything that they had answered.
func TestKill(t *testing.T) {
	rounds := 8
	if testing.Short() {
		rounds = 2
	}
	dir := t.TempDir()
	type promise struct{ id, state string }
	var kept []promise
	for round := range rounds {
		cmd := exec.Command(os.Args[0], "-test.run=^$")
		cmd.Env = append(os.Environ(), childVariable+"="+dir)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		line, err := bufio.NewReader(out).ReadString('\n')
		require.NoError(t, err, line)
		address, token, ok := strings.Cut(strings.TrimSpace(line), " ")
		require.True(t, ok, line)
		w := &world{t: t, clock: newFakeClock(), url: address}
		c := w.as(&tcclient.Credentials{ClientID: RootClient, AccessToken: token})
		for i, p := range kept {
			if (i+round)%7 != 0 && i < len(kept)-30 {
				continue // the newest, and some of the older ones
			}
			s, err := c.queue.Status(p.id)
			require.NoError(t, err, "task %d", i)
			require.Equal(t, p.state, s.Status.State)
			found, err := c.index.FindTask("kill." + p.id)
			if p.state == completed {
				require.NoError(t, err)
				require.Equal(t, p.id, found.TaskID)
			} else {
				require.Error(t, err)
			}
		}
		var mu sync.Mutex
		var stop atomic.Bool
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				for n := 0; !stop.Load(); n++ {
					id := slugid.Nice()
					_, err := c.queue.CreateTask(id, w.task(func(d *tcqueue.TaskDefinitionRequest) {
						d.TaskGroupID, d.Routes = id, []string{"index.kill." + id}
						d.Payload = json.RawMessage(`{"x": "` + strings.Repeat("y", 2000) + `"}`)
					}))
					if err != nil {
						return
					}
					p := promise{id, pending}
					if n%2 == 0 {
						_, e1 := c.queue.ClaimTask(id, "0", &tcqueue.TaskClaimRequest{WorkerGroup: "g", WorkerID: "w"})
						_, e2 := c.queue.ReportCompleted(id, "0")
						if e1 != nil || e2 != nil {
							return // whatever came of it
						}
						p.state = completed
					}
					mu.Lock()
					kept = append(kept, p)
					mu.Unlock()
				}
			})
		}
		require.Eventually(t, func() bool { // at any moment once something was promised in this round
			mu.Lock()
			defer mu.Unlock()
			return len(kept) > 3*(round+1)
		}, 30*time.Second, 5*time.Millisecond)
		time.Sleep(time.Duration(37*round) * time.Millisecond)
		require.NoError(t, cmd.Process.Kill())
		stop.Store(true)
		group.Wait()
		_ = cmd.Wait()
	}
	assert.Greater(t, len(kept), 3*rounds)
}

// What cannot be written is not promised, and nothing is after that.
func TestBrokenStore(t *testing.T) {
	s, err := New(Options{State: t.TempDir()})
	require.NoError(t, err)
	w := &world{Server: s, t: t, clock: newFakeClock()}
	w.listen()
	defer w.stop()
	c := w.root()
	_, err = c.queue.CreateTask(slugid.Nice(), w.task())
	require.NoError(t, err)
	require.NoError(t, s.journal.db.Close())
	_, err = c.queue.CreateTask(slugid.Nice(), w.task())
	assert.Contains(t, refused(t, err, 500, "InternalServerError").Message, "cannot be written")
	_, err = c.queue.Status(group1)
	refused(t, err, 500, "InternalServerError")
	require.Error(t, s.Close())
}

// A request that comes after the end is refused.
func TestRequestsAfterTheEnd(t *testing.T) {
	s, err := New(Options{State: t.TempDir()})
	require.NoError(t, err)
	w := &world{Server: s, t: t, clock: newFakeClock()}
	w.listen()
	defer w.stop()
	c := w.root()
	require.NoError(t, s.Close())
	s.Settle()
	_, err = c.queue.CreateTask(slugid.Nice(), w.task())
	assert.Contains(t, refused(t, err, 500, "InternalServerError").Message, "closed")
}

func TestShutdown(t *testing.T) {
	s, err := New(Options{State: t.TempDir(), ClaimWait: time.Hour})
	require.NoError(t, err)
	r, err := s.Listen(0)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(r.RootURL(), "http://127.0.0.1:"))
	w := &world{Server: s, t: t, clock: newFakeClock(), url: r.RootURL()}
	done := make(chan error)
	go func() {
		_, err := w.root().queue.ClaimWork("local/linux", &tcqueue.ClaimWorkRequest{WorkerGroup: "g", WorkerID: "w", Tasks: 1})
		done <- err
	}()
	time.Sleep(50 * time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	require.NoError(t, r.Shutdown(ctx))
	require.NoError(t, <-done, "who waits gets an answer")
}

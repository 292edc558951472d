package taskcluster

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
)

const someTask = "fdtgsD5DQUmAQZEaGMvQ4Q"

// deployment serves handlers by "METHOD path" and gives a client for them.
func deployment(t *testing.T, handlers map[string]http.HandlerFunc) (*Client, string) {
	mux := http.NewServeMux()
	for pattern, h := range handlers {
		mux.HandleFunc(pattern, h)
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return NewClient(Options{RootURL: server.URL}), server.URL
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	reply(w, status, map[string]any{"code": code, "message": message, "requestInfo": map[string]any{}})
}

func TestFindTask(t *testing.T) {
	c, root := deployment(t, map[string]http.HandlerFunc{
		"GET /api/index/v1/task/{path}": func(w http.ResponseWriter, r *http.Request) {
			if r.PathValue("path") != "a.b.latest" {
				refuse(w, 404, "ResourceNotFound", "Indexed task not found\n\n---\n\n* method: findTask")
				return
			}
			assert.Empty(t, r.Header.Get("Authorization"))
			reply(w, 200, map[string]any{"namespace": "a.b.latest", "taskId": someTask, "rank": 1, "data": map[string]any{}, "expires": "2030-01-01T00:00:00.000Z"})
		},
	})
	assert.Equal(t, root, c.RootURL())
	id, err := c.FindTask(t.Context(), "a.b.latest")
	require.NoError(t, err)
	assert.Equal(t, someTask, id)

	_, err = c.FindTask(t.Context(), "a.b.other")
	require.Error(t, err)
	assert.True(t, IsNotFound(err))
	assert.EqualError(t, err, `index path "a.b.other": 404 ResourceNotFound: Indexed task not found (TG5001)`)
	assert.Equal(t, diag.ExitNetwork, diag.ExitCode(err))
}

func TestCredentials(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.True(t, strings.HasPrefix(r.Header.Get("Authorization"), `Hawk id="me"`), "%v", r.Header)
		refuse(w, 403, "InsufficientScopes", "no")
	}))
	defer server.Close()
	o, err := FromEnvironment(environment(map[string]string{
		"TASKCLUSTER_ROOT_URL": server.URL, "TASKCLUSTER_CLIENT_ID": "me", "TASKCLUSTER_ACCESS_TOKEN": "secret",
	}))
	require.NoError(t, err)
	_, err = NewClient(o).FindTask(t.Context(), "a.b")
	assert.EqualError(t, err, `index path "a.b": 403 InsufficientScopes: no (TG5001)`)
	assert.False(t, IsNotFound(err))
	assert.NotContains(t, fmt.Sprintf("%+v", err), "secret")

	o, err = FromEnvironment(environment(map[string]string{
		"TASKCLUSTER_PROXY_URL": server.URL, "TASKCLUSTER_CLIENT_ID": "me", "TASKCLUSTER_ACCESS_TOKEN": "secret",
	}))
	require.NoError(t, err)
	assert.True(t, o.Proxy)
	assert.Nil(t, o.Credentials, "the proxy has its own")

	_, err = FromEnvironment(environment(map[string]string{
		"TASKCLUSTER_ROOT_URL": server.URL, "TASKCLUSTER_CLIENT_ID": "me", "TASKCLUSTER_ACCESS_TOKEN": "secret", "TASKCLUSTER_CERTIFICATE": `{"seed": "private`,
	}))
	assert.EqualError(t, err, "TASKCLUSTER_CERTIFICATE is no certificate: unexpected end of JSON input (TG5001)")
}

func TestArtifact(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	io.WriteString(z, "some: data\n")
	z.Close()

	store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Empty(t, r.Header.Get("Authorization"), "the store must not see credentials")
		switch r.URL.Path {
		case "/plain":
			io.WriteString(w, "some: data\n")
		case "/zipped":
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(zipped.Bytes())
		case "/moved":
			http.Redirect(w, r, "/plain", http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		default:
			http.Error(w, "<html>gone", http.StatusGone)
		}
	}))
	defer store.Close()

	queue := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, ok := strings.CutPrefix(r.URL.Path, "/api/queue/v1/task/"+someTask+"/artifacts/public/")
		switch {
		case !ok:
			refuse(w, 404, "ResourceNotFound", "Task not found")
		case name == "error":
			reply(w, 424, map[string]any{"reason": "file-missing-on-worker", "message": "was not there"})
		case name == "nowhere":
			reply(w, 200, map[string]any{"storageType": "s3"})
		default:
			w.Header().Set("Location", store.URL+"/"+name)
			reply(w, 303, map[string]any{"storageType": "s3", "url": store.URL + "/" + name})
		}
	}))
	defer queue.Close()
	c := NewClient(Options{RootURL: queue.URL, Credentials: &Credentials{ClientID: "me", AccessToken: "secret"}})
	ctx := t.Context()

	for _, name := range []string{"plain", "zipped", "moved"} {
		text, err := c.Artifact(ctx, someTask, "public/"+name)
		require.NoError(t, err, name)
		assert.Equal(t, "some: data\n", string(text), name)
	}
	for name, want := range map[string]string{
		"gone":    "410 Gone",
		"round":   "more than 10 redirects",
		"error":   "424 Failed Dependency: was not there",
		"nowhere": "the queue does not say where it is",
	} {
		_, err := c.Artifact(ctx, someTask, "public/"+name)
		assert.ErrorContains(t, err, want)
		assert.ErrorContains(t, err, `artifact "public/`+name+`" of task `+someTask)
		assert.Equal(t, name == "gone", IsNotFound(err), name)
	}
	_, err := c.Artifact(ctx, "other", "public/plain")
	assert.True(t, IsNotFound(err))
}

// flaky fails a number of times before it answers.
type flaky struct {
	fail  func(n int) (*http.Response, error) // nil, nil: no failure
	tries int
	at    []time.Time
}

func (f *flaky) RoundTrip(req *http.Request) (*http.Response, error) {
	f.tries++
	f.at = append(f.at, time.Now())
	if req.Body != nil {
		body, _ := io.ReadAll(req.Body)
		if req.Method == "POST" && len(body) == 0 {
			return nil, errors.New("the body was lost")
		}
	}
	if resp, err := f.fail(f.tries); resp != nil || err != nil {
		return resp, err
	}
	return answer(200, `{"tasks": [{"namespace": "a.b", "taskId": "x", "expires": "2030-01-01T00:00:00.000Z"}]}`), nil
}

func answer(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Status: fmt.Sprint(status), Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
}

type brokenBody struct{ io.Reader }

func (brokenBody) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
func (brokenBody) Close() error             { return nil }

func TestRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &flaky{fail: func(n int) (*http.Response, error) {
			switch n {
			case 1:
				return nil, errors.New("connection refused")
			case 2:
				return answer(502, "<html>"), nil
			case 3:
				return answer(429, `{"code": "Slow"}`), nil
			case 4:
				r := answer(200, "")
				r.Body = brokenBody{}
				return r, nil
			}
			return nil, nil
		}}
		c := NewClient(Options{RootURL: "https://tc.example.com", HTTP: f})
		found, err := c.FindTasks(t.Context(), []string{"a.b"})
		require.NoError(t, err)
		assert.Equal(t, map[string]string{"a.b": "x"}, found)
		assert.Equal(t, 5, f.tries)
		for i, want := range []time.Duration{100, 200, 400, 800} {
			pause := f.at[i+1].Sub(f.at[i])
			assert.InDelta(t, float64(want*time.Millisecond), float64(pause), 0.26*float64(want*time.Millisecond))
		}
	})
}

func TestGivesUp(t *testing.T) {
	for _, proxy := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			f := &flaky{fail: func(int) (*http.Response, error) {
				return answer(503, `{"code": "Down", "message": "for repairs"}`), nil
			}}
			c := NewClient(Options{RootURL: "https://tc.example.com", HTTP: f, Proxy: proxy})
			_, err := c.FindTask(t.Context(), "a.b")
			assert.EqualError(t, err, `index path "a.b": 503 Down: for repairs (TG5001)`)
			assert.Equal(t, map[bool]int{false: 6, true: 2}[proxy], f.tries)
		})
	}
}

func TestNoRetryOfRefusals(t *testing.T) {
	f := &flaky{fail: func(int) (*http.Response, error) { return answer(400, `{"code": "InputError"}`), nil }}
	_, err := NewClient(Options{RootURL: "https://tc.example.com", HTTP: f}).FindTask(t.Context(), "a.b")
	assert.ErrorContains(t, err, "400 InputError")
	assert.Equal(t, 1, f.tries)
}

func TestCancelWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 250*time.Millisecond)
		defer cancel()
		f := &flaky{fail: func(int) (*http.Response, error) { return nil, errors.New("no route") }}
		_, err := NewClient(Options{RootURL: "https://tc.example.com", HTTP: f}).FindTask(ctx, "a.b")
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Less(t, f.tries, 4)
	})
}

func TestTimeoutOfATry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tries atomic.Int32
		c := NewClient(Options{RootURL: "https://tc.example.com", HTTP: roundTrip(func(req *http.Request) (*http.Response, error) {
			if tries.Add(1) == 1 { // never answers
				<-req.Context().Done()
				return nil, req.Context().Err()
			}
			return answer(200, `{"taskId": "x", "expires": "2030-01-01T00:00:00.000Z"}`), nil
		})})
		id, err := c.FindTask(t.Context(), "a.b")
		require.NoError(t, err)
		assert.Equal(t, "x", id)
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestUnreachable(t *testing.T) {
	f := &flaky{fail: func(int) (*http.Response, error) { return nil, errors.New("connection refused") }}
	synctest.Test(t, func(t *testing.T) {
		_, err := NewClient(Options{RootURL: "https://tc.example.com", HTTP: f}).Artifact(t.Context(), someTask, "public/x")
		assert.EqualError(t, err, `artifact "public/x" of task fdtgsD5DQUmAQZEaGMvQ4Q: tc.example.com: connection refused (TG5001)`)
		assert.NotContains(t, err.Error(), "\n")
	})
}

func TestBatches(t *testing.T) {
	var mu sync.Mutex
	sizes := map[int]int{}
	pages := 0
	c, _ := deployment(t, map[string]http.HandlerFunc{
		"POST /api/index/v1/tasks/indexes": func(w http.ResponseWriter, r *http.Request) {
			var in struct{ Indexes []string }
			assert.NoError(t, json.NewDecoder(r.Body).Decode(&in))
			assert.Equal(t, "1000", r.URL.Query().Get("limit"))
			// Two pages, the first of them half as long, and nothing about every third path.
			half := len(in.Indexes) / 2
			some, next := in.Indexes[:half], "more"
			if r.URL.Query().Get("continuationToken") == "more" {
				some, next = in.Indexes[half:], ""
			} else {
				mu.Lock()
				sizes[len(in.Indexes)]++
				mu.Unlock()
			}
			mu.Lock()
			pages++
			mu.Unlock()
			tasks := []map[string]any{}
			for _, p := range some {
				if !strings.HasSuffix(p, "0") {
					tasks = append(tasks, map[string]any{"namespace": p, "taskId": "id-" + p, "rank": 0, "data": nil, "expires": "2030-01-01T00:00:00.000Z"})
				}
			}
			out := map[string]any{"tasks": tasks}
			if next != "" {
				out["continuationToken"] = next
			}
			reply(w, 200, out)
		},
		"POST /api/queue/v1/tasks/status": func(w http.ResponseWriter, r *http.Request) {
			var in struct{ TaskIDs []string }
			assert.NoError(t, json.NewDecoder(r.Body).Decode(&in))
			assert.LessOrEqual(t, len(in.TaskIDs), 500)
			statuses := []map[string]any{}
			for _, id := range in.TaskIDs {
				if id != "id-p.1" {
					statuses = append(statuses, map[string]any{"taskId": id, "status": map[string]any{"taskId": id, "state": "completed", "expires": "2030-01-02T03:04:05.678Z", "deadline": "2029-01-01T00:00:00Z"}})
				}
			}
			reply(w, 200, map[string]any{"statuses": statuses})
		},
	})
	var paths []string
	for i := range 2500 {
		paths = append(paths, fmt.Sprintf("p.%d", i), fmt.Sprintf("p.%d", i)) // each twice
	}
	found, err := c.FindTasks(t.Context(), paths)
	require.NoError(t, err)
	assert.Len(t, found, 2250)
	assert.Equal(t, "id-p.17", found["p.17"])
	assert.NotContains(t, found, "p.10")
	assert.Equal(t, map[int]int{1000: 2, 500: 1}, sizes)
	assert.Equal(t, 6, pages)

	var ids []string
	for _, id := range found {
		ids = append(ids, id)
	}
	statuses, err := c.Statuses(t.Context(), ids)
	require.NoError(t, err)
	assert.Len(t, statuses, 2249)
	assert.Equal(t, Status{"completed", "2030-01-02T03:04:05.678Z"}, statuses["id-p.17"])
	assert.NotContains(t, statuses, "id-p.1")

	found, err = c.FindTasks(t.Context(), nil)
	require.NoError(t, err)
	assert.Empty(t, found)
	assert.Equal(t, 6, pages, "nothing to ask")
}

func TestBatchFails(t *testing.T) {
	c, _ := deployment(t, map[string]http.HandlerFunc{
		"POST /": func(w http.ResponseWriter, r *http.Request) { refuse(w, 403, "InsufficientScopes", "not you") },
	})
	_, err := c.FindTasks(t.Context(), []string{"a.b"})
	assert.EqualError(t, err, "looking up 1 index paths: 403 InsufficientScopes: not you (TG5001)")
	_, err = c.Statuses(t.Context(), []string{"a", "b"})
	assert.EqualError(t, err, "asking for the status of 2 tasks: 403 InsufficientScopes: not you (TG5001)")
}

// A service that is down is an error after all tries, and never an empty answer. So is a page in the middle.
func TestLookUpsWhenDown(t *testing.T) {
	for name, c := range map[string]struct {
		good  int // answers before the service goes down
		tries int
	}{"from the start": {0, 6}, "at the second page": {1, 7}} {
		synctest.Test(t, func(t *testing.T) {
			f := &flaky{fail: func(n int) (*http.Response, error) {
				if n <= c.good {
					return answer(200, `{"tasks": [], "continuationToken": "more"}`), nil
				}
				return answer(502, "<html>"), nil
			}}
			found, err := NewClient(Options{RootURL: "https://tc.example.com", HTTP: f}).FindTasks(t.Context(), []string{"a.b"})
			assert.EqualError(t, err, "looking up 1 index paths: 502 Bad Gateway (TG5001)", name)
			assert.Empty(t, found)
			assert.Equal(t, c.tries, f.tries, name)
		})
	}
}

// Pages may be empty or repeat what was there before; what is incomplete does not count.
func TestOddPages(t *testing.T) {
	pages := []string{
		`{"tasks": [], "continuationToken": "1"}`,
		`{"tasks": [{"namespace": "a.b", "taskId": "x", "expires": "2020-01-01T00:00:00.000Z"}], "continuationToken": "2"}`,
		`{"tasks": [{"namespace": "a.b", "taskId": "x", "expires": "2020-01-01T00:00:00.000Z"}, {"namespace": "a.c"}, {"taskId": "y"}, {}], "continuationToken": "3"}`,
		`{"tasks": []}`,
	}
	c, _ := deployment(t, map[string]http.HandlerFunc{"POST /": func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Query().Get("continuationToken"))
		io.WriteString(w, pages[n])
	}})
	found, err := c.FindTasks(t.Context(), []string{"a.b", "a.c"})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"a.b": "x"}, found, "that the entry has expired does not matter: the task's own expiry does")
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "0": 0, "-3": 0, "soon": 0, "1e3": 0, "99999999": maxRetryAfter, "99999999999999999999999": 0,
		"Fri, 02 Jan 2026 03:04:15 GMT": 10 * time.Second, "Fri, 02 Jan 2026 03:04:00 GMT": 0, "Sat, 02 Jan 2027 03:04:00 GMT": maxRetryAfter,
	} {
		assert.Equal(t, want, retryAfter(header, now), header)
	}
	synctest.Test(t, func(t *testing.T) {
		f := &flaky{fail: func(n int) (*http.Response, error) {
			if n == 1 {
				r := answer(429, "{}")
				r.Header.Set("Retry-After", "20")
				return r, nil
			}
			return nil, nil
		}}
		_, err := NewClient(Options{RootURL: "https://tc.example.com", HTTP: f}).FindTasks(t.Context(), []string{"a.b"})
		require.NoError(t, err)
		assert.Equal(t, 20*time.Second, f.at[1].Sub(f.at[0]))
	})
}

// With patience a request is tried for that long, with pauses of half a minute in the end; the jitter is the caller's.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &flaky{fail: func(int) (*http.Response, error) { return answer(503, "{}"), nil }}
		c := NewClient(Options{RootURL: "https://tc.example.com", HTTP: f, Patience: 5 * time.Minute, Jitter: func() float64 { return 0.5 }})
		assert.EqualError(t, c.CreateTask(t.Context(), someTask, []byte("{}")), "503 Service Unavailable")
		assert.Equal(t, 51200*time.Millisecond/2, f.at[9].Sub(f.at[8])) // 0.1 s, doubled eight times
		assert.Equal(t, 30*time.Second, f.at[11].Sub(f.at[10]))
		assert.InDelta(t, 5*time.Minute, f.at[len(f.at)-1].Sub(f.at[0]), float64(31*time.Second))
	})
}

// Each try is signed anew.
func TestSignedAnew(t *testing.T) {
	var seen []string
	f := roundTrip(func(r *http.Request) (*http.Response, error) {
		if seen = append(seen, r.Header.Get("Authorization")); len(seen) < 3 {
			return answer(500, "{}"), nil
		}
		return answer(200, "{}"), nil
	})
	c := NewClient(Options{RootURL: "https://tc.example.com", HTTP: f, Credentials: &Credentials{ClientID: "me", AccessToken: "secret"}})
	require.NoError(t, c.SealTaskGroup(t.Context(), someTask))
	require.Len(t, seen, 3)
	assert.NotEqual(t, seen[0], seen[1])
	assert.NotEqual(t, seen[1], seen[2])
}

func TestQueueAndAuth(t *testing.T) {
	c, _ := deployment(t, map[string]http.HandlerFunc{
		"PUT /api/queue/v1/task/{id}": func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			assert.Equal(t, "application/json", r.Header.Get("Content-Type"))
			switch string(body) {
			case `{"retries":0}`: // as it was given
				reply(w, 200, map[string]any{"status": map[string]any{}})
			default:
				refuse(w, 409, "RequestConflict", "another one\nhas it")
			}
		},
		"GET /api/queue/v1/task/{id}": func(w http.ResponseWriter, r *http.Request) {
			if r.PathValue("id") != someTask {
				refuse(w, 404, "ResourceNotFound", "no")
				return
			}
			io.WriteString(w, `{"a": 1}`)
		},
		"POST /api/queue/v1/task-group/{id}/seal": func(w http.ResponseWriter, r *http.Request) { reply(w, 200, map[string]any{}) },
		"GET /api/auth/v1/scopes/current": func(w http.ResponseWriter, r *http.Request) {
			reply(w, 200, map[string]any{"scopes": []string{"a", "b*"}})
		},
		"POST /api/auth/v1/scopes/expand": func(w http.ResponseWriter, r *http.Request) {
			refuse(w, 403, "InsufficientScopes", "you may not")
		},
	})
	ctx := t.Context()
	require.NoError(t, c.CreateTask(ctx, someTask, []byte(`{"retries":0}`)))
	err := c.CreateTask(ctx, someTask, []byte(`{}`))
	assert.EqualError(t, err, "409 RequestConflict: another one")
	assert.True(t, IsConflict(err))
	assert.False(t, IsForbidden(err))
	text, err := c.Task(ctx, someTask)
	require.NoError(t, err)
	assert.Equal(t, `{"a": 1}`, string(text))
	_, err = c.Task(ctx, "other/../x")
	assert.True(t, IsNotFound(err))
	require.NoError(t, c.SealTaskGroup(ctx, someTask))
	scopes, err := c.CurrentScopes(ctx)
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b*"}, scopes)
	_, err = c.ExpandScopes(ctx, []string{"assume:x"})
	assert.EqualError(t, err, "expanding 1 scopes: 403 InsufficientScopes: you may not (TG5001)")
	assert.True(t, IsForbidden(err))
}

func TestIsNamespace(t *testing.T) {
	for s, want := range map[string]bool{"a": true, "a.b-c.d_1~*'()!%": true, "": false, ".": false, "a.": false, ".a": false, "a..b": false, "a b": false, "a/b": false, "ä": false, "a\n": false} {
		assert.Equal(t, want, IsNamespace(s), "%q", s)
	}
}

func TestOfflineIndex(t *testing.T) {
	found, err := OfflineIndex{}.FindTasks(t.Context(), []string{"a.b"})
	require.NoError(t, err)
	assert.Empty(t, found)
	statuses, err := OfflineIndex{}.Statuses(t.Context(), []string{"a"})
	require.NoError(t, err)
	assert.Empty(t, statuses)
}

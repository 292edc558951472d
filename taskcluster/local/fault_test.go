package local

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/taskcluster/httpbackoff/v3"
	"github.com/taskcluster/slugid-go/slugid"
)

func TestParseFault(t *testing.T) {
	for text, want := range map[string]Fault{
		"*:latency=20ms":              {Route: "*", Kind: Latency, Probability: 1, Delay: 20 * time.Millisecond},
		"queue.createTask:503:0.1":    {Route: "queue.createTask", Kind: Status, Status: 503, Probability: 0.1},
		"queue.*:429=2s:0.05":         {Route: "queue.*", Kind: Status, Status: 429, Probability: 0.05, RetryAfter: 2 * time.Second},
		"queue.*:429:0.05:3":          {Route: "queue.*", Kind: Status, Status: 429, Probability: 0.05, Burst: 3},
		"createTask:429":              {Route: "createTask", Kind: Status, Status: 429, Probability: 1},
		"*:drop-before:0.5":           {Route: "*", Kind: DropBefore, Probability: 0.5},
		"*:drop-after:1":              {Route: "*", Kind: DropAfter, Probability: 1},
		"*:duplicate:0":               {Route: "*", Kind: Duplicate},
		"index.*:slow-body=1s:0.0001": {Route: "index.*", Kind: SlowBody, Probability: 0.0001, Delay: time.Second},
	} {
		got, err := ParseFault(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got)
		again, err := ParseFault(got.String())
		require.NoError(t, err)
		assert.Equal(t, got, again)
	}
	for _, bad := range []string{"", "*", "*:", ":500", "*:404", "*:200", "*:latency", "*:latency=-1s", "*:slow-body", "*:explode", "*:500:2", "*:500:-1", "*:500:x", "*:500=x", "*:500:1:0", "*:500:1:x", "*:500:1:1:1", "[:500", "*:500:NaN"} {
		_, err := ParseFault(bad)
		assert.Error(t, err, bad)
	}
	_, err := New(Options{Faults: []Fault{{Route: "*", Kind: "x"}}})
	require.Error(t, err)
}

// faulty gives a world whose calls to status meet a fault.
func faulty(t *testing.T, f Fault) *world {
	w := newWorld(t)
	require.NoError(t, w.SetFaults(1, f))
	return w
}

func TestStatusFaults(t *testing.T) {
	w := faulty(t, Fault{Route: "queue.status", Kind: Status, Status: 429, Probability: 1, RetryAfter: 3 * time.Second})
	status, h, body := w.send("GET", "/api/queue/v1/task/"+group1+"/status", "", "", nil)
	assert.Equal(t, 429, status)
	assert.Equal(t, "3", h.Get("Retry-After"))
	assert.Contains(t, body, `"TooManyRequests"`)
	status, _, _ = w.send("GET", "/api/queue/v1/task/"+group1, "", "", nil)
	assert.Equal(t, 404, status, "other calls are not hit")
	w = faulty(t, Fault{Route: "queue.*", Kind: Status, Status: 503, Probability: 1})
	status, h, _ = w.send("GET", "/api/queue/v1/ping", "", "", nil)
	assert.Equal(t, 503, status)
	assert.Empty(t, h.Get("Retry-After"))
	status, _, _ = w.send("GET", "/api/index/v1/ping", "", "", nil)
	assert.Equal(t, 200, status)
	require.NoError(t, w.SetFaults(1))
	status, _, _ = w.send("GET", "/api/queue/v1/ping", "", "", nil)
	assert.Equal(t, 200, status, "without faults again")
	w = faulty(t, Fault{Route: "ping", Kind: Status, Status: 500, Probability: 1, Burst: 1})
	status, _, _ = w.send("GET", "/api/index/v1/ping", "", "", nil)
	assert.Equal(t, 500, status, "a name without a service")
}

func TestDrops(t *testing.T) {
	for kind, there := range map[FaultKind]bool{DropBefore: false, DropAfter: true} {
		w := faulty(t, Fault{Route: "createTask", Kind: kind, Probability: 1})
		id := slugid.Nice()
		_, err := w.root().queue.CreateTask(id, w.task())
		require.Error(t, err)
		assert.True(t, errors.Is(err, io.EOF) || strings.Contains(err.Error(), "EOF") || strings.Contains(err.Error(), "reset"), err)
		require.NoError(t, w.SetFaults(0))
		_, err = w.root().queue.Status(id)
		assert.Equal(t, there, err == nil, kind)
	}
}

func TestDuplicates(t *testing.T) {
	w := faulty(t, Fault{Route: "*", Kind: Duplicate, Probability: 1})
	id := slugid.Nice()
	_, err := w.root().queue.CreateTask(id, w.task())
	require.NoError(t, err, "once is as good as twice")
	_, err = w.root().auth.ResetAccessToken("none")
	refused(t, err, 404, "ResourceNotFound")
	up := w.running()
	assert.Equal(t, "running", w.state(up))
}

func TestSlowness(t *testing.T) {
	w := faulty(t, Fault{Route: "queue.ping", Kind: Latency, Probability: 1, Delay: 60 * time.Millisecond})
	start := time.Now()
	require.NoError(t, w.as(nil).queue.Ping())
	assert.GreaterOrEqual(t, time.Since(start), 60*time.Millisecond)
	w = faulty(t, Fault{Route: "queue.ping", Kind: SlowBody, Probability: 1, Delay: 100 * time.Millisecond})
	bare := httptest.NewServer(w.Handler()) // nothing that waits for the whole answer
	defer bare.Close()
	resp, err := http.Get(bare.URL + "/api/queue/v1/ping")
	require.NoError(t, err)
	start = time.Now()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.GreaterOrEqual(t, time.Since(start), 50*time.Millisecond)
	assert.Contains(t, string(body), "alive")
}

// outcomes asks a number of things, some at the same time, and says what became of each try.
func outcomes(t *testing.T, seed uint64, parallel int) map[string][]int {
	w := newWorld(t)
	require.NoError(t, w.SetFaults(seed, Fault{Route: "*", Kind: Status, Status: 500, Probability: 0.3}, Fault{Route: "*", Kind: Status, Status: 429, Probability: 0.2, Burst: 2}))
	all := map[string][]int{}
	var mu sync.Mutex
	paths := make(chan string)
	var group sync.WaitGroup
	for range parallel {
		group.Go(func() {
			for path := range paths {
				for range 6 {
					resp, err := http.Get(w.url + path)
					if err != nil {
						t.Error(err)
						return
					}
					_ = resp.Body.Close()
					mu.Lock()
					all[path] = append(all[path], resp.StatusCode)
					mu.Unlock()
				}
			}
		})
	}
	for i := range 60 {
		paths <- fmt.Sprintf("/api/index/v1/task/a.b%d", i)
	}
	close(paths)
	group.Wait()
	return all
}

// The same seed gives the same faults, however the requests come.
func TestFaultsAreDeterministic(t *testing.T) {
	one := outcomes(t, 7, 1)
	assert.Equal(t, one, outcomes(t, 7, 8))
	assert.NotEqual(t, one, outcomes(t, 8, 1))
	count := map[int]int{}
	for _, tries := range one {
		for _, status := range tries {
			count[status]++
		}
	}
	assert.InDelta(t, 0.3*360, count[500], 40)
	assert.NotZero(t, count[429])
	assert.NotZero(t, count[404])
}

func TestBursts(t *testing.T) {
	w := faulty(t, Fault{Route: "*", Kind: Status, Status: 429, Probability: 0.1, Burst: 4})
	tries := ""
	for range 200 {
		status, _, _ := w.send("GET", "/api/queue/v1/ping", "", "", nil)
		tries += map[int]string{200: ".", 429: "x"}[status]
	}
	assert.Contains(t, tries, ".xxxx.")
	assert.NotRegexp(t, `[.]x{1,3}[.]`, tries)
}

// With everything going wrong now and then, a client that tries again gets every task made once.
func TestCreateTaskWithFaults(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, w.SetFaults(3,
		Fault{Route: "createTask", Kind: Status, Status: 500, Probability: 0.1},
		Fault{Route: "createTask", Kind: Status, Status: 429, Probability: 0.05, Burst: 3},
		Fault{Route: "createTask", Kind: DropBefore, Probability: 0.05},
		Fault{Route: "createTask", Kind: DropAfter, Probability: 0.05},
		Fault{Route: "createTask", Kind: Duplicate, Probability: 0.1},
	))
	ids := make([]string, 300)
	var group sync.WaitGroup
	for i := range ids {
		ids[i] = slugid.Nice()
	}
	for from := range 10 {
		group.Go(func() {
			q := w.root().queue
			q.HTTPBackoffClient = &httpbackoff.Client{BackOffSettings: &backoff.ExponentialBackOff{
				InitialInterval: time.Millisecond, Multiplier: 1.5, MaxInterval: 10 * time.Millisecond, MaxElapsedTime: 20 * time.Second, Clock: backoff.SystemClock,
			}}
			for i := from; i < len(ids); i += 10 {
				_, err := q.CreateTask(ids[i], w.task())
				for try := 0; err != nil && try < 20 && strings.Contains(err.Error(), "TooManyRequests"); try++ {
					_, err = q.CreateTask(ids[i], w.task()) // this release of the client gives up at a 429
				}
				assert.NoError(t, err)
			}
		})
	}
	group.Wait()
	list, err := w.root().queue.ListTaskGroup(group1, "", "")
	require.NoError(t, err)
	var got []string
	for _, task := range list.Tasks {
		got = append(got, task.Status.TaskID)
		assert.Len(t, task.Status.Runs, 1)
	}
	assert.ElementsMatch(t, ids, got)
}

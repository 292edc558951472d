package submit

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/taskgraph-go/decision/taskcluster"
)

// faults are what goes wrong, as chances from 0 to 1.
type faults struct {
	errors, droppedBefore, droppedAfter float64
	burst, pause                        time.Duration // for so long everything is answered with 429, and then nothing for so long
	retryAfter                          string
}

// fakeQueue is a queue of one task group, with the rules of the real one that matter to a submission.
type fakeQueue struct {
	*httptest.Server
	start   time.Time
	latency time.Duration
	faults  faults
	refuse  func(taskID string, def map[string]any) (status int, code, message string) // status 0: nothing
	now     func() time.Time

	mu       sync.Mutex
	rand     *rand.Rand
	tasks    map[string]map[string]any
	created  []string // in order
	requests map[string]int
	total    int
	sealed   bool
	under    int
	most     int // requests that were under way at a time
	changed  int // creations that would have changed a task
	onPut    func(n int)
}

func newFakeQueue(t testing.TB) *fakeQueue {
	q := &fakeQueue{tasks: map[string]map[string]any{}, requests: map[string]int{}, rand: rand.New(rand.NewPCG(1, 2)), now: time.Now, start: time.Now()}
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /api/queue/v1/task/{id}", q.create)
	mux.HandleFunc("GET /api/queue/v1/task/{id}", q.get)
	mux.HandleFunc("POST /api/queue/v1/task-group/{id}/seal", q.seal)
	q.Server = httptest.NewServer(q.around(mux))
	t.Cleanup(q.Close)
	return q
}

// around adds what goes wrong.
func (q *fakeQueue) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q.mu.Lock()
		q.total++
		q.under++
		q.most = max(q.most, q.under)
		chance := q.rand.Float64()
		f := q.faults
		q.mu.Unlock()
		defer func() {
			q.mu.Lock()
			q.under--
			q.mu.Unlock()
		}()
		time.Sleep(q.latency)
		switch {
		case f.burst > 0 && time.Since(q.start)%(f.burst+f.pause) < f.burst:
			w.Header().Set("Retry-After", f.retryAfter)
			answer(w, 429, map[string]any{"code": "TooManyRequests", "message": "slow down"})
			return
		case chance < f.errors:
			http.Error(w, "<html>no", http.StatusServiceUnavailable)
			return
		case chance < f.errors+f.droppedBefore:
			panic(http.ErrAbortHandler)
		case chance < f.errors+f.droppedBefore+f.droppedAfter:
			next.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		next.ServeHTTP(w, r)
	})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	answer(w, status, map[string]any{"code": code, "message": message + "\n\n---\n\n* method:  createTask", "requestInfo": map[string]any{}})
}

func (q *fakeQueue) create(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	id := r.PathValue("id")
	var def map[string]any
	if err := json.Unmarshal(text, &def); err != nil {
		refuse(w, 400, "MalformedPayload", err.Error())
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.requests[id]++
	if q.refuse != nil {
		if status, code, message := q.refuse(id, def); status != 0 {
			refuse(w, status, code, message)
			return
		}
	}
	created, _ := time.Parse(taskcluster.TimeFormat, fmt.Sprint(def["created"]))
	if off := q.now().Sub(created).Abs(); off > 15*time.Minute {
		refuse(w, 400, "InputError", fmt.Sprintf("Created cannot be in the past or future, it is off by %s", off))
		return
	}
	if q.sealed {
		refuse(w, 409, "RequestConflict", "Task group is sealed")
		return
	}
	for key, v := range map[string]any{"retries": 5.0, "requires": "all-completed", "projectId": "none", "tags": map[string]any{}, "routes": []any{},
		"taskQueueId": fmt.Sprintf("%v/%v", def["provisionerId"], def["workerType"])} {
		if _, ok := def[key]; !ok {
			def[key] = v
		}
	}
	if there := q.tasks[id]; there != nil {
		if !reflect.DeepEqual(there, def) {
			q.changed++
			refuse(w, 409, "RequestConflict", "taskId "+id+" already used by another task.\nThis could be the result of faulty idempotency!")
			return
		}
		answer(w, 200, map[string]any{"status": map[string]any{"taskId": id}})
		return
	}
	for _, on := range def["dependencies"].([]any) {
		if q.tasks[on.(string)] == nil && on != decisionID {
			refuse(w, 400, "InputError", "`task.dependencies` references non-existing tasks: "+on.(string))
			return
		}
	}
	q.tasks[id] = def
	q.created = append(q.created, id)
	if q.onPut != nil {
		q.onPut(len(q.created))
	}
	answer(w, 200, map[string]any{"status": map[string]any{"taskId": id}})
}

func (q *fakeQueue) get(w http.ResponseWriter, r *http.Request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if def := q.tasks[r.PathValue("id")]; def != nil {
		answer(w, 200, def)
		return
	}
	refuse(w, 404, "ResourceNotFound", "no such task")
}

func (q *fakeQueue) seal(w http.ResponseWriter, r *http.Request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sealed = true
	answer(w, 200, map[string]any{"taskGroupId": r.PathValue("id")})
}

// client gives a client of the official library for the queue.
func (q *fakeQueue) client() *taskcluster.Client {
	return taskcluster.NewClient(taskcluster.Options{RootURL: q.URL, Patience: Patience})
}

// count gives how many tasks were created. Requests of a client that is gone may still be at work.
func (q *fakeQueue) count() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.created)
}

// placeOf gives when a task was created, -1 if it was not.
func (q *fakeQueue) placeOf(id string) int {
	for i, x := range q.created {
		if x == id {
			return i
		}
	}
	return -1
}

// has says whether a definition's text holds something.
func has(def map[string]any, text string) bool {
	out, _ := json.Marshal(def)
	return strings.Contains(string(out), text)
}

package submit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/decision/definition"
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

const decisionID = "fN3SbArXTPSVFUUvKaxiQw"

var group = definition.Group{DecisionTaskID: decisionID, SchedulerID: "app-level-1"}

// task makes a task that depends on others, by label.
func task(label string, deps ...string) *taskgraph.Task {
	ids := value.NewList()
	edges := value.NewMap(0)
	for _, d := range deps {
		ids.AppendStrings(taskgraph.TaskID(decisionID, d))
		edges.Set(d, value.NewString(taskgraph.TaskID(decisionID, d)))
	}
	relative := func(s string) *value.Map { return value.MapOf("relative-datestamp", s) }
	t := &taskgraph.Task{
		Kind: "test", Label: label, TaskID: taskgraph.TaskID(decisionID, label), Attributes: value.MapOf("kind", "test"), Dependencies: edges,
		Task: value.MapOf("provisionerId", "prov", "workerType", "misc", "created", relative("0 seconds"), "deadline", relative("1 day"), "expires", relative("28 days"),
			"dependencies", ids, "priority", "low", "scopes", value.NewList(), "metadata", value.MapOf("name", label, "description", "x", "owner", "a@b.c", "source", "https://x"),
			"payload", value.MapOf("image", "x", "maxRunTime", 60, "artifacts", value.MapOf("public/x", value.MapOf("type", "file", "path", "/x", "expires", relative("28 days")))),
			"extra", value.NewMap(0)),
	}
	t.Task.Freeze()
	return t
}

func graphOf(tasks ...*taskgraph.Task) *taskgraph.TaskGraph {
	return taskgraph.NewTaskGraph(tasks, false)
}

// layers makes a graph of tasks that each depend on up to two of the layer before.
func layers(total, depth int) *taskgraph.TaskGraph {
	var all []*taskgraph.Task
	width := total / depth
	for i := range total {
		layer := min(i/width, depth-1)
		label := fmt.Sprintf("t-%d", i)
		if layer == 0 {
			all = append(all, task(label))
			continue
		}
		before := (layer - 1) * width
		a, b := before+i%width, before+(i*7+3)%width
		if a == b {
			all = append(all, task(label, fmt.Sprintf("t-%d", a)))
		} else {
			all = append(all, task(label, fmt.Sprintf("t-%d", a), fmt.Sprintf("t-%d", b)))
		}
	}
	return graphOf(all...)
}

func run(t *testing.T, q *fakeQueue, graph *taskgraph.TaskGraph, change ...func(*Options)) *Result {
	t.Helper()
	o := Options{Graph: graph, Group: group, Queue: q.client()}
	for _, f := range change {
		f(&o)
	}
	r, err := Run(t.Context(), o)
	require.NoError(t, err)
	return r
}

func TestOrderAndDefinitions(t *testing.T) {
	q := newFakeQueue(t)
	var log bytes.Buffer
	var seen []Progress
	r := run(t, q, layers(250, 5), func(o *Options) {
		o.Log = slog.New(slog.NewTextHandler(&log, nil))
		o.Progress = func(p Progress) { seen = append(seen, p) }
		o.Concurrency = 20
	})
	require.NoError(t, r.Err(nil))
	assert.Len(t, q.tasks, 250)
	assert.Equal(t, 250, r.Count(Created))
	assert.LessOrEqual(t, q.most, 20)
	for id, def := range q.tasks {
		assert.Equal(t, decisionID, def["taskGroupId"])
		assert.Equal(t, "app-level-1", def["schedulerId"])
		assert.Equal(t, r.Now.Format(taskcluster.TimeFormat), def["created"])
		assert.Equal(t, r.Now.AddDate(0, 0, 28).Format(taskcluster.TimeFormat), def["payload"].(map[string]any)["artifacts"].(map[string]any)["public/x"].(map[string]any)["expires"])
		assert.NotEmpty(t, def["dependencies"], id)
	}
	first := q.tasks[taskgraph.TaskID(decisionID, "t-0")]
	assert.Equal(t, []any{decisionID}, first["dependencies"], "nothing starts before the decision task ends")
	last := q.tasks[taskgraph.TaskID(decisionID, "t-249")]
	assert.NotContains(t, last["dependencies"], decisionID)

	assert.Len(t, seen, 250)
	assert.Equal(t, Progress{Done: 250, Total: 250}, seen[249])
	assert.Equal(t, 3, strings.Count(log.String(), "submitting tasks"), log.String())
}

func TestFewerTasksThanWorkers(t *testing.T) {
	q := newFakeQueue(t)
	assert.Empty(t, run(t, q, graphOf()).Outcomes)
	require.NoError(t, run(t, q, graphOf(task("a"), task("b", "a"))).Err(nil))
	assert.Equal(t, 0, q.placeOf(taskgraph.TaskID(decisionID, "a")))
}

func TestFailuresAreCollected(t *testing.T) {
	q := newFakeQueue(t)
	q.refuse = func(id string, def map[string]any) (int, string, string) {
		switch {
		case has(def, `"name":"bad"`):
			return 403, "InsufficientScopes", "Client ID x does not have sufficient scopes and is missing the following scopes:\n\n```\n{\n  \"AllOf\": [\"queue:route:a\"]\n}\n```"
		case has(def, `"name":"worse"`):
			return 400, "InputError", "no"
		}
		return 0, "", ""
	}
	var log bytes.Buffer
	tasks := []*taskgraph.Task{task("good"), task("bad"), task("worse", "good"), task("after-bad", "bad", "good"), task("after-all", "after-bad", "worse")}
	for i := range 15 {
		tasks = append(tasks, task(fmt.Sprintf("later-%02d", i), "after-bad"))
	}
	r := run(t, q, graphOf(tasks...), func(o *Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	assert.Len(t, q.tasks, 1)
	states := map[string]State{}
	for _, o := range r.Outcomes {
		states[o.Task.Label] = o.State
	}
	assert.Equal(t, Failed, states["bad"])
	assert.Equal(t, Failed, states["worse"])
	assert.Equal(t, Skipped, states["after-all"])
	assert.Equal(t, 17, r.Count(Skipped))
	err := r.Err(nil)
	require.Error(t, err)
	assert.Equal(t, "bad: could not be created: 403 InsufficientScopes: Client ID x does not have sufficient scopes and is missing the following scopes: (TG6001)\n"+
		"worse: could not be created: 400 InputError: no (TG6001)", err.Error())
	assert.Equal(t, diag.ExitSubmission, diag.ExitCode(err))
	var out bytes.Buffer
	diag.Printer{W: &out}.Print(err)
	assert.Contains(t, out.String(), `"AllOf": ["queue:route:a"]`)
	assert.NotContains(t, out.String(), "method:")
	assert.Contains(t, out.String(), "skipped because bad failed: after-bad, ")
	assert.Regexp(t, "later-07.* and [67] more\n", out.String())
	assert.Contains(t, log.String(), `msg="skipped a task because another one failed" label=after-all failed=`)
}

func TestCopies(t *testing.T) {
	q := newFakeQueue(t)
	twice := task("twice")
	twice.Attributes = value.MapOf("task_duplicates", 3)
	zero := task("zero", "twice")
	zero.Attributes = value.MapOf("task_duplicates", 0)
	r := run(t, q, graphOf(twice, zero))
	require.NoError(t, r.Err(nil))
	assert.Len(t, q.tasks, 4)
	ids := map[string]bool{twice.TaskID: true, zero.TaskID: true, CopyID(decisionID, "twice", 1): true, CopyID(decisionID, "twice", 2): true}
	for id := range q.tasks {
		assert.True(t, ids[id], id)
	}
	assert.Equal(t, q.tasks[twice.TaskID], q.tasks[CopyID(decisionID, "twice", 1)])

	run(t, q, graphOf(twice, zero))
	assert.Len(t, q.tasks, 4, "copies are created once as well")

	for _, bad := range []any{"3", 2.5, true, 1 << 40} {
		twice.Attributes = value.MapOf("task_duplicates", bad)
		_, err := Run(t.Context(), Options{Graph: graphOf(twice), Group: group, Queue: q.client()})
		assert.ErrorContains(t, err, "twice: attributes.task_duplicates: want how often to submit the task")
	}
}

// A copy that fails keeps nothing from going on.
func TestCopyFails(t *testing.T) {
	q := newFakeQueue(t)
	q.refuse = func(id string, _ map[string]any) (int, string, string) {
		if id == CopyID(decisionID, "twice", 1) {
			return 400, "InputError", "no"
		}
		return 0, "", ""
	}
	twice := task("twice")
	twice.Attributes = value.MapOf("task_duplicates", 2)
	r := run(t, q, graphOf(twice, task("after", "twice")))
	assert.EqualError(t, r.Err(nil), "twice: copy 1: could not be created: 400 InputError: no (TG6001)")
	assert.Equal(t, 2, r.Count(Created))
}

// Nor does a copy stand for a dependency that is not there yet.
func TestCopiesAreNotWaitedFor(t *testing.T) {
	twice, slow := task("twice"), task("slow")
	twice.Attributes = value.MapOf("task_duplicates", 3)
	var mu sync.Mutex
	var order []string
	copies := make(chan struct{}, 2)
	q := stubQueue{create: func(id string, _ []byte) error {
		switch id {
		case slow.TaskID:
			<-copies
			<-copies
			time.Sleep(20 * time.Millisecond) // for what must not happen
		case CopyID(decisionID, "twice", 1), CopyID(decisionID, "twice", 2):
			copies <- struct{}{}
		}
		mu.Lock()
		defer mu.Unlock()
		order = append(order, id)
		return nil
	}}
	r, err := Run(t.Context(), Options{Graph: graphOf(twice, slow, task("after", "twice", "slow")), Group: group, Queue: q, Concurrency: 4})
	require.NoError(t, err)
	assert.Equal(t, 5, r.Count(Created))
	assert.Equal(t, []string{slow.TaskID, taskgraph.TaskID(decisionID, "after")}, order[3:])
}

func TestLoop(t *testing.T) {
	_, err := Run(t.Context(), Options{Graph: graphOf(task("a", "b"), task("b", "a"), task("c", "a"), task("d")), Group: group, DryRun: true})
	assert.ErrorContains(t, err, "a: depends on itself")
	assert.ErrorContains(t, err, "c: depends on itself")
	assert.NotContains(t, err.Error(), "d: ")
}

func TestBadTimes(t *testing.T) {
	q := newFakeQueue(t)
	bad := task("bad")
	bad.Task = bad.Task.Copy()
	bad.Task.Set("deadline", value.MapOf("relative-datestamp", "1 fortnight").Value())
	bad.Task.EditMap("payload").Set("env", value.MapOf("A", value.NewList(value.NewInt(1), value.MapOf("relative-datestamp", 5).Value())).Value())
	r := run(t, q, graphOf(bad, task("good")))
	assert.ErrorContains(t, r.Err(nil), `bad: deadline: unknown unit "fortnight"`)
	assert.ErrorContains(t, r.Err(nil), `bad: payload.env.A[1]: want a duration such as "1 day", got 5`)
	assert.Len(t, q.tasks, 1)
}

func TestDryRun(t *testing.T) {
	r, err := Run(t.Context(), Options{Graph: layers(100, 4), Group: group, DryRun: true, Seal: true})
	require.NoError(t, err)
	assert.Equal(t, 100, r.Count(Created))
	bad := task("bad")
	bad.Task = bad.Task.Copy()
	bad.Task.Set("deadline", value.MapOf("relative-datestamp", "soon").Value())
	r, err = Run(t.Context(), Options{Graph: graphOf(bad, task("next", "bad")), Group: group, DryRun: true})
	require.NoError(t, err)
	assert.Error(t, r.Err(nil))
	assert.Equal(t, 1, r.Count(Skipped))
}

func TestSeal(t *testing.T) {
	q := newFakeQueue(t)
	graph := layers(20, 2)
	later := time.Duration(0)
	seal := func(o *Options) {
		o.Seal = true
		o.Clock = func() time.Time { return time.Now().Add(later) }
	}
	r := run(t, q, graph, seal)
	require.NoError(t, r.Err(nil))
	assert.True(t, r.Sealed)
	assert.True(t, q.sealed)

	later = 11 * time.Minute
	r = run(t, q, graph, seal)
	require.NoError(t, r.Err(nil), "all tasks are there, although the group is sealed")
	assert.Equal(t, 20, r.Count(Existed))

	r = run(t, q, graphOf(task("new")), seal)
	assert.EqualError(t, r.Err(nil), "new: could not be created: 409 RequestConflict: Task group is sealed (TG6001)")
	assert.False(t, r.Sealed)
}

// The second run has another clock; tasks that are there count if nothing but the clock makes the difference.
func TestSecondRun(t *testing.T) {
	q := newFakeQueue(t)
	graph := layers(60, 3)
	start := time.Now()
	at := func(d time.Duration) func(*Options) {
		return func(o *Options) { o.Clock = func() time.Time { return start.Add(d) } }
	}
	require.NoError(t, run(t, q, graph, at(0)).Err(nil))
	before := fmt.Sprint(q.tasks)

	r := run(t, q, graph, at(0))
	require.NoError(t, r.Err(nil))
	assert.Equal(t, 60, r.Count(Created), "the same definitions are no conflict")

	r = run(t, q, graph, at(12*time.Minute+13*time.Millisecond))
	require.NoError(t, r.Err(nil))
	assert.Equal(t, 60, r.Count(Existed))
	assert.Equal(t, before, fmt.Sprint(q.tasks))
	assert.Len(t, q.created, 60)

	q.changed = 0
	r = run(t, q, graph, at(7*time.Minute), func(o *Options) { o.Concurrency = 1 })
	require.NoError(t, r.Err(nil))
	assert.Equal(t, 1, r.Count(Existed), "the first shows when the earlier run began")
	assert.Equal(t, 59, r.Count(Created))
	assert.Equal(t, 1, q.changed)
	assert.Equal(t, before, fmt.Sprint(q.tasks))

	var tasks []*taskgraph.Task
	for x := range graph.All() {
		c := *x
		if c.Label == "t-0" {
			c.Task = c.Task.Copy()
			c.Task.EditMap("payload").Set("maxRunTime", value.NewInt(61))
			c.Task.Set("deadline", value.MapOf("relative-datestamp", "2 days").Value())
			c.Task.Delete("extra")
			c.Task.EditMap("payload").Set("env", value.MapOf("A", "b").Value())
		}
		tasks = append(tasks, &c)
	}
	r = run(t, q, graphOf(tasks...), at(time.Minute))
	err := r.Err(nil)
	require.Error(t, err)
	assert.Contains(t, err.Error(), "t-0: task "+tasks[0].TaskID+" exists already and differs: deadline is ")
	var out bytes.Buffer
	diag.Printer{W: &out}.Print(err)
	assert.Contains(t, out.String(), "payload.env is a map here, absent there")
	assert.Contains(t, out.String(), "payload.maxRunTime is 61 here, 60 there")
	assert.NotContains(t, out.String(), "extra")
	assert.Len(t, q.created, 60)
}

// What an earlier run left undone gets the times of that run, if it is not long ago.
func TestMissingTasksGetTheSameTimes(t *testing.T) {
	q := newFakeQueue(t)
	start := time.Now()
	clock := func(d time.Duration) func(*Options) {
		return func(o *Options) { o.Concurrency, o.Clock = 1, func() time.Time { return start.Add(d) } }
	}
	all := []*taskgraph.Task{task("a"), task("b", "a"), task("c", "b")}
	require.NoError(t, run(t, q, graphOf(all[:2]...), clock(0)).Err(nil))
	require.NoError(t, run(t, q, graphOf(all...), clock(9*time.Minute)).Err(nil))
	assert.Equal(t, q.tasks[all[0].TaskID]["created"], q.tasks[all[2].TaskID]["created"])

	require.NoError(t, run(t, q, graphOf(append(all, task("d", "c"))...), clock(11*time.Minute)).Err(nil))
	assert.Equal(t, start.Add(11*time.Minute).UTC().Format(taskcluster.TimeFormat), q.tasks[taskgraph.TaskID(decisionID, "d")]["created"], "that was too long ago")
}

// The priority of a task can be changed by people.
func TestChangedPriority(t *testing.T) {
	q := newFakeQueue(t)
	graph := graphOf(task("a"))
	require.NoError(t, run(t, q, graph).Err(nil))
	for _, def := range q.tasks {
		def["priority"] = "high"
	}
	r := run(t, q, graph)
	require.NoError(t, r.Err(nil))
	assert.Equal(t, 1, r.Count(Existed))
}

// stubQueue is a queue of functions.
type stubQueue struct {
	create func(id string, def []byte) error
	task   func(id string) ([]byte, error)
}

func (q stubQueue) CreateTask(ctx context.Context, id string, def []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return q.create(id, def)
}
func (q stubQueue) Task(_ context.Context, id string) ([]byte, error) { return q.task(id) }
func (stubQueue) SealTaskGroup(context.Context, string) error         { return errors.New("no seal") }

func TestConflictThatCannotBeCompared(t *testing.T) {
	conflict := &taskcluster.Error{Status: 409, Code: "RequestConflict", Message: "used"}
	for want, task1 := range map[string]func(string) ([]byte, error){
		"a: could not be created: 409 RequestConflict: used (TG6001)": func(string) ([]byte, error) {
			return nil, &taskcluster.Error{Status: 404}
		},
		"and the queue does not say what is there: 403 Forbidden": func(string) ([]byte, error) { return nil, &taskcluster.Error{Status: 403} },
		"and what the queue says is there is no task":             func(string) ([]byte, error) { return []byte("[]"), nil },
	} {
		q := stubQueue{create: func(string, []byte) error { return conflict }, task: task1}
		r, err := Run(t.Context(), Options{Graph: graphOf(task("a")), Group: group, Queue: q})
		require.NoError(t, err)
		assert.ErrorContains(t, r.Err(nil), want)
	}
}

func TestSealFails(t *testing.T) {
	q := stubQueue{create: func(string, []byte) error { return nil }}
	r, err := Run(t.Context(), Options{Graph: graphOf(task("a")), Group: group, Queue: q, Seal: true})
	require.NoError(t, err)
	assert.EqualError(t, r.Err(nil), "the task group "+decisionID+" could not be sealed: no seal (TG6001)")
}

// Where the queue does not answer, the rest is not tried: each try takes minutes.
func TestQueueIsDown(t *testing.T) {
	var mu sync.Mutex
	tried := 0
	q := stubQueue{create: func(string, []byte) error {
		mu.Lock()
		defer mu.Unlock()
		tried++
		if tried <= 30 {
			return nil
		}
		return errors.New("connection refused")
	}}
	const workers = 4
	r, err := Run(t.Context(), Options{Graph: layers(500, 1), Group: group, Queue: q, Concurrency: workers})
	require.NoError(t, err)
	// The last answers may be taken notice of late, each after nearly as many jobs without one as it takes to give up.
	assert.LessOrEqual(t, tried, 30+workers*(maxSilent+1))
	assert.Equal(t, 30, r.Count(Created))
	assert.ErrorContains(t, r.Err(nil), "tasks were not tried because the queue does not answer")
	assert.ErrorContains(t, r.Err(nil), "could not be created: connection refused")
}

func TestCancel(t *testing.T) {
	q := newFakeQueue(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	q.onPut = func(n int) {
		if n == 100 {
			cancel()
		}
	}
	r, err := Run(ctx, Options{Graph: layers(1000, 5), Group: group, Queue: q.client(), Concurrency: 10})
	assert.ErrorIs(t, err, context.Canceled)
	assert.Less(t, q.count(), 150)
	assert.Zero(t, r.Count(Failed))
	assert.NotZero(t, r.Count(NotTried))
	require.NoError(t, run(t, q, layers(1000, 5)).Err(nil))
	assert.Equal(t, 1000, q.count())
}

// A submission that lasts long goes on with new times: the queue refuses tasks that were created long ago.
func TestTimesAreRenewed(t *testing.T) {
	q := newFakeQueue(t)
	now, start := time.Now(), time.Now()
	var mu sync.Mutex
	clock := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}
	q.now = clock
	q.onPut = func(int) {
		mu.Lock()
		now = now.Add(time.Minute)
		mu.Unlock()
	}
	r := run(t, q, layers(60, 1), func(o *Options) { o.Clock, o.Concurrency = clock, 1 })
	require.NoError(t, r.Err(nil))
	created := map[any]bool{}
	for _, def := range q.tasks {
		created[def["created"]] = true
	}
	assert.Len(t, created, 6)
	assert.Equal(t, start.UTC().Truncate(time.Millisecond), r.Now)
	require.NoError(t, run(t, q, layers(60, 1), func(o *Options) { o.Clock = clock }).Err(nil))
	assert.Len(t, q.created, 60)
}

func TestFaults(t *testing.T) {
	q := newFakeQueue(t)
	q.faults = faults{errors: 0.10, droppedBefore: 0.025, droppedAfter: 0.025, burst: 150 * time.Millisecond, pause: 400 * time.Millisecond, retryAfter: "1"}
	graph := layers(1000, 8)
	r := run(t, q, graph)
	require.NoError(t, r.Err(nil))
	assert.Len(t, q.created, 1000)
	assert.Zero(t, q.changed)
	assert.Equal(t, 1000, r.Count(Created))
	t.Logf("%d requests for 1000 tasks", q.total)
	assert.Greater(t, q.total, 1150)
	assert.Equal(t, 1000, len(slices.Compact(slices.Sorted(slices.Values(q.created)))))
}

// shape is a graph, and how many tasks its longest chain has.
type shape struct {
	name  string
	graph *taskgraph.TaskGraph
	depth int
}

// bound is what depth, concurrency and latency allow: each task of the longest chain waits for the one before, and in each
// step every worker creates a task.
func (s shape) bound(latency time.Duration) time.Duration {
	return time.Duration(max((s.graph.Len()+DefaultConcurrency-1)/DefaultConcurrency, s.depth)) * latency
}

// shapes make graphs of different forms.
var shapes = []func(total int) shape{
	func(total int) shape { return shape{"flat", layers(total, 1), 1} },
	func(total int) shape { return shape{"5 levels", layers(total, 5), 5} },
	func(total int) shape { return shape{"10 levels", layers(total, 10), 10} },
	func(total int) shape { return shape{"many levels", layers(total, total/100), total / 100} },
	func(total int) shape { return shape{"chain", chained(total, total/100), total / 100} },
	func(total int) shape { return shape{"longest chain", chained(total, total/50), total / 50} }, // that is no longer than all the rest
	func(total int) shape { return shape{"chains", chains(total, 100), total / 100} },
}

// chained makes a graph of tasks that depend on nothing but for a chain, which comes last.
func chained(total, length int) *taskgraph.TaskGraph {
	var all []*taskgraph.Task
	for i := range total - length {
		all = append(all, task(fmt.Sprintf("w-%d", i)))
	}
	all = append(all, task("c-0"))
	for i := 1; i < length; i++ {
		all = append(all, task(fmt.Sprintf("c-%d", i), fmt.Sprintf("c-%d", i-1)))
	}
	return graphOf(all...)
}

// chains makes a graph of chains side by side.
func chains(total, beside int) *taskgraph.TaskGraph {
	var all []*taskgraph.Task
	for i := range total {
		if label := fmt.Sprintf("t-%d", i); i < beside {
			all = append(all, task(label))
		} else {
			all = append(all, task(label, fmt.Sprintf("t-%d", i-beside)))
		}
	}
	return graphOf(all...)
}

// Time is not real here, so that nothing but the order counts.
func TestOrderIsFast(t *testing.T) {
	const total, latency = 10_000, 20 * time.Millisecond
	for _, of := range shapes {
		c := of(total)
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			q := stubQueue{create: func(string, []byte) error {
				time.Sleep(latency)
				return nil
			}}
			r, err := Run(t.Context(), Options{Graph: c.graph, Group: group, Queue: q})
			require.NoError(t, err)
			assert.Equal(t, total, r.Count(Created))
			factor := float64(time.Since(start)) / float64(c.bound(latency))
			t.Logf("%s: %.3f", c.name, factor)
			assert.Less(t, factor, 1.02, c.name)
		})
	}
}

// speedVariable says how many tasks the test of speed submits, if not a few. It looks at the factor then: on a quiet machine
// it is 1.15 at most for 10,000 tasks.
const speedVariable = "SUBMIT_SPEED_TASKS"

// TestSpeed measures the same with real time and connections.
func TestSpeed(t *testing.T) {
	total, most := 500, 10.0
	if n, err := strconv.Atoi(os.Getenv(speedVariable)); err == nil {
		total, most = n, 1.15
	}
	const depth, latency = 10, 20 * time.Millisecond
	q := newFakeQueue(t)
	q.latency = latency
	graph := layers(total, depth)
	start := time.Now()
	r := run(t, q, graph)
	took := time.Since(start)
	require.NoError(t, r.Err(nil))
	bound := time.Duration(max((total+DefaultConcurrency-1)/DefaultConcurrency, depth)) * latency
	factor := float64(took) / float64(bound)
	t.Logf("%d tasks in %s, bound %s: %.3f", total, took, bound, factor)
	assert.Less(t, factor, most)
}

// TestMemory looks at what is in use after a tenth, a half and nearly all of the tasks: definitions are made when their turn
// comes, and not kept.
func TestMemory(t *testing.T) {
	graph := layers(10_000, 10)
	var inUse []uint64
	look := func() {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		inUse = append(inUse, m.HeapAlloc)
	}
	goroutines := 0
	q := stubQueue{create: func(string, []byte) error { return nil }}
	_, err := Run(t.Context(), Options{Graph: graph, Group: group, Queue: q, Progress: func(p Progress) {
		switch p.Done {
		case 1000, 5000, 9900:
			look()
			goroutines = max(goroutines, runtime.NumGoroutine())
		}
	}})
	require.NoError(t, err)
	t.Logf("in use: %d KiB, then %d KiB, then %d KiB; %d goroutines", inUse[0]>>10, inUse[1]>>10, inUse[2]>>10, goroutines)
	assert.Less(t, inUse[2], inUse[0]+1<<20)
	assert.Less(t, goroutines, DefaultConcurrency+20)
	runtime.KeepAlive(graph)
}

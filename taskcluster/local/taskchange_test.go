package local

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/taskcluster/slugid-go/slugid"
	tcclient "github.com/taskcluster/taskcluster/v87/clients/client-go"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcqueue"
)

// runs gives state and reasons of the runs of a task.
func (w *world) runs(id string) (all []string) {
	w.t.Helper()
	r, err := w.root().queue.Status(id)
	require.NoError(w.t, err)
	for _, run := range r.Status.Runs {
		all = append(all, run.ReasonCreated+" "+run.State+" "+run.ReasonResolved)
	}
	return all
}

func TestCancelRerunSchedule(t *testing.T) {
	w := newWorld(t)
	q := w.root().queue
	dep := w.create()
	id := w.create(func(d *tcqueue.TaskDefinitionRequest) { d.Dependencies = []string{dep} })
	_, err := q.CancelTask(id)
	require.NoError(t, err)
	assert.Equal(t, []string{"exception exception canceled"}, w.runs(id))
	again, err := q.CancelTask(id)
	require.NoError(t, err, "cancelling what is resolved just gives it")
	assert.Len(t, again.Status.Runs, 1)
	_, err = q.RerunTask(id)
	require.NoError(t, err)
	assert.Equal(t, []string{"exception exception canceled", "rerun pending "}, w.runs(id), "whatever it depends on")
	same, err := q.RerunTask(id)
	require.NoError(t, err)
	assert.Len(t, same.Status.Runs, 2, "pending is pending")
	w.finish(id, "completed")
	w.clock.advance(time.Second)
	w.finish(dep, "completed")
	assert.Equal(t, "completed", w.state(id), "not scheduled again")

	waiting := w.create(func(d *tcqueue.TaskDefinitionRequest) { d.Dependencies = []string{w.create()} })
	s, err := q.ScheduleTask(waiting)
	require.NoError(t, err)
	assert.Equal(t, "pending", s.Status.State)
	_, err = q.ScheduleTask(waiting)
	require.NoError(t, err)

	late := w.create(func(d *tcqueue.TaskDefinitionRequest) { d.Dependencies = []string{w.create()} })
	w.clock.advance(2 * time.Hour)
	_, err = q.ScheduleTask(late)
	refused(t, err, 409, "RequestConflict")
	_, err = q.RerunTask(late)
	refused(t, err, 409, "RequestConflict")
	_, err = q.CancelTask(late)
	refused(t, err, 409, "RequestConflict")
	for _, call := range []func(string) (*tcqueue.TaskStatusResponse, error){q.ScheduleTask, q.RerunTask, q.CancelTask, q.Status} {
		_, err := call(slugid.Nice())
		refused(t, err, 404, "ResourceNotFound")
	}
}

func TestRunsHaveALimit(t *testing.T) {
	w := newWorld(t)
	q := w.root().queue
	id := w.create(func(d *tcqueue.TaskDefinitionRequest) { d.Retries = 49 })
	for n := 1; ; n++ {
		w.finish(id, "failed")
		s, err := q.RerunTask(id)
		if n == 50 {
			refused(t, err, 409, "RequestConflict")
			return
		}
		require.NoError(t, err)
		assert.EqualValues(t, min(49, 50-n-1), s.Status.RetriesLeft, "run %d", n)
	}
}

// Each of the three ways in which scopes let somebody change a task.
func TestScopesOfChanges(t *testing.T) {
	w := newWorld(t)
	for verb, call := range map[string]func(q *tcqueue.Queue, id string) error{
		"schedule": func(q *tcqueue.Queue, id string) error { _, err := q.ScheduleTask(id); return err },
		"rerun":    func(q *tcqueue.Queue, id string) error { _, err := q.RerunTask(id); return err },
		"cancel":   func(q *tcqueue.Queue, id string) error { _, err := q.CancelTask(id); return err },
	} {
		id := w.create(func(d *tcqueue.TaskDefinitionRequest) { d.ProjectID = "proj" })
		own := "queue:" + verb + "-task"
		for _, scopes := range [][]string{{own + ":test/" + group1 + "/" + id}, {own + "-in-project:proj"}, {own, "assume:scheduler-id:test/" + group1}} {
			assert.NoError(t, call(w.with(scopes...).queue, id), "%s %v", verb, scopes)
		}
		for _, scopes := range [][]string{{}, {own}, {"assume:scheduler-id:test/" + group1}, {own + "-in-project:other"}, {own + ":other/" + group1 + "/" + id}} {
			refused(t, call(w.with(scopes...).queue, id), 403, "InsufficientScopes")
		}
	}
}

func TestGroups(t *testing.T) {
	w := newWorld(t)
	q := w.root().queue
	group := slugid.Nice()
	in := func(d *tcqueue.TaskDefinitionRequest) { d.TaskGroupID = group }
	_, err := q.GetTaskGroup(group)
	refused(t, err, 404, "ResourceNotFound")
	a, b, c := w.create(in), w.create(in), w.create(in)
	d := w.create(in, func(d *tcqueue.TaskDefinitionRequest) {
		d.Dependencies, d.Expires = []string{a}, tcclient.Time(w.clock.now().Add(100*time.Hour))
	})
	w.finish(b, "completed")
	q2 := w.root().queue
	_, err = q2.ClaimTask(c, "0", &tcqueue.TaskClaimRequest{WorkerGroup: "g", WorkerID: "w"})
	require.NoError(t, err)
	about, err := q.GetTaskGroup(group)
	require.NoError(t, err)
	assert.Equal(t, "test", about.SchedulerID)
	assert.Equal(t, newStamp(w.clock.now()).Add(101*time.Hour).UnixMilli(), time.Time(about.Expires).UnixMilli(), "that of the last one and an hour")

	var ids []string
	token, pages := "", 0
	for {
		list, err := q.ListTaskGroup(group, token, "3")
		require.NoError(t, err)
		for _, task := range list.Tasks {
			ids = append(ids, task.Status.TaskID)
			assert.Equal(t, group, task.Task.TaskGroupID)
		}
		pages++
		if token = list.ContinuationToken; token == "" {
			break
		}
	}
	assert.Equal(t, 2, pages)
	assert.ElementsMatch(t, []string{a, b, c, d}, ids)
	assert.True(t, slices.IsSorted(ids))

	_, err = q.CancelTaskGroup(group)
	refused(t, err, 409, "RequestConflict")
	_, err = w.with("queue:seal-task-group:other/" + group).queue.SealTaskGroup(group)
	refused(t, err, 403, "InsufficientScopes")
	sealed, err := w.with("queue:seal-task-group:test/" + group).queue.SealTaskGroup(group)
	require.NoError(t, err)
	w.clock.advance(time.Minute)
	again, err := q.SealTaskGroup(group)
	require.NoError(t, err)
	assert.Equal(t, sealed, again)
	def, err := q.Task(a)
	require.NoError(t, err)
	_, err = q.CreateTask(a, &tcqueue.TaskDefinitionRequest{
		Created: def.Created, Deadline: def.Deadline, Expires: def.Expires, ProvisionerID: def.ProvisionerID, WorkerType: def.WorkerType,
		SchedulerID: def.SchedulerID, TaskGroupID: group, Payload: def.Payload, Metadata: def.Metadata, Priority: def.Priority, Retries: def.Retries,
	})
	refused(t, err, 409, "RequestConflict")
	_, err = q.RerunTask(b)
	require.NoError(t, err, "a sealed group lets tasks run again")
	w.finish(b, "failed")

	_, err = w.with().queue.CancelTaskGroup(group)
	refused(t, err, 403, "InsufficientScopes")
	gone, err := w.with("queue:cancel-task-group:test/" + group).queue.CancelTaskGroup(group)
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{a, c, d}, gone.TaskIds)
	assert.EqualValues(t, 3, gone.CancelledCount)
	assert.EqualValues(t, 4, gone.TaskGroupSize)
	assert.Equal(t, "failed", w.state(b))
	assert.Equal(t, []string{"scheduled exception canceled"}, w.runs(c))
}

func TestBatches(t *testing.T) {
	w := newWorld(t)
	var ids []string
	for range 5 {
		ids = append(ids, w.create())
	}
	q := w.as(nil).queue // everybody may
	tasks, err := q.Tasks("", "", &tcqueue.TaskDefinitionsResponse{TaskIds: append([]string{slugid.Nice()}, ids...)})
	require.NoError(t, err)
	require.Len(t, tasks.Tasks, 5, "unknown ones are left out")
	seen := map[string]bool{}
	token := ""
	for {
		page, err := q.Statuses(token, "2", &tcqueue.TaskDefinitionsResponse{TaskIds: ids})
		require.NoError(t, err)
		for _, s := range page.Statuses {
			seen[s.TaskID] = true
			assert.Equal(t, s.TaskID, s.Status.TaskID)
		}
		if token = page.ContinuationToken; token == "" {
			break
		}
	}
	assert.Len(t, seen, 5)
	_, err = q.Statuses("what", "2", &tcqueue.TaskDefinitionsResponse{TaskIds: ids})
	refused(t, err, 400, "InputError")
	_, err = q.Statuses("", "many", &tcqueue.TaskDefinitionsResponse{TaskIds: ids})
	refused(t, err, 400, "InvalidRequestArguments")

	strict := newWorld(t, func(o *Options) { o.Roles = map[string][]string{"anonymous": {}} })
	a, b := strict.create(), strict.create()
	_, err = strict.with("queue:status:"+a).queue.Statuses("", "", &tcqueue.TaskDefinitionsResponse{TaskIds: []string{a, b}})
	assert.Contains(t, refused(t, err, 403, "InsufficientScopes").Message, "queue:status:"+b)
	_, err = strict.with("queue:status:"+a, "queue:status:"+b).queue.Statuses("", "", &tcqueue.TaskDefinitionsResponse{TaskIds: []string{a, b}})
	require.NoError(t, err)
	_, err = strict.with("queue:status:"+a).queue.Tasks("", "", &tcqueue.TaskDefinitionsResponse{TaskIds: []string{a}})
	refused(t, err, 403, "InsufficientScopes")
}

func TestDependents(t *testing.T) {
	w := newWorld(t)
	a := w.create()
	var want []string
	for range 3 {
		want = append(want, w.create(func(d *tcqueue.TaskDefinitionRequest) { d.Dependencies = []string{a} }))
	}
	var got []string
	token := ""
	for {
		page, err := w.root().queue.ListDependentTasks(a, token, "2")
		require.NoError(t, err)
		for _, task := range page.Tasks {
			got = append(got, task.Status.TaskID)
		}
		if token = page.ContinuationToken; token == "" {
			break
		}
	}
	assert.ElementsMatch(t, want, got)
	_, err := w.root().queue.ListDependentTasks(slugid.Nice(), "", "")
	refused(t, err, 404, "ResourceNotFound")
}

func TestPriorityChanges(t *testing.T) {
	w := newWorld(t)
	root := w.RootCredentials()
	low, high := w.create(), w.create()
	call := func(path, body string) (int, string) {
		status, _, text := w.send("POST", "/api/queue/v1/"+path, "application/json", body, signed(root.ClientID, root.AccessToken, time.Now()))
		return status, text
	}
	status, text := call("task/"+high+"/priority", `{"newPriority": "highest"}`)
	require.Equal(t, 200, status, text)
	status, _ = call("task/"+high+"/priority", `{"newPriority": "urgent"}`)
	assert.Equal(t, 400, status)
	work, err := w.root().queue.ClaimWork("local/linux", &tcqueue.ClaimWorkRequest{WorkerGroup: "g", WorkerID: "w", Tasks: 5})
	require.NoError(t, err)
	require.Len(t, work.Tasks, 2)
	assert.Equal(t, high, work.Tasks[0].Status.TaskID)
	assert.Equal(t, "highest", work.Tasks[0].Task.Priority)
	assert.Equal(t, low, work.Tasks[1].Status.TaskID)
	third := w.create()
	status, text = call("task-group/"+group1+"/priority", `{"newPriority": "high"}`)
	require.Equal(t, 200, status, text)
	assert.Contains(t, text, third)
	def, err := w.root().queue.Task(third)
	require.NoError(t, err)
	assert.Equal(t, "high", def.Priority)
}

func TestDeadline(t *testing.T) {
	w := newWorld(t)
	dep := w.create(func(d *tcqueue.TaskDefinitionRequest) { d.Deadline = tcclient.Time(w.clock.now().Add(2 * time.Hour)) })
	unscheduled := w.create(func(d *tcqueue.TaskDefinitionRequest) { d.Dependencies = []string{dep} })
	pendingTask, runningTask, done := w.create(), w.create(), w.create()
	_, err := w.root().queue.ClaimTask(runningTask, "0", &tcqueue.TaskClaimRequest{WorkerGroup: "g", WorkerID: "w"})
	require.NoError(t, err)
	w.finish(done, "completed")
	after := w.create(func(d *tcqueue.TaskDefinitionRequest) {
		d.Dependencies, d.Requires, d.Deadline = []string{pendingTask}, "all-resolved", tcclient.Time(w.clock.now().Add(2*time.Hour))
	})
	for range 4 {
		w.clock.advance(14 * time.Minute)
		_, err := w.root().queue.ReclaimTask(runningTask, "0")
		require.NoError(t, err)
	}
	assert.Equal(t, "pending", w.state(pendingTask))
	w.clock.advance(4*time.Minute + time.Second)
	assert.Equal(t, []string{"exception exception deadline-exceeded"}, w.runs(unscheduled))
	assert.Equal(t, []string{"scheduled exception deadline-exceeded"}, w.runs(pendingTask))
	assert.Equal(t, []string{"scheduled exception deadline-exceeded"}, w.runs(runningTask))
	assert.Equal(t, []string{"scheduled completed completed"}, w.runs(done))
	assert.Equal(t, "pending", w.state(after))
	_, err = w.root().queue.ReclaimTask(runningTask, "0")
	refused(t, err, 409, "RequestConflict")
	_, err = w.root().queue.ReportCompleted(runningTask, "0")
	refused(t, err, 409, "RequestConflict")
}

func TestClaims(t *testing.T) {
	w := newWorld(t)
	q := w.root().queue
	// The highest priority first, then the oldest.
	var order []string
	for i, p := range []string{"low", "highest", "low", "medium", "highest"} {
		w.clock.advance(time.Duration(i) * time.Millisecond)
		order = append(order, w.create(func(d *tcqueue.TaskDefinitionRequest) { d.Priority = p }))
	}
	w.create(func(d *tcqueue.TaskDefinitionRequest) { d.WorkerType = "other" })
	count, err := w.as(nil).queue.PendingTasks("local/linux")
	require.NoError(t, err)
	assert.EqualValues(t, 5, count.PendingTasks)
	want := []string{order[1], order[4], order[3], order[0], order[2]}
	var got []string
	for _, n := range []int64{2, 32} {
		work, err := q.ClaimWork("local/linux", &tcqueue.ClaimWorkRequest{WorkerGroup: "g", WorkerID: "w", Tasks: n})
		require.NoError(t, err)
		for _, c := range work.Tasks {
			got = append(got, c.Status.TaskID)
			assert.Equal(t, "running", c.Status.State)
			assert.Equal(t, newStamp(w.clock.now()).Add(20*time.Minute).UnixMilli(), time.Time(c.TakenUntil).UnixMilli())
			assert.Equal(t, "task-client/"+c.Status.TaskID+"/0/on/g/w/until/"+strconv.FormatInt(time.Time(c.TakenUntil).Unix(), 10), c.Credentials.ClientID)
		}
	}
	assert.Equal(t, want, got)
	counts, err := w.as(nil).queue.TaskQueueCounts("local/linux")
	require.NoError(t, err)
	assert.EqualValues(t, 0, counts.PendingTasks)
	assert.EqualValues(t, 5, counts.ClaimedTasks)
	claimed, err := q.ListClaimedTasks("local/linux", "", "3")
	require.NoError(t, err)
	assert.Len(t, claimed.Tasks, 3)
	assert.NotEmpty(t, claimed.ContinuationToken)
	queues, err := q.ListTaskQueues("", "")
	require.NoError(t, err)
	require.Len(t, queues.TaskQueues, 1)
	assert.Equal(t, "local/linux", queues.TaskQueues[0].TaskQueueID)

	_, err = q.ClaimTask(want[0], "0", &tcqueue.TaskClaimRequest{WorkerGroup: "g", WorkerID: "w"})
	refused(t, err, 409, "RequestConflict") // claimWork gave it out
	_, err = q.ClaimTask(want[0], "1", &tcqueue.TaskClaimRequest{WorkerGroup: "g", WorkerID: "w"})
	refused(t, err, 404, "ResourceNotFound")
	one := w.create()
	_, err = q.ClaimTask(one, "0", &tcqueue.TaskClaimRequest{WorkerGroup: "g", WorkerID: "w"})
	require.NoError(t, err)
	_, err = q.ClaimTask(one, "0", &tcqueue.TaskClaimRequest{WorkerGroup: "g", WorkerID: "w"})
	require.NoError(t, err, "asked twice")
	_, err = q.ClaimTask(one, "0", &tcqueue.TaskClaimRequest{WorkerGroup: "g", WorkerID: "w2"})
	refused(t, err, 409, "RequestConflict")
	_, err = w.with("queue:claim-work:local/linux", "queue:worker-id:g/other").queue.ClaimWork("local/linux", &tcqueue.ClaimWorkRequest{WorkerGroup: "g", WorkerID: "w", Tasks: 1})
	refused(t, err, 403, "InsufficientScopes")
	_, err = q.ClaimWork("local/linux", &tcqueue.ClaimWorkRequest{WorkerGroup: "g", WorkerID: "w", Tasks: 33})
	refused(t, err, 400, "InputValidationError")
}

// A worker that falls silent loses its run, as often as the task has retries.
func TestClaimsExpire(t *testing.T) {
	w := newWorld(t)
	q := w.root().queue
	id := w.create(func(d *tcqueue.TaskDefinitionRequest) {
		d.Retries, d.Deadline = 1, tcclient.Time(w.clock.now().Add(3*time.Hour))
	})
	claim := func() *tcclient.Credentials {
		work, err := q.ClaimWork("local/linux", &tcqueue.ClaimWorkRequest{WorkerGroup: "g", WorkerID: "w", Tasks: 1})
		require.NoError(t, err)
		require.Len(t, work.Tasks, 1)
		return credentialsOf(work.Tasks[0].Credentials)
	}
	first := claim()
	w.clock.advance(15 * time.Minute)
	re, err := w.as(first).queue.ReclaimTask(id, "0")
	require.NoError(t, err)
	w.clock.advance(15 * time.Minute)
	assert.Equal(t, "running", w.state(id))
	_, err = w.as(first).queue.ReclaimTask(id, "0")
	refused(t, err, 401, "AuthenticationFailed") // the first credentials are over
	_, err = w.as(credentialsOf(re.Credentials)).queue.ReclaimTask(id, "0")
	require.NoError(t, err)
	w.clock.advance(20*time.Minute - time.Second)
	assert.Equal(t, "running", w.state(id))
	w.clock.advance(2 * time.Second)
	assert.Equal(t, []string{"scheduled exception claim-expired", "retry pending "}, w.runs(id))
	_, err = q.ReportCompleted(id, "0")
	refused(t, err, 409, "RequestConflict")
	_ = claim()
	w.clock.advance(9 * time.Minute)
	assert.Equal(t, []string{"scheduled exception claim-expired", "retry running "}, w.runs(id))
	w.clock.advance(12 * time.Minute)
	assert.Equal(t, []string{"scheduled exception claim-expired", "retry exception claim-expired"}, w.runs(id), "no retry is left")
}

func TestReports(t *testing.T) {
	for reason, want := range map[string][]string{
		"worker-shutdown":      {"scheduled exception worker-shutdown", "retry pending "},
		"intermittent-task":    {"scheduled exception intermittent-task", "task-retry pending "},
		"malformed-payload":    {"scheduled exception malformed-payload"},
		"resource-unavailable": {"scheduled exception resource-unavailable"},
		"internal-error":       {"scheduled exception internal-error"},
	} {
		w := newWorld(t)
		id := w.create()
		w.finish(id, reason)
		assert.Equal(t, want, w.runs(id))
		_, err := w.root().queue.ReportException(id, "0", &tcqueue.TaskExceptionRequest{Reason: reason})
		require.NoError(t, err, "said twice")
		_, err = w.root().queue.ReportCompleted(id, "0")
		refused(t, err, 409, "RequestConflict")
	}
	w := newWorld(t)
	q := w.root().queue
	id := w.create()
	_, err := q.ReportCompleted(id, "0")
	refused(t, err, 409, "RequestConflict") // it is pending
	w.finish(id, "completed")
	_, err = q.ReportCompleted(id, "0")
	require.NoError(t, err)
	_, err = q.ReportFailed(id, "0")
	refused(t, err, 409, "RequestConflict")
	_, err = q.ReportCompleted(id, "1")
	refused(t, err, 404, "ResourceNotFound")
	_, err = w.with("queue:resolve-task:"+id+"/1").queue.ReportCompleted(id, "0")
	refused(t, err, 403, "InsufficientScopes")
	_, err = q.ReportException(id, "0", &tcqueue.TaskExceptionRequest{Reason: "claim-expired"})
	refused(t, err, 400, "InputValidationError")
}

// Who asks for work is told as soon as there is some.
func TestClaimWorkWaits(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.ClaimWait = 10 * time.Second })
	got := make(chan string)
	go func() {
		work, err := w.root().queue.ClaimWork("local/linux", &tcqueue.ClaimWorkRequest{WorkerGroup: "g", WorkerID: "w", Tasks: 1})
		if err != nil || len(work.Tasks) != 1 {
			got <- "nothing"
			return
		}
		got <- work.Tasks[0].Status.TaskID
	}()
	time.Sleep(50 * time.Millisecond)
	start := time.Now()
	id := w.create()
	assert.Equal(t, id, <-got)
	assert.Less(t, time.Since(start), 5*time.Second)
}

// Built-in workers resolve their tasks at once, chains of them too.
func TestBuiltInWorkers(t *testing.T) {
	w := newWorld(t)
	on := func(worker string, dependencies ...string) edit {
		return func(d *tcqueue.TaskDefinitionRequest) {
			d.ProvisionerID, d.WorkerType, d.Payload, d.Dependencies = "built-in", worker, []byte(`{}`), dependencies
		}
	}
	first := w.create(on("succeed"))
	last := first
	for range 50 {
		last = w.create(on("succeed", last))
	}
	bad := w.create(on("fail", last))
	wrong := w.create(on("succeed"), func(d *tcqueue.TaskDefinitionRequest) { d.Payload = []byte(`{"a": 1}`) })
	assert.Equal(t, []string{"scheduled completed completed"}, w.runs(first))
	assert.Equal(t, "completed", w.state(last))
	assert.Equal(t, []string{"scheduled failed failed"}, w.runs(bad))
	assert.Equal(t, []string{"scheduled exception malformed-payload"}, w.runs(wrong))
}

package local

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/taskcluster/slugid-go/slugid"
	tcclient "github.com/taskcluster/taskcluster/v87/clients/client-go"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcqueue"
)

type edit = func(*tcqueue.TaskDefinitionRequest)

func TestCreateTaskIsIdempotent(t *testing.T) {
	w := newWorld(t)
	q, id := w.root().queue, slugid.Nice()
	dep := w.create()
	def := func() *tcqueue.TaskDefinitionRequest {
		return w.task(func(d *tcqueue.TaskDefinitionRequest) {
			d.Routes, d.Scopes, d.Dependencies = []string{"a", "b"}, []string{"x", "y"}, []string{dep}
			d.Payload, d.Extra = json.RawMessage(`{"b": 1, "a": [1.0, 2]}`), json.RawMessage(`{}`)
		})
	}
	first, err := q.CreateTask(id, def())
	require.NoError(t, err)
	again, err := q.CreateTask(id, def())
	require.NoError(t, err)
	assert.Equal(t, first, again)
	w.clock.advance(10 * time.Minute)
	same := def()
	same.Created, same.Deadline, same.Expires = tcclient.Time(w.clock.now().Add(-10*time.Minute)), tcclient.Time(w.clock.now().Add(50*time.Minute)), tcclient.Time(w.clock.now().Add(48*time.Hour-10*time.Minute))
	same.Payload = json.RawMessage(`{"a": [1, 2.0], "b": 1}`) // keys have no order, 1 and 1.0 are the same
	_, err = q.CreateTask(id, same)
	require.NoError(t, err)
	for name, change := range map[string]edit{
		"payload":           func(d *tcqueue.TaskDefinitionRequest) { d.Payload = json.RawMessage(`{"b": 1, "a": [2, 1]}`) },
		"priority":          func(d *tcqueue.TaskDefinitionRequest) { d.Priority = "low" },
		"order of routes":   func(d *tcqueue.TaskDefinitionRequest) { d.Routes = []string{"b", "a"} },
		"order of scopes":   func(d *tcqueue.TaskDefinitionRequest) { d.Scopes = []string{"y", "x"} },
		"created":           func(d *tcqueue.TaskDefinitionRequest) { d.Created = tcclient.Time(w.clock.now()) },
		"description":       func(d *tcqueue.TaskDefinitionRequest) { d.Metadata.Description = "other" },
		"no dependency":     func(d *tcqueue.TaskDefinitionRequest) { d.Dependencies = nil },
		"other worker type": func(d *tcqueue.TaskDefinitionRequest) { d.WorkerType = "windows" },
	} {
		t.Run(name, func(t *testing.T) {
			other := *same
			change(&other)
			_, err := q.CreateTask(id, &other)
			refused(t, err, 409, "RequestConflict")
		})
	}
	// Repeating is refused as well when the times have left their bounds.
	w.clock.advance(10 * time.Minute)
	_, err = q.CreateTask(id, same)
	refused(t, err, 400, "InputError")
}

func TestCreateTaskDefaults(t *testing.T) {
	w := newWorld(t)
	id := slugid.Nice()
	now := newStamp(w.clock.now())
	body := string(mustJSON(object{
		"taskQueueId": "prov/work-1", "created": now.String(), "deadline": newStamp(now.Add(time.Hour)).String(),
		"payload": object{}, "metadata": object{"name": "n", "description": "d", "owner": "o", "source": "https://x"},
	}))
	root := w.RootCredentials()
	status, _, reply := w.send("PUT", "/api/queue/v1/task/"+id, "application/json", body, signed(root.ClientID, root.AccessToken, w.clock.now()))
	require.Equal(t, 200, status, reply)
	def, err := w.root().queue.Task(id)
	require.NoError(t, err)
	assert.Equal(t, "prov", def.ProvisionerID)
	assert.Equal(t, "work-1", def.WorkerType)
	assert.Equal(t, "prov/work-1", def.TaskQueueID)
	assert.Equal(t, "-", def.SchedulerID)
	assert.Equal(t, "none", def.ProjectID)
	assert.Equal(t, id, def.TaskGroupID)
	assert.Equal(t, "all-completed", def.Requires)
	assert.Equal(t, "lowest", def.Priority)
	assert.EqualValues(t, 5, def.Retries)
	assert.Equal(t, now.Add(time.Hour).AddDate(1, 0, 0).UnixMilli(), time.Time(def.Expires).UnixMilli())
	assert.JSONEq(t, "{}", string(def.Extra))
}

func TestCreateTaskChecks(t *testing.T) {
	w := newWorld(t)
	dep := w.create()
	short := w.create(func(d *tcqueue.TaskDefinitionRequest) {
		d.Deadline, d.Expires = tcclient.Time(w.clock.now().Add(time.Minute)), tcclient.Time(w.clock.now().Add(2*time.Minute))
	})
	sealed := slugid.Nice()
	w.create(func(d *tcqueue.TaskDefinitionRequest) { d.TaskGroupID = sealed })
	_, err := w.root().queue.SealTaskGroup(sealed)
	require.NoError(t, err)
	now := w.clock.now()
	at := func(d time.Duration) tcclient.Time { return tcclient.Time(now.Add(d)) }
	many := func(n int, prefix string) (list []string) {
		for i := range n {
			list = append(list, fmt.Sprintf("%s%d", prefix, i))
		}
		return list
	}
	ids := make([]string, 10_001)
	for i := range ids {
		ids[i] = slugid.Nice()
	}
	for _, c := range []struct {
		name   string
		edit   edit
		status int
		code   string
		says   string
	}{
		{"too early", func(d *tcqueue.TaskDefinitionRequest) { d.Created = at(-16 * time.Minute) }, 400, "InputError", "15 minutes ago"},
		{"too late", func(d *tcqueue.TaskDefinitionRequest) { d.Created = at(16 * time.Minute) }, 400, "InputError", "15 minutes ahead"},
		{"deadline before created", func(d *tcqueue.TaskDefinitionRequest) { d.Created, d.Deadline = at(5*time.Minute), at(4*time.Minute) }, 400, "InputError", "is before created"},
		{"deadline in the past", func(d *tcqueue.TaskDefinitionRequest) { d.Created, d.Deadline = at(-5*time.Minute), at(-time.Minute) }, 400, "InputError", "is past"},
		{"deadline too far", func(d *tcqueue.TaskDefinitionRequest) {
			d.Deadline, d.Expires = at(5*24*time.Hour+16*time.Minute), at(20*24*time.Hour)
		}, 400, "InputError", "more than 5 days"},
		{"deadline just near enough", func(d *tcqueue.TaskDefinitionRequest) {
			d.Deadline, d.Expires = at(5*24*time.Hour+14*time.Minute), at(20*24*time.Hour)
		}, 200, "", ""},
		{"expires before deadline", func(d *tcqueue.TaskDefinitionRequest) { d.Expires = at(30 * time.Minute) }, 400, "InputError", "is before deadline"},
		{"two stars", func(d *tcqueue.TaskDefinitionRequest) { d.Scopes = []string{"a**"} }, 400, "InputError", "**"},
		{"a scope with a newline", func(d *tcqueue.TaskDefinitionRequest) { d.Scopes = []string{"a\n"} }, 400, "InputValidationError", "scopes.0"},
		{"a missing dependency", func(d *tcqueue.TaskDefinitionRequest) { d.Dependencies = []string{dep, ids[0]} }, 400, "InputError", "do not exist:\n * " + ids[0]},
		{"an expiring dependency", func(d *tcqueue.TaskDefinitionRequest) { d.Dependencies = []string{dep, short} }, 400, "InputError", "expire before the deadline:\n * " + short},
		{"the same dependency twice", func(d *tcqueue.TaskDefinitionRequest) { d.Dependencies = []string{dep, dep} }, 400, "InputValidationError", "equal"},
		{"10,001 dependencies", func(d *tcqueue.TaskDefinitionRequest) { d.Dependencies = ids }, 400, "InputValidationError", "dependencies"},
		{"10,000 dependencies", func(d *tcqueue.TaskDefinitionRequest) { d.Dependencies = ids[:10_000] }, 400, "InputError", "do not exist"},
		{"another scheduler in the group", func(d *tcqueue.TaskDefinitionRequest) { d.SchedulerID = "other" }, 409, "RequestConflict", "schedulerId"},
		{"a sealed group", func(d *tcqueue.TaskDefinitionRequest) { d.TaskGroupID = sealed }, 409, "RequestConflict", "sealed"},
		{"no queue", func(d *tcqueue.TaskDefinitionRequest) { d.ProvisionerID, d.WorkerType = "", "" }, 400, "InputError", "taskQueueId"},
		{"queues that disagree", func(d *tcqueue.TaskDefinitionRequest) { d.TaskQueueID = "local/windows" }, 400, "InputError", "but provisionerId"},
		{"queues that agree", func(d *tcqueue.TaskDefinitionRequest) { d.TaskQueueID = "local/linux" }, 200, "", ""},
		{"a bad worker type", func(d *tcqueue.TaskDefinitionRequest) { d.WorkerType = "Linux" }, 400, "InputValidationError", "workerType"},
		{"65 routes", func(d *tcqueue.TaskDefinitionRequest) { d.Routes = many(65, "r") }, 400, "InputValidationError", "routes"},
		{"64 routes", func(d *tcqueue.TaskDefinitionRequest) { d.Routes = many(64, "r") }, 200, "", ""},
		{"a route of 250", func(d *tcqueue.TaskDefinitionRequest) { d.Routes = []string{strings.Repeat("x", 250)} }, 400, "InputValidationError", "routes.0"},
		{"50 retries", func(d *tcqueue.TaskDefinitionRequest) { d.Retries = 50 }, 400, "InputValidationError", "retries"},
		{"49 retries", func(d *tcqueue.TaskDefinitionRequest) { d.Retries = 49 }, 200, "", ""},
		{"a long tag", func(d *tcqueue.TaskDefinitionRequest) { d.Tags = map[string]string{"a": strings.Repeat("x", 4097)} }, 400, "InputValidationError", "tags.a"},
		{"a source that is no URL", func(d *tcqueue.TaskDefinitionRequest) { d.Metadata.Source = "here" }, 400, "InputValidationError", "metadata.source"},
		{"a long owner", func(d *tcqueue.TaskDefinitionRequest) { d.Metadata.Owner = strings.Repeat("x", 256) }, 400, "InputValidationError", "metadata.owner"},
		{"an unknown priority", func(d *tcqueue.TaskDefinitionRequest) { d.Priority = "urgent" }, 400, "InputValidationError", "priority"},
		{"a scheduler of 39", func(d *tcqueue.TaskDefinitionRequest) { d.SchedulerID = strings.Repeat("x", 39) }, 400, "InputValidationError", "schedulerId"},
		{"itself", func(d *tcqueue.TaskDefinitionRequest) { d.Dependencies = []string{"self"} }, 200, "", ""},
		{"a payload that is a list", func(d *tcqueue.TaskDefinitionRequest) { d.Payload = json.RawMessage("[]") }, 400, "InputValidationError", "payload"},
	} {
		t.Run(c.name, func(t *testing.T) {
			id := slugid.Nice()
			def := w.task(c.edit)
			if len(def.Dependencies) == 1 && def.Dependencies[0] == "self" {
				def.Dependencies = []string{id}
			}
			_, err := w.root().queue.CreateTask(id, def)
			if c.status == 200 {
				require.NoError(t, err)
				return
			}
			body := refused(t, err, c.status, c.code)
			assert.Contains(t, body.Message, c.says)
			assert.Equal(t, "createTask", body.RequestInfo.Method)
			assert.Equal(t, map[string]string{"taskId": id}, body.RequestInfo.Params)
			assert.NotEmpty(t, body.RequestInfo.Time)
			assert.Contains(t, body.Message, fmt.Sprintf("* errorCode:  %s\n* statusCode: %d\n", c.code, c.status))
			_, err = w.root().queue.Status(id)
			refused(t, err, 404, "ResourceNotFound")
		})
	}
}

// Each scope that createTask needs, taken away.
func TestCreateTaskScopes(t *testing.T) {
	w := newWorld(t)
	def := func() *tcqueue.TaskDefinitionRequest {
		return w.task(func(d *tcqueue.TaskDefinitionRequest) {
			d.Scopes, d.Routes, d.ProjectID, d.Priority = []string{"secrets:get:x", "assume:y"}, []string{"index.a.b"}, "proj", "medium"
		})
	}
	need := []string{"secrets:get:x", "assume:y", "queue:route:index.a.b", "queue:create-task:project:proj", "queue:scheduler-id:test", "queue:create-task:medium:local/linux"}
	_, err := w.with(need...).queue.CreateTask(slugid.Nice(), def())
	require.NoError(t, err)
	for _, higher := range []string{"high", "very-high", "highest"} {
		scopes := append([]string{"queue:create-task:" + higher + ":local/linux"}, need[:5]...)
		_, err := w.with(scopes...).queue.CreateTask(slugid.Nice(), def())
		require.NoError(t, err, higher)
	}
	for i, scope := range need {
		have := append(append([]string{}, need[:i]...), need[i+1:]...)
		_, err := w.with(have...).queue.CreateTask(slugid.Nice(), def())
		body := refused(t, err, 403, "InsufficientScopes")
		assert.Contains(t, body.Message, "client "+RootClient+" is missing the following scopes")
		missing, _, _ := strings.Cut(body.Message, "The call needs")
		assert.Contains(t, missing, scope)
		for _, other := range have {
			assert.NotContains(t, missing, `"`+other+`"`)
		}
		assert.NotNil(t, body.RequestInfo.Payload)
	}
	_, err = w.with(append([]string{"queue:create-task:low:local/linux"}, need[:5]...)...).queue.CreateTask(slugid.Nice(), def())
	refused(t, err, 403, "InsufficientScopes")
	_, err = w.as(nil).queue.CreateTask(slugid.Nice(), def())
	body := refused(t, err, 403, "InsufficientScopes")
	assert.Contains(t, body.Message, "credentials are needed that satisfy")
	// By default a task is of the project none.
	_, err = w.with("queue:scheduler-id:test", "queue:create-task:lowest:local/linux").queue.CreateTask(slugid.Nice(), w.task())
	assert.Contains(t, refused(t, err, 403, "InsufficientScopes").Message, "queue:create-task:project:none")
	// Scopes come before times, and the schema before scopes.
	_, err = w.with().queue.CreateTask(slugid.Nice(), w.task(func(d *tcqueue.TaskDefinitionRequest) { d.Created = tcclient.Time(time.Unix(0, 0)) }))
	refused(t, err, 403, "InsufficientScopes")
	_, err = w.with().queue.CreateTask(slugid.Nice(), w.task(func(d *tcqueue.TaskDefinitionRequest) { d.Priority = "urgent" }))
	refused(t, err, 400, "InputValidationError")
}

func TestDependencies(t *testing.T) {
	for _, c := range []struct {
		requires, end, want string
	}{
		{"all-completed", "completed", "pending"}, {"all-completed", "failed", "unscheduled"}, {"all-completed", "exception", "unscheduled"},
		{"all-completed", "canceled", "unscheduled"}, {"all-resolved", "completed", "pending"}, {"all-resolved", "failed", "pending"},
		{"all-resolved", "exception", "pending"}, {"all-resolved", "canceled", "pending"},
	} {
		t.Run(c.requires+" "+c.end, func(t *testing.T) {
			w := newWorld(t)
			a, b := w.create(), w.create()
			before := w.create(func(d *tcqueue.TaskDefinitionRequest) { d.Dependencies, d.Requires = []string{a, b}, c.requires })
			w.finish(a, "completed")
			assert.Equal(t, "unscheduled", w.state(before))
			w.finish(b, c.end)
			assert.Equal(t, c.want, w.state(before))
			after := w.create(func(d *tcqueue.TaskDefinitionRequest) { d.Dependencies, d.Requires = []string{a, b}, c.requires })
			assert.Equal(t, c.want, w.state(after), "made when the dependencies had ended")
		})
	}
}

// Who waits for a task that was done once does not wait for its second run, but who comes later does.
func TestDependenciesOfReruns(t *testing.T) {
	dir := t.TempDir()
	clock := newFakeClock()
	open := func() *world { return newWorld(t, func(o *Options) { o.State, o.Clock = dir, clock.now }) }
	s, err := New(Options{State: dir, Clock: clock.now, ClaimWait: -1})
	require.NoError(t, err)
	w := &world{Server: s, t: t, clock: clock}
	w.listen()
	a, b := w.create(), w.create()
	early := w.create(func(d *tcqueue.TaskDefinitionRequest) { d.Dependencies = []string{a, b} })
	clock.advance(time.Second)
	w.finish(a, "completed")
	clock.advance(time.Second)
	_, err = w.root().queue.RerunTask(a)
	require.NoError(t, err)
	clock.advance(time.Second)
	late := w.create(func(d *tcqueue.TaskDefinitionRequest) { d.Dependencies = []string{a, b} })
	w.stop()
	require.NoError(t, s.Close())

	w = open() // what is open is found out from the runs
	clock.advance(time.Second)
	w.finish(b, "completed")
	assert.Equal(t, "pending", w.state(early))
	assert.Equal(t, "unscheduled", w.state(late))
	w.finish(a, "completed")
	assert.Equal(t, "pending", w.state(late))
}

func TestSelfDependency(t *testing.T) {
	w := newWorld(t)
	id := slugid.Nice()
	_, err := w.root().queue.CreateTask(id, w.task(func(d *tcqueue.TaskDefinitionRequest) { d.Dependencies = []string{id} }))
	require.NoError(t, err)
	assert.Equal(t, "unscheduled", w.state(id))
	_, err = w.root().queue.ScheduleTask(id)
	require.NoError(t, err)
	assert.Equal(t, "pending", w.state(id))
}

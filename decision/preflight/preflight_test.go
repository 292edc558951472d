package preflight

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
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

var (
	group = definition.Group{DecisionTaskID: decisionID, SchedulerID: "app-level-1"}
	noon  = time.Date(2026, 5, 6, 12, 0, 0, 0, time.UTC)
)

// enough are scopes for all that the tasks of this file need.
var enough = []string{"queue:route:index.app.*", "queue:route:checks", "queue:create-task:project:none", "queue:scheduler-id:app-level-1",
	"queue:create-task:low:prov/*", "docker-worker:cache:app-*"}

// relative gives a time that lies some time after the creation of the task.
func relative(s string) *value.Map { return value.MapOf("relative-datestamp", s) }

// task makes a task without a mistake, and then changes its definition.
func task(label string, change ...func(def *value.Map)) *taskgraph.Task {
	def := value.MapOf("provisionerId", "prov", "workerType", "misc", "created", relative("0 seconds"), "deadline", relative("1 day"), "expires", relative("28 days"),
		"dependencies", value.NewList(), "priority", "low", "scopes", value.NewStrings("docker-worker:cache:app-checkouts"), "routes", value.NewStrings("index.app.v2."+label, "checks"),
		"metadata", value.MapOf("name", label, "description", "x", "owner", "a@b.c", "source", "https://example.com/x"),
		"tags", value.MapOf("worker-implementation", "docker-worker", "os", "linux"),
		"payload", value.MapOf("image", "x", "maxRunTime", 60, "cache", value.MapOf("app-checkouts", "/c"),
			"artifacts", value.MapOf("public/x", value.MapOf("type", "file", "path", "/x", "expires", relative("28 days")))),
		"extra", value.NewMap(0))
	for _, f := range change {
		f(def)
	}
	def.Freeze()
	return &taskgraph.Task{Kind: "test", Label: label, TaskID: taskgraph.TaskID(decisionID, label), Attributes: value.NewMap(0), Dependencies: value.NewMap(0), Task: def}
}

func set(key string, v any) func(*value.Map) {
	return func(def *value.Map) { def.Set(key, value.Of(v)) }
}

func setPayload(key string, v any) func(*value.Map) {
	return func(def *value.Map) { def.EditMap("payload").Set(key, value.Of(v)) }
}

func remove(key string) func(*value.Map) { return func(def *value.Map) { def.Delete(key) } }

// fakeAuth is an auth service that knows one role.
type fakeAuth struct {
	scopes   []string
	err      error
	expanded int
}

func (a *fakeAuth) CurrentScopes(context.Context) ([]string, error) { return a.scopes, a.err }
func (a *fakeAuth) ExpandScopes(_ context.Context, scopes []string) ([]string, error) {
	a.expanded++
	if slices.Contains(scopes, "assume:role") {
		scopes = append(slices.Clone(scopes), "docker-worker:cache:app-checkouts")
	}
	return scopes, a.err
}

func run(t *testing.T, tasks []*taskgraph.Task, change ...func(*Options)) error {
	t.Helper()
	o := Options{Graph: taskgraph.NewTaskGraph(tasks, false), Group: group, Scopes: &fakeAuth{scopes: enough}, Clock: func() time.Time { return noon }}
	for _, f := range change {
		f(&o)
	}
	return Run(t.Context(), o)
}

func TestNothingWrong(t *testing.T) {
	require.NoError(t, run(t, nil))
	var tasks []*taskgraph.Task
	for i := range 2000 {
		tasks = append(tasks, task(fmt.Sprintf("t%d", i)))
	}
	require.NoError(t, run(t, tasks))
}

// TestEverythingAtOnce has one mistake of each kind that must be found.
func TestEverythingAtOnce(t *testing.T) {
	many := value.NewList()
	many.AppendStrings(taskgraph.TaskID(decisionID, "good"))
	for i := range 10_000 {
		many.AppendStrings(taskgraph.TaskID(decisionID, fmt.Sprint(i)))
	}
	err := run(t, []*taskgraph.Task{
		task("scope", set("scopes", value.NewStrings("docker-worker:cache:app-checkouts", "secrets:get:x"))),
		task("route", set("routes", value.NewStrings("index.other.v2.x"))),
		task("cache", setPayload("cache", value.MapOf("app-other", "/x"))),
		task("priority", set("priority", "high")),
		task("pool", set("provisionerId", "elsewhere")),
		task("payload", setPayload("maxRunTime", "1h")),
		task("deadline", set("deadline", relative("6 days"))),
		task("namespace", set("routes", value.NewStrings("index.app.v2..x"))),
		task("dependencies", set("dependencies", many)),
		task("good"),
	}, func(o *Options) {
		o.Scopes = &fakeAuth{scopes: slices.DeleteFunc(slices.Clone(enough), func(s string) bool { return strings.HasPrefix(s, "queue:scheduler-id:") })}
	})
	var got []string
	for _, d := range diag.Flatten(err) {
		got = append(got, d.Error())
	}
	assert.ElementsMatch(t, []string{
		`deadline: deadline: the deadline 2026-05-12T12:00:00.000Z is more than 5 days ahead (TG6104)`,
		`dependencies: dependencies: has 10001 dependencies, the queue takes 10000 (TG6103)`,
		`scopes: the payload needs the scope "docker-worker:cache:app-other", which is not among the task's own: cache (TG6106)`,
		`the scope "queue:create-task:high:prov/misc" is missing, which is needed for the worker pool and priority: priority (TG6106)`,
		`the scope "queue:create-task:low:elsewhere/misc" is missing, which is needed for the worker pool and priority: pool (TG6106)`,
		`the scope "queue:route:index.other.v2.x" is missing, which is needed for the route: route (TG6106)`,
		`the scope "queue:scheduler-id:app-level-1" is missing, which is needed for the scheduler of the group: scope, route, cache, priority, pool and 5 more (TG6106)`,
		`the scope "secrets:get:x" is missing, which tasks are given: scope (TG6106)`,
		`namespace: routes: the route "index.app.v2..x" leads to no index path (TG6105)`,
		`payload: payload.maxRunTime: want integer, got "1h" (TG6102)`,
	}, got)
	assert.Equal(t, diag.ExitSubmission, diag.ExitCode(err))
}

var long = strings.Repeat("x", 300)

// problems are changes of a definition, and what is said about each.
var problems = []struct {
	name   string
	change func(*value.Map)
	want   string // "" for none
}{
	{"name", func(d *value.Map) { d.EditMap("metadata").Set("name", value.NewString(long)) }, "metadata.name: want at most 255 characters"},
	{"source", func(d *value.Map) { d.EditMap("metadata").Set("source", value.NewString("ftp://x")) }, "metadata.source: "},
	{"owner", func(d *value.Map) { d.EditMap("metadata").Delete("owner") }, `metadata: missing field "owner"`},
	{"field", set("taskId", "x"), `unknown field "taskId"`},
	{"tag", func(d *value.Map) { d.EditMap("tags").Set("a", value.NewInt(1)) }, "tags.a: want string, got 1"},
	{"priority", set("priority", "urgent"), `priority: `},
	{"retries", set("retries", 50), "retries: "},
	{"no retries", set("retries", 0), ""},
	{"worker type", set("workerType", "Misc"), "workerType: "},
	{"no pool", remove("workerType"), "nothing says what runs the task"},
	{"pool twice", set("taskQueueId", "prov/misc"), ""},
	{"pools", set("taskQueueId", "prov/other"), `taskQueueId: taskQueueId "prov/other" contradicts`},
	{"pool alone", func(d *value.Map) {
		d.Delete("workerType")
		d.Delete("provisionerId")
		d.Set("taskQueueId", value.NewString("prov/misc"))
	}, ""},
	{"route", set("routes", value.NewStrings("checks", long)), "routes[1]: want at most 249 characters"},
	{"routes", func(d *value.Map) {
		for i := range 64 {
			d.EditList("routes").AppendStrings(fmt.Sprintf("index.app.x%d", i))
		}
	}, "routes: want at most 64 items, got 66"},
	{"same route", set("routes", value.NewStrings("checks", "checks")), "routes: "},
	{"dependency", set("dependencies", value.NewStrings("build")), "dependencies[0]: "},
	{"same dependency", set("dependencies", value.NewStrings(decisionID, decisionID)), "dependencies: "},
	{"stars", set("scopes", value.NewStrings("docker-worker:cache:app-**")), `scopes: the scope "docker-worker:cache:app-**" ends in more than one *`},
	{"scope", set("scopes", value.NewStrings("docker-worker:cache:app-checkouts", "ä")), "scopes[1]: "},
	{"five days", set("deadline", relative("5 days")), ""},
	{"deadline", set("deadline", "2026-05-06T11:00:00.000Z"), "deadline: the deadline 2026-05-06T11:00:00.000Z is before the creation"},
	{"no time", set("deadline", "tomorrow"), "deadline: "},
	{"unit", set("deadline", relative("1 fortnight")), `deadline: unknown unit "fortnight"`},
	{"created", set("created", "2026-05-06T11:00:00.000Z"), "created: was created at 2026-05-06T11:00:00.000Z, but now is 2026-05-06T12:00:00.000Z"},
	{"expires", set("expires", relative("1 hour")), "expires: expires at 2026-05-06T13:00:00.000Z, before its deadline"},
	{"no expires", func(d *value.Map) { d.Delete("expires") }, ""},
	{"artifact", func(d *value.Map) {
		d.EditMap("payload").EditMap("artifacts").EditMap("public/x").Set("expires", relative("29 days").Value())
	}, `payload.artifacts: the artifact "public/x" expires at 2026-06-04T12:00:00.000Z, after its task`},
	{"payload", setPayload("maxRuntime", 1), `payload: unknown field "maxRuntime"`},
	{"no image", func(d *value.Map) { d.EditMap("payload").Delete("image") }, `payload: missing field "image"`},
	{"image", setPayload("image", value.MapOf("type", "task-image", "taskId", "x")), `payload.image: missing field "path"`},
	{"time in env", setPayload("env", value.MapOf("BUILD_DATE", relative("0 seconds"))), ""},
	{"env", setPayload("env", value.MapOf("A", 1)), "payload.env.A: want string, got 1"},
	{"no payload", remove("payload"), `missing field "payload"`},
	{"payload list", set("payload", value.NewList()), "payload: want map, got a list"},
	{"unknown worker", func(d *value.Map) {
		d.Set("tags", value.NewMap(0).Value())
		d.Set("payload", value.MapOf("anything", "goes").Value())
	}, ""},
	{"built-in", func(d *value.Map) {
		d.Set("provisionerId", value.NewString("built-in"))
		d.Set("workerType", value.NewString("succeed"))
	}, "payload: the payload of a task on built-in/succeed must be empty"},
	{"size", func(d *value.Map) { d.EditMap("extra").Set("big", value.NewString(strings.Repeat("y", 11<<20))) }, "the definition has 11535035 bytes, the queue takes 10485760"},
	{"NaN", func(d *value.Map) { d.EditMap("extra").Set("t", value.NewTime(noon)) }, "extra.t: "},
	{"project", set("projectId", "a b"), "projectId: "},
}

func TestProblems(t *testing.T) {
	for _, c := range problems {
		err := run(t, []*taskgraph.Task{task("t", c.change)}, func(o *Options) { o.Scopes = nil })
		if c.want == "" {
			assert.NoError(t, err, c.name)
			continue
		}
		if assert.Error(t, err, c.name) {
			assert.Contains(t, err.Error(), "t: "+c.want, c.name)
			assert.Equal(t, diag.ExitSubmission, diag.ExitCode(err), c.name)
		}
	}
}

func TestLongerDeadlines(t *testing.T) {
	long := func(o *Options) { o.MaxDeadline = 30 * day }
	require.NoError(t, run(t, []*taskgraph.Task{task("t", set("deadline", relative("20 days")))}, long))
	err := run(t, []*taskgraph.Task{task("t", set("deadline", relative("31 days")), set("expires", relative("1 year")))}, long)
	assert.ErrorContains(t, err, "is more than 30 days ahead")
}

func TestGroup(t *testing.T) {
	err := run(t, []*taskgraph.Task{task("a"), task("b")}, func(o *Options) {
		o.Scopes, o.Group.SchedulerID = nil, strings.Repeat("x", 39)
	})
	require.Len(t, diag.Flatten(err), 1, "it is one mistake, not one a task: %v", err)
	assert.ErrorContains(t, err, "schedulerId: want at most 38 characters")

	err = run(t, nil, func(o *Options) { o.Seal = true })
	assert.EqualError(t, err, `the scope "queue:seal-task-group:app-level-1/`+decisionID+`" is missing, which is needed to seal the task group (TG6106)`)
}

// What a task depends on must still be there at the task's deadline.
func TestDependencyExpires(t *testing.T) {
	build := task("build", set("expires", relative("1 day")), func(d *value.Map) { d.EditMap("payload").Delete("artifacts") })
	test := task("test", set("dependencies", value.NewStrings(build.TaskID)), set("deadline", relative("2 days")))
	err := run(t, []*taskgraph.Task{build, test})
	assert.EqualError(t, err, "test: dependencies: depends on build, which expires at 2026-05-07T12:00:00.000Z, before the deadline at 2026-05-08T12:00:00.000Z (TG6104)")
	require.NoError(t, run(t, []*taskgraph.Task{task("build"), test}))
}

func TestGenericWorker(t *testing.T) {
	generic := func(os string, payload *value.Map, scopes ...string) *taskgraph.Task {
		return task("t", set("payload", payload), set("tags", value.MapOf("worker-implementation", "generic-worker", "os", os)), set("scopes", value.NewStrings(scopes...)))
	}
	lists := value.NewList(value.NewStrings("/bin/sh", "-c", "true").Value())
	cache := value.NewList(value.MapOf("cacheName", "app-c", "directory", "c").Value())
	content := value.MapOf("url", "https://example.com/x.zip")
	for _, c := range []struct {
		task *taskgraph.Task
		want string
	}{
		{generic("linux", value.MapOf("command", lists, "maxRunTime", 60)), ""},
		{generic("linux", value.MapOf("command", value.NewStrings("true"), "maxRunTime", 60)), "t: payload.command[0]: want list"},
		{generic("windows", value.MapOf("command", value.NewStrings("true"), "maxRunTime", 60)), ""},
		{generic("windows", value.MapOf("command", lists, "maxRunTime", 60)), "t: payload.command[0]: want string"},
		{generic("linux", value.MapOf("image", "x", "maxRunTime", 60)), ""},
		{generic("linux", value.MapOf("command", value.NewStrings("true"), "maxRunTime", 60, "mounts", value.NewList(value.MapOf("directory", "d").Value()))), "t: payload.mounts[0]: "},
		{generic("linux", value.MapOf("image", "x")), `t: payload: missing field "maxRunTime"`},
		{generic("linux", value.MapOf("command", lists, "maxRunTime", 60, "mounts", cache)), `needs the scope "generic-worker:cache:app-c", which is not among the task's own: t`},
		{generic("linux", value.MapOf("command", lists, "maxRunTime", 60, "mounts", cache), "generic-worker:cache:app-*"), ""},
		{generic("linux", value.MapOf("command", lists, "maxRunTime", 60, "mounts", value.NewList(value.MapOf("content", content, "directory", "d", "cacheName", "a").Value())), "generic-worker:cache:a"), `payload.mounts[0]: missing field "format"`},
		{generic("linux", value.MapOf("command", lists, "maxRunTime", 60, "mounts", value.NewList(value.MapOf("content", content, "directory", "d", "format", "zip").Value()))), ""},
		{generic("windows", value.MapOf("command", value.NewStrings("x"), "maxRunTime", 60, "osGroups", value.NewStrings("Admins"))), `"generic-worker:os-group:prov/misc/Admins"`},
		{generic("windows", value.MapOf("command", value.NewStrings("x"), "maxRunTime", 60, "features", value.MapOf("runAsAdministrator", true))), `"generic-worker:run-as-administrator:prov/misc"`},
		{generic("windows", value.MapOf("command", value.NewStrings("x"), "maxRunTime", 60, "rdpInfo", "login.txt")), `"generic-worker:allow-rdp:prov/misc"`},
		{generic("linux", value.MapOf("command", lists, "maxRunTime", 60, "features", value.MapOf("loopbackVideo", true)), "generic-worker:loopback-video"), ""},
		{generic("linux", value.MapOf("command", lists, "maxRunTime", 60, "artifacts", value.NewList(value.MapOf("name", "public/x", "path", "x", "type", "file", "expires", relative("1 year")).Value()))), `the artifact "public/x" expires at`},
	} {
		err := run(t, []*taskgraph.Task{c.task}, func(o *Options) { o.Scopes = nil })
		if c.want == "" {
			assert.NoError(t, err)
		} else {
			assert.ErrorContains(t, err, c.want)
		}
	}
}

func TestDockerScopes(t *testing.T) {
	for _, c := range []struct {
		key   string
		value *value.Map
		want  string
	}{
		{"capabilities", value.MapOf("privileged", true), "docker-worker:capability:privileged"},
		{"capabilities", value.MapOf("disableSeccomp", true), "docker-worker:capability:disableSeccomp"},
		{"capabilities", value.MapOf("devices", value.MapOf("kvm", true, "loopbackAudio", false)), "docker-worker:capability:device:kvm"},
		{"features", value.MapOf("allowPtrace", true, "taskclusterProxy", true), "docker-worker:feature:allowPtrace"},
	} {
		err := run(t, []*taskgraph.Task{task("t", setPayload(c.key, c.value))}, func(o *Options) { o.Scopes = nil })
		require.Error(t, err, c.want)
		assert.Len(t, diag.Flatten(err), 1)
		assert.ErrorContains(t, err, fmt.Sprintf("%q", c.want))
		for _, granted := range []string{c.want, "docker-worker:*"} {
			own := value.NewStrings("docker-worker:cache:app-checkouts", granted)
			assert.NoError(t, run(t, []*taskgraph.Task{task("t", setPayload(c.key, c.value), set("scopes", own))}, func(o *Options) { o.Scopes = nil }))
		}
	}
	own := set("scopes", value.NewStrings("docker-worker:cache:app-checkouts", "docker-worker:capability:privileged:prov/misc"))
	require.NoError(t, run(t, []*taskgraph.Task{task("t", own, setPayload("capabilities", value.MapOf("privileged", true)))}, func(o *Options) { o.Scopes = nil }))
}

// What a role among a task's scopes stands for is known to the auth service only.
func TestRoles(t *testing.T) {
	auth := &fakeAuth{scopes: []string{"*"}}
	tasks := []*taskgraph.Task{task("a", set("scopes", value.NewStrings("assume:role"))), task("b", set("scopes", value.NewStrings("assume:role")))}
	require.NoError(t, run(t, tasks, func(o *Options) { o.Scopes = auth }))
	assert.Equal(t, 1, auth.expanded, "equal lists are asked for once")
	err := run(t, []*taskgraph.Task{task("a", set("scopes", value.NewStrings("assume:other")))}, func(o *Options) { o.Scopes = auth })
	assert.ErrorContains(t, err, `needs the scope "docker-worker:cache:app-checkouts"`)
	require.NoError(t, run(t, []*taskgraph.Task{task("a", set("scopes", value.NewStrings("assume:other")))}, func(o *Options) { o.Scopes = nil }), "nobody can be asked")
}

func TestPriorities(t *testing.T) {
	for granted, ok := range map[string]bool{"queue:create-task:highest:prov/misc": true, "queue:create-task:low:prov/misc": true, "queue:create-task:lowest:prov/misc": false, "queue:create-task:*": true} {
		all := append([]string{granted}, slices.DeleteFunc(slices.Clone(enough), func(s string) bool { return strings.HasPrefix(s, "queue:create-task:low") })...)
		err := run(t, []*taskgraph.Task{task("t")}, func(o *Options) { o.Scopes = &fakeAuth{scopes: all} })
		assert.Equal(t, ok, err == nil, "%s: %v", granted, err)
	}
}

func TestAuthFails(t *testing.T) {
	down := diag.Errorf(diag.Network, 0, "no route")
	err := run(t, []*taskgraph.Task{task("t", set("priority", "x"))}, func(o *Options) { o.Scopes = &fakeAuth{err: down} })
	assert.ErrorContains(t, err, "no route")
	assert.ErrorContains(t, err, "priority: ")

	var log bytes.Buffer
	forbidden := diag.Errorf(diag.Network, 0, "asking: %w", &taskcluster.Error{Status: 403})
	require.NoError(t, run(t, []*taskgraph.Task{task("t")}, func(o *Options) {
		o.Scopes, o.Log = &fakeAuth{err: forbidden}, slog.New(slog.NewTextHandler(&log, nil))
	}))
	assert.Contains(t, log.String(), "may not ask")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = Run(ctx, Options{Graph: taskgraph.NewTaskGraph([]*taskgraph.Task{task("t")}, false), Group: group})
	assert.True(t, errors.Is(err, context.Canceled))
}

// Without tags the pool tells, by the worker aliases.
func TestPoolOfAlias(t *testing.T) {
	config := `
trust-domain: app
task-priority: low
taskgraph:
  repositories: {ci: {name: app}}
workers:
  aliases:
    linux: {provisioner: 'prov-{level}', implementation: docker-worker, os: linux, worker-type: linux}
    win: {provisioner: 'prov-{level}', implementation: generic-worker, os: windows, worker-type: win}
    b-.*: {provisioner: 'prov-{level}', implementation: generic-worker, os: linux, worker-type: '{alias}'}
    same: {provisioner: 'prov-{level}', implementation: docker-worker, os: linux, worker-type: same}
    other: {provisioner: 'prov-{level}', implementation: generic-worker, os: linux, worker-type: same}
`
	p, err := taskgraph.Open(t.Context(), taskgraph.Options{Tree: fstest.MapFS{"taskcluster/config.yml": {Data: []byte(config)}}, Root: "taskcluster", Registry: taskgraph.NewRegistry()})
	require.NoError(t, err)
	defer p.Close()
	on := func(provisioner, workerType string) error {
		bad := task("t", set("tags", value.NewMap(0)), set("provisionerId", provisioner), set("workerType", workerType), set("payload", value.MapOf("nonsense", 1)))
		return run(t, []*taskgraph.Task{bad}, func(o *Options) { o.Scopes, o.Config, o.Level = nil, p.Config, "3" })
	}
	assert.ErrorContains(t, on("prov-3", "linux"), `missing field "image"`)
	assert.ErrorContains(t, on("prov-3", "win"), `missing field "command"`)
	assert.NoError(t, on("prov-1", "linux"), "a pool of another level")
	assert.NoError(t, on("prov-3", "b-linux"), "a pattern")
	assert.NoError(t, on("prov-3", "same"), "aliases that disagree")
}

// The result does not depend on how the tasks are spread over goroutines.
func TestOrder(t *testing.T) {
	var tasks []*taskgraph.Task
	for i := range 3000 {
		tasks = append(tasks, task(fmt.Sprintf("t%d", i), set("scopes", value.NewStrings("docker-worker:cache:app-checkouts", fmt.Sprintf("s%d", i%7)))))
	}
	var want string
	for _, workers := range []int{1, 2, 8} {
		err := run(t, tasks, func(o *Options) { o.Workers = workers })
		require.Error(t, err)
		if want == "" {
			want = err.Error()
			assert.Contains(t, want, `the scope "s3" is missing, which tasks are given: t3, t10, t17, t24, t31 and 424 more`)
		}
		assert.Equal(t, want, err.Error())
	}
}

// The schemas that are part of the program are understood, and so is each of their rules.
func TestSchemas(t *testing.T) {
	for _, name := range []string{queueSchema, dockerWorker, genericPosix, genericDocker, genericWindow} {
		assert.NotPanics(t, func() { load(name) }, name)
		name, _, _ = strings.Cut(name, "#")
		text, err := files.ReadFile("schemas/" + name + ".json")
		require.NoError(t, err)
		assert.True(t, json.Valid(text))
	}
	assert.Panics(t, func() { modern(map[string]any{"multipleOf": 2.0}) })
}

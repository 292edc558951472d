package cron_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/cron"
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// jobs is a document of which two jobs are due at 10:00 on a Monday.
const jobs = `
jobs:
- {name: nightly, job: {type: decision-task, treeherder-symbol: N, target-tasks-method: nightly}, when: [{hour: 10, minute: 0}]}
- {name: often, job: {type: decision-task, treeherder-symbol: O, target-tasks-method: often}, when: [{}]}
- {name: other, job: {type: decision-task, treeherder-symbol: X, target-tasks-method: other}, when: [{}], run-on-projects: [lib]}
- {name: later, job: {type: decision-task, treeherder-symbol: L, target-tasks-method: later}, when: [{hour: 10, minute: 15}]}
`

func run(t testing.TB, o cron.Options) *cron.Result {
	t.Helper()
	r, err := cron.Run(t.Context(), o)
	require.NoError(t, err)
	return r
}

func TestRun(t *testing.T) {
	o, s, r := example(t, jobs)
	result := run(t, o)
	require.NoError(t, result.Err(nil))
	assert.Equal(t, []string{"nightly created", "often created"}, outcomes(result))
	assert.Equal(t, "2026-01-05T10:00:00Z", result.Quarter.Format(time.RFC3339))
	id := result.Outcomes[0].TaskID
	assert.JSONEq(t, `{"created": "2026-01-05T10:08:08.900Z", "deadline": "2026-01-05T11:08:08.900Z", "provisionerId": "p", "workerType": "w",
		"metadata": {"name": "Cron nightly", "description": "at 1111111111111111111111111111111111111111, started by CronTask1AAAAAAQAAAAAA",
			"owner": "a@example.com", "source": "https://example.com"},
		"payload": {"command": ["bash", "-c", "decide --target-tasks-method=nightly"]}}`, s.tasks[id])

	// Another task of that quarter, later and after another push, finds what is there.
	o.TaskID, o.Created = "CronTask2AAAAAAQAAAAAA", o.Created.Add(7*time.Minute)
	o.Clock = func() time.Time { return o.Created.Add(33 * time.Minute) }
	for _, rev := range []string{oldRevision, newRevision} {
		r.files[rev+":.cron.yml"], r.files[rev+":.taskcluster.yml"] = jobs, template
	}
	r.files[newRevision+":.taskcluster.yml"] = strings.Replace(template, "decide", "decide anew", 1)
	r.head.Revision = newRevision
	result = run(t, o)
	require.NoError(t, result.Err(nil))
	assert.Equal(t, []string{"nightly existed", "often existed"}, outcomes(result))
	assert.Equal(t, id, result.Outcomes[0].TaskID)
	assert.Len(t, s.created, 2)

	// The next quarter is another one.
	o.Created = at(t, "2026-01-05T10:15:00Z")
	result = run(t, o)
	require.NoError(t, result.Err(nil))
	assert.Equal(t, []string{"later created", "often created"}, outcomes(result))
	assert.Len(t, s.created, 4)
}

// Ids follow from quarter, repository, project, branch and job, and from nothing else.
func TestRunIDs(t *testing.T) {
	id := func(change func(*cron.Options)) string {
		o, _, _ := example(t, jobs)
		o.DryRun = true
		change(&o)
		result := run(t, o)
		require.NoError(t, result.Err(nil))
		return result.Outcomes[len(result.Outcomes)-1].TaskID
	}
	first := id(func(*cron.Options) {})
	for name, change := range map[string]func(*cron.Options){
		"clock":    func(o *cron.Options) { o.Clock = func() time.Time { return time.Unix(0, 0) } },
		"created":  func(o *cron.Options) { o.Created = at(t, "2026-01-05T10:14:59.999Z") },
		"task":     func(o *cron.Options) { o.TaskID = "" },
		"retry":    func(o *cron.Options) { o.Retry = true },
		"level":    func(o *cron.Options) { o.Project.Level = "1" },
		"revision": func(o *cron.Options) { o.Push = &cron.Push{Revision: newRevision} },
	} {
		assert.Equal(t, first, id(change), name)
	}
	seen := map[string]string{first: "the first"}
	for name, change := range map[string]func(*cron.Options){
		"quarter": func(o *cron.Options) { o.Created = at(t, "2026-01-05T10:30:00Z") },
		"day":     func(o *cron.Options) { o.Created = o.Created.AddDate(0, 0, 1) },
		"url":     func(o *cron.Options) { o.Project.URL += "x" },
		"project": func(o *cron.Options) { o.Project.Name += "x" },
		"branch":  func(o *cron.Options) { o.Branch = "x" },
		"job":     func(o *cron.Options) { o.Force = "nightly" },
		"forced":  func(o *cron.Options) { o.Force = "often" },
	} {
		got := id(change)
		assert.Empty(t, seen[got], name)
		seen[got] = name
	}
}

// A job that is forced runs whatever its times and projects are, once for each cron task.
func TestRunForced(t *testing.T) {
	o, s, _ := example(t, jobs)
	o.Force = "other"
	for range 3 {
		result := run(t, o)
		require.NoError(t, result.Err(nil))
		assert.Contains(t, [][]string{{"other created"}, {"other existed"}}, outcomes(result))
		o.Clock = func() time.Time { return o.Created.Add(5 * time.Minute) }
	}
	assert.Len(t, s.created, 1)
	o.TaskID = "CronTask2AAAAAAQAAAAAA"
	require.NoError(t, run(t, o).Err(nil))
	assert.Len(t, s.created, 2)
	o.Force = "othr"
	_, err := cron.Run(t.Context(), o)
	assert.Contains(t, mistakes(err, nil), `there is no cron job "othr" (TG1302) did you mean "other"?`)
}

func TestRunDry(t *testing.T) {
	o, s, _ := example(t, jobs)
	o.DryRun = true
	result := run(t, o)
	require.NoError(t, result.Err(nil))
	assert.Equal(t, []string{"nightly created", "often created"}, outcomes(result))
	assert.Equal(t, "Cron often", result.Outcomes[1].Definition.At("metadata").Map().Str("name"))
	assert.Empty(t, s.created)
}

// A job that fails keeps no other from running, and all errors come out.
func TestRunErrors(t *testing.T) {
	o, s, _ := example(t, jobs+`
- {name: keyed, job: {type: decision-task, treeherder-symbol: K, target-tasks-method: keyed}, when: {by-project: {lib: []}}}
- {name: action, job: {type: trigger-action, action-name: retrigger}, when: [{}]}
`)
	s.refuse = func(_, definition string) error {
		if strings.Contains(definition, "Cron nightly") {
			return refusal(403, "InsufficientScopes")
		}
		return nil
	}
	result := run(t, o)
	assert.Equal(t, []string{"action failed", "keyed failed", "nightly failed", "often created"}, outcomes(result))
	err := result.Err(o.Reader.Sources)
	assert.Equal(t, `action: finding the decision task of the push: index path "app.v2.app.revision.1111111111111111111111111111111111111111.taskgraph.decision": 404 ResourceNotFound: no (TG5001)
nightly: the decision task could not be created: 403 InsufficientScopes: no (TG6001)
.cron.yml:8:102: keyed: no alternative of by-project matches "app", and there is no default, while resolving when of the cron job keyed (TG3001) valid: lib`, mistakes(err, nil))
	s.refuse = nil
	result = run(t, o)
	assert.Equal(t, []string{"action failed", "keyed failed", "nightly created", "often created"}, outcomes(result), "the clock stands still, so that even the definition is the same")
}

// What stands at the id of a decision task and is not what an earlier try made is never taken for it.
func TestRunConflict(t *testing.T) {
	for name, c := range map[string]struct {
		change func(definition string) string
		want   string
	}{
		"command":  {func(d string) string { return strings.Replace(d, "decide", "do nothing", 1) }, "payload.command[2] is"},
		"field":    {func(d string) string { return strings.Replace(d, `"workerType"`, `"tags":{"a":"b"},"workerType"`, 1) }, "tags.a is absent here"},
		"deadline": {func(d string) string { return strings.Replace(d, "T11:08:08.900Z", "T11:08:08.901Z", 1) }, "deadline is"},
		"task id":  {func(d string) string { return strings.Replace(d, "CronTask1AAAAAAQAAAAAA", "someone", 1) }, "metadata.description is"},
		"revision": {func(d string) string {
			return strings.Replace(d, oldRevision, newRevision, 1)
		}, "metadata.description is"},
		"nonsense": {func(string) string { return "[]" }, "what the queue says is there is no task"},
	} {
		o, s, _ := example(t, jobs)
		require.NoError(t, run(t, o).Err(nil))
		for id, d := range s.tasks {
			s.tasks[id] = c.change(d)
		}
		result := run(t, o)
		assert.Equal(t, []string{"nightly failed", "often failed"}, outcomes(result), name)
		err := result.Err(nil)
		assert.ErrorContains(t, err, c.want, name)
		assert.Equal(t, diag.ExitSubmission, diag.ExitCode(err), name)
	}
	// What people and the queue may change does not count.
	for name, change := range map[string]func(string) string{
		"defaults": func(d string) string {
			return strings.Replace(d, `"workerType"`, `"taskQueueId":"p/w","retries":5,"expires":"2027-01-05T11:08:08.900Z","extra":{},"workerType"`, 1)
		},
		"priority":     func(d string) string { return strings.Replace(d, `"workerType"`, `"priority":"high","workerType"`, 1) },
		"microseconds": func(d string) string { return strings.ReplaceAll(d, ".900Z", ".900000Z") },
		"another task": func(d string) string {
			return strings.Replace(d, "CronTask1AAAAAAQAAAAAA", "CronTask7AAAAAAQAAAAAA", 1)
		},
		"another time": func(d string) string { return strings.ReplaceAll(d, "08:08.900Z", "02:03.004Z") },
	} {
		o, s, _ := example(t, jobs)
		require.NoError(t, run(t, o).Err(nil))
		for id, d := range s.tasks {
			s.tasks[id] = change(d)
			require.NotEqual(t, d, s.tasks[id])
		}
		result := run(t, o)
		require.NoError(t, result.Err(nil), name)
		assert.Equal(t, []string{"nightly existed", "often existed"}, outcomes(result), name)
	}
	// A conflict about something else than the task is a failure.
	o, s, _ := example(t, jobs)
	s.refuse = func(string, string) error { return refusal(409, "RequestConflict") }
	assert.ErrorContains(t, run(t, o).Err(nil), "the decision task could not be created: 409 RequestConflict")
}

func TestRunWithoutJobs(t *testing.T) {
	o, s, r := example(t, jobs)
	r.none = true
	assert.Empty(t, run(t, o).Outcomes)
	r.none = false
	delete(r.files, ".cron.yml")
	result := run(t, o)
	assert.Empty(t, result.Outcomes)
	assert.NoError(t, result.Err(nil))
	r.files[".cron.yml"] = "jobs: 1"
	_, err := cron.Run(t.Context(), o)
	assert.Equal(t, ".cron.yml:1:7: jobs: want list, got 1 (TG1101)", mistakes(err, nil))
	assert.Empty(t, s.created)
}

func TestRunTemplates(t *testing.T) {
	for name, c := range map[string]struct{ template, want string }{
		"none":           {"", ".taskcluster.yml:1:1: often: tasks: want exactly one task where tasks_for is cron, got no tasks (TG1401)"},
		"no task":        {"tasks: [{$if: 'tasks_for == \"action\"', then: {}}]", ".taskcluster.yml:1:1: often: tasks: want exactly one task where tasks_for is cron, got 0 (TG1401)"},
		"two":            {"tasks: [{}, {}]", ".taskcluster.yml:1:1: often: tasks: want exactly one task where tasks_for is cron, got 2 (TG1401)"},
		"text":           {"a: 1\ntasks: [a]", `.taskcluster.yml:2:1: often: tasks: want exactly one task where tasks_for is cron, got a list of "a" (TG1401)`},
		"bad id":         {"tasks: [{taskId: abc}]", `.taskcluster.yml:1:1: often: tasks[0].taskId: want a task id, got "abc" (TG1401) use ${ownTaskId}`},
		"YAML":           {"tasks: [", ".taskcluster.yml:1:9: often: "},
		"missing":        {"missing", ".taskcluster.yml: often: the repository has no such file (TG1001)"},
		"own id":         {"tasks: [{taskId: '${ownTaskId}'}]", ""},
		"no id":          {"tasks: [{}]", ""},
		"everything set": {"tasks: [{taskId: 'aaaaaaaaQACAAAAAAAAAAA', extra: {v: ['${tasks_for}', '${taskcluster_root_url}', '${repository.level}', '${repository.type}', '${push.owner}', '${push.branch}']}}]", ""},
	} {
		o, s, r := example(t, strings.Replace(jobs, "name: nightly", "name: Nightly, run-on-projects: []", 1))
		if r.files[".taskcluster.yml"] = c.template; c.template == "missing" {
			delete(r.files, ".taskcluster.yml")
		}
		wrong := mistakes(run(t, o).Err(o.Reader.Sources), nil)
		if strings.HasSuffix(c.want, ": ") {
			assert.Contains(t, wrong, c.want, name)
		} else {
			assert.Equal(t, c.want, wrong, name)
		}
		if c.want == "" {
			assert.Len(t, s.created, 1, name)
		}
		if name == "everything set" {
			assert.JSONEq(t, `{"extra": {"v": ["cron", "https://tc.example.com", "3", "git", "cron", "main"]}}`, s.tasks["aaaaaaaaQACAAAAAAAAAAA"])
		}
	}
}

// What .taskcluster.yml sees, to the last variable.
func TestRunContext(t *testing.T) {
	date := int64(1_770_000_000)
	for name, c := range map[string]struct {
		job    string
		change func(*cron.Options)
		want   string
	}{
		"git": {"include-push-tasks: false, rebuild-kinds: [a, \"b c\", \"it's\", '']", func(*cron.Options) {}, `{
			"tasks_for": "cron", "taskcluster_root_url": "https://tc.example.com", "now": "2026-01-05T10:08:08.900Z", "ownTaskId": "OWN",
			"repository": {"url": "https://git.example.com/app", "project": "app", "level": "3", "type": "git"},
			"push": {"revision": "1111111111111111111111111111111111111111", "branch": "main", "owner": "cron"},
			"cron": {"task_id": "CronTask1AAAAAAQAAAAAA", "job_name": "a", "job_symbol": "A", "input": {},
				"quoted_args": "--target-tasks-method=m --include-push-tasks --rebuild-kind=a '--rebuild-kind=b c' '--rebuild-kind=it'\"'\"'s' --rebuild-kind="}}`},
		"hg": {"optimize-target-tasks: true, include-cron-input: true", func(o *cron.Options) {
			o.Input, o.TaskID = value.MapOf("a", 1), ""
			o.Push = &cron.Push{Revision: newRevision, BaseRevision: oldRevision, PushlogID: "17", Pushdate: &date}
		}, `{
			"tasks_for": "cron", "taskcluster_root_url": "https://tc.example.com", "now": "2026-01-05T10:08:08.900Z", "ownTaskId": "OWN",
			"repository": {"url": "https://git.example.com/app", "project": "app", "level": "3", "type": "git"},
			"push": {"revision": "2222222222222222222222222222222222222222", "base_revision": "1111111111111111111111111111111111111111", "pushlog_id": "17",
				"pushdate": 1770000000, "owner": "cron"},
			"cron": {"task_id": "<cron task id>", "job_name": "a", "job_symbol": "A", "input": {"a": 1}, "quoted_args": "--target-tasks-method=m --optimize-target-tasks=true"}}`},
		"input that is not wanted": {"include-cron-input: false", func(o *cron.Options) { o.Input = value.MapOf("a", 1) }, `{
			"tasks_for": "cron", "taskcluster_root_url": "https://tc.example.com", "now": "2026-01-05T10:08:08.900Z", "ownTaskId": "OWN",
			"repository": {"url": "https://git.example.com/app", "project": "app", "level": "3", "type": "git"},
			"push": {"revision": "1111111111111111111111111111111111111111", "branch": "main", "owner": "cron"},
			"cron": {"task_id": "CronTask1AAAAAAQAAAAAA", "job_name": "a", "job_symbol": "A", "input": {}, "quoted_args": "--target-tasks-method=m"}}`},
	} {
		o, _, _ := example(t, "jobs: [{name: a, when: [{}], job: {type: decision-task, treeherder-symbol: A, target-tasks-method: m, "+c.job+"}}]")
		c.change(&o)
		var own, slug string
		o.Render = func(_ value.Value, context *value.Map, functions map[string]func(string) string) (value.Value, error) {
			own, slug = context.Str("ownTaskId"), functions["as_slugid"]("decision")
			seen := context.Copy()
			seen.Set("ownTaskId", value.NewString("OWN"))
			text, err := value.CompactJSON(seen.Value())
			assert.NoError(t, err)
			assert.JSONEq(t, c.want, text, name)
			return value.MapOf("tasks", []value.Value{value.NewMap(0).Value()}).Value(), nil
		}
		result := run(t, o)
		require.NoError(t, result.Err(nil))
		assert.Equal(t, own, result.Outcomes[0].TaskID)
		assert.Regexp(t, `^[A-Za-f][A-Za-z0-9_-]{7}[Q-T][A-Za-z0-9_-][CGKOSWaeimquy26-][A-Za-z0-9_-]{10}[AQgw]$`, own)
		assert.NotEqual(t, own, slug)
	}
}

// Templates that were made to hurt end in an error at once.
func TestRunBombs(t *testing.T) {
	nested := "{$map: {$eval: l}, 'each(x)': "
	for name, text := range map[string]string{
		"aliases": "a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n" +
			"e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\ntasks: [*f]",
		"loops":  "tasks: {$let: {l: [1,2,3,4,5,6,7,8,9,10]}, in: " + strings.Repeat(nested, 12) + "1" + strings.Repeat("}", 12) + "}",
		"double": "tasks: {$let: {x: aaaaaaaaaa}, in: " + strings.Repeat("{$let: {x: '${x}${x}'}, in: ", 40) + "'${x}'" + strings.Repeat("}", 40) + "}",
		"huge":   "tasks: ['" + strings.Repeat("x", 2<<20) + "']",
		"deep":   "tasks: " + strings.Repeat("[", 1000) + strings.Repeat("]", 1000),
		"reduce": "tasks: {$let: {x: {$reduce: [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30], initial: xxxxxxxxxx, 'each(a,n)': '${a}${a}'}}, in: [1]}",
	} {
		o, s, r := example(t, jobs)
		r.files[".taskcluster.yml"] = text
		var result *cron.Result
		atOnce(t, name, func() { result = run(t, o) })
		assert.Equal(t, []string{"nightly failed", "often failed"}, outcomes(result), name)
		assert.ErrorContains(t, result.Err(nil), "TG1004", name)
		assert.Empty(t, s.created, name)
	}
}

func TestRunCancelled(t *testing.T) {
	o, s, _ := example(t, jobs)
	ctx, cancel := context.WithCancel(t.Context())
	s.refuse = func(string, string) error {
		cancel()
		return context.Canceled
	}
	_, err := cron.Run(ctx, o)
	assert.True(t, errors.Is(err, context.Canceled))
}

// A fault of ours in one job keeps no other from running.
func TestRunPanic(t *testing.T) {
	o, _, _ := example(t, jobs)
	render := o.Render
	o.Render = func(template value.Value, context *value.Map, functions map[string]func(string) string) (value.Value, error) {
		if context.At("cron").Map().Str("job_name") == "nightly" {
			panic("it broke")
		}
		return render(template, context, functions)
	}
	result := run(t, o)
	assert.Equal(t, []string{"nightly failed", "often created"}, outcomes(result))
	assert.ErrorContains(t, result.Err(nil), "it broke")
}

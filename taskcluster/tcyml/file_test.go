package tcyml

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/slugid"
	"github.com/taskgraph-go/decision/taskcluster/tcyml/schemas"
	"github.com/taskgraph-go/decision/value"
	"github.com/taskgraph-go/decision/value/schema"

	"os"
)

func TestSchemas(t *testing.T) {
	require.NoError(t, schema.NewSet(os.DirFS("schemas")).Check())
	assert.Equal(t, []string{"task-definition", "taskcluster-yml"}, schemas.Names())
}

func render(t *testing.T, text string, e Event) (*Rendered, error) {
	t.Helper()
	f, err := Read("t.yml", []byte(text), nil)
	require.NoError(t, err)
	return f.Render(e, Options{RootURL: "https://tc.example.com", Now: time.Date(2026, 1, 2, 3, 4, 5, 6_700_000, time.UTC)})
}

func TestRead(t *testing.T) {
	for text, want := range map[string]string{
		"version: 1\nversion: 1\n":     `t.yml:2:1: the key "version" comes twice (TG1005)`,
		"version: 1\na: {b: 1, b: 2}":  `t.yml:2:11: the key "b" comes twice (TG1005)`,
		"version: 2":                   "t.yml:1:10: version: want version 1, got 2 (TG1104)",
		"version: '1'":                 `t.yml:1:10: version: want version 1, got "1" (TG1104)`,
		"tasks: []":                    `t.yml:1:1: missing field "version" (TG1103)`,
		"- 1":                          "t.yml:1:1: want a map, got a list (TG1101)",
		"version: 1\n--- \nversion: 1": "TG1002",
		"version: *x":                  "TG1003",
		strings.Repeat("[", 300):       "TG1004",
		"version: 1\na: \"" + strings.Repeat("x", 2<<20) + `"`: "TG1004",
	} {
		_, err := Read("t.yml", []byte(text), nil)
		require.Error(t, err, "%.50s", text)
		assert.Contains(t, err.Error(), want, "%.50s", text)
	}
}

// The service fills in what a task leaves out.
func TestTasks(t *testing.T) {
	push, err := Find("push", Facts{})
	require.NoError(t, err)
	got, err := render(t, "version: 1\ntasks: [{metadata: {name: a}}]", push)
	require.NoError(t, err)
	require.Len(t, got.Tasks, 1)
	only := got.Tasks[0]
	assert.True(t, slugid.Valid(only.ID))
	assert.Equal(t, only.ID, only.Definition.Str("taskGroupId"), "one task is its own group")
	assert.Equal(t, "taskcluster-github", only.Definition.Str("schedulerId"))
	assert.Equal(t, "2026-01-02T03:04:05.006Z", only.Definition.Str("created"))

	got, err = render(t, `version: 1
tasks:
  - {taskId: {$eval: 'as_slugid("a")'}, taskGroupId: {$eval: 'as_slugid("a")'}, created: {$fromNow: 1 day}, on: yes}
  - {taskId: {$eval: 'as_slugid("b")'}, dependencies: [{$eval: 'as_slugid("a")'}]}
  - {}
`, push)
	require.NoError(t, err)
	require.Len(t, got.Tasks, 3)
	a, b, c := got.Tasks[0], got.Tasks[1], got.Tasks[2]
	assert.Equal(t, a.ID, b.Definition.At("dependencies").List().At(0).Str(), "a label has one id")
	assert.Equal(t, a.ID, a.Definition.Str("taskGroupId"))
	assert.Equal(t, b.Definition.Str("taskGroupId"), c.Definition.Str("taskGroupId"))
	assert.NotEqual(t, b.ID, b.Definition.Str("taskGroupId"))
	assert.Equal(t, "2026-01-03T03:04:05.006Z", a.Definition.Str("created"))
	assert.Equal(t, "yes", a.Definition.Str("on"), "read as JavaScript reads YAML")
	assert.Len(t, map[string]bool{a.ID: true, b.ID: true, c.ID: true}, 3)

	action, err := Find("action", Facts{})
	require.NoError(t, err)
	got, err = render(t, "version: 1\ntasks: [{}]", action)
	require.NoError(t, err)
	assert.Equal(t, action.Variables.Str("ownTaskId"), got.Tasks[0].ID, "a hook knows the id")

	for text, want := range map[string]string{
		"version: 1\ntasks: {$eval: '3'}":                     "t.yml:2:17: tasks: the tasks render to 3, want a list (TG1101)",
		"version: 1\ntasks: [3]":                              "t.yml:2:9: tasks: a task renders to 3, want a map (TG1101)",
		"version: 1\ntasks: [{taskId: 3}]":                    "t.yml:2:18: taskId: want a task id, got 3 (TG1101)",
		"version: 1\ntasks: [{a: 2020-01-01}]":                "t.yml:2:13: tasks[0].a: a date has no form in JSON; quote it (TG1401)",
		"version: 1\ntasks: [{$eval: 'as_slugid(1)'}]":        "as_slugid: want a label, which is a string",
		"version: 1\ntasks: [{$eval: 'as_slugid()'}]":         "as_slugid: want a label, which is a string",
		"version: 1\ntasks: [{a: '${event.refs}'}]":           `t.yml:2:22: tasks[0].a: the object has no property "refs" (TG1401)`,
		"$if: 'false'\nversion: 1":                            "cannot stand beside $if",
		"version: 1\ntasks: {$switch: {'true': [], '1': []}}": "two conditions of a $switch hold",
	} {
		_, err := render(t, text, push)
		require.Error(t, err, text)
		assert.Contains(t, err.Error(), want, text)
	}
	got, err = render(t, "version: 1", push)
	require.NoError(t, err)
	assert.Empty(t, got.Tasks)
}

func TestEvents(t *testing.T) {
	_, err := Find("psuh", Facts{})
	assert.ErrorContains(t, err, `unknown event "psuh" (TG2005)`)
	facts := Facts{Repository: "https://github.com/org/repo.git", Branch: "dev", Rev: "abc", Tag: "v2"}
	for _, c := range []struct{ name, expression, want, role string }{
		{"push", "${event.ref} ${event.after} ${event.repository.html_url} ${event.repository.name} ${event.repository.owner.login} ${event.pusher.email} ${event.head_commit.message}",
			"refs/heads/dev abc https://github.com/org/repo repo org dev@example.com An example", "assume:repo:github.com/org/repo:branch:dev"},
		{"branch", "${event.ref}", "refs/heads/feature/example", "assume:repo:github.com/org/repo:branch:feature/example"},
		{"tag", "${event.ref} ${event.before[:3]} ${event.created}", "refs/tags/v2 000 true", "assume:repo:github.com/org/repo:tag:v2"},
		{"pull-request", "${event.action} ${event.pull_request.head.sha} ${event.pull_request.head.repo.html_url} ${event.pull_request.base.repo.full_name} ${event.pull_request.base.ref} ${event.number}",
			"opened abc https://github.com/dev/repo org/repo dev 7", "assume:repo:github.com/org/repo:pull-request"},
		{"pull-request-untrusted", "${tasks_for}", "github-pull-request-untrusted", "assume:repo:github.com/org/repo:pull-request-untrusted"},
		{"release", "${event.release.tag_name} ${event.release.target_commitish}", "v2 dev", "assume:repo:github.com/org/repo:release:published"},
		{"issue-comment", "${event.taskcluster_comment} ${tasks_for}", "run github-issue-comment", "assume:repo:github.com/org/repo:pull-request"},
		{"cron", "${cron.job_name} ${repository.url} ${repository.project} ${push.branch} ${push.revision}", "nightly https://github.com/org/repo repo dev abc", "assume:repo:github.com/org/repo:cron:nightly"},
		{"action", "${action.name} ${action.action_perm} ${push.revision} ${taskcluster_root_url} ${now}", "retrigger generic abc https://tc.example.com 2026-01-02T03:04:05.006Z", "assume:repo:github.com/org/repo:action:generic"},
	} {
		e, err := Find(c.name, facts)
		require.NoError(t, err)
		assert.Equal(t, c.role, e.Role)
		got, err := render(t, "version: 1\na: '"+c.expression+"'", e)
		require.NoError(t, err, c.name)
		assert.Equal(t, c.want, got.Document.Str("a"), c.name)
	}
	assert.Len(t, Events(Facts{}), len(Names()))
	assert.Len(t, Events(Facts{Repository: "x", Rev: "1", BaseRev: "2", Branch: "/", Tag: "/"}), len(Names()), "whatever the facts are")
	assert.Len(t, Events(Facts{Repository: "https://"}), len(Names()))
}

func TestReadEvent(t *testing.T) {
	for text, want := range map[string]string{
		`{"tasks_for": "cron", "cron": {}}`: "cron",
		`{"pull_request": {}}`:              "github-pull-request",
		`{"release": {}}`:                   "github-release",
		`{"issue": {}, "comment": {}}`:      "github-issue-comment",
		`{"ref": "x", "after": "y"}`:        "github-push",
		`{"tasks_for": 3}`:                  "e.json:1:15: tasks_for: want the name of an event, got 3 (TG1101)",
		`[]`:                                "e.json:1:1: want a map, got a list (TG1101)",
		`{"zen": ""}`:                       "e.json:1:1: this is none of the events that GitHub sends for tasks (TG1103)",
		`{`:                                 "TG1006",
	} {
		e, err := ReadEvent("e.json", []byte(text), &value.Reader{})
		if strings.Contains(want, "TG") {
			require.Error(t, err, text)
			assert.Contains(t, diag.Flatten(err)[0].Error()+"", want[strings.LastIndex(want, "TG"):], text)
			continue
		}
		require.NoError(t, err, text)
		assert.Equal(t, want, e.TasksFor)
	}
}

// TestUnserved: a file for GitHub alone need not make sense for hooks.
func TestUnserved(t *testing.T) {
	of := func(text string) map[string]Outcome {
		f, err := Read("t.yml", []byte(text), nil)
		require.NoError(t, err)
		outcomes, _ := f.Check(Events(Facts{}), Options{RootURL: "https://tc.example.com"})
		got := map[string]Outcome{}
		for _, o := range outcomes {
			got[o.Event.Name] = o
		}
		return got
	}
	github := of("version: 1\npolicy: {pullRequests: public}\ntasks: [{$if: 'event.ref == \"x\"', then: {}}]")
	for name, served := range map[string]bool{"push": true, "release": true, "pull-request": true, "cron": false, "action": false} {
		assert.Equal(t, !served, github[name].Unserved, name)
		assert.Equal(t, served && name != "push", github[name].Bad, name)
	}
	hooks := of("version: 1\ntasks: [{$if: 'tasks_for in [\"cron\", \"action\"] && event.ref == \"x\"', then: {}}]")
	assert.True(t, hooks["cron"].Bad)
	assert.True(t, hooks["action"].Bad)
	assert.False(t, hooks["cron"].Unserved)
}

package main

import (
	"encoding/json"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	jsone "github.com/json-e/json-e/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/taskgraph-go/decision/taskcluster/tcyml"
)

// Every event makes what it should of this repository's .taskcluster.yml, and of the example's, with nothing wrong.
func TestTaskclusterYMLIsRight(t *testing.T) {
	own := map[string]int{"push": 1, "branch": 0, "tag": 0, "pull-request": 1, "pull-request-untrusted": 1, "release": 1, "issue-comment": 0, "cron": 1, "action": 1}
	example := maps.Clone(own)
	example["branch"], example["release"] = 1, 0
	for name, want := range map[string]map[string]int{".taskcluster.yml": own, "examples/hello/.taskcluster.yml": example} {
		text, err := os.ReadFile("../../" + name)
		require.NoError(t, err)
		file, err := tcyml.Read(name, text, nil)
		require.NoError(t, err)
		outcomes, err := file.Check(tcyml.Events(tcyml.Facts{Repository: "https://github.com/taskgraph-go/decision"}), tcyml.Options{RootURL: "https://tc.example.com", Now: time.Unix(1767323045, 0)})
		require.NoError(t, err)
		tasks := map[string]int{}
		for _, o := range outcomes {
			tasks[o.Event.Name] = len(o.Tasks)
		}
		assert.Equal(t, want, tasks, name)
	}
}

// render renders this repository's .taskcluster.yml for an event.
func render(t *testing.T, context map[string]any) map[string]any {
	t.Helper()
	text, err := os.ReadFile("../../.taskcluster.yml")
	require.NoError(t, err)
	var doc map[string]any
	require.NoError(t, yaml.Unmarshal(text, &doc))
	// JSON-e wants the numbers of JSON.
	plain, err := json.Marshal(doc)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(plain, &doc))
	context["now"] = "2026-01-02T03:04:05.000Z"
	context["as_slugid"] = jsone.WrapFunction(func(name string) string { return "slug-" + name })
	out, err := jsone.Render(doc["tasks"], context)
	require.NoError(t, err)
	tasks := out.([]any)
	if len(tasks) == 0 {
		return nil
	}
	return tasks[0].(map[string]any)
}

func TestTaskclusterYML(t *testing.T) {
	repo := map[string]any{"html_url": "https://github.com/taskgraph-go/decision", "name": "decision"}
	push := func(ref string) map[string]any {
		return map[string]any{"tasks_for": "github-push", "event": map[string]any{
			"repository": repo, "ref": ref, "after": "aaaa", "before": "bbbb", "pusher": map[string]any{"email": "a@example.com"}}}
	}
	assert.Nil(t, render(t, push("refs/heads/other")))
	task := render(t, push("refs/heads/main"))
	assert.Equal(t, "slug-decision_task", task["taskId"])
	command := task["payload"].(map[string]any)["command"].([]any)[2].(string)
	for _, want := range []string{"--level=3", "--head-rev=aaaa", "--base-rev=bbbb", "--tasks-for=github-push", "--project=decision"} {
		assert.Contains(t, command, want)
	}

	pr := render(t, map[string]any{"tasks_for": "github-pull-request", "event": map[string]any{
		"action": "opened", "repository": repo, "pull_request": map[string]any{
			"user": map[string]any{"login": "dev"},
			"head": map[string]any{"repo": map[string]any{"html_url": "https://github.com/dev/decision"}, "ref": "fix", "sha": "cccc"},
			"base": map[string]any{"repo": repo, "ref": "main", "sha": "dddd"}}}})
	command = pr["payload"].(map[string]any)["command"].([]any)[2].(string)
	assert.Contains(t, command, "--level=1")
	assert.Contains(t, command, "--head-repository=https://github.com/dev/decision")

	hook := map[string]any{"repository": map[string]any{"url": "https://github.com/taskgraph-go/decision", "project": "decision", "level": 3.0},
		"push": map[string]any{"branch": "main", "revision": "eeee"}, "ownTaskId": "OWN"}
	cron := map[string]any{"tasks_for": "cron", "cron": map[string]any{"job_name": "nightly"}}
	action := map[string]any{"tasks_for": "action", "taskId": nil, "input": map[string]any{"a": 1.0},
		"action": map[string]any{"title": "Retrigger", "description": "again", "taskGroupId": "GROUP", "cb_name": "retrigger", "action_perm": "generic"}}
	for k, v := range hook {
		cron[k], action[k] = v, v
	}
	assert.Equal(t, "OWN", render(t, cron)["taskId"])
	a := render(t, action)
	assert.NotContains(t, a, "taskId")
	assert.Equal(t, `{"a":1}`, strings.ReplaceAll(a["payload"].(map[string]any)["env"].(map[string]any)["ACTION_INPUT"].(string), " ", ""))
}

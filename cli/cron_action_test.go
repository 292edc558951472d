package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const cronActions = `{"version": 1, "variables": {"cb": "purge-caches"}, "actions": [
	{"name": "purge", "kind": "hook", "context": [], "hookGroupId": "project-gecko", "hookId": "in-tree-action-3-purge-caches/0123456789",
		"schema": {"type": "object", "properties": {"cache": {"type": "string"}}},
		"hookPayload": {"decision": {"action": {"name": "purge", "taskGroupId": "${taskGroupId}", "cb_name": "${cb}"}}, "user": {"input": {"$eval": "input"}, "taskId": {"$eval": "taskId"}, "taskGroupId": "${taskGroupId}"}}}]}`

// A job that triggers an action does so once in a quarter of an hour, over HTTP and whatever is tried again; the next quarter does it
// again.
func TestCronActionOnce(t *testing.T) {
	s := newCronService(t)
	s.files[".cron.yml"] = "jobs: [{name: purge, when: [{}], job: {type: trigger-action, action-name: purge, include-cron-input: true}}]"
	s.index["gecko.v2.mozilla-central.revision."+s.revision()+".taskgraph.decision"] = "DecisionTaskAAQAAAAAAA"
	s.texts["DecisionTaskAAQAAAAAAA/public/actions.json"] = cronActions
	s.tasks["DecisionTaskAAQAAAAAAA"] = map[string]any{"scopes": []string{"in-tree:hook-action:project-gecko/in-tree-action-3-*"}}
	begin := time.Date(2026, 2, 23, 0, 0, 0, 0, time.UTC)
	for n := range 4 {
		quarter := begin.Add(time.Duration(n) * 15 * time.Minute)
		for try, state := range []string{"created", "existed", "existed"} {
			id := "cron" + quarter.Format("01021504") + "QAAAAAAAAA"
			s.cronTask(id, quarter.Add(9*time.Second))
			s.now = quarter.Add(time.Duration(try+1) * time.Minute)
			code, stdout, stderr := tick{service: s, taskID: id, run: try, env: map[string]string{"HOOK_PAYLOAD": `{"cache": "a"}`}}.do(t)
			require.Equal(t, 0, code, stderr)
			assert.Regexp(t, `^`+state+` +action0`+string(rune('1'+n))+`\S+ purge\n$`, stdout)
		}
	}
	require.Len(t, s.fired, 4)
	for _, payload := range s.fired {
		assert.Equal(t, map[string]any{"input": map[string]any{"cache": "a"}, "taskId": nil, "taskGroupId": "DecisionTaskAAQAAAAAAA"}, payload["user"])
	}
	code, _, stderr := tick{service: s, taskID: "cron02230000QAAAAAAAAA", env: map[string]string{"HOOK_PAYLOAD": `{"cache": 1}`}}.do(t)
	assert.NotEqual(t, 0, code)
	assert.Contains(t, stderr, `input/cache: the input of action "purge": expected string, but got number`)
	assert.Len(t, s.fired, 4)
}

// A run of the command fails at the end if a job did, with all errors, and has done the others.
func TestCronFailure(t *testing.T) {
	s := newCronService(t)
	template, err := os.ReadFile(filepath.Join("testdata", "cron", "taskcluster.yml"))
	require.NoError(t, err)
	s.files[".taskcluster.yml"] = string(template)
	s.files[".cron.yml"] = `jobs:
- {name: a, when: [{}], job: {type: trigger-action, action-name: gone}}
- {name: b, when: [{}], job: {type: decision-task, treeherder-symbol: B, target-tasks-method: b}}
- {name: c, when: {by-project: {lib: []}}, job: {type: decision-task, treeherder-symbol: C, target-tasks-method: c}}
`
	s.now = time.Date(2026, 2, 23, 0, 1, 0, 0, time.UTC)
	s.cronTask("cron02230000QAAAAAAAAA", s.now)
	code, stdout, stderr := tick{service: s, taskID: "cron02230000QAAAAAAAAA"}.do(t)
	assert.NotEqual(t, 0, code)
	assert.Len(t, s.created, 1)
	assert.Equal(t, 3, strings.Count(stdout, "\n"), stdout)
	assert.Regexp(t, `(?m)^failed   - +a$`, stdout)
	assert.Regexp(t, `(?m)^created  \S{22} b$`, stdout)
	assert.Contains(t, stderr, "a: finding the decision task of the push")
	assert.Contains(t, stderr, ".cron.yml:4:20: c: no alternative of by-project matches")

	// A repository without .cron.yml has nothing to do, and a cron task that nobody knows fails.
	s.files = map[string]string{}
	code, stdout, stderr = tick{service: s, taskID: "cron02230000QAAAAAAAAA"}.do(t)
	assert.Equal(t, []any{0, "", ""}, []any{code, stdout, stderr}, "there is no .cron.yml")
	code, _, stderr = tick{service: s, taskID: "NoSuchTaskAAAAQAAAAAAA"}.do(t)
	assert.NotEqual(t, 0, code)
	assert.Contains(t, stderr, "asking when task NoSuchTaskAAAAQAAAAAAA was created: 404")
}

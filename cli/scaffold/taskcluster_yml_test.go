package scaffold_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	jsone "github.com/json-e/json-e/v4"
	"github.com/santhosh-tekuri/jsonschema/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/taskgraph-go/decision/cli/scaffold"
)

// answers are those of the tests.
func answers() scaffold.Answers {
	a := scaffold.Answers{Repository: "https://github.com/example/greeter", Level: "3", Version: "v1.2.3"}
	a.SetDefaults()
	return a
}

// text gives one of the files.
func text(t *testing.T, a scaffold.Answers, name string) []byte {
	t.Helper()
	files, err := scaffold.Files(a)
	require.NoError(t, err)
	for _, f := range files {
		if f.Name == name {
			return f.Text
		}
	}
	t.Fatalf("there is no %s", name)
	return nil
}

// render gives the task that .taskcluster.yml makes of an event, nil for none.
func render(t *testing.T, a scaffold.Answers, context map[string]any) map[string]any {
	t.Helper()
	var doc any
	require.NoError(t, yaml.Unmarshal(text(t, a, ".taskcluster.yml"), &doc))
	// JSON-e wants the numbers of JSON.
	plain, err := json.Marshal(doc)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(plain, &doc))
	context = maps.Clone(context)
	context["as_slugid"] = jsone.WrapFunction(func(name string) string { return "slug-" + name })
	if context["now"] == nil {
		context["now"] = "2026-01-02T03:04:05.000Z"
	}
	out, err := jsone.Render(doc, context)
	require.NoError(t, err)
	top := out.(map[string]any)
	assert.Equal(t, 1.0, top["version"])
	assert.Equal(t, "checks-v1", top["reporting"])
	tasks := top["tasks"].([]any)
	if len(tasks) == 0 {
		return nil
	}
	require.Len(t, tasks, 1)
	return tasks[0].(map[string]any)
}

// dig gives what stands at a path of keys.
func dig(v any, keys ...string) any {
	for _, k := range keys {
		m, _ := v.(map[string]any)
		v = m[k]
	}
	return v
}

func push(ref string) map[string]any {
	return map[string]any{"tasks_for": "github-push", "event": map[string]any{
		"ref": ref, "before": "bbbb", "after": "aaaa", "pusher": map[string]any{"email": "a@example.com"},
		"repository": map[string]any{"html_url": "https://github.com/example/greeter", "name": "greeter"}}}
}

func pullRequest(action string) map[string]any {
	repo := func(owner string) map[string]any {
		return map[string]any{"html_url": "https://github.com/" + owner + "/greeter", "name": "greeter", "full_name": owner + "/greeter"}
	}
	return map[string]any{"tasks_for": "github-pull-request", "event": map[string]any{"action": action, "pull_request": map[string]any{
		"user": map[string]any{"login": "dev"},
		"head": map[string]any{"repo": repo("dev"), "ref": "it's $(mine)", "sha": "cccc"},
		"base": map[string]any{"repo": repo("example"), "ref": "main", "sha": "dddd"}}}}
}

// hook gives the context of what a hook starts.
func hook(tasksFor string, more map[string]any) map[string]any {
	context := map[string]any{"tasks_for": tasksFor, "ownTaskId": "OWN",
		"repository": map[string]any{"url": "https://github.com/example/greeter", "project": "greeter", "level": 3.0, "base_url": "https://github.com/base/greeter"},
		"push":       map[string]any{"branch": "main", "revision": "eeee", "base_branch": "trunk"}}
	maps.Copy(context, more)
	return context
}

var action = map[string]any{"taskId": "TASK", "input": map[string]any{"n": 1.0}, "clientId": "github/1", "action": map[string]any{
	"name": "again", "title": "Again", "description": "Once more", "taskGroupId": "GROUP", "cb_name": "retrigger", "action_perm": "generic"}}

func TestTaskclusterYML(t *testing.T) {
	task := func(context map[string]any) map[string]any { return render(t, answers(), context) }

	p := task(push("refs/heads/main"))
	assert.Equal(t, "slug-decision_task", p["taskId"])
	assert.Equal(t, p["taskId"], p["taskGroupId"])
	assert.Equal(t, "example-level-3", p["schedulerId"])
	assert.Equal(t, "example-3", p["provisionerId"])
	assert.Equal(t, []any{"assume:repo:github.com/example/greeter:branch:main"}, p["scopes"])
	assert.Equal(t, []any{"checks", "index.example.v2.greeter.latest.taskgraph.decision", "index.example.v2.greeter.revision.aaaa.taskgraph.decision"}, p["routes"])
	assert.Equal(t, "2027-01-02T03:04:06.000Z", p["expires"])
	command := dig(p, "payload", "command").([]any)
	require.Len(t, command, 3)
	for _, want := range []string{"taskgraph@v1.2.3;", "taskgraph decision", `--head-rev="$DECISION_HEAD_REV"`, `--tasks-for="$DECISION_TASKS_FOR"`} {
		assert.Contains(t, command[2], want)
	}
	assert.Equal(t, "3", dig(p, "payload", "env", "DECISION_LEVEL"))
	assert.Equal(t, "bbbb", dig(p, "payload", "env", "DECISION_BASE_REV"))
	assert.Nil(t, task(push("refs/heads/other")))
	assert.Nil(t, task(push("refs/tags/v1")))
	assert.Nil(t, task(map[string]any{"tasks_for": "github-release", "event": map[string]any{}}))
	assert.Nil(t, task(map[string]any{"tasks_for": "github-issue-comment", "event": map[string]any{}}))

	for _, wanted := range []string{"opened", "reopened", "synchronize"} {
		pr := task(pullRequest(wanted))
		assert.Equal(t, []any{"assume:repo:github.com/example/greeter:pull-request"}, pr["scopes"])
		assert.Equal(t, "example-level-1", pr["schedulerId"], "nobody is trusted")
		assert.Equal(t, "https://github.com/dev/greeter", dig(pr, "payload", "env", "DECISION_HEAD_REPOSITORY"))
		assert.Equal(t, "it's $(mine)", dig(pr, "payload", "env", "DECISION_HEAD_REF"))
		assert.NotContains(t, dig(pr, "payload", "command").([]any)[2], "mine", "a branch's name is no part of a command")
	}
	assert.Nil(t, task(pullRequest("closed")))

	c := task(hook("cron", map[string]any{"cron": map[string]any{"job_name": "nightly", "task_id": "CRON", "quoted_args": "--target-tasks-method='nightly'"}}))
	assert.Equal(t, "OWN", c["taskId"])
	assert.Equal(t, []any{"assume:repo:github.com/example/greeter:cron:nightly"}, c["scopes"])
	assert.Contains(t, dig(c, "payload", "command").([]any)[2], "--target-tasks-method='nightly'")

	a := task(hook("action", action))
	assert.NotContains(t, a, "taskId", "an action task is not the decision task")
	assert.Equal(t, "GROUP", a["taskGroupId"])
	assert.Equal(t, []any{"assume:repo:github.com/example/greeter:action:generic"}, a["scopes"])
	assert.Equal(t, `"TASK"`, dig(a, "payload", "env", "ACTION_TASK_ID"))
	assert.Equal(t, "retrigger", dig(a, "payload", "env", "ACTION_CALLBACK"))
	assert.True(t, strings.HasSuffix(dig(a, "payload", "command").([]any)[2].(string), " taskgraph action-callback"))

	pa := task(hook("pr-action", action))
	assert.Equal(t, "example-level-1", pa["schedulerId"])
	assert.Equal(t, []any{"assume:repo:github.com/example/greeter:pr-action:generic"}, pa["scopes"])
	assert.Equal(t, "https://github.com/base/greeter", dig(pa, "payload", "env", "DECISION_BASE_REPOSITORY"))
}

// For real events it makes what the template of the Python program makes of them, as far as they should agree.
func TestTaskclusterYMLAsOthers(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "shared", "fixtures", "taskcluster-yml")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no recorded events here")
	}
	load := func(name string) (out map[string]any) {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &out))
		return out
	}
	a := scaffold.Answers{Repository: "https://github.com/taskcluster/taskgraph", TrustDomain: "taskgraph", Level: "3"}
	a.SetDefaults()
	for _, event := range []string{"github-push", "github-push-other-branch", "github-pull-request", "cron", "action"} {
		t.Run(event, func(t *testing.T) {
			got := render(t, a, load("taskgraph."+event+".context.json"))
			expected := dig(load("taskgraph."+event+".expected.json"), "result", "tasks").([]any)
			if len(expected) == 0 {
				assert.Nil(t, got)
				return
			}
			want := expected[0].(map[string]any)
			for _, same := range []string{"taskGroupId", "schedulerId", "provisionerId", "workerType", "created", "deadline", "expires", "scopes", "priority", "requires", "retries"} {
				if id, ok := got[same].(string); ok && strings.HasPrefix(id, "slug-") {
					assert.Equal(t, want["taskId"], want[same])
					continue
				}
				assert.Equal(t, want[same], got[same], same)
			}
			assert.Equal(t, want["taskId"] == nil, got["taskId"] == nil)
			assert.Equal(t, dig(want, "metadata", "source"), dig(got, "metadata", "source"))
			assert.Equal(t, dig(want, "tags", "kind"), dig(got, "tags", "kind"))
			assert.Equal(t, dig(want, "extra", "tasks_for"), dig(got, "extra", "tasks_for"))
			assert.Equal(t, dig(want, "extra", "action"), dig(got, "extra", "action"))
			for _, route := range want["routes"].([]any) {
				if !strings.HasPrefix(route.(string), "tc-treeherder.") {
					assert.Contains(t, got["routes"], route)
				}
			}
			for _, name := range []string{"BASE_REPOSITORY", "BASE_REF", "BASE_REV", "HEAD_REPOSITORY", "HEAD_REF", "HEAD_REV"} {
				assert.Equal(t, dig(want, "payload", "env", "TASKGRAPH_"+name), dig(got, "payload", "env", "DECISION_"+name), name)
			}
			for _, name := range []string{"ACTION_TASK_GROUP_ID", "ACTION_TASK_ID", "ACTION_CALLBACK"} {
				assert.Equal(t, dig(want, "payload", "env", name), dig(got, "payload", "env", name), name)
			}
			if input, ok := dig(got, "payload", "env", "ACTION_INPUT").(string); ok {
				assert.JSONEq(t, dig(want, "payload", "env", "ACTION_INPUT").(string), input)
			}
		})
	}
}

// What it makes is what the queue and the worker take.
func TestTaskclusterYMLFitsTheQueue(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "shared", "schemas")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no schemas of the services here")
	}
	compile := func(name string) *jsonschema.Schema {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		var doc map[string]any
		require.NoError(t, json.Unmarshal(text, &doc))
		delete(doc, "$id") // it refers to nothing, wherever it is
		text, err = json.Marshal(doc)
		require.NoError(t, err)
		s, err := jsonschema.CompileString(name, string(text))
		require.NoError(t, err)
		return s
	}
	request := compile("queue/create-task-request.json")
	payload := compile("docker-worker/payload.json")
	cron := map[string]any{"cron": map[string]any{"job_name": "nightly", "task_id": "CRON", "quoted_args": ""}}
	for name, context := range map[string]map[string]any{"push": push("refs/heads/main"), "pull request": pullRequest("opened"), "cron": hook("cron", cron), "action": hook("action", action)} {
		task := render(t, answers(), context)
		delete(task, "taskId")
		task["taskGroupId"] = "bJ1zqEOsTkqkM4sYqx2eGA"
		assert.NoError(t, request.Validate(task), name)
		assert.NoError(t, payload.Validate(task["payload"]), name)
	}
}

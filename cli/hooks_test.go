package cli_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	tcclient "github.com/taskcluster/taskcluster/v87/clients/client-go"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcauth"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tchooks"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcqueue"

	"github.com/taskgraph-go/decision/cli"
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskcluster/local"
	"github.com/taskgraph-go/decision/taskgraph"
)

const hooksTree = `
-- taskcluster/config.yml --
trust-domain: demo
task-priority: low
workers: {aliases: {}}
taskgraph: {repositories: {demo: {name: demo}}}
hooks:
  owner: ci@example.com
  repositories:
    - {url: https://github.com/org/app, project: app, level: 3}
    - {url: https://github.com/org/try, project: try, level: 1}
-- .taskcluster.yml --
version: 1
tasks:
  - taskQueueId: demo-${repository.level}/decision
    schedulerId: demo-level-${repository.level}
    created: {$fromNow: ''}
    deadline: {$fromNow: 1 day}
    taskGroupId: ${action.taskGroupId}
    routes: ['index.demo.v2.${repository.project}.revision.${push.revision}.taskgraph.actions.${ownTaskId}']
    scopes: ['${action.repo_scope}']
    metadata: {name: '${action.title}', description: '', owner: ci@example.com, source: '${repository.url}'}
    payload: {callback: '${action.cb_name}', input: {$eval: input}}
`

// The hooks that apply makes run on the service, with the roles that it makes and nothing else; and they keep people who may trigger one
// from doing what another one may.
func TestHooksRunActions(t *testing.T) {
	service, err := local.New(local.Options{Roles: map[string][]string{
		// What the administrator of the deployment gives to the repositories.
		"repo:github.com/org/app:action:generic": {"queue:create-task:lowest:worker/*"},
	}})
	require.NoError(t, err)
	web := httptest.NewServer(service.Handler())
	defer web.Close()
	registry := cli.Standard()
	registry.Actions.Add("ship", &taskgraph.Action{Name: "ship", Title: "Ship", Symbol: "s", Permission: "release", Run: func(*taskgraph.ActionArgs) error { return nil }})
	dir := newTree(t, hooksTree)
	env := maps.Clone(local.Environment(web.URL, service.RootCredentials()))
	run := func(args ...string) (string, string, int) {
		var out, errs bytes.Buffer
		app := &cli.App{Registry: registry, Stdin: strings.NewReader("y\n"), Stdout: &out, Stderr: &errs, Dir: dir, Env: func(n string) string { return env[n] }}
		code := app.Run(t.Context(), append([]string{"hooks"}, args...))
		return out.String(), errs.String(), code
	}

	_, said, code := run("apply")
	assert.Equal(t, diag.ExitUsage, code, said)
	assert.Contains(t, said, "--yes")
	out, said, code := run("apply", "--yes")
	require.Zero(t, code, said)
	// generic, release, and what two standard actions ask for, at levels 1 and 3
	assert.Equal(t, 8, strings.Count(out, "create hook "))
	assert.Equal(t, 8, strings.Count(out, "create role "))
	out, said, code = run("diff", "--exit-code")
	require.Zero(t, code, out+said)
	assert.Empty(t, out)

	list, err := tchooks.New(service.RootCredentials(), web.URL).ListHooks("project-demo")
	require.NoError(t, err)
	id := ""
	for _, h := range list.Hooks {
		if strings.HasPrefix(h.HookID, "in-tree-action-3-generic/") {
			id = h.HookID
		}
	}
	require.NotEmpty(t, id)

	trigger := func(c *tcclient.Credentials, id, url string, more string) (*tcqueue.TaskDefinitionResponse, error) {
		payload := tchooks.TriggerHookRequest(`{"decision": {
			"action": {"name": "retrigger", "title": "Retrigger", "description": "again", "taskGroupId": "cGoV3CdOQHmzQ3kyJ5OAsw", "cb_name": "retrigger", "symbol": "rt"},
			"push": {"owner": "dev@example.com", "revision": "abc", "pushlog_id": "0"},
			"repository": {"url": "` + url + `", "project": "app", "level": "3"}},
			"user": {"input": {"times": 2}, "taskId": null, "taskGroupId": "cGoV3CdOQHmzQ3kyJ5OAsw"` + more + `}}`)
		answer, err := tchooks.New(c, web.URL).TriggerHook("project-demo", id, &payload)
		if err != nil {
			return nil, err
		}
		var made struct{ TaskID string }
		text, err := json.Marshal(answer)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &made))
		return tcqueue.New(service.RootCredentials(), web.URL).Task(made.TaskID)
	}
	person := service.Credentials("hooks:trigger-hook:project-demo/in-tree-action-3-generic/*")
	task, err := trigger(person, id, "https://github.com/org/app", "")
	require.NoError(t, err)
	assert.Equal(t, []string{"assume:repo:github.com/org/app:action:generic"}, task.Scopes)
	assert.JSONEq(t, `{"callback": "retrigger", "input": {"times": 2}}`, string(task.Payload))
	assert.Equal(t, "demo-3/decision", task.TaskQueueID)

	for name, try := range map[string]func() error{
		"another repository": func() error { _, err := trigger(person, id, "https://github.com/evil/app", ""); return err },
		"another permission": func() error {
			_, err := trigger(person, strings.Replace(id, "generic", "release", 1), "https://github.com/org/app", "")
			return err
		},
		"another level":     func() error { _, err := trigger(person, id, "https://github.com/org/try", ""); return err },
		"unknown fields":    func() error { _, err := trigger(person, id, "https://github.com/org/app", `, "more": 1`); return err },
		"an address with /": func() error { _, err := trigger(person, id, "https://github.com/org/app/", ""); return err },
	} {
		t.Run(name, func(t *testing.T) { assert.Error(t, try()) })
	}

	// A new file gets new hooks; the old one stays.
	file := filepath.Join(dir, ".taskcluster.yml")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, append(text, "# changed\n"...), 0o644))
	_, said, code = run("apply", "-y")
	require.Zero(t, code, said)
	assert.Contains(t, said, "no longer current since")
	_, err = trigger(person, id, "https://github.com/org/app", "")
	assert.NoError(t, err)

	// Who may not change hooks is told so, and the next try goes on.
	env = local.Environment(web.URL, service.Credentials("hooks:list-hooks:*", "hooks:get:*", "hooks:status:*", "auth:list-roles"))
	require.NoError(t, os.WriteFile(file, append(text, "# again\n"...), 0o644))
	_, said, code = run("apply", "-y")
	assert.Equal(t, diag.ExitNetwork, code, said)
	assert.Contains(t, said, "InsufficientScopes")
	_, err = tcauth.New(service.RootCredentials(), web.URL).Role("hook-id:project-demo/in-tree-action-3-generic/*")
	assert.NoError(t, err)
}

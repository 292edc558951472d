package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	tcclient "github.com/taskcluster/taskcluster/v87/clients/client-go"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcauth"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tchooks"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcqueue"

	"github.com/taskgraph-go/decision/cli"
	"github.com/taskgraph-go/decision/decision"
	"github.com/taskgraph-go/decision/decision/definition"
	"github.com/taskgraph-go/decision/decision/submit"
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskcluster/local"
	"github.com/taskgraph-go/decision/taskgraph"
)

// actionsBase begins a repository whose pushes have actions.
const actionsBase = `
-- .taskcluster.yml --
version: 1
tasks:
  - $if: 'tasks_for in ["github-push", "action"]'
    then:
      taskId: {$if: 'tasks_for != "action"', then: {$eval: ownTaskId}}
      taskGroupId: {$if: 'tasks_for == "action"', then: {$eval: action.taskGroupId}, else: {$eval: ownTaskId}}
      schedulerId: demo-level-${repository.level}
      taskQueueId: demo/decision
      priority: highest
      created: {$fromNow: ''}
      deadline: {$fromNow: '1 day'}
      metadata: {name: "${tasks_for} task", description: "decides", owner: dev@example.com, source: "${repository.url}"}
      tags: {$if: 'tasks_for == "action"', then: {kind: action-callback}, else: {kind: decision-task}}
      routes: {$if: 'tasks_for == "action"', then: ["index.demo.v2.demo.revision.${push.revision}.actions.${ownTaskId}"], else: []}
      scopes: {$if: 'tasks_for == "action"', then: ["${action.repo_scope}"], else: []}
      payload:
        env:
          $if: 'tasks_for == "action"'
          then:
            ACTION_TASK_GROUP_ID: ${action.taskGroupId}
            ACTION_TASK_ID: {$json: {$eval: taskId}}
            ACTION_INPUT: {$json: {$eval: input}}
            ACTION_CALLBACK: ${action.cb_name}
          else: {}
-- taskcluster/config.yml --
trust-domain: demo
task-priority: low
workers: {aliases: {linux: {provisioner: demo, implementation: docker-worker, os: linux, worker-type: linux}}}
hooks:
  owner: ci@example.com
  repositories: [{url: https://github.com/example-org/demo, project: demo, level: 1}]
`

// actionsTree is a repository with few tasks.
const actionsTree = actionsBase + `
taskgraph: {repositories: {demo: {name: Demo}}}
actions: {create-interactive: {scopes: []}}
-- taskcluster/kinds/build/kind.yml --
loader: taskgraph.loader.transform:loader
transforms: [taskgraph.transforms.task]
tasks:
  linux:
    description: build
    worker-type: linux
    worker: {docker-image: debian, max-run-time: 600, command: [make]}
    attributes: {retrigger: true, cached_task: {type: a, name: b, digest: c}}
    tags: {retrigger: "true"}
-- taskcluster/kinds/test/kind.yml --
loader: taskgraph.loader.transform:loader
kind-dependencies: [build]
transforms: [taskgraph.transforms.task]
task-defaults: {description: test, worker-type: linux, dependencies: {build: build-linux}, attributes: {retrigger: true}, tags: {retrigger: "true"}, worker: {docker-image: debian, max-run-time: 600, command: [test]}}
tasks:
  unit: {}
  slow: {run-on-projects: []}
`

// actionsService is a deployment with a push to it.
type actionsService struct {
	t      *testing.T
	server *local.Server
	url    string
	dir    string
	rev    string
	group  string
	queue  *tcqueue.Queue

	mu        sync.Mutex
	creations []string
}

// record serves what a handler does. The tasks that are created are noted before the client hears of it.
func (s *actionsService) record(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, ok := strings.CutPrefix(r.URL.Path, "/api/queue/v1/task/")
		if !ok || r.Method != http.MethodPut || strings.Contains(id, "/") {
			handler.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, r)
		if answer.Code == http.StatusOK {
			s.mu.Lock()
			s.creations = append(s.creations, id)
			s.mu.Unlock()
		}
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		answer.Body.WriteTo(w)
	})
}

// created gives the tasks that were created over HTTP, in this order.
func (s *actionsService) created() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.creations)
}

// submitter creates the tasks of a decision with the task's own credentials.
type submitter struct{ client *taskcluster.Client }

func (s submitter) Submit(ctx context.Context, sub *decision.Submission) error {
	result, err := submit.Run(ctx, submit.Options{Graph: sub.Graph, Queue: s.client,
		Group: definition.Group{DecisionTaskID: sub.DecisionTaskID, SchedulerID: sub.Project.Config.TrustDomain() + "-level-" + sub.Params.Level()}})
	if err != nil {
		return err
	}
	return result.Err(nil)
}

func newActionsService(t *testing.T, tree string) *actionsService {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git")
	}
	server, err := local.New(local.Options{ClaimWait: -1})
	require.NoError(t, err)
	t.Cleanup(func() { server.Close() })
	s := &actionsService{t: t, server: server, dir: newTree(t, tree)}
	web := httptest.NewServer(s.record(server.Handler()))
	t.Cleanup(web.Close)
	s.url, s.queue = web.URL, tcqueue.New(server.RootCredentials(), web.URL)
	for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"remote", "add", "origin", "https://github.com/example-org/demo"}, {"add", "."}, {"commit", "-q", "-m", "first"}} {
		s.git(args...)
	}
	code, _, errs := s.run(nil, server.RootCredentials(), "hooks", "apply", "--yes")
	require.Zero(t, code, errs)
	auth := tcauth.New(server.RootCredentials(), web.URL)
	tasks := []string{"queue:create-task:highest:demo/*", "queue:create-task:project:none", "queue:scheduler-id:demo-level-1", "queue:route:checks", "queue:rerun-task:demo-level-1/*",
		"queue:cancel-task:demo-level-1/*", "queue:route:index.demo.v2.*", "queue:get-artifact:public/*", "queue:list-task-group:*", "index:find-task:*", "index:list-tasks:*", "queue:get-task:*", "queue:status:*", "queue:list-artifacts:*", "docker-worker:cache:demo-*"}
	for role, scopes := range map[string][]string{
		"repo:github.com/example-org/demo:branch:main": append(slices.Clone(tasks), "in-tree:hook-action:project-demo/in-tree-action-1-*"),
		"repo:github.com/example-org/demo:action:*":    tasks,
	} {
		_, err := auth.CreateRole(role, &tcauth.CreateRoleRequest{Scopes: scopes})
		require.NoError(t, err)
	}
	s.push("decision")
	return s
}

func (s *actionsService) git(args ...string) string {
	cmd := exec.Command("git", append([]string{"-C", s.dir, "-c", "user.name=dev", "-c", "user.email=dev@example.com"}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull)
	out, err := cmd.CombinedOutput()
	require.NoError(s.t, err, string(out))
	return strings.TrimSpace(string(out))
}

// run runs a command with an environment and credentials.
func (s *actionsService) run(env map[string]string, c *tcclient.Credentials, args ...string) (code int, out, errs string) {
	s.t.Helper()
	all := map[string]string{"TASKCLUSTER_ROOT_URL": s.url, "TASKCLUSTER_CLIENT_ID": c.ClientID, "TASKCLUSTER_ACCESS_TOKEN": c.AccessToken, "TASKCLUSTER_CERTIFICATE": c.Certificate}
	for k, v := range env {
		all[k] = v
	}
	var stdout, stderr bytes.Buffer
	app := &cli.App{Registry: cli.Standard(), Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Dir: s.dir, Env: func(name string) string { return all[name] }}
	app.Submitter = submitter{taskcluster.NewClient(taskcluster.Options{RootURL: s.url, Credentials: c})}
	code = app.Run(s.t.Context(), args)
	return code, stdout.String(), stderr.String()
}

// push runs the decision task of the newest commit.
func (s *actionsService) push(name string) {
	s.group, s.rev = taskgraph.TaskID("test", name), s.git("rev-parse", "HEAD")
	def, err := json.Marshal(map[string]any{
		"taskGroupId": s.group, "schedulerId": "demo-level-1", "taskQueueId": "demo/decision", "priority": "highest", "created": time.Now().UTC().Format(taskcluster.TimeFormat),
		"deadline": time.Now().Add(time.Hour).UTC().Format(taskcluster.TimeFormat), "payload": map[string]any{}, "tags": map[string]any{"kind": "decision-task"},
		"metadata": map[string]any{"name": "Decision", "description": "d", "owner": "dev@example.com", "source": "https://github.com/example-org/demo"},
		"scopes":   []string{"assume:repo:github.com/example-org/demo:branch:main"},
		"routes":   []string{"index.demo.v2.demo.revision." + s.rev + ".taskgraph.decision", "index.demo.v2.demo.latest.taskgraph.decision"},
	})
	require.NoError(s.t, err)
	require.NoError(s.t, taskcluster.NewClient(taskcluster.Options{RootURL: s.url, Credentials: s.server.RootCredentials()}).CreateTask(s.t.Context(), s.group, def))
	s.decide(s.group)
}

// decide works on a decision task.
func (s *actionsService) decide(taskID string) {
	code, errs := s.work(taskID, "decision", "--project=demo", "--owner=dev@example.com", "--level=1", "--tasks-for=github-push", "--repository-type=git",
		"--base-repository=https://github.com/example-org/demo", "--head-repository=https://github.com/example-org/demo", "--head-ref=main", "--head-rev="+s.rev, "--base-rev=0000000000000000000000000000000000000000", "--pushlog-id=1", "--pushdate=1700000000")
	require.Zero(s.t, code, errs)
}

// work does what a worker does with a task: it claims it, runs a command with the credentials of the run and the task's environment,
// uploads the artifacts and reports how it went.
func (s *actionsService) work(taskID string, args ...string) (code int, errs string) {
	s.t.Helper()
	claimed, err := s.queue.ClaimWork("demo/decision", &tcqueue.ClaimWorkRequest{Tasks: 1, WorkerGroup: "g", WorkerID: "w"})
	require.NoError(s.t, err)
	require.Len(s.t, claimed.Tasks, 1)
	claim := claimed.Tasks[0]
	require.Equal(s.t, taskID, claim.Status.TaskID)
	var payload struct{ Env map[string]string }
	require.NoError(s.t, json.Unmarshal(claim.Task.Payload, &payload))
	env := map[string]string{"TASK_ID": taskID}
	for k, v := range payload.Env {
		env[k] = v
	}
	credentials := &tcclient.Credentials{ClientID: claim.Credentials.ClientID, AccessToken: claim.Credentials.AccessToken, Certificate: claim.Credentials.Certificate}
	artifacts := s.t.TempDir()
	code, _, errs = s.run(env, credentials, append(args, "--artifacts", artifacts, "--docker-contexts", s.t.TempDir())...)
	queue := tcqueue.New(credentials, s.url)
	files, err := os.ReadDir(artifacts)
	require.NoError(s.t, err)
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(artifacts, f.Name()))
		require.NoError(s.t, err)
		s.upload(queue, taskID, "public/"+f.Name(), text)
	}
	if code == 0 {
		_, err = queue.ReportCompleted(taskID, "0")
	} else {
		_, err = queue.ReportFailed(taskID, "0")
	}
	require.NoError(s.t, err)
	return code, errs
}

// upload uploads an artifact of a task that runs.
func (s *actionsService) upload(queue *tcqueue.Queue, taskID, name string, text []byte) {
	s.t.Helper()
	request, err := json.Marshal(map[string]any{"storageType": "s3", "contentType": "application/json", "expires": time.Now().Add(time.Hour).UTC().Format(taskcluster.TimeFormat)})
	require.NoError(s.t, err)
	answer, err := queue.CreateArtifact(taskID, "0", name, (*tcqueue.PostArtifactRequest)(&request))
	require.NoError(s.t, err)
	var put struct{ PutURL string }
	require.NoError(s.t, json.Unmarshal(*answer, &put))
	req, err := http.NewRequest(http.MethodPut, put.PutURL, bytes.NewReader(text))
	require.NoError(s.t, err)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(s.t, err)
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	require.Equal(s.t, 200, resp.StatusCode)
}

// tasks gives the tasks of a group by what stands for them: name, and what they depend on in the group.
func (s *actionsService) tasks(group string) map[string][]string {
	s.t.Helper()
	list, err := s.queue.ListTaskGroup(group, "", "")
	require.NoError(s.t, err)
	out := map[string][]string{}
	for _, t := range list.Tasks {
		out[t.Task.Metadata.Name] = append(out[t.Task.Metadata.Name], t.Status.TaskID)
	}
	return out
}

// act triggers an action with the rights of a user and works on the action task.
func (s *actionsService) act(args ...string) (id string, code int, errs string) {
	s.t.Helper()
	user := s.server.Credentials("hooks:trigger-hook:project-demo/in-tree-action-1-*", "queue:get-artifact:public/*", "auth:expand-scopes", "queue:get-task:*", "index:find-task:*")
	code, out, errs := s.run(nil, user, append([]string{"action", "run"}, args...)...)
	if code != 0 {
		return "", code, errs
	}
	id = strings.TrimSpace(out)
	code, errs = s.work(id, "action-callback")
	return id, code, errs
}

// From the push over a click to the tasks that the action promises, on a deployment over HTTP: what is created, and nothing else.
func TestActionsOnAService(t *testing.T) {
	s := newActionsService(t, actionsTree)
	before := s.tasks(s.group)
	assert.Len(t, before, 3, "%v", before)
	build, unit := before["build-linux"][0], before["test-unit"][0]

	id, _ := s.promise(s.group, map[string]int{"test-unit": 2}, "retrigger", "--group", s.group, "--task", "test-unit", "--input", `{"times": 2}`)
	after := s.tasks(s.group)
	assert.Len(t, after["test-unit"], 3)
	assert.Len(t, after["build-linux"], 1)
	assert.Equal(t, []string{id}, after["action task"])
	for _, taskID := range after["test-unit"] {
		def, err := s.queue.Task(taskID)
		require.NoError(t, err)
		if taskID != unit {
			assert.Equal(t, []string{id, build, s.group}, def.Dependencies)
		}
	}

	s.promise(s.group, map[string]int{"test-slow": 1}, "add-new-jobs", "--project", "demo", "--input", `{"tasks": ["test-slow"]}`)
	s.promise(s.group, map[string]int{"build-linux": 1}, "rebuild-cached-tasks", "--group", s.group)
	id, _ = s.promise("", map[string]int{"test-unit": 1}, "create-interactive", "--group", s.group, "--task", unit)
	after = s.tasks(s.group)
	assert.Len(t, after["test-slow"], 1)
	assert.Len(t, after["build-linux"], 2)
	assert.Len(t, after["test-unit"], 3)
	assert.Len(t, s.tasks(id)["test-unit"], 1, "in a group of its own")

	s.promise(s.group, map[string]int{}, "cancel", "--group", s.group, "--task", "test-unit")
	s.promise(s.group, map[string]int{}, "cancel-all", "--group", s.group)
	list, err := s.queue.ListTaskGroup(s.group, "", "")
	require.NoError(t, err)
	for _, task := range list.Tasks {
		assert.NotContains(t, []string{"pending", "running", "unscheduled"}, task.Status.State, task.Task.Metadata.Name)
	}
	s.promise(s.group, map[string]int{}, "rerun", "--group", s.group, "--task", build)
	status, err := s.queue.Status(build)
	require.NoError(t, err)
	assert.NotEqual(t, "exception", status.Status.State)
	_, code, errs := s.act("retrigger", "--group", s.group, "--task", s.group)
	assert.Equal(t, diag.ExitSubmission, code, "the permission retrigger-decision has no scopes here to create decision tasks with these scopes:\n%s", errs)

	// Mistakes end before anything is triggered.
	for want, args := range map[string][]string{
		`there is no action "retriger"`:     {"retriger", "--group", s.group},
		`is not offered for the task group`: {"rerun", "--group", s.group},
		`must be <= 100`:                    {"add-new-jobs", "--group", s.group, "--input", `{"times": 101}`},
		`has no task "test-nothing"`:        {"rerun", "--group", s.group, "--task", "test-nothing"},
		`wants the id of a task group`:      {"rerun", "--group", "x"},
		`is in group ` + id:                 {"rerun", "--group", s.group, "--task", s.tasks(id)["test-unit"][0]},
	} {
		_, code, errs := s.act(args...)
		assert.NotZero(t, code, want)
		assert.Contains(t, errs, want)
	}
}

// A caller who may only trigger the generic hook names a callback for few. The hook creates the task, and the callback does not run.
func TestGenericHookOnAService(t *testing.T) {
	s := newActionsService(t, actionsTree)
	before := s.tasks(s.group)
	code, out, errs := s.run(nil, s.server.RootCredentials(), "action", "run", "cancel-all", "--group", s.group, "--dry-run")
	require.Zero(t, code, errs)
	var hook struct {
		HookGroupID, HookID string
		Payload             map[string]any
	}
	require.NoError(t, json.Unmarshal([]byte(out), &hook))
	assert.True(t, strings.HasPrefix(hook.HookID, "in-tree-action-1-generic/"))
	hook.Payload["decision"].(map[string]any)["action"].(map[string]any)["cb_name"] = "rebuild-cached-tasks"
	text, err := json.Marshal(hook.Payload)
	require.NoError(t, err)
	hooks := tchooks.New(s.server.Credentials("hooks:trigger-hook:project-demo/in-tree-action-1-generic/*"), s.url)
	answer, err := hooks.TriggerHook(hook.HookGroupID, hook.HookID, (*tchooks.TriggerHookRequest)(&text))
	require.NoError(t, err)
	var fired struct{ TaskID string }
	require.NoError(t, json.Unmarshal(*answer, &fired))
	code, errs = s.work(fired.TaskID, "action-callback")
	assert.Equal(t, diag.ExitNetwork, code)
	assert.Contains(t, errs, `the action "rebuild-cached-tasks" has the permission "rebuild-cached-tasks", and this task has neither the scope`)
	after := s.tasks(s.group)
	assert.Equal(t, before["build-linux"], after["build-linux"], "nothing was created")

	// Whoever may not trigger a hook cannot by this program either.
	stranger := s.server.Credentials("hooks:trigger-hook:project-demo/in-tree-action-1-generic/*", "queue:get-artifact:public/*", "auth:expand-scopes", "queue:get-task:*")
	code, _, errs = s.run(nil, stranger, "action", "run", "rebuild-cached-tasks", "--group", s.group)
	assert.Equal(t, diag.ExitNetwork, code)
	assert.Contains(t, errs, "403 InsufficientScopes")
}

package cli_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	tcclient "github.com/taskcluster/taskcluster/v87/clients/client-go"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcauth"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcpurgecache"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcqueue"
)

// optionalActionsTree is a repository that turns on the actions that not every project has.
const optionalActionsTree = actionsBase + `
taskgraph:
  repositories: {demo: {name: Demo}}
  extensions:
    target-tasks:
      promote_demo: star/targets.star:promote
      ship_demo: star/targets.star:ship
actions:
  backfill: {pushes: git}
  purge-caches: true
  run-missing-tests: true
  confirm-failures: {max-tests: 3}
  release-promotion: true
  custom:
    retrigger-with-path:
      title: Retrigger with a path
      context: [{kind: test}]
      schema: {type: object, additionalProperties: false, required: [path], properties: {path: {type: string}, times: {type: integer, default: 1, maximum: 5}}}
      times: {$eval: input.times}
      change: {payload: {env: {TEST_PATH: {$eval: input.path}, FOR: "${parameters.project} ${label}"}}}
release-promotion:
  flavors:
    promote: {product: app, target-tasks-method: "promote_{project}", shipping-phase: promote}
    ship: {product: app, target-tasks-method: ship_demo, shipping-phase: ship, version-bump: true}
-- taskcluster/star/targets.star --
def promote(tasks, params):
    return ["release-promote"]

def ship(tasks, params):
    return ["release-ship"]
-- taskcluster/kinds/build/kind.yml --
loader: taskgraph.loader.transform:loader
transforms: [taskgraph.transforms.task]
tasks:
  linux:
    description: build
    worker-type: linux
    worker: {docker-image: debian, max-run-time: 600, command: [make], caches: [{type: persistent, name: objects, mount-point: /objects}, {type: persistent, name: crates, mount-point: /crates}]}
    attributes: {retrigger: true}
    tags: {retrigger: "true"}
-- taskcluster/kinds/test/kind.yml --
loader: taskgraph.loader.transform:loader
kind-dependencies: [build]
transforms: [taskgraph.transforms.task]
task-defaults: {description: test, worker-type: linux, dependencies: {build: build-linux}, attributes: {retrigger: true, unittest_suite: units}, tags: {retrigger: "true"}, worker: {docker-image: debian, max-run-time: 600, command: [test]}}
tasks:
  unit: {}
  unit-cf: {run-on-projects: []}
  skipped: {optimization: {skip-unless-changed: [other/**]}}
  slow: {run-on-projects: []}
-- taskcluster/kinds/lint/kind.yml --
loader: taskgraph.loader.transform:loader
transforms: [taskgraph.transforms.task]
tasks:
  code: {description: lint, worker-type: linux, worker: {docker-image: debian, max-run-time: 600, command: [lint]}}
  skipped: {description: lint, worker-type: linux, optimization: {skip-unless-changed: [other/**]}, worker: {docker-image: debian, max-run-time: 600, command: [lint]}}
-- taskcluster/kinds/release/kind.yml --
loader: taskgraph.loader.transform:loader
kind-dependencies: [build]
transforms: [taskgraph.transforms.task]
task-defaults: {description: release, worker-type: linux, run-on-projects: [], worker: {docker-image: debian, max-run-time: 600, command: [release]}}
tasks:
  promote: {dependencies: {build: build-linux}}
  ship: {dependencies: {promote: release-promote}}
`

// newOptionalActionsService is a deployment where the permissions have the scopes that they need.
func newOptionalActionsService(t *testing.T) *actionsService {
	s := newActionsService(t, optionalActionsTree)
	auth := tcauth.New(s.server.RootCredentials(), s.url)
	for permission, scopes := range map[string][]string{
		"retrigger-decision": {"assume:repo:github.com/example-org/demo:branch:main"},
		"purge-caches":       {"purge-cache:demo/linux:demo-level-1-*"},
		"backfill":           {"in-tree:hook-action:project-demo/in-tree-action-1-*", "hooks:trigger-hook:project-demo/in-tree-action-1-backfill/*", "auth:expand-scopes"},
	} {
		_, err := auth.CreateRole("repo:github.com/example-org/demo:action:"+permission, &tcauth.CreateRoleRequest{Scopes: scopes})
		require.NoError(t, err)
	}
	return s
}

// promise runs an action and checks that just these tasks came into being, by name and number, all in one group ("" is that of the
// action task), and that nothing but they and the action task was added to the group of the push. It gives the action task and them.
func (s *actionsService) promise(group string, want map[string]int, args ...string) (action string, created []string) {
	s.t.Helper()
	before := s.ids(s.group)
	n := len(s.created())
	action, code, errs := s.act(args...)
	require.Zero(s.t, code, errs)
	if group == "" {
		group = action
	}
	created = s.created()[n:]
	added := map[string]string{action: "action task"}
	got := map[string]int{}
	for _, id := range created {
		def, err := s.queue.Task(id)
		require.NoError(s.t, err)
		got[def.Metadata.Name]++
		assert.Equal(s.t, group, def.TaskGroupID, def.Metadata.Name)
		assert.Equal(s.t, "demo-level-1", def.SchedulerID)
		if group == s.group {
			added[id] = def.Metadata.Name
		}
	}
	assert.Equal(s.t, want, got)
	after := s.ids(s.group)
	for id := range before {
		delete(after, id)
	}
	assert.Equal(s.t, added, after, "the group of the push has nothing else that is new")
	return action, created
}

// ids gives the names of the tasks of a group by their ids.
func (s *actionsService) ids(group string) map[string]string {
	s.t.Helper()
	out := map[string]string{}
	for name, ids := range s.tasks(group) {
		for _, id := range ids {
			out[id] = name
		}
	}
	return out
}

// env gives the environment of a task.
func (s *actionsService) env(taskID string) map[string]string {
	s.t.Helper()
	def, err := s.queue.Task(taskID)
	require.NoError(s.t, err)
	var payload struct{ Env map[string]string }
	require.NoError(s.t, json.Unmarshal(def.Payload, &payload))
	return payload.Env
}

// finish runs the next pending tasks of the pool demo/linux until it has run one; that one leaves artifacts and may fail.
func (s *actionsService) finish(taskID string, fail bool, artifacts map[string]string) {
	s.t.Helper()
	for range 20 {
		claimed, err := s.queue.ClaimWork("demo/linux", &tcqueue.ClaimWorkRequest{Tasks: 1, WorkerGroup: "g", WorkerID: "w"})
		require.NoError(s.t, err)
		require.Len(s.t, claimed.Tasks, 1, "task %s is not pending", taskID)
		claim := claimed.Tasks[0]
		queue := tcqueue.New(&tcclient.Credentials{ClientID: claim.Credentials.ClientID, AccessToken: claim.Credentials.AccessToken, Certificate: claim.Credentials.Certificate}, s.url)
		if claim.Status.TaskID != taskID {
			_, err = queue.ReportCompleted(claim.Status.TaskID, "0")
			require.NoError(s.t, err)
			continue
		}
		for name, text := range artifacts {
			s.upload(queue, taskID, name, []byte(text))
		}
		if fail {
			_, err = queue.ReportFailed(taskID, "0")
		} else {
			_, err = queue.ReportCompleted(taskID, "0")
		}
		require.NoError(s.t, err)
		return
	}
	s.t.Fatalf("task %s was never pending", taskID)
}

// The other ways to run something again, on a deployment over HTTP.
func TestRetriggersOnAService(t *testing.T) {
	s := newOptionalActionsService(t)
	first := s.tasks(s.group)
	assert.Len(t, s.created(), 4, "the decision task and %v", first)
	lint, unit := first["lint-code"][0], first["test-unit"][0]

	// Several at once: what may be retriggered is created, and what may not runs again as it is, if it failed.
	s.finish(lint, true, nil)
	many := `{"requests": [{"tasks": ["test-unit", "build-linux"], "times": 2}, {"tasks": ["lint-code", "test-unit"]}]}`
	_, created := s.promise(s.group, map[string]int{"test-unit": 3, "build-linux": 2}, "retrigger-multiple", "--group", s.group, "--input", many)
	assert.NotContains(t, created, unit)
	status, err := s.queue.Status(lint)
	require.NoError(t, err)
	assert.Equal(t, "pending", status.Status.State)
	assert.Len(t, status.Status.Runs, 2)
	s.promise(s.group, map[string]int{}, "retrigger-multiple", "--group", s.group, "--input", `{"requests": []}`)

	// One that says nothing of being retriggered wants force.
	n := len(s.created())
	_, code, errs := s.act("retrigger", "--group", s.group, "--task", "lint-code")
	assert.NotZero(t, code)
	assert.Contains(t, errs, `task "lint-code" is not to be retriggered`)
	assert.Len(t, s.created(), n)
	s.promise(s.group, map[string]int{"lint-code": 2}, "retrigger", "--group", s.group, "--task", lint, "--input", `{"force": true, "times": 2}`)

	// The decision task with the same scopes, which decides again in a group of its own.
	_, created = s.promise(s.group, map[string]int{"Decision": 1}, "retrigger", "--group", s.group, "--task", s.group)
	require.Len(t, created, 1)
	def, err := s.queue.Task(created[0])
	require.NoError(t, err)
	old, err := s.queue.Task(s.group)
	require.NoError(t, err)
	assert.NotEqual(t, s.group, created[0])
	assert.Equal(t, old.Scopes, def.Scopes)
	assert.Equal(t, old.Routes, def.Routes)
	assert.Equal(t, old.TaskQueueID, def.TaskQueueID)
	assert.JSONEq(t, string(old.Payload), string(def.Payload))
	n = len(s.created())
	s.decide(created[0])
	assert.Len(t, s.created(), n+3)
	again := s.tasks(created[0])
	for _, label := range []string{"build-linux", "test-unit", "lint-code"} {
		assert.Len(t, again[label], 1, label)
	}
	assert.Len(t, again, 3)
}

// What a project turns on in config.yml, on a deployment over HTTP.
func TestOptionalActionsOnAService(t *testing.T) {
	s := newOptionalActionsService(t)
	first := s.tasks(s.group)
	unit := first["test-unit"][0]

	// Caches are emptied, those of the task and no others, and nothing is created.
	s.promise(s.group, map[string]int{}, "purge-cache", "--group", s.group, "--task", "build-linux")
	requests, err := tcpurgecache.New(s.server.RootCredentials(), s.url).AllPurgeRequests("", "")
	require.NoError(t, err)
	var purged []string
	for _, r := range requests.Requests {
		purged = append(purged, r.ProvisionerID+"/"+r.WorkerType+" "+r.CacheName)
	}
	assert.Equal(t, []string{"demo/linux demo-level-1-crates-v3", "demo/linux demo-level-1-objects-v3"}, purged)

	// What was a target and was optimized away is created, if it is a test; there is nothing more to do then.
	s.promise(s.group, map[string]int{"test-skipped": 1}, "run-missing-tests", "--group", s.group)
	s.promise(s.group, map[string]int{}, "run-missing-tests", "--group", s.group)

	// An action of config.yml: its input is checked before anything is triggered.
	n := len(s.created())
	_, code, errs := s.act("retrigger-with-path", "--group", s.group, "--task", unit, "--input", `{"times": 2}`)
	assert.NotZero(t, code)
	assert.Contains(t, errs, "missing properties: 'path'")
	assert.Len(t, s.created(), n)
	_, created := s.promise(s.group, map[string]int{"test-unit": 2}, "retrigger-with-path", "--group", s.group, "--task", unit, "--input", `{"path": "a/b", "times": 2}`)
	for _, id := range created {
		assert.Equal(t, "a/b", s.env(id)["TEST_PATH"])
		assert.Equal(t, "demo test-unit", s.env(id)["FOR"])
	}

	// Each test that failed runs again, in the task for that; what was expected does not.
	s.finish(unit, true, map[string]string{"public/units_errorsummary.log": strings.Join([]string{
		`{"action": "test_groups", "groups": ["a.ini"]}`,
		`{"action": "test_result", "test": "a/x.js", "group": "a.ini", "status": "FAIL", "expected": "PASS"}`,
		`{"action": "test_result", "test": "a/fine.js", "group": "a.ini", "status": "FAIL", "expected": "FAIL"}`,
		`{"action": "test_result", "test": "b/y.js", "group": "b.ini", "status": "TIMEOUT", "expected": "OK"}`,
	}, "\n")})
	_, created = s.promise(s.group, map[string]int{"test-unit-cf": 2}, "confirm-failures", "--group", s.group, "--task", unit)
	var confirmed []string
	for _, id := range created {
		confirmed = append(confirmed, s.env(id)["MOZHARNESS_CONFIRM_PATHS"]+" "+s.env(id)["MOZHARNESS_TEST_PATHS"])
	}
	assert.Equal(t, []string{`{"units":["a/x.js"]} {"units":["a.ini"]}`, `{"units":["b/y.js"]} {"units":["b.ini"]}`}, confirmed)
}

// Backfill goes over two pushes: the action of the newer one triggers that of the older one, which creates the task.
func TestBackfillOnAService(t *testing.T) {
	s := newOptionalActionsService(t)
	older, rev := s.group, s.rev
	s.git("commit", "-q", "--allow-empty", "-m", "second")
	s.push("second")
	assert.NotEqual(t, rev, s.rev)
	before := s.ids(older)
	s.promise(s.group, map[string]int{}, "backfill", "--group", s.group, "--task", "test-unit", "--input", `{"depth": 5}`)
	after := s.ids(older)
	for id := range before {
		delete(after, id)
	}
	require.Len(t, after, 1, "the action task in the older push: %v", after)
	var task string
	for id := range after {
		task = id
	}
	assert.Equal(t, "backfill-task", s.env(task)["ACTION_CALLBACK"])
	assert.Equal(t, older, s.env(task)["ACTION_TASK_GROUP_ID"])

	n, newer := len(s.created()), s.ids(s.group)
	s.git("checkout", "-q", rev)
	code, errs := s.work(task, "action-callback")
	require.Zero(t, code, errs)
	require.Len(t, s.created(), n+1)
	def, err := s.queue.Task(s.created()[n])
	require.NoError(t, err)
	assert.Equal(t, "test-unit", def.Metadata.Name)
	assert.Equal(t, older, def.TaskGroupID)
	assert.ElementsMatch(t, []string{task, s.tasks(older)["build-linux"][0], older}, def.Dependencies, "with the build of the older push")
	assert.Equal(t, newer, s.ids(s.group), "nothing in the newer push")
}

// A release in two steps, each of which is a graph of its own.
func TestReleasePromotionOnAService(t *testing.T) {
	s := newOptionalActionsService(t)
	build := s.tasks(s.group)["build-linux"][0]
	promoted, created := s.promise("", map[string]int{"release-promote": 1}, "release-promotion", "--group", s.group, "--input", `{"release_promotion_flavor": "promote", "build_number": 1}`)
	def, err := s.queue.Task(created[0])
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{build, promoted}, def.Dependencies, "with the build of the push")
	n := len(s.created())
	_, code, errs := s.act("release-promotion", "--group", s.group, "--input", `{"release_promotion_flavor": "ship", "build_number": 1}`)
	assert.NotZero(t, code)
	assert.Contains(t, errs, `the flavor "ship" needs the next version`)
	assert.Len(t, s.created(), n)
	input, err := json.Marshal(map[string]any{"release_promotion_flavor": "ship", "build_number": 1, "next_version": "2.0", "previous_graph_ids": []string{s.group, promoted}})
	require.NoError(t, err)
	_, shipped := s.promise("", map[string]int{"release-ship": 1}, "release-promotion", "--group", s.group, "--input", string(input))
	def, err = s.queue.Task(shipped[0])
	require.NoError(t, err)
	assert.Contains(t, def.Dependencies, created[0], "on what the step before made")
}

package actions_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/actions"
	"github.com/taskgraph-go/decision/cli"
	"github.com/taskgraph-go/decision/taskgraph"
)

func TestPurgeCaches(t *testing.T) {
	w := newWorld(t, "tree.txtar", configured(t, "actions: {purge-caches: {permission: purge}}\n"))
	p := w.push("D")
	a, _ := w.project.Registry.Actions.Get("purge-cache")
	assert.Equal(t, "purge", a.Permission)
	build := p.labels["build-linux"]
	w.tasks[build]["payload"].(map[string]any)["cache"] = map[string]any{"b": "/b", "a": "/a"}
	require.NoError(t, w.run("A", p, actions.Request{Callback: "purge-cache", TaskID: build}))
	assert.Equal(t, []string{"purge demo/linux a", "purge demo/linux b"}, w.calls)
	require.NoError(t, w.run("A2", p, actions.Request{Callback: "purge-cache", TaskID: build}, func(o *actions.Options) { o.Trial = true }))
	assert.Empty(t, w.calls)
	require.NoError(t, w.run("A3", p, actions.Request{Callback: "purge-cache", TaskID: p.labels["test-unit-1"]}))
	assert.Empty(t, w.calls, "it has none")
}

func TestRunMissingTests(t *testing.T) {
	kind := `-- taskcluster/kinds/test/kind.yml --
loader: taskgraph.loader.transform:loader
kind-dependencies: [build]
transforms: [taskgraph.transforms.task]
task-defaults: {description: tests, worker-type: linux, dependencies: {build: build-linux}, worker: {docker-image: debian, max-run-time: 600, command: [test]}}
tasks:
  here: {treeherder: {symbol: T(h), kind: test, tier: 1, platform: linux/opt}}
  gone: {treeherder: {symbol: T(g), kind: test, tier: 1, platform: linux/opt}, optimization: {skip-unless-changed: [other/**]}}
  no-target: {treeherder: {symbol: T(n), kind: test, tier: 1, platform: linux/opt}, run-on-projects: []}
`
	w := newWorld(t, "tree.txtar", configured(t, "actions: {run-missing-tests: true}\n")+kind)
	p := w.push("D")
	assert.NotContains(t, p.labels, "test-gone")
	require.NoError(t, w.run("A", p, actions.Request{Callback: "run-missing-tests"}))
	assert.Equal(t, []string{"test-gone <- A D:build-linux D"}, w.newTasks())
	w.publish("A", p)
	require.NoError(t, w.run("A2", p, actions.Request{Callback: "run-missing-tests"}))
	assert.Empty(t, w.created, "nothing is missing any more")
}

func TestConfirmFailures(t *testing.T) {
	kind := `-- taskcluster/kinds/test/kind.yml --
loader: taskgraph.loader.transform:loader
kind-dependencies: [build]
transforms: [taskgraph.transforms.task]
task-defaults: {description: tests, worker-type: linux, dependencies: {build: build-linux}, attributes: {unittest_suite: unit}, worker: {docker-image: debian, max-run-time: 600, command: [test]}}
tasks:
  unit: {treeherder: {symbol: T(u), kind: test, tier: 1, platform: linux/opt}}
  unit-cf: {treeherder: {symbol: T(ucf), kind: test, tier: 1, platform: linux/opt}, run-on-projects: []}
  other: {treeherder: {symbol: T(o), kind: test, tier: 1, platform: linux/opt}}
`
	w := newWorld(t, "tree.txtar", configured(t, "actions: {confirm-failures: {repeat-suites: [unit], max-tests: 3}}\n")+kind)
	p := w.push("D")
	unit := p.labels["test-unit"]
	w.artifacts[unit+"/public/unit_errorsummary.log"] = []byte(strings.Join([]string{
		`{"action": "test_groups", "groups": ["a.ini"]}`,
		`{"action": "test_result", "test": "a/x.js", "group": "a.ini", "status": "FAIL", "expected": "PASS"}`,
		`{"action": "test_result", "test": "a/x.js", "group": "a.ini", "status": "FAIL", "expected": "PASS"}`,
		`{"action": "test_result", "test": "a/known.js", "group": "a.ini", "status": "FAIL", "expected": "PASS", "known_intermittent": ["FAIL"]}`,
		`{"action": "test_result", "test": "a/fine.js", "group": "a.ini", "status": "FAIL", "expected": "FAIL"}`,
		`{"action": "test_result", "test": "b/", "status": "TIMEOUT", "expected": "OK"}`,
		`{"action": "test_result", "test": "c", "status": "TIMEOUT", "expected": "OK"}`,
		`{"action": "test_result", "test": "d", "status": "TIMEOUT", "expected": "OK"}`,
		`{"action": "test_re`,
	}, "\n"))
	require.NoError(t, w.run("A", p, actions.Request{Callback: "confirm-failures", TaskID: unit}))
	var out strings.Builder
	w.tell(&out, "confirm failures of test-unit", p)
	golden(t, "confirm.golden", out.String())

	require.NoError(t, w.run("A2", p, actions.Request{Callback: "confirm-failures", TaskID: unit, Input: input(t, `{"test_path": "z", "test_group": "g", "suite": "s", "repeat_args": "--loop 3"}`)}))
	require.Len(t, w.created, 1)
	payload := w.tasks[w.created[0]]["payload"].(map[string]any)
	assert.Equal(t, []any{"test --loop 3"}, payload["command"])
	assert.Equal(t, `{"s":["g"]}`, payload["env"].(map[string]any)["MOZHARNESS_TEST_PATHS"])

	delete(w.artifacts, unit+"/public/unit_errorsummary.log")
	require.NoError(t, w.run("A3", p, actions.Request{Callback: "confirm-failures", TaskID: unit}))
	assert.Equal(t, []string{"test-unit <- A3 D:build-linux D"}, w.newTasks(), "as a whole")
	assert.ErrorContains(t, w.run("A4", p, actions.Request{Callback: "confirm-failures", TaskID: p.labels["test-other"]}), `the push has no task "test-other-cf"`)
	assert.ErrorContains(t, w.run("A5", p, actions.Request{Callback: "confirm-failures", TaskID: p.labels["build-linux"]}), "is not for task")
}

func TestCustom(t *testing.T) {
	w := newWorld(t, "tree.txtar", configured(t, `actions:
  custom:
    retrigger-custom:
      title: Retrigger with a path
      symbol: rt-c
      context: [{kind: test}]
      schema: {type: object, required: [path], properties: {path: {type: string}, times: {type: integer, maximum: 5}}}
      times: {$if: "'times' in input", then: {$eval: input.times}, else: 1}
      change:
        payload: {env: {TEST_PATH: {$eval: input.path}, WHO: "${parameters.project} ${label}"}, command: ["--path=${input.path}"]}
        extra: {treeherder: {symbol: "${task.extra.treeherder.symbol}-custom"}}
    all-tests:
      title: All tests
      labels: {$if: "parameters.level == '3'", then: [test-unit-1, test-slow], else: []}
`))
	p := w.push("D")
	unit := p.labels["test-unit-1"]
	require.NoError(t, w.run("A", p, actions.Request{Callback: "retrigger-custom", TaskID: unit, Input: input(t, `{"path": "a/b", "times": 2}`)}))
	require.Len(t, w.created, 2)
	task := w.tasks[w.created[0]]
	payload := task["payload"].(map[string]any)
	assert.Equal(t, []any{"test", "--path=a/b"}, payload["command"], "lists are joined")
	assert.Equal(t, map[string]any{"MOZ_AUTOMATION": "1", "SCCACHE_DISABLE": "1", "TEST_PATH": "a/b", "WHO": "demo test-unit-1"}, payload["env"])
	assert.Equal(t, "u1-custom", task["extra"].(map[string]any)["treeherder"].(map[string]any)["symbol"])
	assert.Equal(t, 600.0, payload["maxRunTime"])
	assert.Equal(t, []string{"test-unit-1 <- A D:build-linux D", "test-unit-1 <- A D:build-linux D"}, w.newTasks())

	require.NoError(t, w.run("A2", p, actions.Request{Callback: "all-tests"}))
	assert.Equal(t, []string{"test-slow <- A2 D:build-linux D", "test-unit-1 <- A2 D:build-linux D"}, w.newTasks())
	assert.ErrorContains(t, w.run("A3", p, actions.Request{Callback: "retrigger-custom", TaskID: unit, Input: input(t, `{}`)}), "missing properties: 'path'")
	assert.ErrorContains(t, w.run("A4", p, actions.Request{Callback: "retrigger-custom", TaskID: p.labels["build-linux"], Input: input(t, `{"path": "x"}`)}), "is not for task")
}

// Mistakes in the section actions are found when the tree is opened.
func TestActionsSection(t *testing.T) {
	base := strings.TrimPrefix(configured(t, ""), "-- taskcluster/config.yml --\n")
	for section, want := range map[string]string{
		"actions: {backfil: true}":                                                                `taskcluster/config.yml:11:11: actions: unknown field "backfil"`,
		"actions: {backfill: {dept: 3}}":                                                          `dept`,
		"actions: {backfill: {depth: 30}}":                                                        "taskcluster/config.yml:11:29: actions.backfill: the depth 30 is more than max-depth, which is 25",
		"actions: {backfill: {permission: a/b}}":                                                  "permission",
		"actions: {release-promotion: true}":                                                      "release-promotion.flavors has no entry",
		"actions: {custom: {x: {title: X}}}":                                                      "the action is for the whole group and does not say which tasks to create",
		"actions: {custom: {x: {title: X, labels: [], schema: {type: objekt}}}}":                  "the schema of the action's input cannot be used",
		"actions: {custom: {rerun: {title: X, labels: []}}}":                                      `there is an action with the callback "rerun" already`,
		"actions: {custom: {x: {labels: []}}}":                                                    `title`,
		"actions: {custom: {x: {title: X, labels: [], symbol: 0123456789012345678901234567890}}}": "symbol",
	} {
		_, err := taskgraph.Open(t.Context(), taskgraph.Options{Root: "taskcluster", Registry: cli.Standard(), Tree: fstest.MapFS{"taskcluster/config.yml": {Data: []byte(base + section + "\n")}}})
		assert.ErrorContains(t, err, want, section)
	}
	_, err := taskgraph.Open(t.Context(), taskgraph.Options{Root: "taskcluster", Registry: cli.Standard(), Tree: fstest.MapFS{"taskcluster/config.yml": {Data: []byte(base + "actions: {backfill: false, purge-caches: null}\n")}}})
	assert.NoError(t, err)
}

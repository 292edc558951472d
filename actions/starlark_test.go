package actions_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/actions"
)

// starlarkAction has an action in Starlark: the tests of a build once more, and the failed build again.
const starlarkAction = `-- taskcluster/config.yml --
trust-domain: demo
task-priority: low
treeherder:
  group-names: {B: Builds, T: Tests}
taskgraph:
  repositories:
    demo: {name: Demo}
  extensions:
    actions:
      test-again:
        title: Test again
        description: Runs the tests of a build once more.
        symbol: ta
        context: [{kind: build}]
        schema: {type: object, properties: {times: {type: integer}}}
        run: star/actions.star:test_again
workers:
  aliases:
    linux: {provisioner: demo, implementation: docker-worker, os: linux, worker-type: linux}
-- taskcluster/star/actions.star --
def test_again(config, action):
    tests = [t for t in action.tasks.values() if action.label in t.dependencies.values() and t.label in action.label_to_task_ids and t.kind == "test"]
    return [
        {"rerun": [action.task_id]},
        {"create": tests, "times": action.input.get("times", 1)},
    ]
`

// An action in Starlark passes the same checks as others, and does what its function says.
func TestActionInStarlark(t *testing.T) {
	w := newWorld(t, "tree.txtar", starlarkAction)
	p := w.push("D")
	assert.Contains(t, string(w.artifacts[p.id+"/public/actions.json"]), `"title": "Test again"`)
	build := p.labels["build-linux"]
	w.states[build] = "failed"
	require.NoError(t, w.run("A1", p, actions.Request{Callback: "test-again", TaskID: build, Input: input(t, `{"times": 2}`)}))
	assert.Equal(t, []string{
		"test-unit-1 <- A1 D:build-linux D", "test-unit-1 <- A1 D:build-linux D",
		"test-unit-2 <- A1 D:build-linux D", "test-unit-2 <- A1 D:build-linux D",
	}, w.newTasks())
	assert.Contains(t, w.calls, "rerun "+build)
	assert.Equal(t, "[\n  \"test-unit-1\",\n  \"test-unit-2\"\n]", w.files()["to-run.json"])

	require.NoError(t, w.run("A2", p, actions.Request{Callback: "test-again", TaskID: build, Input: input(t, `{}`)}, func(o *actions.Options) { o.Trial = true }))
	assert.Empty(t, w.calls, "a trial changes nothing")
	assert.Contains(t, w.log.String(), "would rerun")

	err := w.run("A3", p, actions.Request{Callback: "test-again", TaskID: build, Input: input(t, `{"times": 0}`)})
	assert.ErrorContains(t, err, "taskcluster/star/actions.star:1:1: 1.times: test_again returned 0, want an integer from 1 to 100")
	assert.Empty(t, w.calls, "nothing is done where anything is wrong")
	assert.ErrorContains(t, w.run("A4", p, actions.Request{Callback: "test-again", TaskID: p.labels["test-unit-1"], Input: input(t, `{}`)}), "is not for task")
}

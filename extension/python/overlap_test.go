package python

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
)

// many is a kind.yml with tasks of some size each, so that they need several batches.
func many(transforms string, n, size int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "kind-dependencies: [first]\nloader: taskgraph.loader.transform:loader\ntransforms: [%s]\nword: w\ntasks:\n", transforms)
	for i := range n {
		fmt.Fprintf(&b, "  t%d: {text: %s, n: %d}\n", i, strings.Repeat("x", size), i)
	}
	return b.String()
}

// TestOverlap sees that the next stubs may be on their way whatever a transform does meanwhile.
func TestOverlap(t *testing.T) {
	const code = finish + `
kept = None

def asks(config, tasks):
    for task in tasks:
        if task["n"] == 3:
            task["word"] = config.config["word"]
        if task["n"] == 5:
            task["dep"] = [t.task["payload"]["n"] for t in config.kind_dependencies_tasks.values()]
        del task["text"]
        yield task

def ends(config, tasks):
    global kept
    kept = iter(tasks)
    for task in kept:
        yield {"name": task["name"], "task-from": ""}
        return

def late(config, tasks):
    yield from tasks
    for task in kept:
        pass

def grows(config, tasks):
    for task in tasks:
        task["text"] = task["text"] * 8
        yield task

def fails(config, tasks):
    for task in tasks:
        if task["n"] == 1:
            raise Exception("no more")
        yield task

def short(config, tasks):
    for task in tasks:
        task["text"] = len(task["text"])
        yield task
`
	plantMany := func(t *testing.T, transforms string, n, size int) *tree {
		return plant(t, map[string]string{
			"taskcluster/own/tasks.py":          code,
			"taskcluster/kinds/first/kind.yml":  "loader: taskgraph.loader.transform:loader\ntransforms: [own.tasks:finish]\ntasks: {a: {n: 7}}\n",
			"taskcluster/kinds/second/kind.yml": many(transforms, n, size),
		})
	}
	payloads := func(tr *tree) (out []string) {
		for task := range tr.full().All() {
			if task.Kind == "second" {
				out = append(out, json(tr.t, task.Task.At("payload")))
			}
		}
		return out
	}
	t.Run("other needs", func(t *testing.T) {
		got := payloads(plantMany(t, "own.tasks:asks, own.tasks:finish", 200, 5000))
		require.Len(t, got, 200)
		assert.Equal(t, []string{`{"n":2}`, `{"n":3,"word":"w"}`, `{"n":4}`, `{"n":5,"dep":[7]}`}, got[2:6])
		assert.Equal(t, `{"n":199}`, got[199])
	})
	t.Run("ends early", func(t *testing.T) {
		// The transform after it, in a call of its own, must not get what this one left.
		got := payloads(plantMany(t, "own.tasks:ends, taskgraph.transforms.task_context, own.tasks:finish", 200, 5000))
		assert.Equal(t, []string{`{}`}, got)
	})
	t.Run("too late", func(t *testing.T) {
		d := plantMany(t, "own.tasks:ends, taskgraph.transforms.task_context, own.tasks:late, own.tasks:finish", 200, 5000).fails(taskgraph.FullTaskGraph)
		require.Len(t, d, 1)
		assert.Equal(t, diag.PythonError, d[0].Code)
		assert.Contains(t, d[0].Error(), "the transform that these stubs were for has ended")
	})
	t.Run("more than a socket holds", func(t *testing.T) {
		got := payloads(plantMany(t, "own.tasks:grows, taskgraph.transforms.task_context, own.tasks:short, own.tasks:finish", 12, 1<<20))
		require.Len(t, got, 12)
		assert.Equal(t, `{"text":8388608,"n":11}`, got[11])
	})
	t.Run("raises", func(t *testing.T) {
		d := plantMany(t, "own.tasks:fails, own.tasks:finish", 200, 5000).fails(taskgraph.FullTaskGraph)
		require.Len(t, d, 1)
		assert.Contains(t, d[0].Error(), "no more")
	})
}

// TestStrategyBatches sees that strategies are asked about the tasks one after the other, in the order of the removal, and that the
// tasks come in batches.
func TestStrategyBatches(t *testing.T) {
	if !isStandIn() {
		t.Skip("it registers in the place of what the real package has")
	}
	var kind strings.Builder
	kind.WriteString("loader: taskgraph.loader.transform:loader\ntransforms: [own.tasks:finish, own.tasks:pick]\ntask-defaults: {optimization: {counts: null}}\ntasks:\n")
	for i := range 600 {
		fmt.Fprintf(&kind, "  t%d: {n: %d}\n", i, i)
	}
	tr := plantRegistered(t, map[string]string{
		"taskcluster/own/__init__.py": registered + `
@register_strategy("counts")
class Counts(OptimizationStrategy):
    calls = trips = 0

    def should_remove_task(self, task, params, arg):
        if not self.calls:
            from taskgraph_bridge.session import Session
            need = Session.need
            def counted(session, *args):
                self.trips += 1
                return need(session, *args)
            Session.need = counted
        self.calls += 1
        n = task.task["payload"]["n"]
        if self.calls == 600:
            print("asked %d times, %d trips" % (self.calls, self.trips))
        return n % 100 != 0
`,
		"taskcluster/kinds/first/kind.yml": kind.String(),
	})
	g, err := tr.graph(t.Context(), taskgraph.OptimizedTaskGraph)
	require.NoError(t, err)
	assert.Equal(t, "first-t0 first-t100 first-t200 first-t300 first-t400 first-t500", labels(g))
	require.NoError(t, tr.project.Close())
	assert.Regexp(t, `asked 600 times, \d trips`, tr.log.String())
}

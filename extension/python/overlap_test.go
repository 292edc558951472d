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

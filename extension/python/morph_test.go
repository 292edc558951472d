package python

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

const morphs = `
import copy
from taskgraph.morph import register_morph
from taskgraph.target_tasks import register_target_task

@register_target_task("everything")
def everything(graph, parameters, graph_config):
    return list(graph.tasks)

def register(graph_config):
    pass

@register_morph
def rearrange(taskgraph, label_to_taskid, parameters, graph_config):
    ids = {t.label: t.task_id for t in taskgraph}
    tasks = dict(taskgraph.tasks)
    del tasks[ids["k-gone"]]
    one = tasks[ids["k-one"]]
    one.dependencies["late"] = ids["k-late"]
    one.task["dependencies"].append(ids["k-late"])
    del one.attributes["drop"]
    other = tasks[ids["k-copy"]] = copy.deepcopy(tasks[ids["k-copy"]])
    other.description = "another"
    other.task["payload"]["n"] = 3
    return type(taskgraph)(tasks, type(taskgraph.graph)(frozenset(tasks), taskgraph.graph.edges)), label_to_taskid

@register_morph
def look(taskgraph, label_to_taskid, parameters, graph_config):
    for t in taskgraph:
        t.task["payload"]["seen"] = sorted(t.dependencies) + sorted(t.attributes) + ["k-gone" in label_to_taskid]
    return taskgraph, label_to_taskid
`

func plantMorphs(t *testing.T, text string) *tree {
	tr := plant(t, map[string]string{
		"taskcluster/own/__init__.py": text,
		"taskcluster/own/tasks.py":    finish + "\ndef drop(config, tasks):\n    for t in tasks:\n        t['attributes']['drop'] = {'x': [1]}\n        yield t\n",
		"taskcluster/kinds/k/kind.yml": "loader: taskgraph.loader.transform:loader\ntransforms: [own.tasks:finish, own.tasks:drop]\n" +
			"tasks:\n  late: {}\n  gone: {}\n  one: {}\n  copy: {dependencies: {one: k-one}}\n",
	})
	tr.params.Set("target_tasks_method", value.NewString("everything"))
	return tr
}

// TestMorphsChange sees that tasks which a morph takes away are gone, and that what it changes besides definitions is changed, for morphs after it, too.
func TestMorphsChange(t *testing.T) {
	tr := plantMorphs(t, morphs)
	generator := func(phase taskgraph.Phase) *taskgraph.TaskGraph {
		g, err := tr.graph(t.Context(), phase)
		require.NoError(t, err)
		return g
	}
	assert.Equal(t, "k-late k-gone k-one k-copy", labels(generator(taskgraph.OptimizedTaskGraph)))
	g := generator(taskgraph.MorphedTaskGraph)
	assert.Equal(t, "k-late k-one k-copy", labels(g))
	late, one, other := g.Task("k-late"), g.Task("k-one"), g.Task("k-copy")
	assert.Equal(t, `{"late":"`+late.TaskID+`"}`, json(t, one.Dependencies.Value()))
	assert.Equal(t, `["`+late.TaskID+`"]`, json(t, one.Task.At("dependencies")))
	assert.Equal(t, `{"kind":"k"}`, json(t, one.Attributes.Value()))
	assert.Equal(t, `{"drop":{"x":[1]},"kind":"k"}`, json(t, late.Attributes.Value()))
	assert.Equal(t, `{"seen":["late","kind",false]}`, json(t, one.Task.At("payload")))
	assert.Equal(t, "another", other.Description)
	assert.Equal(t, `{"n":3,"seen":["one","drop","kind",false]}`, json(t, other.Task.At("payload")))
	at, ok := g.Graph().ID("k-one")
	require.True(t, ok)
	require.Len(t, g.Graph().Links(at), 1)
	assert.Equal(t, "k-late", g.At(g.Graph().Links(at)[0].To).Label)
}

// TestMorphMistakes sees what is said of a morph that leaves something that is no task.
func TestMorphMistakes(t *testing.T) {
	tr := plantMorphs(t, strings.Replace(morphs, "del one.attributes[\"drop\"]", "one.attributes = None", 1))
	d := tr.fails(taskgraph.MorphedTaskGraph)
	assert.Equal(t, `k-one: a morph left null as "attributes" (TG2007)`, d[0].Error())
}

package python

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// asking has strategies that note what they are asked, and how many trips that takes.
const asking = `
import os, time
from taskgraph.optimize.base import OptimizationStrategy, register_strategy
from taskgraph.target_tasks import register_target_task

def register(graph_config):
    pass

@register_target_task("everything")
def everything(graph, parameters, graph_config):
    return list(graph.tasks)

asked = []
trips = 0

def note(verb, task, arg):
    global trips
    from taskgraph_bridge.session import Session
    if not asked:
        trips = 1
        do_ask, need = Session.do_ask, Session.need
        def counted(session, *args):
            global trips
            trips += 1
            return do_ask(session, *args)
        def needed(session, *args):
            global trips
            trips += 1
            return need(session, *args)
        Session.do_ask, Session.need = counted, needed
    asked.append("%s %s" % (verb, task.label))
    return asked

class Noting(OptimizationStrategy):
    def should_remove_task(self, task, params, arg):
        asked = note("remove", task, arg)
        if arg == "raise":
            raise ValueError("%s after %d" % (task.label, len(asked)))
        if arg == "die":
            os._exit(3)
        if arg == "sleep":
            time.sleep(0.4)
        if arg == "say":
            print("asked: " + ", ".join(asked))
            print("%d trips" % trips)
        return arg == "remove" or arg == "n" and task.task["payload"]["n"] % 100 != 0

    def should_replace_task(self, task, params, deadline, arg):
        note("replace", task, arg)
        if arg == "by":
            return "id-of-" + task.label
        if arg == "drop":
            return True
        if arg == "number":
            return 0
        if arg == "say-replace":
            print("asked: " + ", ".join(asked))

register_strategy("one")(Noting)
register_strategy("two")(Noting)
`

// plantAsking plants a tree with tasks, each of which has a name, its strategy, the argument, and the names of tasks that it depends on.
func plantAsking(t *testing.T, tasks ...string) *tree {
	var kind strings.Builder
	kind.WriteString("loader: taskgraph.loader.transform:loader\ntransforms: [own.tasks:pick, own.tasks:finish, own.tasks:put]\ntasks:\n")
	for i, text := range tasks {
		words := strings.Fields(text)
		deps := ""
		for _, dep := range words[3:] {
			deps += fmt.Sprintf("%s: k-%s, ", dep, dep)
		}
		fmt.Fprintf(&kind, "  %s: {n: %d, o: {%s: %s}, dependencies: {%s}}\n", words[0], i, words[1], words[2], deps)
	}
	tr := plant(t, map[string]string{
		"taskcluster/own/__init__.py":  asking,
		"taskcluster/own/tasks.py":     finish + "\nfound = {}\n\ndef pick(config, tasks):\n    for t in tasks:\n        found['k-' + t['name']] = t.pop('o')\n        yield t\n\ndef put(config, tasks):\n    for t in tasks:\n        t['optimization'] = found[t['label']]\n        yield t\n",
		"taskcluster/kinds/k/kind.yml": kind.String(),
	})
	tr.params = tr.params.Copy()
	tr.params.Set("target_tasks_method", value.NewString("everything"))
	return tr
}

// TestStrategyQuestions sees what strategies in Python are asked, in which order, and what becomes of their answers.
func TestStrategyQuestions(t *testing.T) {
	tr := plantAsking(t, "a one remove", "b two keep", "c one by", "d two drop", "e one remove", "f two remove e", "g one keep", "h two remove g", "i one number", "z two say")
	g, err := tr.graph(t.Context(), taskgraph.OptimizedTaskGraph)
	require.NoError(t, err)
	assert.Equal(t, "k-b k-g k-i k-z", labels(g))
	require.NoError(t, tr.project.Close())
	// e and g wait for those that depend on them.
	assert.Contains(t, tr.log.String(), "asked: remove k-a, remove k-b, remove k-c, remove k-d, remove k-f, remove k-h, remove k-i, remove k-z")
	assert.Contains(t, tr.log.String(), "1 trips")

	tr = plantAsking(t, "a one by", "b two by a", "c one keep", "d two by c", "e two by d", "z one say-replace")
	g, err = tr.graph(t.Context(), taskgraph.OptimizedTaskGraph)
	require.NoError(t, err)
	assert.Equal(t, "k-c k-d k-e k-z", labels(g))
	require.NoError(t, tr.project.Close())
	assert.Contains(t, tr.log.String(), "replace k-a, replace k-c, replace k-z", "nothing that depends on a task which stays is asked about")
	assert.NotContains(t, tr.log.String(), "replace k-d")
}

// TestStrategyBatches counts the trips for many tasks.
func TestStrategyBatches(t *testing.T) {
	var tasks []string
	for i := range 600 {
		tasks = append(tasks, fmt.Sprintf("t%03d one n", i))
	}
	tr := plantAsking(t, append(tasks, "z two say")...)
	g, err := tr.graph(t.Context(), taskgraph.OptimizedTaskGraph)
	require.NoError(t, err)
	assert.Equal(t, "k-t000 k-t100 k-t200 k-t300 k-t400 k-t500 k-z", labels(g))
	require.NoError(t, tr.project.Close())
	assert.Equal(t, 600, strings.Count(tr.log.String(), "remove k-t"))
	assert.Regexp(t, `msg="[1-9] trips"`, tr.log.String())
}

// TestStrategyMistakes sees that an exception is that of the task which was asked about, and that the others are asked, too.
func TestStrategyMistakes(t *testing.T) {
	d := plantAsking(t, "a one remove", "b two raise", "c one remove", "d one raise", "e one raise f", "f one raise").fails(taskgraph.OptimizedTaskGraph)
	require.Len(t, d, 3)
	for i, want := range []string{"k-b: ValueError: k-b after 2 (TG2007)", "k-d: ValueError: k-d after 4 (TG2007)", "k-e: ValueError: k-e after 5 (TG2007)"} {
		assert.Contains(t, d[i].Error(), "taskcluster/own/__init__.py:")
		assert.Contains(t, d[i].Error(), want)
		assert.Contains(t, d[i].Err.Error(), "Traceback (most recent call last)")
		assert.Regexp(t, `^own:Noting \(optimization strategy (one|two)\)$`, d[i].Stage)
	}
	d = plantAsking(t, "a one remove", "b two die", "c one remove").fails(taskgraph.OptimizedTaskGraph)
	require.Len(t, d, 1, "once for all questions of the trip")
	assert.Contains(t, d[0].Error(), "the Python process ended with exit code 3, when it was asked about this task and 2 more (TG2008)")
	assert.Equal(t, diag.ExitGeneration, diag.ExitCode(d[0]))
}

// TestSlowStrategies sees that the time limit is one for each question, and not for the trip.
func TestSlowStrategies(t *testing.T) {
	tr := plantAsking(t, "a one sleep", "b one sleep", "c one sleep", "d one sleep", "e one sleep", "f one sleep", "g one remove")
	tr.env["TASKGRAPH_PYTHON_TIMEOUT"] = "1.2"
	require.NoError(t, tr.open(t.Context()))
	require.NoError(t, tr.project.Ready(t.Context()))
	start := time.Now()
	g, err := tr.graph(t.Context(), taskgraph.OptimizedTaskGraph)
	require.NoError(t, err)
	assert.Greater(t, time.Since(start), 2*time.Second)
	assert.Equal(t, 6, g.Len())
}

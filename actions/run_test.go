package actions_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/actions"
	"github.com/taskgraph-go/decision/taskcluster"
)

func TestRetrigger(t *testing.T) {
	w := newWorld(t, "tree.txtar", "")
	p := w.push("D")
	require.NoError(t, w.run("A1", p, actions.Request{Callback: "retrigger", TaskID: p.labels["test-unit-1"], Input: input(t, `{"times": 2}`)}))
	assert.Equal(t, []string{"test-unit-1 <- A1 D:build-linux D", "test-unit-1 <- A1 D:build-linux D"}, w.newTasks())
	files := w.files()
	assert.ElementsMatch(t, []string{"label-to-taskid-0.json", "label-to-taskid-1.json", "label-to-taskid.json", "task-graph-0.json", "task-graph-1.json", "task-graph.json",
		"to-run-0.json", "to-run-1.json", "to-run.json"}, sortedKeys(files))
	assert.Equal(t, "[\n  \"test-unit-1\"\n]", files["to-run.json"])
	for _, created := range w.created {
		assert.Contains(t, files["task-graph.json"], created)
		assert.Equal(t, p.id, w.tasks[created]["taskGroupId"])
		assert.Equal(t, "demo-level-3", w.tasks[created]["schedulerId"])
		assert.Equal(t, "2026-01-02T03:04:05.000Z", w.tasks[created]["created"])
		assert.Equal(t, id("A1"), w.tasks[created]["extra"].(map[string]any)["parent"])
	}
}

func TestRetriggerDownstream(t *testing.T) {
	w := newWorld(t, "tree.txtar", "")
	p := w.push("D")
	// What was not created for the push is not created with its dependency either: test-slow is no target.
	require.NoError(t, w.run("A1", p, actions.Request{Callback: "retrigger", TaskID: p.labels["build-linux"], Input: input(t, `{"downstream": true}`)}))
	assert.Equal(t, []string{
		"build-linux <- A1 D:toolchain-clang D",
		"sign-linux <- A1 new:build-linux",
		"test-unit-1 <- A1 new:build-linux",
		"test-unit-2 <- A1 new:build-linux",
	}, w.newTasks())
	assert.ElementsMatch(t, []string{"label-to-taskid.json", "task-graph.json", "to-run.json"}, sortedKeys(w.files()), "one time needs no artifacts of its own")

	// A later action sees what this one created, and the newest of a label counts.
	w.publish("A1", p)
	w.now = w.now.Add(time.Hour)
	require.NoError(t, w.run("A2", p, actions.Request{Callback: "retrigger", TaskID: p.labels["test-unit-1"], Input: input(t, `{}`)}))
	assert.Equal(t, []string{"test-unit-1 <- A2 A1:build-linux D"}, w.newTasks())
}

// The order of the actions of a push is that in which they were created, however their ids sort and whatever cron did.
func TestOrderOfActions(t *testing.T) {
	for _, order := range [][]string{{"A1", "A2", "A3"}, {"A3", "A2", "A1"}, {"A2", "A3", "A1"}} {
		w := newWorld(t, "tree.txtar", "")
		p := w.push("D")
		for i, name := range order {
			w.tasks[id(name)] = map[string]any{"created": w.now.Add(time.Duration(i) * time.Minute).Format(time.RFC3339), "taskGroupId": p.id}
			w.artifact(id(name), "label-to-taskid.json", labelsDocument(map[string]string{"build-linux": id("build of " + name)}))
			w.tasks[id("build of "+name)], w.names[id("build of "+name)] = map[string]any{"taskGroupId": p.id}, "build of "+name
			namespace := []string{"pushlog-id.17.actions", "revision." + p.params.HeadRev() + ".cron", "revision." + p.params.HeadRev() + ".actions"}[i]
			w.index["demo.v2.demo."+namespace+"."+id(name)] = id(name)
		}
		// This one made nothing.
		w.index["demo.v2.demo.pushlog-id.17.actions."+id("A0")] = id("A0")
		require.NoError(t, w.run("A4", p, actions.Request{Callback: "retrigger", TaskID: p.labels["test-unit-1"], Input: input(t, `{}`)}))
		assert.Equal(t, []string{"test-unit-1 <- A4 build of " + order[2] + " D"}, w.newTasks())
	}
}

func TestRetriggerDisabled(t *testing.T) {
	w := newWorld(t, "tree.txtar", "")
	p := w.push("D")
	err := w.run("A1", p, actions.Request{Callback: "retrigger-disabled", TaskID: p.labels["sign-linux"], Input: input(t, `{}`)})
	require.ErrorContains(t, err, `task "sign-linux" is not to be retriggered`)
	assert.Empty(t, w.created)
	assert.Empty(t, w.files())
	require.NoError(t, w.run("A2", p, actions.Request{Callback: "retrigger-disabled", TaskID: p.labels["sign-linux"], Input: input(t, `{"force": true}`)}))
	assert.Equal(t, []string{"sign-linux <- A2 D:build-linux D"}, w.newTasks())
}

func TestRetriggerDecision(t *testing.T) {
	w := newWorld(t, "tree.txtar", "")
	p := w.push("D")
	w.tasks[p.id] = map[string]any{
		"taskGroupId": p.id, "schedulerId": "other", "dependencies": []any{}, "metadata": map[string]any{"name": "Decision Task"}, "tags": map[string]any{"kind": "decision-task"},
		"created": "2026-01-01T00:00:00.000Z", "deadline": "2026-01-02T00:00:00.500Z", "expires": "2027-01-01T00:00:00.000Z",
		"payload": map[string]any{"artifacts": map[string]any{"public": map[string]any{"expires": "2026-01-03T00:00:00+00:00", "older": "2025-01-01T00:00:00.000Z", "text": "of 2026-01-01T00:00:00.000Z"}}},
	}
	require.NoError(t, w.run("A1", p, actions.Request{Callback: "retrigger-decision", TaskID: p.id}))
	require.Len(t, w.created, 1)
	got := w.tasks[w.created[0]]
	assert.NotEqual(t, p.id, w.created[0])
	assert.Equal(t, map[string]any{
		"taskGroupId": p.id, "schedulerId": "demo-level-3", "dependencies": []any{}, "metadata": map[string]any{"name": "Decision Task"}, "tags": map[string]any{"kind": "decision-task"},
		"created": "2026-01-02T03:04:05.000Z", "deadline": "2026-01-03T03:04:05.000Z", "expires": "2027-01-02T03:04:05.000Z",
		"payload": map[string]any{"artifacts": map[string]any{"public": map[string]any{"expires": "2026-01-04T03:04:05.000Z", "older": "2025-01-01T00:00:00.000Z", "text": "of 2026-01-01T00:00:00.000Z"}}},
	}, got)
}

func TestRetriggerMultiple(t *testing.T) {
	w := newWorld(t, "tree.txtar", "")
	p := w.push("D")
	w.states[p.labels["sign-linux"]] = "failed"
	require.NoError(t, w.run("A1", p, actions.Request{Callback: "retrigger-multiple", Input: input(t, `{"requests": [{"tasks": ["test-unit-1", "sign-linux"], "times": 2}, {"tasks": ["test-unit-2"]}]}`)}))
	assert.Equal(t, []string{"test-unit-1 <- A1 D:build-linux D", "test-unit-1 <- A1 D:build-linux D", "test-unit-2 <- A1 D:build-linux D"}, w.newTasks())
	assert.Equal(t, "rerun "+p.labels["sign-linux"], w.calls[0])
	files := w.files()
	for _, suffix := range []string{"", "-0-0", "-0-1", "-1-0"} {
		assert.Contains(t, files, "task-graph"+suffix+".json")
	}
	assert.Equal(t, "[\n  \"test-unit-1\",\n  \"test-unit-2\"\n]", files["to-run.json"])

	assert.ErrorContains(t, w.run("A2", p, actions.Request{Callback: "retrigger-multiple", Input: input(t, `{"requests": [{"tasks": ["test-unit-9"]}]}`)}), `there is no task "test-unit-9" to run again`)
	require.NoError(t, w.run("A3", p, actions.Request{Callback: "retrigger-multiple", Input: input(t, `{}`)}))
	assert.Equal(t, "{}", w.files()["task-graph.json"])
}

func TestRerun(t *testing.T) {
	w := newWorld(t, "tree.txtar", "")
	p := w.push("D")
	build := p.labels["build-linux"]
	for state, want := range map[string][]string{"failed": {"rerun " + build}, "exception": {"rerun " + build}, "completed": nil, "running": nil, "pending": nil} {
		w.states[build] = state
		require.NoError(t, w.run("A1", p, actions.Request{Callback: "rerun", TaskID: build}))
		assert.Equal(t, want, w.calls, state)
	}
	// A task of the group that was never created for the push.
	w.tasks[id("stranger")] = map[string]any{"taskGroupId": p.id, "metadata": map[string]any{"name": "stranger"}}
	w.states[id("stranger")] = "failed"
	assert.ErrorContains(t, w.run("A1", p, actions.Request{Callback: "rerun", TaskID: id("stranger")}), "is none that was created for the push")
	assert.Empty(t, w.calls)
}

func TestCancel(t *testing.T) {
	w := newWorld(t, "tree.txtar", "")
	p := w.push("D")
	build := p.labels["build-linux"]
	require.NoError(t, w.run("A1", p, actions.Request{Callback: "cancel", TaskID: build}))
	assert.Equal(t, []string{"cancel " + build}, w.calls)

	w.refuse["cancel "+build] = &taskcluster.Error{Status: 409, Code: "RequestConflict"}
	require.NoError(t, w.run("A2", p, actions.Request{Callback: "cancel", TaskID: build}), "past its deadline")
	w.refuse["cancel "+build] = &taskcluster.Error{Status: 403, Code: "InsufficientScopes"}
	assert.ErrorContains(t, w.run("A3", p, actions.Request{Callback: "cancel", TaskID: build}), "403 InsufficientScopes")
	delete(w.refuse, "cancel "+build)

	w.states[p.labels["test-unit-1"]], w.states[p.labels["test-unit-2"]], w.states[build] = "pending", "unscheduled", "running"
	w.refuse["cancel "+build] = &taskcluster.Error{Status: 409, Code: "RequestConflict"}
	require.NoError(t, w.run("A4", p, actions.Request{Callback: "cancel-all"}))
	assert.ElementsMatch(t, []string{"cancel " + p.labels["test-unit-1"], "cancel " + p.labels["test-unit-2"]}, slices.DeleteFunc(w.calls, func(c string) bool {
		// Earlier action tasks of the test count as running, too.
		return strings.HasSuffix(c, id("A1")) || strings.HasSuffix(c, id("A2")) || strings.HasSuffix(c, id("A3"))
	}))
	assert.NotContains(t, w.calls, "cancel "+id("A4"), "not itself")
}

func TestAddNewJobs(t *testing.T) {
	w := newWorld(t, "tree.txtar", "")
	p := w.push("D")
	assert.NotContains(t, p.labels, "test-slow")
	require.NoError(t, w.run("A1", p, actions.Request{Callback: "add-new-jobs", Input: input(t, `{"tasks": ["test-slow"]}`)}))
	assert.Equal(t, []string{"test-slow <- A1 D:build-linux D"}, w.newTasks())
	err := w.run("A2", p, actions.Request{Callback: "add-new-jobs", Input: input(t, `{"tasks": ["test-slow", "test-slo", "x"]}`)})
	assert.ErrorContains(t, err, `there is no task "test-slo" in the graph of the push`)
	assert.ErrorContains(t, err, `there is no task "x" in the graph of the push`, "all at once")
	assert.Empty(t, w.created)

	// An action task that died half-way and runs again creates what is missing, under the same ids.
	w.refuse["create "+w.newID("A3", "0", "test-unit-2")] = &taskcluster.Error{Status: 500, Code: "InternalServerError"}
	request := actions.Request{Callback: "add-new-jobs", Input: input(t, `{"tasks": ["test-unit-1", "test-unit-2"]}`)}
	assert.ErrorContains(t, w.run("A3", p, request), "500 InternalServerError")
	assert.Equal(t, []string{w.newID("A3", "0", "test-unit-1")}, w.created)
	first := w.tasks[w.created[0]]
	clear(w.refuse)
	w.now = w.now.Add(time.Minute)
	require.NoError(t, w.run("A3", p, request))
	assert.Equal(t, []string{w.newID("A3", "0", "test-unit-2")}, w.created)
	assert.Equal(t, first, w.tasks[w.newID("A3", "0", "test-unit-1")])
}

func TestRebuildCachedTasks(t *testing.T) {
	w := newWorld(t, "tree.txtar", "")
	w.index["demo.cache.clang"], w.states[id("old clang")] = id("old clang"), "completed"
	p := w.push("D")
	assert.Equal(t, id("old clang"), p.labels["toolchain-clang"], "the push takes it from the index")
	require.NoError(t, w.run("A1", p, actions.Request{Callback: "rebuild-cached-tasks"}))
	assert.Equal(t, []string{"toolchain-clang <- A1 D"}, w.newTasks())
}

func TestTrial(t *testing.T) {
	w := newWorld(t, "tree.txtar", "")
	p := w.push("D")
	trial := func(o *actions.Options) { o.Trial, o.OwnTaskID = true, "" }
	w.scopes = nil
	require.NoError(t, w.run("A1", p, actions.Request{Callback: "add-new-jobs", Input: input(t, `{"tasks": ["test-slow"]}`)}, trial))
	assert.Empty(t, w.calls)
	var printed []any
	require.NoError(t, json.Unmarshal(w.out.Bytes(), &printed))
	def := printed[1].(map[string]any)
	assert.Equal(t, "test-slow", def["metadata"].(map[string]any)["name"])
	assert.Equal(t, []any{p.labels["build-linux"], p.id}, def["dependencies"])
	assert.Equal(t, "", def["extra"].(map[string]any)["parent"])
	assert.Contains(t, w.files(), "task-graph.json")

	w.states[p.labels["build-linux"]] = "failed"
	require.NoError(t, w.run("A2", p, actions.Request{Callback: "rerun", TaskID: p.labels["build-linux"]}, trial))
	require.NoError(t, w.run("A2", p, actions.Request{Callback: "cancel", TaskID: p.labels["build-linux"]}, trial))
	assert.Empty(t, w.calls)
	assert.Contains(t, w.log.String(), "would cancel")
}

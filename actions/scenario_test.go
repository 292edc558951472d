package actions_test

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/actions"
	"github.com/taskgraph-go/decision/actions/pushes"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// configured is the section of config.yml that turns actions on, for the tree of testdata/tree.txtar.
func configured(t *testing.T, section string) string {
	t.Helper()
	w := newWorld(t, "tree.txtar", "")
	text, err := w.project.ReadFile("taskcluster/config.yml")
	require.NoError(t, err)
	return "-- taskcluster/config.yml --\n" + string(text) + section
}

func rev(n int) string { return fmt.Sprintf("%040d", n) }

// pushlog serves the pushlog of https://hg.example.org/demo, where each number is a push but for those that are missing.
type pushlog struct {
	newest  int
	missing map[int]bool
	asked   []string
}

func (p *pushlog) RoundTrip(r *http.Request) (*http.Response, error) {
	p.asked = append(p.asked, r.URL.RequestURI())
	q := r.URL.Query()
	start, _ := strconv.Atoi(q.Get("startID"))
	end, _ := strconv.Atoi(q.Get("endID"))
	var entries []string
	for id := start + 1; id <= min(end, p.newest); id++ {
		if !p.missing[id] {
			entries = append(entries, fmt.Sprintf(`"%d": {"changesets": ["%s", "%s"], "date": 1, "user": "x"}`, id, strings.Repeat("f", 40), rev(id)))
		}
	}
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"lastpushid": 200, "pushes": {` + strings.Join(entries, ", ") + `}}`))}, nil
}

// Backfill from push 102 over a gap, a push without a decision task, one whose hook refuses, one that has other chunks and the step
// from 99 to 100: where numbers are sorted as texts, 99 would count as the newest.
func TestBackfill(t *testing.T) {
	w := newWorld(t, "tree.txtar", configured(t, "actions: {backfill: true}\n"))
	hg := []any{"repository_type", "hg", "head_repository", "https://hg.example.org/demo", "base_repository", "https://hg.example.org/demo"}
	all := map[int]push{}
	for _, n := range []int{96, 97, 98, 99, 101, 102} {
		all[n] = w.push(fmt.Sprint("push ", n), append(hg, "pushlog_id", fmt.Sprint(n), "head_rev", rev(n))...)
	}
	log := &pushlog{newest: 102, missing: map[int]bool{100: true}}
	delete(w.index, "demo.v2.demo.pushlog-id.98.decision")
	w.refuse["trigger project-demo/in-tree-action-3-backfill/"+actions.Digest([]byte("version: 1\ntasks: []\n"))] = nil
	finder, err := pushes.For(pushes.Options{Params: all[102].params, HTTP: log})
	require.NoError(t, err)
	with := func(o *actions.Options) { o.Pushes = finder }
	// The task ran with some tests only, and so it has to on the pushes before.
	w.tasks[all[102].labels["test-unit-1"]]["payload"].(map[string]any)["env"] = map[string]any{"MOZHARNESS_TEST_PATHS": `{"unit": ["a/b.ini"]}`}

	var out strings.Builder
	require.NoError(t, w.run("Bk", all[102], actions.Request{Callback: "backfill", TaskID: all[102].labels["test-unit-1"], Input: input(t, `{"depth": 4, "times": 2}`)}, with))
	assert.Equal(t, []string{"/demo/json-pushes?version=2&startID=97&endID=101", "/demo/json-pushes?version=2&startID=96&endID=97"}, log.asked)
	w.tell(&out, "backfill of test-unit-1 from push 102, depth 4", all[102])
	triggers := w.triggers
	var groups []string
	for _, trigger := range triggers {
		decision, user := trigger.payload["decision"].(map[string]any), trigger.payload["user"].(map[string]any)
		groups = append(groups, w.names[user["taskGroupId"].(string)])
		assert.Nil(t, user["taskId"])
		assert.Equal(t, "backfill-task", decision["action"].(map[string]any)["cb_name"])
		assert.Equal(t, map[string]any{
			"label": "test-unit-1", "revision": rev(102), "times": 2.0, "retrigger": true, "symbol": "u1", "test_manifests": map[string]any{"unit": []any{"a/b.ini"}},
		}, user["input"])
	}
	assert.Equal(t, []string{"push 101", "push 99", "push 97"}, groups, "the newest first, and the one without a decision task left out")

	// Each push runs its own action task.
	for i, n := range []int{101, 99, 97} {
		user := triggers[i].payload["user"].(map[string]any)
		text := fmt.Sprintf(`{"label": %q, "revision": %q, "times": 2, "retrigger": true, "symbol": "u1", "test_manifests": {"unit": ["a/b.ini"]}}`, user["input"].(map[string]any)["label"], rev(102))
		require.NoError(t, w.run(fmt.Sprint("Bk ", n), all[n], actions.Request{Callback: "backfill-task", Input: input(t, text)}))
		w.tell(&out, fmt.Sprint("backfill-task in push ", n), all[n])
	}
	golden(t, "backfill.golden", out.String())

	// What the push has already need not run again.
	require.NoError(t, w.run("Bk no", all[97], actions.Request{Callback: "backfill-task", Input: input(t, `{"label": "test-unit-1", "retrigger": false}`)}))
	assert.Empty(t, w.created)
	// Other chunks: the test is found by what its label begins with, and that is what changes.
	require.NoError(t, w.run("Bk chunk", all[97], actions.Request{Callback: "backfill-task", Input: input(t, `{"label": "test-slow-7", "revision": "0123456789abcdef", "test_manifests": ["x"]}`)}))
	require.Len(t, w.created, 1)
	assert.Equal(t, "test-slow-7", w.labelOf(w.created[0]))
	assert.Equal(t, "s-0123456789a-bk", w.tasks[w.created[0]]["extra"].(map[string]any)["treeherder"].(map[string]any)["symbol"])
	require.NoError(t, w.run("Bk chunk 2", all[97], actions.Request{Callback: "backfill-task", Input: input(t, `{"label": "test-unit-9"}`)}))
	assert.Equal(t, "test-unit-1", w.labelOf(w.created[0]))
	for _, label := range []string{"test-none", "nothing", "test-other-9", "test-unit-"} {
		assert.ErrorContains(t, w.run("Bk bad", all[97], actions.Request{Callback: "backfill-task", Input: input(t, fmt.Sprintf(`{"label": %q}`, label))}), "the push has no task", label)
	}

	// One push that fails does not keep the others from it, and the action fails at the end.
	for _, n := range []int{101, 99} {
		w.artifact(all[n].id, "actions.json", value.MapOf("version", 1, "variables", value.NewMap(0), "actions", value.NewList()).Value())
	}
	err = w.run("Bk fails", all[102], actions.Request{Callback: "backfill", TaskID: all[102].labels["test-unit-1"], Input: input(t, `{"depth": 4}`)}, with)
	assert.ErrorContains(t, err, "push "+rev(101)+" (101): there is no action \"backfill-task\"")
	assert.ErrorContains(t, err, "push "+rev(99)+" (99): there is no action \"backfill-task\"")
	assert.Len(t, w.calls, 1, "push 97")
	assert.ErrorContains(t, w.run("Bk deep", all[102], actions.Request{Callback: "backfill", TaskID: all[102].labels["test-unit-1"], Input: input(t, `{"depth": 26}`)}, with), "must be <= 25")
}

// An interactive task has no caches, no artifacts, no routes and only the scopes that the project allows.
func TestCreateInteractive(t *testing.T) {
	w := newWorld(t, "tree.txtar", configured(t, `actions:
  create-interactive: {scopes: ["secrets:get:project/{trust-domain}/level-{level}/*", "docker-worker:capability:device:loopbackVideo"], trusted-kinds: [test]}
`)+`-- taskcluster/kinds/test/kind.yml --
loader: taskgraph.loader.transform:loader
kind-dependencies: [build]
transforms: [taskgraph.transforms.task]
tasks:
  unit-1:
    description: tests
    worker-type: linux
    dependencies: {build: build-linux}
    treeherder: {symbol: T(u1), kind: test, tier: 1, platform: linux/opt}
    routes: [index.demo.v2.tests.unit]
    scopes: ["secrets:get:project/demo/level-1/key", "secrets:get:project/demo/level-3/key", "queue:create-task:highest:demo/*", "secrets:*"]
    worker:
      {docker-image: debian, max-run-time: 600, command: [test], env: {A: b}, artifacts: [{type: file, name: public/log, path: /log}], caches: [{type: persistent, name: objects, mount-point: /objects}]}
  long:
    description: tests
    worker-type: linux
    dependencies: {build: build-linux}
    run-on-projects: []
    treeherder: {symbol: T(l), kind: test, tier: 1, platform: linux/opt}
    worker: {docker-image: debian, max-run-time: 99999, command: [test]}
`)
	level1 := w.push("D1", "level", "1", "head_rev", rev(1))
	level3 := w.push("D3", "level", "3", "head_rev", rev(3))
	var out strings.Builder
	require.NoError(t, w.run("I1", level1, actions.Request{Callback: "create-interactive", TaskID: level1.labels["test-unit-1"], Input: input(t, `{"notify": "dev@example.com"}`)}))
	w.tell(&out, "test-unit-1 of level 1, with an address", level1)
	require.NoError(t, w.run("I3", level3, actions.Request{Callback: "create-interactive", TaskID: level3.labels["test-unit-1"], Input: input(t, `{}`)}))
	w.tell(&out, "test-unit-1 of level 3", level3)
	// The build does not exist any more for this push: it is created, too, as it was.
	delete(level1.labels, "build-linux")
	w.artifact(level1.id, "label-to-taskid.json", labelsDocument(map[string]string{"test-unit-1": level1.labels["test-unit-1"]}))
	require.NoError(t, w.run("I1b", level1, actions.Request{Callback: "create-interactive", TaskID: level1.labels["test-unit-1"], Input: input(t, `{"notify": "noreply@noreply.mozilla.org"}`)}))
	w.tell(&out, "test-unit-1 of level 1, whose dependencies are gone", level1)
	golden(t, "interactive.golden", out.String())

	// Builds: at level 1 only.
	require.NoError(t, w.run("I1c", level1, actions.Request{Callback: "create-interactive", TaskID: level1.labels["sign-linux"]}))
	assert.ErrorContains(t, w.run("I3b", level3, actions.Request{Callback: "create-interactive", TaskID: level3.labels["build-linux"]}), `the action "create-interactive" is not for task`)
	assert.Empty(t, w.created)
	for _, to := range []string{"x", "a b@example.com", "a@b@c", "a@example.com\nx"} {
		err := w.run("I1d", level1, actions.Request{Callback: "create-interactive", TaskID: level1.labels["test-unit-1"], Input: value.MapOf("notify", to).Value()})
		assert.Error(t, err, to)
		assert.Empty(t, w.created)
	}
	// A person who names another task's definition still gets that of the graph.
	w.tasks[id("forged")] = map[string]any{"taskGroupId": level1.id, "tags": map[string]any{"worker-implementation": "docker-worker"}, "metadata": map[string]any{"name": "forged"}, "scopes": []any{"*"}}
	assert.ErrorContains(t, w.run("I1e", level1, actions.Request{Callback: "create-interactive", TaskID: id("forged")}), `task "forged" is not in the graph of the push`)
}

// promotionTree has builds, what makes a release of them, and what ships it.
const promotionTree = `
actions: {release-promotion: {projects: [demo]}}
release-promotion:
  flavors:
    promote: {product: app, target-tasks-method: "promote_{project}", shipping-phase: promote, rebuild-kinds: [package]}
    ship: {product: app, target-tasks-method: ship_demo, shipping-phase: ship, is-rc: true, do-not-optimize: [sign-linux], version-bump: true, partial-updates: true}
-- taskcluster/kinds/package/kind.yml --
loader: taskgraph.loader.transform:loader
kind-dependencies: [build]
transforms: [taskgraph.transforms.task]
tasks:
  linux:
    description: a package
    worker-type: linux
    dependencies: {build: build-linux}
    worker: {docker-image: debian, max-run-time: 600, command: [package]}
-- taskcluster/kinds/promote/kind.yml --
loader: taskgraph.loader.transform:loader
kind-dependencies: [package, sign]
transforms: [taskgraph.transforms.task]
tasks:
  linux:
    description: promote the program
    worker-type: linux
    run-on-projects: []
    dependencies: {package: package-linux, sign: sign-linux}
    worker: {docker-image: debian, max-run-time: 600, command: [promote]}
-- taskcluster/kinds/ship/kind.yml --
loader: taskgraph.loader.transform:loader
kind-dependencies: [promote]
transforms: [taskgraph.transforms.task]
tasks:
  linux:
    description: ship the program
    worker-type: linux
    run-on-projects: []
    dependencies: {promote: promote-linux}
    worker: {docker-image: debian, max-run-time: 600, command: [ship]}
`

// method registers a target task method that chooses labels.
func method(r *taskgraph.Registry, name string, labels ...string) {
	r.TargetMethods.Add(name, func(cfg *taskgraph.Selection) ([]*taskgraph.Task, error) {
		var out []*taskgraph.Task
		for _, l := range labels {
			out = append(out, cfg.Tasks.Task(l))
		}
		return out, nil
	})
}

// A release in two steps: the graph of the push has the builds, that of the first step what promotes them, that of the second what
// ships, and each takes from those before what it does not make again.
func TestReleasePromotion(t *testing.T) {
	w := newWorld(t, "tree.txtar", configured(t, promotionTree), func(r *taskgraph.Registry) {
		method(r, "promote_demo", "promote-linux")
		method(r, "ship_demo", "ship-linux")
	})
	p := w.push("D", "release_type", "beta")
	other := w.push("D2", "head_rev", rev(2), "build_date", 1800000000)
	var out strings.Builder
	require.NoError(t, w.run("P", p, actions.Request{Callback: "release-promotion", Input: input(t, `{"release_promotion_flavor": "promote", "build_number": 3, "version": "2.0"}`)}))
	w.tell(&out, "promote", p)
	promoted := w.files()
	for _, want := range []string{"build_number: 3\n", "version: '2.0'\n", "shipping_phase: promote\n", "release_product: app\n", "tasks_for: action\n", "target_tasks_method: promote_demo\n", "build_date: 1700000000\n", "optimize_target_tasks: true\n"} {
		assert.Contains(t, promoted["parameters.yml"], want)
	}
	assert.Contains(t, promoted["actions.json"], id("P"), "the action task is the decision task of its group")
	w.publish("P", p)
	delete(w.index, "demo.v2.demo.revision."+p.params.HeadRev()+".actions."+id("P")) // a graph of its own is none that actions of the push look at

	// From another push, and with the graphs named: parameters are those of the first.
	ship := fmt.Sprintf(`{"release_promotion_flavor": "ship", "build_number": 3, "next_version": "2.1", "previous_graph_ids": [%q, %q],
		"partial_updates": {"1.0": {"buildNumber": 1, "locales": ["de"]}}, "required_signoffs": ["b", "a", "b"], "signoff_urls": {"a": "https://example.com"}}`, p.id, id("P"))
	require.NoError(t, w.run("S", other, actions.Request{Callback: "release-promotion", Input: input(t, ship)}))
	w.tell(&out, "ship", p)
	for _, want := range []string{"build_date: 1700000000\n", "next_version: '2.1'\n", "shipping_phase: ship\n", "release_type: beta-rc\n", "do_not_optimize:\n- sign-linux\n", "required_signoffs:\n- a\n- b\n"} {
		assert.Contains(t, w.files()["parameters.yml"], want)
	}
	golden(t, "promotion.golden", out.String())

	for text, want := range map[string]string{
		`{"release_promotion_flavor": "ship", "build_number": 1}`:                                               `the flavor "ship" needs the next version`,
		`{"release_promotion_flavor": "ship", "build_number": 1, "next_version": "2"}`:                          `needs the versions to make partial updates from`,
		`{"release_promotion_flavor": "none", "build_number": 1}`:                                               `value must be one of "promote", "ship"`,
		`{"release_promotion_flavor": "promote"}`:                                                               `missing properties: 'build_number'`,
		`{"release_promotion_flavor": "promote", "build_number": 0}`:                                            `must be >= 1`,
		`{"release_promotion_flavor": "promote", "build_number": 1, "previous_graph_ids": ["../../x"]}`:         `does not match pattern`,
		`{"release_promotion_flavor": "promote", "build_number": 1, "previous_graph_ids": ["` + id("x") + `"]}`: `404 ResourceNotFound`,
		`{"release_promotion_flavor": "promote", "build_number": 1, "revision": "abc"}`:                         `404 ResourceNotFound`,
	} {
		assert.ErrorContains(t, w.run("bad", p, actions.Request{Callback: "release-promotion", Input: input(t, text)}), want)
		assert.Empty(t, w.created)
	}
	elsewhere := w.push("D4", "project", "other", "head_rev", rev(4))
	assert.ErrorContains(t, w.run("bad", elsewhere, actions.Request{Callback: "release-promotion", Input: input(t, `{"release_promotion_flavor": "promote", "build_number": 1}`)}), "is not offered for this push")
}

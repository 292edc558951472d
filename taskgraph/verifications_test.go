package taskgraph

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// verifyFiles are files of a project of which only the suffix of run-task's caches is known.
type verifyFiles struct{ Files }

func (verifyFiles) RunTaskSuffix() string { return "-abc123" }

// violations gives what a verification reports about tasks.
func violations(t *testing.T, name string, tasks ...*Task) []*diag.Diagnostic {
	t.Helper()
	g := testGenerator(t, GeneratorOptions{})
	g.project.Files = verifyFiles{}
	v, ok := g.project.Registry.Verifications.Get(name)
	require.True(t, ok)
	var all []*diag.Diagnostic
	v.Check(&VerifyConfig{Project: g.project, Graph: g.project.Config, Params: g.params, Tasks: NewTaskGraph(tasks, true)}, func(err error) {
		all = append(all, diag.Flatten(err)...)
	})
	for _, d := range all {
		assert.NotEmpty(t, d.Label)
		assert.NotEmpty(t, d.Kind)
	}
	return all
}

// shown gives the label and message of each diagnostic.
func shown(all []*diag.Diagnostic) []string {
	out := []string{}
	for _, d := range all {
		out = append(out, d.Label+": "+d.Message)
	}
	return out
}

// inTreeherder gives a task a symbol on a platform, "linux/opt".
func inTreeherder(group, symbol any, platform string, more ...any) func(*Task) {
	return func(t *Task) {
		machine, collection, _ := strings.Cut(platform, "/")
		th := value.MapOf("machine", value.MapOf("platform", machine), "collection", value.MapOf(collection, true), "groupSymbol", group, "symbol", symbol)
		th.Update(value.MapOf(more...))
		t.Task.Set("extra", value.MapOf("treeherder", th).Value())
	}
}

func at(pos diag.Pos) func(*Task) { return func(t *Task) { t.Pos = pos } }

func TestVerifySymbols(t *testing.T) {
	assert.Empty(t, violations(t, "verify_task_graph_symbol",
		task("a", "", inTreeherder("M", "1", "linux/opt")), task("b", "", inTreeherder("M", "1", "windows/opt")), task("c", "", inTreeherder("M", "1", "linux/debug")),
		task("d", "", inTreeherder("M", "2", "linux/opt")), task("e", "", inTreeherder("?", "1", "linux/opt")), task("f", "", inTreeherder(nil, "1", "linux/opt")),
		task("g", "", inTreeherder("", "1", "linux/opt")), task("h", "", inTreeherder("?", 1, "linux/opt")),
		task("i", ""), task("j", "", field("extra", nil)), task("k", "", field("extra", value.MapOf("x", 1)))))

	symbol := func(pos diag.Pos) value.Value { return value.NewString("1").At(pos) }
	all := violations(t, "verify_task_graph_symbol",
		task("a", "", inTreeherder("M", symbol(10), "linux/opt")), task("b", "", at(5), inTreeherder("M", "1", "linux/opt")),
		task("c", "", inTreeherder("M", symbol(30), "linux/opt")), task("d", "", inTreeherder("?", "x", "l/o")), task("e", "", inTreeherder("?", "x", "l/o")))
	assert.Equal(t, []string{
		`b: has the treeherder symbol M(1) on linux/opt, as has task "a"`,
		`c: has the treeherder symbol M(1) on linux/opt, as has task "a"`,
		`e: has the treeherder symbol x on l/o, as has task "d"`,
	}, shown(all))
	assert.Equal(t, diag.Pos(5), all[0].Pos, "the task's where the symbol has none")
	assert.Equal(t, diag.Pos(30), all[1].Pos)
	assert.Equal(t, diag.Pos(10), all[1].Related[0].Pos)

	all = violations(t, "verify_task_graph_symbol", task("none", "", inTreeherder("?", "x", "l/o", "collection", value.MapOf())),
		task("two", "", inTreeherder("?", "x", "l/o", "collection", value.MapOf("foo", true, "bar", true))), task("absent", "", field("extra", value.MapOf("treeherder", value.MapOf()))))
	assert.Equal(t, []string{"none: want one treeherder collection (the part of the platform behind the slash), got 0: []",
		`two: want one treeherder collection (the part of the platform behind the slash), got 2: ["foo" "bar"]`,
		"absent: want one treeherder collection (the part of the platform behind the slash), got 0: []"}, shown(all))
}

func TestVerifyTiers(t *testing.T) {
	tier := func(n any) func(*Task) { return field("extra", value.MapOf("treeherder", value.MapOf("tier", n))) }
	kind := func(k string) func(*Task) { return func(t *Task) { t.Kind = k } }
	tasks := []*Task{
		task("one", "", tier(1)), task("two", "", tier(2)), task("none", ""),
		task("optimized", "", tier(3), field("workerType", "always-optimized")), task("dummy", "", kind("post-dummy")),
		task("fine2", "a:one b:two c:optimized d:dummy", tier(2)), task("fine", "a:one b:two c:none"),
		task("bad1", "a:one b:two", tier(value.NewInt(1).At(7))), task("bad3", "a:none", tier(3)),
	}
	all := violations(t, "verify_dependency_tiers", tasks...)
	assert.Equal(t, []string{`bad1: is of tier 1 and cannot depend on "two", which is of tier 2`, `bad3: is of tier 3 and cannot depend on "none", which is of unknown tier`}, shown(all))
	assert.Equal(t, diag.Pos(7), all[0].Pos)
	assert.Equal(t, "give none a treeherder section with tier 3 or lower", all[1].Hint)
}

func withRoutes(r ...any) func(*Task) {
	list := value.NewList()
	for _, x := range r {
		list.Append(value.Of(x))
	}
	return field("routes", list)
}

func TestVerifyDistinctRoutes(t *testing.T) {
	assert.Empty(t, violations(t, "verify_trust_domain_v2_routes", task("a", "", withRoutes("index.dom.v2.x", "index.other.v2.y", "plain")),
		task("b", "", withRoutes("index.dom.v2.y", "index.other.v2.y", "plain")), task("c", ""), task("d", "", field("routes", nil))))
	all := violations(t, "verify_trust_domain_v2_routes",
		task("a", "", at(3), withRoutes("index.dom.v2.x", value.NewString("index.dom.v2.y").At(4), "index.dom.v2z")),
		task("b", "", withRoutes(value.NewString("index.dom.v2.y").At(9), "index.dom.v2.x")),
		task("c", "", withRoutes("index.dom.v2z")), task("d", "", withRoutes("index.dom.v2.d", "index.dom.v2.d")))
	assert.Equal(t, []string{
		`b: the route "index.dom.v2.y" conflicts with that of task "a"`,
		`c: the route "index.dom.v2z" conflicts with that of task "a"`,
		`d: the route "index.dom.v2.d" conflicts with that of task "d"`,
	}, shown(all))
	assert.Equal(t, diag.Pos(9), all[0].Pos)
	assert.Equal(t, diag.Pos(4), all[0].Related[0].Pos)
	assert.Equal(t, "so does index.dom.v2.x", all[0].Related[1].Message, "one report for each pair of tasks")
}

func TestVerifyNotifications(t *testing.T) {
	assert.Empty(t, violations(t, "verify_routes_notification_filters", task("a", "", withRoutes("notify.email.a@b.c.on-completed", "notify.pulse.x.on-defined", "notifyx.on-bogus", "x.on-bogus", 7))))
	all := violations(t, "verify_routes_notification_filters", task("a", "", withRoutes(value.NewString("notify.email.a@b.c.on-fialed").At(3), "notify.")))
	assert.Equal(t, []string{`a: the notify route "notify.email.a@b.c.on-fialed" has the unknown filter "on-fialed"`, `a: the notify route "notify." has the unknown filter ""`}, shown(all))
	assert.Equal(t, diag.Pos(3), all[0].Pos)
	assert.Contains(t, all[0].Hint, `did you mean "on-failed"?`)

	old := withRoutes(value.NewString("notify.email.a@b.c.on-any").At(3))
	all = violations(t, "verify_routes_notification_filters", task("a", "", old), task("b", "", old))
	require.Len(t, all, 1, "once for each place")
	assert.Equal(t, diag.Warning, all[0].Severity)
}

func TestVerifyIndexRoutes(t *testing.T) {
	for _, good := range []string{"index.example.v2.latest.taskgraph.decision", "index.a", "index.a-b_c!~*'()%.9", "index.a.b\n", "indexed.a b", "index"} {
		assert.Empty(t, violations(t, "verify_index_route", task("a", "", withRoutes(good))), good)
	}
	for _, bad := range []string{"index.", "index..a", "index.a.", "index.a..b", "index.example.com/foobar.v2", "index.example.1.0+hotfix1.latest", "index.a b", "index.é", "index.a\nb", "index.\n", "index.a\n\n"} {
		all := violations(t, "verify_index_route", task("a", "", withRoutes("fine", value.NewString(bad).At(4))))
		require.Len(t, all, 1, bad)
		assert.Equal(t, diag.Pos(4), all[0].Pos)
		assert.Equal(t, "a: the route "+fmt.Sprintf("%q", bad)+" is no index path", shown(all)[0])
	}
}

func TestVerifyToolchainAliases(t *testing.T) {
	alias := func(v any) func(*Task) { return attribute("toolchain-alias", v) }
	assert.Empty(t, violations(t, "verify_toolchain_alias", task("a", "", alias("x")), task("b", "", alias([]string{"y", "z"})), task("c", "", alias(nil)), task("d", "", alias("")), task("e", "")))
	all := violations(t, "verify_toolchain_alias", task("a", "", alias(value.NewString("x").At(2))), task("b", "", alias([]string{"y", "x"})), task("c", "", alias([]string{"y", "y"})))
	assert.Equal(t, []string{`b: has the toolchain alias "x", as has task "a"`, `c: has the toolchain alias "y", as has task "b"`, `c: has the toolchain alias "y", as has task "b"`}, shown(all))
	assert.Equal(t, diag.Pos(2), all[0].Related[0].Pos)
}

func TestVerifyCaches(t *testing.T) {
	payload := func(command any, caches ...any) func(*Task) {
		m := value.MapOf("cache", value.MapOf(caches...))
		if command != nil {
			m.Set("command", value.Of(command))
		}
		return field("payload", m)
	}
	runTask := []string{"/usr/local/bin/run-task-hg", "--"}
	reference := func(names ...any) func(*Task) {
		return field("payload", value.MapOf("cache", taskRef(value.MapOf(names...))))
	}
	for _, c := range []struct {
		change func(*Task)
		want   []string
	}{
		{payload(nil), nil},
		{payload(nil, "dom-level-1-foo", "/x"), nil},
		{payload(runTask, "dom-level-1-checkouts-abc123", "/x", "dom-level-1-tooltool-cache-v1-abc123", "/y"), nil},
		{payload(nil, "foo", "/x", "dom-level-3-foo", "/y"), []string{
			`a: the cache "foo" is not one of this trust domain and level: its name should begin with "dom-level-1-"`,
			`a: the cache "dom-level-3-foo" is not one of this trust domain and level: its name should begin with "dom-level-1-"`}},
		{payload(nil, "dom-level-1-checkouts-abc123", "/x"), []string{`a: the cache "dom-level-1-checkouts-abc123" is reserved for run-task, which this task does not run`}},
		{payload([]string{"bash", "run-task"}, "dom-level-1-tooltool-cache-abc123", "/x"), []string{`a: the cache "dom-level-1-tooltool-cache-abc123" is reserved for run-task, which this task does not run`}},
		{payload([]value.Value{value.NewStrings("run-task").Value()}, "dom-level-1-checkouts-abc123", "/x"), []string{`a: the cache "dom-level-1-checkouts-abc123" is reserved for run-task, which this task does not run`}},
		{payload(runTask, "dom-level-1-checkouts", "/x"), []string{`a: the cache "dom-level-1-checkouts" is reserved for run-task, but its name does not depend on run-task: it should contain "-abc123"`}},
		{reference("dom-level-1-foo-<x>", "/x"), nil},
		{reference("bar-<x>", "/x"), []string{`a: the cache "bar-<x>" is not one of this trust domain and level: its name should begin with "dom-level-1-"`}},
		{field("payload", value.MapOf("cache", nil, "command", taskRef("run-task"))), nil},
	} {
		assert.Equal(t, append([]string{}, c.want...), shown(violations(t, "verify_run_task_caches", task("a", "", c.change))))
	}
}

func TestVerifyIdentifiers(t *testing.T) {
	id := strings.Repeat("w", 38)
	assert.Empty(t, violations(t, "verify_task_identifiers", task("a", "", field("workerType", id), field("provisionerId", "A-z_09"))))
	assert.Equal(t, []string{
		`a: want an identifier of 1 to 38 letters, digits, - and _, got "` + id + `w"`,
		`a: want an identifier of 1 to 38 letters, digits, - and _, got ""`,
		`b: want an identifier of 1 to 38 letters, digits, - and _, got "a.b"`,
		`b: want an identifier of 1 to 38 letters, digits, - and _, got null`,
		`c: want an identifier of 1 to 38 letters, digits, - and _, got "ä"`,
		`c: want an identifier of 1 to 38 letters, digits, - and _, got 3`,
	}, shown(violations(t, "verify_task_identifiers", task("a", "", field("workerType", id+"w"), field("provisionerId", "")),
		task("b", "", field("workerType", "a.b"), field("provisionerId", nil)), task("c", "", field("workerType", "ä"), field("provisionerId", 3)))))
}

func TestVerifyDependencyCount(t *testing.T) {
	many := func(n int) func(*Task) {
		return func(t *Task) {
			for i := range n {
				t.Dependencies.Set(fmt.Sprint(i), value.NewString("d"))
			}
		}
	}
	assert.Empty(t, violations(t, "verify_task_dependencies", task("a", "", many(MaxDependencies-2), softDeps("d"), ifDeps("d"))))
	assert.Equal(t, []string{"a: has 10000 dependencies, 9999 is the most"}, shown(violations(t, "verify_task_dependencies", task("a", "", many(MaxDependencies-1), softDeps("d"), ifDeps("d")))))
}

func TestVerifyVolumes(t *testing.T) {
	worker := func(implementation string) func(*Task) {
		caches := []value.Value{value.MapOf("mount-point", "/b").Value(), value.MapOf("mount-point", "/a").Value(), value.MapOf("mount-point", "/ok").Value()}
		return field("worker", value.MapOf("implementation", implementation, "docker-image", "img", "volumes", []string{"/ok"}, "caches", caches))
	}
	assert.Empty(t, violations(t, "verify_caches_are_volumes", task("a", ""), task("b", "", worker("generic-worker"))))
	assert.Equal(t, []string{`a: has caches that image "img" does not declare as volumes: ["/a" "/b"]`}, shown(violations(t, "verify_caches_are_volumes", task("a", "", worker("docker-worker")))))
}

func TestVerifyAlwaysOptimized(t *testing.T) {
	all := violations(t, "verify_always_optimized", task("a", "", at(6), field("workerType", "always-optimized")), task("b", ""))
	assert.Equal(t, []string{"a: could not be optimized away, but no worker runs it"}, shown(all))
	assert.Equal(t, diag.Pos(6), all[0].Pos)
}

func TestVerifyRunsAllOfAPhase(t *testing.T) {
	g := testGenerator(t, GeneratorOptions{})
	r := g.project.Registry
	add := func(name string, v Verification) { r.Verifications.Add(name, v) }
	say := func(msg string) func(*VerifyConfig, func(error)) {
		return func(cfg *VerifyConfig, report func(error)) {
			report(diag.Errorf(diag.Verification, 0, "%s", msg))
			report(diag.Warnf(diag.Verification, 0, "%s", msg))
		}
	}
	add("z", Verification{Phase: Initial, Check: say("z")})
	add("a", Verification{Phase: Initial, Check: say("a")})
	add("later", Verification{Phase: KindsPhase, Check: say("later")})
	add("other project", Verification{Phase: Initial, Projects: []string{"other"}, Check: say("other")})
	add("this project", Verification{Phase: Initial, Projects: []string{"demo"}, Check: say("this")})
	add("all projects", Verification{Phase: Initial, Projects: []string{"all"}, Check: say("all")})
	add("bug", Verification{Phase: Initial, Check: func(*VerifyConfig, func(error)) { panic("oops") }})
	err := g.verify(Initial, &VerifyConfig{})
	var got []string
	for _, d := range diag.Flatten(err) {
		got = append(got, strings.SplitN(d.Message, "\n", 2)[0])
		if d.Code == diag.Verification {
			assert.NotEmpty(t, d.Stage)
		}
	}
	assert.Equal(t, []string{"a", "all", "bug: bug: oops", "this", "z"}, got)
	assert.Len(t, g.project.Warnings(), 4)

	g.opts.SkipVerifications = true
	assert.NoError(t, g.verify(Initial, &VerifyConfig{}))
}

func TestAlwaysOptimizedMayStayWhereNothingIsOptimized(t *testing.T) {
	g := testGenerator(t, GeneratorOptions{SkipOptimization: true})
	tasks := NewTaskGraph([]*Task{task("a", "", field("workerType", "always-optimized"))}, true)
	assert.NoError(t, g.verify(OptimizedTaskGraph, &VerifyConfig{Tasks: tasks}))
	assert.Error(t, testGenerator(t, GeneratorOptions{}).verify(OptimizedTaskGraph, &VerifyConfig{Tasks: tasks}))
}

func BenchmarkVerify(b *testing.B) {
	tasks := make([]*Task, 40000)
	for i := range tasks {
		deps := ""
		if i >= 10 {
			deps = fmt.Sprintf("build:t%d image:t%d fetch:t%d", i/10, i/100, i/1000)
		}
		tasks[i] = task(fmt.Sprintf("t%d", i), deps, inTreeherder("M", fmt.Sprint(i), "linux/opt", "tier", 1),
			withRoutes("tc-treeherder.v2.demo.abc", fmt.Sprintf("index.dom.v2.demo.latest.t%d", i), fmt.Sprintf("index.dom.v2.demo.revision.abc.t%d", i), "index.other.x"),
			field("payload", value.MapOf("cache", value.MapOf("dom-level-1-checkouts-abc123", "/x"), "command", []string{"run-task"})))
	}
	g := testGenerator(&testing.T{}, GeneratorOptions{})
	g.project.Files = verifyFiles{}
	tg := NewTaskGraph(tasks, true)
	b.ReportAllocs()
	for b.Loop() {
		require.NoError(b, g.verify(FullTaskGraph, &VerifyConfig{Tasks: tg}))
	}
}

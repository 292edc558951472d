package taskgraph

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/value"
)

// removed gives the labels of the tasks that were removed, sorted.
func (o *Optimized) removed() []string {
	out := []string{}
	for _, v := range o.Verdicts {
		if v.Outcome == Removed {
			out = append(out, v.Label)
		}
	}
	sort.Strings(out)
	return out
}

// replacedBy gives label and task id of the tasks that were replaced, sorted.
func (o *Optimized) replacedBy() []string {
	out := []string{}
	for _, v := range o.Verdicts {
		if v.Outcome == Replaced {
			out = append(out, v.Label+"="+v.TaskID)
		}
	}
	sort.Strings(out)
	return out
}

func (o *Optimized) verdict(label string) Verdict {
	for _, v := range o.Verdicts {
		if v.Label == label {
			return v
		}
	}
	return Verdict{}
}

// triangle gives t1 <- t2 <- t3 with t3 -> t1, too. Each change is for the task with the number of its place.
func triangle(changes ...func(*Task)) *targetGraph {
	all := make([][]func(*Task), 3)
	for i, c := range changes {
		if c != nil {
			all[i] = append(all[i], c)
		}
	}
	return allOf(task("t1", "", all[0]...), task("t2", "dep:t1", all[1]...), task("t3", "dep:t2 dep2:t1", all[2]...))
}

func TestRemoval(t *testing.T) {
	remove, never := opt("remove", nil), opt("never", nil)
	for _, c := range []struct {
		name   string
		target *targetGraph
		params []any
		want   []string
	}{
		{name: "never", target: triangle(), want: []string{}},
		{name: "all", target: triangle(remove, remove, remove), want: []string{"t1", "t2", "t3"}},
		{name: "what stays holds what it needs", target: triangle(remove, nil, remove), want: []string{"t3"}},
		{name: "do_not_optimize", target: triangle(remove, remove, remove), params: []any{"do_not_optimize", []string{"t2", "unknown"}}, want: []string{"t3"}},
		{name: "optimize_target_tasks", target: triangle(remove, remove, remove).request("t2"), params: []any{"optimize_target_tasks", false}, want: []string{"t3"}},
		{name: "not requested goes with its dependents", target: triangle(nil, nil, remove).request("t3"), want: []string{"t1", "t2", "t3"}},
		{name: "not requested stays with its dependents", target: triangle(remove, remove, nil).request("t3"), want: []string{}},
		{name: "the first key of an optimization counts", target: allOf(
			task("a", "", func(t *Task) { t.Optimization = value.MapOf("remove", nil, "never", nil).Value() }),
			task("b", "", func(t *Task) { t.Optimization = value.MapOf("never", nil, "nonsense", nil).Value() })), want: []string{"a"}},
		{name: "empty optimization", target: allOf(task("a", "", func(t *Task) { t.Optimization = value.NewMap(0).Value() })), want: []string{}},

		{name: "if-dependencies removed", target: allOf(
			task("t1", "", remove), task("t2", "dep:t1", remove),
			task("t3", "dep:t2 dep2:t1", never, ifDeps("t1", "t2")), task("t4", "dep3:t1", never, ifDeps("t1"))).request("t3", "t4"),
			want: []string{"t1", "t2", "t3", "t4"}},
		{name: "if-dependencies removed although requested", target: allOf(
			task("t1", "", remove), task("t2", "dep:t1", remove),
			task("t3", "dep:t2 dep2:t1", never, ifDeps("t1", "t2")), task("t4", "dep3:t1", never, ifDeps("t1"))),
			want: []string{"t1", "t2", "t3", "t4"}},
		{name: "if-dependencies kept", target: allOf(
			task("t1", "", never), task("t2", "dep:t1", remove),
			task("t3", "dep:t2 dep2:t1", never, ifDeps("t1", "t2")), task("t4", "dep3:t1", never, ifDeps("t1"))),
			want: []string{}},
		{name: "what an if-dependency needs does not keep", target: allOf(
			task("t1", "", never), task("t2", "dep2:t1", remove), task("t3", "dep:t2", never, ifDeps("t2"))),
			want: []string{"t2", "t3"}},
		{name: "locked if-dependency keeps", target: allOf(
			task("t1", "", remove), task("t2", "dep:t1", never, ifDeps("t1"))), params: []any{"do_not_optimize", []string{"t1"}},
			want: []string{}},
		{name: "locked task with if-dependencies", target: allOf(
			task("t1", "", remove), task("t2", "dep:t1", never, ifDeps("t1"))), params: []any{"do_not_optimize", []string{"t2"}},
			want: []string{}},
		{name: "task with if-dependencies that is removable", target: allOf(
			task("t1", "", never), task("t2", "dep:t1", remove, ifDeps("t1"))),
			want: []string{"t2"}},
		{name: "another dependency of a candidate stays", target: allOf(
			task("build", "", remove), task("tool", "", remove), task("test", "b:build t:tool", never, ifDeps("build"))),
			want: []string{"build", "test"}},
		{name: "chain of if-dependencies is kept from its beginning", target: allOf(
			task("a", "", never), task("b", "d:a", never, ifDeps("a")), task("c", "d:b", never, ifDeps("b")), task("d", "d:c", never, ifDeps("c"))),
			want: []string{}},
		{name: "chain of if-dependencies goes from its beginning", target: allOf(
			task("a", "", remove), task("b", "d:a", never, ifDeps("a")), task("c", "d:b", never, ifDeps("b")), task("d", "d:c", never, ifDeps("c"))),
			want: []string{"a", "b", "c", "d"}},
		{name: "middle of a triangle stays with the dependent", target: allOf(
			// x is wanted if k is; p is only there for x, and q for p.
			task("k", "", never), task("q", "", remove), task("p", "d:q", remove), task("x", "k:k p:p", never, ifDeps("k", "p"))),
			want: []string{}},
		{name: "task that nobody requested between two others", target: allOf(
			task("t1", "", never), task("t2", "e1:t1", never, ifDeps("t1")), task("t3", "", remove), task("t4", "e2:t2 e3:t3", never, ifDeps("t3"))).request("t3", "t4"),
			// As in the reference t1 and t2 stay although nothing needs them.
			want: []string{"t3", "t4"}},
		{name: "two edges to one task", target: allOf(task("a", "", remove), task("b", "x:a y:a", remove)), want: []string{"a", "b"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := optimize(t, testGenerator(t, GeneratorOptions{}, c.params...), c.target)
			assert.Equal(t, c.want, o.removed())
			assert.Empty(t, o.replacedBy())
			assert.Equal(t, c.target.graph.Len()-len(c.want), o.Graph.Len())
		})
	}
}

func TestReplacement(t *testing.T) {
	replace := func(id string) func(*Task) { return opt("replace", id) }
	deadline := func(after string) func(*Task) {
		return field("deadline", value.MapOf("relative-datestamp", after))
	}
	for _, c := range []struct {
		name              string
		target            *targetGraph
		params            []any
		replaced, removed []string
	}{
		{name: "never", target: triangle()},
		{name: "all", target: triangle(replace("e1"), replace("e2"), replace("e3")), replaced: []string{"t1=e1", "t2=e2", "t3=e3"}},
		{name: "not above what is not replaced", target: triangle(replace("e1"), nil, replace("e3")), replaced: []string{"t1=e1"}},
		{name: "do_not_optimize", target: triangle(replace("e1"), replace("e2"), replace("e3")), params: []any{"do_not_optimize", []string{"t2"}}, replaced: []string{"t1=e1"}},
		{name: "by nothing", target: triangle(replace("e1"), opt("drop", nil), opt("drop", nil)), replaced: []string{"t1=e1"}, removed: []string{"t2", "t3"}},
		{name: "replaced task may depend on one that was dropped", target: allOf(task("a", "", opt("drop", nil)), task("b", "d:a", replace("e"))), replaced: []string{"b=e"}, removed: []string{"a"}},
		{name: "deadline of a dependent", target: allOf(task("t1", "", replace("e1")), task("t2", "d:t1", deadline("2 days")), task("t3", "d:t1", deadline("1 minute")))},
		{name: "deadline in time", target: allOf(task("t1", "", replace("e1")), task("t2", "d:t1", deadline("23 hours"))), replaced: []string{"t1=e1"}},
		{name: "only direct dependents count", target: allOf(task("t1", "", replace("e1")), task("t2", "d:t1", replace("e2")), task("t3", "d:t2", deadline("2 days"))), replaced: []string{"t1=e1"}},
		{name: "fixed deadline", target: allOf(task("t1", "", replace("e1")), task("t2", "d:t1", field("deadline", "2099-01-01T00:00:00.000Z")))},
		{name: "removed dependents count", target: allOf(task("t1", "", replace("e1")), task("t2", "d:t1", opt("remove", nil), deadline("2 days")))},
		{name: "existing", target: triangle(replace("e1"), nil, nil), params: []any{"existing_tasks", value.MapOf("t1", "x1", "t2", "x2", "unknown", "x")}, replaced: []string{"t1=x1", "t2=x2"}},
		{name: "existing above what is not replaced", target: triangle(), params: []any{"existing_tasks", value.MapOf("t2", "x2")}},
		{name: "existing and locked", target: triangle(), params: []any{"existing_tasks", value.MapOf("t1", "x1"), "do_not_optimize", []string{"t1"}}},
		{name: "existing as null", target: triangle(), params: []any{"existing_tasks", nil}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := optimize(t, testGenerator(t, GeneratorOptions{}, c.params...), c.target)
			assert.Equal(t, append([]string{}, c.replaced...), o.replacedBy())
			want := append([]string{}, c.removed...)
			if c.name == "removed dependents count" {
				want = []string{"t2"}
			}
			assert.Equal(t, want, o.removed())
		})
	}
}

func TestRemovedTaskMayStandForAnother(t *testing.T) {
	g := testGenerator(t, GeneratorOptions{}, "existing_tasks", value.MapOf("a", "x"))
	o := optimize(t, g, allOf(task("a", "", opt("remove", nil)), task("b", "")))
	assert.Equal(t, []string{"a"}, o.removed())
	assert.Equal(t, map[string]string{"a": "x", "b": TaskID("DECISION-TASK", "b")}, o.LabelToTaskID)
	assert.Equal(t, 1, o.Graph.Len())
}

func TestOptimizedGraph(t *testing.T) {
	t1 := task("t1", "", field("x", taskRef("<self> <decision>")))
	t2 := task("t2", "dep:t1", opt("replace", "e2"))
	t3 := task("t3", "b:t2 a:t1", softDeps("t1", "t2", "t4", "gone", "t5"), field("dependencies", []value.Value{taskRef("<decision>").Value()}), field("r", taskRef("<a> <b> <t4>")))
	t4 := task("t4", "")
	t5 := task("t5", "", opt("remove", nil))
	g := testGenerator(t, GeneratorOptions{DecisionTaskID: "DDD"}, "existing_tasks", value.MapOf("t1", "e1"))
	o := optimize(t, g, allOf(t1, t2, t3, t4, t5))
	id3, id4 := TaskID("DDD", "t3"), TaskID("DDD", "t4")

	assert.Equal(t, map[string]string{"t1": "e1", "t2": "e2", "t3": id3, "t4": id4}, o.LabelToTaskID)
	assert.Equal(t, []string{"t3", "t4"}, labels(o.Graph.tasks))
	got := o.Graph.ByID(id3)
	require.NotNil(t, got)
	assert.Equal(t, "t3", got.Label)
	assert.Same(t, got, o.Graph.Task("t3"))
	assert.Equal(t, id3, got.TaskID)
	assert.True(t, value.Equal(value.MapOf("b", "e2", "a", "e1", "t4", id4).Value(), got.Dependencies.Value()), "%v", got.Dependencies.Keys())
	assert.Equal(t, []string{"b", "a", "t4"}, got.Dependencies.Keys())
	sorted := []string{"e1", "e2", id4}
	slices.Sort(sorted)
	assert.Equal(t, append([]string{"DDD"}, sorted...), got.Task.At("dependencies").List().Strings())
	assert.Equal(t, "e1 e2 "+id4, got.Task.Str("r"))
	assert.Empty(t, o.Graph.Task("t4").Task.At("dependencies").List().Strings())
	assert.True(t, o.Graph.Task("t4").Task.Has("dependencies"))
	assert.Zero(t, o.Graph.Graph().Edges(), "soft dependencies are no edges, replaced tasks no nodes")

	assert.Equal(t, "", t3.TaskID, "the original is as it was")
	assert.Equal(t, "t1", t3.Dependencies.Str("a"))
	assert.False(t, t4.Task.Has("dependencies"))
}

func TestOptimizedGraphKeepsItsShape(t *testing.T) {
	o := optimize(t, testGenerator(t, GeneratorOptions{}), triangle())
	g := o.Graph.Graph()
	assert.Equal(t, 3, g.Edges())
	assert.Equal(t, []Edge{{1, "dep"}, {0, "dep2"}}, g.Links(2))
	assert.Equal(t, []int32{1, 2}, g.Dependents(0))
}

func TestDependencyUnderTwoNames(t *testing.T) {
	o := optimize(t, testGenerator(t, GeneratorOptions{}), allOf(task("a", ""), task("b", "x:a y:a")))
	id := TaskID("DECISION-TASK", "a")
	assert.Equal(t, []string{id, id}, o.Graph.Task("b").Task.At("dependencies").List().Strings())
}

func TestSkipOptimization(t *testing.T) {
	g := testGenerator(t, GeneratorOptions{SkipOptimization: true}, "existing_tasks", value.MapOf("t1", "x"))
	target := triangle(opt("remove", nil), opt("nonsense", nil), opt("replace", "x")).request("t3")
	o := optimize(t, g, target)
	assert.Equal(t, 3, o.Graph.Len())
	assert.Equal(t, byLock, o.verdict("t1").Reason())
}

func TestVerdicts(t *testing.T) {
	g := testGenerator(t, GeneratorOptions{}, "existing_tasks", value.MapOf("old", "x1"), "do_not_optimize", []string{"locked"})
	o := optimize(t, g, allOf(
		task("old", ""), task("found", "", opt("replace", "e")), task("gone", "", opt("remove", nil)), task("dropped", "", opt("drop", nil)),
		task("plain", ""), task("explicit", "", opt("never", nil)), task("locked", "", opt("remove", nil)), task("helper", ""), task("user", "h:helper"),
		task("candidate", "g:gone", ifDeps("gone")), task("late", "", opt("replace", "e")), task("needs-late", "l:late", field("deadline", value.MapOf("relative-datestamp", "9 days"))),
	))
	got := []string{}
	for _, v := range o.Verdicts {
		got = append(got, v.String())
	}
	assert.Equal(t, []string{
		"optimize: old replaced with x1 because of existing_tasks",
		"optimize: found replaced with e because of replace (fixed)",
		"optimize: gone removed because of if-dependencies pruning",
		"optimize: dropped removed because of drop (fixed)",
		"optimize: plain kept because of never",
		"optimize: explicit kept because of never (fixed)",
		"optimize: locked kept because of do not optimize",
		"optimize: helper kept because of dependent tasks",
		"optimize: user kept because of never",
		"optimize: candidate removed because of if-dependencies pruning",
		"optimize: late kept because of dependent tasks",
		"optimize: needs-late kept because of never",
	}, got)
	assert.Equal(t, "replace (fixed): too late", o.verdict("late").Replacement)
	assert.Equal(t, byUnreplaced, o.verdict("user").Replacement)
}

// tableIndex is an index that counts how often it is asked.
type tableIndex struct {
	tasks    map[string]string
	statuses map[string]taskcluster.Status
	paths    [][]string
	ids      [][]string
	err      error
}

func (x *tableIndex) FindTasks(_ context.Context, paths []string) (map[string]string, error) {
	x.paths = append(x.paths, paths)
	return x.tasks, x.err
}

func (x *tableIndex) Statuses(_ context.Context, ids []string) (map[string]taskcluster.Status, error) {
	x.ids = append(x.ids, ids)
	return x.statuses, nil
}

// waitingIndex answers when it may, and says when it is asked.
type waitingIndex struct {
	tableIndex
	asked chan struct{}
	may   chan struct{}
}

func (x *waitingIndex) FindTasks(ctx context.Context, paths []string) (map[string]string, error) {
	close(x.asked)
	select {
	case <-x.may:
		return x.tableIndex.FindTasks(ctx, paths)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func newWaitingIndex() *waitingIndex {
	return &waitingIndex{asked: make(chan struct{}), may: make(chan struct{}),
		tableIndex: tableIndex{tasks: map[string]string{"p": "e"}, statuses: map[string]taskcluster.Status{"e": {State: "completed"}}}}
}

// afterAsking removes a task once the index was asked, and lets the index answer.
type afterAsking struct {
	fixedStrategy
	index *waitingIndex
}

func (s afterAsking) Remove(ctx context.Context, _ StrategyArgs) (bool, error) {
	select {
	case <-s.index.asked:
		close(s.index.may)
		return true, s.err
	case <-time.After(10 * time.Second):
		return false, errors.New("the index is not asked before tasks are removed")
	}
}

// Tasks are removed while the index is asked.
func TestIndexIsAskedMeanwhile(t *testing.T) {
	index := newWaitingIndex()
	g := testGenerator(t, GeneratorOptions{Index: index})
	g.project.Registry.Strategies.Add("after", afterAsking{index: index})
	o := optimize(t, g, allOf(task("a", "", opt("search", []string{"p"})), task("b", "", opt("after", nil)), task("c", "dep:a")))
	assert.Equal(t, []string{"c"}, labels(o.Graph.tasks))
	assert.Equal(t, "e", o.LabelToTaskID["a"])
}

// An optimization that fails does not wait for the index.
func TestIndexIsNotWaitedFor(t *testing.T) {
	index := newWaitingIndex()
	g := testGenerator(t, GeneratorOptions{Index: index})
	_, err := g.optimize(t.Context(), allOf(task("a", "", opt("search", []string{"p"})), task("b", "", opt("error", nil))))
	assert.ErrorContains(t, err, "it does not work")
}

func TestLookUpAhead(t *testing.T) {
	index := newWaitingIndex()
	g := testGenerator(t, GeneratorOptions{Index: index})
	g.target.v, g.target.done = allOf(task("a", "", opt("search", []string{"p"})), task("c", "dep:a")), true
	require.NoError(t, g.LookUpAhead(t.Context()))
	<-index.asked
	require.NoError(t, g.LookUpAhead(t.Context()), "a second time does nothing more")
	close(index.may)
	o, err := g.OptimizedTaskGraph(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"c"}, labels(o.Graph.tasks))

	index = newWaitingIndex()
	g = testGenerator(t, GeneratorOptions{Index: index})
	g.target.v, g.target.done = allOf(task("a", "", opt("search", []string{"p"}))), true
	ctx, cancel := context.WithCancel(t.Context())
	require.NoError(t, g.LookUpAhead(ctx))
	<-index.asked
	cancel()
	_, err = g.OptimizedTaskGraph(t.Context())
	assert.ErrorIs(t, err, context.Canceled)

	g = testGenerator(t, GeneratorOptions{Index: &tableIndex{err: errors.New("no answer")}})
	g.target.v, g.target.done = allOf(task("a", "", opt("search", []string{"p"}))), true
	require.NoError(t, g.LookUpAhead(t.Context()))
	_, err = g.OptimizedTaskGraph(t.Context())
	assert.ErrorContains(t, err, "no answer")

	g = testGenerator(t, GeneratorOptions{})
	g.target.v, g.target.done = allOf(task("a", "", opt("unheard-of", 1))), true
	require.NoError(t, g.LookUpAhead(t.Context()), "the optimization says what is wrong")
	_, err = g.OptimizedTaskGraph(t.Context())
	assert.ErrorContains(t, err, "unheard-of")
}

func TestIndexIsAskedOnce(t *testing.T) {
	index := &tableIndex{tasks: map[string]string{"p1": "e1", "p2": "e1", "p3": "e3"}, statuses: map[string]taskcluster.Status{"e3": {State: "completed"}}}
	search := func(paths ...string) func(*Task) { return opt("search", paths) }
	g := testGenerator(t, GeneratorOptions{Index: index}, "do_not_optimize", []string{"locked"})
	o := optimize(t, g, allOf(task("a", "", search("p1", "p3")), task("b", "", search("p2", "p1")), task("c", "d:b", search("p4", "p3")), task("locked", "", search("p5"))))
	assert.Equal(t, [][]string{{"p1", "p3", "p2", "p4"}}, index.paths)
	assert.Equal(t, [][]string{{"e1", "e3"}}, index.ids)
	assert.Equal(t, []string{"a=e3"}, o.replacedBy(), "e1 has no status, c depends on what stays")

	index = &tableIndex{}
	optimize(t, testGenerator(t, GeneratorOptions{Index: index}), triangle())
	assert.Empty(t, index.paths, "without paths nothing is asked")

	index = &tableIndex{}
	optimize(t, testGenerator(t, GeneratorOptions{Index: index}), allOf(task("a", "", search("p"))))
	assert.Empty(t, index.ids, "nothing found, nothing to ask the queue for")

	index = &tableIndex{err: errors.New("no answer")}
	_, err := testGenerator(t, GeneratorOptions{Index: index}).optimize(t.Context(), allOf(task("a", "", search("p"))))
	assert.ErrorContains(t, err, "no answer")
}

func TestOptimizationErrors(t *testing.T) {
	pos := func(v *value.Map, p diag.Pos) value.Value { return v.Value().At(p) }
	for _, c := range []struct {
		name   string
		target *targetGraph
		want   []string
		hint   string
	}{
		{"unknown strategies", allOf(task("a", "", opt("remov", nil)), task("b", "", opt("xyz", nil)), task("c", "")),
			[]string{`a: optimization: unknown optimization strategy "remov"`, `b: optimization: unknown optimization strategy "xyz"`}, `did you mean "remove"?`},
		{"no map", allOf(task("a", "", func(t *Task) { t.Optimization = value.NewString("remove").At(3) })),
			[]string{`a: optimization: want a map with the name of a strategy, got "remove"`}, ""},
		{"failing strategies", allOf(task("a", "", opt("error", nil)), task("b", "", opt("error", nil))),
			[]string{`a: it does not work`, `b: it does not work`}, ""},
		{"bad deadlines", allOf(task("a", ""),
			task("b", "d:a", field("deadline", value.MapOf("relative-datestamp", value.NewString("1 weak").At(5)))),
			task("c", "d:a", field("deadline", nil)),
			task("d", "d:a", field("deadline", value.MapOf("relative-datestamp", 5))),
			task("e", "d:b", field("deadline", "soon"))),
			[]string{`b: deadline.relative-datestamp: `, `c: deadline: want a time or a relative-datestamp, got null`, `d: deadline.relative-datestamp: want a duration such as "1 day", got 5`}, ""},
		{"bad edges", allOf(task("a", "", opt("drop", nil)), task("b", "x:a y:a"), task("c", "z:a"), task("d", "q:a", opt("remove", nil))),
			[]string{`b: dependencies.x: depends on "a" as "x", but that was removed by drop (fixed)`, `b: dependencies.y: depends on "a" as "y", but`, `c: dependencies.z: depends on "a" as "z", but`}, ""},
		{"bad references", allOf(task("a", "", field("x", taskRef("<b>"))), task("b", "", field("y", pos(artifactRef("<q/public/x>"), 4)))),
			[]string{`a: x.task-reference: no dependency is named "b"`, `b: y.artifact-reference: no dependency is named "q"`}, ""},
		{"dependencies that are no list", allOf(task("a", "", field("dependencies", 3))), []string{`a: dependencies: want a list, got 3`}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := testGenerator(t, GeneratorOptions{}).optimize(t.Context(), c.target)
			require.Error(t, err)
			got := messages(err)
			require.Len(t, got, len(c.want), "%q", got)
			for i := range got {
				assert.Contains(t, got[i], c.want[i])
			}
			for _, d := range diag.Flatten(err) {
				assert.Equal(t, "test", d.Kind)
				assert.True(t, d.Pos != 0 || d.Where.File != "", "%v has no place", d)
			}
			if c.hint != "" {
				assert.Contains(t, diag.Flatten(err)[0].Hint, c.hint)
			}
		})
	}
}

func TestMissingRootURLIsReportedOnce(t *testing.T) {
	g := testGenerator(t, GeneratorOptions{})
	g.project.Environment = environment(map[string]string{"TASKCLUSTER_ROOT_URL": "", "TASK_ID": "decision"})
	var tasks []*Task
	for i := range 1000 {
		tasks = append(tasks, task(fmt.Sprint("t", i), "", at(diag.Pos(i+1)), field("x", artifactRef("<decision/public/x>")), field("y", artifactRef("<decision/private/x>"))))
	}
	_, err := g.optimize(t.Context(), allOf(tasks...))
	all := diag.Flatten(err)
	require.Len(t, all, 1)
	assert.Equal(t, "t0", all[0].Label)
	assert.Equal(t, diag.Pos(1), all[0].Pos)
	assert.Contains(t, all[0].Message, "TASKCLUSTER_ROOT_URL")
}

func TestDeadlinesThatNobodyNeedsAreNotRead(t *testing.T) {
	bad := field("deadline", value.MapOf("relative-datestamp", "nonsense"))
	// The leaf has no dependents, and what depends on something that stays cannot be replaced.
	optimize(t, testGenerator(t, GeneratorOptions{}, "do_not_optimize", []string{"a"}), allOf(task("a", ""), task("b", "d:a", bad), task("c", "", bad)))
}

func TestStrategySets(t *testing.T) {
	set := map[string]Strategy{"never": fixedStrategy{remove: true}, "own": fixedStrategy{remove: true}}
	target := func() *targetGraph {
		return allOf(task("a", ""), task("b", "", opt("own", nil)), task("c", "", opt("replace", "e")))
	}
	g := testGenerator(t, GeneratorOptions{}, "optimize_strategies", "project:STRATEGIES")
	g.project.Registry.StrategySets.Add("project:STRATEGIES", set)
	g.project.Registry.StrategySets.Add("other", map[string]Strategy{"own": fixedStrategy{}})
	o := optimize(t, g, target())
	assert.Equal(t, []string{"a", "b"}, o.removed())
	assert.Equal(t, []string{"c=e"}, o.replacedBy(), "strategies that the set does not have are the registered ones")
	assert.Equal(t, "never", o.verdict("a").Removal)

	g.project.Environment = environment(map[string]string{"TASKGRAPH_OPTIMIZE_STRATEGIES": "other"})
	assert.Empty(t, optimize(t, g, target()).removed(), "the environment goes first")

	g = testGenerator(t, GeneratorOptions{}, "optimize_strategies", value.NewString("othr").At(8))
	g.project.Registry.StrategySets.Add("other", set)
	_, err := g.optimize(t.Context(), target())
	d := diag.Flatten(err)[0]
	assert.Equal(t, diag.UnknownName, d.Code)
	assert.Equal(t, diag.Pos(8), d.Pos)
	assert.Equal(t, "optimize_strategies", d.Path)
	assert.Contains(t, d.Hint, `did you mean "other"?`)

	g = testGenerator(t, GeneratorOptions{}, "optimize_strategies", "module:name")
	_, err = g.optimize(t.Context(), target())
	d = diag.Flatten(err)[0]
	assert.Equal(t, diag.NeedsPython, d.Code)
	assert.Equal(t, "parameters.yml", d.Where.File)
}

// preparedStrategy removes a task when it was prepared once before.
type preparedStrategy struct {
	fixedStrategy
	prepared *int
}

func (s preparedStrategy) Prepare(p *parameters.Params) (Strategy, error) {
	*s.prepared++
	return fixedStrategy{remove: true}, nil
}

func TestStrategiesArePreparedOnce(t *testing.T) {
	n := 0
	g := testGenerator(t, GeneratorOptions{})
	g.project.Registry.Strategies.Add("prepared", preparedStrategy{prepared: &n})
	o := optimize(t, g, allOf(task("a", "", opt("prepared", nil)), task("b", "", opt("prepared", nil))))
	assert.Equal(t, []string{"a", "b"}, o.removed())
	assert.Equal(t, 1, n)
	optimize(t, g, triangle())
	assert.Equal(t, 1, n, "what no task asks for is not prepared")
}

func TestCancelledOptimization(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := testGenerator(t, GeneratorOptions{}).optimize(ctx, triangle())
	assert.ErrorIs(t, err, context.Canceled)
}

// randomTarget gives a graph of n tasks with all that optimization looks at.
func randomTarget(r *rand.Rand, n int) (*targetGraph, []any) {
	label := func(i int) string { return fmt.Sprintf("t%d", i) }
	var tasks []*Task
	existing := value.NewMap(0)
	var locked []string
	for i := range n {
		t := task(label(i), "")
		for e := range r.IntN(4) {
			if i > 0 {
				t.Dependencies.Set(fmt.Sprintf("e%d", e), value.NewString(label(r.IntN(i))))
			}
		}
		switch r.IntN(5) {
		case 0, 1:
			opt("remove", nil)(t)
		case 2:
			opt("replace", "x"+label(i))(t)
		}
		if t.Dependencies.Len() > 0 && r.IntN(2) == 0 {
			var ifs []string
			for _, v := range t.Dependencies.All() {
				if r.IntN(3) > 0 {
					ifs = append(ifs, v.Str())
				}
			}
			ifDeps(ifs...)(t)
		}
		if r.IntN(4) == 0 {
			softDeps(label(r.IntN(n)), label(r.IntN(n)))(t)
		}
		if t.Dependencies.Len() > 0 {
			t.Task.Set("ref", taskRef("<"+t.Dependencies.Keys()[0]+">").Value())
		}
		if r.IntN(10) == 0 {
			existing.Set(label(i), value.NewString("y"+label(i)))
		}
		if r.IntN(12) == 0 {
			locked = append(locked, label(i))
		}
		tasks = append(tasks, t)
	}
	target := allOf(tasks...)
	for i := range target.requested {
		target.requested[i] = r.IntN(3) > 0
		target.chosen[i] = target.requested[i] && r.IntN(2) == 0
	}
	return target, []any{"existing_tasks", existing, "do_not_optimize", locked, "optimize_target_tasks", r.IntN(4) > 0}
}

func TestRandomOptimizationsKeepTheRules(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		target, params := randomTarget(r, 1+r.IntN(12))
		g := testGenerator(t, GeneratorOptions{}, params...)
		o, err := g.optimize(t.Context(), target)
		require.NoError(t, err)
		locked := g.params.At("do_not_optimize").List()
		for i, v := range o.Verdicts {
			task := target.graph.tasks[i]
			require.Equal(t, task.Label, v.Label)
			got := o.Graph.Task(v.Label)
			require.Equal(t, v.Outcome == Kept, got != nil, "%+v", v)
			if locked.ContainsString(v.Label) || target.chosen[i] && !g.params.At("optimize_target_tasks").IsTrue() {
				require.Equal(t, Kept, v.Outcome)
			}
			require.NotEmpty(t, v.Reason(), "%+v", v)
			if got == nil {
				continue
			}
			require.Equal(t, o.LabelToTaskID[v.Label], got.TaskID)
			edges := 0
			for name, dep := range task.Deps() {
				id := o.LabelToTaskID[dep]
				require.NotEmpty(t, id, "every dependency stands for a task")
				require.Equal(t, id, got.Dependencies.Str(name))
				require.Contains(t, got.Task.At("dependencies").List().Strings(), id)
				if o.Graph.ByID(id) != nil {
					edges++
				} else {
					require.Equal(t, Replaced, o.verdict(dep).Outcome)
				}
			}
			id, _ := o.Graph.Graph().ID(v.Label)
			require.Len(t, o.Graph.Graph().Links(id), edges)
			require.True(t, slices.IsSorted(got.Task.At("dependencies").List().Strings()))
		}
	}
}

func BenchmarkOptimize(b *testing.B) {
	tasks := make([]*Task, 40000)
	env := value.NewMap(20)
	for i := range 20 {
		env.Set(fmt.Sprintf("VARIABLE_%d", i), value.NewString("some value that a task has"))
	}
	for i := range tasks {
		deps := ""
		if i >= 10 {
			deps = fmt.Sprintf("build:t%d image:t%d fetch:t%d", i/10, i/100, i/1000)
		}
		t := task(fmt.Sprintf("t%d", i), deps, func(t *Task) {
			payload := value.MapOf("env", env, "command", []string{"run-task", "--", "bash", "-c", "true"}, "maxRunTime", 3600,
				"artifacts", value.MapOf("public/build", value.MapOf("path", "/builds/worker", "type", "directory", "expires", value.MapOf("relative-datestamp", "28 days"))),
				"features", value.MapOf("taskclusterProxy", true))
			if i >= 10 {
				payload.Set("image", value.MapOf("path", "public/image.tar.zst", "type", "task-image", "taskId", taskRef("<image>")).Value())
			}
			t.Task = value.MapOf("provisionerId", "p", "workerType", "w", "schedulerId", "s", "created", value.MapOf("relative-datestamp", "0 seconds"),
				"deadline", value.MapOf("relative-datestamp", "1 day"), "expires", value.MapOf("relative-datestamp", "28 days"), "scopes", []string{"a", "b"}, "routes", []string{"x.y"},
				"metadata", value.MapOf("name", "n", "description", "d", "owner", "o", "source", "s"), "payload", payload, "extra", value.MapOf("treeherder", value.MapOf("symbol", "x")), "tags", value.MapOf("kind", "test"))
			t.Task.Freeze()
		})
		tasks[i] = t
	}
	target := allOf(tasks...)
	g := testGenerator(&testing.T{}, GeneratorOptions{})
	b.ReportAllocs()
	for b.Loop() {
		o, err := g.optimize(b.Context(), target)
		require.NoError(b, err)
		require.Equal(b, len(tasks), o.Graph.Len())
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(tasks)), "ns/task")
}

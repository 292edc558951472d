package optimizers

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

func registry() *taskgraph.Registry {
	r := taskgraph.NewRegistry()
	Register(r)
	return r
}

// args gives what a strategy gets for an argument and parameters.
func args(arg any, params ...any) taskgraph.StrategyArgs {
	return taskgraph.StrategyArgs{Task: &taskgraph.Task{Label: "task"}, Params: parameters.New("", value.MapOf(params...)), Arg: value.Of(arg)}
}

func removes(t *testing.T, s taskgraph.Strategy, a taskgraph.StrategyArgs) bool {
	t.Helper()
	remove, err := s.Remove(t.Context(), a)
	require.NoError(t, err)
	return remove
}

func replacement(t *testing.T, s taskgraph.Strategy, a taskgraph.StrategyArgs) taskgraph.Replacement {
	t.Helper()
	r, err := s.Replace(t.Context(), a)
	require.NoError(t, err)
	return r
}

func TestRegister(t *testing.T) {
	r := registry()
	assert.Equal(t, []string{"always", "index-search", "never", "skip-unless-changed"}, r.Strategies.Names())
	for name, s := range r.Strategies.All() {
		assert.Equal(t, name, s.Description())
	}
}

func TestNamed(t *testing.T) {
	r := registry()
	of, err := Named(r, "always", "never")
	require.NoError(t, err)
	assert.Equal(t, []taskgraph.Strategy{Always{}, Never{}}, of)
	_, err = Named(r, "alwys", "never", "nver")
	assert.ErrorContains(t, err, `"alwys"`)
	assert.ErrorContains(t, err, `"nver"`)
}

func TestNeverAndAlways(t *testing.T) {
	assert.False(t, removes(t, Never{}, args(nil)))
	assert.True(t, removes(t, Always{}, args(nil)))
	assert.Zero(t, replacement(t, Never{}, args("x")))
	assert.Zero(t, replacement(t, Always{}, args("x")))
}

func TestIndexSearch(t *testing.T) {
	const deadline = "2021-06-07T19:03:20.482Z"
	answers := taskgraph.NewIndexAnswers(
		map[string]string{"good": "g", "late": "l", "early": "e", "same": "s", "failed": "f", "exception": "x", "running": "r", "forgotten": "?", "odd": "o", "none": "n"},
		map[string]taskcluster.Status{
			"g": {State: "completed", Expires: "2030-01-01T00:00:00.000Z"}, "l": {State: "completed", Expires: "2021-06-08T14:53:16.937Z"},
			"e": {State: "completed", Expires: "2021-06-06T14:53:16.937Z"}, "s": {State: "completed", Expires: deadline},
			"f": {State: "failed", Expires: "2030-01-01T00:00:00.000Z"}, "x": {State: "exception", Expires: "2030-01-01T00:00:00.000Z"},
			"r": {State: "running", Expires: "2030-01-01T00:00:00.000Z"}, "o": {State: "completed", Expires: "soon"}, "n": {State: "completed"},
		})
	for _, c := range []struct {
		paths    []string
		deadline string
		want     string
		why      string
	}{
		{[]string{"good"}, deadline, "g", ""}, {[]string{"good"}, "", "g", ""}, {[]string{"late"}, deadline, "l", ""},
		{[]string{"early"}, deadline, "", "task e expires before " + deadline}, {[]string{"early"}, "", "e", ""}, {[]string{"same"}, deadline, "s", ""},
		{[]string{"failed"}, deadline, "", "task f ended as failed"}, {[]string{"exception"}, "", "", "task x ended as exception"}, {[]string{"running"}, deadline, "r", ""},
		{[]string{"forgotten"}, "", "", "the queue does not know task ?"}, {[]string{"nothing"}, "", "", "no index path leads to a task"}, {nil, "", "", "no index path leads to a task"},
		{[]string{"odd"}, deadline, "", "it is not known when task o expires"}, {[]string{"odd"}, "", "o", ""}, {[]string{"none"}, deadline, "", "it is not known when task n expires"},
		{[]string{"nothing", "failed", "forgotten", "early", "late", "good"}, deadline, "l", ""},
	} {
		a := args(c.paths)
		a.Index, a.Deadline = answers, c.deadline
		assert.Equal(t, taskgraph.Replacement{TaskID: c.want, Why: c.why}, replacement(t, IndexSearch{}, a), "%v by %q", c.paths, c.deadline)
		assert.False(t, removes(t, IndexSearch{}, a))
	}
	assert.Empty(t, replacement(t, IndexSearch{}, args([]string{"good"})).TaskID, "nothing was looked up")
	assert.Equal(t, []string{"a", "b"}, IndexSearch{}.IndexPaths(value.Of([]string{"a", "b"})))
	assert.Empty(t, IndexSearch{}.IndexPaths(value.Value{}))

	a := args([]string{"good"})
	a.Index, a.Deadline = answers, "soon"
	_, err := IndexSearch{}.Replace(t.Context(), a)
	assert.ErrorContains(t, err, `"soon"`)
}

func TestSkipUnlessChanged(t *testing.T) {
	const rev, other = "8843d7f92416211de9ebb963ff4ce28125932878", "0000d7f92416211de9ebb963ff4ce28125932878"
	for _, c := range []struct {
		name     string
		params   []any
		patterns any
		want     bool
	}{
		{"nothing changed", []any{"files_changed", []string{}}, []string{"foo.txt"}, true},
		{"a file matches", []any{"files_changed", []string{"foo.txt"}}, []string{"foo.txt"}, false},
		{"the second pattern matches", []any{"files_changed", []string{"foo.txt"}}, []string{"bar.tx", "foo.txt"}, false},
		{"the second file matches", []any{"files_changed", []string{"a", "src/b/c.go"}}, []string{"src/**"}, false},
		{"no file matches", []any{"files_changed", []string{"bar.txt"}}, []string{"foo.txt"}, true},
		{"no patterns", []any{"files_changed", []string{"bar.txt"}}, []string{}, true},
		{"null", []any{"files_changed", []string{"bar.txt"}}, nil, true},
		{"cron", []any{"files_changed", []string{"bar.txt"}, "head_rev", rev, "base_rev", rev}, []string{"foo.txt"}, false},
		{"push", []any{"files_changed", []string{"bar.txt"}, "head_rev", rev, "base_rev", other}, []string{"foo.txt"}, true},
		{"no revisions", []any{"files_changed", []string{"bar.txt"}, "head_rev", "", "base_rev", ""}, []string{"foo.txt"}, true},
		{"no base", []any{"files_changed", []string{"bar.txt"}, "head_rev", nil, "base_rev", nil}, []string{"foo.txt"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := args(c.patterns, c.params...)
			assert.Equal(t, c.want, removes(t, SkipUnlessChanged{}, a))
			prepared, err := SkipUnlessChanged{}.Prepare(a.Params)
			require.NoError(t, err)
			for range 2 {
				assert.Equal(t, c.want, removes(t, prepared, a), "the second time from memory")
			}
			assert.Zero(t, replacement(t, prepared, a))
			assert.Equal(t, "skip-unless-changed", prepared.Description())
		})
	}
	for _, bad := range []any{"text", 3, []value.Value{value.NewInt(3).At(4)}} {
		_, err := SkipUnlessChanged{}.Remove(t.Context(), args(bad))
		require.Error(t, err)
		assert.Equal(t, "optimization.skip-unless-changed", diag.Flatten(err)[0].Path)
	}
}

// says is a strategy that answers as it is told and remembers its arguments.
type says struct {
	name     string
	remove   bool
	replace  taskgraph.Replacement
	err      error
	asked    *[]string
	prepared *int
}

func (s says) Description() string { return s.name }
func (s says) Remove(_ context.Context, a taskgraph.StrategyArgs) (bool, error) {
	s.note(a)
	return s.remove, s.err
}
func (s says) Replace(_ context.Context, a taskgraph.StrategyArgs) (taskgraph.Replacement, error) {
	s.note(a)
	return s.replace, s.err
}
func (s says) Prepare(*parameters.Params) (taskgraph.Strategy, error) {
	if s.prepared != nil {
		*s.prepared++
	}
	return s, nil
}
func (s says) note(a taskgraph.StrategyArgs) {
	if s.asked != nil {
		*s.asked = append(*s.asked, s.name+":"+a.Arg.Str())
	}
}

var (
	yes   = says{name: "yes", remove: true, replace: taskgraph.Replacement{TaskID: "y"}}
	yes2  = says{name: "yes2", remove: true, replace: taskgraph.Replacement{TaskID: "y2"}}
	drop  = says{name: "drop", replace: taskgraph.Replacement{Drop: true}}
	no    = says{name: "no", replace: taskgraph.Replacement{Why: "because"}}
	fails = says{name: "fails", err: errors.New("failed")}
)

func TestComposites(t *testing.T) {
	type strategies = []taskgraph.Strategy
	for _, c := range []struct {
		s           taskgraph.Strategy
		description string
		remove      bool
		replace     taskgraph.Replacement
	}{
		{Any(nil, yes, no), "yes-or-no", true, yes.replace},
		{Any(nil, no, yes2, yes), "no-or-yes2-or-yes", true, yes2.replace},
		{Any(nil, no, no), "no-or-no", false, no.replace},
		{Any(nil, drop, yes), "drop-or-yes", true, drop.replace},
		{Any(nil), "", false, taskgraph.Replacement{}},
		{All(nil, yes, no), "yes-and-no", false, taskgraph.Replacement{Why: "because"}},
		{All(nil, yes, yes2), "yes-and-yes2", true, yes.replace},
		{All(nil, yes, drop), "yes-and-drop", false, yes.replace},
		{All(nil, drop, yes), "drop-and-yes", false, drop.replace},
		{All(nil, no), "no", false, taskgraph.Replacement{Why: "because"}},
		{All(nil), "", false, taskgraph.Replacement{}},
		{Not(yes), "not-yes", false, taskgraph.Replacement{}},
		{Not(no), "not-no", true, taskgraph.Replacement{}},
		{Not(Not(yes)), "not-not-yes", true, taskgraph.Replacement{}},
		{Alias(yes), "yes", true, yes.replace},
		{Any(nil, Not(no), All(nil, yes, no)), "not-no-or-yes-and-no", true, taskgraph.Replacement{Why: "because"}},
	} {
		for what, s := range map[string]taskgraph.Strategy{"as it is": c.s, "prepared": prepare(t, c.s)} {
			t.Run(c.description+" "+what, func(t *testing.T) {
				assert.Equal(t, c.description, s.Description())
				assert.Equal(t, c.remove, removes(t, s, args(nil)))
				assert.Equal(t, c.replace, replacement(t, s, args(nil)))
			})
		}
	}
	for _, s := range (strategies{Any(nil, no, fails), All(nil, yes, fails), Not(fails)}) {
		remove, err := s.Remove(t.Context(), args(nil))
		assert.EqualError(t, err, "failed")
		assert.False(t, remove, "an error removes nothing")
	}
	for _, s := range (strategies{Any(nil, no, fails), All(nil, yes, fails)}) {
		r, err := s.Replace(t.Context(), args(nil))
		assert.EqualError(t, err, "failed")
		assert.Empty(t, r.TaskID)
	}
}

func prepare(t *testing.T, s taskgraph.Strategy) taskgraph.Strategy {
	t.Helper()
	p, ok := s.(taskgraph.PreparedStrategy)
	if !ok {
		return s
	}
	prepared, err := p.Prepare(parameters.New("", value.NewMap(0)))
	require.NoError(t, err)
	return prepared
}

func TestCompositesAskNoMoreThanNeeded(t *testing.T) {
	var asked []string
	y, n := yes, no
	y.asked, n.asked = &asked, &asked
	removes(t, Any(nil, n, y, n), args("x"))
	removes(t, All(nil, y, n, y), args("x"))
	assert.Equal(t, []string{"no:x", "yes:x", "yes:x", "no:x"}, asked)
}

func TestCompositesSplitArguments(t *testing.T) {
	var asked []string
	a, b := says{name: "a", asked: &asked}, says{name: "b", asked: &asked}
	split := func(arg value.Value, of []taskgraph.Strategy) []value.Value {
		var out []value.Value
		for i := range of {
			if i < arg.List().Len() {
				out = append(out, arg.List().At(i))
			}
		}
		return append(out, value.NewString("more"), value.NewString("than needed"))[:min(len(of)+1, arg.List().Len())]
	}
	removes(t, Any(split, a, b), args([]string{"1", "2"}))
	removes(t, Any(split, a, b), args([]string{"1"}))
	removes(t, Any(split, a, b), args([]string{"1", "2", "3"}))
	assert.Equal(t, []string{"a:1", "b:2", "a:1", "a:1", "b:2"}, asked)
}

func TestCompositesHandOn(t *testing.T) {
	n := 0
	counts := says{name: "counts", prepared: &n}
	prepare(t, Any(nil, counts, All(nil, counts, Never{}), Not(counts)))
	assert.Equal(t, 3, n)

	paths := func(s taskgraph.Strategy) []string {
		i, ok := s.(taskgraph.IndexStrategy)
		if !ok {
			return nil
		}
		return i.IndexPaths(value.Of([]string{"p", "q"}))
	}
	assert.Equal(t, []string{"p", "q"}, paths(Any(nil, yes, IndexSearch{})))
	assert.Equal(t, []string{"p", "q", "p", "q"}, paths(prepare(t, All(nil, Any(nil, IndexSearch{}), IndexSearch{}))))
	assert.Empty(t, paths(Any(nil, yes)))
	assert.Empty(t, paths(Not(IndexSearch{})), "what is never replaced is not looked up")
	assert.Equal(t, []string{"p", "q"}, paths(Alias(IndexSearch{})))
}

func BenchmarkSkipUnlessChanged(b *testing.B) {
	files := make([]string, 500)
	for i := range files {
		files[i] = "some/directory/of/files/file.txt"
	}
	a := args([]string{"src/**", "taskcluster/**", "**/*.py", "docs/**/*.md"}, "files_changed", files)
	s, _ := SkipUnlessChanged{}.Prepare(a.Params)
	b.ReportAllocs()
	for b.Loop() {
		if remove, _ := s.Remove(b.Context(), a); !remove {
			b.Fatal("kept")
		}
	}
}

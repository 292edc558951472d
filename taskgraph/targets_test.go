package taskgraph

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// selection gives what filters get.
func selection(t *testing.T, tasks []*Task, pairs ...any) *Selection {
	g := testGenerator(t, GeneratorOptions{}, pairs...)
	return &Selection{Tasks: NewTaskGraph(tasks, false), Params: g.params, Graph: g.project.Config, Registry: g.project.Registry}
}

// chosen gives the labels that the filter by method chooses.
func chosen(t *testing.T, tasks []*Task, pairs ...any) []string {
	t.Helper()
	got, err := filterByMethod(selection(t, tasks, pairs...))
	require.NoError(t, err)
	return labels(got)
}

func TestRunOnProjects(t *testing.T) {
	for _, c := range []struct {
		on      any
		project string
		want    bool
	}{
		{[]string{"all"}, "x", true}, {[]string{}, "x", false}, {[]string{"x", "y"}, "y", true}, {[]string{"x"}, "xy", false},
		// A text is a set of letters.
		{"all", "demo", false}, {"demo", "demo", false}, {"demo", "d", true}, {"demo", "", false}, {"é", "é", true},
		// The keys of a map count.
		{value.MapOf("by-level", 1), "by-level", true}, {value.MapOf("all", 1), "x", true},
		{nil, "x", false}, {3, "3", false},
	} {
		got := chosen(t, []*Task{task("a", "", attribute("run_on_projects", c.on))}, "project", c.project)
		assert.Equal(t, c.want, len(got) == 1, "%v on %s", c.on, c.project)
	}
	assert.Empty(t, chosen(t, []*Task{task("a", "")}), "without the attribute a task runs nowhere")
}

func TestRunOnTasksFor(t *testing.T) {
	everywhere := attribute("run_on_projects", []string{"all"})
	on := func(v any) *Task { return task("a", "", everywhere, attribute("run_on_tasks_for", v)) }
	for _, c := range []struct {
		task     *Task
		tasksFor string
		want     bool
	}{
		{task("a", "", everywhere), "hg-push", true}, {on([]string{}), "hg-push", false}, {on([]string{"all"}), "hg-push", true},
		{on([]string{"hg-push"}), "hg-push", true}, {on([]string{"hg-push"}), "github-pull-request", false}, {on("all"), "hg-push", false}, {on(nil), "hg-push", false},
	} {
		assert.Equal(t, c.want, len(chosen(t, []*Task{c.task}, "tasks_for", c.tasksFor)) == 1)
	}
}

func TestRunOnGitBranches(t *testing.T) {
	everywhere := attribute("run_on_projects", []string{"all"})
	for _, c := range []struct {
		branches any
		ref      string
		want     bool
	}{
		{[]string{"all"}, "x", true}, {[]string{"all", "("}, "x", true}, {[]string{}, "main", false}, {[]string{"main"}, "main", true}, {[]string{"main"}, "refs/heads/main", true},
		{[]string{"main"}, "mainline", true}, {[]string{"main$"}, "mainline", false}, {[]string{"ain"}, "main", false},
		{[]string{`release/.+`}, "release/v1", true}, {[]string{`release/.+`}, "release_v1", false}, {[]string{`(?!main)`}, "other", true}, {[]string{`(?!main)`}, "main", false},
		{[]string{"x", "main"}, "main", true}, {"main", "m", true}, {"main", "x", false}, {nil, "main", false},
	} {
		tasks := []*Task{task("a", "", everywhere, attribute("run_on_git_branches", c.branches))}
		assert.Equal(t, c.want, len(chosen(t, tasks, "head_ref", c.ref)) == 1, "%v on %s", c.branches, c.ref)
		assert.Len(t, chosen(t, tasks, "head_ref", c.ref, "tasks_for", "github-pull-request"), 1, "branches of pull requests have any name")
		assert.Len(t, chosen(t, tasks, "head_ref", c.ref, "repository_type", "hg"), 1)
		assert.Equal(t, c.want, len(chosen(t, tasks, "head_ref", c.ref, "tasks_for", "github-pull-request-untrusted")) == 1)
	}
	assert.Len(t, chosen(t, []*Task{task("a", "", everywhere)}, "head_ref", "whatever"), 1)
}

func TestBadBranchPatternsAreAllReported(t *testing.T) {
	everywhere := attribute("run_on_projects", []string{"all"})
	branches := func(pattern string, pos diag.Pos) func(*Task) {
		return attribute("run_on_git_branches", []value.Value{value.NewString("main"), value.NewString(pattern).At(pos)})
	}
	_, err := filterByMethod(selection(t, []*Task{
		task("a", "", everywhere, branches("(x", 3)), task("b", "", everywhere, branches("[", 4)), task("c", "", everywhere, branches("(x", 5)),
		task("elsewhere", "", branches("(", 6)), task("cron", "", everywhere, branches("(", 7), attribute("cron", true)),
	}))
	var places []diag.Pos
	for _, d := range diag.Flatten(err) {
		assert.Equal(t, diag.BadRegexp, d.Code)
		assert.NotEmpty(t, d.Label)
		places = append(places, d.Pos)
	}
	assert.ElementsMatch(t, []diag.Pos{3, 4, 5}, places)
}

func TestStandardFilter(t *testing.T) {
	everywhere := attribute("run_on_projects", []string{"all"})
	assert.Equal(t, []string{"plain", "no-cron", "build", "null", "review"}, chosen(t, []*Task{
		task("plain", "", everywhere), task("cron", "", everywhere, attribute("cron", true)), task("no-cron", "", everywhere, attribute("cron", false)),
		task("build", "", everywhere, attribute("shipping_phase", "build")), task("ship", "", everywhere, attribute("shipping_phase", "ship")),
		task("null", "", everywhere, attribute("shipping_phase", nil)), task("empty", "", everywhere, attribute("shipping_phase", "")),
		task("review", "", everywhere, attribute("code-review", true)),
	}))
	assert.Equal(t, []string{"review"}, chosen(t, []*Task{
		task("plain", "", everywhere), task("review", "", everywhere, attribute("code-review", true)), task("no", "", everywhere, attribute("code-review", false)),
		task("elsewhere", "", attribute("code-review", true)),
	}, "target_tasks_method", "codereview"))
	assert.Empty(t, chosen(t, []*Task{task("plain", "", everywhere)}, "target_tasks_method", "nothing"))
}

func TestUnknownTargetMethod(t *testing.T) {
	_, err := filterByMethod(selection(t, nil, "target_tasks_method", value.NewString("defualt").At(9)))
	d := diag.Flatten(err)[0]
	assert.Equal(t, diag.UnknownName, d.Code)
	assert.Equal(t, diag.Pos(9), d.Pos)
	assert.Equal(t, "target_tasks_method", d.Path)
	assert.Contains(t, d.Hint, `did you mean "default"?`)
}

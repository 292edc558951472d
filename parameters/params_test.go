package parameters

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// complete gives parameters that satisfy the base schema, with changes: pairs of name and value.
func complete(changes ...any) *value.Map {
	m := value.MapOf(
		"base_repository", "https://hg.mozilla.org/mozilla-unified",
		"base_ref", "main",
		"base_rev", "b1",
		"build_date", 1700000000,
		"build_number", 1,
		"do_not_optimize", []string{"keep-me"},
		"enable_always_target", true,
		"existing_tasks", value.MapOf("label", "taskid"),
		"files_changed", []string{"README.md", "src/main.c"},
		"filters", []string{"target_tasks_method"},
		"head_ref", "topic",
		"head_repository", "https://hg.mozilla.org/try",
		"head_rev", "h1",
		"head_tag", "",
		"level", "3",
		"moz_build_date", "20191008095500",
		"next_version", nil,
		"optimize_strategies", nil,
		"optimize_target_tasks", true,
		"owner", "nobody@mozilla.com",
		"project", "try",
		"pushdate", 1700000001,
		"pushlog_id", "17",
		"repository_type", "hg",
		"target_tasks_method", "default",
		"tasks_for", "hg-push",
		"version", "1.2.3",
	)
	m.Update(value.MapOf(changes...))
	return m
}

func TestParams(t *testing.T) {
	p := New("dir/p.yml", complete("extra", "x", "spec", "dropped"))
	assert.Equal(t, "try", p.Project())
	assert.Equal(t, "3", p.Level())
	assert.Equal(t, "hg-push", p.TasksFor())
	assert.Equal(t, "https://hg.mozilla.org/try", p.HeadRepository())
	assert.Equal(t, "h1", p.HeadRev())
	assert.Equal(t, "topic", p.HeadRef())
	assert.Equal(t, "https://hg.mozilla.org/mozilla-unified", p.BaseRepository())
	assert.Equal(t, "b1", p.BaseRev())
	assert.Equal(t, "hg", p.RepositoryType())
	assert.Equal(t, "default", p.TargetTasksMethod())
	assert.EqualValues(t, 1700000000, p.BuildDate())
	assert.EqualValues(t, 1700000001, p.Pushdate())
	assert.Equal(t, []string{"README.md", "src/main.c"}, p.FilesChanged())
	assert.Equal(t, []string{"target_tasks_method"}, p.Filters())
	assert.Equal(t, []string{"keep-me"}, p.DoNotOptimize())
	assert.True(t, p.OptimizeTargetTasks())
	assert.Equal(t, "dir/p.yml", p.Spec())
	assert.Equal(t, "dir/p.yml", p.Source())
	assert.Equal(t, "defaults", New("", complete()).Source())

	v, ok := p.Get("extra")
	assert.True(t, ok)
	assert.Equal(t, "x", v.Str())
	assert.Equal(t, "1.2.3", p.At("version").Str())
	assert.True(t, p.At("nothing").IsNull())
	_, ok = p.Get("spec")
	assert.False(t, ok, "the name is the reference's own")
	_, err := p.Require("head_rve")
	assert.EqualError(t, err, `dir/p.yml: there is no parameter "head_rve" (TG1202)`)
	d := diag.Flatten(err)[0]
	assert.Contains(t, d.Hint, `did you mean "head_rev"?`)
}

func TestParamsAreTheirOwn(t *testing.T) {
	m := complete()
	p := New("", m)
	m.Set("project", value.NewString("other"))
	m.EditList("files_changed").AppendStrings("more")
	assert.Equal(t, "try", p.At("project").Str())
	assert.Equal(t, 2, p.At("files_changed").List().Len())
}

func TestMozBuildDate(t *testing.T) {
	got, err := New("", complete()).MozBuildDate()
	require.NoError(t, err)
	assert.Equal(t, time.Date(2019, 10, 8, 9, 55, 0, 0, time.UTC), got)

	_, err = New("", complete("moz_build_date", "today")).MozBuildDate()
	assert.EqualError(t, err, `moz_build_date: want a time as YYYYMMDDhhmmss, got "today" (TG1201)`)
	_, err = New("", value.NewMap(0)).MozBuildDate()
	assert.ErrorContains(t, err, `there is no parameter "moz_build_date"`)
}

func TestFileURL(t *testing.T) {
	for _, c := range []struct {
		tool, repository string
		path             string
		raw, pretty      string
	}{
		{"hg", "https://hg.mozilla.org/try", "a/b.yml", "https://hg.mozilla.org/try/raw-file/h1/a/b.yml", "https://hg.mozilla.org/try/file/h1/a/b.yml"},
		{"hg", "https://hg.mozilla.org/try", "x/comm/taskcluster/kinds", "https://hg.mozilla.org/comm/raw-file/c1/taskcluster/kinds", "https://hg.mozilla.org/comm/file/c1/taskcluster/kinds"},
		{"hg", "https://hg.mozilla.org/try", "comm/a/comm/b", "https://hg.mozilla.org/comm/raw-file/c1/a/", "https://hg.mozilla.org/comm/file/c1/a/"},
		{"git", "https://github.com/o/r", "", "https://github.com/o/r/raw/h1/", "https://github.com/o/r/blob/h1/"},
		{"git", "https://github.com/o/r/", "a", "https://github.com/o/r/raw/h1/a", "https://github.com/o/r/blob/h1/a"},
		{"git", "https://github.com/o/r.git", "a", "https://github.com/o/r.git/raw/h1/a", "https://github.com/o/r.git/blob/h1/a"},
		{"git", "git@github.com:o/r.git", "a", "https://github.com/o/r/raw/h1/a", "https://github.com/o/r/blob/h1/a"},
		{"git", "git@github.com:o/r", "a", "https://github.com/o/r/raw/h1/a", "https://github.com/o/r/blob/h1/a"},
	} {
		p := New("", complete("repository_type", c.tool, "head_repository", c.repository, "comm_head_repository", "https://hg.mozilla.org/comm", "comm_head_rev", "c1"))
		for range 2 { // the second answer is remembered
			got, err := p.FileURL(c.path, false)
			require.NoError(t, err)
			assert.Equal(t, c.raw, got)
			got, err = p.FileURL(c.path, true)
			require.NoError(t, err)
			assert.Equal(t, c.pretty, got)
		}
	}
}

func TestFileURLMistakes(t *testing.T) {
	for _, c := range []struct {
		changes []any
		path    string
		want    string
	}{
		{[]any{"repository_type", "git", "head_repository", "git@bitbucket.com:owner/repo.git"}, "a", `head_repository: want a repository on GitHub, got "git@bitbucket.com:owner/repo.git"`},
		{[]any{"repository_type", "git", "head_repository", "http://github.com/o/r"}, "a", `want a repository on GitHub`},
		{[]any{"repository_type", "svn"}, "a", `repository_type: want hg or git, got "svn"`},
		{nil, "comm/a", `there is no parameter "comm_head_repository"`},
		{[]any{"comm_head_repository", "x"}, "comm/a", `there is no parameter "comm_head_rev"`},
	} {
		_, err := New("p.yml", complete(c.changes...)).FileURL(c.path, true)
		assert.ErrorContains(t, err, c.want)
		assert.ErrorContains(t, err, "p.yml: ")
		assert.Equal(t, diag.ExitInput, diag.ExitCode(err))
	}
}

// TestID has names that the reference gives.
func TestID(t *testing.T) {
	for _, c := range []struct {
		values *value.Map
		want   string
	}{
		{value.MapOf("a", 1, "b", "ü\u2028x", "c", []value.Value{value.NewInt(1), value.NewFloat(2.5), {}, value.NewBool(true)}, "d", value.MapOf("z", 1, "a", "\"\\\n")), "70bebc6b9893"},
		{value.NewMap(0), "44136fa355b3"},
	} {
		assert.Equal(t, c.want, New("", c.values).ID())
	}
	a, b := New("x", complete()), New("y", complete("spec", "y"))
	assert.Equal(t, a.ID(), b.ID(), "where they come from does not count")
	assert.Len(t, a.ID(), 12)
	assert.NotEqual(t, a.ID(), New("x", complete("level", "1")).ID())
	assert.Equal(t, "Parameters(id="+a.ID()+") (from x)", a.String())
	assert.Empty(t, New("", value.MapOf("date", time.Now())).ID())
}

func TestWriteYAML(t *testing.T) {
	var b strings.Builder
	require.NoError(t, New("", value.MapOf("project", "naïve", "level", "3", "files_changed", []string{"a"}, "version", nil, "existing_tasks", value.NewMap(0))).WriteYAML(&b))
	assert.Equal(t, "existing_tasks: {}\nfiles_changed:\n- a\nlevel: '3'\nproject: naïve\nversion: null\n", b.String())
}

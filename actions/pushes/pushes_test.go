package pushes_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/actions/pushes"
	"github.com/taskgraph-go/decision/internal/vcs"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

func params(pairs ...any) *parameters.Params {
	return parameters.New("test", value.MapOf(pairs...))
}

func names(all []taskgraph.PushedTo) string {
	var out []string
	for _, p := range all {
		out = append(out, strings.TrimPrefix(p.ID+"="+p.Revision, "="))
	}
	return strings.Join(out, " ")
}

func TestMercurial(t *testing.T) {
	missing := map[int]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/demo/json-pushes", r.URL.Path)
		var start, end int
		fmt.Sscan(r.URL.Query().Get("startID"), &start)
		fmt.Sscan(r.URL.Query().Get("endID"), &end)
		var entries []string
		for id := start + 1; id <= end; id++ {
			if !missing[id] {
				entries = append(entries, fmt.Sprintf(`"%d": {"changesets": ["x", "r%d"]}`, id, id))
			}
		}
		fmt.Fprintf(w, `{"pushes": {%s}}`, strings.Join(entries, ","))
	}))
	defer server.Close()
	for i := 5; i < 95; i++ {
		missing[i] = true
	}
	for _, c := range []struct {
		own       string
		n         int
		inclusive bool
		want      string
	}{
		{"101", 3, false, "100=r100 99=r99 98=r98"}, // as texts, 99 and 98 would come before 100
		{"101", 2, true, "101=r101 100=r100 99=r99"},
		{"96", 3, false, "95=r95 4=r4 3=r3"}, // over the gap
		{"3", 10, false, "2=r2 1=r1"},
		{"1", 10, false, ""},
		{"0", 10, false, ""},
		{"101", 0, false, ""},
		{"101", 0, true, "101=r101"},
	} {
		p := params("head_repository", server.URL+"/demo/", "repository_type", "hg", "pushlog_id", c.own)
		finder, err := pushes.For(pushes.Options{Params: p})
		require.NoError(t, err)
		got, err := finder.Before(t.Context(), p, c.n, c.inclusive)
		require.NoError(t, err)
		assert.Equal(t, c.want, names(got), "%v", c)
	}
}

func TestMercurialAnswers(t *testing.T) {
	answer := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, answer) }))
	defer server.Close()
	for text, want := range map[string]string{
		`<html>`: "the pushlog cannot be read",
		`{"pushes": {"x": {"changesets": ["a"]}}}`:   `a push "x" that was not asked for`,
		`{"pushes": {"500": {"changesets": ["a"]}}}`: `a push "500" that was not asked for`,
		`{"pushes": {"9": {"changesets": []}}}`:      `a push "9"`,
	} {
		answer = text
		p := params("head_repository", server.URL+"/demo", "repository_type", "hg", "pushlog_id", "10")
		finder, err := pushes.For(pushes.Options{Params: p})
		require.NoError(t, err)
		_, err = finder.Before(t.Context(), p, 3, false)
		assert.ErrorContains(t, err, want)
	}
	for _, p := range []*parameters.Params{
		params("head_repository", server.URL, "repository_type", "hg", "pushlog_id", "ten"),
		params("head_repository", server.URL, "repository_type", "hg", "pushlog_id", "-1"),
		params("head_repository", "file:///etc", "repository_type", "hg", "pushlog_id", "10"),
	} {
		finder, err := pushes.For(pushes.Options{Params: p})
		require.NoError(t, err)
		_, err = finder.Before(t.Context(), p, 3, false)
		assert.Error(t, err)
	}
}

func TestGitHub(t *testing.T) {
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/repos/example-org/demo/activity", r.URL.Path)
		assert.Equal(t, "refs/heads/main", r.URL.Query().Get("ref"))
		assert.Equal(t, "Bearer secret", r.Header.Get("Authorization"))
		if r.URL.Query().Get("page") == "2" {
			fmt.Fprint(w, `[{"after": "r2", "activity_type": "push"}, {"after": "r1", "activity_type": "branch_creation"}]`)
			return
		}
		w.Header().Set("Link", fmt.Sprintf(`<%s%s&page=2>; rel="next", <%s>; rel="first"`, server.URL, r.URL.RequestURI(), server.URL))
		fmt.Fprint(w, `[{"after": "r6", "activity_type": "push"}, {"after": "r5", "activity_type": "pr_merge"}, {"after": "r4", "activity_type": "force_push"},
			{"after": "0000", "activity_type": "branch_deletion"}, {"after": "r3", "activity_type": "merge_queue_merge"}]`)
	}))
	defer server.Close()
	for _, c := range []struct {
		head      string
		n         int
		inclusive bool
		want      string
	}{
		{"r5", 2, false, "r4 r3"},
		{"r5", 3, true, "r5 r4 r3 r2"},
		{"r5", 9, false, "r4 r3 r2 r1"},
		{"r1", 9, false, ""},
	} {
		p := params("head_repository", "https://github.com/example-org/demo", "repository_type", "git", "head_ref", "main", "head_rev", c.head)
		finder, err := pushes.For(pushes.Options{Params: p, API: server.URL, Token: "secret"})
		require.NoError(t, err)
		got, err := finder.Before(t.Context(), p, c.n, c.inclusive)
		require.NoError(t, err)
		assert.Equal(t, c.want, names(got), "%v", c)
	}
	p := params("head_repository", "https://github.com/example-org/demo", "repository_type", "git", "head_ref", "main", "head_rev", "r9")
	finder, err := pushes.For(pushes.Options{Params: p, API: server.URL, Token: "secret"})
	require.NoError(t, err)
	_, err = finder.Before(t.Context(), p, 1, false)
	assert.ErrorContains(t, err, "does not list a push of r9")

	refused := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", http.StatusForbidden) }))
	defer refused.Close()
	finder, err = pushes.For(pushes.Options{Params: p, API: refused.URL, Token: "secret"})
	require.NoError(t, err)
	_, err = finder.Before(t.Context(), p, 1, false)
	assert.ErrorContains(t, err, "403 Forbidden")
	assert.NotContains(t, err.Error(), "secret")
}

func TestGit(t *testing.T) {
	dir := t.TempDir()
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=dev", "-c", "user.email=dev@example.com"}, args...)...)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		return strings.TrimSpace(string(out))
	}
	run("init", "-q", "-b", "main")
	var revs []string
	for i := range 4 {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), []byte(fmt.Sprint(i)), 0o644))
		run("add", "file")
		run("commit", "-q", "-m", fmt.Sprint(i))
		revs = append(revs, run("rev-parse", "HEAD"))
	}
	// What a merge brings along was no push to the branch.
	run("checkout", "-q", "-b", "side", revs[1])
	run("commit", "-q", "--allow-empty", "-m", "side")
	run("checkout", "-q", "main")
	run("merge", "-q", "--no-ff", "-m", "merge", "side")
	merge := run("rev-parse", "HEAD")
	repo, err := vcs.Find(dir, vcs.Options{Offline: true})
	require.NoError(t, err)
	p := params("head_repository", "https://git.example.com/demo", "repository_type", "git", "head_rev", merge)
	finder, err := pushes.For(pushes.Options{Params: p, Repository: repo})
	require.NoError(t, err)
	got, err := finder.Before(t.Context(), p, 2, true)
	require.NoError(t, err)
	assert.Equal(t, merge+" "+revs[3]+" "+revs[2], names(got))
	got, err = finder.Before(t.Context(), p, 100, false)
	require.NoError(t, err)
	assert.Equal(t, strings.Join([]string{revs[3], revs[2], revs[1], revs[0]}, " "), names(got))
	_, err = finder.Before(t.Context(), params("head_rev", strings.Repeat("a", 40)), 1, false)
	assert.ErrorContains(t, err, "does not have the revision")
	_, err = finder.Before(t.Context(), p, pushes.MaxPushes+1, false)
	assert.ErrorContains(t, err, "want 0 to 1000 pushes")
	_, err = pushes.For(pushes.Options{Params: p})
	assert.ErrorContains(t, err, "there is none")
	_, err = pushes.For(pushes.Options{Params: p, Source: "gitub"})
	assert.ErrorContains(t, err, "gitub")
}

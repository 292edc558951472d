package decision_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/decision"
	"github.com/taskgraph-go/decision/internal/vcs"
)

// quiet keeps the settings of whoever runs the tests out of them.
var quiet = []string{
	"GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_SYSTEM=" + os.DevNull, "HGRCPATH=" + os.DevNull,
	"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_AUTHOR_DATE=2024-01-01T00:00:00Z",
	"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com", "GIT_COMMITTER_DATE=2024-01-01T00:00:00Z", "HGUSER=a",
}

// tool runs git or hg in a directory and gives what it prints.
func tool(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), quiet...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s %v: %s", name, args, out)
	return strings.TrimSpace(string(out))
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	return tool(t, dir, "git", args...)
}

// put writes files, each of which holds the text.
func put(t *testing.T, dir, text string, names ...string) {
	t.Helper()
	for _, name := range names {
		file := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	}
}

// upstream is a repository with everything that can happen to one. Its commits have names:
//
//	c1 - c2 - c3 - c4 - merge      main; c3 is the tag v1
//	      \     \- f1 - f2 -/      feature, which main merged, with a change of the merge's own
//	       \- old                  topic before a force push
//	       \- new                  topic after it
//	       \- ... - long           long
type upstream struct {
	dir     string
	commits map[string]string
	clones  sync.Map
}

// newHistory gives the one history that all tests read.
func newHistory(t *testing.T) *upstream {
	t.Helper()
	once.Do(func() { once.history = makeHistory(t) })
	return once.history
}

var once struct {
	sync.Once
	history *upstream
}

func TestMain(m *testing.M) {
	code := m.Run()
	if once.history != nil {
		os.RemoveAll(once.history.dir)
	}
	os.Exit(code)
}

func makeHistory(t *testing.T) *upstream {
	t.Helper()
	dir, err := os.MkdirTemp("", "history")
	require.NoError(t, err)
	h := &upstream{dir: dir, commits: map[string]string{"null": vcs.NullRevision, "": "", "unknown": strings.Repeat("d", 40)}}
	git(t, h.dir, "init", "-q", "-b", "main", "--template=")
	commit := func(name string, files ...string) {
		put(t, h.dir, name, files...)
		git(t, h.dir, "add", "-A")
		git(t, h.dir, "commit", "-q", "-m", name)
		h.commits[name] = git(t, h.dir, "rev-parse", "HEAD")
	}
	commit("c1", "a", "b", "dir/c", "e")
	commit("c2", "a")
	git(t, h.dir, "checkout", "-q", "-b", "old")
	commit("old", "t")
	git(t, h.dir, "checkout", "-q", "-b", "topic", "main")
	commit("new", "u")
	git(t, h.dir, "checkout", "-q", "-b", "long", "main")
	for range 55 { // more than are fetched at first
		git(t, h.dir, "commit", "-q", "--allow-empty", "-m", "nothing")
	}
	commit("long", "x")
	git(t, h.dir, "checkout", "-q", "main")
	commit("c3", "b")
	git(t, h.dir, "tag", "v1")
	git(t, h.dir, "tag", "-a", "-m", "annotated", "v1a")
	h.commits["v1"], h.commits["v1a"] = "v1", "v1a"
	git(t, h.dir, "checkout", "-q", "-b", "feature", h.commits["c2"])
	commit("f1", "f")
	commit("f2", "f", "dir/c")
	git(t, h.dir, "checkout", "-q", "main")
	commit("c4", "d")
	git(t, h.dir, "merge", "-q", "--no-commit", "feature")
	commit("merge", "e")
	return h
}

// clone gives a checkout of a commit with so much history; 0 is all of it. Like that of a task it has what was asked for
// and no more.
func (h *upstream) clone(t *testing.T, head string, depth int, also ...string) string {
	t.Helper()
	key := fmt.Sprint(head, depth, also)
	made, _ := h.clones.LoadOrStore(key, sync.OnceValue(func() string { return h.makeClone(t, head, depth, also) }))
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(made.(func() string)())))
	return dir
}

func (h *upstream) makeClone(t *testing.T, head string, depth int, also []string) string {
	t.Helper()
	dir, err := os.MkdirTemp(h.dir, ".git-clone-")
	require.NoError(t, err)
	if depth == 0 {
		git(t, h.dir, "clone", "-q", "--template=", h.url(), dir)
	} else {
		git(t, dir, "init", "-q", "--template=")
		git(t, dir, "remote", "add", "origin", h.url())
		for _, rev := range append(also, head) {
			what := h.commits[rev]
			if strings.HasPrefix(what, "v") {
				what = "refs/tags/" + what + ":refs/tags/" + what
			}
			git(t, dir, "fetch", "-q", "--depth="+strconv.Itoa(depth), "origin", what)
		}
	}
	git(t, dir, "checkout", "-q", "--detach", h.commits[head])
	return dir
}

func (h *upstream) url() string { return "file://" + h.dir }

// find asks what a push changed.
func find(t *testing.T, dir string, push decision.Push, offline bool) *decision.Change {
	t.Helper()
	repo, err := vcs.Find(dir, vcs.Options{Env: quiet, Offline: offline})
	require.NoError(t, err)
	found, err := decision.FindChange(t.Context(), repo, &push, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	return found
}

func sorted(files []string) string {
	return strings.Join(slices.Compact(slices.Sorted(slices.Values(files))), " ")
}

// TestChangedFiles goes through everything that can happen, in clones of every depth. The files are always the same ones,
// as long as history that is missing can be fetched.
func TestChangedFiles(t *testing.T) {
	h := newHistory(t)
	for _, c := range []struct {
		name, tasksFor, base, baseRef, head string
		files                               string
		order                               string // in a full clone, where that matters
		full, shallow                       string
	}{
		{"push", "github-push", "c2", "main", "c4", "b d", "d b", "commits exact", "trees exact"},
		{"push of one commit", "github-push", "c3", "main", "c4", "d", "d", "commits exact", "trees exact"},
		{"merge", "github-push", "c4", "main", "merge", "dir/c e f", "dir/c f f e", "commits exact", "trees exact"},
		{"force push", "github-push", "old", "topic", "new", "t u", "u t", "commits exact", "trees exact"},
		{"force push back", "github-push", "c4", "main", "c3", "d", "d", "commits exact", "trees exact"},
		{"new branch", "github-push", "null", "feature", "f2", "a b dir/c e f", "a b dir/c e f", "all more", "all more"},
		{"tag", "github-push", "null", "", "v1", "a b dir/c e", "", "all more", "all more"},
		{"annotated tag", "github-push", "null", "", "v1a", "a b dir/c e", "", "all more", "all more"},
		{"release", "github-release", "c3", "main", "v1", "", "", "commits exact", "trees exact"},
		{"pull request", "github-pull-request", "c4", "main", "f2", "dir/c f", "dir/c f f", "commits exact", "trees exact"},
		{"pull request, not trusted", "github-pull-request-untrusted", "c4", "main", "f2", "dir/c f", "dir/c f f", "commits exact", "trees exact"},
		{"pull request up to date", "github-pull-request", "c2", "main", "f2", "dir/c f", "", "commits exact", "trees exact"},
		{"long pull request", "github-pull-request", "c4", "main", "long", "x", "", "commits exact", "trees exact"},
		{"no base, merged branch", "github-push", "", "main", "f2", "dir/c f", "dir/c f", "commits guess", ""},
		{"no base, branch", "github-push", "", "main", "new", "u", "", "commits guess", ""},
		{"no base, long branch", "github-push", "", "refs/heads/main", "long", "x", "", "commits guess", ""},
		{"no base, main branch", "github-push", "", "main", "merge", "dir/c e f", "", "commits guess", ""},
		{"no base, no branch", "github-push", "", "", "c4", "d", "", "commits guess", ""},
		{"base nowhere", "github-push", "unknown", "main", "c4", "a b d dir/c e", "", "all more", "all more"},
		{"cron", "cron", "c4", "main", "c4", "", "", "commits exact", "trees exact"},
		{"first commit", "github-push", "", "", "c1", "a b dir/c e", "", "all more", "all more"},
	} {
		depths := []int{0, 1, 3}
		if testing.Short() {
			depths = depths[:2]
		}
		for _, depth := range depths {
			t.Run(fmt.Sprintf("%s, depth %d", c.name, depth), func(t *testing.T) {
				t.Parallel()
				dir := h.clone(t, c.head, depth)
				push := decision.Push{TasksFor: c.tasksFor, BaseRev: h.commits[c.base], BaseRef: c.baseRef, HeadRev: h.commits[c.head], BaseRepository: h.url(), HeadRepository: h.url()}
				want := c.full
				if git(t, dir, "rev-parse", "--is-shallow-repository") == "true" {
					want = c.shallow
				}
				got := find(t, dir, push, false)
				assert.Equal(t, c.files, sorted(got.Files), got.Reason)
				if want == "" { // the guess has what history it has
					want = "trees guess"
				}
				kind := map[decision.Method]string{decision.ByCommits: "commits", decision.ByTrees: "trees", decision.AllFiles: "all"}[got.Method]
				certainty := map[decision.Certainty]string{decision.Exact: "exact", decision.AtLeast: "more", decision.Guess: "guess"}[got.Certainty]
				assert.Equal(t, want, kind+" "+certainty, got.Reason)
				assert.NotEmpty(t, got.Reason)
				if depth == 0 && c.order != "" {
					assert.Equal(t, c.order, strings.Join(got.Files, " "))
				}
				if c.base != "" {
					assert.Equal(t, push.BaseRev, got.Base, "what was given stays")
				} else if got.Method != decision.AllFiles {
					assert.Len(t, got.Base, 40)
				}
			})
		}
	}
}

// Without a network what is missing stays missing, and the answer says how much it is worth.
func TestChangedFilesOffline(t *testing.T) {
	h := newHistory(t)
	push := func(tasksFor, base, head string) decision.Push {
		return decision.Push{TasksFor: tasksFor, BaseRev: h.commits[base], BaseRef: "main", HeadRev: h.commits[head], BaseRepository: h.url(), HeadRepository: h.url()}
	}
	got := find(t, h.clone(t, "c4", 1), push("github-push", "c2", "c4"), true)
	assert.Equal(t, decision.AllFiles, got.Method)
	assert.Equal(t, decision.AtLeast, got.Certainty)
	assert.Equal(t, "a b d dir/c e", sorted(got.Files))

	got = find(t, h.clone(t, "f2", 1, "c4"), push("github-pull-request", "c4", "f2"), true)
	assert.Equal(t, decision.ByTrees, got.Method)
	assert.Equal(t, decision.AtLeast, got.Certainty, "the base branch's own changes are among them")
	assert.Equal(t, "b d dir/c f", sorted(got.Files))

	got = find(t, h.clone(t, "f2", 3, "c4"), push("github-pull-request", "c4", "f2"), true)
	assert.Equal(t, decision.Exact, got.Certainty, "the history reaches far enough")
	assert.Equal(t, "dir/c f", sorted(got.Files))

	got = find(t, h.clone(t, "c4", 1), push("github-push", "", "c4"), true)
	assert.Equal(t, decision.AllFiles, got.Method)
	assert.Equal(t, vcs.NullRevision, got.Base)

	repo, err := vcs.Find(h.clone(t, "c1", 1), vcs.Options{Env: quiet, Offline: true})
	require.NoError(t, err)
	p := push("github-push", "c2", "c4")
	_, err = decision.FindChange(t.Context(), repo, &p, slog.New(slog.DiscardHandler))
	assert.ErrorContains(t, err, "head_rev: the checkout has no revision \""+h.commits["c4"]+"\" (TG1201)")

	ctx, stop := context.WithCancel(t.Context())
	stop()
	_, err = decision.FindChange(ctx, repo, &p, slog.New(slog.DiscardHandler))
	assert.ErrorIs(t, err, context.Canceled)
}

// A file that becomes a link, or the other way round, has changed.
func TestChangedType(t *testing.T) {
	dir := t.TempDir()
	git(t, dir, "init", "-q", "--template=")
	put(t, dir, "text", "a", "b")
	git(t, dir, "add", "-A")
	git(t, dir, "commit", "-q", "-m", "first")
	base := git(t, dir, "rev-parse", "HEAD")
	require.NoError(t, os.Remove(filepath.Join(dir, "a")))
	require.NoError(t, os.Symlink("b", filepath.Join(dir, "a")))
	git(t, dir, "commit", "-q", "-a", "-m", "second")
	p := decision.Push{TasksFor: "github-push", BaseRev: base, HeadRev: git(t, dir, "rev-parse", "HEAD")}
	assert.Equal(t, []string{"a"}, find(t, dir, p, true).Files)
}

// A fork whose history has nothing in common with the base.
func TestUnrelatedHistory(t *testing.T) {
	h := newHistory(t)
	dir := h.clone(t, "c4", 0)
	git(t, dir, "checkout", "-q", "--orphan", "other")
	put(t, dir, "new", "a")
	git(t, dir, "add", "-A")
	git(t, dir, "commit", "-q", "-m", "other")
	p := decision.Push{TasksFor: "github-pull-request", BaseRev: h.commits["c3"], HeadRev: git(t, dir, "rev-parse", "HEAD")}
	got := find(t, dir, p, true)
	assert.Equal(t, "a b d dir/c e", sorted(got.Files), "all that the one commit has")
	assert.Contains(t, got.Reason, "no history in common")
}

func TestChangedFilesMercurial(t *testing.T) {
	if _, err := exec.LookPath("hg"); err != nil {
		t.Skip("hg is not installed")
	}
	dir := t.TempDir()
	commits := map[string]string{"null": vcs.NullRevision, "": "", "unknown": strings.Repeat("d", 40)}
	tool(t, dir, "hg", "init")
	commit := func(name string, files ...string) {
		put(t, dir, name, files...)
		tool(t, dir, "hg", "commit", "-q", "-A", "-m", name, "-d", "0 0")
		commits[name] = tool(t, dir, "hg", "log", "-r", ".", "-T", "{node}")
	}
	commit("c1", "a", "b", "e")
	commit("c2", "a")
	commit("c3", "b")
	commit("c4", "d")
	tool(t, dir, "hg", "update", "-q", commits["c2"])
	commit("f1", "f")
	commit("f2", "f", "b")
	for _, c := range []struct{ name, tasksFor, base, baseRef, head, files, how string }{
		{"push", "hg-push", "c2", "default", "c4", "b d", "commits exact"},
		{"new head", "hg-push", "c4", "default", "f2", "b d f", "commits exact"},
		{"new branch", "hg-push", "null", "default", "f2", "a b e f", "all more"},
		{"base nowhere", "hg-push", "unknown", "default", "c4", "a b d e", "all more"},
		{"no base", "hg-push", "", commits["c4"], "f2", "b f", "commits guess"},
		{"no base, no branch", "hg-push", "", "", "f2", "b f", "commits guess"},
		{"first commit", "hg-push", "", "", "c1", "a b e", "all more"},
		{"cron", "cron", "c4", "default", "c4", "", "commits exact"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := find(t, dir, decision.Push{TasksFor: c.tasksFor, BaseRev: commits[c.base], BaseRef: c.baseRef, HeadRev: commits[c.head]}, false)
			assert.Equal(t, c.files, sorted(got.Files), got.Reason)
			kind := map[decision.Method]string{decision.ByCommits: "commits", decision.ByTrees: "trees", decision.AllFiles: "all"}[got.Method]
			certainty := map[decision.Certainty]string{decision.Exact: "exact", decision.AtLeast: "more", decision.Guess: "guess"}[got.Certainty]
			assert.Equal(t, c.how, kind+" "+certainty, got.Reason)
		})
	}
}

package vcs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sandbox is a repository that a test may do anything to.
type sandbox struct {
	t    *testing.T
	tool string
	dir  string
}

var quiet = []string{
	"GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_SYSTEM=" + os.DevNull, "HGRCPATH=" + os.DevNull,
	"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_AUTHOR_DATE=2024-01-01T00:00:00Z",
	"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com", "GIT_COMMITTER_DATE=2024-01-01T00:00:00Z",
	"HGUSER=a",
}

// template makes a repository with one commit that holds the file first, once for all tests.
var template = map[string]func() (string, error){
	"git": sync.OnceValues(func() (string, error) { return makeTemplate("git", "-q", "-b", "main") }),
	"hg":  sync.OnceValues(func() (string, error) { return makeTemplate("hg") }),
}

var templates []string

func makeTemplate(tool string, initArgs ...string) (string, error) {
	dir, err := os.MkdirTemp("", "vcs-"+tool)
	if err != nil {
		return "", err
	}
	templates = append(templates, dir)
	if err := os.WriteFile(filepath.Join(dir, "first"), []byte("1\n"), 0o644); err != nil {
		return "", err
	}
	commit := [][]string{{"add", "-A"}, {"commit", "-q", "-m", "first commit"}}
	if tool == "hg" {
		commit = [][]string{{"commit", "-q", "-A", "-m", "first commit", "-d", "0 0"}}
	}
	for _, args := range append([][]string{append([]string{"init"}, initArgs...)}, commit...) {
		cmd := exec.Command(tool, args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), quiet...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("%s %v: %s", tool, args, out)
		}
	}
	return dir, nil
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, dir := range templates {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

// newSandbox makes a copy of the template.
func newSandbox(t *testing.T, tool string) sandbox {
	if _, err := exec.LookPath(tool); err != nil {
		t.Skipf("%s is not installed", tool)
	}
	from, err := template[tool]()
	require.NoError(t, err)
	s := sandbox{t, tool, t.TempDir()}
	require.NoError(t, os.CopyFS(s.dir, os.DirFS(from)))
	return s
}

// both runs a test for git and for Mercurial.
func both(t *testing.T, test func(t *testing.T, s sandbox)) {
	for _, tool := range []string{"git", "hg"} {
		t.Run(tool, func(t *testing.T) {
			t.Parallel()
			test(t, newSandbox(t, tool))
		})
	}
}

func (s sandbox) run(args ...string) string {
	s.t.Helper()
	cmd := exec.Command(s.tool, args...)
	cmd.Dir, cmd.Env = s.dir, append(os.Environ(), quiet...)
	out, err := cmd.CombinedOutput()
	require.NoError(s.t, err, "%s %v: %s", s.tool, args, out)
	return strings.TrimSpace(string(out))
}

func (s sandbox) write(name, text string) {
	s.t.Helper()
	file := filepath.Join(s.dir, filepath.FromSlash(name))
	require.NoError(s.t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(s.t, os.WriteFile(file, []byte(text), 0o644))
}

func (s sandbox) remove(name string) {
	s.t.Helper()
	require.NoError(s.t, os.Remove(filepath.Join(s.dir, name)))
}

// commit records everything that changed and gives the new revision.
func (s sandbox) commit(message string) string {
	s.t.Helper()
	if s.tool == "git" {
		s.run("add", "-A")
		s.run("commit", "-q", "-m", message)
		return s.run("rev-parse", "HEAD")
	}
	out := s.run("--debug", "commit", "-A", "-m", message, "-d", "0 0")
	_, node, _ := strings.Cut(out[strings.LastIndex(out, "committed changeset"):], ":")
	return node
}

func (s sandbox) open() Repository {
	s.t.Helper()
	return s.openWith(Options{})
}

func (s sandbox) openWith(o Options) Repository {
	s.t.Helper()
	o.Env = append(o.Env, quiet...)
	r, err := Find(s.dir, o)
	require.NoError(s.t, err)
	return r
}

func TestFind(t *testing.T) {
	both(t, func(t *testing.T, s sandbox) {
		s.write("a/b/c", "")
		r, err := Find(filepath.Join(s.dir, "a", "b"), Options{})
		require.NoError(t, err)
		assert.Equal(t, s.tool, r.Tool())
		assert.Equal(t, s.dir, r.Root())

		r, err = Find(filepath.Join(s.dir, "not", "there"), Options{})
		require.NoError(t, err, "a directory need not exist")
		assert.Equal(t, s.dir, r.Root())
	})
}

func TestFindNothing(t *testing.T) {
	_, err := Find(t.TempDir(), Options{})
	assert.ErrorIs(t, err, ErrNoRepository)
}

func TestFindPrefersMercurial(t *testing.T) {
	s := newSandbox(t, "hg")
	require.NoError(t, os.Mkdir(filepath.Join(s.dir, ".git"), 0o755))
	assert.Equal(t, "hg", s.open().Tool())
}

func TestFindWorktree(t *testing.T) {
	s := newSandbox(t, "git")
	other := filepath.Join(t.TempDir(), "other")
	s.run("worktree", "add", "-q", "-b", "topic", other)
	r, err := Find(other, Options{Env: quiet})
	require.NoError(t, err, ".git is a file in a worktree")
	branch, err := r.Branch(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "topic", branch)
}

func TestHeadAndBranch(t *testing.T) {
	both(t, func(t *testing.T, s sandbox) {
		ctx, r := t.Context(), s.open()
		s.write("second", "2")
		want := s.commit("second commit")
		head, err := r.HeadRev(ctx)
		require.NoError(t, err)
		assert.Equal(t, want, head)
		assert.Len(t, head, 40)

		if s.tool == "git" {
			s.run("checkout", "-q", "-b", "topic/x")
		} else {
			branch, err := r.Branch(ctx)
			require.NoError(t, err)
			assert.Empty(t, branch, "no bookmark yet")
			s.run("bookmark", "topic/x")
		}
		branch, err := r.Branch(ctx)
		require.NoError(t, err)
		assert.Equal(t, "topic/x", branch)

		if s.tool == "git" {
			s.run("checkout", "-q", "--detach")
		} else {
			s.run("bookmark", "-i")
		}
		branch, err = r.Branch(ctx)
		require.NoError(t, err)
		assert.Empty(t, branch)
	})
}

func TestNoCommits(t *testing.T) {
	dir := t.TempDir()
	s := sandbox{t, "git", dir}
	s.run("init", "-q", "-b", "main")
	_, err := s.open().HeadRev(t.Context())
	e, ok := errors.AsType[*Error](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, 128, e.Code)
	assert.Contains(t, err.Error(), "git rev-parse --verify HEAD: fatal:")
}

func TestCommitMessage(t *testing.T) {
	both(t, func(t *testing.T, s sandbox) {
		ctx, r := t.Context(), s.open()
		before, err := r.HeadRev(ctx)
		require.NoError(t, err)
		s.write("second", "2")
		if s.tool == "git" {
			s.commit("übel\n\nDONTBUILD")
		} else {
			s.run("addremove", "-q")
			s.run("--encoding", "utf-8", "commit", "-m", "übel\n\nDONTBUILD")
		}
		message, err := r.CommitMessage(ctx, "")
		require.NoError(t, err)
		assert.Equal(t, "übel\n\nDONTBUILD", strings.TrimSpace(message))
		message, err = r.CommitMessage(ctx, before)
		require.NoError(t, err)
		assert.Equal(t, "first commit", strings.TrimSpace(message))
		_, err = r.CommitMessage(ctx, "--all")
		assert.ErrorContains(t, err, "begins with a dash")
	})
}

func TestCommitMessageNotText(t *testing.T) {
	s := newSandbox(t, "git")
	s.run("-c", "i18n.commitEncoding=unknown", "commit", "-q", "--allow-empty", "-m", "caf\xe9")
	_, err := s.open().CommitMessage(t.Context(), "")
	assert.ErrorIs(t, err, ErrNotText)
}

func TestRemoteURL(t *testing.T) {
	both(t, func(t *testing.T, s sandbox) {
		ctx, r := t.Context(), s.open()
		_, err := r.RemoteURL(ctx, "")
		_, failed := errors.AsType[*Error](err)
		assert.True(t, failed, "no remote yet: %v", err)

		if s.tool == "git" {
			s.run("remote", "add", "origin", "https://some/repo")
			s.run("remote", "add", "other", "https://some.other/repo")
		} else {
			s.write(".hg/hgrc", "[paths]\ndefault = https://some/repo\nother = https://some.other/repo\n")
		}
		url, err := r.RemoteURL(ctx, "")
		require.NoError(t, err)
		assert.Equal(t, "https://some/repo", url)
		url, err = r.RemoteURL(ctx, "other")
		require.NoError(t, err)
		assert.Equal(t, "https://some.other/repo", url)
	})
}

func TestChangedFilesOfWorkingTree(t *testing.T) {
	both(t, func(t *testing.T, s sandbox) {
		ctx, r := t.Context(), s.open()
		s.write("gone", "")
		s.write("staged", "")
		s.commit("more")
		s.write("first", "changed")
		s.remove("gone")
		s.write("staged", "changed")
		s.write("untracked", "")
		s.write("added", "")
		if s.tool == "git" {
			s.run("add", "added", "staged")
		} else {
			s.run("add", "added")
		}
		changed := func(c Change) []string {
			files, err := r.ChangedFiles(ctx, c)
			require.NoError(t, err)
			slices.Sort(files)
			return files
		}
		if s.tool == "hg" {
			assert.Equal(t, []string{"added", "first", "gone", "staged"}, changed(Change{}))
			assert.Equal(t, []string{"added", "first", "staged"}, changed(Change{Filter: "AM"}))
			assert.Equal(t, []string{"gone"}, changed(Change{Filter: "d"}))
			return
		}
		assert.Equal(t, []string{"first", "gone"}, changed(Change{}))
		assert.Equal(t, []string{"first"}, changed(Change{Filter: "AM"}))
	})
}

func TestChangedFilesOfRevisions(t *testing.T) {
	both(t, func(t *testing.T, s sandbox) {
		ctx, r := t.Context(), s.open()
		base, err := r.HeadRev(ctx)
		require.NoError(t, err)
		s.write("with blank", "2")
		s.write("first", "2")
		s.commit("two")
		s.write("first", "3")
		s.remove("with blank")
		head := s.commit("three")

		changed := func(c Change) []string {
			files, err := r.ChangedFiles(ctx, c)
			require.NoError(t, err)
			slices.Sort(files)
			return files
		}
		assert.Equal(t, []string{"first", "with blank"}, changed(Change{Rev: head}))
		assert.Equal(t, []string{"with blank"}, changed(Change{Rev: head, Filter: "D"}))
		assert.Equal(t, []string{"first", "first", "with blank", "with blank"}, changed(Change{Rev: head, Base: base}),
			"once for each revision")
		assert.Equal(t, []string{"first", "with blank"}, changed(Change{Rev: head, Base: base, Filter: "AM"})[1:])
		if s.tool == "git" {
			assert.Equal(t, []string{"first"}, changed(Change{Rev: head, Base: NullRevision}), "all files of the revision")
		}

		for _, bad := range []Change{{Base: base}, {Filter: "x"}, {Rev: "--output=x"}, {Rev: head, Base: "-p"}, {Rev: "nowhere"}} {
			_, err := r.ChangedFiles(ctx, bad)
			assert.Error(t, err, "%+v", bad)
		}
		_, err = os.Stat(filepath.Join(s.dir, "x"))
		assert.ErrorIs(t, err, os.ErrNotExist)
	})
}

func TestRenamedFile(t *testing.T) {
	s := newSandbox(t, "git")
	s.run("mv", "first", "moved")
	files, err := s.open().ChangedFiles(t.Context(), Change{Rev: s.commit("move")})
	require.NoError(t, err)
	assert.Equal(t, []string{"first", "moved"}, files, "deleted and added")
}

func TestChangedFilesOfShallowClone(t *testing.T) {
	s := newSandbox(t, "git")
	base := s.run("rev-parse", "HEAD")
	s.write("a", "1")
	s.commit("a")
	s.write("a", "2")
	head := s.commit("a again")
	clone := sandbox{t, "git", filepath.Join(t.TempDir(), "clone")}
	s.run("clone", "-q", "--depth=1", "file://"+s.dir, clone.dir)
	clone.run("fetch", "-q", "--depth=1", "origin", base)

	r := clone.open()
	shallow, err := r.IsShallow(t.Context())
	require.NoError(t, err)
	assert.True(t, shallow)
	files, err := r.ChangedFiles(t.Context(), Change{Rev: head, Base: base})
	require.NoError(t, err)
	assert.Equal(t, []string{"a"}, files, "from the trees: once")
}

func TestBaseRevOfClone(t *testing.T) {
	both(t, func(t *testing.T, s sandbox) {
		clone := sandbox{t, s.tool, filepath.Join(t.TempDir(), "clone")}
		s.run("clone", "-q", s.dir, clone.dir)
		ctx, r := t.Context(), clone.open()
		base, err := r.BaseRev(ctx)
		require.NoError(t, err)
		head, err := r.HeadRev(ctx)
		require.NoError(t, err)
		assert.Equal(t, head, base, "nothing is local")

		clone.write("new", "")
		clone.commit("new")
		base, err = r.BaseRev(ctx)
		require.NoError(t, err)
		assert.Equal(t, head, base)
	})
}

func TestBaseRevWithoutRemote(t *testing.T) {
	both(t, func(t *testing.T, s sandbox) {
		_, err := s.open().BaseRev(t.Context())
		assert.ErrorIs(t, err, ErrNoUpstream)
	})
}

func TestRevisions(t *testing.T) {
	both(t, func(t *testing.T, s sandbox) {
		ctx, r := t.Context(), s.open()
		root, err := r.HeadRev(ctx)
		require.NoError(t, err)
		s.write("a", "")
		left := s.commit("left")
		if s.tool == "git" {
			s.run("checkout", "-q", "-b", "right", root)
		} else {
			s.run("update", "-q", root)
		}
		s.write("b", "")
		right := s.commit("right")

		common, err := r.LatestCommonRevision(ctx, left, right)
		require.NoError(t, err)
		assert.Equal(t, root, common)
		common, err = r.LatestCommonRevision(ctx, NullRevision, right)
		require.NoError(t, err)
		assert.Equal(t, NullRevision, common)
	})
}

func TestDefaultBranch(t *testing.T) {
	s := newSandbox(t, "git")
	clone := sandbox{t, "git", filepath.Join(t.TempDir(), "clone")}
	s.run("clone", "-q", s.dir, clone.dir)
	ctx := t.Context()
	branch := func(s sandbox, o Options) string {
		t.Helper()
		b, err := s.openWith(o).DefaultBranch(ctx)
		require.NoError(t, err)
		return b
	}
	assert.Equal(t, "origin/main", branch(clone, Options{}), "from the clone's own record")
	clone.run("remote", "set-head", "origin", "--delete")
	assert.Equal(t, "origin/main", branch(clone, Options{}), "asked of the remote")
	_, err := clone.openWith(Options{Offline: true}).DefaultBranch(ctx)
	assert.ErrorContains(t, err, "refs/remotes/origin/main", "offline there are two to guess from")
	assert.Equal(t, "refs/heads/main", branch(s, Options{}), "guessed")
	s.run("branch", "master")
	_, err = s.open().DefaultBranch(ctx)
	assert.ErrorContains(t, err, "cannot tell the default branch")
}

func TestCancelled(t *testing.T) {
	both(t, func(t *testing.T, s sandbox) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := s.open().HeadRev(ctx)
		assert.ErrorIs(t, err, context.Canceled)
	})
}

func TestMissingProgram(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, ".git"), 0o755))
	t.Setenv("PATH", t.TempDir())
	_, err := Find(dir, Options{})
	assert.ErrorIs(t, err, exec.ErrNotFound)
	assert.NotErrorIs(t, err, ErrNoRepository)
}

func TestCopy(t *testing.T) {
	both(t, func(t *testing.T, s sandbox) {
		ctx, r := t.Context(), s.open()
		before, err := r.HeadRev(ctx)
		require.NoError(t, err)
		s.write("first", "2")
		s.commit("second commit")
		s.write("first", "not committed")
		for rev, want := range map[string]string{before: "1\n", "": "2"} {
			dir := filepath.Join(t.TempDir(), "copy")
			require.NoError(t, s.open().Copy(ctx, rev, dir))
			text, err := os.ReadFile(filepath.Join(dir, "first"))
			require.NoError(t, err)
			assert.Equal(t, want, string(text))
			made, err := Find(dir, Options{})
			require.NoError(t, err)
			files, err := made.TrackedFiles(ctx, "")
			require.NoError(t, err)
			assert.Equal(t, []string{"first"}, files)
		}
		for _, rev := range []string{"nothing", "--help"} {
			assert.Error(t, s.open().Copy(ctx, rev, filepath.Join(t.TempDir(), "copy")))
		}
	})
}

package vcs

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// upstream makes a repository with two branches, and gives its address and what runs git in it.
func upstream(t *testing.T) (url string, run func(args ...string) string) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git here")
	}
	dir := t.TempDir()
	run = func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull, "GIT_AUTHOR_NAME=dev", "GIT_AUTHOR_EMAIL=dev@example.com",
			"GIT_COMMITTER_NAME=dev", "GIT_COMMITTER_EMAIL=dev@example.com")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return strings.TrimSpace(string(out))
	}
	run("init", "-q", "-b", "trunk")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a file"), []byte("one\x00\n"), 0o644))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "sub"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "sub", "b"), []byte("b"), 0o644))
	run("add", ".")
	run("commit", "-q", "-m", "one")
	run("branch", "feature/x")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a file"), []byte("two"), 0o644))
	run("commit", "-q", "-a", "-m", "two")
	run("config", "uploadpack.allowFilter", "true")
	return "file://" + filepath.ToSlash(dir), run
}

func TestRemote(t *testing.T) {
	url, git := upstream(t)
	ctx := t.Context()
	r, err := OpenRemote(ctx, url, Options{})
	require.NoError(t, err)
	for branch, want := range map[string][2]string{"": {"trunk", "trunk"}, "trunk": {"trunk", "trunk"}, "feature/x": {"feature/x", "feature/x"}} {
		name, rev, err := r.Head(ctx, branch)
		require.NoError(t, err)
		assert.Equal(t, want[0], name)
		assert.Equal(t, git("rev-parse", want[1]), rev)
	}
	name, rev, err := r.Head(ctx, "gone")
	assert.Equal(t, []any{"", "", nil}, []any{name, rev, err})

	one, two := git("rev-parse", "feature/x"), git("rev-parse", "trunk")
	for rev, want := range map[string]string{one: "one\x00\n", two: "two"} {
		text, err := r.ReadFile(ctx, rev, "a file", 100)
		require.NoError(t, err)
		assert.Equal(t, want, string(text))
	}
	text, err := r.ReadFile(ctx, one, "sub/b", 1)
	require.NoError(t, err)
	assert.Equal(t, "b", string(text))
	for _, path := range []string{"gone", "sub", "sub/gone", "a"} {
		_, err = r.ReadFile(ctx, one, path, 100)
		assert.ErrorIs(t, err, fs.ErrNotExist, path)
	}
	_, err = r.ReadFile(ctx, two, "a file", 2)
	assert.ErrorContains(t, err, "a file has 3 bytes; at most 2 are read")
	for _, c := range [][2]string{{"trunk", "a"}, {"--help", "a"}, {one, "../a"}, {one, "/a"}, {one, ""}} {
		_, err = r.ReadFile(ctx, c[0], c[1], 100)
		assert.ErrorIs(t, err, fs.ErrInvalid, c)
	}
	_, err = r.ReadFile(ctx, strings.Repeat("1", 40), "a", 100)
	assert.Error(t, err)
	assert.NotErrorIs(t, err, fs.ErrNotExist)

	dir := r.git.dir
	require.NoError(t, r.Close())
	assert.NoDirExists(t, dir)
	_, err = OpenRemote(ctx, "--upload-pack=x", Options{})
	assert.ErrorContains(t, err, "no address")
}

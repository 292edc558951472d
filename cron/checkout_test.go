package cron_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/cron"
	"github.com/taskgraph-go/decision/internal/vcs"
)

// A clone and a repository elsewhere answer alike.
func TestCheckoutAndGit(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git here")
	}
	dir := t.TempDir()
	git := func(args ...string) string {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull, "GIT_AUTHOR_NAME=dev", "GIT_AUTHOR_EMAIL=dev@example.com",
			"GIT_COMMITTER_NAME=dev", "GIT_COMMITTER_EMAIL=dev@example.com")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return strings.TrimSpace(string(out))
	}
	git("init", "-q", "-b", "trunk")
	ctx := t.Context()
	empty, err := vcs.OpenRemote(ctx, "file://"+filepath.ToSlash(dir), vcs.Options{})
	require.NoError(t, err)
	defer empty.Close()
	_, err = cron.Git{Remote: empty}.Head(ctx, "")
	assert.ErrorIs(t, err, cron.ErrNoPush)

	require.NoError(t, os.WriteFile(filepath.Join(dir, ".cron.yml"), []byte("jobs: []"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "huge"), make([]byte, 5<<20), 0o644))
	git("add", ".")
	git("commit", "-q", "-m", "one")
	rev := git("rev-parse", "HEAD")
	clone, err := vcs.Find(dir, vcs.Options{})
	require.NoError(t, err)
	for name, r := range map[string]cron.Repository{"clone": cron.Checkout{VCS: clone}, "elsewhere": cron.Git{Remote: empty}} {
		head, err := r.Head(ctx, "")
		require.NoError(t, err, name)
		assert.Equal(t, cron.Push{Branch: "trunk", Revision: rev}, head, name)
		push, err := r.Push(ctx, "", rev)
		require.NoError(t, err, name)
		assert.Equal(t, head, push, name)
		text, err := r.File(ctx, rev, ".cron.yml")
		require.NoError(t, err, name)
		assert.Equal(t, "jobs: []", string(text), name)
		_, err = r.File(ctx, rev, "gone")
		assert.ErrorIs(t, err, fs.ErrNotExist, name)
		_, err = r.File(ctx, rev, "huge")
		assert.ErrorContains(t, err, "5242880 bytes; at most 4194304 are read", name)
	}
}

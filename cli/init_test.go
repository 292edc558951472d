package cli_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/cli"
)

// newRepository gives an empty repository with a remote on GitHub.
func newRepository(t *testing.T) string {
	t.Helper()
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	dir := t.TempDir()
	for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"remote", "add", "origin", "https://github.com/example/greeter"}} {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		text, err := cmd.CombinedOutput()
		require.NoError(t, err, string(text))
	}
	return dir
}

// initialize runs init with an input and gives the exit code and what it says.
func initialize(ctx context.Context, dir string, stdin io.Reader, args ...string) (code int, out, errs string) {
	var stdout, stderr bytes.Buffer
	app := &cli.App{Registry: cli.Standard(), Stdin: stdin, Stdout: &stdout, Stderr: &stderr, Dir: dir, Env: func(string) string { return "" }}
	code = app.Run(ctx, append([]string{"init"}, args...))
	return code, stdout.String(), stderr.String()
}

// entries gives the names in a directory, without that of git.
func entries(t *testing.T, dir string) (names []string) {
	t.Helper()
	all, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range all {
		if e.Name() != ".git" {
			names = append(names, e.Name())
		}
	}
	return names
}

// Whoever is asked may go away, with a signal or with the end of the input: then nothing was written.
func TestInitInterrupted(t *testing.T) {
	dir := newRepository(t)
	ctx, cancel := context.WithCancel(t.Context())
	waiting, answers := io.Pipe()
	defer answers.Close()
	go func() {
		answers.Write([]byte("\ngreeter\n"))
		time.Sleep(10 * time.Millisecond)
		cancel()
	}()
	code, out, errs := initialize(ctx, dir, waiting, "--prompt")
	assert.Equal(t, 130, code)
	assert.Empty(t, out)
	assert.Contains(t, errs, "taskgraph: interrupted")
	assert.Empty(t, entries(t, dir))

	code, _, errs = initialize(t.Context(), dir, strings.NewReader("\n\n"), "--prompt")
	assert.Equal(t, 2, code)
	assert.Contains(t, errs, "the input ended before all questions were answered; nothing was changed")
	assert.Empty(t, entries(t, dir))
}

func TestInitExitCodes(t *testing.T) {
	nowhere := t.TempDir()
	dir := newRepository(t)
	none := strings.NewReader("")
	run := func(dir string, args ...string) int {
		code, _, _ := initialize(t.Context(), dir, none, args...)
		return code
	}
	assert.Equal(t, 2, run(nowhere))
	assert.Equal(t, 2, run(dir, "--level", "9"))
	assert.Equal(t, 2, run(dir, "--repository", "x"))
	assert.Equal(t, 0, run(dir))
	assert.Equal(t, 1, run(dir), "there is a setup")
	assert.Equal(t, 0, run(dir, "--force"))
	code, _, _ := initialize(t.Context(), dir, strings.NewReader("\n\n\n\n\nn\n"), "--prompt")
	assert.Equal(t, 1, code, "no consent")
}

// A directory that cannot be written to keeps all that it has.
func TestInitUnwritable(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("nothing is unwritable for root")
	}
	dir := newRepository(t)
	require.NoError(t, os.Chmod(dir, 0o555))
	defer os.Chmod(dir, 0o755)
	code, out, errs := initialize(t.Context(), dir, strings.NewReader(""))
	assert.Equal(t, 1, code)
	assert.Empty(t, out)
	assert.Contains(t, errs, "cannot be written: permission denied (TG0002)")
	assert.Empty(t, entries(t, dir))
}

// The code in Starlark is there where the program runs it, and passes its tests.
func TestInitStarlark(t *testing.T) {
	dir := newRepository(t)
	code, out, errs := initialize(t.Context(), dir, strings.NewReader(""))
	require.Zero(t, code, errs)
	kind, err := os.ReadFile(filepath.Join(dir, "taskcluster", "kinds", "test", "kind.yml"))
	require.NoError(t, err)
	runs := strings.Contains(out, "taskcluster/transforms/test_checks.star")
	assert.Equal(t, runs, strings.Contains(string(kind), "./transforms/checks.star:commands"))
	if !runs {
		t.Skip("this program does not run Starlark")
	}
	code, out, errs = call(t.Context(), dir, "", "star", "test")
	assert.Zero(t, code, errs)
	assert.Contains(t, out, "2 passed, 0 failed")
}

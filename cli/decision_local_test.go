package cli

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/decision/definition"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskcluster/local"
	"github.com/taskgraph-go/decision/value"
)

// TestDecisionCreates runs the decision task on the example against the embedded Taskcluster: without the scopes that it
// takes, as a dry run, and twice for real.
func TestDecisionCreates(t *testing.T) {
	s, err := local.New(local.Options{CheckReplies: true})
	require.NoError(t, err)
	r, err := s.Listen(0)
	require.NoError(t, err)
	defer r.Shutdown(t.Context())
	const id = "fN3SbArXTPSVFUUvKaxiQw"
	top := t.TempDir()
	dir := filepath.Join(top, "examples", "hello")
	require.NoError(t, os.CopyFS(dir, os.DirFS("../examples/hello")))
	for _, args := range [][]string{{"init", "-q"}, {"add", "-A"}, {"-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"}} {
		cmd := exec.Command("git", args...)
		cmd.Dir = top
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
	}
	run := func(credentials *taskcluster.Credentials, more ...string) (int, string) {
		env := map[string]string{"TASK_ID": id, "TASKCLUSTER_ROOT_URL": r.RootURL(), "TASKCLUSTER_CLIENT_ID": credentials.ClientID, "TASKCLUSTER_ACCESS_TOKEN": credentials.AccessToken, "TASKCLUSTER_CERTIFICATE": credentials.Certificate}
		var out bytes.Buffer
		a := &App{Registry: Standard(), Stdout: &out, Stderr: &out, Dir: dir, Env: func(n string) string { return env[n] }}
		code := a.Run(t.Context(), append([]string{"decision", "--project=hello", "--owner=a@b.c", "--level=1", "--tasks-for=github-push", "--repository-type=git",
			"--base-repository=https://github.com/x/hello", "--head-repository=https://github.com/x/hello", "--head-ref=main", "--head-rev=" + head(t, top), "--pushdate=1700000000"}, more...))
		return code, out.String()
	}
	code, out := run(s.Credentials("auth:*", "index:*", "queue:*"))
	t.Log(code, out)
	assert.Equal(t, 7, code)
	code, out = run(s.RootCredentials(), "--dry-run")
	t.Log(code, out)
	assert.Equal(t, 0, code)

	def := value.MapOf("provisionerId", "p", "workerType", "w", "created", value.MapOf("relative-datestamp", "0 seconds"), "deadline", value.MapOf("relative-datestamp", "1 day"), "payload", value.NewMap(0),
		"schedulerId", "hello-level-1", "taskGroupId", id, "metadata", value.MapOf("name", "x", "description", "x", "owner", "a@b.c", "source", "https://x.y"))
	d, err := definition.NewResolver(time.Now()).Definition(def)
	require.NoError(t, err)
	body, err := value.AppendJSON(nil, d.Value(), value.JSONStyle{}, 0)
	require.NoError(t, err)
	require.NoError(t, taskcluster.NewClient(taskcluster.Options{RootURL: r.RootURL(), Credentials: s.RootCredentials()}).CreateTask(t.Context(), id, body))
	for range 2 {
		code, out = run(s.RootCredentials(), "--seal")
		t.Log(code, out)
		assert.Equal(t, 0, code)
	}
}

func head(t *testing.T, dir string) string {
	t.Helper()
	cmd := exec.Command("git", "rev-parse", "HEAD")
	cmd.Dir = dir
	out, err := cmd.Output()
	require.NoError(t, err)
	return string(bytes.TrimSpace(out))
}

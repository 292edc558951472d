package cli_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/cli"
	"github.com/taskgraph-go/decision/decision"
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskcluster/tcyml"
	"github.com/taskgraph-go/decision/value"
)

// taskRunner is an app in a directory, and what it said.
func taskRunner(dir string) (*cli.App, *bytes.Buffer) {
	var errs bytes.Buffer
	return &cli.App{Registry: cli.Standard(), Stdin: strings.NewReader(""), Stdout: &errs, Stderr: &errs, Dir: dir, Submitter: creates{}, Clock: func() time.Time { return time.Unix(1767323045, 0) }, Env: func(name string) string {
		return map[string]string{"TASKCLUSTER_ROOT_URL": "https://tc.example.com", "SECRET": "of the user's"}[name]
	}}, &errs
}

// creates takes every task for created.
type creates struct{}

func (creates) Submit(context.Context, *decision.Submission) error { return nil }

// What .taskcluster.yml makes of an event can be run where the checkout is, without a worker.
func TestRunDecisionTask(t *testing.T) {
	dir := newTree(t, oneTask)
	text, err := os.ReadFile("../.taskcluster.yml")
	require.NoError(t, err)
	// Our own file gives --root ., and the tree has its kinds below taskcluster.
	text = bytes.ReplaceAll(text, []byte("--root ."), []byte("--offline --root taskcluster"))
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".taskcluster.yml"), text, 0o644))
	facts := tcyml.Facts{Repository: "https://github.com/taskgraph-go/decision", Rev: commit(t, dir), BaseRev: strings.Repeat("0", 40)}
	file, err := tcyml.Read(".taskcluster.yml", text, nil)
	require.NoError(t, err)
	for _, name := range []string{"push", "pull-request", "cron"} {
		event, err := tcyml.Find(name, facts)
		require.NoError(t, err)
		rendered, err := file.Render(event, tcyml.Options{RootURL: "https://tc.example.com", Now: time.Unix(1767323045, 0)})
		require.NoError(t, err)
		require.Len(t, rendered.Tasks, 1)
		task := rendered.Tasks[0]
		app, said := taskRunner("/")
		code := app.RunDecisionTask(t.Context(), task.ID, task.Definition, dir)
		require.Equal(t, diag.ExitOK, code, said.String())
		params, err := os.ReadFile(filepath.Join(dir, "artifacts", "parameters.yml"))
		require.NoError(t, err)
		assert.Contains(t, string(params), "tasks_for: "+event.TasksFor+"\n", name)
		assert.Contains(t, string(params), "head_rev: "+facts.Rev+"\n", name)
		full, err := os.ReadFile(filepath.Join(dir, "artifacts", "full-task-graph.json"))
		require.NoError(t, err)
		assert.Contains(t, string(full), `"parent": "`+task.ID+`"`, name)
		require.NoError(t, os.RemoveAll(filepath.Join(dir, "artifacts")))
	}
}

// helloPush makes a checkout of the example, reads its .taskcluster.yml, and makes the event of a push of it.
func helloPush(t *testing.T) (dir string, file *tcyml.File, event tcyml.Event) {
	t.Helper()
	dir = t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(dir, "examples", "hello"), os.DirFS("../examples/hello")))
	text, err := os.ReadFile("../examples/hello/.taskcluster.yml")
	require.NoError(t, err)
	file, err = tcyml.Read(tcyml.FileName, text, nil)
	require.NoError(t, err)
	event, err = tcyml.Find("push", tcyml.Facts{Repository: "https://github.com/example/hello", Rev: commit(t, dir), BaseRev: strings.Repeat("0", 40)})
	require.NoError(t, err)
	return dir, file, event
}

// The decision task of the example decides on the example's graph.
func TestRunExample(t *testing.T) {
	dir, file, event := helloPush(t)
	rendered, err := file.Render(event, tcyml.Options{Now: time.Unix(1767323045, 0)})
	require.NoError(t, err)
	command := rendered.Tasks[0].Definition.EditMap("payload").EditList("command")
	command.SetAt(2, value.NewString(strings.Replace(command.At(2).Str(), "taskgraph decision", "taskgraph decision --offline", 1)))
	app, said := taskRunner("/")
	require.Equal(t, diag.ExitOK, app.RunDecisionTask(t.Context(), rendered.Tasks[0].ID, rendered.Tasks[0].Definition, dir), said.String())
	assert.Contains(t, said.String(), "decided on 11 of 11 tasks for 7 targets, created all; artifacts are in artifacts\n")
	assert.FileExists(t, filepath.Join(dir, "docker-contexts", "linux.tar.gz"))
}

func TestDecisionArguments(t *testing.T) {
	for payload, want := range map[string]string{
		`{command: [bash, -cx, 'cd $DIR && taskgraph decision --nonsense "$A" ${B}']}`:                           `unknown flag: --nonsense`,
		`{command: [taskgraph, decision, --nonsense]}`:                                                           `unknown flag: --nonsense`,
		`{command: [[/usr/bin/taskgraph, decision, --nonsense]]}`:                                                `unknown flag: --nonsense`,
		`{command: ["echo 'taskgraph decision' && pip install taskgraph && X=1 taskgraph decision --nonsense"]}`: `unknown flag: --nonsense`,
		`{env: {A: --nonsense}, command: [bash, -c, 'taskgraph decision $A']}`:                                   `unknown flag: --nonsense`,
		`{command: [bash, -c, 'taskgraph decision $SECRET']}`:                                                    `required flag(s)`,
		`{command: [bash, -c, 'taskgraph decision --head-rev $(git rev-parse HEAD)']}`:                           `payload.command: the arguments of taskgraph in the task's command depend on the output of another command (TG3018)`,
		`{command: [make, test]}`:                        `payload.command: the task's command does not run taskgraph decision or taskgraph action-callback (TG3018)`,
		`{command: [bash, -c, "taskgraph decision 'x"]}`: `does not run taskgraph decision`,
		`{}`:           `does not run taskgraph decision`,
		`{command: 3}`: `does not run taskgraph decision`,
	} {
		doc, err := (&value.Reader{}).YAML("payload", []byte(payload))
		require.NoError(t, err)
		app, said := taskRunner(t.TempDir())
		code := app.RunDecisionTask(t.Context(), "fdtgsD5DQUmAQZEaGMvQ4Q", value.MapOf("payload", doc), t.TempDir())
		assert.NotEqual(t, diag.ExitOK, code, payload)
		assert.Contains(t, said.String(), want, payload)
	}
}

package cli_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcqueue"

	"github.com/taskgraph-go/decision/cli"
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskcluster/local"
	"github.com/taskgraph-go/decision/taskcluster/tcyml"
	"github.com/taskgraph-go/decision/value"
)

// A push makes a decision task, and that one a group of tasks, in the services of this program.
func TestPushToTasks(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(dir, "examples", "hello"), os.DirFS("../examples/hello")))
	commit(t, dir)
	out, err := exec.Command("git", "-C", dir, "rev-parse", "HEAD").Output()
	require.NoError(t, err)

	server, err := local.New(local.Options{})
	require.NoError(t, err)
	running, err := server.Listen(0)
	require.NoError(t, err)
	defer running.Shutdown(t.Context())
	env := local.Environment(running.RootURL(), running.RootCredentials())

	text, err := os.ReadFile("../examples/hello/.taskcluster.yml")
	require.NoError(t, err)
	file, err := tcyml.Read(".taskcluster.yml", text, nil)
	require.NoError(t, err)
	event, err := tcyml.Find("push", tcyml.Facts{Repository: "https://github.com/example/hello", Rev: strings.TrimSpace(string(out)), BaseRev: strings.Repeat("0", 40)})
	require.NoError(t, err)
	rendered, err := file.Render(event, tcyml.Options{RootURL: running.RootURL(), Now: time.Now()})
	require.NoError(t, err)
	task := rendered.Tasks[0]
	definition, err := value.CompactJSON(task.Definition.Value())
	require.NoError(t, err)
	service, err := taskcluster.FromEnvironment(func(name string) string { return env[name] })
	require.NoError(t, err)
	require.NoError(t, taskcluster.NewClient(service).CreateTask(t.Context(), task.ID, []byte(definition)))

	group := func() map[string]tcqueue.TaskDefinitionResponse {
		list, err := tcqueue.New(running.RootCredentials(), running.RootURL()).ListTaskGroup(task.ID, "", "")
		require.NoError(t, err)
		all := map[string]tcqueue.TaskDefinitionResponse{}
		for _, x := range list.Tasks {
			all[x.Status.TaskID] = x.Task
		}
		return all
	}
	var first map[string]tcqueue.TaskDefinitionResponse
	for i, which := range []string{"first", "again"} {
		var said bytes.Buffer
		app := &cli.App{Registry: cli.Standard(), Stdin: strings.NewReader(""), Stdout: &said, Stderr: &said, Dir: "/", Clock: func() time.Time { return time.Now().Add(time.Duration(i) * 2 * time.Second) }, Env: func(name string) string { return env[name] }}
		require.Equal(t, diag.ExitOK, app.RunDecisionTask(t.Context(), task.ID, task.Definition, dir), said.String())
		assert.Contains(t, said.String(), "decided on 11 of 11 tasks for 7 targets, created all; artifacts are in artifacts\n")
		got := group()
		assert.Len(t, got, 12, "the tasks and the decision task")
		if which == "first" {
			first = got
		}
		assert.Equal(t, first, got, "a decision task that runs again creates nothing twice")
	}
	text, err = os.ReadFile(filepath.Join(dir, "artifacts", "task-graph.json"))
	require.NoError(t, err)
	var graph map[string]struct {
		Label string
		Task  struct{ Metadata struct{ Name string } }
	}
	require.NoError(t, json.Unmarshal(text, &graph))
	require.Len(t, graph, 11)
	for id, want := range graph {
		assert.Equal(t, want.Task.Metadata.Name, first[id].Metadata.Name, want.Label)
		assert.Equal(t, task.ID, first[id].TaskGroupID, want.Label)
	}
}

package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/taskcluster/slugid-go/slugid"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcindex"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcqueue"

	"github.com/taskgraph-go/decision/cli"
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskcluster/local"
	"github.com/taskgraph-go/decision/taskcluster/tcyml"
	"github.com/taskgraph-go/decision/value"
)

// demoPush is a push of the example in the services of this program.
type demoPush struct {
	t       *testing.T
	dir     string
	file    *tcyml.File
	event   tcyml.Event
	running *local.Running
	queue   *tcqueue.Queue
}

// newDemoPush makes a checkout of the example and starts the services.
func newDemoPush(t *testing.T) *demoPush {
	t.Helper()
	p := &demoPush{t: t}
	p.dir, p.file, p.event = helloPush(t)
	server, err := local.New(local.Options{ClaimWait: time.Millisecond, CheckReplies: true})
	require.NoError(t, err)
	p.running, err = server.Listen(0)
	require.NoError(t, err)
	t.Cleanup(func() { p.running.Shutdown(context.Background()) })
	p.queue = tcqueue.New(p.running.RootCredentials(), p.running.RootURL())
	return p
}

// decisionTask creates the decision task, as the service for GitHub does it.
func (p *demoPush) decisionTask(options tcyml.Options) tcyml.Task {
	options.RootURL, options.Now = p.running.RootURL(), time.Now()
	rendered, err := p.file.Render(p.event, options)
	require.NoError(p.t, err)
	task := rendered.Tasks[0]
	definition, err := value.CompactJSON(task.Definition.Value())
	require.NoError(p.t, err)
	service := taskcluster.NewClient(taskcluster.Options{RootURL: p.running.RootURL(), Credentials: p.running.RootCredentials()})
	require.NoError(p.t, service.CreateTask(p.t.Context(), task.ID, []byte(definition)))
	return task
}

// run runs the decision task with more arguments, and gives its exit code and what it says.
func (p *demoPush) run(task tcyml.Task, credentials *taskcluster.Credentials, later time.Duration, more ...string) (code int, said string) {
	var out bytes.Buffer
	env := local.Environment(p.running.RootURL(), credentials)
	app := &cli.App{Registry: cli.Standard(), Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Dir: "/", Clock: func() time.Time { return time.Now().Add(later) },
		Env: func(name string) string { return env[name] }}
	code = app.RunDecisionTask(p.t.Context(), task.ID, task.Definition, p.dir, more...)
	return code, out.String()
}

// decide runs the decision task, which must succeed, and gives what it says.
func (p *demoPush) decide(task tcyml.Task, later time.Duration, more ...string) string {
	code, said := p.run(task, p.running.RootCredentials(), later, more...)
	require.Equal(p.t, diag.ExitOK, code, said)
	return said
}

// group gives the tasks of a group, by id.
func (p *demoPush) group(id string) map[string]tcqueue.TaskDefinitionResponse {
	list, err := p.queue.ListTaskGroup(id, "", "")
	require.NoError(p.t, err)
	all := map[string]tcqueue.TaskDefinitionResponse{}
	for _, x := range list.Tasks {
		all[x.Status.TaskID] = x.Task
	}
	return all
}

// A push makes a decision task, and that one a group of tasks, in the services of this program.
func TestPushToTasks(t *testing.T) {
	p := newDemoPush(t)
	task := p.decisionTask(tcyml.Options{})
	var first map[string]tcqueue.TaskDefinitionResponse
	for i, which := range []string{"first", "again"} {
		said := p.decide(task, time.Duration(i)*2*time.Second)
		assert.Contains(t, said, "decided on 11 of 11 tasks for 7 targets, created all; artifacts are in artifacts\n")
		got := p.group(task.ID)
		assert.Len(t, got, 12, "the tasks and the decision task")
		if which == "first" {
			first = got
		}
		assert.Equal(t, first, got, "a decision task that runs again creates nothing twice")
	}
	text, err := os.ReadFile(filepath.Join(p.dir, "artifacts", "task-graph.json"))
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

// Without the scopes that its tasks take a decision task creates none, nor as a dry run. A group may be sealed again.
func TestDecisionCreates(t *testing.T) {
	p := newDemoPush(t)
	task := p.decisionTask(tcyml.Options{})
	code, said := p.run(task, p.running.Credentials("auth:*", "index:*", "queue:*"), 0)
	assert.Equal(t, 7, code, said)
	assert.Contains(t, said, "is missing, which tasks are given")
	p.decide(task, 0, "--dry-run")
	assert.Len(t, p.group(task.ID), 1, "the decision task")
	for range 2 {
		p.decide(task, 0, "--seal")
		assert.Len(t, p.group(task.ID), 12)
	}
}

// Once the tasks that are cached have been run, another decision on the same revision takes them from the index. What it creates is what
// the preview shows, with ids and times.
func TestSecondDecisionTakesTasksFromTheIndex(t *testing.T) {
	p := newDemoPush(t)
	first := p.decisionTask(tcyml.Options{})
	p.decide(first, 0)
	before := p.group(first.ID)
	require.Len(t, before, 12)

	// A worker does everything.
	done := map[string]bool{}
	for range 20 {
		for _, x := range before {
			work, err := p.queue.ClaimWork(x.TaskQueueID, &tcqueue.ClaimWorkRequest{Tasks: 20, WorkerGroup: "g", WorkerID: "w"})
			require.NoError(t, err)
			for _, w := range work.Tasks {
				credentials := &taskcluster.Credentials{ClientID: w.Credentials.ClientID, AccessToken: w.Credentials.AccessToken, Certificate: w.Credentials.Certificate}
				_, err := tcqueue.New(credentials, p.running.RootURL()).ReportCompleted(w.Status.TaskID, fmt.Sprint(w.RunID))
				require.NoError(t, err)
				done[w.Status.TaskID] = true
			}
			if len(done) == len(before) {
				break
			}
		}
		if len(done) == len(before) {
			break
		}
	}
	require.Len(t, done, len(before))

	second := p.decisionTask(tcyml.Options{Slugid: func(string) string { return "JAZPCupvRJG7mR3XUfr4Sw" }})
	require.NotEqual(t, first.ID, second.ID)
	said := p.decide(second, time.Minute)
	after := p.group(second.ID)
	delete(after, second.ID)
	var names []string
	for _, x := range after {
		names = append(names, x.Metadata.Name)
		for _, dep := range x.Dependencies {
			assert.True(t, dep == second.ID || done[dep] || after[dep].Metadata.Name != "", "%s depends on %s, which is nowhere", x.Metadata.Name, dep)
		}
	}
	slices.Sort(names)
	assert.Equal(t, []string{"build-linux", "build-macos", "test-linux-system-1", "test-linux-system-2", "test-linux-unit-1", "test-linux-unit-2"}, names, said)

	// The preview of the same graph.
	var out, errs bytes.Buffer
	env := map[string]string{"TASKCLUSTER_ROOT_URL": p.running.RootURL()}
	app := &cli.App{Registry: cli.Standard(), Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Dir: p.dir, Env: func(name string) string { return env[name] }}
	require.Zero(t, app.Run(t.Context(), []string{"morphed", "-J", "--root", "examples/hello/taskcluster", "-p", "artifacts/parameters.yml"}), errs.String())
	var preview map[string]struct {
		Label string
		Task  struct {
			Payload json.RawMessage
			Scopes  []string
			Routes  []string
		}
	}
	require.NoError(t, json.Unmarshal(out.Bytes(), &preview))
	require.Len(t, preview, len(after))
	for _, want := range preview {
		for _, got := range after {
			if got.Metadata.Name == want.Label {
				assert.Equal(t, want.Task.Scopes, got.Scopes, want.Label)
				assert.Equal(t, want.Task.Routes, got.Routes, want.Label)
			}
		}
	}
}

// Somebody else's image is indexed between two runs of a decision task.
func TestDecisionRunsAgainAfterTheIndexChanged(t *testing.T) {
	p := newDemoPush(t)
	decision := p.decisionTask(tcyml.Options{})
	p.decide(decision, 0)
	before := p.group(decision.ID)
	index := tcindex.New(p.running.RootCredentials(), p.running.RootURL())
	images := map[string]string{}
	for own, def := range before {
		if !strings.HasPrefix(def.Metadata.Name, "docker-image-") {
			continue
		}
		text, err := json.Marshal(def)
		require.NoError(t, err)
		var other tcqueue.TaskDefinitionRequest
		require.NoError(t, json.Unmarshal(text, &other))
		id := slugid.Nice()
		other.TaskGroupID, other.Dependencies = id, nil
		_, err = p.queue.CreateTask(id, &other)
		require.NoError(t, err)
		for _, route := range other.Routes {
			if path, ok := strings.CutPrefix(route, "index."); ok {
				_, err := index.InsertTask(path, &tcindex.InsertTaskRequest{TaskID: id, Rank: 1 << 40, Expires: other.Expires, Data: json.RawMessage("{}")})
				require.NoError(t, err)
			}
		}
		images[own] = id
	}
	require.NotEmpty(t, images)
	p.decide(decision, time.Minute)
	assert.Equal(t, before, p.group(decision.ID), "what the first run created stays as it is")
	ids, err := os.ReadFile(filepath.Join(p.dir, "artifacts", "label-to-taskid.json"))
	require.NoError(t, err)
	for own, id := range images {
		assert.Contains(t, string(ids), id, "the index was asked anew")
		assert.NotContains(t, string(ids), own)
	}
}

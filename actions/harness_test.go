package actions_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/actions"
	"github.com/taskgraph-go/decision/cli"
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

var update = flag.Bool("update", false, "write what the scenarios give into their golden files")

// standard gives a registry with the actions.
func standard() *taskgraph.Registry {
	r := taskgraph.NewRegistry()
	taskgraph.RegisterStandard(r)
	actions.Register(r)
	return r
}

func trimNewline(text []byte) []byte { return bytes.TrimRight(text, "\n") }

// plain gives JSON as a validator takes it.
func plain(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	require.NoError(t, json.Unmarshal(text, &v))
	return v
}

// id gives a task id for a name.
func id(name string) string { return taskgraph.TaskID("test", name) }

// names gives ids of tasks the names that tests know them by.
type names map[string]string

// deployment is a Taskcluster that keeps everything in memory.
type deployment struct {
	mu        sync.Mutex
	tasks     map[string]map[string]any
	states    map[string]string
	artifacts map[string][]byte // by task id, slash and name
	index     map[string]string
	scopes    []string
	expanded  map[string][]string
	calls     []string // what was changed, in order
	created   []string // ids of tasks, in order
	triggers  []trigger
	refuse    map[string]error // by call
}

type trigger struct {
	hook    string
	payload map[string]any
}

var _ actions.Services = (*deployment)(nil)

func newDeployment() *deployment {
	return &deployment{tasks: map[string]map[string]any{}, states: map[string]string{}, artifacts: map[string][]byte{}, index: map[string]string{}, expanded: map[string][]string{}, refuse: map[string]error{}}
}

func notFound(format string, args ...any) error {
	return diag.Errorf(diag.Network, 0, format+": %w", append(args, error(&taskcluster.Error{Status: 404, Code: "ResourceNotFound"}))...)
}

func (d *deployment) call(format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	if err := d.refuse[text]; err != nil {
		return err
	}
	d.calls = append(d.calls, text)
	return nil
}

func (d *deployment) Task(_ context.Context, taskID string) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	t, ok := d.tasks[taskID]
	if !ok {
		return nil, notFound("task %s", taskID)
	}
	return json.Marshal(t)
}

func (d *deployment) CreateTask(_ context.Context, taskID string, definition []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var def map[string]any
	if err := json.Unmarshal(definition, &def); err != nil {
		return err
	}
	if err := d.call("create %s", taskID); err != nil {
		return err
	}
	for _, dep := range def["dependencies"].([]any) {
		if d.tasks[dep.(string)] == nil {
			return &taskcluster.Error{Status: 400, Code: "InputError", Message: "missing dependency " + dep.(string)}
		}
	}
	if d.tasks[taskID] != nil {
		return &taskcluster.Error{Status: 409, Code: "RequestConflict", Message: "task exists"}
	}
	d.tasks[taskID], d.states[taskID] = def, "unscheduled"
	d.created = append(d.created, taskID)
	return nil
}

func (d *deployment) TaskState(_ context.Context, taskID string) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s, ok := d.states[taskID]
	if !ok {
		return "", notFound("task %s", taskID)
	}
	return s, nil
}

func (d *deployment) RerunTask(_ context.Context, taskID string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.call("rerun %s", taskID)
}

func (d *deployment) CancelTask(_ context.Context, taskID string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.call("cancel %s", taskID)
}

func (d *deployment) GroupStates(_ context.Context, group string) (map[string]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := map[string]string{}
	for id, t := range d.tasks {
		if t["taskGroupId"] == group {
			out[id] = d.states[id]
		}
	}
	return out, nil
}

func (d *deployment) FindTask(_ context.Context, path string) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if id, ok := d.index[path]; ok {
		return id, nil
	}
	return "", notFound("index path %s", path)
}

func (d *deployment) ListTasks(_ context.Context, namespace string) ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []string
	for _, path := range slices.Sorted(maps.Keys(d.index)) {
		if rest, ok := strings.CutPrefix(path, namespace+"."); ok && !strings.Contains(rest, ".") {
			out = append(out, d.index[path])
		}
	}
	return out, nil
}

func (d *deployment) FindTasks(_ context.Context, paths []string) (map[string]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := map[string]string{}
	for _, p := range paths {
		if id, ok := d.index[p]; ok {
			out[p] = id
		}
	}
	return out, nil
}

func (d *deployment) Statuses(_ context.Context, ids []string) (map[string]taskcluster.Status, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := map[string]taskcluster.Status{}
	for _, id := range ids {
		if s, ok := d.states[id]; ok {
			out[id] = taskcluster.Status{State: s, Expires: "2030-01-01T00:00:00.000Z"}
		}
	}
	return out, nil
}

func (d *deployment) Artifact(_ context.Context, taskID, name string) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	text, ok := d.artifacts[taskID+"/"+name]
	if !ok {
		return nil, notFound("artifact %s of %s", name, taskID)
	}
	return text, nil
}

func (d *deployment) ListArtifacts(_ context.Context, taskID string) ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []string
	for _, name := range slices.Sorted(maps.Keys(d.artifacts)) {
		if rest, ok := strings.CutPrefix(name, taskID+"/"); ok {
			out = append(out, rest)
		}
	}
	return out, nil
}

func (d *deployment) CurrentScopes(context.Context) ([]string, error) { return d.scopes, nil }

func (d *deployment) ExpandScopes(_ context.Context, scopes []string) ([]string, error) {
	out := slices.Clone(scopes)
	for _, s := range scopes {
		out = append(out, d.expanded[s]...)
	}
	return out, nil
}

func (d *deployment) TriggerHook(_ context.Context, group, hook string, payload []byte) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var p map[string]any
	if err := json.Unmarshal(payload, &p); err != nil {
		return "", err
	}
	if err := d.call("trigger %s/%s", group, hook); err != nil {
		return "", err
	}
	d.triggers = append(d.triggers, trigger{group + "/" + hook, p})
	return id(fmt.Sprint("triggered", len(d.triggers))), nil
}

func (d *deployment) PurgeCache(_ context.Context, pool, cache string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.call("purge %s %s", pool, cache)
}

// world is a tree with its deployment.
type world struct {
	*deployment
	t       *testing.T
	project *taskgraph.Project
	archive *txtar.Archive
	dir     string // of artifacts of actions
	names   names
	log     bytes.Buffer
	out     bytes.Buffer
	now     time.Time
}

// newWorld opens the tree of a file in testdata, with what more holds on top of it.
func newWorld(t *testing.T, file, more string, change ...func(*taskgraph.Registry)) *world {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("testdata", file))
	require.NoError(t, err)
	tree := fstest.MapFS{}
	for _, f := range append(archive.Files, txtar.Parse([]byte(more)).Files...) {
		tree[f.Name] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
	}
	w := &world{deployment: newDeployment(), t: t, archive: archive, dir: t.TempDir(), names: names{}, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	registry := cli.Standard()
	for _, f := range change {
		f(registry)
	}
	w.project, err = taskgraph.Open(t.Context(), taskgraph.Options{Tree: tree, Root: "taskcluster", Registry: registry, Files: files{tree},
		Environment: func(name string) string {
			return map[string]string{"TASKCLUSTER_ROOT_URL": "https://tc.example.com"}[name]
		}})
	require.NoError(t, err)
	t.Cleanup(func() { w.project.Close() })
	return w
}

// files does without docker images.
type files struct{ fs.FS }

func (files) ContextDigest(string, *value.Map, diag.Pos) (string, error)        { return "digest", nil }
func (files) WriteContext(string, string, *value.Map, diag.Pos) (string, error) { return "digest", nil }
func (files) Volumes(string) ([]string, error)                                  { return nil, nil }
func (files) Hash([]value.Value) (string, error)                                { return "hash", nil }
func (files) RunTaskSuffix() string                                             { return "" }

// push is a push whose decision task ran.
type push struct {
	id     string
	params *parameters.Params
	labels map[string]string
}

// push runs the decision task of a push in the deployment: its artifacts, its tasks, its index entries. Pairs change parameters.
func (w *world) push(name string, pairs ...any) push {
	w.t.Helper()
	values := value.NewMap(0)
	text, err := fs.ReadFile(w.project.Tree, "parameters.yml")
	require.NoError(w.t, err)
	doc, err := (&value.Reader{}).YAML("parameters.yml", text)
	require.NoError(w.t, err)
	values.Update(doc.Map())
	values.Update(value.MapOf(pairs...))
	p := push{id: id(name), params: parameters.New(name, values), labels: map[string]string{}}
	w.names[p.id] = name
	g := w.project.Generator(p.params, taskgraph.GeneratorOptions{DecisionTaskID: p.id, Index: w.deployment, Clock: w.clock})
	full, err := g.FullTaskGraph(w.t.Context())
	require.NoError(w.t, err)
	target, err := g.TargetTaskSet(w.t.Context())
	require.NoError(w.t, err)
	o, err := g.MorphedTaskGraph(w.t.Context())
	require.NoError(w.t, err)
	list, err := actions.Document(w.project, p.params, p.id)
	require.NoError(w.t, err)
	var yml bytes.Buffer
	require.NoError(w.t, p.params.WriteYAML(&yml))
	w.artifacts[p.id+"/public/parameters.yml"] = yml.Bytes()
	w.artifact(p.id, "actions.json", list.Value())
	w.artifact(p.id, "full-task-graph.json", graphDocument(full))
	w.artifact(p.id, "task-graph.json", graphDocument(o.Graph))
	w.artifact(p.id, "label-to-taskid.json", labelsDocument(o.LabelToTaskID))
	var targets []string
	for task := range target.All() {
		targets = append(targets, task.Label)
	}
	w.artifact(p.id, "target-tasks.json", value.NewStrings(targets...).Value())
	level, project := p.params.Level(), p.params.Project()
	w.tasks[p.id] = map[string]any{"taskGroupId": p.id, "created": "2026-01-01T00:00:00.000Z", "scopes": []any{"in-tree:hook-action:project-demo/in-tree-action-" + level + "-*"},
		"tags": map[string]any{"kind": "decision-task"}, "metadata": map[string]any{"name": "Decision Task"}}
	w.states[p.id] = "completed"
	w.index["demo.v2."+project+".revision."+p.params.HeadRev()+".taskgraph.decision"] = p.id
	w.index["demo.v2."+project+".latest.taskgraph.decision"] = p.id
	w.index["demo.v2."+project+".pushlog-id."+p.params.At("pushlog_id").Str()+".decision"] = p.id
	order, err := o.Graph.Graph().Postorder()
	require.NoError(w.t, err)
	for _, place := range order {
		task := o.Graph.At(place)
		text, err := value.AppendJSON(nil, task.Task.Value(), value.JSONStyle{}, 0)
		require.NoError(w.t, err)
		var def map[string]any
		require.NoError(w.t, json.Unmarshal(text, &def))
		def["taskGroupId"], def["created"] = p.id, "2026-01-01T00:00:00.000Z"
		w.tasks[task.TaskID], w.states[task.TaskID] = def, "completed"
	}
	p.labels = o.LabelToTaskID
	for label, id := range o.LabelToTaskID {
		w.names[id] = cmp.Or(w.names[id], name+":"+label)
	}
	return p
}

func (w *world) clock() time.Time { return w.now }

func (w *world) artifact(taskID, name string, v value.Value) {
	text, err := value.AppendJSON(nil, v, value.JSONStyle{Indent: 2, SortKeys: true}, 0)
	require.NoError(w.t, err)
	w.artifacts[taskID+"/public/"+name] = text
}

func graphDocument(g *taskgraph.TaskGraph) value.Value {
	m := value.NewMap(g.Len())
	for t := range g.All() {
		m.Set(t.Key(), t.Document().Value())
	}
	return m.Value()
}

func labelsDocument(ids map[string]string) value.Value {
	m := value.NewMap(len(ids))
	for label, id := range ids {
		m.Set(label, value.NewString(id))
	}
	return m.Value()
}

// run runs an action as an action task named name does, with the scopes that its hook gives it.
func (w *world) run(name string, p push, req actions.Request, change ...func(*actions.Options)) error {
	w.t.Helper()
	own := id(name)
	w.names[own] = name
	req.TaskGroupID = cmp.Or(req.TaskGroupID, p.id)
	permission := actions.GenericPermission
	if a, ok := w.project.Registry.Actions.Get(req.Callback); ok && a.Permission != "" {
		permission = a.Permission
	}
	w.scopes = []string{"queue:create-task:low:demo/*", "assume:repo:" + strings.TrimPrefix(p.params.HeadRepository(), "https://") + ":action:" + permission}
	w.tasks[own] = map[string]any{"taskGroupId": req.TaskGroupID, "created": w.now.Format(time.RFC3339), "tags": map[string]any{"kind": "action-callback"}}
	w.states[own] = "running"
	w.dir = filepath.Join(w.t.TempDir(), "artifacts")
	w.calls, w.created = nil, nil
	w.log.Reset()
	w.out.Reset()
	o := actions.Options{Project: w.project, Services: w.deployment, OwnTaskID: own, Artifacts: w.dir, Out: &w.out, Clock: w.clock,
		ParamOptions: parameters.Options{Offline: true}, Log: slog.New(slog.NewTextHandler(&w.log, nil))}
	for _, f := range change {
		f(&o)
	}
	return actions.Run(w.t.Context(), req, o)
}

// publish gives the artifacts of an action to the deployment, and its entry in the index, as its task does when it ends.
func (w *world) publish(name string, p push) {
	own := id(name)
	w.states[own] = "completed"
	for file, text := range w.files() {
		w.artifacts[own+"/public/"+file] = []byte(text)
	}
	w.index["demo.v2."+p.params.Project()+".revision."+p.params.HeadRev()+".actions."+own] = own
	for file, text := range w.files() {
		if file != "label-to-taskid.json" {
			continue
		}
		var labels map[string]string
		require.NoError(w.t, json.Unmarshal([]byte(text), &labels))
		for label, id := range labels {
			w.names[id] = cmp.Or(w.names[id], name+":"+label)
		}
	}
}

// files gives the artifacts of the action that ran last.
func (w *world) files() map[string]string {
	out := map[string]string{}
	entries, err := os.ReadDir(w.dir)
	if os.IsNotExist(err) {
		return out
	}
	require.NoError(w.t, err)
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(w.dir, e.Name()))
		require.NoError(w.t, err)
		out[e.Name()] = string(text)
	}
	return out
}

// labelOf gives the label of a task that was created.
func (w *world) labelOf(taskID string) string {
	return w.tasks[taskID]["metadata"].(map[string]any)["name"].(string)
}

// dependencies gives what a task depends on, by the names that the test knows.
func (w *world) dependencies(taskID string) []string {
	var out []string
	for _, d := range w.tasks[taskID]["dependencies"].([]any) {
		name := w.names[d.(string)]
		if name == "" {
			name = "new:" + w.labelOf(d.(string))
		}
		out = append(out, name)
	}
	return out
}

// newTasks gives the tasks that the last action created: label and what each depends on.
func (w *world) newTasks() []string {
	var out []string
	for _, id := range w.created {
		out = append(out, w.labelOf(id)+" <- "+strings.Join(w.dependencies(id), " "))
	}
	slices.Sort(out)
	return out
}

func input(t *testing.T, text string) value.Value {
	t.Helper()
	v, err := (&value.Reader{}).JSON("input", []byte(text))
	require.NoError(t, err)
	return v
}

// golden compares with a file of testdata.
func golden(t *testing.T, file, got string) {
	t.Helper()
	name := filepath.Join("testdata", file)
	if *update {
		require.NoError(t, os.WriteFile(name, []byte(got), 0o644))
	}
	want, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "go test ./actions -update writes %s", name)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// newID gives the id that a task gets that an action creates.
func (w *world) newID(action, suffix, label string) string {
	return taskgraph.TaskID(id(action)+"/"+suffix, label)
}

// tell writes down what the action that ran last did: what it created, with everything that matters about it, and its artifacts.
func (w *world) tell(out *strings.Builder, what string, p push) {
	fmt.Fprintf(out, "== %s\n", what)
	for _, c := range w.calls {
		if !strings.HasPrefix(c, "create ") {
			fmt.Fprintf(out, "call: %s\n", c)
		}
	}
	for _, taskID := range w.sortedCreated() {
		task := w.tasks[taskID]
		fmt.Fprintf(out, "task %s: %s\n", taskID, w.labelOf(taskID))
		group := task["taskGroupId"].(string)
		fmt.Fprintf(out, "  group: %s (%s)\n", cmp.Or(w.names[group], "?"), group)
		for i, d := range task["dependencies"].([]any) {
			fmt.Fprintf(out, "  depends on: %s (%s)\n", w.dependencies(taskID)[i], d)
		}
		for _, path := range [][]string{{"routes"}, {"scopes"}, {"retries"}, {"deadline"}, {"expires"}, {"tags", "action"}, {"extra", "parent"}, {"extra", "notify"}, {"extra", "treeherder", "symbol"}, {"extra", "treeherder", "groupSymbol"},
			{"payload", "env"}, {"payload", "cache"}, {"payload", "artifacts"}, {"payload", "features"}, {"payload", "maxRunTime"}, {"payload", "command"}} {
			var v any = task
			for _, key := range path {
				m, _ := v.(map[string]any)
				v = m[key]
			}
			text, err := json.Marshal(v)
			require.NoError(w.t, err)
			if v != nil {
				fmt.Fprintf(out, "  %s: %s\n", strings.Join(path, "."), text)
			}
		}
	}
	files := w.files()
	for _, name := range sortedKeys(files) {
		switch {
		case strings.HasPrefix(name, "label-to-taskid") || strings.HasPrefix(name, "to-run"):
			fmt.Fprintf(out, "artifact %s: %s\n", name, strings.Join(strings.Fields(files[name]), " "))
		case strings.HasPrefix(name, "task-graph"):
			var graph map[string]struct{ Label string }
			require.NoError(w.t, json.Unmarshal([]byte(files[name]), &graph))
			fmt.Fprintf(out, "artifact %s:", name)
			for _, id := range sortedKeys(graph) {
				fmt.Fprintf(out, " %s=%s", id, graph[id].Label)
			}
			fmt.Fprintln(out)
		default:
			fmt.Fprintf(out, "artifact %s\n", name)
		}
	}
}

// sortedCreated gives what was created by label, then id: several are created at a time.
func (w *world) sortedCreated() []string {
	return slices.SortedFunc(slices.Values(w.created), func(a, b string) int { return cmp.Or(cmp.Compare(w.labelOf(a), w.labelOf(b)), cmp.Compare(a, b)) })
}

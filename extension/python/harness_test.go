package python

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/sourcetree"
	"github.com/taskgraph-go/decision/loaders"
	"github.com/taskgraph-go/decision/optimizers"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/transforms"
	"github.com/taskgraph-go/decision/value"
)

// reference gives the search path of Python on which the tests find the reference package: the stand-in, unless
// $TASKGRAPH_REFERENCE names an installed one.
func reference(t testing.TB) string {
	if path := os.Getenv("TASKGRAPH_REFERENCE"); path != "" {
		return path
	}
	abs, err := filepath.Abs("testdata/standin")
	require.NoError(t, err)
	return abs
}

// isStandIn says whether tests run with the stand-in, which takes what the real package would refuse.
func isStandIn() bool { return os.Getenv("TASKGRAPH_REFERENCE") == "" }

// base has the files of every tree.
var base = map[string]string{
	"taskcluster/config.yml": `
trust-domain: fx
task-priority: low
workers:
  aliases:
    linux: {provisioner: p, implementation: docker-worker, os: linux, worker-type: linux}
    script: {provisioner: p, implementation: scripty, os: scriptworker, worker-type: script}
taskgraph: {register: "own:register", repositories: {demo: {name: demo}}}
`,
	"taskcluster/own/__init__.py": "def register(graph_config):\n    pass\n",
}

// tree is a tree on disk that is opened as a project.
type tree struct {
	t        testing.TB
	dir      string
	env      map[string]string
	options  taskgraph.Options
	params   *value.Map
	generate taskgraph.GeneratorOptions
	register func(*taskgraph.Registry) // adds to the registry; may be nil
	project  *taskgraph.Project
	log      lines
}

// lines collects what is logged.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// plant writes a tree with the files, which come on top of those of every tree.
func plant(t testing.TB, files map[string]string) *tree {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("code in Python can be run on Unix systems only")
	}
	program, err := exec.LookPath("python3")
	if named := os.Getenv("TASKGRAPH_PYTHON"); named != "" {
		program, err = named, nil
	}
	if err != nil {
		t.Skip("no python3")
	}
	t.Setenv("PYTHONPATH", reference(t))
	t.Setenv("PYTHONDONTWRITEBYTECODE", "1")
	tr := &tree{t: t, dir: t.TempDir(), env: map[string]string{"TASKGRAPH_PYTHON": program, "TASKGRAPH_PYTHON_TIMEOUT": "60"}, params: value.MapOf(
		"project", "demo", "level", "3", "repository_type", "git", "head_repository", "https://github.com/x/demo", "head_rev", "abc", "head_ref", "main",
		"base_repository", "https://github.com/x/demo", "owner", "a@example.com", "build_date", 1, "moz_build_date", "20260102030405", "pushlog_id", "1",
		"target_tasks_method", "default", "tasks_for", "github-push", "optimize_target_tasks", true, "files_changed", []string{"a"}, "enable_always_target", true,
	)}
	for _, all := range []map[string]string{base, files} {
		for name, text := range all {
			file := filepath.Join(tr.dir, filepath.FromSlash(name))
			require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
			require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
		}
	}
	return tr
}

// open opens the project.
func (tr *tree) open(ctx context.Context) error {
	r := taskgraph.NewRegistry()
	taskgraph.RegisterStandard(r)
	loaders.Register(r)
	transforms.Register(r)
	optimizers.Register(r)
	r.Extensions = append(r.Extensions, Extension)
	if tr.register != nil {
		tr.register(r)
	}
	files, err := sourcetree.Open(tr.dir)
	require.NoError(tr.t, err)
	o := tr.options
	o.Tree, o.Root, o.Registry = files, "taskcluster", r
	if o.Materialize == nil {
		o.Dir = tr.dir
	}
	o.Environment = func(name string) string { return tr.env[name] }
	o.Log = slog.New(slog.NewTextHandler(&tr.log, &slog.HandlerOptions{Level: slog.LevelInfo}))
	tr.project, err = taskgraph.Open(ctx, o)
	if tr.project != nil {
		tr.t.Cleanup(func() { tr.project.Close() })
	}
	return err
}

// graph gives the graph of a phase.
func (tr *tree) graph(ctx context.Context, phase taskgraph.Phase) (*taskgraph.TaskGraph, error) {
	if tr.project == nil {
		if err := tr.open(ctx); err != nil {
			return nil, err
		}
	}
	return tr.project.Generator(parameters.New("", tr.params.Copy()), tr.generate).Graph(ctx, phase)
}

// full gives the full task graph, which must be made without an error.
func (tr *tree) full() *taskgraph.TaskGraph {
	tr.t.Helper()
	g, err := tr.graph(tr.t.Context(), taskgraph.FullTaskGraph)
	require.NoError(tr.t, err)
	return g
}

// fails gives the mistakes of a generation that has some.
func (tr *tree) fails(phase taskgraph.Phase) []*diag.Diagnostic {
	tr.t.Helper()
	_, err := tr.graph(tr.t.Context(), phase)
	require.Error(tr.t, err)
	return diag.Flatten(err)
}

// json gives a value as JSON.
func json(t testing.TB, v value.Value) string {
	t.Helper()
	text, err := value.CompactJSON(v)
	require.NoError(t, err)
	return text
}

// kind is a kind.yml of tasks that Python makes complete.
const kind = `
loader: taskgraph.loader.transform:loader
transforms: [own.tasks:finish]
tasks:
  a: {}
`

// finish is a transform that makes a task of any stub.
const finish = `
def finish(config, tasks):
    for task in tasks:
        name = task.pop("name")
        task.pop("task-from")
        yield {"label": "%s-%s" % (config.kind, name), "description": "d", "attributes": {}, "task": {"provisionerId": "p", "workerType": "w", "deadline": "2026-01-03T00:00:00.000Z", "dependencies": [], "metadata": {"name": name}, "payload": task}, "dependencies": task.pop("dependencies", {})}
`

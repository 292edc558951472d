// Package extension_test holds the three kinds of code that a tree may use against each other.
package extension_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/cli"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// One transform, written three times. It leaves out tasks, makes several of one, resolves by-* values, merges environments, takes an
// attribute of a dependency, and sets values of every type.

const inStarlark = `
load("@taskgraph//keyed_by.star", "resolve_keyed_by")
load("@taskgraph//merge.star", "merge")

def spread(config, task):
    if task.get("skip"):
        return None
    out = []
    for chunk in range(1, task.pop("chunks", 1) + 1):
        new = merge(task, {})
        new["name"] = "%s-%d" % (task["name"], chunk)
        resolve_keyed_by(new, "worker.max-run-time", level = config.params["level"])
        new["worker"]["env"] = merge({"LANG": "C.UTF-8", "MODE": "debug"}, new["worker"].get("env", {}))
        new["worker"]["env"]["CHUNK"] = str(chunk)
        build = config.kind_dependencies_tasks["build-" + new.pop("of")]
        new["attributes"] = {"chunk": chunk, "ratio": chunk / 2.0, "last": False, "none": None, "flavor": build.attributes["flavor"], "süß": ["ä", "\U0001F600"]}
        new["dependencies"] = {"build": build.label}
        out.append(new)
    return out
`

const inPython = `
import copy

try:
    from taskgraph.util.schema import resolve_keyed_by
except ImportError:
    def resolve_keyed_by(item, field, item_name, level):
        outer, inner = field.split(".")
        values = item[outer][inner]["by-level"]
        item[outer][inner] = values.get(level, values["default"])

from taskgraph.transforms.base import TransformSequence

transforms = TransformSequence()


@transforms.add
def leave_out(config, tasks):
    for task in tasks:
        if not task.get("skip"):
            yield task


@transforms.add
def spread(config, tasks):
    for task in tasks:
        for chunk in range(1, task.pop("chunks", 1) + 1):
            new = copy.deepcopy(task)
            new["name"] = "{}-{}".format(task["name"], chunk)
            resolve_keyed_by(new, "worker.max-run-time", item_name=new["name"], level=config.params["level"])
            env = {"LANG": "C.UTF-8", "MODE": "debug"}
            env.update(new["worker"].get("env", {}))
            new["worker"]["env"] = env
            env["CHUNK"] = str(chunk)
            build = config.kind_dependencies_tasks["build-" + new.pop("of")]
            new["attributes"] = {"chunk": chunk, "ratio": chunk / 2.0, "last": False, "none": None, "flavor": build.attributes["flavor"], "s\u00fc\u00df": ["\u00e4", "\U0001F600"]}
            new["dependencies"] = {"build": build.label}
            yield new
`

func inGo(cfg *taskgraph.Config, stub *value.Map, yield func(*value.Map)) error {
	if stub.At("skip").IsTrue() {
		return nil
	}
	chunks := int64(1)
	if v, ok := stub.Delete("chunks"); ok {
		chunks, _ = v.AsInt()
	}
	of, _ := stub.Delete("of")
	build := cfg.Deps.Task("build-" + of.Str())
	level := value.NewString(cfg.Params.Level())
	for chunk := int64(1); chunk <= chunks; chunk++ {
		out := stub.Copy()
		name := fmt.Sprintf("%s-%d", stub.Str("name"), chunk)
		out.Set("name", value.NewString(name))
		attr := func(n string) (value.Value, bool) { return level, n == "level" }
		if err := value.ResolveKeyedBy(out, "worker.max-run-time", name, value.Keyed{Attr: attr}); err != nil {
			return err
		}
		worker := out.EditMap("worker")
		env := value.Merge(value.MapOf("LANG", "C.UTF-8", "MODE", "debug"), worker.At("env").Map())
		env.Set("CHUNK", value.NewString(fmt.Sprint(chunk)))
		worker.Set("env", env.Value())
		out.Set("attributes", value.MapOf("chunk", chunk, "ratio", float64(chunk)/2, "last", false, "none", nil, "flavor", build.Attribute("flavor"), "süß", []string{"ä", "😀"}).Value())
		out.Set("dependencies", value.MapOf("build", build.Label).Value())
		yield(out)
	}
	return nil
}

// ways are the names under which a kind asks for the transform.
var ways = map[string]string{"go": "conformance:spread", "starlark": "./spread.star:spread", "python": "own.spread:transforms"}

// run writes a tree whose kind asks for the transform in one way, and gives its full graph and how long it took.
func run(t testing.TB, way string, tasks int) (string, time.Duration) {
	t.Helper()
	dir := t.TempDir()
	var test strings.Builder
	test.WriteString("loader: taskgraph.loader.transform:loader\nkind-dependencies: [build]\ntransforms: ['" + ways[way] + "', taskgraph.transforms.task]\ntask-defaults:\n  description: a test\n  worker-type: linux\n" +
		"  worker: {docker-image: debian, max-run-time: {by-level: {'3': 7200, default: 3600}}}\ntasks:\n")
	for i := range tasks {
		more := ""
		switch i % 5 {
		case 1:
			more = ", chunks: 3"
		case 2:
			more = ", skip: true"
		case 3:
			more = ", worker: {env: {MODE: opt, B: '1', A: '2'}}"
		}
		fmt.Fprintf(&test, "  t%d: {of: b%d%s}\n", i, i%3, more)
	}
	build := "loader: taskgraph.loader.transform:loader\ntransforms: [taskgraph.transforms.task]\ntasks:\n"
	for i := range 3 {
		build += fmt.Sprintf("  b%d: {description: a build, worker-type: linux, attributes: {flavor: f%d}, worker: {docker-image: debian, max-run-time: 1}}\n", i, i)
	}
	for name, text := range map[string]string{
		"taskcluster/config.yml": "trust-domain: demo\ntask-priority: low\nworkers:\n  aliases:\n    linux: {provisioner: p, implementation: docker-worker, os: linux, worker-type: linux}\n" +
			"taskgraph: {repositories: {demo: {name: demo}}}\n",
		"taskcluster/own/__init__.py": "", "taskcluster/own/spread.py": inPython, "taskcluster/spread.star": inStarlark,
		"taskcluster/kinds/test/kind.yml": test.String(), "taskcluster/kinds/build/kind.yml": build,
		"parameters.yml": "{project: demo, level: '1', head_repository: https://github.com/example/demo, head_rev: abc, head_ref: main, repository_type: git, build_date: 1, pushdate: 1}\n",
	} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	}
	registry := cli.Standard()
	registry.Transforms.Add(ways["go"], taskgraph.Sequence{{Name: "spread", Each: inGo, Expands: true}})
	var out, errs bytes.Buffer
	app := &cli.App{Registry: registry, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Dir: dir, Env: os.Getenv, Clock: func() time.Time { return time.Unix(1, 0) }}
	began := time.Now()
	code := app.Run(t.Context(), []string{"full", "-J", "--offline", "-p", "parameters.yml"})
	took := time.Since(began)
	require.Zero(t, code, errs.String())
	return out.String(), took
}

// withPython makes tests find the reference's package, or what stands for it; they skip where there is no Python.
func withPython(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil && os.Getenv("TASKGRAPH_PYTHON") == "" {
		t.Skip("no python3")
	}
	path := os.Getenv("TASKGRAPH_REFERENCE")
	if path == "" {
		abs, err := filepath.Abs("python/testdata/standin")
		require.NoError(t, err)
		path = abs
	}
	t.Setenv("PYTHONPATH", path)
	t.Setenv("PYTHONDONTWRITEBYTECODE", "1")
}

// The three make the same graph, to the byte.
func TestOneTransformThreeTimes(t *testing.T) {
	want, _ := run(t, "go", 40)
	assert.Contains(t, want, `"test-t1-3": {`)
	assert.NotContains(t, want, `"test-t2-1"`)
	t.Run("starlark", func(t *testing.T) {
		got, _ := run(t, "starlark", 40)
		assert.Equal(t, want, got)
	})
	t.Run("python", func(t *testing.T) {
		withPython(t)
		got, _ := run(t, "python", 40)
		assert.Equal(t, want, got)
	})
}

// BenchmarkOneTransformThreeTimes gives what a whole graph costs with each of them; the rest is the same in all.
func BenchmarkOneTransformThreeTimes(b *testing.B) {
	withPython(b)
	for _, way := range []string{"go", "starlark", "python"} {
		b.Run(way, func(b *testing.B) {
			total := time.Duration(0)
			for b.Loop() {
				_, took := run(b, way, 10_000)
				total += took
			}
			b.ReportMetric(float64(total.Milliseconds())/float64(b.N), "ms/10000-tasks")
		})
	}
}

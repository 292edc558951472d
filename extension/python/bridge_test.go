package python

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
)

// TestTransforms runs Python transforms alone, after each other, and between others.
func TestTransforms(t *testing.T) {
	tr := plant(t, map[string]string{
		"taskcluster/own/tasks.py": `
from taskgraph.transforms.base import TransformConfig, TransformSequence
from taskgraph.task import Task
` + finish + `
transforms = TransformSequence()

@transforms.add
def double(config, tasks):
    for task in tasks:
        for half in ("x", "y"):
            yield dict(task, name=task["name"] + half, env={"b": 1, "a": [1.0, None, True]})

@transforms.add
def drop(config, tasks):
    for task in tasks:
        if task["name"] != "ax":
            yield task

def look(config, tasks):
    assert isinstance(config, TransformConfig), config
    for task in tasks:
        task["config"] = [config.kind, config.path, config.config["extra"], config.params["project"], config.graph_config["trust-domain"],
            list(config.repo_configs), config.write_artifacts, type(config).__name__]
        try:
            config.params["x"] = 1
        except Exception:
            task["read-only"] = True
        yield task

def dependencies(config, tasks):
    tasks = list(tasks)
    for task in tasks:
        dep = config.kind_dependencies_tasks["first-ay"]
        assert type(dep) is Task, type(dep)
        task["dep"] = [dep.kind, dep.label, dep.attributes, dep.task["payload"]["env"], list(config.kind_dependencies_tasks)]
        yield task
`,
		"taskcluster/kinds/first/kind.yml": `
loader: taskgraph.loader.transform:loader
transforms: [own.tasks, own.tasks:finish]
tasks: {a: {}, b: {}}
`,
		"taskcluster/kinds/second/kind.yml": `
kind-dependencies: [first]
loader: taskgraph.loader.transform:loader
extra: {y: 1}
transforms: [own.tasks:look, taskgraph.transforms.task_context, own.tasks:dependencies, own.tasks:finish]
tasks: {a: {d: "{name}", task-context: {substitution-fields: [d]}}}
`,
	})
	g := tr.full()
	var got []string
	for task := range g.All() {
		got = append(got, task.Label+" "+json(t, task.Task.At("payload")))
	}
	assert.Equal(t, []string{
		`first-ay {"env":{"b":1,"a":[1.0,null,true]}}`,
		`first-bx {"env":{"b":1,"a":[1.0,null,true]}}`,
		`first-by {"env":{"b":1,"a":[1.0,null,true]}}`,
		`second-a {"d":"a","config":["second","taskcluster/kinds/second",{"y":1},"demo","fx",["demo"],false,"TransformConfig"],"read-only":true,` +
			`"dep":["first","first-ay",{"kind":"first"},{"b":1,"a":[1.0,null,true]},["first-ay","first-bx","first-by"]]}`,
	}, got)
}

// TestStreams sees that generators take stubs one by one, and that what is yielded counts as it is then.
func TestStreams(t *testing.T) {
	var tasks strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&tasks, "  t%04d: {n: %d, text: %s}\n", i, i, strings.Repeat("x", i%50))
	}
	tr := plant(t, map[string]string{
		"taskcluster/own/tasks.py": finish + `
taken = []

def first(config, tasks):
    for task in tasks:
        taken.append(task["n"])
        yield task

def second(config, tasks):
    same = {}
    for task in tasks:
        task["taken"] = len(taken)
        same.clear()
        same.update(task)
        yield same
`,
		"taskcluster/kinds/k/kind.yml": "loader: taskgraph.loader.transform:loader\ntransforms: [own.tasks:first, own.tasks:second, own.tasks:finish]\ntasks:\n" + tasks.String(),
	})
	g := tr.full()
	require.Equal(t, 3000, g.Len())
	for i := range 3000 {
		p := g.At(int32(i)).Task.At("payload").Map()
		require.Equal(t, fmt.Sprintf(`{"n":%d,"text":"%s","taken":%d}`, i, strings.Repeat("x", i%50), i+1), strings.Replace(json(t, p.Value()), `"text":null`, `"text":""`, 1))
	}
}

// TestTypes sends values of all types through Python and through transforms in Go between.
func TestTypes(t *testing.T) {
	tr := plant(t, map[string]string{
		"taskcluster/own/tasks.py": finish + `
import datetime

class Thing:
    def __init__(self, x):
        self.x = x

thing = Thing(5)

def make(config, tasks):
    for task in tasks:
        task["made"] = {"tuple": (1, 2), "int": 10 ** 30, "inf": float("-inf"), 1: "one", None: "none", True: "true", 2.5: "float", "sur": "\ud800",
            "date": datetime.date(2026, 1, 2), "sub": type("S", (str,), {})("sub"), "dict": type("D", (dict,), {})(a=1), "thing": thing}
        yield task

def look(config, tasks):
    for task in tasks:
        made = task["made"]
        assert made["thing"] is thing, made["thing"]
        assert made["date"] == datetime.date(2026, 1, 2) and type(task["yaml"]["when"]) is datetime.datetime, made
        assert type(task["yaml"]["day"]) is datetime.date
        assert type(task["yaml"]["n"]) is float and type(task["yaml"]["i"]) is int
        task["seen"] = repr({k: v for k, v in made.items() if k != "thing"}) + repr(task["yaml"])
        del made["thing"], made["date"], task["yaml"]["when"], task["yaml"]["day"]
        yield task
`,
		"taskcluster/kinds/k/kind.yml": `
loader: taskgraph.loader.transform:loader
transforms: [own.tasks:make, taskgraph.transforms.task_context, own.tasks:look, own.tasks:finish]
tasks: {a: {yaml: {n: 1.0, i: 1, when: 2026-01-02T03:04:05Z, day: 2026-01-02, 012: octal, yes: 1, nan: .nan}}}
`,
	})
	p := tr.full().At(0).Task.At("payload").Map()
	assert.Equal(t, `{"tuple":[1,2],"int":1000000000000000000000000000000,"inf":-Infinity,"1":"true","null":"none","2.5":"float","sur":"\ud800","sub":"sub","dict":{"a":1}}`, json(t, p.At("made")))
	assert.Equal(t, `{'tuple': [1, 2], 'int': 1000000000000000000000000000000, 'inf': -inf, 1: 'true', None: 'none', 2.5: 'float', 'sur': '\ud800', `+
		`'date': datetime.date(2026, 1, 2), 'sub': 'sub', 'dict': {'a': 1}}{'n': 1.0, 'i': 1, 'when': datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc), `+
		`'day': datetime.date(2026, 1, 2), 10: 'octal', True: 1, 'nan': nan}`, p.Str("seen"))
}

// TestPositions sees that a mistake which is found after a Python transform is reported where it stands.
func TestPositions(t *testing.T) {
	tr := plant(t, map[string]string{
		"taskcluster/own/tasks.py": "def change(config, tasks):\n    for task in tasks:\n        yield dict(task, name=task['name'] + '-more', extra={'x': 1})\n",
		"taskcluster/kinds/k/kind.yml": `
transforms: [own.tasks:change]
tasks:
  a:
    description: d
    worker-type: linux
    run: {using: run-task, command: x}
    worker:
      docker-image: i
      max-run-time: 1h
`,
	})
	d := tr.fails(taskgraph.FullTaskGraph)
	require.Len(t, d, 1)
	assert.Equal(t, `taskcluster/kinds/k/kind.yml:10:21: k-a-more: worker.max-run-time: want integer, got "1h" (TG1101)`, d[0].Error())
}

// TestLoader runs a loader in Python, which puts objects into stubs and changes the transforms.
func TestLoader(t *testing.T) {
	tr := plant(t, map[string]string{
		"taskcluster/own/tasks.py": finish + `
def loader(kind, path, config, params, loaded_tasks, write_artifacts):
    config["transforms"].insert(0, "own.tasks:use")
    return load(kind, path, config, params, loaded_tasks, write_artifacts)

def load(kind, path, config, params, loaded_tasks, write_artifacts):
    for task in loaded_tasks:
        yield {"name": "after-" + task.label, "dependent": task, "task-from": "loader", "seen": [kind, path, config["word"], params["level"], write_artifacts]}

def old(kind, path, config, params, loaded_tasks):
    yield {"name": "old", "task-from": "loader", "seen": len(loaded_tasks)}

def use(config, tasks):
    for task in tasks:
        task["n"] = task.pop("dependent").task["payload"]["n"]
        yield task
`,
		"taskcluster/kinds/first/kind.yml":  "loader: taskgraph.loader.transform:loader\ntransforms: [own.tasks:finish]\ntasks: {a: {n: 1}, b: {n: 2}}\n",
		"taskcluster/kinds/second/kind.yml": "kind-dependencies: [first]\nloader: own.tasks:loader\nword: w\ntransforms: [taskgraph.transforms.task_context, own.tasks:finish]\n",
		"taskcluster/kinds/third/kind.yml":  "kind-dependencies: [first]\nloader: own.tasks:old\ntransforms: [own.tasks:finish]\n",
	})
	var got []string
	for task := range tr.full().All() {
		got = append(got, task.Label+" "+json(t, task.Task.At("payload")))
	}
	assert.Equal(t, []string{
		`first-a {"n":1}`, `first-b {"n":2}`,
		`second-after-first-a {"seen":["second","taskcluster/kinds/second","w","3",false],"n":1}`,
		`second-after-first-b {"seen":["second","taskcluster/kinds/second","w","3",false],"n":2}`,
		`third-old {"seen":2}`,
	}, got)
}

// TestLazy sees that trees without Python, and kinds without it, start none.
func TestLazy(t *testing.T) {
	tr := plant(t, map[string]string{
		"taskcluster/config.yml":           strings.Replace(base["taskcluster/config.yml"], `register: "own:register", `, "", 1),
		"taskcluster/kinds/plain/kind.yml": "loader: taskgraph.loader.transform:loader\ntransforms: [taskgraph.transforms.task]\ntasks: {a: {description: d, worker-type: linux, worker: {docker-image: i, max-run-time: 1}}}\n",
		"taskcluster/kinds/own/kind.yml":   kind,
	})
	tr.env["TASKGRAPH_PYTHON"] = "/nowhere/python"
	tr.generate = taskgraph.GeneratorOptions{TargetKinds: []string{"plain"}}
	require.Equal(t, 1, tr.full().Len())
	tr.generate = taskgraph.GeneratorOptions{}
	d := tr.fails(taskgraph.FullTaskGraph)
	require.Len(t, d, 1)
	assert.Equal(t, diag.NeedsPython, d[0].Code)
	assert.Equal(t, `taskcluster/kinds/own/kind.yml:3:14: kind own: transform "own.tasks:finish" is the tree's own Python: `+
		`the Python that $TASKGRAPH_PYTHON names, "/nowhere/python", cannot be run: no such file or directory (TG2006)`, d[0].Error())
	assert.Contains(t, d[0].Hint, "pip install")
}

// TestSessions sees that kinds begin in the same state, whatever other kinds did.
func TestSessions(t *testing.T) {
	files := map[string]string{
		"taskcluster/own/tasks.py": finish + "count = 0\n\ndef counted(config, tasks):\n    global count\n    for task in tasks:\n        count += 1\n        task['count'] = count\n        yield task\n",
	}
	for i := range 12 {
		files[fmt.Sprintf("taskcluster/kinds/k%02d/kind.yml", i)] = "loader: taskgraph.loader.transform:loader\ntransforms: [own.tasks:counted, own.tasks:finish]\ntasks: {a: {}, b: {}}\n"
	}
	var first string
	for _, workers := range []int{1, 4} {
		tr := plant(t, files)
		tr.options.Workers = workers
		var got []string
		for task := range tr.full().All() {
			got = append(got, task.Label+json(t, task.Task.At("payload")))
		}
		if first == "" {
			first = strings.Join(got, " ")
			assert.Contains(t, first, `k00-a{"count":1} k00-b{"count":2} k01-a{"count":1}`)
		}
		assert.Equal(t, first, strings.Join(got, " "))
	}
}

// TestPrints sees that what the tree's code prints goes to the log and nowhere else.
func TestPrints(t *testing.T) {
	tr := plant(t, map[string]string{
		"taskcluster/own/tasks.py": finish + `
import logging, os, subprocess, sys

def noisy(config, tasks):
    for task in tasks:
        print("printed")
        sys.stderr.write("to stderr\n")
        os.write(1, b"raw\n")
        subprocess.run(["echo", "from another program"])
        logging.getLogger("own").warning("a warning\nof two lines")
        print("x" * 100000)
        yield task
`,
		"taskcluster/kinds/k/kind.yml": "loader: taskgraph.loader.transform:loader\ntransforms: [own.tasks:noisy, own.tasks:finish]\ntasks: {a: {}}\n",
	})
	require.Equal(t, 1, tr.full().Len())
	require.NoError(t, tr.project.Close())
	for _, want := range []string{
		`level=INFO msg=printed python=output`, `level=INFO msg="to stderr" python=output`, `level=INFO msg=raw python=output`, `level=INFO msg="from another program" python=output`,
		`level=WARN msg="a warning" python=own`, `level=WARN msg="of two lines" python=own`,
	} {
		assert.Contains(t, tr.log.String(), want)
	}
}

// TestRevision runs the Python of a tree that is not on disk.
func TestRevision(t *testing.T) {
	tr := plant(t, map[string]string{
		"version.txt":                  "1.2\n",
		"taskcluster/own/tasks.py":     finish + "def look(config, tasks):\n    for task in tasks:\n        task['v'] = open('version.txt').read()\n        task['cwd'] = __import__('os').getcwd()\n        yield task\n",
		"taskcluster/kinds/k/kind.yml": "loader: taskgraph.loader.transform:loader\ntransforms: [own.tasks:look, own.tasks:finish]\ntasks: {a: {}}\n",
	})
	tr.options.Materialize = func(_ context.Context, dir string) error { return os.CopyFS(dir, os.DirFS(tr.dir)) }
	g := tr.full()
	assert.Equal(t, "1.2\n", g.At(0).Task.At("payload").Map().Str("v"))
	w := g.At(0).Task.At("payload").Map().Str("cwd")
	require.NoError(t, tr.project.Close())
	assert.NoDirExists(t, w)
}

// TestLoaderPositions sees that a mistake in a task that a loader took from kind.yml is reported there.
func TestLoaderPositions(t *testing.T) {
	tr := plant(t, map[string]string{
		"taskcluster/own/tasks.py": "def loader(kind, path, config, params, loaded_tasks, write_artifacts):\n    for name, task in config['tasks'].items():\n        yield dict(task, name=name, **{'task-from': 'kind.yml'})\n",
		"taskcluster/kinds/k/kind.yml": `
loader: own.tasks:loader
transforms: [taskgraph.transforms.task]
tasks:
  a:
    description: d
    worker-type: linux
    worker: {docker-image: i, max-run-time: 1h}
  b:
    worker-type: linux
    worker: {docker-image: i, max-run-time: 1}
`,
	})
	var got []string
	for _, d := range tr.fails(taskgraph.FullTaskSet) {
		got = append(got, d.Error())
	}
	assert.Equal(t, []string{
		`taskcluster/kinds/k/kind.yml:8:45: k-a: worker.max-run-time: want integer, got "1h" (TG1101)`,
		`taskcluster/kinds/k/kind.yml:10:5: k-b: missing field "description" (TG1103)`,
	}, got)
}

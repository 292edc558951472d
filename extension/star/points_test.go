package star_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// extended is the graph config with a section extensions.
func extended(section string) string {
	return config + "  extensions:\n    " + strings.ReplaceAll(strings.TrimSpace(section), "\n", "\n    ") + "\n"
}

// three is a kind of three tasks, a, b and c, of which b depends on a.
const three = `loader: taskgraph.loader.transform:loader
transforms: [./full.star:full]
tasks:
  a: {attributes: {run_on_projects: [all], os: linux}}
  b: {attributes: {run_on_projects: [other], os: mac}, dependencies: {a: test-a}, optimization: {unwanted: [b, c]}}
  c: {attributes: {run_on_projects: [all], os: linux}, optimization: {standin: null}}
`

const full = `
def full(config, task):
    return {
        "label": config.kind + "-" + task["name"], "description": "", "attributes": task.get("attributes", {}), "dependencies": task.get("dependencies", {}),
        "optimization": task.get("optimization"), "task": {"name": task["name"], "provisionerId": "p", "workerType": "w", "deadline": {"relative-datestamp": "1 day"}},
    }
`

func TestTargetTasks(t *testing.T) {
	f := tree{
		"taskcluster/kinds/test/kind.yml": three, "taskcluster/kinds/test/full.star": full,
		"taskcluster/config.yml": extended(`target-tasks: {macs: "star/t.star:macs", standard: "star/t.star:standard", bad: "star/t.star:bad", worse: "star/t.star:worse"}`),
		"taskcluster/star/t.star": `
load("@taskgraph//target_tasks.star", "standard_filter")
load("@taskgraph//attributes.star", "attrmatch")
def macs(tasks, params, graph_config):
    if params["project"] != "test" or graph_config["trust-domain"] != "test" or len(tasks) != 3:
        fail("wrong")
    return [label for label, t in tasks.items() if attrmatch(t.attributes, os = ["mac", "windows"])]
def standard(tasks):
    return [t for t in tasks.values() if standard_filter(t) and t.label in tasks and tasks["test-a"] == tasks.get("test-a")]
def bad(tasks):
    return ["test-d"]
def worse(tasks):
    return {t: 1 for t in tasks}
`,
	}
	for method, want := range map[string]string{
		"macs": "test-b", "standard": "test-a test-c", "star/t.star:macs": "test-b", "./taskcluster/star/t.star:macs": "test-b",
		"bad":             `bad returned "test-d", which is no task`,
		"worse":           "worse returned a dict, want a list of labels or of tasks",
		"star/t.star:mac": `taskcluster/star/t.star has no function "mac"`,
		"star/u.star:mac": `there is no file "star/u.star"`,
		"mac":             `unknown target task method "mac"`,
	} {
		g, _, err := f.graph(t, taskgraph.TargetTaskSet, "target_tasks_method", method)
		if err != nil {
			assert.Contains(t, err.Error(), want, method)
			continue
		}
		assert.Equal(t, want, strings.Join(labels(g), " "), method)
	}
}

func TestStrategies(t *testing.T) {
	f := tree{
		"taskcluster/kinds/test/kind.yml": three, "taskcluster/kinds/test/full.star": full,
		"taskcluster/config.yml": extended("strategies:\n  unwanted: star/s.star:unwanted\n  standin: {description: a stand-in, replace: \"star/s.star:standin\"}"),
		"taskcluster/star/s.star": `
def unwanted(task, params, arg):
    return task.label[-1] in arg and params["level"] == "1"
def standin(task, params, deadline, arg):
    return "abc" + task.task["name"] if arg == None and deadline == None else None
def removes(task):
    return task.kind == "test"
def bad(task):
    return None
`,
	}
	optimized := func(strategies string) string {
		f["taskcluster/kinds/test/kind.yml"] = strings.Replace(three, "{unwanted: [b, c]}", strategies, 1)
		p, err := f.open(t, standard())
		require.NoError(t, err)
		o, err := p.Generator(params("target_tasks_method", "default"), taskgraph.GeneratorOptions{}).OptimizedTaskGraph(context.Background())
		if err != nil {
			return printed(err)
		}
		var out []string
		for _, v := range o.Verdicts {
			out = append(out, v.String())
		}
		return strings.Join(out, "\n")
	}
	f["taskcluster/config.yml"] += "    target-tasks: {every: \"star/t.star:every\"}\n"
	f["taskcluster/star/t.star"] = "def every(tasks):\n    return tasks\n"
	every := func(strategies string) string {
		f["taskcluster/kinds/test/kind.yml"] = strings.Replace(three, "{unwanted: [b, c]}", strategies, 1)
		p, err := f.open(t, standard())
		require.NoError(t, err)
		o, err := p.Generator(params("target_tasks_method", "every"), taskgraph.GeneratorOptions{}).OptimizedTaskGraph(context.Background())
		if err != nil {
			return printed(err)
		}
		var out []string
		for _, v := range o.Verdicts {
			out = append(out, v.String())
		}
		return strings.Join(out, "\n")
	}
	assert.Contains(t, optimized("{unwanted: [b, c]}"), "test-c replaced with abcc because of standin (a stand-in)")
	assert.Contains(t, every("{unwanted: [b, c]}"), "test-b removed because of unwanted")
	assert.Contains(t, every("{unwanted: [c]}"), "test-b kept")
	assert.Contains(t, every(`{"star/s.star:removes": null}`), "test-b removed because of star/s.star:removes")
	assert.Contains(t, every(`{"star/s.star:bad": null}`), "bad returned None, want True or False (TG3032)")
	assert.Contains(t, every(`{"star/s.star:none": null}`), `has no function "none"`)
}

func TestGroupByAndContext(t *testing.T) {
	f := tree{
		"taskcluster/config.yml": extended(`group-by: {by-os: "star/g.star:by_os"}` + "\n" + `task-context: {times: "star/g.star:times"}`),
		"taskcluster/star/g.star": `
def by_os(config, tasks, arg = None):
    groups = {}
    for t in tasks:
        groups.setdefault(t.attributes[arg or "os"], []).append(t)
    return groups.values()
def times(config, task):
    return {"minutes": len(config.kind_dependencies_tasks) * 10, "who": task["name"]}
def bad(config, tasks):
    return [["nobody"]]
`,
		"taskcluster/kinds/test/kind.yml": three, "taskcluster/kinds/test/full.star": full,
		"taskcluster/kinds/after/kind.yml": `loader: taskgraph.loader.transform:loader
kind-dependencies: [test]
transforms: [taskgraph.transforms.from_deps, taskgraph.transforms.task_context, ../../star/f.star:f]
tasks:
  a:
    from-deps: {group-by: by-os, set-name: null, unique-kinds: false}
    task-context: {from-custom: [times], substitution-fields: [text]}
    text: "{minutes} for {who}"
`,
		"taskcluster/star/f.star": `
def f(config, task):
    return {"label": "-".join(["after"] + task["dependencies"].values()), "description": "", "attributes": {}, "task": {"text": task["text"]}}
`,
	}
	after := func(change ...string) (string, error) {
		g := tree{}
		for name, text := range f {
			g[name] = strings.NewReplacer(change...).Replace(text)
		}
		graph, _, err := g.graph(t, taskgraph.FullTaskSet)
		if err != nil {
			return "", err
		}
		var out []string
		for task := range graph.All() {
			if task.Kind == "after" {
				out = append(out, task.Label+": "+task.Task.Str("text"))
			}
		}
		return strings.Join(out, "\n"), nil
	}
	want := "after-test-a-test-c: 30 for a\nafter-test-b: 30 for a"
	got, err := after()
	require.NoError(t, err)
	assert.Equal(t, want, got)
	got, err = after("group-by: by-os", "group-by: {by-os: os}")
	require.NoError(t, err)
	assert.Equal(t, want, got)
	got, err = after("group-by: by-os", `group-by: "../../star/g.star:by_os"`, "[times]", `["../../star/g.star:times"]`)
	require.NoError(t, err)
	assert.Equal(t, want, got)
	_, err = after("group-by: by-os", `group-by: "../../star/g.star:bad"`)
	assert.ErrorContains(t, err, `bad returned "nobody", which is no task`)
	_, err = after("group-by: by-os", `group-by: {"../../star/g.star:bad": 1}`)
	assert.ErrorContains(t, err, "takes no argument")
	_, err = after(`"who": task["name"]}`, `"who": len}`)
	assert.ErrorContains(t, err, "a function cannot stand in a document")
}

func TestVerifications(t *testing.T) {
	f := tree{
		"taskcluster/kinds/test/kind.yml": three, "taskcluster/kinds/test/full.star": full,
		"taskcluster/config.yml": extended("verifications:\n  short: star/v.star:short\n  kinds: {check: \"star/v.star:kinds\", phase: kinds}\n  elsewhere: {check: \"star/v.star:never\", projects: [other]}\n  odd: {check: \"star/v.star:odd\", phase: target_task_set}"),
		"taskcluster/star/v.star": `
def short(tasks, params, graph_config):
    return [{"label": t.label, "message": "the label ends with b", "path": "label", "hint": "rename it"} for t in tasks.values() if t.label.endswith("b")] + ["a second mistake"]
def kinds(kinds):
    if kinds.keys() != ["test"] or "tasks" not in kinds["test"]:
        fail("no kinds")
def never(tasks):
    fail("never")
def odd(tasks):
    return [{"mesage": "x"}]
`,
	}
	_, _, err := f.graph(t, taskgraph.FullTaskGraph)
	require.Error(t, err)
	assert.Equal(t, diag.ExitVerification, diag.ExitCode(err))
	got := printed(err)
	assert.Contains(t, got, "taskcluster/kinds/test/kind.yml:5:3: test-b: label: the label ends with b (TG4001)")
	assert.Contains(t, got, "hint: rename it")
	assert.Contains(t, got, "taskcluster/star/v.star:2:1: a second mistake (TG4001)")
	f["taskcluster/star/v.star"] = strings.Replace(f["taskcluster/star/v.star"], `return [{"label"`, `return [] and [{"label"`, 1)
	f["taskcluster/star/v.star"] = strings.Replace(f["taskcluster/star/v.star"], `+ ["a second mistake"]`, ``, 1)
	_, _, err = f.graph(t, taskgraph.FullTaskGraph)
	require.NoError(t, err)
	_, _, err = f.graph(t, taskgraph.TargetTaskSet)
	assert.ErrorContains(t, err, `odd returned a mistake with the key "mesage"`)
}

func TestActions(t *testing.T) {
	f := tree{
		"taskcluster/kinds/test/kind.yml": three, "taskcluster/kinds/test/full.star": full,
		"taskcluster/config.yml": extended(`actions:
  purge:
    title: Purge caches
    description: Purges **all** caches.
    symbol: pc
    order: 5
    permission: caches
    available: star/a.star:available
    context: star/a.star:context
    schema: star/a.star:schema
    run: star/a.star:run
  plain: {title: Plain, name: other, description: "", symbol: p, context: [{kind: test}, {}], schema: {type: string}, run: "star/a.star:run"}`),
		"taskcluster/star/a.star": `
def available(params):
    return params["level"] == "3"
def context(params, graph_config):
    return [{"project": params["project"]}] if params["level"] == "3" else None
def schema():
    return {"type": "object", "properties": {"n": {"type": "integer"}}}
def run(config, action):
    return None
`,
	}
	p, err := f.open(t, standard())
	require.NoError(t, err)
	purge, ok := p.Registry.Actions.Get("purge")
	require.True(t, ok)
	assert.Equal(t, []any{"purge", "Purge caches", "Purges **all** caches.", "pc", 5, "caches"}, []any{purge.Name, purge.Title, purge.Description, purge.Symbol, purge.Order, purge.Permission})
	offered, err := purge.Available(params("level", "3"))
	require.NoError(t, err)
	assert.True(t, offered)
	offered, err = purge.Available(params())
	require.NoError(t, err)
	assert.False(t, offered)
	tags, err := purge.Context(params("level", "3"))
	require.NoError(t, err)
	assert.Equal(t, "[{'project': 'test'}]", value.PyStr(tags.Value()))
	tags, err = purge.Context(params())
	require.NoError(t, err)
	assert.Nil(t, tags)
	schema, err := purge.Schema(p.Config)
	require.NoError(t, err)
	assert.Equal(t, "{'type': 'object', 'properties': {'n': {'type': 'integer'}}}", value.PyStr(schema))

	plain, ok := p.Registry.Actions.Get("plain")
	require.True(t, ok)
	assert.Equal(t, "other", plain.Name)
	assert.Equal(t, 10000, plain.Order)
	assert.Nil(t, plain.Available)
	tags, err = plain.Context(params())
	require.NoError(t, err)
	assert.Equal(t, 2, tags.Len())

	f["taskcluster/star/a.star"] = strings.Replace(f["taskcluster/star/a.star"], `params["level"] == "3"`, "1", 1)
	p, err = f.open(t, standard())
	require.NoError(t, err)
	purge, _ = p.Registry.Actions.Get("purge")
	_, err = purge.Available(params())
	assert.ErrorContains(t, err, "available returned 1, want True or False")
}

func TestLoaders(t *testing.T) {
	f := tree{
		"taskcluster/config.yml":           extended(`loaders: {from-list: "star/l.star:load_list"}` + "\n" + `transforms: {finish: "star/l.star:finish", "x:y": "star/l.star:finish"}`),
		"taskcluster/kinds/one/kind.yml":   "loader: from-list\ntransforms: [finish]\nnames: [a, b]\n",
		"taskcluster/kinds/two/kind.yml":   "loader: ./l.star:load_yaml\ntransforms: ['x:y']\n",
		"taskcluster/kinds/two/tasks.json": `{"c": {"x": 1}, "d": {}}`,
		"taskcluster/kinds/two/l.star": `
load("@taskgraph//files.star", "read_json")
def load_yaml(config):
    return [dict(v, name = k) for k, v in read_json("./tasks.json").items()]
`,
		"taskcluster/star/l.star": "def load_list(config):\n    return [{\"name\": n, \"kind\": config.kind, \"path\": config.path} for n in config.config[\"names\"]]\n" + strings.ReplaceAll(finish, `task.pop("task-from", None)`, "pass"),
	}
	got, err := run(t, f)
	require.NoError(t, err)
	assert.Equal(t, `one-a {"kind":"one","path":"taskcluster/kinds/one"}
one-b {"kind":"one","path":"taskcluster/kinds/one"}
two-c {"x":1}
two-d {}`, got)
	f["taskcluster/kinds/two/kind.yml"] = "loader: ./l.star\ntransforms: ['x:y']\n"
	_, err = run(t, f)
	assert.ErrorContains(t, err, `want path.star:function, got "./l.star"`)
	f["taskcluster/kinds/two/kind.yml"] = "loader: ./l.star:load_yaml\ntransforms: ['x:y']\n"
	f["taskcluster/kinds/two/tasks.json"] = `{"c": {"x": 1}, "d": }`
	_, err = run(t, f)
	assert.ErrorContains(t, err, "taskcluster/kinds/two/tasks.json:1:22")
}

// A path is looked up beside the file that names it, then beside config.yml, then in the root of the repository.
func TestPaths(t *testing.T) {
	code := func(name string) string {
		return "def f(config, task):\n    task[\"from\"] = \"" + name + "\"\n    return task\n"
	}
	f := withStar("")
	delete(f, "taskcluster/kinds/test/f.star")
	for _, place := range []string{"f.star", "taskcluster/f.star", "taskcluster/kinds/test/f.star"} {
		f[place] = code(place)
		got, err := run(t, f)
		require.NoError(t, err)
		assert.Equal(t, `test-a {"from":"`+place+`"}`, got)
	}
}

// print writes to the log, with the place.
func TestPrint(t *testing.T) {
	_, p, err := withStar("def f(config, task):\n    print(\"hello\", task[\"name\"], [1], sep = \"-\")\n    return task\n").graph(t, taskgraph.FullTaskSet)
	require.NoError(t, err)
	assert.Contains(t, p.log.String(), "msg=hello-a-[1] kind=test star=taskcluster/kinds/test/f.star:2")
}

// Whoever does not want the result any more does not wait for it.
func TestInterrupted(t *testing.T) {
	f := withStar("def f(config, task):\n    for i in range(1 << 40):\n        pass\n    return task\n")
	f["taskcluster/config.yml"] = extended("limits: {steps: 1000000000000, seconds: 1000}")
	p, err := f.open(t, standard())
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err = p.Generator(params(), taskgraph.GeneratorOptions{}).FullTaskSet(ctx)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Less(t, time.Since(began), 10*time.Second)
}

// Time ends a call that its steps would not.
func TestTime(t *testing.T) {
	f := withStar("def f(config, task):\n    for i in range(1 << 40):\n        pass\n    return task\n")
	f["taskcluster/config.yml"] = extended("limits: {steps: 1000000000000, seconds: 1}")
	_, _, err := f.graph(t, taskgraph.FullTaskSet)
	assert.ErrorContains(t, err, "test-a: the call takes more than 1s (TG3031)")
}

// With --verbose an error comes with what Starlark code was doing.
func TestTraceback(t *testing.T) {
	_, _, err := withStar("def g(x):\n    return x[0] + []\ndef f(config, task):\n    return g([\"a\"])\n").graph(t, taskgraph.FullTaskSet)
	require.Error(t, err)
	var out strings.Builder
	diag.Printer{W: &out, Verbose: true}.Print(err)
	assert.Contains(t, out.String(), `  because: Traceback of Starlark, the last call at the end:
    taskcluster/kinds/test/f.star:4:13: f
    taskcluster/kinds/test/f.star:2:17: g
`)
}

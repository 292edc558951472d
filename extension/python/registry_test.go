package python

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// unregistered gives the graph config of a tree without a function to register with.
func unregistered() string {
	return strings.Replace(base["taskcluster/config.yml"], `register: "own:register", `, "", 1)
}

const handlers = `
try:
    import voluptuous
    from taskgraph.util.schema import LegacySchema

    def schema(check):
        def validate(value):
            if check(value):
                raise voluptuous.Invalid(check(value))
            return value

        return LegacySchema(validate, check=False)
except ImportError:
    def schema(check):
        return check

import taskgraph

# The real package wants dicts of voluptuous, which the stand-in does not know.
worker_schema = lambda worker: "max-run-time is missing" if "max-run-time" not in worker else None
if getattr(taskgraph, "__version__", "") != "stand-in":
    worker_schema = {"max-run-time": int, "word": str}

from taskgraph.transforms.run import run_task_using, configure_taskdesc_for_run
from taskgraph.transforms.task import payload_builder, index_builder

@run_task_using("scripty", "own", schema=schema(lambda run: "no" if run.get("bad") else None), defaults={"word": "default"})
def own(config, task, taskdesc):
    taskdesc["worker"]["word"] = task["run"]["word"]
    taskdesc["scopes"].append("own:" + config.params["project"])
    task["run"]["using"] = "deeper"
    configure_taskdesc_for_run(config, task, taskdesc, "scripty")

@run_task_using("scripty", "deeper")
def deeper(config, task, taskdesc):
    taskdesc.setdefault("attributes", {})["deeper"] = True

@payload_builder("scripty", schema=worker_schema)
def build(config, task, task_def):
    task_def["payload"] = {"word": task["worker"]["word"], "time": task["worker"]["max-run-time"]}
    task_def["tags"]["built"] = "yes"
    task_def.setdefault("extra", {})["z"] = 1

@index_builder("own")
def index(config, task):
    task["routes"].append("index.own." + task["label"])
    return task
`

// scripted is a kind whose tasks need handlers of the tree's own.
const scripted = `
loader: taskgraph.loader.transform:loader
transforms: [own.tasks:plain, taskgraph.transforms.run, taskgraph.transforms.task]
task-defaults: {description: d, worker-type: script, run: {using: own}, worker: {max-run-time: 5}, index: {type: own, product: p, job-name: j}}
tasks:
  a: {}
  b: {run: {word: given}}
`

// TestHandlers runs handlers of run.using, payload builders and index builders, whether register imports them or a transform's module does.
func TestHandlers(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"registered": {"taskcluster/own/__init__.py": "def register(graph_config):\n    from . import handlers\n"},
		"imported":   {"taskcluster/config.yml": unregistered(), "taskcluster/own/__init__.py": ""},
	} {
		t.Run(name, func(t *testing.T) {
			tasks := "def plain(config, tasks):\n    yield from tasks\n"
			if name == "imported" {
				tasks += "from own import handlers\n"
			}
			files["taskcluster/own/tasks.py"], files["taskcluster/own/handlers.py"], files["taskcluster/kinds/k/kind.yml"] = tasks, handlers, scripted
			tr := plant(t, files)
			g, err := tr.graph(t.Context(), taskgraph.FullTaskSet)
			require.NoError(t, err)
			require.Equal(t, 2, g.Len())
			for i, word := range []string{"default", "given"} {
				task := g.At(int32(i))
				assert.Equal(t, `{"word":"`+word+`","time":5}`, json(t, task.Task.At("payload")))
				assert.Equal(t, "yes", task.Task.At("tags").Map().Str("built"))
				assert.Equal(t, `["own:demo"]`, json(t, task.Task.At("scopes")))
				assert.Equal(t, `["index.own.`+task.Label+`","checks"]`, json(t, task.Task.At("routes")))
				assert.True(t, task.Attribute("deeper").IsTrue())
				assert.Contains(t, json(t, task.Task.At("extra")), `"z":1`)
			}
		})
	}
}

// TestHandlerMistakes sees where mistakes that handlers find are reported.
func TestHandlerMistakes(t *testing.T) {
	if !isStandIn() {
		t.Skip("the words differ between releases")
	}
	tr := plant(t, map[string]string{
		"taskcluster/own/__init__.py":  "def register(graph_config):\n    from . import handlers\n",
		"taskcluster/own/tasks.py":     "def plain(config, tasks):\n    yield from tasks\n",
		"taskcluster/own/handlers.py":  handlers,
		"taskcluster/kinds/k/kind.yml": strings.Replace(scripted, "a: {}", "a: {run: {bad: true}}\n  c: {run: {using: onw}}", 1),
		"taskcluster/kinds/l/kind.yml": strings.Replace(scripted, "{max-run-time: 5}", "{}", 1),
	})
	var got []string
	for _, d := range tr.fails(taskgraph.FullTaskSet) {
		got = append(got, d.Error())
	}
	assert.Equal(t, []string{
		`taskcluster/kinds/k/kind.yml:6:3: k-a: Exception: In task.run of 'k-a': no (TG2007)`,
		`taskcluster/kinds/k/kind.yml:7:20: k-c: run.using: no run.using "onw" on worker implementation "scripty" (TG3016)`,
		`taskcluster/kinds/l/kind.yml:6:3: l-a: Exception: In task.run 'l-a': max-run-time is missing (TG2007)`,
		`taskcluster/kinds/l/kind.yml:7:3: l-b: Exception: In task.run 'l-b': max-run-time is missing (TG2007)`,
	}, got)
}

const registered = `
from taskgraph.util.dependencies import group_by
from taskgraph.util.set_name import set_name
try:
    from taskgraph.util.task_context import custom_context
except ImportError:  # a release without it
    def custom_context(name):
        return lambda function: function
from taskgraph.target_tasks import register_target_task
from taskgraph.filter_tasks import filter_task
from taskgraph.optimize import OptimizationStrategy, register_strategy
from taskgraph.morph import register_morph
from taskgraph.util.verify import verifications
from taskgraph.parameters import extend_parameters_schema
from taskgraph.actions.registry import register_callback_action
from taskgraph.task import Task
import copy

def register(graph_config):
    assert graph_config["trust-domain"] == "fx"

@group_by("parity")
def parity(config, tasks, arg=None):
    groups = {}
    for t in tasks:
        groups.setdefault(t.task["payload"]["n"] % (arg or 2), []).append(copy.deepcopy(t))
    return groups.values()

@set_name("own-name")
def own_name(config, deps, primary, kind):
    return "%s-of-%d-%s" % (kind, len(deps), primary.label)

@custom_context("own-context")
def context(config, task):
    return {"who": config.kind + " " + task["name"]}

@register_target_task("own-target")
def target(graph, parameters, graph_config):
    return [l for l, t in graph.tasks.items() if t.attributes.get("pick") and t.task["payload"]["n"] < 3]

@register_target_task("default")
def default(graph, parameters, graph_config):
    return [l for l, t in graph.tasks.items() if t.kind == "first"]

@filter_task("own-filter")
def own_filter(graph, parameters, graph_config):
    return [t.label for t in graph if t.label != "first-c"]

@register_strategy("own-remove")
class Remove(OptimizationStrategy):
    description = "own words"

    def should_remove_task(self, task, params, arg):
        return task.label in arg

@register_strategy("own-replace")
class Replace(OptimizationStrategy):
    def should_replace_task(self, task, params, deadline, arg):
        return arg

SET = {"own-remove": Replace()}

@register_morph
def morph(taskgraph, label_to_taskid, parameters, graph_config):
    for t in taskgraph:
        if t.label == "first-a":
            t.task["payload"]["morphed"] = label_to_taskid[t.label] == t.task_id
    extra = Task(kind="extra", label="extra", attributes={}, task={"payload": {}, "dependencies": []}, description="e")
    extra.task_id = "id"
    tasks = dict(taskgraph.tasks, id=extra)
    return type(taskgraph)(tasks, type(taskgraph.graph)(frozenset(tasks), taskgraph.graph.edges)), dict(label_to_taskid, extra="id")

@verifications.add("full_task_graph")
def no_bad(task, taskgraph, scratch_pad, graph_config, parameters):
    if task is None:
        assert scratch_pad["n"] == len(taskgraph.tasks)
        return
    scratch_pad["n"] = scratch_pad.get("n", 0) + 1
    if task.task["payload"].get("bad"):
        raise Exception("%s is bad in %s" % (task.label, parameters["project"]))

@verifications.add("kinds")
def kinds(kinds):
    if "forbidden" in kinds:
        raise Exception("a kind is forbidden: " + kinds["forbidden"].path)

@verifications.add("parameters")
def check_parameters(parameters):
    assert parameters["project"] == "demo"

import inspect

# Old releases have permissions for all actions alike.
named = {"permission": "wavers"} if "permission" in inspect.signature(register_callback_action).parameters else {}

@register_callback_action(name="wave", title="Wave", symbol="wv", description="waves", order=7, context=lambda params: [{"kind": params["project"]}],
    available=lambda params: params["level"] == "3", schema=lambda graph_config: {"title": graph_config["trust-domain"]}, cb_name="wave-cb", **named)
def wave(parameters, graph_config, input, task_group_id, task_id):
    if input["fail"]:
        raise ValueError("waved %s %s" % (task_group_id, task_id))

def hook(graph_config, parameters):
    parameters["level"] = "1"
    parameters["more"] = {1: [graph_config["trust-domain"]]}
`

func plantRegistered(t *testing.T, files map[string]string) *tree {
	all := map[string]string{
		"taskcluster/own/__init__.py":      registered,
		"taskcluster/own/tasks.py":         finish + "\ndef pick(config, tasks):\n    for t in tasks:\n        n = t['task']['payload'].get('n', 0)\n        t['attributes']['pick'] = n > 1\n        o = t['task']['payload'].pop('optimization', None)\n        if o:\n            t['optimization'] = o\n        yield t\n",
		"taskcluster/kinds/first/kind.yml": "loader: taskgraph.loader.transform:loader\ntransforms: [own.tasks:finish, own.tasks:pick]\ntasks: {a: {n: 1}, b: {n: 2}, c: {n: 3}}\n",
	}
	for name, text := range files {
		all[name] = text
	}
	return plant(t, all)
}

func labels(g *taskgraph.TaskGraph) string {
	var out []string
	for t := range g.All() {
		out = append(out, t.Label)
	}
	return strings.Join(out, " ")
}

// TestFunctions runs group-by, set-name and custom-context functions of the tree.
func TestFunctions(t *testing.T) {
	if !isStandIn() {
		t.Skip("group-by functions with an optional argument are the stand-in's")
	}
	tr := plantRegistered(t, map[string]string{
		"taskcluster/kinds/second/kind.yml": `
kind-dependencies: [first]
loader: taskgraph.loader.transform:loader
transforms: [taskgraph.transforms.from_deps, taskgraph.transforms.task_context, own.tasks:finish]
tasks:
  two: {from-deps: {group-by: parity, set-name: own-name, unique-kinds: false}, task-context: {from-custom: [own-context], substitution-fields: [d]}, d: "{who}"}
`,
		"taskcluster/kinds/third/kind.yml": `
kind-dependencies: [first]
loader: taskgraph.loader.transform:loader
transforms: [taskgraph.transforms.from_deps, own.tasks:finish]
tasks: {three: {from-deps: {group-by: {parity: 3}, unique-kinds: false}}}
`,
	})
	g := tr.full()
	assert.Equal(t, "first-a first-b first-c second-first-of-3-first-a second-first-of-3-first-b third-a third-b third-c", labels(g))
	assert.Equal(t, `"second first-of-3-first-a"`, json(t, g.At(3).Task.At("payload").Map().At("d")))
	assert.Equal(t, `{"first-a":"first-a","first-c":"first-c"}`, json(t, g.At(3).Dependencies.Value()))
}

// TestPhases runs what the tree registered for the phases after the kinds.
func TestPhases(t *testing.T) {
	if !isStandIn() {
		t.Skip("it registers in the place of what the real package has")
	}
	tr := plantRegistered(t, map[string]string{
		"taskcluster/kinds/second/kind.yml": "loader: taskgraph.loader.transform:loader\ntransforms: [own.tasks:finish, own.tasks:pick]\ntasks:\n" +
			"  a: {optimization: {own-remove: [second-a]}}\n  b: {optimization: {own-remove: [second-a]}}\n  c: {optimization: {own-replace: abc}}\n  d: {optimization: {own-replace: true}}\n",
	})
	tr.params.Set("target_tasks_method", value.NewString("own-target"))
	ctx := t.Context()
	g, err := tr.graph(ctx, taskgraph.TargetTaskSet)
	require.NoError(t, err)
	assert.Equal(t, "first-b", labels(g))

	tr.params.Set("target_tasks_method", value.NewString("default"))
	tr.params.Set("filters", value.NewStrings("target_tasks_method", "own-filter").Value())
	g, err = tr.graph(ctx, taskgraph.TargetTaskSet)
	require.NoError(t, err)
	assert.Equal(t, "first-a first-b", labels(g), "the tree's method stands in the place of the built-in one")

	tr.params.Set("filters", value.NewStrings("own-filter").Value())
	g, err = tr.graph(ctx, taskgraph.OptimizedTaskGraph)
	require.NoError(t, err)
	assert.Equal(t, "first-a first-b second-b", labels(g))
	tr.params.Set("optimize_strategies", value.NewString("own:SET"))
	g, err = tr.graph(ctx, taskgraph.OptimizedTaskGraph)
	require.NoError(t, err)
	assert.Equal(t, "first-a first-b", labels(g), "replaced by the strategies of the set")
	tr.params.Delete("optimize_strategies")

	g, err = tr.graph(ctx, taskgraph.MorphedTaskGraph)
	require.NoError(t, err)
	assert.Equal(t, "first-a first-b second-b extra", labels(g))
	assert.Equal(t, `{"n":1,"morphed":true}`, json(t, g.Task("first-a").Task.At("payload")))
	assert.Len(t, g.Task("extra").TaskID, 22)

	tr.params.Set("target_tasks_method", value.NewString("onw-target"))
	tr.params.Delete("filters")
	d := tr.fails(taskgraph.TargetTaskSet)
	assert.Equal(t, `defaults: target_tasks_method: unknown target task method "onw-target" (TG2005)`, d[0].Error())
}

// TestVerifications runs verifications of the tree.
func TestVerifications(t *testing.T) {
	tr := plantRegistered(t, map[string]string{"taskcluster/kinds/second/kind.yml": "loader: taskgraph.loader.transform:loader\ntransforms: [own.tasks:finish]\ntasks: {a: {bad: true}}\n"})
	d := tr.fails(taskgraph.FullTaskGraph)
	require.Len(t, d, 1)
	assert.Equal(t, diag.Verification, d[0].Code)
	assert.Contains(t, d[0].Error(), "taskcluster/own/__init__.py:")
	assert.Contains(t, d[0].Error(), "Exception: second-a is bad in demo (TG4001)")

	tr = plantRegistered(t, map[string]string{"taskcluster/kinds/forbidden/kind.yml": "loader: taskgraph.loader.transform:loader\ntransforms: [own.tasks:finish]\n"})
	d = tr.fails(taskgraph.FullTaskGraph)
	assert.Contains(t, d[0].Error(), "a kind is forbidden: taskcluster/kinds/forbidden")
}

// TestActions offers and runs an action of the tree.
func TestActions(t *testing.T) {
	tr := plantRegistered(t, nil)
	require.NoError(t, tr.open(t.Context()))
	a, ok := tr.project.Registry.Actions.Get("wave-cb")
	require.True(t, ok)
	assert.Equal(t, "wave Wave wv waves", strings.Join([]string{a.Name, a.Title, a.Symbol, a.Description}, " "))
	if isStandIn() {
		assert.Equal(t, "wavers", a.Permission)
	}
	assert.Equal(t, 7, a.Order)
	p := parameters.New("", tr.params.Copy())
	offered, err := a.Available(p)
	require.NoError(t, err)
	assert.True(t, offered)
	at, err := a.Context(p)
	require.NoError(t, err)
	assert.Equal(t, `[{"kind":"demo"}]`, json(t, at.Value()))
	schema, err := a.Schema(tr.project.Config)
	require.NoError(t, err)
	assert.Equal(t, `{"title":"fx"}`, json(t, schema))
	other := tr.params.Copy()
	other.Set("level", value.NewString("1"))
	offered, err = a.Available(parameters.New("", other))
	require.NoError(t, err)
	assert.False(t, offered)
	run := func(fail bool) error {
		return a.Run(&taskgraph.ActionArgs{Context: t.Context(), Project: tr.project, Params: p, Input: value.MapOf("fail", fail).Value(), TaskGroupID: "group"})
	}
	require.NoError(t, run(false))
	require.ErrorContains(t, run(true), "ValueError: waved group None")
}

// TestParameterHook changes the parameters of a decision task.
func TestParameterHook(t *testing.T) {
	tr := plantRegistered(t, nil)
	require.NoError(t, tr.open(t.Context()))
	hook, err := tr.project.Registry.ParameterHooks.Find("own:hook", 0, diag.UnknownName)
	require.NoError(t, err)
	params := tr.params.Copy()
	require.NoError(t, hook(&taskgraph.ParameterHookConfig{Context: t.Context(), Project: tr.project, Graph: tr.project.Config, Params: params}))
	assert.Equal(t, "1", params.Str("level"))
	assert.Equal(t, `{"1":["fx"]}`, json(t, params.At("more")))
	assert.Equal(t, "project", params.Keys()[0])
}

// TestParameters declares parameters with defaults and a check.
func TestParameters(t *testing.T) {
	if !isStandIn() {
		t.Skip("what a schema of parameters is differs between releases")
	}
	tr := plant(t, map[string]string{"taskcluster/own/__init__.py": `
from taskgraph.parameters import extend_parameters_schema

class Schema:
    names = ["own_word", "own_list"]

    @staticmethod
    def check(value):
        if value == "bad":
            raise Exception("Invalid parameters:\nown_word is bad")

def register(graph_config):
    extend_parameters_schema(Schema, lambda repo_root: {"own_word": "default", "own_list": lambda: [1, repo_root.count("/") > 0]})
`})
	require.NoError(t, tr.open(t.Context()))
	load := func(overrides *value.Map) (*parameters.Params, error) {
		extensions, err := tr.project.Registry.AllParameterExtensions()
		require.NoError(t, err)
		return parameters.Load(t.Context(), "", parameters.Options{Extensions: extensions, Overrides: overrides, Checkout: parameters.NewCheckout(tr.dir, true)})
	}
	p, err := load(nil)
	require.NoError(t, err)
	assert.Equal(t, `["default",[1,true]]`, json(t, value.NewList(p.At("own_word"), p.At("own_list")).Value()))
	p, err = load(value.MapOf("own_word", "given"))
	require.NoError(t, err)
	assert.Equal(t, "given", p.At("own_word").Str())
	_, err = load(value.MapOf("own_word", "bad"))
	assert.ErrorContains(t, err, "Invalid parameters: own_word is bad")
}

// TestBuiltIns has Python run the built-in loaders and transforms, too, which must make no difference.
func TestBuiltIns(t *testing.T) {
	if isStandIn() {
		t.Skip("the stand-in has no built-in transforms")
	}
	var graphs []string
	for _, python := range []bool{false, true} {
		tr := plant(t, map[string]string{
			"taskcluster/own/tasks.py": "def plain(config, tasks):\n    yield from tasks\n",
			"taskcluster/kinds/k/kind.yml": `
transforms: [taskgraph.transforms.matrix, own.tasks:plain]
task-defaults: {worker-type: linux, run: {using: run-task, command: x, checkout: false}, worker: {docker-image: i, max-run-time: 1}}
tasks:
  a: {description: "{matrix[n]}", matrix: {n: ["1", "2"], set-name: "a-{matrix[n]}", substitution-fields: [description]}}
  b: {description: d, when: {files-changed: [a]}}
`,
		})
		tr.params = tr.params.Copy()
		if python {
			tr.env["TASKGRAPH_PYTHON_BUILTINS"] = "python"
		}
		var graph []string
		for task := range tr.full().All() {
			graph = append(graph, json(t, task.Document().Value()))
		}
		require.Len(t, graph, 3)
		slices.Sort(graph) // the reference's order follows a hash
		graphs = append(graphs, strings.Join(graph, "\n"))
	}
	assert.JSONEq(t, "["+strings.ReplaceAll(graphs[0], "\n", ",")+"]", "["+strings.ReplaceAll(graphs[1], "\n", ",")+"]")
}

package python

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/taskgraph"
)

// TestChangedConfig sees that what register changes of the graph config, and of the parameters of projects, holds for what is built in.
func TestChangedConfig(t *testing.T) {
	files := map[string]string{
		"taskcluster/own/__init__.py": `
import taskgraph
from types import ModuleType
import sys
try:
    from taskgraph.decision import PER_PROJECT_PARAMETERS
except ImportError:
    PER_PROJECT_PARAMETERS = {"default": {"target_tasks_method": "default"}}
    sys.modules["taskgraph.decision"] = taskgraph.decision = ModuleType("taskgraph.decision")
    taskgraph.decision.PER_PROJECT_PARAMETERS = PER_PROJECT_PARAMETERS

def register(graph_config):
    graph_config["workers"]["aliases"] = {"grown": {"provisioner": "q", "implementation": "docker-worker", "os": "linux", "worker-type": "big-{level}"}}
    graph_config["taskgraph"]["repositories"]["demo"].pop("name")
    graph_config["taskgraph"]["cached-task-prefix"] = "other"
    PER_PROJECT_PARAMETERS["demo-try"] = {"target_tasks_method": "few"}
`,
		"taskcluster/own/tasks.py": "def plain(config, tasks):\n    for t in tasks:\n        t['extra'] = {'provisioners': [a['provisioner'] for a in config.graph_config['workers']['aliases'].values()]}\n        yield t\n",
		"taskcluster/kinds/k/kind.yml": `
loader: taskgraph.loader.transform:loader
transforms: [own.tasks:plain, taskgraph.transforms.task]
tasks: {a: {description: d, worker-type: grown, worker: {docker-image: i, max-run-time: 1}}}
`,
	}
	tr := plant(t, files)
	task := tr.full().At(0)
	assert.Equal(t, []string{"q", "big-3"}, []string{task.Task.Str("provisionerId"), task.Task.Str("workerType")})
	assert.Equal(t, `["q"]`, json(t, task.Task.At("extra").Map().At("provisioners")))
	config := tr.project.Config
	assert.Equal(t, []string{"other", "fx"}, []string{config.CachedTaskPrefix(), config.TrustDomain()})
	assert.Equal(t, `{"demo":{}}`, json(t, config.Taskgraph("repositories")))
	// What stayed has its place still.
	assert.NotZero(t, config.Map().At("trust-domain").Pos())
	set, ok := tr.project.Registry.ProjectParameters.Get("demo-try")
	require.True(t, ok)
	assert.Equal(t, "few", set.Str("target_tasks_method"))
	set, ok = tr.project.Registry.ProjectParameters.Get("default")
	require.True(t, ok)
	assert.Equal(t, "default", set.Str("target_tasks_method"))
}

// TestUnchangedConfig sees that the graph config is the one that was read where register leaves it alone.
func TestUnchangedConfig(t *testing.T) {
	tr := plant(t, map[string]string{"taskcluster/own/__init__.py": "def register(graph_config):\n    assert graph_config['trust-domain'] == 'fx'\n"})
	require.NoError(t, tr.open(t.Context()))
	assert.Equal(t, "p", tr.project.Config.Map().At("workers").Map().At("aliases").Map().At("linux").Map().Str("provisioner"))
	_, changed := tr.project.Registry.ProjectParameters.Get("demo-try")
	assert.False(t, changed)
}

// suffix is the files of a tree of which only the end of the names of caches is asked for.
type suffix struct{ taskgraph.Files }

func (suffix) RunTaskSuffix() string { return "-abc" }

// TestChangedCaches sees that built-in handlers use the caches as register left them, and that mistakes there are found.
func TestChangedCaches(t *testing.T) {
	register := `
from taskgraph.util.caches import CACHES

def name(config, task):
    return "own-%s-%s" % (config.params["project"], task["worker-type"])

def register(graph_config):
    CACHES["checkout"]["cache_name"] = name
    CACHES["more"] = {"env": "MORE"}
`
	files := map[string]string{
		"taskcluster/own/__init__.py": register,
		"taskcluster/kinds/k/kind.yml": `
loader: taskgraph.loader.transform:loader
transforms: [taskgraph.transforms.run, taskgraph.transforms.task]
tasks: {a: {description: d, worker-type: linux, worker: {docker-image: i, max-run-time: 1}, run: {using: run-task, command: x, use-caches: true}}}
`,
	}
	full := func() *taskgraph.Task {
		tr := plant(t, files)
		tr.options.Files = suffix{}
		return tr.full().At(0)
	}
	task := full()
	cache := json(t, task.Task.At("payload").Map().At("cache"))
	assert.Contains(t, cache, `"fx-level-3-own-demo-linux-`)
	assert.Contains(t, cache, `"fx-level-3-more-`)
	assert.NotEmpty(t, task.Task.At("payload").Map().At("env").Map().Str("MORE"))

	files["taskcluster/own/__init__.py"] = strings.Replace(register, `return "own`, `raise Exception("no name") or "own`, 1)
	d := plant(t, files).fails(taskgraph.FullTaskSet)
	assert.Equal(t, `taskcluster/own/__init__.py:5: k-a: Exception: no name (TG2007)`, d[0].Error())

	files["taskcluster/own/__init__.py"] = "def register(graph_config):\n    pass\n"
	cache = json(t, full().Task.At("payload").Map().At("cache"))
	assert.Contains(t, cache, `"fx-level-3-checkouts-`)
}

//go:build unix

package python

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

const benchTasks = 10_000

// benchCode has a transform that does nothing, and one that does what transforms of trees do.
const benchCode = `
import copy, gc, time

def nothing(config, tasks):
    start = time.process_time()
    n = 0
    for task in tasks:
        n += 1
        yield task
    print("python processor time %f" % ((time.process_time() - start) / n * 1e6))

def something(config, tasks):
    for task in tasks:
        task = copy.deepcopy(task)
        platform, _, kind = task["name"].partition("-")
        attributes = task.setdefault("attributes", {})
        attributes["platform"] = platform
        attributes["build-type"] = kind
        for name, value in config.config["more-env"].items():
            task["worker"]["env"][name.upper()] = "{}/{}".format(value, platform)
        task["description"] = "{} on {}".format(task["description"], platform)
        task["treeherder"]["symbol"] = "g({})".format(kind)
        task["routes"] = ["index.x.{}.{}".format(platform, n) for n in range(5)]
        yield task

def alone(config, tasks):
    tasks = list(tasks)
    start, wall = time.process_time(), time.perf_counter()
    n = 0
    for task in something(config, iter(tasks)):
        n += 1
    print("alone %f wall %f" % ((time.process_time() - start) / n * 1e6, (time.perf_counter() - wall) / n * 1e6))
    # As in a process that is not the bridge's: everything is kept, and the collector is set as Python sets it.
    before = gc.get_threshold()
    gc.unfreeze()
    gc.set_threshold(700, 10, 10)
    wall = time.perf_counter()
    kept = list(something(config, iter(tasks)))
    print("plain %f" % ((time.perf_counter() - wall) / n * 1e6))
    gc.set_threshold(*before)
    return iter(tasks)
`

// benchTree makes a kind and its stubs.
func benchTree(b *testing.B) (*taskgraph.Project, func() (*taskgraph.Config, context.CancelFunc), func() []*value.Map, *tree) {
	var kind strings.Builder
	kind.WriteString("loader: taskgraph.loader.transform:loader\nmore-env: {a: 1, b: 2, c: 3}\ntransforms: [own.tasks:nothing, own.tasks:something, own.tasks:alone]\ntask-defaults:\n" +
		"  description: a task\n  worker-type: linux\n  worker: {docker-image: {in-tree: linux}, max-run-time: 3600, env: {X: y, Z: w}, artifacts: [{type: file, path: /a, name: public/a}, {type: file, path: /b, name: public/b}]}\n" +
		"  run: {using: run-task, cwd: '{checkout}', command: [a, b, c], use-caches: true}\n  treeherder: {kind: build, platform: linux/opt, tier: 1, symbol: x}\n  optimization: {skip-unless-changed: ['**/a', '**/b']}\ntasks:\n")
	for i := range benchTasks {
		fmt.Fprintf(&kind, "  linux%d-opt: {attributes: {n: %d}}\n", i, i)
	}
	tr := plant(b, map[string]string{"taskcluster/own/tasks.py": benchCode, "taskcluster/kinds/k/kind.yml": kind.String()})
	require.NoError(b, tr.open(b.Context()))
	k, err := tr.project.Kind("k")
	require.NoError(b, err)
	params := parameters.New("", tr.params)
	config := func() (*taskgraph.Config, context.CancelFunc) {
		ctx, cancel := context.WithCancel(b.Context())
		return &taskgraph.Config{Context: ctx, Kind: "k", Path: k.Path, Map: k.Map, Params: params, Graph: tr.project.Config, Project: tr.project, Registry: tr.project.Registry}, cancel
	}
	stubs := func() []*value.Map {
		var out []*value.Map
		loader, err := tr.project.Registry.Loaders.Find("taskgraph.loader.transform:loader", 0, "")
		require.NoError(b, err)
		cfg, cancel := config()
		defer cancel()
		for stub, err := range loader(&taskgraph.LoadConfig{Config: cfg}) {
			require.NoError(b, err)
			out = append(out, stub)
		}
		return out
	}
	return tr.project, config, stubs, tr
}

func each(stubs []*value.Map) iter.Seq2[*value.Map, error] {
	return func(yield func(*value.Map, error) bool) {
		for _, s := range stubs {
			if !yield(s, nil) {
				return
			}
		}
	}
}

// processorTime gives the time that processors have spent on this process, which other processes on the machine do not change.
func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkTrip sends 10,000 stubs to Python and back, and divides the time by the number of stubs: through a transform that does
// nothing, which shows what the bridge itself costs, through one that works, and the latter's work within Python alone.
func BenchmarkTrip(b *testing.B) {
	project, config, stubs, tr := benchTree(b)
	for _, name := range []string{"nothing", "something", "alone"} {
		b.Run(name, func(b *testing.B) {
			seq, err := project.Registry.Transforms.Find("own.tasks:"+name, 0, "")
			require.NoError(b, err)
			all := stubs()
			if text, err := value.CompactJSON(all[0].Value()); err == nil {
				b.ReportMetric(float64(len(text)), "bytes/task")
			}
			b.ReportAllocs()
			before := processorTime(b)
			for b.Loop() {
				b.StopTimer()
				cfg, cancel := config()
				_, err := project.Registry.Transforms.Find("own.tasks:nothing", 0, "")
				require.NoError(b, err)
				b.StartTimer()
				n := 0
				for _, err := range seq[0].All(cfg, each(all)) {
					if err != nil {
						b.Fatal(err)
					}
					n++
				}
				require.Equal(b, benchTasks, n)
				b.StopTimer()
				cancel()
				b.StartTimer()
			}
			b.ReportMetric(float64((processorTime(b)-before).Microseconds())/float64(b.N*benchTasks), "go-cpu-us/task")
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*benchTasks), "us/task")
		})
	}
	var alone, plain []string
	for line := range strings.Lines(tr.log.String()) {
		if _, text, ok := strings.Cut(line, "alone "); ok {
			alone = append(alone, strings.Fields(text)[0])
		}
		if _, text, ok := strings.Cut(line, "plain "); ok {
			plain = append(plain, strings.Trim(strings.Fields(text)[0], `"`))
		}
	}
	b.Log("microseconds of processor time a task within Python, the work alone: ", alone)
	b.Log("microseconds a task, the work in a Python that keeps the tasks and collects garbage as usual: ", plain)
	b.Log(tr.log.String())
}

// BenchmarkStrategy asks a strategy in Python about 10,000 tasks, of which half depend on the others: to remove and to replace them.
func BenchmarkStrategy(b *testing.B) {
	var kind strings.Builder
	kind.WriteString("loader: taskgraph.loader.transform:loader\ntransforms: [own.tasks:finish, own.tasks:pick]\ntasks:\n")
	for i := range benchTasks {
		deps := ""
		if i%2 == 1 {
			deps = fmt.Sprintf("dependencies: {x: k-t%05d}, ", i-1)
		}
		fmt.Fprintf(&kind, "  t%05d: {%sn: %d}\n", i, deps, i)
	}
	tr := plant(b, map[string]string{
		"taskcluster/own/__init__.py": `
from taskgraph.optimize.base import OptimizationStrategy, register_strategy
from taskgraph.target_tasks import register_target_task

@register_target_task("everything")
def everything(graph, parameters, graph_config):
    return list(graph.tasks)

def register(graph_config):
    pass

@register_strategy("counts")
class Counts(OptimizationStrategy):
    def should_remove_task(self, task, params, arg):
        return len(task.label) + arg < 0

    def should_replace_task(self, task, params, deadline, arg):
        return "replacement-%d" % arg if deadline or arg else False
`,
		"taskcluster/own/tasks.py":     finish + "\ndef pick(config, tasks):\n    for i, t in enumerate(tasks):\n        t['optimization'] = {'counts': i}\n        yield t\n",
		"taskcluster/kinds/k/kind.yml": kind.String(),
	})
	tr.params.Set("target_tasks_method", value.NewString("everything"))
	require.NoError(b, tr.open(b.Context()))
	require.NoError(b, tr.project.Ready(b.Context()))
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		g := tr.project.Generator(parameters.New("", tr.params.Copy()), taskgraph.GeneratorOptions{})
		_, err := g.TargetTaskGraph(b.Context())
		require.NoError(b, err)
		b.StartTimer()
		o, err := g.OptimizedTaskGraph(b.Context())
		require.NoError(b, err)
		b.ReportMetric(float64(o.Graph.Len()), "left")
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*benchTasks), "us/task")
}

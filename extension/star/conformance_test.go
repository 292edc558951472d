package star_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// starTransform does a few things that transforms do: it resolves by-* values, merges environments, takes an attribute of a dependency
// and sets the label. goTransform does the same in Go.
const starTransform = `
load("@taskgraph//keyed_by.star", "resolve_keyed_by")
load("@taskgraph//merge.star", "merge")
load("@taskgraph//dependencies.star", "get_primary_dependency")

DEFAULTS = {"LANG": "C.UTF-8", "CI": "1", "TZ": "UTC", "MODE": "debug"}

def prepare(config, task):
    level = config.params["level"]
    for field in ["worker.max-run-time", "treeherder.tier", "run-on-projects"]:
        resolve_keyed_by(task, field, level = level)
    worker = task["worker"]
    env = merge(DEFAULTS, worker.get("env", {}))
    env["LEVEL"] = level
    worker["env"] = env
    dep = get_primary_dependency(config, task)
    if dep != None:
        task["attributes"]["build-type"] = dep.attributes["build-type"]
        worker["artifact"] = "public/" + dep.attributes["build-type"]
    task["label"] = config.kind + "-" + task["name"]
    return task
`

var envDefaults = value.MapOf("LANG", "C.UTF-8", "CI", "1", "TZ", "UTC", "MODE", "debug")

func goTransform(cfg *taskgraph.Config, stub *value.Map, yield func(*value.Map)) error {
	level := value.NewString(cfg.Params.Level())
	attr := func(name string) (value.Value, bool) { return level, name == "level" }
	for _, field := range [...]string{"worker.max-run-time", "treeherder.tier", "run-on-projects"} {
		if err := value.ResolveKeyedBy(stub, field, stub.Str("name"), value.Keyed{Attr: attr}); err != nil {
			return err
		}
	}
	worker := stub.EditMap("worker")
	env := value.Merge(envDefaults, worker.At("env").Map())
	env.Set("LEVEL", level)
	worker.Set("env", env.Value())
	if dep := cfg.Deps.Task(stub.At("attributes").Map().Str("primary-dependency-label")); dep != nil {
		build := dep.Attribute("build-type")
		stub.EditMap("attributes").Set("build-type", build)
		stub.EditMap("worker").Set("artifact", value.NewString("public/"+build.Str()))
	}
	stub.Set("label", value.NewString(cfg.Kind+"-"+stub.Str("name")))
	yield(stub)
	return nil
}

// prepared gives the config and the stubs of a kind with many tasks, and the transform in Starlark.
func prepared(t testing.TB, n int) (cfg *taskgraph.Config, stubs []*value.Map, prepare taskgraph.Step) {
	var kind strings.Builder
	kind.WriteString("loader: taskgraph.loader.transform:loader\nkind-dependencies: [build]\ntransforms: [probe:transforms]\ntask-defaults:\n" +
		"  worker:\n    docker-image: {in-tree: linux}\n    max-run-time: {by-level: {'3': 7200, default: 3600}}\n    caches: [{type: persistent, name: a, mount-point: /b}]\n" +
		"  treeherder: {tier: {by-level: {'3': 1, default: 2}}, kind: test, platform: linux/opt}\n  run: {using: run-task, command: make check, checkout: true}\n" +
		"  run-on-projects: {by-level: {'[12]': [try], default: [all]}}\ntasks:\n")
	for i := range n {
		fmt.Fprintf(&kind, "  t%d: {description: test %d, attributes: {primary-dependency-label: build-b%d, chunk: %d}, worker: {env: {MODE: opt, CHUNK: '%d'}}}\n", i, i, i%10, i, i)
	}
	registry := standard()
	registry.Transforms.Add("probe:transforms", taskgraph.Sequence{{Name: "probe", Plan: func(c *taskgraph.Config, all []*value.Map) ([]*value.Map, taskgraph.Each, error) {
		cfg = c
		for _, s := range all {
			stubs = append(stubs, s.Copy())
		}
		sequence, ok, err := c.Registry.Transforms.Lookup("./prepare.star:prepare")
		require.True(t, ok)
		require.NoError(t, err)
		sequence, err = sequence[0].For(c)
		require.NoError(t, err)
		prepare = sequence[0]
		return nil, func(*taskgraph.Config, *value.Map, func(*value.Map)) error { return nil }, nil
	}}})
	var builds strings.Builder
	for i := range 10 {
		fmt.Fprintf(&builds, "\n  b%d: {attributes: {build-type: type-%d}}", i, i)
	}
	f := tree{
		"taskcluster/kinds/build/kind.yml": "loader: taskgraph.loader.transform:loader\ntransforms: [./finish.star:finish]\ntasks:" + builds.String() + "\n", "taskcluster/kinds/build/finish.star": finish,
		"taskcluster/kinds/test/kind.yml": kind.String(), "taskcluster/kinds/test/prepare.star": starTransform,
	}
	p, err := f.open(t, registry)
	require.NoError(t, err)
	_, err = p.Generator(params(), taskgraph.GeneratorOptions{}).FullTaskSet(context.Background())
	require.NoError(t, err)
	require.Len(t, stubs, n)
	cfg.Context = context.Background() // that of the kind ended with it
	return cfg, stubs, prepare
}

// The same transform in Go and in Starlark makes the same tasks.
func TestConformance(t *testing.T) {
	cfg, stubs, prepare := prepared(t, 300)
	inStar, err := prepare.Begin(cfg)
	require.NoError(t, err)
	for _, stub := range stubs {
		var results []string
		for _, each := range []taskgraph.Each{goTransform, inStar} {
			require.NoError(t, each(cfg, stub.Copy(), func(m *value.Map) {
				text, err := value.CompactJSON(m.Value())
				require.NoError(t, err)
				results = append(results, text)
			}))
		}
		require.Len(t, results, 2)
		assert.Equal(t, results[0], results[1])
		assert.Contains(t, results[0], `"max-run-time":3600`)
		assert.Contains(t, results[0], `"build-type":"type-`)
	}
}

func BenchmarkTransform(b *testing.B) {
	cfg, stubs, prepare := prepared(b, 10000)
	inStar, err := prepare.Begin(cfg)
	require.NoError(b, err)
	for _, c := range []struct {
		name string
		each taskgraph.Each
	}{{"go", goTransform}, {"starlark", inStar}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for _, stub := range stubs {
					if err := c.each(cfg, stub.Copy(), func(*value.Map) {}); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/10000-tasks")
		})
	}
}

// Starlark costs a few times what Go costs, and no more.
func TestCost(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	const few = 50 // so that other programs rarely come between
	cfg, stubs, prepare := prepared(t, few)
	inStar, err := prepare.Begin(cfg)
	require.NoError(t, err)
	best := func(each taskgraph.Each) time.Duration {
		least := time.Hour
		for range 200 {
			began := time.Now()
			for _, stub := range stubs {
				require.NoError(t, each(cfg, stub.Copy(), func(*value.Map) {}))
			}
			least = min(least, time.Since(began))
		}
		return least
	}
	inGo, inStarlark := best(goTransform), best(inStar)
	t.Logf("10,000 tasks: %s in Go, %s in Starlark", 10000/few*inGo, 10000/few*inStarlark)
	assert.Less(t, inStarlark, 10*inGo)
}

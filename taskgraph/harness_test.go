package taskgraph

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/value"
)

// noon is when everything happens in tests.
var noon = time.Date(2024, 5, 6, 12, 0, 0, 0, time.UTC)

// testParams gives parameters: the given ones, and the least that generation needs.
func testParams(t *testing.T, pairs ...any) *parameters.Params {
	t.Helper()
	m := value.MapOf("project", "demo", "level", "1", "tasks_for", "github-push", "repository_type", "git", "head_ref", "main",
		"target_tasks_method", "default", "optimize_target_tasks", true)
	m.Update(value.MapOf(pairs...))
	return parameters.New("parameters.yml", m)
}

// testGenerator gives a generator of a project without kinds, whose registry has the strategies of this file.
func testGenerator(t *testing.T, opts GeneratorOptions, pairs ...any) *Generator {
	t.Helper()
	r := NewRegistry()
	RegisterStandard(r)
	for name, s := range testStrategies {
		r.Strategies.Add(name, s)
	}
	config := value.MapOf("trust-domain", "dom", "workers", value.MapOf("aliases", value.MapOf("misc",
		value.MapOf("provisioner", "prov", "worker-type", "misc", "implementation", "docker-worker"))))
	p, err := Open(context.Background(), Options{Tree: fstest.MapFS{"taskcluster/config.yml": {Data: []byte("{}")}}, Root: "taskcluster", Registry: r, Environment: environment(nil)})
	if err != nil { // the config is not valid, which does not matter here
		p = &Project{Options: Options{Tree: fstest.MapFS{}, Root: "taskcluster", Registry: r, Environment: environment(nil)}, Sources: &diag.Sources{}}
	}
	p.Log = slog.New(slog.DiscardHandler)
	p.Config = newGraphConfig(config, p)
	opts.Clock = func() time.Time { return noon }
	return p.Generator(testParams(t, pairs...), opts)
}

// environment gives a function that looks variables up; TASKCLUSTER_ROOT_URL is set unless vars say otherwise.
func environment(vars map[string]string) func(string) string {
	return func(name string) string {
		if v, ok := vars[name]; ok {
			return v
		}
		if name == "TASKCLUSTER_ROOT_URL" {
			return "https://tc.example.com"
		}
		return ""
	}
}

// testStrategies are as simple as can be.
var testStrategies = map[string]Strategy{
	"never":   fixedStrategy{},
	"remove":  fixedStrategy{remove: true},
	"replace": replaceStrategy{},
	"drop":    fixedStrategy{drop: true},
	"search":  searchStrategy{},
	"error":   fixedStrategy{err: diag.Errorf(diag.BadOptimize, 0, "it does not work")},
}

type fixedStrategy struct {
	remove, drop bool
	err          error
}

func (s fixedStrategy) Description() string                                { return "fixed" }
func (s fixedStrategy) Remove(context.Context, StrategyArgs) (bool, error) { return s.remove, s.err }
func (s fixedStrategy) Replace(context.Context, StrategyArgs) (Replacement, error) {
	return Replacement{Drop: s.drop}, nil
}

// replaceStrategy replaces a task by the one that its argument names, unless something needs it in a day's time.
type replaceStrategy struct{ fixedStrategy }

func (replaceStrategy) Replace(_ context.Context, args StrategyArgs) (Replacement, error) {
	if args.Deadline > noon.AddDate(0, 0, 1).Format(taskcluster.TimeFormat) {
		return Replacement{Why: "too late"}, nil
	}
	return Replacement{TaskID: args.Arg.Str()}, nil
}

// searchStrategy replaces a task by the first one at the index paths of its argument whose status is known.
type searchStrategy struct{ fixedStrategy }

func (searchStrategy) IndexPaths(arg value.Value) []string { return arg.List().Strings() }
func (searchStrategy) Replace(_ context.Context, args StrategyArgs) (Replacement, error) {
	for _, path := range args.Arg.List().Strings() {
		if id, _, known := args.Index.Task(path); known {
			return Replacement{TaskID: id}, nil
		}
	}
	return Replacement{}, nil
}

// task makes a task. The line says what it depends on, as "name label", with one edge after the other:
// "dep:a dep2:b". More is set by change.
func task(label, deps string, change ...func(*Task)) *Task {
	t := &Task{Kind: "test", Label: label, Attributes: value.MapOf("kind", "test"), Dependencies: value.NewMap(0), SoftDependencies: emptyList, IfDependencies: emptyList,
		Task: value.MapOf("deadline", value.MapOf("relative-datestamp", "1 hour"), "workerType", "w", "provisionerId", "p")}
	for _, d := range strings.Fields(deps) {
		name, to, _ := strings.Cut(d, ":")
		t.Dependencies.Set(name, value.NewString(to))
	}
	for _, f := range change {
		f(t)
	}
	return t
}

func opt(strategy string, arg any) func(*Task) {
	return func(t *Task) { t.Optimization = value.MapOf(strategy, arg).Value() }
}

func ifDeps(labels ...string) func(*Task) {
	return func(t *Task) { t.IfDependencies = value.NewStrings(labels...) }
}

func softDeps(labels ...string) func(*Task) {
	return func(t *Task) { t.SoftDependencies = value.NewStrings(labels...) }
}

func attribute(name string, v any) func(*Task) {
	return func(t *Task) { t.Attributes.Set(name, value.Of(v)) }
}

func field(name string, v any) func(*Task) {
	return func(t *Task) { t.Task.Set(name, value.Of(v)) }
}

// all gives a target graph of the tasks in which all were asked for.
func allOf(tasks ...*Task) *targetGraph {
	t := &targetGraph{graph: NewTaskGraph(tasks, true), verified: func() error { return nil }}
	for range tasks {
		t.requested, t.chosen = append(t.requested, true), append(t.chosen, true)
	}
	return t
}

// request says which tasks were asked for.
func (t *targetGraph) request(labels ...string) *targetGraph {
	for i := range t.requested {
		t.requested[i], t.chosen[i] = false, false
	}
	for _, l := range labels {
		t.requested[t.graph.graph.ids()[l]], t.chosen[t.graph.graph.ids()[l]] = true, true
	}
	return t
}

// optimize runs the optimization.
func optimize(t *testing.T, g *Generator, target *targetGraph) *Optimized {
	t.Helper()
	o, err := g.optimize(t.Context(), target)
	require.NoError(t, err)
	return o
}

// labels gives the labels of tasks.
func labels(tasks []*Task) []string {
	out := []string{}
	for _, t := range tasks {
		out = append(out, t.Label)
	}
	return out
}

// messages gives the first lines of all diagnostics of an error.
func messages(err error) []string {
	out := []string{}
	for _, d := range diag.Flatten(err) {
		out = append(out, d.Error())
	}
	return out
}

package star_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/extension/star"
	"github.com/taskgraph-go/decision/loaders"
	"github.com/taskgraph-go/decision/optimizers"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/transforms"
	"github.com/taskgraph-go/decision/value"
)

// config is the graph config of trees that have none.
const config = `trust-domain: test
task-priority: low
workers:
  aliases:
    linux: {provisioner: p, implementation: docker-worker, os: linux, worker-type: linux}
taskgraph:
  repositories: {test: {name: test}}
`

// standard gives a registry with everything that is built in, and this extension.
func standard() *taskgraph.Registry {
	r := taskgraph.NewRegistry()
	taskgraph.RegisterStandard(r)
	loaders.Register(r)
	transforms.Register(r)
	optimizers.Register(r)
	r.Extensions = append(r.Extensions, star.Extension)
	return r
}

// tree is a repository of a test, by file.
type tree map[string]string

func (f tree) fs() fstest.MapFS {
	out := fstest.MapFS{"taskcluster/config.yml": {Data: []byte(config)}}
	for name, text := range f {
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

// opened is a project of a test, and what it logged.
type opened struct {
	*taskgraph.Project
	log *bytes.Buffer
}

// open opens a tree.
func (f tree) open(t testing.TB, registry *taskgraph.Registry) (opened, error) {
	t.Helper()
	o := opened{log: &bytes.Buffer{}}
	p, err := taskgraph.Open(context.Background(), taskgraph.Options{Tree: f.fs(), Root: "taskcluster", Registry: registry, Workers: 2, Files: files{},
		Log: slog.New(slog.NewTextHandler(o.log, &slog.HandlerOptions{Level: slog.LevelInfo}))})
	if err == nil {
		t.Cleanup(func() { p.Close() })
	}
	o.Project = p
	return o, err
}

// files stands in for what belongs to a checkout.
type files struct{ taskgraph.Files }

func (files) Hash(patterns []value.Value) (string, error) {
	var all []string
	for _, p := range patterns {
		all = append(all, p.Str())
	}
	return "hash of " + strings.Join(all, " "), nil
}

func (files) RunTaskSuffix() string            { return "" }
func (files) Volumes(string) ([]string, error) { return nil, nil }

// params gives parameters: the given ones, and the least that generation needs.
func params(pairs ...any) *parameters.Params {
	m := value.MapOf("project", "test", "level", "1", "tasks_for", "github-push", "repository_type", "git", "head_ref", "main", "head_rev", "abc", "base_rev", "def",
		"head_repository", "https://example.com/test", "base_repository", "https://example.com/test", "target_tasks_method", "default", "optimize_target_tasks", true,
		"build_date", 0, "pushdate", 0, "moz_build_date", "20260102030405", "build_number", 1, "files_changed", []string{"a"}, "owner", "a@example.com", "pushlog_id", "0")
	m.Update(value.MapOf(pairs...))
	return parameters.New("parameters.yml", m)
}

// graph gives the graph of a phase.
func (f tree) graph(t testing.TB, phase taskgraph.Phase, pairs ...any) (*taskgraph.TaskGraph, opened, error) {
	t.Helper()
	p, err := f.open(t, standard())
	if err != nil {
		return nil, p, err
	}
	g, err := p.Generator(params(pairs...), taskgraph.GeneratorOptions{}).Graph(context.Background(), phase)
	return g, p, err
}

// printed gives what the command line prints of an error.
func printed(err error) string {
	var out strings.Builder
	diag.Printer{W: &out}.Print(err)
	return out.String()
}

// simple is a kind whose tasks go through a transform and then become tasks as they are.
func simple(transform string, tasks ...string) string {
	if len(tasks) == 0 {
		tasks = []string{"a: {}"}
	}
	return "loader: taskgraph.loader.transform:loader\ntransforms:\n- " + transform + "\n- ./finish.star:finish\ntasks:\n  " + strings.Join(tasks, "\n  ") + "\n"
}

// finish makes tasks of what is left.
const finish = `
def finish(config, task):
    name = task.pop("name")
    task.pop("task-from", None)
    return {"label": config.kind + "-" + name, "description": "", "attributes": task.pop("attributes", {}), "task": task}
`

// withStar gives a tree with one kind, whose tasks go through the function f of a .star file.
func withStar(code string, tasks ...string) tree {
	return tree{
		"taskcluster/kinds/test/kind.yml": simple("./f.star:f", tasks...), "taskcluster/kinds/test/f.star": code, "taskcluster/kinds/test/finish.star": finish,
	}
}

// run gives the definitions of the tasks of such a tree, as JSON, one a line.
func run(t testing.TB, f tree, pairs ...any) (string, error) {
	t.Helper()
	g, _, err := f.graph(t, taskgraph.FullTaskSet, pairs...)
	if err != nil {
		return "", err
	}
	var out []string
	for task := range g.All() {
		text, err := value.CompactJSON(task.Task.Value())
		require.NoError(t, err)
		out = append(out, task.Label+" "+text)
	}
	return strings.Join(out, "\n"), nil
}

// printedWith gives the same with excerpts.
func printedWith(sources *diag.Sources, err error) string {
	var out strings.Builder
	diag.Printer{W: &out, Sources: sources}.Print(err)
	return out.String()
}

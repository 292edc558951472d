package loaders

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

const config = "trust-domain: fx\ntask-priority: low\nworkers: {aliases: {}}\ntaskgraph: {repositories: {demo: {name: d}}}\n"

// open makes the kind k of a tree with some files in the kind's directory.
func open(t testing.TB, files map[string]string) (*taskgraph.LoadConfig, *taskgraph.Project) {
	t.Helper()
	tree := fstest.MapFS{"taskcluster/config.yml": {Data: []byte(config)}}
	for name, text := range files {
		tree[path.Join("taskcluster/kinds/k", name)] = &fstest.MapFile{Data: []byte(text)}
	}
	r := taskgraph.NewRegistry()
	Register(r)
	p, err := taskgraph.Open(t.Context(), taskgraph.Options{Tree: tree, Root: "taskcluster", Registry: r})
	require.NoError(t, err)
	kind, err := p.Kind("k")
	require.NoError(t, err)
	cfg := &taskgraph.LoadConfig{Config: &taskgraph.Config{Context: context.Background(), Kind: "k", Path: kind.Path, Map: kind.Map,
		Project: p, Graph: p.Config, Registry: r, Log: slog.New(slog.DiscardHandler)}}
	for v := range kind.Map.At("transforms").List().Values() {
		cfg.Transforms = append(cfg.Transforms, v)
	}
	return cfg, p
}

// load gives the stubs, one JSON text each, and the error with all positions resolved.
func load(t testing.TB, loader taskgraph.Loader, files map[string]string) ([]string, *taskgraph.LoadConfig, error) {
	t.Helper()
	cfg, p := open(t, files)
	var out []string
	var errs diag.List
	for stub, err := range loader(cfg) {
		if err != nil {
			errs.Add(err)
			continue
		}
		text, err := value.CompactJSON(stub.Value())
		require.NoError(t, err)
		out = append(out, text)
	}
	return out, cfg, errs.Err(p.Sources)
}

func TestTransform(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"no tasks", map[string]string{"kind.yml": "transforms: []"}, nil},
		{"task-from and name come last, unless they are there", map[string]string{"kind.yml": "tasks: {b: {name: x, z: 1}, a: {task-from: y, y: 1}}"}, []string{
			`{"name":"b","z":1,"task-from":"kind.yml"}`,
			`{"task-from":"kind.yml","y":1,"name":"a"}`,
		}},
		{"names keep their type", map[string]string{"kind.yml": "tasks: {1: {}, true: {}, 2.5: {}}"}, []string{
			`{"task-from":"kind.yml","name":1}`,
			`{"task-from":"kind.yml","name":2.5}`,
		}},
		{"defaults lie below the task", map[string]string{"kind.yml": `
task-defaults: {a: 1, list: [1], map: {x: 1, y: {z: 1}}, keyed: {by-level: {a: 1}}, gone: 1}
tasks:
  t: {new: 1, list: [2], map: {y: {w: 2}}, keyed: {by-level: {b: 2}}, gone: null}
`}, []string{`{"a":1,"list":[1,2],"map":{"x":1,"y":{"z":1,"w":2}},"keyed":{"by-level":{"b":2}},"gone":null,"new":1,"task-from":"kind.yml","name":"t"}`}},
		{"empty defaults are none", map[string]string{"kind.yml": "task-defaults: null\ntasks: {t: {a: 1}}"}, []string{`{"a":1,"task-from":"kind.yml","name":"t"}`}},
		{"files after the kind's own, each with its defaults", map[string]string{
			"kind.yml": "task-defaults: {list: [kind]}\ntasks: {own: {}}\ntasks-from: [one.yml, sub/two.yml, three.yml]",
			"one.yml":  "task-defaults: {list: [one], b: 1}\nt1: {list: [t1]}", "sub/two.yml": "t2: {}", "three.yml": "task-defaults: {}\nt3: {}"},
			[]string{
				`{"list":["kind"],"task-from":"kind.yml","name":"own"}`,
				`{"list":["kind","one","t1"],"b":1,"task-from":"one.yml","name":"t1"}`,
				`{"list":["kind"],"task-from":"sub/two.yml","name":"t2"}`,
				`{"list":["kind"],"task-from":"three.yml","name":"t3"}`,
			}},
		{"the defaults of a file alone", map[string]string{"kind.yml": "tasks-from: [one.yml]", "one.yml": "task-defaults: {a: 1}\nt: {}"},
			[]string{`{"a":1,"task-from":"one.yml","name":"t"}`}},
		{"a file of another kind", map[string]string{"kind.yml": "tasks-from: [../other/one.yml]", "../other/one.yml": "t: {}"},
			[]string{`{"task-from":"../other/one.yml","name":"t"}`}},
		{"old words", map[string]string{"kind.yml": "job-defaults: {a: 1}\njobs: {t: {}}\njobs-from: [one.yml]", "one.yml": "job-defaults: {b: 1}\nu: {}"},
			[]string{`{"a":1,"task-from":"kind.yml","name":"t"}`, `{"a":1,"b":1,"task-from":"one.yml","name":"u"}`}},
		{"a file without tasks", map[string]string{"kind.yml": "tasks-from: [one.yml]", "one.yml": "{}"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _, err := load(t, Transform, c.files)
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestMistakes(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"tasks that are no maps", map[string]string{"kind.yml": "tasks-from: [one.yml]", "one.yml": "a: {}\nb: text\nc: null"}, []string{
			`one.yml:2:4: b: want a map, got "text"`, `one.yml:3:4: c: want a map, got null`}},
		{"the same with defaults", map[string]string{"kind.yml": "task-defaults: {a: 1}\ntasks-from: [one.yml]", "one.yml": "b: [text]"}, []string{`one.yml:1:4: b: want a map, got a list`}},
		{"a file that is not there", map[string]string{"kind.yml": "tasks-from:\n  - one.yml\n  - two.yml", "two.yml": "t: 5"}, []string{
			`kind.yml:2:5: tasks-from: there is no file "taskcluster/kinds/k/one.yml"`, `two.yml:1:4: t: want a map, got 5`}},
		{"a file outside of the tree", map[string]string{"kind.yml": "tasks-from: [../../../../etc/passwd]"}, []string{`kind.yml:1:14: tasks-from: "../etc/passwd" is not a path inside`}},
		{"an absolute path", map[string]string{"kind.yml": "tasks-from: [/etc/passwd]"}, []string{`kind.yml:1:14: tasks-from: "/etc/passwd" is not a path inside`}},
		{"a file that holds a list", map[string]string{"kind.yml": "tasks-from: [one.yml]", "one.yml": "- t"}, []string{`one.yml:1:1: want a map of tasks by name, got a list`}},
		{"an empty file", map[string]string{"kind.yml": "tasks-from: [one.yml]", "one.yml": ""}, []string{`want a map of tasks by name, got null`}},
		{"defaults of a file that are no map", map[string]string{"kind.yml": "tasks-from: [one.yml]", "one.yml": "task-defaults: [a]"}, []string{
			`one.yml:1:16: task-defaults: want a map of fields for all tasks, got a list`}},
		{"a file with a slip", map[string]string{"kind.yml": "tasks-from: [one.yml]", "one.yml": "a: ]"}, []string{`one.yml:1:`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := load(t, Transform, c.files)
			require.Error(t, err)
			all, ok := errors.AsType[*diag.Errors](err)
			require.True(t, ok)
			var got []string
			for _, d := range all.All {
				got = append(got, d.Error())
			}
			require.Len(t, got, len(c.want), "%q", got)
			for i, want := range c.want {
				assert.Contains(t, got[i], want)
			}
		})
	}
}

func TestDefault(t *testing.T) {
	stubs, cfg, err := load(t, Default, map[string]string{"kind.yml": "transforms: [a.b:c]\ntasks: {t: {}}"})
	require.NoError(t, err)
	assert.Equal(t, []string{`{"task-from":"kind.yml","name":"t"}`}, stubs)
	var names []string
	for _, v := range cfg.Transforms {
		names = append(names, v.Str())
	}
	assert.Equal(t, []string{"a.b:c", "taskgraph.transforms.run:transforms", "taskgraph.transforms.task:transforms"}, names)

	_, _, err = load(t, Default, map[string]string{"kind.yml": "transforms:\n  - x\n  - taskgraph.transforms.task:transforms"})
	require.ErrorContains(t, err, `kind.yml:3:5: transforms: transform "taskgraph.transforms.task:transforms" is already added by the default loader`)
}

// TestSharedDocument makes sure that what is done to a stub leaves the document and other stubs alone.
func TestSharedDocument(t *testing.T) {
	cfg, _ := open(t, map[string]string{"kind.yml": "task-defaults: {worker: {env: {A: 1}}}\ntasks: {a: {}, b: {worker: {env: {B: 1}}}}"})
	for range 2 {
		for stub, err := range Transform(cfg) {
			require.NoError(t, err)
			env := stub.EditMap("worker").EditMap("env")
			require.False(t, env.Has("X"))
			env.Set("X", value.NewInt(1))
		}
	}
}

func BenchmarkTransform(b *testing.B) {
	var text strings.Builder
	text.WriteString("task-defaults: {worker: {env: {A: 1}, docker-image: x, max-run-time: 1}, run: {using: run-task}, attributes: {a: 1}}\ntasks:\n")
	for i := range 10_000 {
		fmt.Fprintf(&text, "  t%d: {description: x, worker: {env: {B: %d}}}\n", i, i)
	}
	cfg, _ := open(b, map[string]string{"kind.yml": text.String()})
	b.ReportAllocs()
	for b.Loop() {
		for _, err := range Transform(cfg) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

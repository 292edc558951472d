package cli

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// TestChunks sees how often tasks are built whose chunks differ by their number, and that what comes of them is what comes of one chunk after the
// other.
func TestChunks(t *testing.T) {
	around, err := txtar.ParseFile("testdata/fuzz.txtar")
	require.NoError(t, err)
	const kind = `
loader: taskgraph.loader.transform:loader
transforms: [taskgraph.transforms.chunking, taskgraph.transforms.task_context, taskgraph.transforms.run, taskgraph.transforms.task]
task-defaults:
  description: "part {this_chunk} of {total_chunks}"
  worker-type: {by-name: {"[ab].*": linux, default: win}}
  worker: {docker-image: x, max-run-time: 60, env: {N: "{this_chunk}", P: "{project}-{name}"}}
  chunk: {total-chunks: 11, substitution-fields: [name, description, treeherder, run.command, worker.env.N, extra.part, attributes]}
  extra: {part: {now: "{this_chunk}", "of": "{total_chunks}"}}
  attributes: {run_x: ["{this_chunk}"], build_platform: "p{this_chunk}"}
  run-on-projects: {by-build-platform: {"p[0-9]+": [demo], default: [all]}}
  treeherder: {symbol: "T(x{this_chunk})", platform: linux/opt, kind: test, tier: 1}
  task-context: {from-parameters: {project: project}, substitution-fields: [worker-type, worker.env.P, description]}
  run: {using: run-task, command: "x --part {this_chunk}"}
tasks:
  a-{this_chunk}: `
	for _, c := range []struct {
		name, task string
		built      int64
		holds      []string // in the graph
	}{
		{"plain", "{}", 1, []string{`"label": "fuzzed-a-11"`, `"this_chunk": 11`, `"now": "11"`, `"x --part 11"`, `"symbol": "x11"`, `"N": "11"`, `"P": "demo-a-11"`, `part 11 of 11`, `"build_platform": "p11"`}},
		{"one chunk", "{chunk: {total-chunks: 1}}", 1, []string{`"x --part 1"`}},
		{"on Windows", "{worker-type: win, worker: {docker-image: null}}", 1, []string{`bash -cx \"x --part 7\"`}},
		{"a list", `{run: {command: [x, "{this_chunk}", {artifact-reference: "<decision/{this_chunk}.zip>"}]}}`, 1, []string{`/artifacts/7.zip"`}},
		{"by one number", "{run-on-projects: {by-build-platform: {p7: [demo], default: [all]}}}", 12, nil},
		{"another worker for some", `{worker-type: {by-name: {".*-1.": linux, default: b-x}}}`, 11, nil},
		{"padded", `{description: "{this_chunk:>3}"}`, 11, []string{`"description": "  7`}},
		{"number's own format", `{description: "{this_chunk:03d}"}`, 11, []string{`"description": "007`}},
		{"a field that is looked at", "{chunk: {substitution-fields: [name, scopes]}, scopes: ['{this_chunk}']}", 11, []string{`"7"`}},
		{"the name where it is looked at", `{worker: {docker-image: "i{name}"}, task-context: {substitution-fields: [worker.docker-image, worker-type]}}`, 11, []string{`"image": "ia-7"`}},
		{"a reference to itself", `{worker: {env: {R: {task-reference: "<self> <decision> {this_chunk}"}, N: "{this_chunk}"}}}`, 1, []string{"\"R\": \"", " DECISION-TASK {this_chunk}\""}},
		{"more routes than a task may have", `{routes: [` + strings.Repeat("a, ", 65) + `index.x.y]}`, 1, []string{`"label": "index-task-fuzzed-a-7"`}},
		{"an artifact of nothing", `{run: {command: [x, {artifact-reference: "<y/{this_chunk}.zip>"}]}}`, 0, []string{"no dependency is named"}},
		{"a symbol for all", `{treeherder: {symbol: T(x)}}`, 0, []string{"has the treeherder symbol T(x) on linux/opt", "fuzzed-a-11"}},
		{"a symbol for two", `{treeherder: {symbol: "T(x{this_chunk})", platform: "l{this_chunk}/opt"}}`, 1, nil},
		{"another way to run", "{worker-type: succeed, worker: {docker-image: null}, run: {using: always-optimized, command: null}}", 0, nil},
		{"number in a key", `{extra: {part: {"n{this_chunk}": 1}}}`, 12, []string{`"n7": 1`}},
		{"symbol of 25 characters", `{treeherder: {symbol: "T(12345678901234567890123{this_chunk})"}}`, 11, []string{`"1234567890123456789012311"`}},
		{"symbol of 23 characters", `{treeherder: {symbol: "T(123456789012345678901{this_chunk})"}}`, 1, []string{`"12345678901234567890111"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tree := fstest.MapFS{}
			for _, file := range around.Files {
				tree[file.Name] = &fstest.MapFile{Data: file.Data, Mode: 0o644}
			}
			tree["taskcluster/config.yml"] = tree["configs/0.yml"]
			tree["taskcluster/kinds/fuzzed/kind.yml"] = &fstest.MapFile{Data: []byte(kind + c.task + "\n"), Mode: 0o644}

			var built atomic.Int64
			registry := counting(&built)
			got := generateFuzzed(t, registry, tree, "3", 1)
			if c.built > 0 {
				assert.Equal(t, c.built, built.Load(), "tasks built")
				require.True(t, json.Valid([]byte(got)), "%.500s", got)
			}
			for _, text := range c.holds {
				assert.True(t, strings.Contains(got, text), text)
			}
			assert.Equal(t, got, generateFuzzed(t, registry, tree, "3", 2), "on several workers")
			for name, steps := range registry.Transforms.All() {
				steps = slices.Clone(steps)
				for i := range steps {
					steps[i].Alike = nil
				}
				registry.Transforms.Replace(name, steps)
			}
			assert.Equal(t, generateFuzzed(t, registry, tree, "3", 1), got)
		})
	}
}

// counting gives a registry that counts the tasks that are built.
func counting(built *atomic.Int64) *taskgraph.Registry {
	registry := Standard()
	registry.Extensions = nil
	for name, steps := range registry.Transforms.All() {
		steps = slices.Clone(steps)
		for i, s := range steps {
			if s.Name != "build_task" {
				continue
			}
			steps[i].Begin = func(cfg *taskgraph.Config) (taskgraph.Each, error) {
				each, err := s.Begin(cfg)
				return func(cfg *taskgraph.Config, stub *value.Map, yield func(*value.Map)) error {
					if cfg.Kind == "fuzzed" {
						built.Add(1)
					}
					return each(cfg, stub, yield)
				}, err
			}
		}
		registry.Transforms.Replace(name, steps)
	}
	return registry
}

// TestChunksSeen has code of a tree look at tasks that are chunks: it sees them as if they had been made one by one.
func TestChunksSeen(t *testing.T) {
	around, err := txtar.ParseFile("testdata/fuzz.txtar")
	require.NoError(t, err)
	tree := fstest.MapFS{}
	for _, file := range around.Files {
		tree[file.Name] = &fstest.MapFile{Data: file.Data, Mode: 0o644}
	}
	tree["taskcluster/config.yml"] = tree["configs/0.yml"]
	tree["taskcluster/kinds/fuzzed/kind.yml"] = &fstest.MapFile{Mode: 0o644, Data: []byte(`
loader: taskgraph.loader.transform:loader
transforms: [taskgraph.transforms.chunking, taskgraph.transforms.run, taskgraph.transforms.task]
tasks:
  a-{this_chunk}:
    description: "part {this_chunk}"
    worker-type: linux
    worker: {docker-image: x, max-run-time: 60, env: {N: "{this_chunk}"}}
    chunk: {total-chunks: 3, substitution-fields: [name, description, worker.env.N]}
    optimization: STRATEGY
    run: {using: run-task, command: "x"}
`)}
	tree["taskcluster/kinds/after/kind.yml"] = &fstest.MapFile{Mode: 0o644, Data: []byte(`
loader: taskgraph.loader.transform:loader
kind-dependencies: [fuzzed]
transforms: [TRANSFORM, taskgraph.transforms.task]
tasks: {a: {description: x, worker-type: succeed}}
`)}
	for _, code := range []string{"transform", "strategy", "both", "none"} {
		t.Run(code, func(t *testing.T) {
			var seen sync.Map
			look := func(task *taskgraph.Task) {
				text, err := value.CompactJSON(task.Document().Value())
				assert.NoError(t, err)
				seen.Store(task.Label, text)
			}
			registry := Standard()
			registry.Extensions = nil
			registry.Transforms.Fallback(func(name string) (taskgraph.Sequence, bool, error) {
				return taskgraph.Sequence{{Name: name, Each: func(cfg *taskgraph.Config, stub *value.Map, yield func(*value.Map)) error {
					for _, dep := range cfg.Deps.All() {
						look(dep)
						assert.Same(t, dep, cfg.Deps.Task(dep.Label))
					}
					yield(stub)
					return nil
				}}}, name == "own:transforms", nil
			})
			registry.Strategies.Fallback(func(name string) (taskgraph.Strategy, bool, error) {
				return looking{look}, name == "own", nil
			})
			own := maps.Clone(tree)
			fill := func(file, place, is string) {
				f := *own[file]
				f.Data = []byte(strings.Replace(string(f.Data), place, is, 1))
				own[file] = &f
			}
			transform, strategy := "taskgraph.transforms.matrix", "null"
			if code == "transform" || code == "both" {
				transform = "own:transforms"
			}
			if code == "strategy" || code == "both" {
				strategy = "{own: 1}"
			}
			fill("taskcluster/kinds/after/kind.yml", "TRANSFORM", transform)
			fill("taskcluster/kinds/fuzzed/kind.yml", "STRATEGY", strategy)
			for _, workers := range []int{1, 2} { // several are held to what is made where all phases are wanted
				got := generateFuzzed(t, registry, own, "3", workers)
				require.True(t, json.Valid([]byte(got)), "%.300s", got)
			}
			for label, n := range map[string]string{"fuzzed-a-1": "1", "fuzzed-a-3": "3"} {
				text, _ := seen.Load(label)
				if code == "none" {
					assert.Nil(t, text)
					continue
				}
				assert.Contains(t, text, `"this_chunk":`+n)
				assert.Contains(t, text, `"N":"`+n+`"`)
				assert.Contains(t, text, `"description":"part `+n+`"`)
				assert.Contains(t, text, `"name":"`+label+`"`)
			}
		})
	}
}

// looking is a strategy that looks at the tasks, and keeps them.
type looking struct{ at func(*taskgraph.Task) }

func (looking) Description() string { return "looks" }

func (l looking) Remove(_ context.Context, args taskgraph.StrategyArgs) (bool, error) {
	l.at(args.Task)
	return false, nil
}

func (l looking) Replace(_ context.Context, args taskgraph.StrategyArgs) (taskgraph.Replacement, error) {
	l.at(args.Task)
	return taskgraph.Replacement{}, nil
}

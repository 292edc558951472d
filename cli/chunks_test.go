package cli

import (
	"encoding/json"
	"slices"
	"strings"
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
			got := generateFuzzed(t, registry, tree, "3", 2)
			if c.built > 0 {
				assert.Equal(t, c.built, built.Load(), "tasks built")
				require.True(t, json.Valid([]byte(got)), "%.500s", got)
			}
			for _, text := range c.holds {
				assert.True(t, strings.Contains(got, text), text)
			}
			for name, steps := range registry.Transforms.All() {
				steps = slices.Clone(steps)
				for i := range steps {
					steps[i].Alike = nil
				}
				registry.Transforms.Replace(name, steps)
			}
			assert.Equal(t, generateFuzzed(t, registry, tree, "3", 2), got)
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

//go:build unix

package python

import (
	"context"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// holds is a register function that does not come back before there is a file called go, and then does what follows.
const holds = `
import os, time

def wait():
    with open("pids.tmp", "w") as f:
        f.write("%d" % os.getpid())
    os.rename("pids.tmp", "pids")
    while not os.path.exists("go"):
        time.sleep(0.01)

def register(graph_config):
    wait()
    then()

def then():
    pass
`

// inGo is a kind all in Go. Its transforms, the built-in ones and one more, make tasks with a payload.
const inGo = `
loader: taskgraph.loader.transform:loader
transforms: [taskgraph.transforms.run, taskgraph.transforms.task, watched]
task-defaults: {description: d, worker-type: linux, run: {using: run-task, command: x, checkout: false}, worker: {docker-image: i, max-run-time: 1}}
tasks-from: [more.yml]
tasks: {a: {}}
`

// more is a document of that kind, in which something is to be warned of.
const more = "b: {description: e, description: d}\n"

// plantHeld plants a tree whose register is held up, and gives how many times all tasks of the kind in Go went through the transform watched.
func plantHeld(t *testing.T, then string, files map[string]string) (tr *tree, through *atomic.Int32) {
	all := map[string]string{"taskcluster/own/__init__.py": holds + then, "taskcluster/kinds/plain/kind.yml": inGo, "taskcluster/kinds/plain/more.yml": more}
	for name, text := range files {
		all[name] = text
	}
	tr = plant(t, all)
	through = &atomic.Int32{}
	tr.register = func(r *taskgraph.Registry) {
		r.Transforms.Add("watched:transforms", taskgraph.Sequence{{Name: "watched", All: func(cfg *taskgraph.Config, stubs iter.Seq2[*value.Map, error]) iter.Seq2[*value.Map, error] {
			return func(yield func(*value.Map, error) bool) {
				for stub, err := range stubs {
					if !yield(stub, err) {
						return
					}
				}
				cfg.Warn(diag.Warnf(diag.BadTask, 0, "watched"))
				through.Add(1)
			}
		}}})
	}
	return tr, through
}

// release lets register come back.
func (tr *tree) release() {
	require.NoError(tr.t, os.WriteFile(filepath.Join(tr.dir, "go"), nil, 0o644))
}

type outcome struct {
	graph *taskgraph.TaskGraph
	err   error
}

// begin generates in the background.
func (tr *tree) begin(ctx context.Context, phase taskgraph.Phase) <-chan outcome {
	done := make(chan outcome, 1)
	require.NoError(tr.t, tr.open(ctx))
	go func() {
		g, err := tr.graph(ctx, phase)
		done <- outcome{g, err}
	}()
	return done
}

// still sees that there is no outcome yet.
func still(t *testing.T, done <-chan outcome) {
	t.Helper()
	select {
	case o := <-done:
		t.Fatalf("it is done before register: %v", o)
	case <-time.After(50 * time.Millisecond):
	}
}

// TestKindsInGoDoNotWait sees that a kind which needs no Python is through its transforms before Python has answered, and that nothing
// comes of it before register has.
func TestKindsInGoDoNotWait(t *testing.T) {
	tr, through := plantHeld(t, "", nil)
	done := tr.begin(t.Context(), taskgraph.FullTaskGraph)
	require.Eventually(t, func() bool { return through.Load() == 1 }, 20*time.Second, time.Millisecond)
	still(t, done)
	tr.release()
	o := <-done
	require.NoError(t, o.err)
	assert.Equal(t, "plain-a plain-b", labels(o.graph))
	assert.Equal(t, int32(1), through.Load())
	assert.Len(t, tr.project.Warnings(), 2, "warnings of kinds that began early count")
}

// TestHeldMistakes sees that the mistakes of register, and of verifications that it adds, are the ones that are reported, whatever else is wrong.
func TestHeldMistakes(t *testing.T) {
	for _, c := range []struct {
		name, then, want string
		code             int
	}{
		{"register", "\ndef then():\n    raise Exception('no')\n", "taskcluster/own/__init__.py:19: Exception: no (TG2007)", diag.ExitGeneration},
		{"verification", "\nfrom taskgraph.util.verify import verifications\n@verifications.add('kinds')\ndef kinds(kinds):\n    raise Exception('kinds ' + ' '.join(sorted(kinds)))\n", "Exception: kinds plain (TG4001)", diag.ExitVerification},
	} {
		for _, wrong := range []bool{false, true} {
			t.Run(c.name+" "+strconv.FormatBool(wrong), func(t *testing.T) {
				kind := inGo
				if wrong {
					kind = strings.Replace(kind, "max-run-time: 1", "max-run-time: 1h", 1)
				}
				tr, through := plantHeld(t, c.then, map[string]string{"taskcluster/kinds/plain/kind.yml": kind})
				done := tr.begin(t.Context(), taskgraph.FullTaskSet)
				require.Eventually(t, func() bool { return through.Load() == 1 }, 20*time.Second, time.Millisecond)
				tr.release()
				o := <-done
				require.Error(t, o.err)
				found := diag.Flatten(o.err)
				require.Len(t, found, 1)
				assert.Contains(t, found[0].Error(), c.want)
				assert.Equal(t, c.code, diag.ExitCode(o.err))
				assert.Empty(t, tr.project.Warnings(), "kinds that do not count warn of nothing")
				_, err := tr.graph(t.Context(), taskgraph.FullTaskGraph)
				require.Error(t, err)
				assert.Equal(t, o.err.Error(), err.Error(), "the same without being held up")
			})
		}
	}
}

// replaced puts a payload builder of the tree's own in the place of a built-in one.
const replaced = `
def then():
    import taskgraph
    from taskgraph.transforms import task
    task.payload_builders.pop("docker-worker", None)
    standin = getattr(taskgraph, "__version__", "") == "stand-in"

    @task.payload_builder("docker-worker", schema=(lambda worker: None) if standin else {str: object})
    def build(config, task, task_def):
        print("building " + task["label"])
        task_def["payload"] = {"own": task["label"]}
`

// TestReplacedLate sees that what register puts in the place of something built in counts, although kinds looked it up before.
func TestReplacedLate(t *testing.T) {
	tr, through := plantHeld(t, replaced, map[string]string{
		"taskcluster/own/tasks.py":         finish + "\ndef prints(config, tasks):\n    print('python kind')\n    yield from tasks\n",
		"taskcluster/kinds/other/kind.yml": "kind-dependencies: [plain]\nloader: taskgraph.loader.transform:loader\ntransforms: [own.tasks:prints, own.tasks:finish]\ntasks: {a: {}}\n",
	})
	done := tr.begin(t.Context(), taskgraph.FullTaskGraph)
	require.Eventually(t, func() bool { return through.Load() == 1 }, 20*time.Second, time.Millisecond)
	tr.release()
	o := <-done
	require.NoError(t, o.err)
	assert.Equal(t, "plain-a plain-b other-a", labels(o.graph))
	for task := range o.graph.All() {
		if task.Kind == "plain" {
			assert.Equal(t, `{"own":"`+task.Label+`"}`, json(t, task.Task.At("payload")))
		}
	}
	assert.Equal(t, int32(2), through.Load(), "the kind is loaded anew")
	assert.Len(t, tr.project.Warnings(), 2, "and warns once")
	require.NoError(t, tr.project.Close())
	assert.Equal(t, 1, strings.Count(tr.log.String(), "python kind"), "what may do more than compute runs once")
	assert.Equal(t, 1, strings.Count(tr.log.String(), "building plain-a"))

	// And where register was there first.
	tr, through = plantHeld(t, replaced, nil)
	tr.release()
	require.NoError(t, tr.open(t.Context()))
	require.NoError(t, tr.project.Ready(t.Context()))
	assert.Equal(t, `{"own":"plain-a"}`, json(t, tr.full().At(0).Task.At("payload")))
	assert.Equal(t, int32(1), through.Load())
}

// TestReplacedUnused sees that nothing is loaded anew for something that no kind looked up.
func TestReplacedUnused(t *testing.T) {
	tr, through := plantHeld(t, strings.ReplaceAll(replaced, "docker-worker", "generic-worker"), nil)
	done := tr.begin(t.Context(), taskgraph.FullTaskGraph)
	require.Eventually(t, func() bool { return through.Load() == 1 }, 20*time.Second, time.Millisecond)
	tr.release()
	require.NoError(t, (<-done).err)
	assert.Equal(t, int32(1), through.Load())
}

// TestUnknownNamesWait sees that a name which is not built in waits for register, which knows it.
func TestUnknownNamesWait(t *testing.T) {
	tr, through := plantHeld(t, "\ndef then():\n    from . import handlers\n", map[string]string{
		"taskcluster/own/handlers.py":      handlers,
		"taskcluster/own/tasks.py":         "def plain(config, tasks):\n    yield from tasks\n",
		"taskcluster/kinds/other/kind.yml": strings.Replace(scripted, "own.tasks:plain, ", "", 1),
	})
	done := tr.begin(t.Context(), taskgraph.FullTaskGraph)
	require.Eventually(t, func() bool { return through.Load() == 1 }, 20*time.Second, time.Millisecond)
	still(t, done)
	tr.release()
	o := <-done
	require.NoError(t, o.err)
	assert.Equal(t, "other-a other-b plain-a plain-b", labels(o.graph))
	assert.Equal(t, `{"word":"given","time":5}`, json(t, o.graph.At(1).Task.At("payload")))
	assert.Equal(t, int32(1), through.Load())
}

// TestClosedEarly sees that nothing is left of a Python that is importing when it is not wanted any more, and that this takes no time.
func TestClosedEarly(t *testing.T) {
	for _, how := range []string{"close", "cancel"} {
		t.Run(how, func(t *testing.T) {
			tr, _ := plantHeld(t, "", nil)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			require.NoError(t, tr.open(ctx))
			pids := tr.pids(1)
			if how == "cancel" {
				cancel()
				require.ErrorIs(t, tr.project.Ready(ctx), context.Canceled)
			}
			start := time.Now()
			require.NoError(t, tr.project.Close())
			assert.Less(t, time.Since(start), patience)
			assertGone(t, pids)
			assert.Error(t, tr.project.Ready(t.Context()))
		})
	}
	t.Run("before it is there", func(t *testing.T) {
		for range 10 {
			tr, _ := plantHeld(t, "", nil)
			require.NoError(t, tr.open(t.Context()))
			require.NoError(t, tr.project.Close())
			assert.Error(t, tr.project.Ready(t.Context()))
		}
	})
}

// declared is what the register function of a tree with parameters of its own does then. DEFAULTS are these.
const declared = `
def then():
    import taskgraph
    from taskgraph.parameters import extend_parameters_schema
    defaults = lambda repo_root: DEFAULTS
    if getattr(taskgraph, "__version__", "") == "stand-in":
        class Own:
            names = ["own_word"]

            @staticmethod
            def check(value):
                if value == 5:
                    raise Exception("own_word is no word")
    else:
        from taskgraph.util.schema import Schema

        class Own(Schema, kw_only=True, rename=None):
            own_word: str

    extend_parameters_schema(Own, defaults)
`

// TestParametersOfTheTree sees when parameters wait for what register declares, and that they are the same as if they always did.
func TestParametersOfTheTree(t *testing.T) {
	complete := value.MapOf("build_number", 1, "base_ref", "", "base_rev", "", "do_not_optimize", []string{}, "existing_tasks", value.NewMap(0), "filters", []string{"target_tasks_method"},
		"head_tag", "", "next_version", nil, "optimize_strategies", nil, "pushdate", 0, "version", "1")
	for _, c := range []struct {
		name, defaults string
		given          *value.Map
		early          int32 // how many times the kind is through before register is
		all            int32
		level, word    string
		want           string // mistake
	}{
		{name: "given", defaults: `{"own_word": "w", "level": "1"}`, given: value.MapOf("level", "2"), early: 1, all: 1, level: "2", word: "w"},
		{name: "defaults that change nothing", defaults: `{"own_word": "w"}`, early: 1, all: 1, level: "3", word: "w"},
		{name: "another default", defaults: `{"own_word": "w", "level": "1"}`, early: 1, all: 2, level: "1", word: "w"},
		{name: "own word", defaults: `{"own_word": "w"}`, given: value.MapOf("own_word", "x"), early: 1, all: 1, level: "3", word: "x"},
		{name: "wrong for register", defaults: `{}`, given: value.MapOf("own_word", 5), early: 1, all: 1, want: "own_word"},
		{name: "wrong in any case", defaults: `{}`, given: value.MapOf("project", 5), early: 0, all: 0, want: "project: want string, got 5"},
		{name: "defaults that raise", defaults: `1 / 0`, early: 1, all: 1, want: "ZeroDivisionError"},
		{name: "target kinds", defaults: `{"own_word": "w", "target-kinds": ["docker-image"]}`, early: 1, all: 1, level: "3", word: "w"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr, through := plantHeld(t, strings.Replace(declared, "DEFAULTS", c.defaults, 1), map[string]string{"taskcluster/kinds/docker-image/kind.yml": "transforms: [taskgraph.transforms.docker_image]\ntasks: {}\n"})
			generate := func() (*parameters.Params, *taskgraph.TaskGraph, error) {
				given := tr.params.Copy()
				given.Update(complete)
				given.Delete("level")
				given.Update(c.given)
				o := parameters.Options{Overrides: given, Checkout: parameters.NewCheckout(tr.dir, true), Clock: func() time.Time { return time.Unix(1, 0) }}
				var err error
				o.Extensions, o.Later, err = tr.project.Registry.ParameterExtensionsSoFar()
				require.NoError(t, err)
				params, err := parameters.Load(t.Context(), "", o)
				if err != nil {
					return nil, nil, err
				}
				g, err := tr.project.Generator(params, taskgraph.GeneratorOptions{}).FullTaskGraph(t.Context())
				return params, g, err
			}
			type result struct {
				params *parameters.Params
				graph  *taskgraph.TaskGraph
				err    error
			}
			require.NoError(t, tr.open(t.Context()))
			done := make(chan result, 1)
			go func() {
				p, g, err := generate()
				done <- result{p, g, err}
			}()
			require.Eventually(t, func() bool { return through.Load() == c.early }, 5*time.Second, time.Millisecond)
			time.Sleep(20 * time.Millisecond)
			select {
			case r := <-done:
				t.Fatalf("it is done before register: %v", r.err)
			default:
			}
			assert.Equal(t, c.early, through.Load())
			tr.release()
			r := <-done
			assert.Equal(t, c.all, through.Load())
			again, graph, err := generate()
			if c.want != "" {
				require.ErrorContains(t, r.err, c.want)
				require.Error(t, err)
				assert.Equal(t, err.Error(), r.err.Error())
				return
			}
			require.NoError(t, r.err)
			require.NoError(t, err)
			assert.Equal(t, c.level, r.params.Level())
			assert.Equal(t, c.level, r.params.At("level").Str())
			assert.Equal(t, c.word, r.params.At("own_word").Str())
			assert.Equal(t, json(t, again.Map().Value()), json(t, r.params.Map().Value()))
			require.Equal(t, graph.Len(), r.graph.Len())
			for i := range int32(graph.Len()) {
				assert.Equal(t, json(t, graph.At(i).Document().Value()), json(t, r.graph.At(i).Document().Value()))
			}
		})
	}
}

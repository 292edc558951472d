package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/cli"
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/optimizers"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/transforms"
	"github.com/taskgraph-go/decision/value"
	"github.com/taskgraph-go/decision/value/schema"
)

// This file is written as somebody's own program would be: with what packages export, and nothing else. It registers one
// of each of what there is.

// ownLoader makes a stub of each of the names in kind.yml.
func ownLoader(cfg *taskgraph.LoadConfig) iter.Seq2[*value.Map, error] {
	return func(yield func(*value.Map, error) bool) {
		for v := range cfg.Map.At("names").List().Values() {
			stub := cfg.Map.At("task-defaults").Map().Copy()
			stub.Set("name", v)
			if !yield(stub, nil) {
				return
			}
		}
	}
}

var (
	runSchema   = schema.MustCompile("own-run.yml", []byte("{type: object, required: [program], properties: {using: {}, workdir: {}, shell: {type: string}, program: {type: string}}, additionalProperties: false}"))
	robotSchema = schema.MustCompile("robot.yml", []byte("{type: object, required: [steps], properties: {steps: {type: array, items: {type: string}}}}"))
	fetchSchema = schema.MustCompile("words.yml", []byte("{type: object, required: [count], properties: {count: {type: integer}}}"))
	groupSchema = schema.MustCompile("own-group.yml", []byte("{type: integer, minimum: 1}"))
	stubSchema  = schema.MustCompile("own-stub.yml", []byte("{type: object, required: [name], properties: {name: {type: string}}}"))
	paramSchema = schema.MustCompile("own-params.yml", []byte("{type: object, required: [flavour], properties: {flavour: {type: string}}}"))
)

// ownRun runs a program with a checkout, a cache and artifacts, by means of run-task.
func ownRun(cfg *taskgraph.Config, task, desc *value.Map) error {
	run := task.EditMap("run")
	program, _ := run.Delete("program")
	shell, _ := run.Delete("shell")
	transforms.AddCache(task, desc, "own-cache", "/builds/worker/own", false)
	transforms.AddArtifacts(task, desc)
	run.Set("using", value.NewString("run-task"))
	run.Set("command", value.NewStrings(shell.Str(), "./"+program.Str()).Value())
	return transforms.ConfigureForRun(cfg, task, desc)
}

// ownStrategy drops what its argument says is to be dropped, unless a parameter keeps it.
type ownStrategy struct{ keep bool }

var _ taskgraph.PreparedStrategy = ownStrategy{}

func (ownStrategy) Description() string { return "own" }
func (s ownStrategy) Prepare(p *parameters.Params) (taskgraph.Strategy, error) {
	return ownStrategy{keep: p.At("flavour").Str() == "everything"}, nil
}
func (s ownStrategy) Remove(_ context.Context, args taskgraph.StrategyArgs) (bool, error) {
	return !s.keep && args.Arg.List().ContainsString("drop"), nil
}
func (ownStrategy) Replace(context.Context, taskgraph.StrategyArgs) (taskgraph.Replacement, error) {
	return taskgraph.Replacement{}, nil
}

func ownRegistry() *taskgraph.Registry {
	r := cli.Standard()
	r.Loaders.Add("own:loader", ownLoader)
	r.Transforms.Add("own:transforms", taskgraph.Sequence{
		transforms.ValidateStep("check stub", stubSchema),
		{Name: "number", Plan: func(_ *taskgraph.Config, stubs []*value.Map) ([]*value.Map, taskgraph.Each, error) {
			places := map[*value.Map]int{}
			for i, s := range stubs {
				places[s] = i + 1
			}
			return stubs, func(_ *taskgraph.Config, stub *value.Map, yield func(*value.Map)) error {
				stub.EditMap("attributes").Set("number", value.NewInt(int64(places[stub])))
				yield(stub)
				return nil
			}, nil
		}},
	})
	shell := value.MapOf("shell", "bash")
	shell.Freeze()
	r.RunHandlers.Add(taskgraph.RunName("own", "docker-worker"), taskgraph.RunHandler{Schema: runSchema, Defaults: shell, Run: ownRun})
	r.PayloadBuilders.Add("robot", taskgraph.PayloadBuilder{Schema: robotSchema, Build: func(_ *taskgraph.Config, task, def *value.Map) error {
		def.Set("payload", value.MapOf("steps", task.At("worker").Map().At("steps")).Value())
		def.EditList("scopes").AppendStrings("robot:" + task.Str("label"))
		return nil
	}})
	r.IndexBuilders.Add("own", func(cfg *taskgraph.Config, task *value.Map) error {
		task.EditList("routes").AppendStrings("index.own." + cfg.Params.Project() + "." + task.Str("label"))
		return nil
	})
	r.FetchBuilders.Add("words", taskgraph.FetchBuilder{Schema: fetchSchema, Build: func(_ *taskgraph.Config, name string, fetch *value.Map) (*taskgraph.FetchCommand, error) {
		count, _ := fetch.At("count").AsInt()
		return &taskgraph.FetchCommand{Command: value.NewStrings("words", strconv.FormatInt(count, 10)), ArtifactName: name + ".txt", DigestData: []string{strconv.FormatInt(count, 10)}}, nil
	}})
	r.GroupBys.Add("own-group", taskgraph.GroupBy{Schema: groupSchema, Group: func(_ *taskgraph.Config, tasks []*taskgraph.Task, arg value.Value) (groups [][]*taskgraph.Task, err error) {
		size, _ := arg.AsInt()
		for ; len(tasks) > int(size); tasks = tasks[size:] {
			groups = append(groups, tasks[:size])
		}
		return append(groups, tasks), nil
	}})
	r.SetNames.Add("own-name", func(_ *taskgraph.Config, all []*taskgraph.Task, primary *taskgraph.Task, kind string) (string, error) {
		return strconv.Itoa(len(all)) + "-" + strings.TrimPrefix(primary.Label, kind+"-"), nil
	})
	r.ContextProviders.Add("own", func(cfg *taskgraph.Config, stub *value.Map) (*value.Map, error) {
		return value.MapOf("number", stub.At("attributes").Map().At("number"), "flavour", cfg.Params.At("flavour")), nil
	})
	r.Strategies.Add("own-strategy", ownStrategy{})
	r.StrategySets.Add("own-set", map[string]taskgraph.Strategy{"skip-unless-changed": optimizers.Never{}})
	r.TargetMethods.Add("own-method", func(s *taskgraph.Selection) (chosen []*taskgraph.Task, err error) {
		passes := taskgraph.StandardFilter(s)
		for t := range s.Tasks.All() {
			if ok, err := passes(t); err != nil {
				return nil, err
			} else if ok && t.Kind != "deploy" {
				chosen = append(chosen, t)
			}
		}
		return chosen, nil
	})
	r.Filters.Add("own-filter", func(s *taskgraph.Selection) (chosen []*taskgraph.Task, err error) {
		for t := range s.Tasks.All() {
			if t.Label != "build-three" {
				chosen = append(chosen, t)
			}
		}
		return chosen, nil
	})
	r.Morphs.Add("own-morph", func(cfg *taskgraph.MorphConfig) error {
		for t := range cfg.Tasks() {
			if t.Kind != "build" {
				continue
			}
			def := t.Task.Copy()
			def.EditMap("extra").Set("morphed", value.NewBool(true))
			cfg.SetDefinition(t, def)
			return cfg.Add(&taskgraph.Task{Kind: "watch", Label: "watch-" + t.Label, Description: "watch it",
				Dependencies: value.MapOf("watched", t.TaskID), Task: value.MapOf("payload", value.NewMap(0))})
		}
		return nil
	})
	r.Verifications.Add("own-rule", taskgraph.Verification{Phase: taskgraph.FullTaskGraph, Check: func(cfg *taskgraph.VerifyConfig, report func(error)) {
		for t := range cfg.Tasks.All() {
			if image := t.Task.At("payload").Map().At("image"); image.Str() == "ubuntu" {
				d := diag.Errorf(diag.Verification, image.Pos(), "must not use the image %q", image.Str()).WithPath("payload.image")
				d.Kind, d.Label = t.Kind, t.Label
				report(d)
			}
		}
	}})
	r.Actions.Add("own-action", &taskgraph.Action{Name: "own", Title: "Own", Symbol: "own", Order: 10000, Run: func(*taskgraph.ActionArgs) error { return nil }})
	r.ParameterHooks.Add("own-hook", func(cfg *taskgraph.ParameterHookConfig) error {
		cfg.Params.Set("flavour", value.NewString("hooked"))
		return nil
	})
	r.ParameterExtensions = append(r.ParameterExtensions, parameters.Extension{Schema: paramSchema, Defaults: func(parameters.DefaultsContext) (*value.Map, error) {
		return value.MapOf("flavour", "vanilla"), nil
	}})
	return r
}

// own runs a command with the own registry on the own tree, whose files the archive changes, and gives what it prints.
func own(t *testing.T, archive string, args ...string) (code int, out, errs string) {
	t.Helper()
	tree, err := txtar.ParseFile("testdata/contract.txtar")
	require.NoError(t, err)
	changed := txtar.Parse([]byte(archive))
	dir := newTree(t, string(txtar.Format(&txtar.Archive{Files: append(tree.Files, changed.Files...)})))
	var stdout, stderr bytes.Buffer
	app := &cli.App{Registry: ownRegistry(), Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Dir: dir, Env: func(string) string { return "" }}
	code = app.Run(t.Context(), append(args, "--offline", "-p", "parameters.yml"))
	return code, stdout.String(), stderr.String()
}

func TestContract(t *testing.T) {
	code, out, errs := own(t, "", "full", "-J")
	require.Zero(t, code, errs)
	var full map[string]struct {
		Description  string
		Attributes   map[string]any
		Dependencies map[string]string
		Task         struct {
			Routes  []string
			Scopes  []any
			Payload struct {
				Command   []any
				Cache     map[string]map[string]string
				Artifacts map[string]any
				Steps     []string
			}
		}
	}
	require.NoError(t, json.Unmarshal([]byte(out), &full))
	var labels []string
	for label := range full {
		labels = append(labels, label)
	}
	assert.ElementsMatch(t, []string{"build-one", "build-two", "build-three", "deploy-site", "fetch-words", "test-3-one", "test-3-three"}, labels)

	two := full["build-two"]
	assert.Equal(t, 2.0, two.Attributes["number"], "transform")
	assert.Equal(t, "build number 2 of vanilla", two.Description, "context provider and default parameter")
	assert.Contains(t, two.Task.Routes, "index.own.app.build-two", "index builder")
	command := two.Task.Payload.Command
	assert.Equal(t, []any{"bash", "./build"}, command[len(command)-2:], "run handler")
	assert.Contains(t, slices.Collect(maps.Values(two.Task.Payload.Cache["task-reference"])), "/builds/worker/own")
	assert.Contains(t, two.Task.Payload.Artifacts, "public/build")
	assert.Equal(t, []string{"a", "b"}, full["deploy-site"].Task.Payload.Steps, "payload builder")
	assert.Contains(t, full["deploy-site"].Task.Scopes, "robot:deploy-site")
	assert.Equal(t, map[string]string{"build-one": "build-one", "build-two": "build-two"}, full["test-3-one"].Dependencies, "group-by and set-name")
	fetch := full["fetch-words"].Task.Payload.Command
	assert.Equal(t, []any{"words", "3"}, fetch[len(fetch)-2:], "fetch builder")

	_, out, errs = own(t, "", "target", "-L")
	assert.Equal(t, "build-one\nbuild-two\ntest-3-one\ntest-3-three\n", out, "target task method and filter: %s", errs)
	_, out, errs = own(t, "", "optimized", "-L")
	assert.Equal(t, "build-one\nbuild-two\n", out, "strategy: %s", errs)
	_, out, errs = own(t, "", "morphed", "-J")
	assert.Contains(t, out, `"label": "watch-build-one"`, "morph: %s", errs)
	assert.Contains(t, out, `"morphed": true`)
}

// What no graph uses is there for the commands that do: the project has it as it was registered.
func TestContractOfDecisionTasks(t *testing.T) {
	tree, err := txtar.ParseFile("testdata/contract.txtar")
	require.NoError(t, err)
	files := fstest.MapFS{}
	for _, f := range tree.Files {
		files[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	p, err := taskgraph.Open(t.Context(), taskgraph.Options{Tree: files, Root: "taskcluster", Registry: ownRegistry()})
	require.NoError(t, err)
	defer p.Close()
	hook, err := p.Registry.ParameterHooks.Find("own-hook", 0, diag.UnknownName)
	require.NoError(t, err)
	params := value.NewMap(0)
	require.NoError(t, hook(&taskgraph.ParameterHookConfig{Context: t.Context(), Project: p, Graph: p.Config, Params: params}))
	assert.Equal(t, "hooked", params.Str("flavour"))
	action, err := p.Registry.Actions.Find("own-action", 0, diag.UnknownName)
	require.NoError(t, err)
	require.NoError(t, action.Run(&taskgraph.ActionArgs{Context: t.Context(), Project: p, Graph: p.Config}))
	assert.Len(t, p.Registry.ParameterExtensions, 1)
}

// Nothing depends on how many goroutines there are.
func TestContractIsDeterministic(t *testing.T) {
	_, want, errs := own(t, "", "morphed", "-J", "-j", "1")
	require.NotEmpty(t, want, errs)
	for range 5 {
		_, got, _ := own(t, "", "morphed", "-J", "-j", "8")
		require.Equal(t, want, got)
	}
}

func TestContractMistakes(t *testing.T) {
	for name, c := range map[string]struct{ change, want string }{
		"verification":    {"-- taskcluster/kinds/deploy/kind.yml --\ntasks: {a: {description: a, worker-type: linux, worker: {docker-image: ubuntu, max-run-time: 1}, run: {using: own, program: p}}}\n", `deploy-a: payload.image: must not use the image "ubuntu" (TG4001)`},
		"run schema":      {"-- taskcluster/kinds/deploy/kind.yml --\ntasks: {a: {description: a, worker-type: linux, worker: {docker-image: debian, max-run-time: 1}, run: {using: own, progam: p}}}\n", `deploy-a: run: unknown field "progam" (TG1102)`},
		"payload schema":  {"-- taskcluster/kinds/deploy/kind.yml --\nloader: taskgraph.loader.transform:loader\ntransforms: [taskgraph.transforms.task]\ntasks: {a: {label: a, description: a, worker-type: robot, worker: {steps: 1}}}\n", `worker.steps: want list, got 1 (TG1101)`},
		"fetch schema":    {"-- taskcluster/kinds/fetch/kind.yml --\ntransforms: [taskgraph.transforms.fetch]\ntasks: {a: {description: a, fetch: {type: words, count: x}}}\n", `fetch.count: want integer, got "x" (TG1101)`},
		"stub schema":     {"-- taskcluster/kinds/build/kind.yml --\nloader: own:loader\ntransforms: [own:transforms]\nnames: [1]\ntask-defaults: {}\n", `name: want string, got 1 (TG1101)`},
		"group-by schema": {"-- taskcluster/kinds/test/kind.yml --\nkind-dependencies: [build]\ntransforms: [taskgraph.transforms.from_deps]\ntasks: {a: {from-deps: {group-by: {own-group: 0}}}}\n", `from-deps.group-by.own-group: want at least 1, got 0 (TG1105)`},
		"parameter":       {"-- parameters.yml --\nflavour: 1\nhead_repository: https://github.com/own/app\n", `flavour: want string, got 1 (TG1101)`},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, errs := own(t, c.change, "full")
			assert.NotZero(t, code)
			assert.Contains(t, errs, c.want)
		})
	}
}

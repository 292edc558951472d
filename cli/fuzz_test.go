package cli

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// FuzzPipeline sends kinds that nobody would write through everything there is, from the YAML to the morphed graph as
// JSON. Whatever stands in them, the program must come to an end soon, must not panic, and must say the same on one
// worker and on several, and where stubs live on the heap and wait for each other.
//
// What runs at the same time makes coverage vary, which keeps the fuzzer busy with minimizing:
//
//	go test ./cli -run '^$' -fuzz FuzzPipeline -fuzztime 2m -fuzzminimizetime 5x
func FuzzPipeline(f *testing.F) {
	around, err := txtar.ParseFile("testdata/fuzz.txtar")
	require.NoError(f, err)
	seeds, err := txtar.ParseFile("testdata/fuzz-seeds.txtar")
	require.NoError(f, err)
	for i, seed := range seeds.Files {
		f.Add(string(seed.Data), byte(i))
	}
	registry := Standard()
	registry.Extensions = nil // it must not run what it makes up
	plain := Standard()
	plain.Extensions = nil
	for name, steps := range plain.Transforms.All() {
		steps = slices.Clone(steps)
		for i := range steps {
			steps[i].Early, steps[i].Alike, steps[i].Contained = nil, nil, false
		}
		plain.Transforms.Replace(name, steps)
	}
	f.Fuzz(func(t *testing.T, kind string, variation byte) {
		if strings.Count(kind, "\n") > 200 || manyTasks.MatchString(kind) {
			t.Skip("it may be long, which is not what this is about")
		}
		tree := fstest.MapFS{}
		for _, file := range around.Files {
			tree[file.Name] = &fstest.MapFile{Data: file.Data, Mode: 0o644}
		}
		tree["taskcluster/kinds/fuzzed/kind.yml"] = &fstest.MapFile{Data: []byte(kind), Mode: 0o644}
		if config, ok := tree[fmt.Sprintf("configs/%d.yml", variation%4)]; ok {
			tree["taskcluster/config.yml"] = config
		}
		level := []string{"1", "3"}[variation/4%2]
		serial := generateFuzzed(t, registry, tree, level, 1)
		require.Equal(t, serial, generateFuzzed(t, registry, tree, level, 4), "several workers must make what one makes")
		require.Equal(t, serial, generateFuzzed(t, plain, tree, level, 1), "arenas, steps that do not wait and stubs that stand for several must make nothing else")
		require.Equal(t, serial, generateFuzzed(t, registry, tree, level, 2, otherPush), "what was drafted for other parameters must make nothing else")
	})
}

// manyTasks matches what makes thousands of tasks of one.
var manyTasks = regexp.MustCompile(`total-chunks\W*[0-9_x:]{4,}`)

// otherPush is what another push may have of its own.
var otherPush = value.MapOf("owner", "somebody@example.org", "head_rev", "5af1c9e0d1f8b87d2c3d", "head_ref", "refs/heads/other", "head_repository", "https://github.com/other/fork",
	"base_rev", "77f1c9", "project", "other", "pushlog_id", "4321", "build_date", 1600000000, "pushdate", 1600000001, "moz_build_date", "20200913122640")

// sameLast holds what a generation gives at each phase to what another one gives that gives up the phases before.
func sameLast(t *testing.T, p printer, g *taskgraph.Generator, another func() *taskgraph.Generator) {
	t.Helper()
	yaml := p
	yaml.format = formatYAML
	for _, phase := range []taskgraph.Phase{taskgraph.FullTaskSet, taskgraph.FullTaskGraph, taskgraph.TargetTaskSet, taskgraph.TargetTaskGraph, taskgraph.OptimizedTaskGraph, taskgraph.MorphedTaskGraph} {
		graph, err := g.Graph(t.Context(), phase)
		last, errLast := another().Last(t.Context(), phase)
		require.Equal(t, fmt.Sprint(err), fmt.Sprint(errLast), "%v", phase)
		if err != nil {
			continue
		}
		for _, p := range []printer{p, yaml} {
			var want, got bytes.Buffer
			require.Equal(t, p.print(&want, graph), p.print(&got, last))
			require.True(t, bytes.Equal(want.Bytes(), got.Bytes()), "the %v must be the same where nothing is wanted after it", phase)
		}
	}
}

// generateFuzzed gives the morphed graph of a tree as JSON, or what is said about its mistakes. others are parameters that the tree is loaded
// with before, in common.
func generateFuzzed(t *testing.T, registry *taskgraph.Registry, tree fstest.MapFS, level string, workers int, others ...*value.Map) string {
	start := time.Now()
	defer func() {
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("it took %v", took)
		}
	}()
	var out, errs bytes.Buffer
	a := &App{
		Registry: registry, Stdout: &out, Stderr: &errs, Clock: func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) },
		Env: func(name string) string {
			return map[string]string{"TASKCLUSTER_ROOT_URL": "https://tc.example.com"}[name]
		},
	}
	a.out, a.log = a.Stdout, slog.New(slog.NewTextHandler(io.Discard, nil))
	o := &generateOptions{workers: workers, phase: taskgraph.MorphedTaskGraph, offline: true, json: true}
	err := func() error {
		project, err := a.openTree(t.Context(), tree, "", nil, &workspace{root: "taskcluster"}, o, func() ([]string, error) {
			return []string{"src/main.c", "taskcluster/scripts/toolchain/build.sh"}, nil
		})
		if err != nil {
			return err
		}
		doc, err := (&value.Reader{Sources: &a.sources}).YAML("parameters.yml", tree["parameters.yml"].Data)
		if err != nil || doc.Map() == nil {
			return err
		}
		values := doc.Map().Copy()
		if values.Str("level") == "3" {
			values.Set("level", value.NewString(level))
		}
		params := parameters.New("parameters.yml", values)
		if found := params.Check(nil, true); len(found) > 0 {
			return &diag.Errors{All: found}
		}
		options := taskgraph.GeneratorOptions{Clock: a.Clock}
		for _, other := range others {
			options.Drafts = taskgraph.NewDrafts(nil, nil)
			changed := values.Copy()
			changed.Update(other)
			// That it fails means nothing.
			_, _ = project.Generator(parameters.New("other.yml", changed), options).Graph(t.Context(), taskgraph.FullTaskSet)
		}
		p, err := o.printer()
		require.NoError(t, err)
		if options.Drafts != nil {
			alone, errAlone := project.Generator(params, taskgraph.GeneratorOptions{Clock: a.Clock}).Last(t.Context(), taskgraph.TargetTaskGraph)
			drafted, errDrafted := project.Generator(params, options).Last(t.Context(), taskgraph.TargetTaskGraph)
			require.Equal(t, fmt.Sprint(errAlone), fmt.Sprint(errDrafted))
			if errAlone == nil {
				var want, got bytes.Buffer
				require.Equal(t, p.print(&want, alone), p.print(&got, drafted))
				require.Equal(t, want.String(), got.String(), "blanks must be filled in while graphs are written")
			}
		}
		g := project.Generator(params, options)
		graph, err := g.Graph(t.Context(), o.phase)
		if workers > 1 {
			sameLast(t, p, g, func() *taskgraph.Generator { return project.Generator(params, options) })
		}
		if err != nil {
			return err
		}
		return p.print(a.out, graph)
	}()
	for _, d := range diag.Flatten(err) {
		if bug, ok := errors.AsType[*taskgraph.Bug](d); ok {
			t.Errorf("%v\n%s", bug, bug.Stack)
		} else if d.Code == diag.Unclassified {
			t.Errorf("no code: %v", d)
		}
	}
	if err == nil {
		return out.String()
	}
	a.exit(err)
	return errs.String()
}

var mutations = flag.Int("mutations", 20, "test one of so many mutated kinds; 1 means all")

// unsuitable is what stands in for the placeholder of a mutation, much of which JSON could not say.
var unsuitable = []string{
	"null", "true", "7", "-1", "1.5", "text", "''", "'{'", "'{x}'", "'<self>'", "'('", "'**'", "'a.b.c'", `"\u00fc \0"`, "[]", "{}", "[null]", "[[]]", "{a: b}", "{1: 2}",
	"{by-level: {default: x}}", "{by-level: {'3': a, default: b}}", "{by-x: 1}", "{task-reference: <x>}", "{in-tree: debian}", "2024-01-01", "!!binary aGk=", "!!set {a}", "1e999", "99999999999999999999999",
}

// TestMutations puts something unsuitable into every place of the documents that FuzzPipeline begins with.
func TestMutations(t *testing.T) {
	around, err := txtar.ParseFile("testdata/fuzz.txtar")
	require.NoError(t, err)
	seeds, err := txtar.ParseFile("testdata/fuzz-seeds.txtar")
	require.NoError(t, err)
	const fuzzed = "taskcluster/kinds/fuzzed/kind.yml"
	tree := fstest.MapFS{}
	for _, file := range around.Files {
		tree[file.Name] = &fstest.MapFile{Data: file.Data, Mode: 0o644}
	}
	registry := Standard()
	registry.Extensions = nil
	// mutate tries one document with whatever else a tree has.
	mutate := func(name string, tree fstest.MapFS, file string) {
		t.Run(name, func(t *testing.T) {
			doc, err := (&value.Reader{}).YAML(name, tree[file].Data)
			require.NoError(t, err)
			count := 0
			eachMutation(doc, "", func(mutated value.Value, what string) {
				if count++; count%*mutations != 0 || testing.Short() && count%(4**mutations) != 0 {
					return
				}
				text, err := value.AppendJSON(nil, mutated, value.JSONStyle{Indent: 1}, 0)
				if err != nil {
					return
				}
				changed := maps.Clone(tree)
				for _, u := range unsuitable {
					changed[file] = &fstest.MapFile{Data: bytes.ReplaceAll(text, []byte(`"@@"`), []byte(u)), Mode: 0o644}
					t.Run(what+"="+u, func(t *testing.T) {
						alone := generateFuzzed(t, registry, changed, "3", 1)
						if count%(5**mutations) == 0 {
							require.Equal(t, alone, generateFuzzed(t, registry, changed, "3", 2, otherPush))
						}
					})
				}
			})
		})
	}
	for i, seed := range seeds.Files {
		changed := maps.Clone(tree)
		changed[fuzzed] = &fstest.MapFile{Data: seed.Data, Mode: 0o644}
		changed["taskcluster/config.yml"] = tree["configs/0.yml"]
		mutate(seed.Name, changed, fuzzed)
		if i == 0 {
			mutate("build", changed, "taskcluster/kinds/build/kind.yml")
			mutate("docker-image", changed, "taskcluster/kinds/docker-image/kind.yml")
			mutate("config-0", changed, "taskcluster/config.yml")
			changed["taskcluster/config.yml"] = tree["configs/1.yml"]
			mutate("config-1", changed, "taskcluster/config.yml")
			mutate("parameters", changed, "parameters.yml")
		}
		if seed.Name == "context.yml" {
			mutate("context", changed, "taskcluster/context.yml")
		}
	}
}

// eachMutation calls do with copies of v in which one place each holds a placeholder, or is missing.
func eachMutation(v value.Value, path string, do func(mutated value.Value, what string)) {
	do(value.NewString("@@"), path)
	switch v.Kind() {
	case value.ListKind:
		for i, item := range v.List().All() {
			eachMutation(item, fmt.Sprintf("%s[%d]", path, i), func(mutated value.Value, what string) {
				list := v.List().Copy()
				list.SetAt(i, mutated)
				do(list.Value(), what)
			})
		}
	case value.MapKind:
		for e := range v.Map().Entries() {
			without := v.Map().Copy()
			without.Delete(e.Key.Str())
			do(without.Value(), path+" without "+e.Key.KeyText())
			without.Set("@@", e.Value)
			do(without.Value(), path+" key "+e.Key.KeyText())
			eachMutation(e.Value, path+"."+e.Key.KeyText(), func(mutated value.Value, what string) {
				m := v.Map().Copy()
				m.SetKey(e.Key, mutated)
				do(m.Value(), what)
			})
		}
	}
}

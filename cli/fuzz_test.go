package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
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
// worker and on several.
func FuzzPipeline(f *testing.F) {
	around, err := txtar.ParseFile("testdata/fuzz.txtar")
	require.NoError(f, err)
	seeds, err := txtar.ParseFile("testdata/fuzz-seeds.txtar")
	require.NoError(f, err)
	for i, seed := range seeds.Files {
		f.Add(string(seed.Data), byte(i))
	}
	registry := Standard()
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
	})
}

// manyTasks matches what makes thousands of tasks of one.
var manyTasks = regexp.MustCompile(`total-chunks\W*[0-9_x:]{4,}`)

// generateFuzzed gives the morphed graph of a tree as JSON, or what is said about its mistakes.
func generateFuzzed(t *testing.T, registry *taskgraph.Registry, tree fstest.MapFS, level string, workers int) string {
	start := time.Now()
	defer func() {
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("it took %v", took)
		}
	}()
	var out, errs bytes.Buffer
	a := &App{
		Registry: registry, Stdout: &out, Stderr: &errs, Clock: func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) },
		Env: func(name string) string { return map[string]string{"TASKCLUSTER_ROOT_URL": "https://tc.example.com"}[name] },
	}
	a.out, a.log = a.Stdout, slog.New(slog.NewTextHandler(io.Discard, nil))
	o := &generateOptions{workers: workers, phase: taskgraph.MorphedTaskGraph, offline: true, json: true}
	err := func() error {
		project, err := a.openTree(tree, &workspace{root: "taskcluster"}, o, func() ([]string, error) {
			return []string{"src/main.c", "taskcluster/scripts/toolchain/build.sh"}, nil
		})
		if err != nil {
			return err
		}
		project.Registry = registry
		s := &session{app: a, opts: o, project: project, overrides: value.NewMap(0), reader: value.Reader{Sources: &a.sources}}
		reader := value.Reader{Sources: &a.sources}
		doc, err := reader.YAML("parameters.yml", tree["parameters.yml"].Data)
		require.NoError(t, err)
		params := doc.Map().Copy()
		params.Set("level", value.NewString(level))
		graph, err := s.project.Generator(parameters.New("parameters.yml", params), taskgraph.GeneratorOptions{Clock: a.Clock}).Graph(t.Context(), o.phase)
		if err != nil {
			return err
		}
		p, err := o.printer()
		require.NoError(t, err)
		return p.print(a.out, graph)
	}()
	if bug, ok := errors.AsType[*taskgraph.Bug](err); ok {
		t.Errorf("%v\n%s", bug, bug.Stack)
	}
	for _, d := range diag.Flatten(err) {
		if d.Code == diag.Unclassified {
			t.Errorf("no code: %v", d)
		}
	}
	if err == nil {
		return out.String()
	}
	a.exit(err)
	return errs.String()
}

package transforms

import (
	"context"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// bench is what a sequence needs to run on stubs without a whole generation around it.
type bench struct {
	cfg  *taskgraph.Config
	errs diag.List
}

// fakeFiles stands for the docker contexts of a tree.
type fakeFiles struct{ taskgraph.Files }

func (fakeFiles) ContextDigest(dir string, args *value.Map, pos diag.Pos) (string, error) {
	if strings.HasSuffix(dir, "/broken") {
		return "", diag.Errorf(diag.BadImage, 0, "no Dockerfile").InFile(dir + "/Dockerfile")
	}
	text, err := value.SortedJSON(args.Value())
	return "digest of " + dir + " with " + text, err
}

func (fakeFiles) WriteContext(name, dir string, args *value.Map, pos diag.Pos) (string, error) {
	return "written " + name, nil
}

const (
	plainGraph  = "{trust-domain: fx, task-priority: low, workers: {aliases: {}}, taskgraph: {repositories: {demo: {name: d}}}}"
	plainParams = `{level: "3", project: demo, tasks_for: hg-push, head_ref: main, head_rev: abc, base_repository: "https://base",
head_repository: "https://head", repository_type: hg, build_date: 1700000000}`
)

// newBench makes the surroundings of a case: a map with kind, config, graph, params, files and deps.
func newBench(t testing.TB, c *value.Map) *bench {
	t.Helper()
	kind := c.Str("kind")
	if kind == "" {
		kind = "k"
	}
	tree := fstest.MapFS{"taskcluster/kinds/" + kind + "/kind.yml": {Data: []byte("tasks: {}")}}
	for name, v := range c.At("files").Map().All() {
		tree[name] = &fstest.MapFile{Data: []byte(v.Str())}
	}
	graph := document(t, "graph.yml", plainGraph).Map().Copy()
	graph.Update(c.At("graph").Map())
	text, err := value.CompactJSON(graph.Value())
	require.NoError(t, err)
	tree["taskcluster/config.yml"] = &fstest.MapFile{Data: []byte(text)}

	params := document(t, "params.yml", plainParams).Map().Copy()
	params.Update(c.At("params").Map())

	r := taskgraph.NewRegistry()
	Register(r)
	r.ContextProviders.Add("greeting", func(cfg *taskgraph.Config, stub *value.Map) (*value.Map, error) {
		return value.MapOf("greeting", "hello "+stub.Str("name"), "object", "custom"), nil
	})
	project, err := taskgraph.Open(t.Context(), taskgraph.Options{Tree: tree, Root: "taskcluster", Registry: r, Sources: sources, Files: fakeFiles{}})
	require.NoError(t, err)
	var deps []*taskgraph.Task
	for d := range c.At("deps").List().Values() {
		attributes := d.Map().At("attributes").Map().Copy()
		attributes.Set("kind", d.Map().At("kind"))
		deps = append(deps, &taskgraph.Task{Kind: d.Map().Str("kind"), Label: d.Map().Str("label"), Attributes: attributes})
	}
	config := c.At("config").Map().Copy()
	return &bench{cfg: &taskgraph.Config{
		Context: context.Background(), Kind: kind, Path: "taskcluster/kinds/" + kind, Map: config, Params: parameters.New("", params),
		Graph: project.Config, Project: project, Registry: r, Deps: taskgraph.NewDependencies(deps), Log: slog.New(slog.DiscardHandler),
		WriteArtifacts: c.At("write-artifacts").IsTrue(), Fast: c.At("fast").IsTrue(),
	}}
}

// sources collects what the tests read.
var sources = &diag.Sources{}

func document(t testing.TB, name, text string) value.Value {
	t.Helper()
	reader := value.Reader{Sources: sources}
	v, err := reader.YAML(name, []byte(text))
	require.NoError(t, err)
	return v
}

// stubs gives the stubs of a case as the transform loader makes them.
func stubs(c *value.Map) []*value.Map {
	var out []*value.Map
	for e := range c.At("tasks").Map().Entries() {
		stub := e.Value.Map().Copy()
		if defaults := c.At("defaults").Map(); defaults != nil {
			stub = value.Merge(defaults, stub)
		}
		stub.Set("task-from", value.NewString("kind.yml"))
		stub.Set("name", e.Key)
		out = append(out, stub)
	}
	return out
}

// run sends stubs through the named sequences and collects the errors.
func (b *bench) run(names *value.List, stubs []*value.Map) []*value.Map {
	for name := range names.Values() {
		seq, err := b.cfg.Registry.Transforms.Find("taskgraph.transforms."+name.Str()+":transforms", name.Pos(), diag.UnknownTransform)
		b.errs.Add(err)
		for _, step := range seq {
			stubs = b.step(step, stubs)
		}
	}
	return stubs
}

func (b *bench) step(step taskgraph.Step, stubs []*value.Map) (out []*value.Map) {
	if step.All != nil {
		var in iter.Seq2[*value.Map, error] = func(yield func(*value.Map, error) bool) {
			for _, s := range stubs {
				if !yield(s, nil) {
					return
				}
			}
		}
		for s, err := range step.All(b.cfg, in) {
			if b.errs.Add(err); err == nil {
				out = append(out, s)
			}
		}
		return out
	}
	each := step.Each
	var err error
	switch {
	case step.Begin != nil:
		each, err = step.Begin(b.cfg)
	case step.Plan != nil:
		stubs, each, err = step.Plan(b.cfg, stubs)
	}
	if err != nil {
		b.errs.Add(err)
		return nil
	}
	for _, s := range stubs {
		b.errs.Add(each(b.cfg, s, func(m *value.Map) { out = append(out, m) }))
	}
	return out
}

// sequenceCases calls do for the cases of testdata/sequences.
func sequenceCases(t *testing.T, do func(t *testing.T, c *value.Map)) {
	files, err := filepath.Glob("testdata/sequences/*.yml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for v := range document(t, file, string(text)).List().Values() {
			name := strings.TrimSuffix(filepath.Base(file), ".yml") + ": " + v.Map().Str("name")
			t.Run(name, func(t *testing.T) { do(t, v.Map()) })
		}
	}
}

// TestSequences compares with what the reference makes of the same stubs, with the order of keys.
func TestSequences(t *testing.T) {
	sequenceCases(t, func(t *testing.T, c *value.Map) {
		b := newBench(t, c)
		before := jsonLines(t, c.At("tasks").Map().Value())
		got := b.run(c.At("transforms").List(), stubs(c))
		require.NoError(t, b.errs.Err(sources))
		var lines, want []string
		for _, s := range got {
			lines = append(lines, jsonLines(t, s.Value()))
		}
		for w := range c.At("want").List().Values() {
			want = append(want, jsonLines(t, w))
		}
		assert.Equal(t, want, lines)
		assert.Equal(t, before, jsonLines(t, c.At("tasks").Map().Value()), "the document was changed")
	})
}

// TestSequencesShareDocuments runs each case several times at once, as generations for several parameters do.
func TestSequencesShareDocuments(t *testing.T) {
	sequenceCases(t, func(t *testing.T, c *value.Map) {
		var wg sync.WaitGroup
		for range 4 {
			b := newBench(t, c)
			wg.Go(func() { b.run(c.At("transforms").List(), stubs(c)) })
		}
		wg.Wait()
	})
}

func jsonLines(t testing.TB, v value.Value) string {
	t.Helper()
	text, err := value.CompactJSON(v)
	require.NoError(t, err)
	return text
}

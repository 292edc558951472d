package taskgraph

import (
	"iter"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// draftedProject gives a project with the kinds first and second, which depends on it, and the number of times that kinds were loaded. A
// stub of first takes from the parameters what its fields say. contained says whether what is registered comes with the program.
func draftedProject(t *testing.T, contained bool, first string) (p *Project, loaded map[string]int) {
	t.Helper()
	loaded = map[string]int{}
	var mu sync.Mutex
	r := NewRegistry()
	end := r.Contain()
	r.Loaders.Add(DefaultLoader, func(cfg *LoadConfig) iter.Seq2[*value.Map, error] {
		return func(yield func(*value.Map, error) bool) {
			mu.Lock()
			loaded[cfg.Kind]++
			mu.Unlock()
			for e := range cfg.Map.At("tasks").Map().Entries() {
				stub := e.Value.Map().Copy()
				stub.Set("name", e.Key)
				if !yield(stub, nil) {
					return
				}
			}
		}
	})
	r.Transforms.Add("make:transforms", Sequence{{Name: "make", Contained: true, Each: func(cfg *Config, stub *value.Map, yield func(*value.Map)) error {
		p := cfg.Params
		label, attributes := cfg.Kind+"-"+stub.Str("name"), value.NewMap(0)
		def := value.MapOf("owner", p.BlankAt("owner"), "deps", len(cfg.Deps.All()))
		for _, dep := range cfg.Deps.All() {
			attributes.Set(dep.Label, dep.Attribute("seen"))
			if cfg.Params.IsDraft() {
				assert.Zero(t, dep.Task.Len(), "nobody sees the definitions of others")
			}
		}
		switch stub.Str("does") {
		case "look":
			def.Set("level", p.At("level"))
		case "show":
			attributes.Set("seen", p.At("level"))
		case "misplace":
			attributes.Set("seen", p.BlankAt("owner"))
		case "mislabel":
			label += p.BlankText("owner")
		case "warn":
			cfg.Warn(diag.Warnf(diag.BadRoute, 0, "careful"))
		case "fail":
			if p.Level() == "3" {
				return diag.Errorf(diag.BadTask, 0, "not at level 3")
			}
		}
		yield(value.MapOf("label", label, "description", "", "attributes", attributes, "task", def))
		return nil
	}}})
	if contained {
		end()
	}
	tree := fstest.MapFS{
		"taskcluster/config.yml":            {Data: []byte("trust-domain: fx\ntask-priority: low\nworkers: {aliases: {}}\ntaskgraph: {repositories: {demo: {name: d}}}\n")},
		"taskcluster/kinds/first/kind.yml":  {Data: []byte("transforms: [make]\ntasks: {a: {}, b: " + first + "}\n")},
		"taskcluster/kinds/second/kind.yml": {Data: []byte("transforms: [make]\nkind-dependencies: [first]\ntasks: {c: {}}\n")},
	}
	p, err := Open(t.Context(), Options{Tree: tree, Root: "taskcluster", Registry: r})
	require.NoError(t, err)
	return p, loaded
}

func TestDrafts(t *testing.T) {
	for name, c := range map[string]struct {
		first         string
		own           bool
		firsts, again int // how often first and second are loaded
	}{
		"owner":    {first: "{}", firsts: 1, again: 1},
		"look":     {first: "{does: look}", firsts: 2, again: 1},
		"show":     {first: "{does: show}", firsts: 2, again: 2},
		"misplace": {first: "{does: misplace}", firsts: 2 + 4, again: 3}, // twice in vain; one owner comes twice
		"mislabel": {first: "{does: mislabel}", firsts: 2 + 4, again: 3},
		"warn":     {first: "{does: warn}", firsts: 1, again: 1},
		"own":      {first: "{}", own: true, firsts: 4, again: 4},
	} {
		t.Run(name, func(t *testing.T) {
			p, loaded := draftedProject(t, !c.own, c.first)
			alone, _ := draftedProject(t, !c.own, c.first)
			tasks := 0
			drafts := NewDrafts(func(n int) { tasks += n }, nil)
			for _, push := range [][]any{{"owner", "x", "level", "1"}, {"owner", "y", "level", "1"}, {"owner", "x", "level", "3"}, {"owner", "z", "level", "1"}} {
				got, err := p.Generator(testParams(t, push...), GeneratorOptions{Drafts: drafts, SkipVerifications: true}).FullTaskGraph(t.Context())
				require.NoError(t, err)
				want, err := alone.Generator(testParams(t, push...), GeneratorOptions{SkipVerifications: true}).FullTaskGraph(t.Context())
				require.NoError(t, err)
				require.Equal(t, want.Len(), got.Len())
				for i, w := range want.tasks {
					assert.True(t, value.Identical(w.Document().Value(), got.tasks[i].Document().Value()), "%v %s", push, w.Label)
				}
				assert.Equal(t, want.graph.Edges(), got.graph.Edges())
			}
			assert.Equal(t, c.firsts, loaded["first"])
			assert.Equal(t, c.again, loaded["second"])
			assert.Len(t, p.Warnings(), map[bool]int{true: 1}[name == "warn"])
		})
	}
}

// What fails for some parameters does not fail for others, and says the same as without anything in drafts.
func TestDraftsFails(t *testing.T) {
	p, _ := draftedProject(t, true, "{does: fail}")
	drafts := NewDrafts(nil, nil)
	for _, level := range []string{"3", "1", "3", "1"} {
		_, err := p.Generator(testParams(t, "owner", "x", "level", level), GeneratorOptions{Drafts: drafts, SkipVerifications: true}).FullTaskGraph(t.Context())
		if level == "1" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, "not at level 3")
	}
}

// Only the latest drafts are kept, and none are made where they never serve.
func TestDraftsForgets(t *testing.T) {
	p, loaded := draftedProject(t, true, "{does: look}")
	kept := 0
	drafts := NewDrafts(func(n int) { kept += n }, nil)
	generate := func(level string) {
		_, err := p.Generator(testParams(t, "owner", "x", "level", level), GeneratorOptions{Drafts: drafts, SkipVerifications: true}).FullTaskGraph(t.Context())
		require.NoError(t, err)
	}
	for _, level := range []string{"1", "2", "3", "4", "5"} {
		generate(level)
	}
	assert.Equal(t, 5, loaded["first"])
	assert.Equal(t, 2*maxDrafts+1, kept, "tasks of four drafts of the first, and of one of the second")
	generate("5")
	assert.Equal(t, 5, loaded["first"], "the latest is there")
	for _, level := range []string{"6", "7", "8", "9", "10", "11", "12"} {
		generate(level)
	}
	assert.Equal(t, 12, loaded["first"])
	generate("11")
	generate("12")
	assert.Equal(t, 13, loaded["first"], "of the last two one is a draft")
}

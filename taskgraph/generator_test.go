package taskgraph

import (
	"iter"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// TestLastVerifiesMeanwhile checks that the full task graph is verified while others go on with it, unless they are the tree's own, and that
// what the verification says comes before what they say.
func TestLastVerifiesMeanwhile(t *testing.T) {
	tree := fstest.MapFS{
		"taskcluster/config.yml":          {Data: []byte("trust-domain: fx\ntask-priority: low\nworkers: {aliases: {}}\ntaskgraph: {repositories: {demo: {name: d}}}\n")},
		"taskcluster/kinds/only/kind.yml": {Data: []byte("tasks: {}\n")},
	}
	mistake := diag.Errorf(diag.Verification, 0, "this is wrong")
	chosen := make(chan struct{})
	r := NewRegistry()
	RegisterStandard(r)
	r.Loaders.Add(DefaultLoader, func(*LoadConfig) iter.Seq2[*value.Map, error] { return func(func(*value.Map, error) bool) {} })
	r.Strategies.Add("never", fixedStrategy{})
	r.Verifications.Add("verify_slowly", Verification{Phase: FullTaskGraph, Check: func(_ *VerifyConfig, report func(error)) {
		<-chosen
		report(mistake)
	}})
	r.TargetMethods.Add("watched", func(*Selection) ([]*Task, error) {
		close(chosen)
		return nil, diag.Errorf(diag.BadOptimize, 0, "nothing is right")
	})
	for _, phase := range []Phase{TargetTaskSet, TargetTaskGraph, OptimizedTaskGraph, MorphedTaskGraph} {
		chosen = make(chan struct{})
		p, err := Open(t.Context(), Options{Tree: tree, Root: "taskcluster", Registry: r})
		require.NoError(t, err)
		defer p.Close()
		_, err = p.Generator(testParams(t, "target_tasks_method", "watched"), GeneratorOptions{}).Last(t.Context(), phase)
		assert.ErrorContains(t, err, "this is wrong", phase)
		assert.NotContains(t, err.Error(), "nothing is right", phase)

		p.Registry.TargetMethods.Replace("watched", func(*Selection) ([]*Task, error) {
			t.Error("the tree's own code sees what was not verified")
			return nil, nil
		})
		_, err = p.Generator(testParams(t, "target_tasks_method", "watched"), GeneratorOptions{}).Last(t.Context(), phase)
		assert.ErrorContains(t, err, "this is wrong", phase)
	}
}

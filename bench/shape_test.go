package bench

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestShapeAddsUp(t *testing.T) {
	for _, n := range []int{MinTasks, 101, 109, 119, 200, 999, 1_000, 12_345, 40_000, 100_000} {
		s, err := ShapeOf(n)
		require.NoError(t, err)
		assert.Equal(t, n, s.Total())
		sum := 0
		for kind, count := range s.ByKind() {
			assert.Positive(t, count, "%s of %d", kind, n)
			sum += count
		}
		assert.Equal(t, n, sum, "by kind")
		assert.Equal(t, []int{3, n / 100, n / 50, n / 10}, []int{s.DockerImages, s.Fetches, s.Toolchains, s.Builds})
	}
}

func TestShapeOfTooFew(t *testing.T) {
	for _, n := range []int{-1, 0, MinTasks - 1} {
		_, err := ShapeOf(n)
		assert.ErrorContains(t, err, "at least 100 tasks")
		assert.Error(t, Write(t.TempDir(), n, 1))
	}
}

// TestPlanIsConsistent checks, at sizes that would take long to generate, what generation would refuse: names that
// two tasks share, fetches of nothing, symbols that Treeherder has no room for.
func TestPlanIsConsistent(t *testing.T) {
	for _, n := range []int{MinTasks, 137, 1_000, 10_000, 100_000} {
		shape, err := ShapeOf(n)
		require.NoError(t, err)
		for seed := range uint64(3) {
			p := plan(shape, seed)
			require.Len(t, p.fetches, shape.Fetches)
			require.Len(t, p.toolchains, shape.Toolchains)
			require.Len(t, p.builds, shape.Builds)

			sources, tools := map[string]bool{}, map[string]bool{}
			for _, f := range p.fetches {
				require.False(t, sources[f.Use()], "fetch %s", f.Name)
				sources[f.Use()] = true
				require.LessOrEqual(t, len(f.Name), 25)
			}
			for _, c := range p.toolchains {
				require.True(t, c.Fetch == "" || sources[c.Fetch], "%s fetches %s", c.Name, c.Fetch)
				require.True(t, c.Parent == "" || tools[c.Parent], "%s is built with %s", c.Name, c.Parent)
				require.False(t, tools[c.Use()], "toolchain %s", c.Name)
				tools[c.Use()] = true
				require.LessOrEqual(t, len(c.Name), 25)
			}
			builds := map[string]bool{}
			for _, b := range p.builds {
				require.False(t, builds[b.Name], "build %s", b.Name)
				builds[b.Name] = true
				requireKnown(t, sources, b.Fetches)
				requireKnown(t, tools, b.Toolchains)
			}
			tests := 0
			symbols := map[string]bool{}
			for _, s := range p.suites {
				tests += s.Tasks()
				require.Positive(t, s.Tasks(), s.Name)
				requireKnown(t, tools, s.Toolchains)
				require.False(t, symbols[s.Symbol], "symbol %s", s.Symbol)
				symbols[s.Symbol] = true
				require.LessOrEqual(t, len(s.Symbol+"-vbox-12"), 25)
				seen := map[string]bool{}
				for _, platform := range s.Platforms {
					require.False(t, seen[platform], "%s twice in %s", platform, s.Name)
					seen[platform] = true
					for _, typ := range s.Types {
						require.True(t, builds[platform+"/"+typ], "%s needs %s/%s", s.Name, platform, typ)
					}
				}
			}
			require.Equal(t, shape.Tests, tests)
		}
	}
}

func requireKnown(t *testing.T, known map[string]bool, names []string) {
	t.Helper()
	seen := map[string]bool{}
	for _, name := range names {
		require.True(t, known[name], "%s is not there", name)
		require.False(t, seen[name], "%s twice", name)
		seen[name] = true
	}
}

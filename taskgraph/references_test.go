package taskgraph

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

func testReferences(vars map[string]string) *references {
	return &references{decision: "tid-decision", urls: newArtifactURLs(environment(vars))}
}

var testDeps = value.MapOf("edge1", "tid1", "edge2", "tid2", "edge3", "tid3")

func taskRef(text any) *value.Map     { return value.MapOf("task-reference", text) }
func artifactRef(text any) *value.Map { return value.MapOf("artifact-reference", text) }

func TestTaskReferences(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"plain", "plain"},
		{"<edge1>", "tid1"},
		{"stuff <edge1> stuff <edge2> after", "stuff tid1 stuff tid2 after"},
		{"<edge1><edge1>", "tid1tid1"},
		{"<self>/<decision>", "tid-self/tid-decision"},
		{"<<><edge3>>", "<tid3>"},
		{"a <<> b", "a < b"},
		{"<>", "<>"},
		{"<><edge1>", "<>tid1"},
		{"a > b", "a > b"},
		{"a < b", "a < b"},
		{"<edge1", "<edge1"},
		{"<edge2> <", "tid2 <"},
		{"é<edge1>→", "étid1→"},
	} {
		r := testReferences(nil)
		def := r.definition(value.MapOf("x", taskRef(c.in)), "tid-self", testDeps)
		require.Empty(t, r.errs, c.in)
		assert.Equal(t, c.want, def.Str("x"), c.in)
	}
}

func TestTaskReferenceToADependencyThatIsNamedLikeTheEscape(t *testing.T) {
	r := testReferences(nil)
	def := r.definition(value.MapOf("x", taskRef("<<>")), "tid-self", value.MapOf("<", "odd"))
	assert.Equal(t, "odd", def.Str("x"))
}

func TestArtifactReferences(t *testing.T) {
	const root = "https://tc.example.com/api/queue/v1/task/"
	for _, c := range []struct{ in, want string }{
		{"<edge1/public/foo/bar>", root + "tid1/artifacts/public/foo/bar"},
		{"<edge1/public/filename> and <edge2/public/bar>", root + "tid1/artifacts/public/filename and " + root + "tid2/artifacts/public/bar"},
		{"<decision/public/x>", root + "tid-decision/artifacts/public/x"},
		{"<edge1/private/x>", "http://taskcluster/api/queue/v1/task/tid1/artifacts/private/x"},
		{"<edge1/publicity/x>", "http://taskcluster/api/queue/v1/task/tid1/artifacts/publicity/x"},
		{"<edge1/public/a<b>", root + "tid1/artifacts/public/a<b"},
		// What is not formed like a reference is none.
		{"<edge1>", "<edge1>"},
		{"edge1/foo>", "edge1/foo>"},
		{"<edge1>/foo", "<edge1>/foo"},
		{"<edge1>foo", "<edge1>foo"},
		{"</public/x>", "</public/x>"},
		{"<edge1/>", "<edge1/>"},
		{"<edge1/><edge1/public/x>", "<edge1/>" + root + "tid1/artifacts/public/x"},
		{"</><edge1/public/x>", "</>" + root + "tid1/artifacts/public/x"},
		{"<edge1/public", "<edge1/public"},
	} {
		r := testReferences(map[string]string{"TASKCLUSTER_ROOT_URL": "https://tc.example.com/", "TASKCLUSTER_PROXY_URL": "http://taskcluster/"})
		def := r.definition(value.MapOf("x", artifactRef(c.in)), "tid-self", testDeps)
		require.Empty(t, r.errs, c.in)
		assert.Equal(t, c.want, def.Str("x"), c.in)
	}
}

func TestArtifactReferencesWithoutProxy(t *testing.T) {
	r := testReferences(nil)
	def := r.definition(value.MapOf("x", artifactRef("<edge1/private/x>")), "tid-self", testDeps)
	assert.Equal(t, "https://tc.example.com/api/queue/v1/task/tid1/artifacts/private/x", def.Str("x"))
}

func TestReferencesInStructures(t *testing.T) {
	r := testReferences(nil)
	def := r.definition(value.MapOf(
		"list", []value.Value{value.NewString("stuff"), taskRef("<edge1>").Value(), value.NewList(taskRef("<edge2>").Value()).Value()},
		"map", value.MapOf("deep", value.MapOf("deeper", taskRef("<edge3>")), "beside", 1),
		"no reference", value.MapOf("task-reference", "<edge1>", "another-key", true),
		"not looked at", "<edge1>",
		"keys", taskRef(value.MapOf("<edge3>", "<ignored>", "k-<edge1>", taskRef("<edge2>"))),
		"same keys", taskRef(value.MapOf("<edge1>", 1, "x", 2, "tid1", 3)),
		"artifact keys", artifactRef(value.MapOf("<edge1/public/x>", artifactRef("<edge2/public/y>"))),
		"nested", taskRef(value.MapOf("k", artifactRef("<edge1/public/x>"))),
	), "tid-self", testDeps)
	require.Empty(t, r.errs)
	assert.True(t, value.Equal(value.MapOf(
		"list", []value.Value{value.NewString("stuff"), value.NewString("tid1"), value.NewStrings("tid2").Value()},
		"map", value.MapOf("deep", value.MapOf("deeper", "tid3"), "beside", 1),
		"no reference", value.MapOf("task-reference", "<edge1>", "another-key", true),
		"not looked at", "<edge1>",
		"keys", value.MapOf("tid3", "<ignored>", "k-tid1", "tid2"),
		"same keys", value.MapOf("tid1", 3, "x", 2),
		"artifact keys", value.MapOf("https://tc.example.com/api/queue/v1/task/tid1/artifacts/public/x", "https://tc.example.com/api/queue/v1/task/tid2/artifacts/public/y"),
		"nested", value.MapOf("k", "https://tc.example.com/api/queue/v1/task/tid1/artifacts/public/x"),
		"dependencies", []string{},
	).Value(), def.Value()))
	assert.Equal(t, []string{"tid1", "x"}, def.At("same keys").Map().Keys())
}

func TestWhatHasNoReferencesIsShared(t *testing.T) {
	def := value.MapOf(
		"plain", value.MapOf("a", []value.Value{value.MapOf("b", 1).Value()}),
		"mixed", value.MapOf("same", value.MapOf("c", 1), "other", taskRef("<self>")),
	)
	def.Freeze()
	r := testReferences(nil)
	out := r.definition(def, "tid-self", testDeps)
	assert.True(t, value.Same(def.At("plain"), out.At("plain")))
	assert.True(t, value.Same(def.At("mixed").Map().At("same"), out.At("mixed").Map().At("same")))
	assert.Equal(t, "tid-self", out.At("mixed").Map().Str("other"))
	assert.True(t, def.At("mixed").Map().At("other").Map().Has("task-reference"), "the original is as it was")
	assert.False(t, def.Has("dependencies"))
}

// TestReferencesOfManyTasks resolves definitions that share parts, for tasks with the same dependencies and with others, and compares with
// what becomes of each alone.
func TestReferencesOfManyTasks(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	edges := []string{"edge1", "edge2", "edge3", "edge4", "<"}
	var parts []value.Value
	for i := range 80 {
		text := fmt.Sprintf("%d <%s>", i, append(edges, "self", "decision")[r.IntN(len(edges)+2)])
		path := fmt.Sprintf("%d <%s/public/x>", i, append(edges, "decision")[r.IntN(len(edges)+1)])
		part := []*value.Map{taskRef(text), artifactRef(path), taskRef(value.MapOf(text, i)), value.MapOf("plain", i)}[r.IntN(4)]
		if i >= 20 {
			below := func() value.Value { return parts[r.IntN(i)] }
			if part = value.MapOf("a", below(), "b", below(), "c", part); i%3 == 0 {
				part = value.MapOf("list", value.NewList(below(), part.Value()))
			}
		}
		part.Freeze()
		parts = append(parts, part.Value())
	}
	var sets []*value.Map
	for i := range 12 {
		deps := value.NewMap(0)
		for _, e := range edges {
			if r.IntN(8) > 0 {
				deps.Set(e, value.NewString(fmt.Sprint("tid-", e, "-", r.IntN(2))))
			}
		}
		if i%2 == 0 {
			deps.Delete("<")
		}
		deps.Freeze()
		sets = append(sets, deps)
	}
	texts := func(errs []*diag.Diagnostic) (out []string) {
		for _, d := range errs {
			out = append(out, d.Path+": "+d.Message)
		}
		return out
	}
	all, wrong, shared := testReferences(nil), 0, 0
	for i := range 4000 {
		def := value.MapOf("x", parts[r.IntN(len(parts))], "y", parts[r.IntN(len(parts))])
		self, deps := fmt.Sprint("tid-", i), sets[r.IntN(len(sets))]
		alone := testReferences(nil)
		want := alone.definition(def, self, deps)
		all.limit()
		got := all.definition(def, self, deps)
		require.True(t, value.Equal(want.Value(), got.Value()))
		require.Equal(t, texts(alone.errs), texts(all.errs))
		wrong += min(1, len(all.errs))
		if again := all.definition(def, self, deps); len(all.errs) == 0 && value.Same(got.At("x"), again.At("x")) && !value.Same(def.At("x"), got.At("x")) {
			shared++
		}
		all.errs = nil
	}
	assert.Greater(t, wrong, 400)
	assert.Greater(t, shared, 400)
}

func TestBadReferences(t *testing.T) {
	at := func(s string, pos diag.Pos) value.Value { return value.NewString(s).At(pos) }
	for _, c := range []struct {
		name       string
		in         *value.Map
		path, want string
		hint       string
	}{
		{"unknown", taskRef(at("<edg1>", 7)), "x.task-reference", `no dependency is named "edg1"`, `did you mean "edge1"? valid: decision, edge1, edge2, edge3, self; write <<> for a plain "<"`},
		{"unknown artifact", artifactRef(at("<edg1/public/x>", 7)), "x.artifact-reference", `no dependency is named "edg1"`, `did you mean "edge1"? valid: decision, edge1, edge2, edge3`},
		{"own artifact", artifactRef(at("<self/public/x>", 7)), "x.artifact-reference", `a task cannot refer to artifacts of itself`, ""},
		{"angle brackets before", artifactRef(at("<edge1> <edge2/public/x>", 7)), "x.artifact-reference", `no dependency is named "edge1> <edge2"`, ""},
		{"list", taskRef(value.NewStrings("<edge1>").Value().At(7)), "x.task-reference", `want a string to resolve, got a list`, ""},
		{"null", taskRef(value.Value{}.At(7)), "x.task-reference", `want a string to resolve, got null`, ""},
		{"number", artifactRef(value.NewInt(3).At(7)), "x.artifact-reference", `want a string to resolve, got 3`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := testReferences(nil)
			r.definition(value.MapOf("x", c.in), "tid-self", testDeps)
			require.Len(t, r.errs, 1)
			d := r.errs[0]
			assert.Equal(t, diag.BadReference, d.Code)
			assert.Equal(t, diag.Pos(7), d.Pos)
			assert.Equal(t, c.path, d.Path)
			assert.Equal(t, c.want, d.Message)
			if c.hint != "" {
				assert.Equal(t, c.hint, d.Hint)
			}
		})
	}
}

func TestAllBadReferencesAreReported(t *testing.T) {
	r := testReferences(nil)
	r.definition(value.MapOf(
		"a", []value.Value{value.NewString("x"), value.MapOf("b", taskRef("<one> <two> <edge1>")).Value()},
		"keys", taskRef(value.MapOf("<three>", taskRef("<four>"))),
	), "tid-self", testDeps)
	var got []string
	for _, d := range r.errs {
		got = append(got, d.Path+": "+d.Message)
	}
	assert.ElementsMatch(t, []string{
		`a.1.b.task-reference: no dependency is named "one"`,
		`a.1.b.task-reference: no dependency is named "two"`,
		`keys.task-reference: no dependency is named "three"`,
		`keys.<three>.task-reference: no dependency is named "four"`,
	}, got)
}

func TestArtifactReferenceWithoutRootURL(t *testing.T) {
	r := testReferences(map[string]string{"TASKCLUSTER_ROOT_URL": "", "TASK_ID": "decision"})
	r.definition(value.MapOf("x", artifactRef(value.NewString("<edge1/public/x>").At(9)), "y", "fine"), "tid-self", testDeps)
	require.Empty(t, r.errs)
	all := diag.Flatten(r.homeless)
	require.Len(t, all, 1)
	assert.Equal(t, diag.Pos(9), all[0].Pos)
	assert.Contains(t, all[0].Message, "TASKCLUSTER_ROOT_URL")
}

func TestReferencesTakeLinearTime(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("<", 1<<20), strings.Repeat("<>", 1<<19), strings.Repeat("<", 1<<20) + "/>", strings.Repeat("<", 1<<20) + "/", strings.Repeat("</> ", 1<<10),
	} {
		r := testReferences(nil)
		r.definition(value.MapOf("x", artifactRef(text), "y", taskRef(text)), "tid-self", testDeps)
	}
}

func FuzzReferences(f *testing.F) {
	for _, s := range []string{"<edge1>", "<<>", "<edge1/public/x>", "<>", "</>", "<a/b", "é<self>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := testReferences(nil)
		out := r.definition(value.MapOf("t", taskRef(s), "a", artifactRef(s)), "tid-self", testDeps)
		if len(r.errs) > 0 {
			return
		}
		if !strings.Contains(s, "<") {
			assert.Equal(t, s, out.Str("t"))
		}
		if !strings.Contains(s, "/") {
			assert.Equal(t, s, out.Str("a"))
		}
	})
}

package value

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
)

// keyMap gives a map of alternating keys, of any kind, and values.
func keyMap(pairs ...any) *Map {
	m := NewMap(len(pairs) / 2)
	for i := 0; i < len(pairs); i += 2 {
		m.SetKey(Of(pairs[i]), Of(pairs[i+1]))
	}
	return m
}

func by(name string, pairs ...any) *Map { return MapOf("by-"+name, keyMap(pairs...)) }

func TestEvaluateKeyedBy(t *testing.T) {
	attrs := MapOf("platform", "linux64-shippable/opt", "version", "1.2.3", "empty", "", "nl", "abc\n", "chunk", 2, "flag", true, "zero", 0, "null", nil,
		"project", "demo", "level", "3", "uni", "größe１２", "default", "default")
	for _, c := range []struct {
		name string
		v    any
		want any
	}{
		{"plain value", "x", "x"},
		{"null", nil, nil},
		{"list", []string{"a"}, []string{"a"}},
		{"two keys", MapOf("by-platform", 1, "by-level", 2), MapOf("by-platform", 1, "by-level", 2)},
		{"other key", MapOf("bye", 1), MapOf("bye", 1)},
		{"key that is no text", keyMap(1, "x"), keyMap(1, "x")},
		{"empty map", MapOf(), MapOf()},
		{"exact before pattern", by("platform", "linux.*", "regex", "linux64-shippable/opt", "exact"), "exact"},
		{"pattern", by("platform", "win.*", "w", "linux.*", "l"), "l"},
		{"default", by("platform", "win.*", "w", "default", "d"), "d"},
		{"pattern must reach the end", by("platform", "linux64", "no", "default", "d"), "d"},
		{"pattern starts at the start", by("platform", "shippable/opt", "no", ".*shippable/opt", "yes"), "yes"},
		{"alternatives bind weaker than the end", by("platform", "linux64|win64", "prefix", "default", "d"), "prefix"},
		{"look-ahead", by("platform", "(?!win).*", "not win", "win.*", "win"), "not win"},
		{"unicode", by("uni", `[^\W\d]+\d{2}`, "yes", "default", "d"), "yes"},
		{"final line end", by("nl", "abc", "yes", "default", "d"), "yes"},
		{"empty attribute", by("empty", "", "empty", ".*", "regex"), "empty"},
		{"default as an attribute", by("default", "default", "exact", "other", "x"), "exact"},
		{"default is a pattern too", by("platform", "default.*", "x", "l", "y", "default", "z"), "z"},
		{"integer", by("chunk", 1, "one", 2, "two", "default", "many"), "two"},
		{"float equals integer", by("chunk", 2.0, "two", 3, "x"), "two"},
		{"boolean equals integer", by("flag", 1, "one", 0, "zero"), "one"},
		{"zero is not null", by("zero", 0, "zero", "default", "d"), "zero"},
		{"null takes the default", by("null", "x", 1, "default", "d"), "d"},
		{"absent takes the default", by("nothing", "x", 1, "default", "d"), "d"},
		{"nested", by("project", "demo", by("level", "3", by("platform", "l.*", "deep", "default", "no"), "default", "no"), "default", "no"), "deep"},
		{"only the value is resolved", by("level", "3", MapOf("a", by("level", "3", 1, "default", 2)), "default", nil), MapOf("a", by("level", "3", 1, "default", 2))},
		{"one alternative that is not the default", by("level", "3", "three"), "three"},
		{"to null", by("level", "3", nil, "default", 1), nil},
		{"deferred", by("later", "x", 1, "default", 2), by("later", "x", 1, "default", 2)},
		{"deferred further down", by("level", "3", by("later", "x", 1, "default", 2), "default", 1), by("later", "x", 1, "default", 2)},
	} {
		got, err := EvaluateKeyedBy(Of(c.v), Keyed{Item: c.name, Attr: attrs.Get, Defer: []string{"later"}})
		if assert.NoError(t, err, c.name) {
			assert.True(t, Equal(Of(c.want), got), "%s: got %s", c.name, PyRepr(got))
			assert.Equal(t, Of(c.want).Kind(), got.Kind(), c.name)
		}
	}
}

func TestEvaluateKeyedByErrors(t *testing.T) {
	attrs := MapOf("p", "linux", "n", 3, "list", []string{"a"}, "map", MapOf("a", 1), "default", "x")
	for _, c := range []struct {
		name string
		v    any
		code diag.Code
		want string
	}{
		{"no alternatives", MapOf("by-p", "x"), diag.BadKeyedBy, `by-p needs a map of alternatives, got "x", while resolving the item`},
		{"null for alternatives", MapOf("by-p", nil), diag.BadKeyedBy, "got null"},
		{"list for alternatives", MapOf("by-p", []string{"default"}), diag.BadKeyedBy, "got a list"},
		{"only default", by("p", "default", 1), diag.BadKeyedBy, "by-p has no alternative but default"},
		{"only default, attribute absent", by("nothing", "default", 1), diag.BadKeyedBy, "by-nothing has no alternative but default"},
		{"only default, nested", by("p", "linux", by("p", "default", 1)), diag.BadKeyedBy, "no alternative but default"},
		{"absent without default", by("nothing", "x", 1, "y", 2), diag.BadKeyedBy, "there is no attribute nothing, and by-nothing has no default"},
		{"no match", by("p", "win", 1, "mac", 2), diag.BadKeyedBy, `no alternative of by-p matches "linux", and there is no default`},
		{"empty alternatives", by("p"), diag.BadKeyedBy, `no alternative of by-p matches "linux"`},
		{"two matches", by("p", "l.*", 1, "li.*", 2, "default", 3), diag.BadKeyedBy, `multiple alternatives of by-p match "linux"`},
		{"number with patterns", by("n", "[0-9]", 1, "default", 2), diag.BadKeyedBy, "attribute n is 3, and patterns match text only"},
		{"list attribute", by("list", "a", 1, "default", 2), diag.BadKeyedBy, "attribute list is a list"},
		{"map attribute", by("map", "a", 1, "default", 2), diag.BadKeyedBy, "attribute map is a map"},
		{"alternative that is no text", by("p", 1, "x", "default", "y"), diag.BadKeyedBy, "the alternative 1 is no text"},
		{"bad pattern", by("p", "(x", 1, "default", 2), diag.BadRegexp, `bad regular expression "(x`},
		{"bad pattern behind one that matches", by("p", "lin.*", 1, "(x", 2), diag.BadRegexp, `bad regular expression "(x`},
	} {
		v, err := EvaluateKeyedBy(Of(c.v), Keyed{Item: "the item", Attr: attrs.Get})
		if !assert.Error(t, err, c.name) {
			continue
		}
		d := diag.Flatten(err)[0]
		assert.Equal(t, c.code, d.Code, c.name)
		assert.Contains(t, d.Message, c.want, c.name)
		assert.NotNil(t, v)
	}
}

func TestKeyedByPositions(t *testing.T) {
	alternatives := NewMap(0)
	alternatives.SetKey(NewString("l.*").At(11), NewInt(1).At(12))
	alternatives.SetKey(NewString("li.*").At(13), NewInt(2).At(14))
	alternatives.SetKey(NewString("(").At(15), NewInt(3).At(16))
	v := NewMap(0)
	v.SetKey(NewString("by-p").At(10), alternatives.Value().At(11))
	attr := func(name string) (Value, bool) { return NewString("linux"), name == "p" }

	_, err := EvaluateKeyedBy(v.Value(), Keyed{Attr: attr})
	assert.EqualValues(t, 15, diag.Flatten(err)[0].Pos, "the pattern that is bad")

	alternatives.Delete("(")
	v.SetKey(NewString("by-p"), alternatives.Value())
	_, err = EvaluateKeyedBy(v.Value(), Keyed{Attr: attr})
	d := diag.Flatten(err)[0]
	assert.EqualValues(t, 10, d.Pos, "the by-* key")
	require.Len(t, d.Related, 2, "the alternatives that match")
	assert.EqualValues(t, 11, d.Related[0].Pos)
	assert.EqualValues(t, 13, d.Related[1].Pos)

	got, err := EvaluateKeyedBy(v.Value(), Keyed{Attr: attr, AllowMultiple: true})
	require.NoError(t, err)
	assert.EqualValues(t, 12, got.Pos(), "the first that matches, with its place")
}

func TestResolveKeyedBy(t *testing.T) {
	item := func() *Map {
		return MapOf("name", "a", "platform", "linux", "v", by("platform", "linux", "L", "win", "W"), "worker", MapOf("env", MapOf("X", by("level", "3", "high", "default", "low"))),
			"list", []Value{MapOf("n", by("name", "a", 1, "default", 2)).Value(), MapOf("n", "plain").Value(), MapOf().Value()}, "text", "t")
	}
	level := Keyed{Attr: func(name string) (Value, bool) { return NewString("3"), name == "level" }}
	for path, want := range map[string]*Map{
		"v":            func() *Map { m := item(); m.Set("v", NewString("L")); return m }(),
		"worker.env.X": func() *Map { m := item(); m.EditMap("worker").EditMap("env").Set("X", NewString("high")); return m }(),
		"list[].n":     func() *Map { m := item(); m.EditList("list").EditMap(0).Set("n", NewInt(1)); return m }(),
		"text":         item(),
		"nothing":      item(),
		"worker.x.y":   item(),
	} {
		got := item()
		require.NoError(t, ResolveKeyedBy(got, path, "a", level), path)
		assert.Equal(t, PyRepr(want.Value()), PyRepr(got.Value()), path)
	}

	// What is given goes before what the item has.
	got := MapOf("level", "1", "v", by("level", "1", "low", "3", "high"))
	require.NoError(t, ResolveKeyedBy(got, "v", "a", level))
	assert.Equal(t, "high", got.Str("v"))

	err := ResolveKeyedBy(MapOf("v", by("x", "a", 1, "b", 2)), "v", "the-task", Keyed{})
	require.Error(t, err)
	assert.Contains(t, diag.Flatten(err)[0].Message, "while resolving `v` in `the-task`")
}

func TestResolveKeyedByCopiesNothingInVain(t *testing.T) {
	shared := MapOf("worker", MapOf("env", MapOf("X", "plain")), "list", []Value{MapOf("n", 1).Value()})
	shared.Freeze()
	m := shared.Copy()
	for _, path := range []string{"worker", "worker.env.X", "worker.env.Y", "worker.none.Y", "list[].n", "list[].none", "none[].x", "none"} {
		require.NoError(t, ResolveKeyedBy(m, path, "a", Keyed{}))
		require.NoError(t, EachDotPath(m, path+".none", func(*Map, string) error { panic("leads nowhere") }), path)
	}
	for key, v := range shared.All() {
		assert.True(t, Same(v, m.At(key)), "%s is still shared", key)
	}
	assert.Zero(t, testing.AllocsPerRun(100, func() { EvaluateKeyedBy(m.At("worker"), Keyed{Attr: m.Get}) }))
}

func FuzzKeyedBy(f *testing.F) {
	f.Add(uint64(1), "linux64", "linux.*", "(?!win).*")
	f.Add(uint64(2), "größe\n", `\w+`, "a|b")
	f.Add(uint64(3), "", "", "default")
	f.Fuzz(func(t *testing.T, seed uint64, attr, a, b string) {
		if len(a)+len(b)+len(attr) > 200 {
			return
		}
		// A tree of by-* values over a few attributes, some of them of other types, with the given patterns in it.
		build := func() (Value, Keyed) {
			r := rand.New(rand.NewPCG(seed, 0))
			names := []string{"p", "q", "n", "none", "list"}
			attrs := MapOf("p", attr, "q", a, "n", int(seed%5), "list", []string{attr})
			var tree func(depth int) Value
			tree = func(depth int) Value {
				if depth == 0 || r.IntN(5) == 0 {
					return Of([]any{nil, "x", 1, true, MapOf("k", "v"), []string{"l"}, MapOf("by-p", "x")}[r.IntN(7)])
				}
				m := NewMap(0)
				for range r.IntN(4) {
					m.SetKey(Of([]any{a, b, attr, "default", "x.*", 1, nil}[r.IntN(7)]), tree(depth-1))
				}
				return MapOf("by-"+names[r.IntN(len(names))], m).Value()
			}
			return tree(4), Keyed{Item: "it", Attr: attrs.Get, Defer: names[4:][:r.IntN(2)], AllowMultiple: r.IntN(2) == 0}
		}
		v, k := build()
		before := PyRepr(v)
		got, err := EvaluateKeyedBy(v, k)
		require.Equal(t, before, PyRepr(v), "the value itself stays as it is")
		if err != nil {
			for _, d := range diag.Flatten(err) {
				require.Contains(t, []diag.Code{diag.BadKeyedBy, diag.BadRegexp}, d.Code, d.Message)
			}
		} else if IsKeyedBy(got) {
			require.Contains(t, k.Defer, got.Map().Entry(0).Key.Str()[3:], "what is resolved is keyed only by what is deferred")
		}
		v2, k2 := build()
		again, err2 := EvaluateKeyedBy(v2, k2)
		require.Equal(t, PyRepr(got), PyRepr(again))
		require.Equal(t, err == nil, err2 == nil)
		if err != nil {
			require.Equal(t, err.Error(), err2.Error())
		}
	})
}

func BenchmarkResolveKeyedBy(b *testing.B) {
	level := Keyed{Attr: func(name string) (Value, bool) { return NewString("3"), name == "level" }}
	b.Run("plain", func(b *testing.B) {
		m := MapOf("worker", MapOf("env", MapOf("X", "plain")))
		b.ReportAllocs()
		for b.Loop() {
			ResolveKeyedBy(m, "worker.env.X", "a", level)
		}
	})
	b.Run("keyed", func(b *testing.B) {
		v := by("platform", "win.*", 1, "linux64.*", 2, "macosx.*", 3, "default", 4).Value()
		attr := func(name string) (Value, bool) { return NewString("linux64-shippable/opt"), name == "platform" }
		b.ReportAllocs()
		for b.Loop() {
			EvaluateKeyedBy(v, Keyed{Attr: attr})
		}
	})
}

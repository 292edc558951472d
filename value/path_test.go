package value

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
)

func pathTree() *Map {
	return MapOf("a", MapOf("b", MapOf("c", 1), "t", "some text", "n", nil, "i", 1, "l", []string{"x"}),
		"list", []Value{MapOf("k", 1).Value(), NewString("str"), MapOf("k", 2, "sub", []Value{MapOf("z", 1).Value(), MapOf("z", 2).Value()}).Value(), NewList().Value()},
		"dotted[]", 1, "empty", NewList(), "", "empty key")
}

func TestEachDotPath(t *testing.T) {
	for path, want := range map[string][]string{
		"a": {"a"}, "a.b": {"b"}, "a.b.c": {"c"}, "a.x": nil, "x": nil, "x.y": nil, "a.x.y": nil, "a.b.c.": nil,
		"a.t.x": nil, "a.n.x": nil, "a.i.x": nil, "a.l.x": nil, // the last key of something that has none
		"a.t.nowhere.x": nil, "a.l.nowhere.x": nil, // a text or a list that does not hold the next key
		"list[].k": {"k", "k"}, "list[].none": nil, "list[]": nil, "dotted[]": {"dotted[]"}, "a[].b": nil, "x[].b": nil, "empty[].k": nil, "": {""}, ".x": nil,
	} {
		var got []string
		m := pathTree()
		before := PyRepr(m.Value())
		err := EachDotPath(m, path, func(container *Map, key string) error {
			assert.True(t, container.Has(key))
			got = append(got, key)
			return nil
		})
		assert.NoError(t, err, path)
		assert.Equal(t, want, got, path)
		assert.Equal(t, before, PyRepr(m.Value()), "nothing is made")
	}
}

func TestEachDotPathErrors(t *testing.T) {
	for path, want := range map[string]string{
		"a.n.x.y":      `"a.n.x.y" leads through null, which has no fields`,
		"a.i.x.y":      `leads through 1`,
		"a.b.c.x.y":    `leads through 1`,
		"a.t.text.x":   `leads through "some text"`, // Python finds the key in the text, and then fails
		"a.l.x.y":      `leads through a list`,
		"a.t.x[].y":    `leads through "some text"`,
		"list[].k[].x": `leads through "str"`,
	} {
		m := pathTree()
		err := EachDotPath(m, path, func(*Map, string) error { return nil })
		require.Error(t, err, path)
		d := diag.Flatten(err)[0]
		assert.Equal(t, diag.BadPath, d.Code)
		assert.Contains(t, d.Message, want)
	}
	stop := errors.New("stop")
	assert.ErrorIs(t, EachDotPath(pathTree(), "list[].k", func(*Map, string) error { return stop }), stop)
}

func TestEachDotPathEdits(t *testing.T) {
	original := pathTree()
	original.Freeze()
	m := original.Copy()
	require.NoError(t, EachDotPath(m, "list[].k", func(c *Map, key string) error { c.Set(key, NewString("new")); return nil }))
	assert.Equal(t, []any{"new", "new"}, []any{m.At("list").List().At(0).Map().Str("k"), m.At("list").List().At(2).Map().Str("k")})
	assert.True(t, Equal(pathTree().Value(), original.Value()), "the original stays as it is")
	assert.True(t, Same(original.At("a"), m.At("a")), "what the path does not touch stays shared")

	// A callback that takes the tree apart ends the walk, it does not break it.
	require.NoError(t, EachDotPath(m, "list[].k", func(*Map, string) error { m.Set("list", NewInt(1)); return nil }))
	require.NoError(t, EachDotPath(m, "a.b.c", func(*Map, string) error { m.Delete("a"); return nil }))
}

func TestDeepGet(t *testing.T) {
	m := pathTree()
	for path, want := range map[string]any{"a.b.c": 1, "a.b": MapOf("c", 1), "a.t": "some text", "a.n": nil, "a.x": nil, "x.y": nil, "a.t.x": nil, "a.i.x.y": nil, "list[].k": nil} {
		assert.True(t, Equal(Of(want), DeepGet(m, path)), path)
	}
	assert.True(t, DeepGet(nil, "a.b").IsNull())
}

package value

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func newArena(t *testing.T) *Arena {
	a := NewArena()
	require.NotNil(t, a)
	t.Cleanup(a.Close)
	return a
}

func text(t *testing.T, v Value) string {
	s, err := CompactJSON(v)
	require.NoError(t, err)
	return s
}

func TestArenaLeavesTheOriginalAlone(t *testing.T) {
	a := newArena(t)
	m := MapOf("name", "x", "worker", MapOf("env", MapOf("A", "1")), "list", []string{"a"})
	before := text(t, m.Value())
	stub := a.Adopt(m)
	stub.EditMap("worker").EditMap("env").Set("B", NewString("2"))
	stub.EditList("list").AppendStrings("b", "c", "d")
	stub.EditMap("new").Set("x", NewInt(1))
	stub.Delete("name")
	stub.SetDefaults(MapOf("y", true))
	assert.Equal(t, `{"worker":{"env":{"A":"1","B":"2"}},"list":["a","b","c","d"],"new":{"x":1},"y":true}`, text(t, stub.Value()))
	a.Reset()
	assert.Equal(t, before, text(t, m.Value()))
}

func TestKeptOutlivesTheArena(t *testing.T) {
	a := newArena(t)
	stub := a.Adopt(MapOf("worker", MapOf("env", MapOf("A", "1"), "list", []string{"a"})))
	stub.EditMap("worker").EditMap("env").Set("B", NewString("2"))
	stub.EditMap("worker").EditList("list").AppendStrings("b")
	v := stub.At("worker")
	assert.False(t, v.Lasting())
	assert.False(t, v.Shared())
	assert.NotEqual(t, v.Identity(), v.Identity())

	kept := v.Kept()
	assert.True(t, kept.Lasting())
	assert.Equal(t, kept.Identity(), kept.Identity())
	stub.EditMap("worker").EditMap("env").Set("C", NewString("3")) // not seen by what was kept
	held := NewList(stub.At("worker"))                             // a container on the heap keeps as well
	set := MapOf("worker", stub.At("worker"))
	own := MapOf()
	own.EditMap("x").Update(stub)
	interned := NewInterner(1).Map(stub)
	overwrite(a)
	assert.Equal(t, `{"env":{"A":"1","B":"2"},"list":["a","b"]}`, text(t, kept))
	all := `{"env":{"A":"1","B":"2","C":"3"},"list":["a","b"]}`
	assert.Equal(t, "["+all+"]", text(t, held.Value()))
	assert.Equal(t, `{"worker":`+all+`}`, text(t, set.Value()))
	assert.Equal(t, `{"x":{"worker":`+all+`}}`, text(t, own.Value()))
	assert.Equal(t, `{"worker":`+all+`}`, text(t, interned.Value()))

	again := NewList(kept)
	assert.Equal(t, kept.Identity(), again.At(0).Identity(), "what lasts is not copied")
}

// overwrite ends what lives in the arena and uses all of its memory for something else.
func overwrite(a *Arena) {
	a.Reset()
	junk := a.Adopt(NewMap(0))
	for i := range 200 {
		junk.EditMap(fmt.Sprint("junk", i)).EditList("junk").AppendStrings("junk", "junk", "junk")
	}
	a.Reset()
}

func TestNear(t *testing.T) {
	a := newArena(t)
	stub := a.Adopt(NewMap(0))
	for _, v := range []Value{NewMapNear(stub, 3).Value(), NewListNear(stub, 3).Value(), NewKeys("a").MapNear(stub, NewInt(1)).Value(), stub.Copy().Value()} {
		assert.False(t, v.Lasting())
	}
	heap := NewMap(0)
	for _, v := range []Value{NewMapNear(heap, 3).Value(), NewListNear(heap, 3).Value(), NewKeys("a").MapNear(heap, NewInt(1)).Value(), heap.Copy().Value()} {
		assert.True(t, v.Lasting())
	}
}

func TestTooManyArenas(t *testing.T) {
	var all []*Arena
	defer func() {
		for _, a := range all {
			a.Close()
		}
	}()
	for a := NewArena(); a != nil; a = NewArena() {
		all = append(all, a)
	}
	assert.NotEmpty(t, all)
	var none *Arena
	m := MapOf("a", 1)
	assert.Same(t, m, none.Adopt(m))
	none.Reset()
	none.Close()
}

// TestArenaChangesNothing does the same things to stubs in an arena and on the heap, with the arena's memory used again and again.
func TestArenaChangesNothing(t *testing.T) {
	a := newArena(t)
	in := NewInterner(16)
	var results []*Map
	var want []string
	for seed := range 400 {
		run := func(stub *Map) *Map {
			r := rand.New(rand.NewPCG(uint64(seed/2), 1)) // each twice, so that the interner has something to find
			stubs := []*Map{stub}
			for range 60 {
				part := stub.At(fmt.Sprint("m", r.IntN(3))).Map().Copy().Value()
				m := stubs[r.IntN(len(stubs))]
				for r.IntN(3) > 0 {
					if next := m.EditMap(fmt.Sprint("m", r.IntN(3))); next != nil {
						m = next
					}
				}
				key := fmt.Sprint("k", r.IntN(12))
				switch r.IntN(9) {
				case 0:
					m.Set(key, NewInt(r.Int64N(2000)))
				case 1:
					m.Delete(key)
				case 2:
					if l := m.EditList(fmt.Sprint("l", r.IntN(2))); l != nil {
						l.Append(NewString(key), part)
					}
				case 3:
					m.Set(key, part.Kept())
				case 4:
					m.Update(NewKeys("k1", "k2", "z").MapNear(stub, NewInt(1), NewString("two"), part))
				case 5:
					m.SetDefaults(MapOf("k3", 3, "k20", true))
				case 6:
					stubs = append(stubs, m.Copy())
				case 7:
					n := NewMapNear(stub, r.IntN(3))
					n.SetKey(NewString("pos").At(7), m.At(key))
					m.Set("m"+key, n.Value())
				case 8:
					if l := m.At("l0").List(); l.Len() > 0 {
						m.EditList("l0").SetAt(0, NewString("set"))
					}
				}
			}
			for i, s := range stubs[1:] {
				if s.Len() < 40 {
					stub.Set(fmt.Sprint("copy", i), s.Copy().Value())
				}
			}
			return stub
		}
		start := MapOf("m0", MapOf("k0", 0, "l0", []string{"x"}), "l0", []string{"y"}, "k5", nil)
		want = append(want, text(t, run(start.Copy()).Value()))
		results = append(results, in.Map(run(a.Adopt(start.Copy()))))
		a.Reset()
	}
	for i, m := range results {
		require.Equal(t, want[i], text(t, m.Value()), i)
	}
}

// TestReleaseEndsWhatCameLater makes stubs of a stub, one after the other in the same memory.
func TestReleaseEndsWhatCameLater(t *testing.T) {
	a := newArena(t)
	in := NewInterner(4)
	stub := a.Adopt(MapOf("name", "x", "worker", MapOf("env", MapOf("A", "1"))))
	stub.EditMap("worker").EditMap("env").Set("B", NewString("2"))
	before := text(t, stub.Value())
	var made []*Map
	for i := range 50 {
		mark := a.Mark()
		child := stub.Copy()
		for j := range i {
			child.EditMap("worker").EditMap(fmt.Sprint("m", j)).EditList("l").AppendStrings("some", "words")
			inner := a.Mark()
			grandchild := child.Copy()
			grandchild.EditMap("worker").EditMap("env").Set(fmt.Sprint("G", j), NewInt(int64(j)))
			a.Release(inner)
		}
		child.EditMap("worker").EditMap("env").Set("N", NewInt(int64(i)))
		child.Set("name", NewString(fmt.Sprint("child ", i)))
		made = append(made, in.Map(child))
		a.Release(mark)
		require.Equal(t, before, text(t, stub.Value()))
	}
	for i, m := range made {
		env := m.At("worker").Map().At("env").Map()
		assert.Equal(t, fmt.Sprintf(`{"A":"1","B":"2","N":%d}`, i), text(t, env.Value()))
		assert.Equal(t, i+1, m.At("worker").Map().Len())
		assert.Equal(t, fmt.Sprint("child ", i), m.Str("name"))
	}
}

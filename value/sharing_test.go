package value

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
)

func TestCopiesAreIndependent(t *testing.T) {
	a := MapOf("name", "a", "worker", MapOf("env", MapOf("X", "1"), "list", []string{"p", "q"}))
	b := a.Copy()
	b.EditMap("worker").EditMap("env").Set("X", NewString("2"))
	b.EditMap("worker").EditList("list").AppendStrings("r")
	b.Set("name", NewString("b"))

	assert.Equal(t, "1", a.At("worker").Map().At("env").Map().Str("X"))
	assert.Equal(t, 2, a.At("worker").Map().At("list").List().Len())
	assert.Equal(t, "a", a.Str("name"))
	assert.Equal(t, "2", b.At("worker").Map().At("env").Map().Str("X"))
	assert.Equal(t, []string{"p", "q", "r"}, b.At("worker").Map().At("list").List().Strings())

	a.EditMap("worker").EditMap("env").Set("Y", NewString("3"))
	assert.False(t, b.At("worker").Map().At("env").Map().Has("Y"))
}

func TestWhatIsStoredStaysAsItWas(t *testing.T) {
	shared := MapOf("k", "v")
	a, b := NewMap(1), NewMap(1)
	a.Set("m", shared.Value())
	b.Set("m", shared.Value())
	a.EditMap("m").Set("k", NewString("changed"))
	assert.Equal(t, "v", b.At("m").Map().Str("k"))
	assert.Equal(t, "v", shared.Str("k"))
}

func TestEditOfWhatIsAbsentOrOther(t *testing.T) {
	m := MapOf("s", "text", "n", nil)
	assert.Nil(t, m.EditMap("s"))
	assert.Nil(t, m.EditMap("n"))
	assert.Nil(t, m.EditList("s"))
	m.EditMap("new").Set("k", NewInt(1))
	m.EditList("list").AppendStrings("x")
	assert.True(t, Equal(MapOf("s", "text", "n", nil, "new", MapOf("k", 1), "list", []string{"x"}).Value(), m.Value()))
}

func TestOrderAndKeys(t *testing.T) {
	m := NewMap(0)
	for i := range 100 { // more than a map keeps without an index
		m.Set(fmt.Sprint("k", i), NewInt(int64(i)))
	}
	m.Set("k50", NewString("again"))
	_, ok := m.Delete("k0")
	require.True(t, ok)
	keys := m.Keys()
	assert.Equal(t, "k1", keys[0])
	assert.Equal(t, "k50", keys[49])
	assert.Equal(t, "again", m.Str("k50"))
	assert.Equal(t, 99, m.Len())

	k := NewMap(0)
	k.SetKey(NewInt(1), NewString("int"))
	k.SetKey(NewBool(true), NewString("bool"))
	k.SetKey(NewString("1"), NewString("text"))
	assert.Equal(t, 2, k.Len(), "1 and true are one key, \"1\" is another")
	v, _ := k.GetKey(NewFloat(1))
	assert.Equal(t, "bool", v.Str())
}

func TestEqual(t *testing.T) {
	for _, c := range []struct {
		a, b any
		want bool
	}{
		{1, 1, true}, {1, true, true}, {0, false, true}, {1, 1.0, true}, {2, true, false}, {"1", 1, false}, {nil, false, false}, {nil, nil, true},
		{int64(1) << 53, float64(1 << 53), true}, {int64(1)<<53 + 1, float64(1 << 53), false},
		{[]string{"a"}, []string{"a"}, true}, {[]string{"a"}, []string{"a", "b"}, false},
		{MapOf("a", 1, "b", 2), MapOf("b", 2, "a", 1), true}, {MapOf("a", 1), MapOf("a", 2), false},
	} {
		assert.Equal(t, c.want, Equal(Of(c.a), Of(c.b)), "%v %v", c.a, c.b)
		assert.Equal(t, c.want, Equal(Of(c.b), Of(c.a)), "%v %v", c.b, c.a)
	}
}

// The tree of a thousand random edits equals a plain deep copy that got the same edits, and its original never moves.
func TestRandomEditsAgainstDeepCopies(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	type pair struct {
		m    *Map
		want map[string]any
	}
	build := func() pair {
		return pair{MapOf("a", MapOf("b", MapOf("c", 0)), "x", 0), map[string]any{"a": map[string]any{"b": map[string]any{"c": int64(0)}}, "x": int64(0)}}
	}
	var clone func(any) any
	clone = func(v any) any {
		m, ok := v.(map[string]any)
		if !ok {
			return v
		}
		out := map[string]any{}
		for k, x := range m {
			out[k] = clone(x)
		}
		return out
	}
	var plain func(Value) any
	plain = func(v Value) any {
		if m := v.Map(); m != nil {
			out := map[string]any{}
			for k, x := range m.All() {
				out[k] = plain(x)
			}
			return out
		}
		i, _ := v.AsInt()
		return i
	}
	all := []pair{build()}
	for i := range 3000 {
		p := all[r.IntN(len(all))]
		switch r.IntN(4) {
		case 0:
			if len(all) < 40 {
				all = append(all, pair{p.m.Copy(), clone(p.want).(map[string]any)})
			}
		case 1:
			p.m.EditMap("a").EditMap("b").Set("c", NewInt(int64(i)))
			p.want["a"].(map[string]any)["b"].(map[string]any)["c"] = int64(i)
		case 2:
			key := fmt.Sprint("k", r.IntN(40))
			p.m.EditMap("a").Set(key, NewInt(int64(i)))
			p.want["a"].(map[string]any)[key] = int64(i)
		case 3:
			key := fmt.Sprint("k", r.IntN(40))
			p.m.EditMap("a").Delete(key)
			delete(p.want["a"].(map[string]any), key)
		}
	}
	for _, p := range all {
		assert.Equal(t, p.want, plain(p.m.Value()))
	}
}

// Copies of one frozen tree are changed at the same time; the race detector watches.
func TestConcurrentCopies(t *testing.T) {
	base := MapOf("worker", MapOf("env", MapOf("A", "1")), "list", []string{"x"})
	base.Freeze()
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for range 100 {
				c := base.Copy()
				c.EditMap("worker").EditMap("env").Set("A", NewInt(int64(i)))
				c.EditList("list").AppendStrings("y")
				base.At("worker").Map().Copy().Set("z", NewInt(1))
			}
		})
	}
	wg.Wait()
	assert.Equal(t, "1", base.At("worker").Map().At("env").Map().Str("A"))
	assert.Equal(t, 1, base.At("list").List().Len())
}

func TestSizes(t *testing.T) {
	assert.Zero(t, testing.AllocsPerRun(100, func() { NewString("some text") }))
	assert.Zero(t, testing.AllocsPerRun(100, func() { NewInt(512) }))
}

func TestKeys(t *testing.T) {
	k := NewKeys("a", "b")
	m := k.Map(NewInt(1), NewString("x"))
	assert.True(t, Equal(MapOf("a", 1, "b", "x").Value(), m.Value()))
	m.Set("c", NewInt(2))
	assert.Equal(t, []string{"a", "b"}, k.Map(Value{}, Value{}).Keys())
	assert.Panics(t, func() { NewKeys("a", "a") })
	assert.Panics(t, func() { k.Map(NewInt(1)) })
}

// An update that is done at once is the same as one key by key.
func TestUpdate(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	random := func() *Map {
		m := NewMap(0)
		for range r.IntN(8) {
			m.Set(fmt.Sprint("k", r.IntN(12)), NewInt(r.Int64N(100)))
		}
		return m
	}
	for range 3000 {
		a, b := random(), random()
		switch r.IntN(3) {
		case 0:
			a = a.Copy()
		case 1:
			a.Freeze()
		}
		before := a.Copy()
		want := NewMap(0)
		for _, m := range []*Map{a, b} {
			for e := range m.Entries() {
				want.SetKey(e.Key, e.Value)
			}
		}
		got := a.Copy()
		if r.IntN(2) == 0 {
			got = a
		}
		got.Update(b)
		assert.Equal(t, want.Keys(), got.Keys())
		assert.True(t, Equal(want.Value(), got.Value()))
		if got != a {
			assert.True(t, Equal(before.Value(), a.Value()))
		}
	}
}

func TestShortHash(t *testing.T) {
	seen := map[uint64]string{}
	for _, s := range []string{"", "0", "1", "a", "b", "ab", "ba", "abc", "opt", "debug", "swr", "fis", "linux", "linux64", "windows", "windows10", "android-arm64", "longest-of-all"} {
		require.Less(t, len(s), shortText)
		assert.Equal(t, shortHash(s), shortHash(string([]byte(s))), s)
		other, taken := seen[shortHash(s)]
		assert.False(t, taken, "%q and %q", s, other)
		seen[shortHash(s)] = s
	}
}

func TestInterner(t *testing.T) {
	in := NewInterner(512)
	make1 := func(name string, n int64) *Map {
		return MapOf("name", name, "env", MapOf("A", fmt.Sprint("some longer text ", n/100), "N", n/100, "B", fmt.Sprint("s", n/100)), "list", []Value{MapOf("x", true).Value(), NewFloat(1.5)})
	}
	found := 0
	for i := range int64(300) {
		a, b := make1("first", i), make1("second", i)
		x, y := in.Map(a), in.Map(b)
		assert.True(t, Equal(a.Value(), x.Value()))
		assert.True(t, Equal(b.Value(), y.Value()))
		if Same(x.At("env"), y.At("env")) {
			found++
		}
		assert.False(t, Same(x.Value(), y.Value()))
	}
	assert.GreaterOrEqual(t, found, 200, "equal parts are one, unless something else took their place")
	at := NewMap(1)
	at.Set("k", NewString("a text with a place").At(7))
	elsewhere := NewMap(1)
	elsewhere.Set("k", NewString("a text with a place").At(8))
	assert.Equal(t, diag.Pos(7), in.Map(at).At("k").Pos())
	assert.Equal(t, diag.Pos(8), in.Map(elsewhere).At("k").Pos(), "positions stay")
}

package value

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMerge(t *testing.T) {
	for _, c := range []struct {
		name      string
		a, b      *Map
		want      *Map
		wantOrder []string
	}{
		{"scalars are replaced in place, new keys follow", MapOf("x", 1, "y", 2), MapOf("z", 3, "x", 4), MapOf("x", 4, "y", 2, "z", 3), []string{"x", "y", "z"}},
		{"maps are merged", MapOf("m", MapOf("a", 1, "b", 1)), MapOf("m", MapOf("b", 2)), MapOf("m", MapOf("a", 1, "b", 2)), []string{"m"}},
		{"lists are joined", MapOf("l", []string{"a"}), MapOf("l", []string{"a", "b"}), MapOf("l", []string{"a", "a", "b"}), nil},
		{"other types replace", MapOf("v", MapOf("a", 1)), MapOf("v", []string{"x"}), MapOf("v", []string{"x"}), nil},
		{"null replaces", MapOf("v", MapOf("a", 1)), MapOf("v", nil), MapOf("v", nil), nil},
		{"by-* is never merged", MapOf("v", MapOf("by-level", MapOf("1", "a"))), MapOf("v", MapOf("by-level", MapOf("2", "b"))), MapOf("v", MapOf("by-level", MapOf("2", "b"))), nil},
		{"by-* in the defaults gets keys like any map", MapOf("v", MapOf("by-level", 1)), MapOf("v", MapOf("a", 1, "b", 2)), MapOf("v", MapOf("by-level", 1, "a", 1, "b", 2)), nil},
		{"a boolean is no number", MapOf("v", MapOf("x", true)), MapOf("v", MapOf("x", 1)), MapOf("v", MapOf("x", 1)), nil},
		{"a keyed value in a merged map", MapOf("v", MapOf("x", []string{"a"})), MapOf("v", MapOf("x", MapOf("by-level", 1))), MapOf("v", MapOf("x", MapOf("by-level", 1))), nil},
		{"an empty map takes what comes", MapOf("v", NewMap(0)), MapOf("v", MapOf("a", 1)), MapOf("v", MapOf("a", 1)), nil},
		{"an empty list takes what comes", MapOf("v", NewList()), MapOf("v", []string{"a"}), MapOf("v", []string{"a"}), nil},
		{"an empty map changes nothing", MapOf("v", MapOf("a", 1)), MapOf("v", NewMap(0)), MapOf("v", MapOf("a", 1)), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := c.a.Copy()
			got := Merge(c.a, c.b)
			assert.True(t, Equal(c.want.Value(), got.Value()))
			assert.True(t, Equal(before.Value(), c.a.Value()), "the arguments stay as they are")
			if c.wantOrder != nil {
				assert.Equal(t, c.wantOrder, got.Keys())
			}
		})
	}
}

func TestMergeShares(t *testing.T) {
	big := NewMap(0)
	for _, k := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		big.Set(k, MapOf("k", []string{"v"}).Value())
	}
	big.Freeze()
	small := MapOf("name", "x")
	assert.LessOrEqual(t, testing.AllocsPerRun(100, func() { Merge(big, small) }), 4.0)
	got := Merge(big, small)
	assert.True(t, Same(big.At("a"), got.At("a")))
	got.EditMap("a").Set("k", NewInt(1))
	assert.Equal(t, 1, big.At("a").Map().At("k").List().Len())
}

func TestMergeSeveral(t *testing.T) {
	assert.Zero(t, Merge().Len())
	one := MapOf("a", 1)
	got := Merge(one)
	got.Set("a", NewInt(2))
	assert.Equal(t, "{'a': 1}", PyRepr(one.Value()), "the result is the caller's alone")

	a, b, c := MapOf("l", []string{"a"}, "m", MapOf("x", 1)), MapOf("l", []string{"b"}, "m", MapOf("y", 2)), MapOf("l", []string{"c"}, "m", MapOf("x", 3))
	assert.Equal(t, "{'l': ['a', 'b', 'c'], 'm': {'x': 3, 'y': 2}}", PyRepr(Merge(a, b, c).Value()))
	assert.Equal(t, "{'l': ['b'], 'm': {'y': 2}}", PyRepr(b.Value()), "the arguments stay as they are")
}

func TestMergeKeepsPositions(t *testing.T) {
	at := func(key, v Value) *Map { m := NewMap(1); m.SetKey(key, v); return m }
	got := Merge(at(NewString("k").At(1), NewInt(1).At(2)), at(NewString("k").At(3), NewInt(2).At(4)))
	assert.EqualValues(t, 1, got.KeyPos("k"))
	assert.EqualValues(t, 4, got.At("k").Pos(), "where the value that counts was written")
}

func BenchmarkMerge(b *testing.B) {
	defaults := MapOf("description", "d", "worker-type", "linux", "worker", MapOf("docker-image", "i", "max-run-time", 3600, "env", MapOf("A", "1", "B", "2")),
		"run", MapOf("using", "run-task", "cwd", "{checkout}"), "treeherder", MapOf("kind", "build", "tier", 1), "scopes", []string{"s"})
	defaults.Freeze()
	task := MapOf("name", "x", "worker", MapOf("env", MapOf("B", "3")), "run", MapOf("command", "make"))
	task.Freeze()
	b.ReportAllocs()
	for b.Loop() {
		Merge(defaults, task)
	}
}

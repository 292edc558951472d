package python

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

func TestGraft(t *testing.T) {
	read := func(name, text string) *value.Map {
		r := value.Reader{Sources: &diag.Sources{}}
		if name == "after" {
			r.Sources = nil
		}
		v, err := r.JSON(name, []byte(text))
		require.NoError(t, err)
		return v.Map()
	}
	const before = `{"a": 1, "b": {"c": [1, {"d": "x"}], "e": null}, "f": 1.0}`
	for _, c := range []struct {
		name, after string
		positions   []string // paths of keys that have one
		same        bool
	}{
		{"nothing changed", before, []string{"a", "b", "f"}, true},
		{"a value", `{"a": 2, "b": {"c": [1, {"d": "x"}], "e": null}, "f": 1.0}`, []string{"a", "b", "f"}, false},
		{"a type", `{"a": 1, "b": {"c": [1, {"d": "x"}], "e": null}, "f": 1}`, []string{"a", "b", "f"}, false},
		{"true is not 1", `{"a": true, "b": {"c": [1, {"d": "x"}], "e": null}, "f": 1.0}`, []string{"a", "b", "f"}, false},
		{"order", `{"b": {"c": [1, {"d": "x"}], "e": null}, "a": 1, "f": 1.0}`, []string{"b", "a", "f"}, false},
		{"a key less", `{"a": 1, "f": 1.0}`, []string{"a", "f"}, false},
		{"a key more", `{"a": 1, "b": {"c": [1, {"d": "x"}], "e": null}, "f": 1.0, "g": 1}`, []string{"a", "b", "f"}, false},
		{"a key more in front", `{"g": 1, "a": 1, "b": {"c": [1, {"d": "x"}], "e": null}, "f": 1.0}`, []string{"a", "b", "f"}, false},
		{"nothing left", `{}`, nil, false},
		{"nothing in common", `{"x": {"a": 1}, "y": []}`, nil, false},
		{"deep", `{"a": 1, "b": {"c": [1, {"d": "y", "n": 1}, 3], "e": null}, "f": 1.0}`, []string{"a", "b", "f"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			was := read("before", before)
			out, same := graftMap(was, read("after", c.after))
			assert.Equal(t, c.same, same)
			w := newWriter()
			v, err := readLike(w.message(0, func() {}), value.Value{})
			require.NoError(t, err)
			assert.Equal(t, 0, v.List().Len())
			fused, err := readLike(pack(read("after", c.after).Value()), was.Value())
			require.NoError(t, err)
			assert.Equal(t, positions(out.Value()), positions(fused), "read as another one")
			assert.Equal(t, value.PyRepr(out.Value()), value.PyRepr(fused))
			if same {
				out = out.Copy() // it is the one before
			}
			want := read("after", c.after)
			assert.Equal(t, value.PyRepr(want.Value()), value.PyRepr(out.Value()))
			assert.Equal(t, before, spaced(t, was), "the one before changed")
			var got []string
			for e := range out.Entries() {
				if e.Key.Pos() != 0 {
					got = append(got, e.Key.Str())
				}
			}
			assert.Equal(t, c.positions, got)
			if b := out.At("b").Map(); b.Len() > 0 {
				assert.NotZero(t, b.At("c").Pos())
				assert.NotZero(t, b.At("c").List().At(0).Pos())
				assert.NotZero(t, b.At("c").List().At(1).Map().KeyPos("d"))
				out.EditMap("b").Set("z", value.NewInt(1))
				assert.Equal(t, before, spaced(t, was), "they share what was changed")
			}
		})
	}
}

func spaced(t *testing.T, m *value.Map) string {
	text, err := value.CompactJSON(m.Value())
	require.NoError(t, err)
	out := ""
	for _, c := range text {
		out += string(c)
		if c == ',' || c == ':' {
			out += " "
		}
	}
	return out
}

// pack gives a message of one value, as Python writes it.
func pack(v value.Value) []byte {
	w := newWriter()
	w.header(codeList, 2)
	w.value(v)
	w.code(codeNone)
	return w.buf
}

// positions gives the positions of a value and of all that it holds.
func positions(v value.Value) []diag.Pos {
	out := []diag.Pos{v.Pos()}
	for item := range v.List().Values() {
		out = append(out, positions(item)...)
	}
	for e := range v.Map().Entries() {
		out = append(append(out, e.Key.Pos()), positions(e.Value)...)
	}
	return out
}

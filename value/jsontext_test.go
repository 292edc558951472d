package value

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestJSONTextWritesTheSame writes values that share parts, at several depths and in several styles, and compares with what is
// written of each alone.
func TestJSONTextWritesTheSame(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var parts []Value
	for i := range 120 {
		m := MapOf("name", fmt.Sprint("part ", i), "b", i, "a", []string{"one", "two \"quoted\""})
		m.SetKey(NewInt(int64(i%3)), NewBool(true))
		if i%3 == 0 {
			m = MapOf("text", fmt.Sprint("part ", i), "empty", NewMap(0), "list", NewList())
		}
		if below := len(parts) / 80 * 80; below > 0 { // of those before
			for range r.IntN(4) {
				m.Set(fmt.Sprint("k", r.IntN(9)), parts[r.IntN(below)])
			}
			parts = append(parts, NewList(parts[r.IntN(below)], m.Value()).Value())
		} else {
			parts = append(parts, NewList(NewString("x"), NewInt(int64(i))).Value())
		}
		if i%40 == 0 {
			m.Set("long", NewString(strings.Repeat("longer than what is copied ", maxCopy/27+1)))
		}
		parts = append(parts, m.Value())
	}
	for _, style := range []JSONStyle{{}, {Indent: 2}, {Indent: 3}, {Indent: 2, SortKeys: true}} {
		if style.SortKeys {
			for i, v := range parts { // keys of several types cannot be sorted
				parts[i] = textKeys(v)
			}
		}
		all := NewJSONText(style)
		for range 8 {
			all.Begin()
			var got, want []byte
			for range 200 {
				v, depth := parts[r.IntN(len(parts))], r.IntN(12)
				var err error
				got, err = all.Append(append(got, '\n'), v, depth)
				require.NoError(t, err)
				want, err = AppendJSON(append(want, '\n'), v, style, depth)
				require.NoError(t, err)
			}
			require.Equal(t, string(want), string(got))
		}
	}
}

// textKeys gives v with the keys of its maps as texts.
func textKeys(v Value) Value {
	switch v.Kind() {
	case MapKind:
		m := NewMap(0)
		for k, x := range v.Map().All() {
			m.Set(k, textKeys(x))
		}
		return m.Value()
	case ListKind:
		l := NewList()
		for x := range v.List().Values() {
			l.Append(textKeys(x))
		}
		return l.Value()
	}
	return v
}

// TestJSONTextAfterAMistake goes on after a value that JSON cannot hold.
func TestJSONTextAfterAMistake(t *testing.T) {
	all := NewJSONText(JSONStyle{})
	bad := MapOf("good", MapOf("a", "something long enough to be remembered"), "bad", NewBytes([]byte("x")))
	out, err := all.Append(nil, bad.Value(), 0)
	assert.ErrorContains(t, err, "cannot be written as JSON")
	assert.Empty(t, out)
	out, err = all.Append(out, bad.At("good"), 0)
	require.NoError(t, err)
	assert.Equal(t, `{"a":"something long enough to be remembered"}`, string(out))
}

package value_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/value"
)

func TestBlanks(t *testing.T) {
	a, b := value.NewBlank(0), value.NewBlank(1<<17-1)
	assert.True(t, value.HasBlank(a.Str()))
	assert.False(t, value.HasBlank("no blank, \u00ff \U0001f600"))
	assert.Panics(t, func() { value.NewBlank(1 << 17) })
	assert.Panics(t, func() { value.NewBlank(-1) })

	shared := value.MapOf("rev", a)
	v := value.MapOf(
		"plain", value.MapOf("x", "text", "l", []string{"a"}),
		"whole", b,
		"list", []value.Value{value.NewString("first"), value.NewString("<" + a.Str() + "|" + b.Str() + ">"), shared.Value()},
		"again", shared,
		"number", 7,
	).Value()
	o := value.NewOutliner()
	outline := o.Of(v)
	require.NotNil(t, outline)
	assert.False(t, o.InKeys)
	assert.Nil(t, o.Of(v.Map().At("plain")), "nothing is to be filled in")

	for _, values := range [][2]value.Value{
		{value.NewString("abc"), value.NewInt(12)},
		{value.NewString("{x} %s"), value.NewString("é")},
		{value.NewString(""), value.MapOf("k", "v").Value()},
	} {
		f := value.NewFiller(func(n int) value.Value {
			if n == 0 {
				return values[0]
			}
			return values[1]
		})
		got := f.Fill(v, outline)
		want := value.MapOf(
			"plain", value.MapOf("x", "text", "l", []string{"a"}),
			"whole", values[1],
			"list", []value.Value{value.NewString("first"), value.NewString("<" + values[0].Str() + "|" + values[1].Str() + ">"), value.MapOf("rev", values[0]).Value()},
			"again", value.MapOf("rev", values[0]),
			"number", 7,
		).Value()
		assert.True(t, value.Identical(want, got), "%v", got)
		assert.True(t, value.Same(v.Map().At("plain"), got.Map().At("plain")), "what has no blanks is shared")
		again := f.Fill(v, outline)
		assert.True(t, value.Same(got, again), "what was filled in is shared")
		edited := got.Map().Copy()
		edited.EditMap("again").Set("rev", value.NewString("mine"))
		assert.Equal(t, values[0].Str(), got.Map().At("again").Map().Str("rev"), "nobody else sees a change")
	}
	assert.True(t, value.HasBlank(v.Map().Str("whole")), "the value with blanks stays as it is")
}

func TestBlankInKey(t *testing.T) {
	m := value.NewMap(1)
	m.Set("key "+value.NewBlank(3).Str(), value.NewInt(1))
	o := value.NewOutliner()
	o.Of(value.NewList(m.Value()).Value())
	assert.True(t, o.InKeys)
}

// Many values of few outlines have all their blanks filled in, whatever the caches hold.
func TestBlanksOfMany(t *testing.T) {
	const tasks = 3000
	var all []value.Value
	for i := range tasks {
		v := value.MapOf("name", fmt.Sprint("task-", i), "env", value.MapOf("REV", value.NewString("rev "+value.NewBlank(i%5).Str()), "N", fmt.Sprint(i)))
		if i%3 == 0 {
			v.Set("routes", value.NewStrings("a", fmt.Sprint("route.", i, ".")+value.NewBlank(7).Str()).Value())
		}
		all = append(all, v.Value())
	}
	o := value.NewOutliner()
	f := value.NewFiller(func(n int) value.Value { return value.NewString(strings.Repeat("z", n)) })
	for i, v := range all {
		m := f.Fill(v, o.Of(v)).Map()
		require.Equal(t, "rev "+strings.Repeat("z", i%5), m.At("env").Map().Str("REV"))
		require.Equal(t, fmt.Sprint(i), m.At("env").Map().Str("N"))
		if i%3 == 0 {
			require.Equal(t, []string{"a", fmt.Sprint("route.", i, ".zzzzzzz")}, m.At("routes").List().Strings())
		}
	}
}

func TestFormatLooksIntoNoBlank(t *testing.T) {
	lookup := func(string) (value.Value, bool) { return value.NewBlank(1), true }
	text, err := value.Format("a {x} {{}} b", lookup)
	require.NoError(t, err)
	assert.Equal(t, "a "+value.NewBlank(1).Str()+" {} b", text)
	for _, looks := range []string{"{x:>50}", "{x!r}", "{x[0]}", "{x.y}", "{x:{x}}", "{x!s}"} {
		_, err := value.Format(looks, lookup)
		assert.ErrorContains(t, err, "not known yet", looks)
	}
}

func TestIdentical(t *testing.T) {
	one := value.MapOf("a", 1, "b", []value.Value{value.NewBool(true), value.NewFloat(1)}).Value()
	assert.True(t, value.Identical(one, value.MapOf("a", 1, "b", []value.Value{value.NewBool(true), value.NewFloat(1)}).Value()))
	for _, other := range []value.Value{
		value.MapOf("b", []value.Value{value.NewBool(true), value.NewFloat(1)}, "a", 1).Value(),
		value.MapOf("a", true, "b", []value.Value{value.NewBool(true), value.NewFloat(1)}).Value(),
		value.MapOf("a", 1, "b", []value.Value{value.NewBool(true), value.NewInt(1)}).Value(),
		value.MapOf("a", 1).Value(),
		value.MapOf("a", 1, "b", "x").Value(),
	} {
		assert.False(t, value.Identical(one, other), "%v", other)
	}
	nan := value.NewFloat(math.NaN())
	assert.True(t, value.Identical(nan, nan))
	assert.False(t, value.Identical(value.NewFloat(0), value.NewFloat(math.Copysign(0, -1))))
	assert.False(t, value.Identical(value.NewFloat(0), value.NewInt(0)))
	assert.True(t, value.Identical(value.Value{}, value.Value{}))
	assert.True(t, value.Identical(value.NewMap(0).Value(), value.NewMap(3).Value()))
}

// JSON whose blanks are filled in is the JSON of the value whose blanks are filled in.
func TestBlankJSON(t *testing.T) {
	a, b := value.NewBlank(2).Str(), value.NewBlank(70_000).Str()
	env := value.MapOf("REV", value.NewString("\"é\""+a+"\n\u2028"+b+"\x01"), "plain", "\u00ff {} \U0001f600")
	v := value.MapOf("env", env, "rank", value.NewBlank(70_000), "again", []value.Value{env.Value(), value.NewString(a), value.NewString(a + a), value.NewString("x" + b)}, "n", 1, "none", value.NewMap(0)).Value()
	for _, style := range []value.JSONStyle{{}, {Indent: 2, SortKeys: true}} {
		text := value.NewJSONText(style)
		text.KeepBlanks()
		var kept []byte
		for range 3 { // what comes again is copied
			text.Begin()
			var err error
			kept, err = text.Append(nil, v, 1)
			require.NoError(t, err)
		}
		for _, values := range [][2]value.Value{
			{value.NewString("abc"), value.NewInt(-12)},
			{value.NewString("\"quoted\" \\ é \U0001f600\n"), value.NewString("")},
			{value.Value{}, value.NewFloat(1.5)},
			{value.NewBool(true), value.NewString("<&>")},
		} {
			with := func(n int) value.Value {
				if n == 2 {
					return values[0]
				}
				return values[1]
			}
			want, err := value.AppendJSON(nil, value.NewFiller(with).Fill(v, value.NewOutliner().Of(v)), style, 1)
			require.NoError(t, err)
			f := value.NewJSONFiller(with)
			assert.Equal(t, string(want), string(f.Append(nil, kept)))
			assert.Equal(t, "[]"+string(want), string(f.Append([]byte("[]"), kept)))
		}
	}
	assert.True(t, value.Inline(value.NewInt(1)) && value.Inline(value.NewString("x")) && value.Inline(value.Value{}))
	assert.False(t, value.Inline(value.NewMap(0).Value()) || value.Inline(value.NewBytes(nil)))
}

func TestMayBegin(t *testing.T) {
	blank := value.NewBlank(0).Str()
	for text, want := range map[string]bool{
		"index.a": true, "index.": true, "index": false, "": false, "notify.x": false, blank: true, "ind" + blank: true, "inX" + blank: false, "index." + blank: true, "x" + blank: false,
	} {
		assert.Equal(t, want, value.MayBegin(text, "index."), "%q", text)
	}
	assert.Equal(t, "index.x", value.FillText("ind"+blank+".x", func(int) value.Value { return value.NewString("ex") }))
}

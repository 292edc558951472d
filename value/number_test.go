package value_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

func TestNumbering(t *testing.T) {
	const last = value.MaxNumber
	number, digits, other := value.NewNumberBlank(last, false), value.NewNumberBlank(last, true), value.NewBlank(1<<17-1)
	for _, b := range []value.Value{number, digits} {
		assert.True(t, value.HasBlank(b.Str()))
		assert.Equal(t, last, value.LastNumber(other.Str()+b.Str()))
	}
	assert.Equal(t, 1, value.LastNumber(value.NewNumberBlank(1, true).Str()))
	assert.Zero(t, value.LastNumber("a"+other.Str()+"z"), "other blanks are for no number")
	assert.Panics(t, func() { value.NewNumberBlank(last+1, true) })
	assert.Panics(t, func() { value.NewNumberBlank(0, true) })

	filled := value.FillText("a"+other.Str()+digits.Str()+number.Str(), func(int) value.Value { return value.NewString("X") })
	assert.Equal(t, "aX"+digits.Str()+number.Str(), filled, "blanks for numbers stay when others are filled in")

	const pos = diag.Pos(99)
	long := strings.Repeat("x", 5000)
	v := value.MapOf(
		"plain", value.MapOf("x", "text", "l", []string{"a"}),
		"number", number.At(pos),
		"digits", digits,
		"in", value.MapOf("a", value.MapOf("list", []value.Value{value.NewString("<" + number.Str() + "|" + digits.Str() + ">"), value.NewBool(true)})),
		"other", other.At(pos),
		"both", value.NewString(other.Str()+"-"+number.Str()+"-"+long).At(pos),
	).Value()
	in := value.NewInterner(1)
	n := value.NewNumbering(in)
	outline := n.Outline(v)
	require.NotNil(t, outline)
	assert.False(t, n.InKeys())
	assert.Nil(t, n.Outline(v.Map().At("plain")))
	assert.Nil(t, n.Outline(other))

	for range 2 {
		for i, text := range map[int]string{7: "7", last: "9999"} {
			n.Next(i)
			got := n.Fill(v, outline)
			want := value.MapOf(
				"plain", value.MapOf("x", "text", "l", []string{"a"}),
				"number", i,
				"digits", text,
				"in", value.MapOf("a", value.MapOf("list", []value.Value{value.NewString("<" + text + "|" + text + ">"), value.NewBool(true)})),
				"other", other,
				"both", other.Str()+"-"+text+"-"+long,
			).Value()
			assert.True(t, value.Identical(want, got), "%v", got)
			assert.Equal(t, pos, got.Map().At("number").Pos())
			assert.Equal(t, pos, got.Map().At("other").Pos())
			assert.Equal(t, pos, got.Map().At("both").Pos())
			assert.Equal(t, "x", n.Text("x"))
			assert.Equal(t, "a"+text, n.Text("a"+digits.Str()))
			assert.True(t, value.Same(v.Map().At("plain"), got.Map().At("plain")), "what has no blanks is shared")
		}
	}
	assert.Equal(t, "<", v.Map().At("in").Map().At("a").Map().At("list").List().At(0).Str()[:1], "the value stays as it is")
	assert.Equal(t, outline, n.Outline(v))

	const many = 100
	shared, made := 0, make([]value.Value, many)
	n = value.NewNumbering(value.NewInterner(512))
	for round := range 2 {
		for i := range many {
			n.Next(i + 1)
			inner := n.Fill(v, outline).Map().At("in").Map().At("a").Map().At("list")
			if round == 1 && value.Same(made[i], inner) {
				shared++
			}
			made[i] = inner
		}
	}
	assert.Greater(t, shared, many/2, "what is like what others have is shared, mostly")

	n.Outline(value.MapOf("deep", value.MapOf("a"+other.Str(), 1)).Value())
	assert.False(t, n.InKeys())
	n.Outline(value.MapOf("deep", value.MapOf("a"+digits.Str(), 1)).Value())
	assert.True(t, n.InKeys())
}

func TestKeyedByNumbers(t *testing.T) {
	attr := func(last int) func(string) (value.Value, bool) {
		return func(name string) (value.Value, bool) {
			if name == "number" {
				return value.NewNumberBlank(last, false), true
			}
			return value.NewString("n" + value.NewNumberBlank(last, true).Str()), name == "name"
		}
	}
	for _, c := range []struct {
		yaml string
		last int
		want string // "" where it depends on the number, or fails for some
	}{
		{"{by-name: {n.*: x, default: y}}", 12, "x"},
		{"{by-name: {m.*: x, default: y}}", 12, "y"},
		{"{by-name: {n1.*: x, default: y}}", 1, "x"},
		{"{by-name: {n1.*: x, default: y}}", 2, ""},
		{"{by-name: {n12: x, default: y}}", 11, "y"},
		{"{by-name: {n12: x, default: y}}", 12, ""},
		{"{by-name: {n12: x, n.*: x}}", 12, ""}, // which may come from anywhere
		{"{by-name: {'n[0-9]': x}}", 9, "x"},
		{"{by-name: {'n[0-9]': x}}", 10, ""},
		{"{by-number: {1: x, default: y}}", 1, "x"},
		{"{by-number: {1: x, default: y}}", 2, ""},
		{"{by-number: {0: x, default: y}}", 2, ""}, // a number that is no alternative matches no pattern
	} {
		doc, err := (&value.Reader{}).YAML("x.yml", []byte(c.yaml))
		require.NoError(t, err)
		got, err := value.EvaluateKeyedBy(doc, value.Keyed{Attr: attr(c.last)})
		if c.want == "" {
			assert.Error(t, err, c.yaml)
			continue
		}
		require.NoError(t, err, c.yaml)
		assert.Equal(t, c.want, got.Str(), c.yaml)
	}
}

package value

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
)

func TestSubstitute(t *testing.T) {
	names := MapOf("x", "X", "n", 1, "m", MapOf("k", "v"))
	for _, c := range []struct{ v, want any }{
		{"plain", "plain"}, {"{x}-{n}", "X-1"}, {"{{x}}", "{x}"}, {1, 1}, {nil, nil}, {true, true},
		{[]string{"a", "{x}"}, []string{"a", "X"}},
		{MapOf("a", "{x}", "b", MapOf("c", []string{"{m[k]}"})), MapOf("a", "X", "b", MapOf("c", []string{"v"}))},
		{MapOf("{x}", 1, "k-{n}", "{x}", "z", 2), MapOf("X", 1, "k-1", "X", "z", 2)},
		{MapOf("a", "{x}", "{x}", 1, "X", 2), MapOf("a", "X", "X", 2)}, // keys that become equal: the first place, the last value
	} {
		v := Of(c.v)
		before := PyRepr(v)
		got, err := Substitute(v, names.Get)
		require.NoError(t, err)
		assert.Equal(t, PyRepr(Of(c.want)), PyRepr(got))
		assert.Equal(t, before, PyRepr(v), "the value itself stays as it is")
	}
}

func TestSubstituteShares(t *testing.T) {
	same := MapOf("a", []string{"x"}, "b", MapOf("c", 1))
	m := MapOf("same", same, "other", "{x}")
	lookup := func(string) (Value, bool) { return NewString("X"), true }
	got, err := Substitute(same.Value(), lookup)
	require.NoError(t, err)
	assert.True(t, Same(same.Value(), got), "without braces nothing is copied")
	assert.Zero(t, testing.AllocsPerRun(100, func() { Substitute(same.Value(), lookup) }))
	got, err = Substitute(m.Value(), lookup)
	require.NoError(t, err)
	assert.True(t, Same(m.At("same"), got.Map().At("same")))
	got.Map().EditMap("same").EditMap("b").Set("c", NewInt(2))
	assert.True(t, Equal(NewInt(1), same.At("b").Map().At("c")))
}

func TestSubstitutePositions(t *testing.T) {
	m := NewMap(0)
	m.SetKey(NewString("k").At(1), NewString("{x}").At(2))
	m.SetKey(NewString("{x}").At(3), NewInt(1).At(4))
	got, err := Substitute(m.Value().At(5), func(string) (Value, bool) { return NewString("X").At(9), true })
	require.NoError(t, err)
	assert.EqualValues(t, 5, got.Pos())
	assert.EqualValues(t, 2, got.Map().At("k").Pos())
	assert.EqualValues(t, 3, got.Map().KeyPos("X"))

	_, err = Substitute(m.Value(), func(string) (Value, bool) { return Value{}, false })
	assert.EqualValues(t, 2, diag.Flatten(err)[0].Pos)
	_, err = Substitute(keyMap(1, "x").Value(), nil)
	assert.ErrorContains(t, err, "the key 1 is no text")
}

func TestSubstituteFields(t *testing.T) {
	task := MapOf("name", "t", "description", "{x}", "worker", MapOf("env", MapOf("A", "{x}", "B", "{x}")), "list", []string{"{x}"})
	task.Freeze()
	m := task.Copy()
	lookup := func(name string) (Value, bool) { return NewString("X"), name == "x" }
	require.NoError(t, SubstituteFields(m, []string{"name", "description", "worker.env.A", "list"}, lookup))
	assert.Equal(t, "{'name': 't', 'description': 'X', 'worker': {'env': {'A': 'X', 'B': '{x}'}}, 'list': ['X']}", PyRepr(m.Value()))
	assert.Equal(t, "{x}", task.Str("description"), "the original stays as it is")

	err := SubstituteFields(m, []string{"descripton", "worker.evn.A", "name.x", "list[].x", "worker"}, func(string) (Value, bool) { return Value{}, false })
	all := diag.Flatten(err)
	require.Len(t, all, 5, "all mistakes at once")
	hints := map[string]string{}
	for _, d := range all {
		hints[d.Message] = d.Hint
	}
	assert.Contains(t, hints[`there is no field "descripton": no "descripton"`], `did you mean "description"?`)
	assert.Contains(t, hints[`there is no field "worker.evn.A": no "evn"`], `did you mean "env"?`)
	assert.Contains(t, hints, `there is no field "name.x": "t" has no fields`)
	assert.Contains(t, hints, `there is no field "list[].x": no "list[]"`)
}

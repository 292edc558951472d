package value

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestIdentity(t *testing.T) {
	m := MapOf("a", MapOf("x", 1), "b", []string{"y"}, "c", 1)
	copied := m.Copy()
	for _, key := range []string{"a", "b"} {
		assert.NotNil(t, m.At(key).Identity())
		assert.Equal(t, m.At(key).Identity(), copied.At(key).Identity(), "a copy has the same containers")
	}
	assert.Nil(t, m.At("c").Identity())

	copied.EditMap("a").Set("x", NewInt(2))
	assert.NotEqual(t, m.At("a").Identity(), copied.At("a").Identity())
}

func TestShared(t *testing.T) {
	m := MapOf("a", MapOf("x", 1), "b", MapOf("x", 1))
	assert.True(t, m.At("a").Shared(), "nobody got it to change")
	m.EditMap("a")
	assert.False(t, m.At("a").Shared())
	assert.True(t, m.At("b").Shared())
}

// What is stored is a value: what happens later to where it was read from must not show.
func TestStoredValueIsIndependentOfItsOwner(t *testing.T) {
	a := MapOf("w", MapOf("x", 1, "deep", MapOf("y", 1)), "l", []string{"p"})
	a.EditMap("w").EditMap("deep")
	a.EditList("l")

	b := MapOf("w", a.At("w"))
	b.Set("l", a.At("l"))
	list := NewList(a.At("w"))
	list.Append(a.At("w"))
	list.SetAt(0, a.At("w"))

	a.EditMap("w").Set("x", NewInt(2))
	a.EditMap("w").EditMap("deep").Set("y", NewInt(2))
	a.EditList("l").AppendStrings("q")

	was := MapOf("x", 1, "deep", MapOf("y", 1)).Value()
	assert.True(t, Equal(was, b.At("w")))
	assert.True(t, Equal(was, list.At(0)))
	assert.True(t, Equal(was, list.At(1)))
	assert.Equal(t, []string{"p"}, b.At("l").List().Strings())
	assert.True(t, b.At("w").Shared())

	b.EditMap("w").EditMap("deep").Set("y", NewInt(3))
	y, _ := a.At("w").Map().At("deep").Map().At("y").AsInt()
	assert.Equal(t, int64(2), y)
}

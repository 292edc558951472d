package scopes

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSatisfies(t *testing.T) {
	for _, c := range []struct {
		set   []string
		scope string
		want  bool
	}{
		{nil, "a", false},
		{nil, "", false},
		{[]string{"a"}, "a", true},
		{[]string{"a"}, "ab", false},
		{[]string{"a*"}, "a", true},
		{[]string{"a*"}, "abc", true},
		{[]string{"a*"}, "b", false},
		{[]string{"a*"}, "a*", true},
		{[]string{"a*b"}, "axb", false},
		{[]string{"*"}, "anything at all", true},
		{[]string{"ab"}, "a*", false},
		{[]string{"ab*", "a:b:c"}, "a:b:c", true},
	} {
		assert.Equal(t, c.want, NewSet(c.set...).Satisfies(c.scope), "%q %q", c.set, c.scope)
	}
	assert.True(t, NewSet("b").SatisfiesAny("a", "b"))
	assert.False(t, NewSet("b").SatisfiesAny())
	assert.False(t, Set{}.Satisfies("a"))
}

// TestVectors follows the cases of the official library.
func TestVectors(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "vectors", "scopes.json"))
	if err != nil {
		t.Skip(err)
	}
	var vectors struct {
		Satisfies []struct {
			Scopes     []string
			Expression any
			Satisfied  bool
		}
	}
	require.NoError(t, json.Unmarshal(text, &vectors))
	require.NotEmpty(t, vectors.Satisfies)
	for _, v := range vectors.Satisfies {
		assert.Equal(t, v.Satisfied, holds(NewSet(v.Scopes...), v.Expression), "%q %v", v.Scopes, v.Expression)
	}
}

// holds evaluates a scope expression.
func holds(s Set, expression any) bool {
	m, ok := expression.(map[string]any)
	if !ok {
		return s.Satisfies(expression.(string))
	}
	if all, ok := m["AllOf"].([]any); ok {
		for _, x := range all {
			if !holds(s, x) {
				return false
			}
		}
		return true
	}
	for _, x := range m["AnyOf"].([]any) {
		if holds(s, x) {
			return true
		}
	}
	return false
}

func TestSatisfy(t *testing.T) {
	for need, want := range map[string]bool{"a": true, "ab": true, "b": false, "c*d": true, "cxd": false} {
		assert.Equal(t, want, Satisfy([]string{"a*", "c*d"}, need), need)
	}
}

func TestIsRole(t *testing.T) {
	for scope, want := range map[string]bool{"assume:x": true, "*": true, "as*": true, "assume:*": true, "assume*": true, "assumption*": false, "b*": false, "assume": false} {
		assert.Equal(t, want, IsRole(scope), scope)
	}
}

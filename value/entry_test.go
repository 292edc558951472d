package value_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/taskgraph-go/decision/value"
)

// Entries are found, read and deleted by place, and copies do not see it.
func TestEntriesByPlace(t *testing.T) {
	m := value.MapOf("a", 1, "b", 2, "c", 3)
	m.SetKey(value.NewInt(7), value.NewString("seven"))
	assert.Equal(t, 1, m.Index(value.NewString("b")))
	assert.Equal(t, 3, m.Index(value.NewInt(7)))
	assert.Equal(t, -1, m.Index(value.NewString("7")))
	assert.Equal(t, -1, m.Index(value.Value{}))
	assert.Equal(t, "seven", m.ValueAt(3).Str())
	c := m.Copy()
	assert.Equal(t, value.NewInt(2), c.DeleteAt(1))
	assert.Equal(t, []string{"a", "c", "7"}, c.Keys())
	assert.Equal(t, 2, c.Index(value.NewInt(7)))
	assert.Equal(t, []string{"a", "b", "c", "7"}, m.Keys())
	assert.Equal(t, -1, (*value.Map)(nil).Index(value.NewString("a")))
}

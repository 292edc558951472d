package slugid

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDerived(t *testing.T) {
	seen := map[string]bool{}
	for i := range 1000 {
		id := Derived("seed", strconv.Itoa(i))
		assert.True(t, Valid(id), id)
		assert.NotEqual(t, byte('-'), id[0])
		assert.False(t, seen[id])
		seen[id] = true
	}
	assert.Equal(t, Derived("a", "b"), Derived("a", "b"))
	assert.NotEqual(t, Derived("a", "b"), Derived("ab", ""))
	for _, bad := range []string{"", "DECISION-TASK", "fdtgsD5DQUmAQZEaGMvQ4", "fdtgsD5DAUmAQZEaGMvQ4Q"} {
		assert.False(t, Valid(bad), bad)
	}
}

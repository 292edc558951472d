package keyhash

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMix(t *testing.T) {
	seen := map[uint32]string{}
	for _, key := range []string{"a", "b", "aa", "ab", "name", "label", "run", "worker", "worker-type", "attributes", "dependencies", "description", "treeherder", "env", "scopes", "routes", "extra", "tags"} {
		assert.Empty(t, seen[Mix(key)], key)
		seen[Mix(key)] = key
		assert.Equal(t, Mix(key), Mix(string([]byte(key))))
	}
}

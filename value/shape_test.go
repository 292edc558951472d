package value

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
)

// TestFindKeys asks for keys by texts that are elsewhere each time, by several goroutines, and for keys that are nearly there.
func TestFindKeys(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 40 {
		m := NewMap(n)
		places := map[string]int{}
		for len(places) < n {
			key := strings.Repeat("k", r.IntN(4)) + strconv.Itoa(r.IntN(4*n+1))
			if _, taken := places[key]; !taken {
				places[key] = m.Len()
				m.Set(key, Of(key))
			}
		}
		if n > 0 && r.IntN(3) == 0 {
			places[""] = m.Len()
			m.Set("", Of("none"))
		}
		other := m.Copy()
		var wg sync.WaitGroup
		for _, m := range []*Map{m, other, m, other} {
			wg.Go(func() {
				for range 3 {
					for key, at := range places {
						assert.Equal(t, at, m.find(strings.Clone(key)), key)
						assert.Equal(t, at, m.find(key), key)
						for _, near := range []string{key + "x", "x" + key, strings.Replace(key, "k", "j", 1)} {
							if _, there := places[near]; !there {
								assert.Equal(t, -1, m.find(near), near)
							}
						}
					}
				}
			})
		}
		wg.Wait()
	}
}

func TestIsConstant(t *testing.T) {
	assert.True(t, isConstant(unsafe.StringData("description")))
	assert.False(t, isConstant(unsafe.StringData(strings.Clone("description"))))
	keys := NewKeys("one", "two", "three", strings.Clone("four")).shape
	for range 2 {
		assert.Equal(t, 3, keys.find(strings.Clone("four")))
		assert.Nil(t, keys.places().asked[3].Load())
	}
	assert.Equal(t, 3, keys.find("four"))
	assert.Equal(t, unsafe.StringData("four"), keys.places().asked[3].Load())
}

// TestPlacesDiffer checks that a factor is found with which names that many maps have do not share a hash.
func TestPlacesDiffer(t *testing.T) {
	keys := []string{"name", "label", "description", "attributes", "dependencies", "soft-dependencies", "if-dependencies", "treeherder", "index", "routes", "scopes", "worker-type", "worker", "run", "optimization"}
	places := NewKeys(keys...).shape.places()
	for i, key := range keys {
		assert.Equal(t, i+1, int(places.at[places.hash(key)]), key)
	}
}

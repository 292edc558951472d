package memo

import (
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestGetBuildsOnce(t *testing.T) {
	var c Cache[int]
	built := 0
	build := func(s string) int { built++; return len(s) }
	assert.Equal(t, 3, c.Get("abc", build))
	assert.Equal(t, 3, c.Get("abc", build))
	assert.Equal(t, 0, c.Get("", build))
	assert.Equal(t, 2, built)
}

func TestGetIsBounded(t *testing.T) {
	var c Cache[int]
	for i := range 3*limit + 5 {
		c.Get(strconv.Itoa(i), func(string) int { return i })
	}
	assert.LessOrEqual(t, len(*c.settled.Load())+len(c.recent), limit)

	long := strings.Repeat("x", longest+1)
	c.Get(long, func(s string) int { return len(s) })
	assert.NotContains(t, c.recent, long)
	assert.NotContains(t, *c.settled.Load(), long)
}

func TestGetConcurrently(t *testing.T) {
	var c Cache[*int]
	var all [8]*int
	var wg sync.WaitGroup
	for i := range all {
		wg.Go(func() { all[i] = c.Get("same", func(string) *int { return new(int) }) })
	}
	wg.Wait()
	for _, p := range all {
		assert.Same(t, all[0], p, "everyone gets the first result")
	}
}

func BenchmarkGet(b *testing.B) {
	var c Cache[int]
	build := func(s string) int { return len(s) }
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			c.Get("linux64-shippable/opt", build)
		}
	})
}

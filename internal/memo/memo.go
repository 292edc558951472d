package memo

import (
	"maps"
	"sync"
	"sync/atomic"
)

// limit is the number of results after which a cache starts anew. A big project has a few hundred distinct
// patterns and a few thousand distinct templates.
const limit = 8192

// longest is the length of the longest text that is worth a place.
const longest = 4096

// Cache maps texts to what was made of them. It is safe for concurrent use; the zero value is ready.
//
// Reading takes no lock: settled is never changed once it is published. What is new waits in recent until it was
// asked for so often that copying everything has paid off.
type Cache[V any] struct {
	settled atomic.Pointer[map[string]V]

	mu     sync.Mutex
	recent map[string]V
	asked  int // how often something of recent was asked for since the last copy
}

// Get gives what build made of the text, now or earlier. Two goroutines that ask for a new text at the same time
// may both build it; all callers get the result of the first that is done.
func (c *Cache[V]) Get(text string, build func(string) V) V {
	if m := c.settled.Load(); m != nil {
		if v, ok := (*m)[text]; ok {
			return v
		}
	}
	if v, ok := c.look(text); ok {
		return v
	}
	v := build(text)
	if len(text) > longest {
		return v
	}
	return c.keep(text, v)
}

// look finds a text that is not settled, or was settled a moment ago.
func (c *Cache[V]) look(text string) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if v, ok := c.recent[text]; ok {
		c.asked++
		c.settle()
		return v, true
	}
	if m := c.settled.Load(); m != nil {
		v, ok := (*m)[text]
		return v, ok
	}
	var none V
	return none, false
}

// keep adds a result, unless somebody was faster, and gives the one that is kept.
func (c *Cache[V]) keep(text string, v V) V {
	c.mu.Lock()
	defer c.mu.Unlock()
	if first, ok := c.recent[text]; ok {
		return first
	}
	if m := c.settled.Load(); m != nil {
		if first, ok := (*m)[text]; ok {
			return first
		}
		if len(*m)+len(c.recent) >= limit {
			c.settled.Store(nil)
			clear(c.recent)
		}
	}
	if c.recent == nil {
		c.recent = map[string]V{}
	}
	c.recent[text] = v
	c.asked++
	c.settle()
	return v
}

// settle publishes everything once enough was asked for. The number grows with the size of the copy, so that a
// text costs the same however many there are.
func (c *Cache[V]) settle() {
	var old map[string]V
	if m := c.settled.Load(); m != nil {
		old = *m
	}
	if c.asked <= len(old) {
		return
	}
	all := make(map[string]V, len(old)+len(c.recent))
	maps.Copy(all, old)
	maps.Copy(all, c.recent)
	c.settled.Store(&all)
	clear(c.recent)
	c.asked = 0
}

package schema

import (
	"sync"
	"sync/atomic"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// Checker evaluates one schema over many values that share containers, and does not walk a container again that it
// found valid before: the defaults of a kind are checked once, not once a task. It remembers only containers
// that nobody may change any more (see [value.Value.Shared]), a bounded number of them, and keeps those alive.
// It is safe for concurrent use.
type Checker struct {
	schema *Schema
	once   sync.Once
	known  []atomic.Pointer[byte] // for each node with a slot a small table of containers by address
}

// perNode is how many containers are remembered for a node; newer ones take the place of older ones.
const perNode = 64

// NewChecker gives a Checker for s.
func NewChecker(s *Schema) *Checker { return &Checker{schema: s} }

// Validate is [Schema.Validate] of the schema.
func (c *Checker) Validate(v value.Value) []*diag.Diagnostic {
	c.once.Do(func() {
		c.schema.ready()
		c.known = make([]atomic.Pointer[byte], int(c.schema.slots)*perNode)
	})
	return c.schema.validate(v, walk{checker: c})
}

// slot gives where a container that satisfies n is remembered.
func (c *Checker) slot(n *node, v value.Value) *atomic.Pointer[byte] {
	address := uintptr(v.Identity()) >> 4
	return &c.known[(n.slot-1)*perNode+uint32(address^address>>6)%perNode]
}

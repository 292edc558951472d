package schema

import (
	"sync/atomic"
	"unsafe"

	"github.com/taskgraph-go/decision/value"
)

// plan is what is left to check of maps with the same keys once the keys are known to be right.
type plan struct {
	layout unsafe.Pointer // see [value.Map.Layout]
	right  bool           // the keys are: without this nothing is known
	values []planned
}

// planned says what the value of one key has to satisfy.
type planned struct {
	at    int // place of the entry
	quick kinds
	node  *node
}

// plans are some of the plans for one set of rules, by layout. The first one in a place stays: where there are many layouts, others
// are checked key by key.
type plans [32]atomic.Pointer[plan]

// planFor gives the plan for a map, nil where there is none.
func (r *mapRules) planFor(m *value.Map) *plan {
	layout := m.Layout()
	if layout == nil || r.patterns != nil {
		return nil
	}
	h := uintptr(layout) >> 4
	slot := &r.plans[(h^h>>5^h>>10)%uintptr(len(r.plans))]
	p := slot.Load()
	if p == nil {
		p = r.plan(layout, m)
		slot.Store(p)
	}
	if p.layout != layout || !p.right {
		return nil
	}
	return p
}

// plan looks at the keys of a map as checkEntries does.
func (r *mapRules) plan(layout unsafe.Pointer, m *value.Map) *plan {
	p := &plan{layout: layout}
	required := 0
	for i := range m.Len() {
		child, quick, known := r.rest, r.restQuick, false
		key := m.Entry(i).Key
		if name, isText := key.AsString(); isText {
			if f := r.fields.find(name); f != nil {
				if f.required {
					required++
				}
				if f.node != nil {
					child, quick, known = f.node, f.quick, true
				}
			}
		} else if r.textKeys {
			return p
		}
		if r.keys != nil && !r.keysQuick.has(key.Kind()) || r.closed && !known {
			return p
		}
		if quick != anyKind {
			p.values = append(p.values, planned{i, quick, child})
		}
	}
	p.right = required == len(r.required)
	return p
}

// checkPlanned checks the values of a map, whose keys are right.
func (w *walk) checkPlanned(p *plan, m *value.Map) bool {
	for i := range p.values {
		x := &p.values[i]
		if v := m.ValueAt(x.at); !x.quick.has(v.Kind()) && !w.checkHeld(x.node, v) {
			return false
		}
	}
	return true
}

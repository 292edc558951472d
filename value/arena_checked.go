//go:build arenacheck

package value

import "github.com/taskgraph-go/decision/diag"

// checked says that what uses a container after its arena was reset is to be found: see [ended].
const checked = true

// ended spoils containers that an arena has no more. Their memory is not used again, so whoever still looks at one sees a key and a
// text that no graph has.
func ended[T any](blocks [][]T) {
	spoiled := NewString("this container's arena was reset")
	keys := &shape{keys: []Value{spoiled}}
	for _, block := range blocks {
		switch cells := any(block).(type) {
		case []Map:
			for i := range cells {
				cells[i].shape, cells[i].vals, cells[i].spots, cells[i].private = keys, []Value{spoiled}, nil, false
				cells[i].cow.Store(true)
			}
		case []List:
			for i := range cells {
				cells[i].items = []Value{spoiled}
				cells[i].cow.Store(true)
			}
		case []Value:
			for i := range cells {
				cells[i] = spoiled
			}
		case []diag.Pos:
			for i := range cells {
				cells[i] = ^diag.Pos(0)
			}
		}
	}
}

package schema

import (
	"math/bits"

	"github.com/taskgraph-go/decision/internal/keyhash"
)

// field is what a schema says about one key: one of its properties, or a required key that is none.
type field struct {
	name     string
	node     *node // nil when it is only required
	quick    kinds // of the node
	required bool
}

// table finds fields by name. The names are known when the schema is compiled, so a hash of four bytes that
// tells all of them apart is looked for then; the few sets of names for which there is none use a map.
type table struct {
	fields []field
	slots  []uint16 // index of a field plus one, by hash
	seed   uint32
	shift  uint8
	byName map[string]int
}

func newTable(fields []field) table {
	t := table{fields: fields}
	if len(fields) == 0 {
		return t
	}
	size := bits.Len(uint(len(fields))) + 1
	for width := size; width <= size+4; width++ {
		t.shift = uint8(32 - width)
		t.slots = make([]uint16, 1<<width)
		for try := uint32(1); try <= 256; try++ {
			t.seed = try*2654435761 | 1
			if t.fill() {
				return t
			}
		}
	}
	t.slots = nil
	t.byName = make(map[string]int, len(fields))
	for i, f := range fields {
		t.byName[f.name] = i
	}
	return t
}

func (t *table) fill() bool {
	clear(t.slots)
	for i := range t.fields {
		name := t.fields[i].name
		if name == "" {
			return false
		}
		s := &t.slots[t.hash(name)]
		if *s != 0 {
			return false
		}
		*s = uint16(i + 1)
	}
	return true
}

func (t *table) hash(s string) uint32 {
	h := keyhash.Mix(s)
	h ^= h >> 15
	return h * t.seed >> t.shift
}

// find gives the field of a name, nil when there is none.
func (t *table) find(name string) *field {
	if t.byName != nil {
		if i, ok := t.byName[name]; ok {
			return &t.fields[i]
		}
		return nil
	}
	if len(t.slots) == 0 || name == "" {
		return nil
	}
	if i := t.slots[t.hash(name)]; i != 0 && t.fields[i-1].name == name {
		return &t.fields[i-1]
	}
	return nil
}

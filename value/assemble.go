package value

import (
	"math"
	"math/big"
	"strconv"
	"time"

	"github.com/taskgraph-go/decision/diag"
)

// assembler builds the containers of a document. Entries and items wait on stacks until a container is complete;
// then they move to memory of the right size, taken from larger pieces: a document has many small containers, and
// they live as long as each other.
type assembler struct {
	piece   int // number of elements in a piece
	entries []Entry
	items   []Value
	free    struct {
		items  []Value // of lists, keys and values of maps
		maps   []Map
		lists  []List
		shapes []shape
		spots  []diag.Pos
		lines  []spots
	}
}

// newAssembler makes one for a document of about n values.
func newAssembler(n int) *assembler { return &assembler{piece: max(4, min(n/8, 1024))} }

// take cuts n elements off a larger piece of memory.
func take[T any](a *assembler, free *[]T, n int) []T {
	if n > len(*free) {
		if n > a.piece/4 {
			return make([]T, n)
		}
		*free = make([]T, a.piece)
	}
	out := (*free)[:n:n]
	*free = (*free)[n:]
	return out
}

// list makes a list of the items from base on.
func (a *assembler) list(base int) *List {
	l := &take(a, &a.free.lists, 1)[0]
	if items := a.items[base:]; len(items) > 0 {
		l.items = take(a, &a.free.items, len(items))
		copy(l.items, items)
		a.items = a.items[:base]
	}
	return l
}

// openMap is a map whose entries are on the stack from base on. Keys are found by comparison while it is small.
type openMap struct {
	base   int
	names  map[string]int32 // places of string keys
	others map[string]int32 // places of other keys, by what makes them equal
}

// put sets a key, as a Python dict does: an equal key that is there keeps its place and spelling, but it is at the
// position of the last one. The result is the place of that key in the map and how it was before, -1 for a new key.
func (a *assembler) put(m *openMap, key, v Value) (int, Value) {
	i := a.find(m, key)
	if i < 0 {
		a.entries = append(a.entries, Entry{key, v})
		return i, Value{}
	}
	e := &a.entries[m.base+i]
	before := e.Key
	e.Key, e.Value = before.At(key.pos), v
	return i, before
}

// find gives the place of a key in the map, -1 where it is new: then it must be appended.
func (a *assembler) find(m *openMap, key Value) int {
	entries := a.entries[m.base:]
	if len(entries) < indexed {
		for i := range entries {
			if k := &entries[i].Key; k.meta == key.meta && k.Kind() == String && k.text() == key.text() ||
				k.Kind() != String && key.Kind() != String && sameKey(*k, key) {
				return i
			}
		}
		return -1
	}
	if m.names == nil {
		m.names = make(map[string]int32, 2*indexed)
		for i, e := range entries {
			m.remember(e.Key, int32(i))
		}
	}
	i, ok := m.names[key.Str()]
	if key.Kind() != String {
		i, ok = m.others[key.identity()]
	}
	if !ok {
		m.remember(key, int32(len(entries)))
		return -1
	}
	return int(i)
}

func (m *openMap) remember(key Value, place int32) {
	if key.Kind() == String {
		m.names[key.text()] = place
		return
	}
	if m.others == nil {
		m.others = map[string]int32{}
	}
	m.others[key.identity()] = place
}

// sameKey compares keys that are no strings. PyYAML has only one "not a number", which is equal to itself as a key.
func sameKey(v, w Value) bool {
	return Equal(v, w) || v.Kind() == Float && w.Kind() == Float && !Equal(v, v) && !Equal(w, w)
}

// identity gives a text that is equal for scalars that are equal as keys of a dict. Strings have theirs.
func (v Value) identity() string {
	switch v.Kind() {
	case Bool:
		if v.IsTrue() {
			return "1"
		}
		return "0"
	case Int, BigInt:
		return v.AsBigInt().String()
	case Float:
		f := *(*float64)(v.ptr)
		if f == math.Trunc(f) && !math.IsInf(f, 0) {
			n, _ := big.NewFloat(f).Int(nil)
			return n.String()
		}
		return "f" + strconv.FormatFloat(f, 'g', -1, 64)
	case Bytes:
		return "b" + v.text()
	case Time, Date:
		t, _ := v.AsTime()
		return v.Kind().String() + strconv.FormatBool(t.Location() == time.UTC) + t.UTC().String()
	}
	return v.Kind().String()
}

// dict makes a map of the entries from m's base on.
func (a *assembler) dict(m openMap) *Map {
	out := &take(a, &a.free.maps, 1)[0]
	if entries := a.entries[m.base:]; len(entries) > 0 {
		out.vals = take(a, &a.free.items, len(entries))
		at := take(a, &a.free.spots, len(entries))
		for i, e := range entries {
			out.vals[i], at[i] = e.Value, e.Key.pos
		}
		out.spots = &take(a, &a.free.lines, 1)[0]
		*out.spots = at
		if out.shape = shapeOf(entries); out.shape == nil {
			out.shape = &take(a, &a.free.shapes, 1)[0]
			out.shape.keys = take(a, &a.free.items, len(entries))
			for i, e := range entries {
				out.shape.keys[i] = e.Key.At(0)
			}
			if m.names != nil {
				out.shape.index.Store(&m.names)
			}
		}
		a.entries = a.entries[:m.base]
	}
	return out
}

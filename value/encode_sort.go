package value

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sync/atomic"
	"unsafe"
)

// maxSmall is the number of entries up to which a map is sorted by insertion.
const maxSmall = 64

// sorted pushes the order in which Python's json writes the entries with sort_keys on e.order. It gives false where
// they are in that order already, and pushes nothing.
func (e *jsonEncoder) sorted(m *Map) bool {
	keys := m.shape.keys
	if len(keys) > maxSmall {
		return e.sortedLarge(m)
	}
	base := len(e.order)
	inOrder := true
	for i := range keys {
		key := keys[i]
		if key.Kind() != String {
			e.order = e.order[:base]
			return e.sortedMixed(m)
		}
		text := key.text()
		first := head(text)
		e.order = append(e.order, int32(i))
		order, j := e.order[base:], i
		for ; j > 0 && first <= e.heads[j-1] && (first < e.heads[j-1] || text < keys[order[j-1]].text()); j-- {
			e.heads[j], order[j] = e.heads[j-1], order[j-1]
			inOrder = false
		}
		e.heads[j], order[j] = first, int32(i)
	}
	if inOrder {
		e.order = e.order[:base]
	}
	return !inOrder
}

// head gives the first eight bytes of a string as a number, so that comparing numbers compares them.
func head(s string) uint64 {
	p := unsafe.Pointer(unsafe.StringData(s))
	switch n := len(s); {
	case n >= 8:
		return binary.BigEndian.Uint64((*[8]byte)(p)[:])
	case n >= 4: // its first four and its last four bytes, which may be the same
		first, last := binary.BigEndian.Uint32((*[4]byte)(p)[:]), binary.BigEndian.Uint32((*[4]byte)(unsafe.Add(p, n-4))[:])
		return uint64(first)<<32 | uint64(last)<<(8*(8-n))
	case n > 0: // its first, middle and last byte
		return uint64(s[0])<<56 | uint64(s[n/2])<<(56-8*(n/2)) | uint64(s[n-1])<<(64-8*n)
	}
	return 0
}

func (e *jsonEncoder) sortedLarge(m *Map) bool {
	keys := m.shape.keys
	base := len(e.order)
	inOrder := true
	for i := range keys {
		if keys[i].Kind() != String {
			e.order = e.order[:base]
			return e.sortedMixed(m)
		}
		e.order = append(e.order, int32(i))
		inOrder = inOrder && (i == 0 || keys[i-1].text() < keys[i].text())
	}
	if inOrder {
		e.order = e.order[:base]
		return false
	}
	slices.SortFunc(e.order[base:], func(a, b int32) int { return cmp.Compare(keys[a].text(), keys[b].text()) })
	return true
}

// sortedMixed sorts entries of which some have a key that is no string. Python compares keys before it writes them as
// strings: numbers and booleans by size, and nothing with what is of another type.
func (e *jsonEncoder) sortedMixed(m *Map) bool {
	keys := m.shape.keys
	base := len(e.order)
	for i := range keys {
		first, key := keys[0], keys[i]
		if first.comparison() != key.comparison() {
			e.fail(m.key(i).pos, "the keys %s and %s of one map cannot be sorted; quote the one that is no text", describeKey(first), describeKey(key))
			return false
		}
		e.order = append(e.order, int32(i))
	}
	if keys[0].comparison() == Int {
		slices.SortStableFunc(e.order[base:], func(a, b int32) int {
			x, y := keys[a].number(), keys[b].number()
			if x == nil || y == nil {
				return 0 // not a number: there is no order
			}
			return x.Cmp(y)
		})
	}
	return true
}

// comparison is what Python compares a value as: values that differ in it have no order.
func (v Value) comparison() Kind {
	switch k := v.Kind(); k {
	case Bool, BigInt, Float:
		return Int
	default:
		return k
	}
}

// jsonKeys is how JSON writes the keys of a shape: in which order, and the text of each with its colon.
type jsonKeys struct {
	order []int32                     // places of the keys
	text  []string                    // by place in order: "key":
	lines [8]atomic.Pointer[[]string] // by depth, for the usual indentation: text with all that comes before
}

// usualIndent is the indentation for which lines are kept.
const usualIndent = 2

// linesAt gives what stands before each value in a map at some depth, nil where that is not kept.
func (k *jsonKeys) linesAt(indent, depth int) []string {
	if indent != usualIndent || depth >= len(k.lines) {
		return nil
	}
	if known := k.lines[depth].Load(); known != nil {
		return *known
	}
	e := &jsonEncoder{indent: indent}
	lines := make([]string, len(k.text))
	for i, text := range k.text {
		lines[i] = string(e.begin(nil, text, i == 0, depth))
	}
	k.lines[depth].Store(&lines)
	return lines
}

// sortedKeys gives how the keys of a shape are written with sort_keys, nil where that is not known: the shape was not
// asked for before and may be no other map's, or not all keys are strings.
func (s *shape) sortedKeys() *jsonKeys {
	if known := s.json.Load(); known != nil {
		return known
	}
	if !s.asked.Load() {
		s.asked.Store(true)
		return nil
	}
	k := &jsonKeys{order: make([]int32, len(s.keys)), text: make([]string, len(s.keys))}
	for i := range s.keys {
		if s.keys[i].Kind() != String {
			return nil
		}
		k.order[i] = int32(i)
	}
	slices.SortFunc(k.order, func(a, b int32) int { return cmp.Compare(s.keys[a].text(), s.keys[b].text()) })
	for i, at := range k.order {
		k.text[i] = string(append(appendJSONString(nil, s.keys[at].text()), ':'))
	}
	s.json.Store(k)
	return k
}

package value

import (
	"cmp"
	"encoding/binary"
	"slices"
	"unsafe"
)

// maxSmall is the number of entries up to which a map is sorted by insertion.
const maxSmall = 64

// sorted pushes the order in which Python's json writes the entries with sort_keys on e.order. It gives false where
// they are in that order already, and pushes nothing.
func (e *jsonEncoder) sorted(entries []Entry) bool {
	if len(entries) > maxSmall {
		return e.sortedLarge(entries)
	}
	base := len(e.order)
	inOrder := true
	for i := range entries {
		key := entries[i].Key
		if key.Kind() != String {
			e.order = e.order[:base]
			return e.sortedMixed(entries)
		}
		text := key.text()
		first := head(text)
		e.order = append(e.order, int32(i))
		order, j := e.order[base:], i
		for ; j > 0 && first <= e.heads[j-1] && (first < e.heads[j-1] || text < entries[order[j-1]].Key.text()); j-- {
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

func (e *jsonEncoder) sortedLarge(entries []Entry) bool {
	base := len(e.order)
	inOrder := true
	for i := range entries {
		if entries[i].Key.Kind() != String {
			e.order = e.order[:base]
			return e.sortedMixed(entries)
		}
		e.order = append(e.order, int32(i))
		inOrder = inOrder && (i == 0 || entries[i-1].Key.text() < entries[i].Key.text())
	}
	if inOrder {
		e.order = e.order[:base]
		return false
	}
	slices.SortFunc(e.order[base:], func(a, b int32) int { return cmp.Compare(entries[a].Key.text(), entries[b].Key.text()) })
	return true
}

// sortedMixed sorts entries of which some have a key that is no string. Python compares keys before it writes them as
// strings: numbers and booleans by size, and nothing with what is of another type.
func (e *jsonEncoder) sortedMixed(entries []Entry) bool {
	base := len(e.order)
	for i := range entries {
		first, key := entries[0].Key, entries[i].Key
		if first.comparison() != key.comparison() {
			e.fail(key.pos, "the keys %s and %s of one map cannot be sorted; quote the one that is no text", describeKey(first), describeKey(key))
			return false
		}
		e.order = append(e.order, int32(i))
	}
	if entries[0].Key.comparison() == Int {
		slices.SortStableFunc(e.order[base:], func(a, b int32) int {
			x, y := entries[a].Key.number(), entries[b].Key.number()
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

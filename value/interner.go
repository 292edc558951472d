package value

import (
	"hash/maphash"
	"math/bits"
	"unsafe"
)

// Interner makes equal values one in memory. Tasks of one kind are alike: most of what a definition holds, another one
// holds too, at the same positions. What is interned must not change any more.
//
// It remembers the latest values only, so its size is fixed; like values come close together. It is for one goroutine.
type Interner struct {
	seed       maphash.Seed
	containers []Value
	texts      []Value
	known      []Value // texts and containers that are interned already, by where they are
	made       []made  // what others became, by where they are
	scratch    []Value
	room       blocks
}

// made is a container that nobody may change, and the interned one that is like it.
type made struct{ of, is unsafe.Pointer }

// NewInterner gives an interner for about n alike values.
func NewInterner(n int) *Interner {
	size := internerSize(n)
	return &Interner{seed: maphash.MakeSeed(), containers: make([]Value, size), texts: make([]Value, size), known: make([]Value, size),
		made: make([]made, size/4)}
}

// Fits says whether the interner is large enough for about n alike values.
func (in *Interner) Fits(n int) bool { return len(in.known) >= internerSize(n) }

func internerSize(n int) int { return 1 << bits.Len(uint(min(max(n, 16), 512)*2)) }

// Texts of these lengths are looked up: shorter ones take no memory worth mentioning, longer ones are rarely the same.
const (
	shortText = 16
	longText  = 4096
)

// Map gives a map that equals m, positions included, and shares what it can with those interned before. It is frozen.
func (in *Interner) Map(m *Map) *Map {
	v := m.Value()
	v.meta |= ownedFlag // it is garbage afterwards
	out := in.Value(v).Map()
	out.Freeze()
	return out
}

// Value gives a value that equals v, positions included, and shares what it can with those interned before.
func (in *Interner) Value(v Value) Value {
	switch v.Kind() {
	case String:
		return in.text(v)
	case MapKind:
		return in.container(v, v.Map().vals)
	case ListKind:
		return in.container(v, v.List().items)
	}
	return v
}

func (in *Interner) text(v Value) Value {
	s := v.text()
	if len(s) < shortText || len(s) >= longText {
		return v
	}
	known := in.lately(v)
	if known.ptr == v.ptr && known.meta == v.meta {
		return v
	}
	slot := &in.texts[maphash.String(in.seed, s)&uint64(len(in.texts)-1)]
	if slot.meta == v.meta && slot.text() == s {
		v.ptr = slot.ptr
		return v
	}
	*slot, *known = v, v
	return v
}

// written gives a text that is in a buffer: one that is there, or else what keep makes of it.
func (in *Interner) written(text []byte, keep func(text []byte) string) Value {
	if len(text) < shortText || len(text) >= longText {
		return NewString(keep(text))
	}
	slot := &in.texts[maphash.Bytes(in.seed, text)&uint64(len(in.texts)-1)]
	if slot.text() != string(text) {
		*slot = NewString(keep(text))
	}
	return slot.At(0)
}

// lately gives the place where a value is remembered that is interned already, so that nothing needs to be done for it.
func (in *Interner) lately(v Value) *Value {
	return &in.known[uint64(uintptr(v.ptr))*mix>>32&uint64(len(in.known)-1)]
}

// container interns the parts of a container, then the container itself.
func (in *Interner) container(v Value, parts []Value) Value {
	var remembered *made
	if v.Shared() {
		if in.lately(v).ptr == v.ptr {
			return v
		}
		remembered = &in.made[uint64(uintptr(v.ptr))*mix>>32&uint64(len(in.made)-1)]
		if remembered.of == v.ptr {
			v.ptr = remembered.is
			return v
		}
	}
	v.meta &^= ownedFlag
	of := v.ptr
	base := len(in.scratch)
	for _, p := range parts {
		in.scratch = append(in.scratch, in.Value(p))
	}
	v.ptr = in.like(v, in.scratch[base:])
	in.scratch = in.scratch[:base]
	if remembered != nil {
		*remembered = made{of, v.ptr}
	}
	return v
}

// like gives a container that is like v and has just these parts, which are interned: one that is there, or a new one.
func (in *Interner) like(v Value, parts []Value) unsafe.Pointer {
	h := uint64(uint32(v.Kind()))
	if m := v.Map(); m != nil {
		h = uint64(uintptr(unsafe.Pointer(m.shape)))
	}
	h = h*mix + uint64(len(parts))
	for _, p := range parts {
		h = (h ^ p.hash()) * mix
	}
	slot := &in.containers[(h^h>>32)&uint64(len(in.containers)-1)]
	if slot.Kind() == v.Kind() && slot.ptr != nil && alike(*slot, v, parts) {
		return slot.ptr
	}
	// Also where no part is another one: what is kept is to lie with what is kept, not among garbage.
	v.ptr = in.room.rebuilt(v, parts)
	*slot, *in.lately(v) = v, v
	return v.ptr
}

const mix = 0x9e3779b97f4a7c15

// hash gives a number that is equal for scalars that are the same, and for the same container.
func (v Value) hash() uint64 {
	h := uint64(v.meta)<<32 | uint64(v.pos)
	switch v.Kind() {
	case Null, Bool:
	case Int:
		h ^= uint64(*(*int64)(v.ptr)) * mix
	case String:
		if s := v.text(); len(s) < shortText { // the others are interned already, or they are their own
			h ^= shortHash(s) * mix
			break
		}
		fallthrough
	default:
		h ^= uint64(uintptr(v.ptr)) * mix
	}
	return h ^ h>>29
}

// shortHash gives a number that is equal for equal short texts, and different for most others.
func shortHash(s string) uint64 {
	switch n := len(s); {
	case n >= 8:
		return word(s) ^ bits.RotateLeft64(word(s[n-8:]), 29)
	case n >= 4:
		return uint64(half(s)) | uint64(half(s[n-4:]))<<32
	case n > 0:
		return uint64(s[0]) | uint64(s[n/2])<<8 | uint64(s[n-1])<<16
	}
	return 0
}

func word(s string) uint64 { return uint64(half(s)) | uint64(half(s[4:]))<<32 }

func half(s string) uint32 {
	_ = s[3]
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

// alike says whether an interned container holds just these parts under the same keys.
func alike(known, v Value, parts []Value) bool {
	var held []Value
	if m := v.Map(); m != nil {
		k := known.Map()
		if k.shape != m.shape || !sameSpots(k.spots, m.spots, len(parts)) {
			return false
		}
		held = k.vals
	} else {
		held = known.List().items
	}
	if len(held) != len(parts) {
		return false
	}
	for i := range held {
		a, b := &held[i], &parts[i]
		if a.meta&^ownedFlag != b.meta || a.pos != b.pos {
			return false
		}
		if a.ptr != b.ptr && (a.Kind() != Int || *(*int64)(a.ptr) != *(*int64)(b.ptr)) && (a.Kind() != String || a.text() != b.text()) {
			return false
		}
	}
	return true
}

// blocks are where interned containers live, next to each other. They all stay as long as the graph does: kept apart from what is
// garbage soon they leave it whole pages to be freed.
type blocks struct {
	vals  []Value
	maps  []Map
	lists []List
}

// rebuilt makes the container anew, of interned parts.
func (b *blocks) rebuilt(v Value, parts []Value) unsafe.Pointer {
	vals := taken(&b.vals, len(parts), 512)
	copy(vals, parts)
	return b.around(v, vals)
}

// around makes a container like v that has just these parts, which it takes over.
func (b *blocks) around(v Value, parts []Value) unsafe.Pointer {
	if m := v.Map(); m != nil {
		c := &taken(&b.maps, 1, 64)[0]
		c.shape, c.vals, c.spots = m.shape, parts, m.lastingSpots()
		return unsafe.Pointer(c)
	}
	c := &taken(&b.lists, 1, 64)[0]
	c.items = parts
	return unsafe.Pointer(c)
}

// taken takes n elements from a block, or from a new one of the size where there are too few left.
func taken[T any](block *[]T, n, size int) []T {
	if n > size/8 && n > len(*block) {
		return make([]T, n)
	}
	if n > len(*block) {
		*block = make([]T, size)
	}
	out := (*block)[:n:n]
	*block = (*block)[n:]
	return out
}

// sameSpots says whether the first n keys of two maps were written at the same places.
func sameSpots(a, b *spots, n int) bool {
	if a == b {
		return true
	}
	for i := range n {
		if a.at(i) != b.at(i) {
			return false
		}
	}
	return true
}

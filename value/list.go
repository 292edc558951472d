package value

import (
	"iter"
	"sync/atomic"
	"unsafe"
)

// List is a list of values. See the package documentation for who may change one. A nil *List reads as an
// empty one.
type List struct {
	items []Value
	cow   atomic.Bool // items may be seen by another List: copy before a change
	arena arenaID     // where it lives, with items; while cow is true items may be on the heap
}

// shareList gives a list that sees l's items and copies them before its first change. It does not touch l.
func shareList(l *List, arena arenaID) *List {
	c := arena.newList(0)
	c.items = l.items
	c.cow.Store(true)
	return c
}

// NewList gives a list of the values.
func NewList(items ...Value) *List {
	for i := range items {
		items[i] = stored(items[i], 0)
	}
	return &List{items: items}
}

// NewListNear gives an empty list with room for n items, which lives where other does: in its [Arena], if it has one.
func NewListNear(other *Map, n int) *List { return other.arena.newList(n) }

// NewStrings gives a list of strings.
func NewStrings(s ...string) *List {
	l := &List{items: make([]Value, len(s))}
	for i := range s {
		l.items[i] = NewString(s[i])
	}
	return l
}

// Value wraps the list. Afterwards the list belongs to whatever holds the Value.
func (l *List) Value() Value { return Value{ptr: unsafe.Pointer(l), meta: uint32(ListKind)} }

// Len gives the number of items.
func (l *List) Len() int {
	if l == nil {
		return 0
	}
	return len(l.items)
}

// At gives the i-th item.
func (l *List) At(i int) Value { return l.items[i] }

// All gives index and item in order.
func (l *List) All() iter.Seq2[int, Value] {
	return func(yield func(int, Value) bool) {
		if l == nil {
			return
		}
		for i := range l.items {
			if !yield(i, l.items[i]) {
				return
			}
		}
	}
}

// Values gives the items in order.
func (l *List) Values() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if l == nil {
			return
		}
		for i := range l.items {
			if !yield(l.items[i]) {
				return
			}
		}
	}
}

// Strings gives the items that are strings.
func (l *List) Strings() []string {
	out := make([]string, 0, l.Len())
	for v := range l.Values() {
		if s, ok := v.AsString(); ok {
			out = append(out, s)
		}
	}
	return out
}

// Contains says whether an item equals v.
func (l *List) Contains(v Value) bool {
	for x := range l.Values() {
		if Equal(x, v) {
			return true
		}
	}
	return false
}

// ContainsString says whether the string s is an item.
func (l *List) ContainsString(s string) bool {
	if l == nil {
		return false
	}
	for i := range l.items {
		if x := l.items[i]; x.Kind() == String && x.text() == s {
			return true
		}
	}
	return false
}

// Copy gives a list that can be changed independently of l.
func (l *List) Copy() *List {
	if l == nil {
		return &List{}
	}
	l.Freeze()
	return shareList(l, l.arena)
}

// Freeze prepares l to be copied and read from several goroutines at once.
func (l *List) Freeze() {
	if !l.cow.Load() {
		l.cow.Store(true)
	}
}

func (l *List) own(extra int) {
	if !l.cow.Load() {
		return
	}
	items := l.arena.values(len(l.items), len(l.items)+extra)
	for i, v := range l.items {
		items[i] = clearOwned(v)
	}
	l.items = items
	l.cow.Store(false)
}

// Append adds items at the end.
func (l *List) Append(items ...Value) {
	l.own(len(items))
	l.items = l.arena.grown(l.items, len(items))
	for _, v := range items {
		l.items = append(l.items, stored(v, l.arena))
	}
}

// AppendStrings adds strings at the end.
func (l *List) AppendStrings(items ...string) {
	l.own(len(items))
	l.items = l.arena.grown(l.items, len(items))
	for _, s := range items {
		l.items = append(l.items, NewString(s))
	}
}

// SetAt replaces the i-th item.
func (l *List) SetAt(i int, v Value) {
	l.own(0)
	l.items[i] = stored(v, l.arena)
}

// EditMap gives the map that is the i-th item, to be changed; nil where that is no map.
func (l *List) EditMap(i int) *Map {
	if l.items[i].Kind() != MapKind {
		return nil
	}
	l.own(0)
	v := &l.items[i]
	if v.meta&ownedFlag == 0 {
		v.ptr = unsafe.Pointer(shareMap((*Map)(v.ptr), l.arena))
		v.meta |= ownedFlag
	}
	return (*Map)(v.ptr)
}

// EditList gives the list that is the i-th item, to be changed; nil where that is no list.
func (l *List) EditList(i int) *List {
	if l.items[i].Kind() != ListKind {
		return nil
	}
	l.own(0)
	return editList(&l.items[i], l.arena)
}

func editList(v *Value, holder arenaID) *List {
	if v.meta&ownedFlag == 0 {
		v.ptr = unsafe.Pointer(shareList((*List)(v.ptr), holder))
		v.meta |= ownedFlag
	}
	return (*List)(v.ptr)
}

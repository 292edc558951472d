package value

import (
	"sync"
	"unsafe"

	"github.com/taskgraph-go/decision/diag"
)

// Arena is memory for the containers of one stub while it is transformed. Most of them are garbage when the task is made, so that
// what they take can serve the next stub at once, without the garbage collector. It is for one goroutine. The nil *Arena has no
// memory: containers are made on the heap.
//
// A container that [Arena.Adopt] gives lives in the arena, and so does what is made of it: its copies, and what its EditMap and
// EditList give. All of it ends with [Arena.Reset]. What the heap holds never ends there: a container on the heap that is given
// one of an arena takes a copy of it, as [Value.Kept] makes it.
type Arena struct {
	id    arenaID
	maps  cells[Map]
	lists cells[List]
	vals  cells[Value]
	spots cells[diag.Pos]
	lines cells[spots]
}

// arenaID is the place of an arena in arenas; 0 is the heap. It is smaller than an address, and every container has one.
type arenaID uint8

var (
	arenas    [1 << 8]*Arena
	arenaLock sync.Mutex // guards the places in arenas, not what is there
	inUse     [1 << 8]bool
)

// NewArena gives an arena, nil where there are too many. It must be ended with [Arena.Close].
func NewArena() *Arena {
	arenaLock.Lock()
	defer arenaLock.Unlock()
	for id := 1; id < len(arenas); id++ {
		if inUse[id] {
			continue
		}
		inUse[id] = true
		if arenas[id] == nil {
			arenas[id] = &Arena{id: arenaID(id)}
		}
		return arenas[id]
	}
	return nil
}

// Close ends all that lives in the arena, and the arena.
func (a *Arena) Close() {
	if a == nil {
		return
	}
	a.Reset()
	arenaLock.Lock()
	defer arenaLock.Unlock()
	inUse[a.id] = false
}

// Reset ends all that lives in the arena: nobody may use it any more, and its memory serves what comes next.
func (a *Arena) Reset() {
	if a == nil {
		return
	}
	a.maps.reset(1 << 12)
	a.lists.reset(1 << 12)
	a.vals.reset(1 << 16)
	a.spots.reset(1 << 14)
	a.lines.reset(1 << 12)
}

// Mark is a moment in the life of an [Arena].
type Mark struct{ maps, lists, vals, spots, lines moment }

// Mark notes what lives in the arena.
func (a *Arena) Mark() Mark {
	if a == nil {
		return Mark{}
	}
	return Mark{a.maps.moment(), a.lists.moment(), a.vals.moment(), a.spots.moment(), a.lines.moment()}
}

// Release ends what came to live in the arena since the mark. Containers that are older must not have been changed since.
func (a *Arena) Release(m Mark) {
	if a == nil {
		return
	}
	a.maps.release(m.maps)
	a.lists.release(m.lists)
	a.vals.release(m.vals)
	a.spots.release(m.spots)
	a.lines.release(m.lines)
}

// Adopt gives a map with m's entries that lives in the arena. m stays as it is, and must not be changed while that one lives.
func (a *Arena) Adopt(m *Map) *Map {
	if a == nil {
		return m
	}
	return shareMap(m, a.id)
}

// cells hands memory out. What was handed out before a reset is handed out again.
type cells[T any] struct {
	block  []T
	number int // of the block: smaller ones came before
	used   int
	taken  [][]T // all that was handed out, where [ended] wants to see it
}

// moment is how far cells were used at some time.
type moment struct{ number, used int }

// take gives n cells that may hold anything.
func (c *cells[T]) take(n int) []T {
	if checked {
		out := make([]T, n)
		c.taken = append(c.taken, out)
		return out
	}
	if c.used+n > len(c.block) {
		c.block, c.used = make([]T, max(2*len(c.block), n, 64)), 0
		c.number++
	}
	out := c.block[c.used : c.used+n : c.used+n]
	c.used += n
	return out
}

func (c *cells[T]) moment() moment {
	if checked {
		return moment{used: len(c.taken)}
	}
	return moment{c.number, c.used}
}

// release makes the cells free that were handed out since a moment.
func (c *cells[T]) release(m moment) {
	switch {
	case checked:
		ended(c.taken[m.used:])
		c.taken = c.taken[:m.used]
	case m.number == c.number:
		c.used = m.used
	default: // all of the block; those before it are not used any more
		c.used = 0
	}
}

// reset makes all cells free. A block of more than most cells is given up.
func (c *cells[T]) reset(most int) {
	c.release(moment{})
	if len(c.block) > most {
		c.block = nil
	}
	c.used = 0
}

// newMap gives an empty map with room for n entries, in an arena or on the heap.
func (id arenaID) newMap(n int) *Map {
	if id == 0 {
		return &Map{vals: id.values(0, n)}
	}
	m := &arenas[id].maps.take(1)[0]
	m.shape, m.vals, m.spots, m.private, m.local, m.arena = nil, id.values(0, n), nil, false, false, id
	m.cow.Store(false)
	return m
}

// newList gives an empty list with room for n items, in an arena or on the heap.
func (id arenaID) newList(n int) *List {
	if id == 0 {
		return &List{items: id.values(0, n)}
	}
	l := &arenas[id].lists.take(1)[0]
	l.items, l.arena = id.values(0, n), id
	l.cow.Store(false)
	return l
}

// values gives n values that may hold anything, with room for more, in an arena or on the heap.
func (id arenaID) values(n, room int) []Value {
	if room == 0 {
		return nil
	}
	if id == 0 {
		return make([]Value, n, room)
	}
	return arenas[id].vals.take(room)[:n]
}

// grown gives values with room for n more.
func (id arenaID) grown(vals []Value, n int) []Value {
	if len(vals)+n <= cap(vals) {
		return vals
	}
	out := id.values(len(vals), room(len(vals)+n+len(vals)/4))
	copy(out, vals)
	return out
}

// Lasting says whether v lives for as long as something holds it, and not in an [Arena].
func (v Value) Lasting() bool { return v.arena() == 0 }

// arena gives where a container lives. Scalars live on the heap.
func (v Value) arena() arenaID {
	if v.ptr == nil {
		return 0
	}
	switch v.Kind() {
	case MapKind:
		return (*Map)(v.ptr).arena
	case ListKind:
		return (*List)(v.ptr).arena
	}
	return 0
}

// Kept gives v itself where it does not live in an [Arena], and else a copy of it on the heap. It is for who keeps a part of a
// stub for longer than the stub is transformed, and for who wants its [Value.Identity].
func (v Value) Kept() Value {
	if v.arena() == 0 {
		return v
	}
	v.meta &^= ownedFlag
	var vals []Value
	if m := v.Map(); m != nil {
		m.Freeze() // its shape is the copy's, too
		c := &Map{shape: m.shape, spots: m.lastingSpots(), vals: make([]Value, len(m.vals))}
		copy(c.vals, m.vals)
		v.ptr, vals = unsafe.Pointer(c), c.vals
	} else {
		c := &List{items: make([]Value, v.List().Len())}
		copy(c.items, v.List().items)
		v.ptr, vals = unsafe.Pointer(c), c.items
	}
	for i, part := range vals {
		vals[i] = clearOwned(part).Kept()
	}
	return v
}

package value

import (
	"iter"
	"math"
	"slices"
	"strconv"
	"sync/atomic"
	"unsafe"

	"github.com/taskgraph-go/decision/diag"
)

// Entry is a key and a value of a [Map].
type Entry struct{ Key, Value Value }

// Map is an ordered map of values. See the package documentation for who may change one. A nil *Map reads as
// an empty one, and so does the zero Map.
type Map struct {
	shape   *shape
	vals    []Value     // as many as the shape has keys
	spots   *spots      // where the first keys were written; shared, never changed
	cow     atomic.Bool // vals and shape may be seen by another Map: copy before a change
	private bool        // while cow is false: the shape belongs to this map
	arena   arenaID     // where it lives, with vals; while cow is true vals may be on the heap
	local   bool        // spots live in the arena, too
}

// shareMap gives a map that sees m's entries and copies them before its first change. It does not touch m.
func shareMap(m *Map, arena arenaID) *Map {
	c := arena.newMap(0)
	c.shape, c.vals, c.spots, c.local = m.shape, m.vals, m.spots, m.local
	c.cow.Store(true)
	return c
}

// NewMap gives an empty map with room for n entries.
func NewMap(n int) *Map { return arenaID(0).newMap(n) }

// NewMapNear gives an empty map with room for n entries, which lives where other does: in its [Arena], if it has one.
func NewMapNear(other *Map, n int) *Map { return other.arena.newMap(n) }

// MapOf gives a map of alternating keys and values, which are passed to [Of].
func MapOf(pairs ...any) *Map {
	m := NewMap(len(pairs) / 2)
	for i := 0; i < len(pairs); i += 2 {
		m.Set(pairs[i].(string), Of(pairs[i+1]))
	}
	return m
}

// Value wraps the map. Afterwards the map belongs to whatever holds the Value.
func (m *Map) Value() Value { return Value{ptr: unsafe.Pointer(m), meta: uint32(MapKind)} }

// Len gives the number of entries.
func (m *Map) Len() int {
	if m == nil {
		return 0
	}
	return len(m.vals)
}

// Entry gives the i-th entry in insertion order.
func (m *Map) Entry(i int) Entry { return Entry{m.key(i), m.vals[i]} }

// key gives the key of the i-th entry.
func (m *Map) key(i int) Value {
	k := m.shape.keys[i]
	k.pos = m.spots.at(i)
	return k
}

// spots are the positions of the first keys of a map. The others have none.
type spots []diag.Pos

// newSpots gives the map n other spots, which may hold anything, and gives those. The ones before stay as they are.
func (m *Map) newSpots(n int) spots {
	if m.arena == 0 {
		m.spots = heapSpots(n)
		return *m.spots
	}
	a := arenas[m.arena]
	at := &a.lines.take(1)[0]
	*at = a.spots.take(n)
	m.spots, m.local = at, true
	return *at
}

// heapSpots gives spots for n keys, which are one object with their places unless there are many.
func heapSpots(n int) *spots {
	const few = 18
	if n > few {
		s := make(spots, n)
		return &s
	}
	s := &struct {
		spots
		room [few]diag.Pos
	}{}
	s.spots = s.room[:n]
	return &s.spots
}

// lastingSpots gives the spots on the heap.
func (m *Map) lastingSpots() *spots {
	if !m.local {
		return m.spots
	}
	s := heapSpots(len(*m.spots))
	copy(*s, *m.spots)
	return s
}

func (s *spots) at(i int) diag.Pos {
	if s == nil || i >= len(*s) {
		return 0
	}
	return (*s)[i]
}

// find gives the place of a string key, -1 when it is absent.
func (m *Map) find(key string) int {
	if m == nil || m.shape == nil {
		return -1
	}
	return m.shape.find(key)
}

// findKey gives the place of any key. Keys are equal as in Python: 1, 1.0 and true are one.
func (m *Map) findKey(key Value) int {
	if m == nil {
		return -1
	}
	if key.Kind() == String {
		return m.find(key.text())
	}
	for i := range m.vals {
		if k := m.shape.keys[i]; k.Kind() != String && Equal(k, key) {
			return i
		}
	}
	return -1
}

// Get gives the value of a string key and whether the key is there.
func (m *Map) Get(key string) (Value, bool) {
	if i := m.find(key); i >= 0 {
		return m.vals[i], true
	}
	return Value{}, false
}

// GetKey gives the value of any key and whether the key is there.
func (m *Map) GetKey(key Value) (Value, bool) {
	if i := m.findKey(key); i >= 0 {
		return m.vals[i], true
	}
	return Value{}, false
}

// At gives the value of a string key, null when it is absent.
func (m *Map) At(key string) Value {
	v, _ := m.Get(key)
	return v
}

// Has says whether the string key is there.
func (m *Map) Has(key string) bool { return m.find(key) >= 0 }

// Str gives the string at a key, "" when it is absent or no string.
func (m *Map) Str(key string) string { return m.At(key).Str() }

// Index gives the place of a key among the entries, -1 where it is absent. It changes when an entry before it is deleted.
func (m *Map) Index(key Value) int { return m.findKey(key) }

// ValueAt gives the value of the i-th entry.
func (m *Map) ValueAt(i int) Value { return m.vals[i] }

// Layout stands for the keys of the map in their order, without their positions: what is true of them is true of those of every map with
// the same layout, for as long as something holds it. It is nil where the map shares its keys with no other one.
func (m *Map) Layout() unsafe.Pointer {
	if m == nil || m.shape == nil || m.shape.single {
		return nil
	}
	return unsafe.Pointer(m.shape)
}

// KeyPos gives where a key was written.
func (m *Map) KeyPos(key string) diag.Pos {
	if i := m.find(key); i >= 0 {
		if p := m.key(i).pos; p != 0 {
			return p
		}
		return m.vals[i].pos
	}
	return 0
}

// All gives keys and values in insertion order. A key that is no string is given as JSON would write it.
func (m *Map) All() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		if m == nil {
			return
		}
		for i := range m.vals {
			if !yield(m.key(i).KeyText(), m.vals[i]) {
				return
			}
		}
	}
}

// Entries gives the entries in insertion order.
func (m *Map) Entries() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		if m == nil {
			return
		}
		for i := range m.vals {
			if !yield(m.Entry(i)) {
				return
			}
		}
	}
}

// Keys gives the keys in insertion order, as All does.
func (m *Map) Keys() []string {
	out := make([]string, 0, m.Len())
	for k := range m.All() {
		out = append(out, k)
	}
	return out
}

// KeyText gives a key's text: the string itself, or what Python's json makes of another scalar.
func (v Value) KeyText() string {
	switch v.Kind() {
	case String:
		return v.text()
	case Null:
		return "null"
	case Bool:
		return strconv.FormatBool(v.IsTrue())
	case Int, BigInt:
		return v.AsBigInt().String()
	case Float:
		return FormatFloat(*(*float64)(v.ptr))
	case Time, Date:
		t, _ := v.AsTime()
		return t.Format("2006-01-02")
	}
	return v.Describe()
}

// FormatFloat writes a float as Python's repr does: the shortest digits that read back, with ".0" where it is
// integral, an exponent from 1e16 up and below 1e-4.
func FormatFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	if a := math.Abs(f); a != 0 && (a >= 1e16 || a < 1e-4) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !slices.Contains([]byte(s), '.') {
		s += ".0"
	}
	return s
}

// Copy gives a map that can be changed independently of m. It costs the same whatever m holds. m stays the
// caller's, but containers got from it with EditMap or EditList before the copy must be got again.
func (m *Map) Copy() *Map {
	if m == nil {
		return &Map{}
	}
	m.Freeze()
	return shareMap(m, m.arena)
}

// Freeze prepares m to be copied and read from several goroutines at once. Changing m stays possible for its
// owner, at the price of one copy of its entries.
func (m *Map) Freeze() {
	if !m.cow.Load() {
		m.cow.Store(true)
	}
}

// own makes the entries m's alone, with room for extra more.
func (m *Map) own(extra int) {
	if !m.cow.Load() {
		return
	}
	vals := m.arena.values(len(m.vals), room(len(m.vals)+extra))
	for i, v := range m.vals {
		vals[i] = clearOwned(v)
	}
	m.vals, m.private = vals, false
	m.cow.Store(false)
}

// room gives how many entries to make place for where at least n are needed: a map that changes mostly grows, by a few.
func room(n int) int { return (n + 3) &^ 3 }

// clearOwned is used on every value of a holder that is copied: both holders have to copy it before a change.
func clearOwned(v Value) Value {
	if v.Kind() >= ListKind {
		v.meta &^= ownedFlag
	}
	return v
}

// stored is used on every value that is put into a container. One that was read from a holder which may change it in
// place is shared from now on, as if it had been copied: neither sees what happens to the other. What is in an arena that is not
// the holder's is copied.
func stored(v Value, holder arenaID) Value {
	if v.Kind() < ListKind {
		return v
	}
	if in := v.arena(); in != 0 && in != holder {
		return v.Kept()
	}
	if v.meta&ownedFlag == 0 {
		return v
	}
	switch v.Kind() {
	case MapKind:
		v.ptr = unsafe.Pointer((*Map)(v.ptr).Copy())
	case ListKind:
		v.ptr = unsafe.Pointer((*List)(v.ptr).Copy())
	}
	v.meta &^= ownedFlag
	return v
}

// Set sets a string key. A new key goes to the end; one that is there keeps its place.
func (m *Map) Set(key string, v Value) { m.put(m.find(key), NewString(key), v) }

// SetKey sets any key; one that is there keeps its place and spelling.
func (m *Map) SetKey(key, v Value) { m.put(m.findKey(key), key, v) }

func (m *Map) put(i int, key, v Value) {
	if i >= 0 {
		m.own(0)
		m.vals[i] = stored(v, m.arena)
		return
	}
	m.own(4)
	m.grow(key)
	m.vals = append(m.arena.grown(m.vals, 1), stored(v, m.arena))
}

// grow makes the shape the one with a key more. The caller owns m.
func (m *Map) grow(key Value) {
	if key.pos != 0 {
		m.placeKeys(len(m.vals), []diag.Pos{key.pos})
		key.pos = 0
	}
	if m.private {
		m.shape.extend(key)
		return
	}
	from := m.shape
	if from == nil {
		from = noKeys
	}
	to, shared := from.with(key)
	m.shape, m.private = to, !shared
}

// placeKeys notes where the keys from the n-th on were written.
func (m *Map) placeKeys(n int, places []diag.Pos) {
	if !slices.ContainsFunc(places, func(p diag.Pos) bool { return p != 0 }) {
		return
	}
	before := m.spots
	at := m.newSpots(n + len(places))
	known := 0
	if before != nil {
		known = copy(at, *before)
	}
	clear(at[known:n])
	copy(at[n:], places)
}

// SetDefault sets a key that is absent and says whether it did.
func (m *Map) SetDefault(key string, v Value) bool {
	if m.Has(key) {
		return false
	}
	m.put(-1, NewString(key), v)
	return true
}

// Update sets every entry of other.
func (m *Map) Update(other *Map) {
	if m.updateAtOnce(other, false) {
		return
	}
	for e := range other.Entries() {
		m.SetKey(e.Key, e.Value)
	}
}

// SetDefaults sets every entry of other whose key is absent.
func (m *Map) SetDefaults(other *Map) {
	if m.updateAtOnce(other, true) {
		return
	}
	for e := range other.Entries() {
		if m.findKey(e.Key) < 0 {
			m.put(-1, e.Key, e.Value)
		}
	}
}

// updateAtOnce does an update whose plan is known: the usual case when the same map updates many.
func (m *Map) updateAtOnce(other *Map, fill bool) bool {
	if other.Len() == 0 {
		return true
	}
	if other.spots != nil || other.private || m.private && !m.cow.Load() {
		return false
	}
	from := m.shape
	if from == nil {
		from = noKeys
	}
	p := from.update(other.shape, fill)
	if p == nil {
		return false
	}
	size := len(p.to.keys)
	if fill && p.to == m.shape {
		return true
	}
	switch {
	case m.cow.Load():
		vals := m.arena.values(size, room(size+4))
		for i, v := range m.vals {
			vals[i] = clearOwned(v)
		}
		m.vals, m.private = vals, false
		m.cow.Store(false)
	case size <= cap(m.vals):
		m.vals = m.vals[:size]
	default:
		m.vals = append(m.arena.values(0, room(size+size/2)), m.vals...)[:size]
	}
	m.shape = p.to
	for i, at := range p.at {
		if at >= 0 {
			m.vals[at] = stored(other.vals[i], m.arena)
		}
	}
	return true
}

// Delete removes a key and gives the value that it had.
func (m *Map) Delete(key string) (Value, bool) {
	i := m.find(key)
	if i < 0 {
		return Value{}, false
	}
	return m.DeleteAt(i), true
}

// DeleteAt removes the i-th entry and gives the value that it had.
func (m *Map) DeleteAt(i int) Value {
	m.own(0)
	v := m.vals[i]
	m.vals = slices.Delete(m.vals, i, i+1)
	if m.spots != nil && i < len(*m.spots) {
		before := *m.spots
		at := m.newSpots(len(before) - 1)
		copy(at[copy(at, before[:i]):], before[i+1:])
	}
	if m.private {
		m.shape.cut(i)
	} else {
		to, shared := m.shape.without(i)
		m.shape, m.private = to, !shared
	}
	return v
}

// EditMap gives the map at a key, to be changed. It makes an empty one where the key is absent, and gives nil
// where something else stands there.
func (m *Map) EditMap(key string) *Map {
	i := m.find(key)
	if i < 0 {
		c := m.arena.newMap(0)
		m.put(-1, NewString(key), c.Value())
		m.vals[len(m.vals)-1].meta |= ownedFlag
		return c
	}
	return m.editMapAt(i)
}

func (m *Map) editMapAt(i int) *Map {
	if m.vals[i].Kind() != MapKind {
		return nil
	}
	m.own(0)
	v := &m.vals[i]
	if v.meta&ownedFlag == 0 {
		v.ptr = unsafe.Pointer(shareMap((*Map)(v.ptr), m.arena))
		v.meta |= ownedFlag
	}
	return (*Map)(v.ptr)
}

// EditList gives the list at a key, to be changed. It makes an empty one where the key is absent, and gives nil
// where something else stands there.
func (m *Map) EditList(key string) *List {
	i := m.find(key)
	if i < 0 {
		l := m.arena.newList(0)
		m.put(-1, NewString(key), l.Value())
		m.vals[len(m.vals)-1].meta |= ownedFlag
		return l
	}
	if m.vals[i].Kind() != ListKind {
		return nil
	}
	m.own(0)
	return editList(&m.vals[i], m.arena)
}

// SetAt replaces the value of the i-th entry.
func (m *Map) SetAt(i int, v Value) {
	m.own(0)
	m.vals[i] = stored(v, m.arena)
}

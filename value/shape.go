package value

import (
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/taskgraph-go/decision/internal/keyhash"
)

// shape is the keys of maps, in order, without their positions. Maps that got the same keys in the same order share one: a
// project has many thousand maps and a few thousand shapes. What depends on the keys alone is worked out once for all of
// them: where a key is, in which order JSON writes them, and how.
//
// A shape does not change, except that a map which nobody shares may extend one that is its own. All that is added later
// are caches, which are safe for concurrent use.
type shape struct {
	keys   []Value
	index  atomic.Pointer[map[string]int32] // places of string keys, once there are many
	spread atomic.Pointer[spread]           // places of string keys, while there are not
	single bool                             // it belongs to one map, which may change it
	json   atomic.Pointer[jsonKeys]
	asked  atomic.Bool // JSON was asked for once

	plans atomic.Pointer[[]plan]
	few   atomic.Pointer[[]transition]
	mu    sync.RWMutex // guards many, and additions to few
	many  map[change]*shape
}

// change is a key more at the end, or a key less.
type change struct {
	key    string
	remove bool
}

// transition leads from a shape to the one after a change.
type transition struct {
	change
	to *shape // nil where the change was asked for once
}

const (
	// atOnce is how many transitions a shape has for which there is a shape at once. Further ones get it when they are asked for the
	// second time: keys of one map only, such as labels, would have a shape for each key otherwise.
	atOnce = 4
	// fewTransitions are looked through one by one.
	fewTransitions = 8
	// maxTransitions is how many shapes a shape leads to. Where keys are names that differ from map to map, sharing would
	// not pay off: each further map gets a shape of its own. There are more first keys than others, and their shapes are small.
	maxTransitions = 512
	maxFirst       = 1 << 14
)

// maxShared is how many keys a shape has at most that leads to others. A larger map is one of names, such as the tasks of a kind,
// and each step on the way to it would be a copy of all keys.
const maxShared = 64

// indexed is the number of keys from which an index is kept.
const indexed = 24

// noKeys is where every new map starts.
var noKeys = &shape{}

// find gives the place of a string key, -1 when it is absent.
func (s *shape) find(key string) int {
	keys := s.keys
	if len(keys) >= indexed {
		if i, ok := s.names()[key]; ok {
			return int(i)
		}
		return -1
	}
	want := uint32(String) | uint32(len(key))<<lenShift
	asked := unsafe.StringData(key)
	if len(keys) >= spreadFrom && !s.single {
		p := s.places()
		switch i := int(p.at[p.hash(key)]) - 1; i {
		case -1:
			return -1
		case several - 1:
		default:
			k := &keys[i]
			if k.meta != want || k.ptr != unsafe.Pointer(asked) && p.asked[i].Load() != asked && !p.is(i, k, key) {
				return -1
			}
			return i
		}
	}
	for i := range keys {
		if k := &keys[i]; k.meta == want && (k.ptr == unsafe.Pointer(asked) || k.text() == key) {
			return i
		}
	}
	return -1
}

// spread has the places of string keys, by a hash of the key: most keys that are asked for are not there.
type spread struct {
	factor uint32
	at     [64]uint8 // from 1; several stands where more than one key has the hash
	// asked are constants of the program that were asked for and found to be the keys.
	asked [indexed]atomic.Pointer[byte]
}

const (
	several = 255
	// spreadFrom is the number of keys from which a spread is kept.
	spreadFrom = 4
	// spreadFactor is the first factor of a hash that is tried, maxFactors how many are until no two keys have the same.
	spreadFactor, maxFactors = 2654435761, 16
)

// hash gives the place of a key in a spread.
func (p *spread) hash(key string) uint32 {
	if key == "" {
		return 0
	}
	return keyhash.Mix(key) * p.factor >> 26
}

// is says whether a key, which has the length of the one at a place, is that.
func (p *spread) is(i int, k *Value, key string) bool {
	if k.text() != key {
		return false
	}
	if text := unsafe.StringData(key); p.asked[i].Load() == nil && isConstant(text) {
		p.asked[i].Store(text)
	}
	return true
}

// isConstant says whether a text lies where the constants of the program do, so that nothing is kept from being freed with it.
func isConstant(text *byte) bool {
	const near = 64 << 20
	return uintptr(unsafe.Pointer(text))-aConstant+near < 2*near
}

var aConstant = uintptr(unsafe.Pointer(unsafe.StringData("name")))

// fill takes the keys, and gives how many have the hash of another one.
func (p *spread) fill(keys []Value, factor uint32) (same int) {
	p.factor, p.at = factor, [64]uint8{}
	for i, k := range keys {
		if k.Kind() != String {
			continue
		}
		if at := &p.at[p.hash(k.text())]; *at == 0 {
			*at = uint8(i + 1)
		} else {
			*at = several
			same++
		}
	}
	return same
}

// places gives the spread, which it makes when it is first asked for.
func (s *shape) places() *spread {
	if p := s.spread.Load(); p != nil {
		return p
	}
	p := &spread{}
	best, least := uint32(0), len(s.keys)
	for n := range uint32(maxFactors) {
		factor := uint32(spreadFactor) + 2*n*spreadFactor
		if same := p.fill(s.keys, factor); same < least {
			best, least = factor, same
		}
		if least == 0 {
			break
		}
	}
	if p.factor != best {
		p.fill(s.keys, best)
	}
	s.spread.Store(p)
	return p
}

// names gives the index, which it makes when it is first asked for.
func (s *shape) names() map[string]int32 {
	if m := s.index.Load(); m != nil {
		return *m
	}
	m := make(map[string]int32, len(s.keys)+1)
	for i, k := range s.keys {
		if k.Kind() == String {
			m[k.text()] = int32(i)
		}
	}
	s.index.Store(&m)
	return m
}

// step gives the shape after a change, nil where there is none yet.
func (s *shape) step(key string, remove bool) *shape {
	few := s.few.Load()
	if few == nil {
		return nil
	}
	for i := range *few {
		t := &(*few)[i]
		if len(t.key) == len(key) && t.remove == remove && t.key == key {
			return t.to
		}
	}
	if len(*few) < fewTransitions {
		return nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.many[change{key, remove}]
}

// with gives the shape with a key more. shared is false where the shape belongs to the map that asks.
func (s *shape) with(key Value) (to *shape, shared bool) {
	if key.Kind() == String {
		if to := s.step(key.text(), false); to != nil {
			return to, true
		}
	}
	to = &shape{keys: make([]Value, len(s.keys)+1, len(s.keys)+4)}
	copy(to.keys, s.keys)
	to.keys[len(s.keys)] = key
	return s.lead(key, false, to)
}

// without gives the shape without the i-th key.
func (s *shape) without(i int) (to *shape, shared bool) {
	key := s.keys[i]
	if key.Kind() == String {
		if to := s.step(key.text(), true); to != nil {
			return to, true
		}
	}
	to = &shape{keys: make([]Value, 0, len(s.keys)-1)}
	to.keys = append(append(to.keys, s.keys[:i]...), s.keys[i+1:]...)
	return s.lead(key, true, to)
}

// lead makes to the shape after a change, unless another goroutine was faster or there are enough.
func (s *shape) lead(key Value, remove bool, to *shape) (*shape, bool) {
	if key.Kind() != String || len(s.keys) >= maxShared {
		return to.alone()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := change{key.text(), remove}
	var few []transition
	if before := s.few.Load(); before != nil {
		few = slices.Clone(*before)
	}
	for i := range few {
		if t := &few[i]; t.change == c {
			if t.to == nil {
				t.to = to
				s.few.Store(&few)
			}
			return t.to, true
		}
	}
	if n := len(few); n < fewTransitions {
		t := transition{change: c}
		if n < atOnce {
			t.to = to
		}
		few = append(few, t)
		s.few.Store(&few)
		if n < atOnce {
			return to, true
		}
		return to.alone()
	}
	other, asked := s.many[c]
	n := len(s.many)
	switch {
	case other != nil:
		return other, true
	case asked:
		s.many[c] = to
		return to, true
	case n == 0:
		s.many = map[change]*shape{c: nil}
	case n < maxTransitions || n < maxFirst && s == noKeys:
		s.many[c] = nil
	}
	return to.alone()
}

// alone gives the shape to one map.
func (s *shape) alone() (to *shape, shared bool) {
	s.single = true
	return s, false
}

// surely gives the shape with a key more as if it had been asked for before.
func (s *shape) surely(key Value) (to *shape, shared bool) {
	if to, shared = s.with(key); shared {
		return to, true
	}
	return s.with(key)
}

// shapeOf gives the shared shape of keys, nil where they have none.
func shapeOf(entries []Entry) *shape {
	if len(entries) > maxWritten {
		return nil
	}
	s, shared := noKeys, true
	for i := range entries {
		if s, shared = s.surely(entries[i].Key.At(0)); !shared {
			return nil
		}
	}
	return s
}

// maxWritten is how many keys a map in a document has at most that shares its shape with others.
const maxWritten = 32

// extend adds a key to a shape that belongs to one map.
func (s *shape) extend(key Value) {
	s.keys = append(s.keys, key)
	s.json.Store(nil)
	if m := s.index.Load(); m != nil && key.Kind() == String {
		(*m)[key.text()] = int32(len(s.keys) - 1)
	}
}

// cut removes a key from a shape that belongs to one map.
func (s *shape) cut(i int) {
	s.keys = append(s.keys[:i], s.keys[i+1:]...)
	s.json.Store(nil)
	s.index.Store(nil)
}

// plan says how a map of one shape is updated with one of another: the shape of the result, and where in it each value goes.
type plan struct {
	with *shape
	fill bool // what is there stays: such values go to -1
	to   *shape
	at   []int32
}

// maxPlans is how many plans a shape keeps.
const maxPlans = 16

// update gives the plan for an update with a map of another shape, nil where it is not worth to have one.
func (s *shape) update(with *shape, fill bool) *plan {
	var known []plan
	if p := s.plans.Load(); p != nil {
		known = *p
		for i := range known {
			if known[i].with == with && known[i].fill == fill {
				return &known[i]
			}
		}
	}
	if len(known) >= maxPlans || len(with.keys) >= maxShared {
		return nil
	}
	made := plan{with: with, fill: fill, to: s, at: make([]int32, len(with.keys))}
	for i, k := range with.keys {
		if k.Kind() != String {
			return nil
		}
		at := made.to.find(k.text())
		if at < 0 {
			to, shared := made.to.with(k)
			if !shared {
				return nil
			}
			made.to, at = to, len(to.keys)-1
		}
		if fill && at < len(s.keys) {
			at = -1
		}
		made.at[i] = int32(at)
	}
	next := append(known[:len(known):len(known)], made)
	s.plans.Store(&next)
	return &made
}

// Keys is the keys of maps that are made often: [Keys.Map] makes one in a single step. It is immutable and safe for concurrent
// use.
type Keys struct{ shape *shape }

// NewKeys gives the keys with the names, which must be distinct.
func NewKeys(names ...string) Keys {
	s := noKeys
	for _, n := range names {
		if s.find(n) >= 0 {
			panic("value: key twice: " + n)
		}
		s, _ = s.surely(NewString(n))
	}
	return Keys{s}
}

// Map gives a map of the keys with the values, as many as there are keys.
func (k Keys) Map(values ...Value) *Map {
	return k.in(0, values)
}

// MapNear gives a map as [Keys.Map] does, which lives where other does: in its [Arena], if it has one.
func (k Keys) MapNear(other *Map, values ...Value) *Map { return k.in(other.arena, values) }

func (k Keys) in(arena arenaID, values []Value) *Map {
	if len(values) != len(k.shape.keys) {
		panic("value: as many values as keys are needed")
	}
	m := arena.newMap(len(values))
	m.shape = k.shape
	for _, v := range values {
		m.vals = append(m.vals, stored(v, arena))
	}
	return m
}

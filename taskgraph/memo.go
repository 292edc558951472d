package taskgraph

import (
	"hash/maphash"
	"reflect"
	"sync"
	"sync/atomic"
)

// Memo gives what produce gives for a key, which it is asked for once in the kind of cfg as a rule. Tasks of a kind are alike, so that what is
// worked out for one often serves others. The result is shared: it must not be changed. A key has a type of its own, so that nobody
// else has the same one.
func Memo[K comparable, V any](cfg *Config, key K, produce func() V) V {
	t := memoOf[K, V](cfg)
	latest := &t.latest[maphash.Comparable(memoSeed, key)%uint64(len(t.latest))]
	if e := latest.Load(); e != nil && e.key == key {
		return e.value
	}
	e := t.get(key)
	if e == nil {
		e = t.add(&memoEntry[K, V]{key, produce()})
	}
	latest.Store(e)
	return e.value
}

// MemoErr is [Memo] for what may fail. The error is kept, too.
func MemoErr[K comparable, V any](cfg *Config, key K, produce func() (V, error)) (V, error) {
	a := Memo(cfg, key, func() (a answer[V]) {
		a.value, a.err = produce()
		return a
	})
	return a.value, a.err
}

type answer[V any] struct {
	value V
	err   error
}

var memoSeed = maphash.MakeSeed()

// memo is what is known of the keys of one type. Reading what was asked for lately takes no lock.
type memo[K comparable, V any] struct {
	latest [64]atomic.Pointer[memoEntry[K, V]] // by hash of the key

	mu  sync.Mutex
	all map[K]*memoEntry[K, V]
}

type memoEntry[K comparable, V any] struct {
	key   K
	value V
}

func memoOf[K comparable, V any](cfg *Config) *memo[K, V] {
	of := reflect.TypeFor[K]()
	t, ok := cfg.memos.Load(of)
	if !ok {
		t, _ = cfg.memos.LoadOrStore(of, &memo[K, V]{all: map[K]*memoEntry[K, V]{}})
	}
	return t.(*memo[K, V])
}

func (t *memo[K, V]) get(key K) *memoEntry[K, V] {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.all[key]
}

// add adds an entry, unless somebody was faster, and gives the one that is there.
func (t *memo[K, V]) add(e *memoEntry[K, V]) *memoEntry[K, V] {
	t.mu.Lock()
	defer t.mu.Unlock()
	if first := t.all[e.key]; first != nil {
		return first
	}
	t.all[e.key] = e
	return e
}

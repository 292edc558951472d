package cli

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"sync/atomic"
)

// memory sets the garbage collector up for a program that makes one large graph and ends. Most of what is made early stays, so
// collecting often gains little: nothing is collected before the heap has a fair size, and then not before it has what the tasks
// may take, or has grown by a quarter.
type memory struct {
	tasks atomic.Int64 // that there are
	steps atomic.Int64 // what the limit was last set for
	least atomic.Int64 // bytes that the heap may have in any case
	live  atomic.Int64 // bytes that the last collection left
	texts atomic.Int64 // bytes that are kept of what was written
	input atomic.Int64 // bytes of the documents that were read
	large sync.Once    // there are, or will be, so many tasks that huge pages pay off
}

const (
	firstLimit = 264 << 20
	// severalLimit takes its place where several graphs are made, one after the other, and what each was made of is garbage.
	severalLimit = 400 << 20
	// taskLimit is what a task may take, with what is garbage after it was made.
	taskLimit = 7400
	// making is what is allowed beside it while tasks are made: the last of them are not worth a collection, since not much comes then.
	making = 40 << 20
	// overhead is what the runtime needs beside the heap.
	overhead = 24 << 20
	// limitStep is the number of tasks after which the limit is set anew.
	limitStep = 2048
	// largeTree is how long the documents of kinds are where there will be so many, in bytes.
	largeTree = 512 << 10
	// worthAlone is the number of tasks from which on there is much to collect, and one graph is made at a time.
	worthAlone = 8192
)

// tuneMemory begins. It gives nil, which does nothing, where the user has settings of their own: GOGC or GOMEMLIMIT.
func tuneMemory() *memory {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return nil
	}
	m := &memory{}
	m.least.Store(firstLimit)
	debug.SetGCPercent(-1)
	m.limit()
	m.watch(&collection{})
	return m
}

// made takes notice of more tasks, or of fewer.
func (m *memory) made(tasks int) {
	if m == nil {
		return
	}
	step := m.tasks.Add(int64(tasks)) / limitStep
	if m.steps.Swap(step) != step {
		m.prepare()
		m.limit()
	}
}

// read takes notice of a document, with its length in bytes. Much text means many tasks. It is cheapest to get ready for them before they
// are there.
func (m *memory) read(bytes int) {
	if m != nil && m.input.Add(int64(bytes)) >= largeTree {
		m.prepare()
	}
}

// prepare gets ready for many tasks.
func (m *memory) prepare() { m.large.Do(func() { go adviseHugePages() }) }

// several takes notice that several graphs will be made.
func (m *memory) several() {
	if m != nil {
		m.least.Store(severalLimit)
		m.limit()
	}
}

// kept takes notice of more that is kept of what was written, or of less, in bytes.
func (m *memory) kept(bytes int) {
	if m != nil {
		m.texts.Add(int64(bytes))
		m.limit()
	}
}

func (m *memory) limit() {
	debug.SetMemoryLimit(max(m.least.Load(), m.tasks.Load()*taskLimit+m.texts.Load()+making, m.live.Load()*5/4+overhead))
}

// collection is garbage that tells when garbage was collected.
type collection struct{ _ [16]byte }

// watch sets the limit anew after each collection, by what was left.
func (m *memory) watch(c *collection) {
	runtime.SetFinalizer(c, func(*collection) {
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(live)
		if live[0].Value.Kind() == metrics.KindUint64 {
			m.live.Store(int64(live[0].Value.Uint64()))
			m.limit()
		}
		m.watch(&collection{})
	})
}

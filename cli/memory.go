package cli

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// tuneMemory sets the garbage collector up for a program that makes one large graph and ends. Most of what is made early
// stays, so collecting often gains little: nothing is collected before the heap has a fair size, and then not before it has
// grown by a quarter. The user's own GOGC or GOMEMLIMIT win.
func tuneMemory() {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(firstLimit)
	watchCollections(&collection{})
}

const (
	firstLimit = 264 << 20
	// overhead is what the runtime needs beside the heap.
	overhead = 24 << 20
)

// collection is garbage that tells when garbage was collected.
type collection struct{ _ [16]byte }

// watchCollections sets the limit anew after each collection, by what was left.
func watchCollections(c *collection) {
	runtime.SetFinalizer(c, func(*collection) {
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(live)
		if live[0].Value.Kind() == metrics.KindUint64 {
			debug.SetMemoryLimit(max(firstLimit, int64(live[0].Value.Uint64())*5/4+overhead))
		}
		watchCollections(&collection{})
	})
}

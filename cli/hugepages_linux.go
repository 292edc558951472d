package cli

import (
	"runtime"
	"syscall"
)

// hugeHeap is how much of the heap is to be in huge pages, in bytes: enough for 100,000 tasks.
const hugeHeap = 1 << 30

// adviseHugePages has the kernel back the heap with huge pages as it grows: a page of the usual size costs a fault for each 4 KiB of
// a heap that is there for a second only. Only addresses are taken for that, no memory. Where they are scarce nothing is done; what
// the kernel makes of the advice does not matter either.
func adviseHugePages() {
	var info syscall.Sysinfo_t
	var addresses syscall.Rlimit
	if syscall.Sysinfo(&info) != nil || syscall.Getrlimit(syscall.RLIMIT_AS, &addresses) != nil || addresses.Cur != ^uint64(0) {
		return
	}
	size := min(hugeHeap, uint64(info.Totalram)*uint64(info.Unit)/4)
	if size < 4*hugePage {
		return
	}
	// The runtime takes addresses for a large object, and keeps them when the object is gone.
	heap := make([]byte, size)
	syscall.Madvise(heap, adviceHugePage)
	heap = nil
	runtime.GC()
}

const (
	hugePage       = 2 << 20
	adviceHugePage = 14 // MADV_HUGEPAGE
)

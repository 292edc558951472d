package cli

import (
	"os"
	"runtime"
	"strings"
	"syscall"
	"unsafe"
)

// hugeHeap is how much of the heap is to be in huge pages, in bytes: enough for 100,000 tasks.
const hugeHeap = 1 << 30

// adviseHugePages has the kernel back the heap with huge pages as it grows: a page of the usual size costs a fault for each 4 KiB of
// a heap that is there for a second only. Only addresses are taken for that, no memory. Where they are scarce nothing is done; what
// the kernel makes of the advice does not matter either.
func adviseHugePages() {
	var info syscall.Sysinfo_t
	if unsafe.Sizeof(uintptr(0)) < 8 || !addressesAreFree() || syscall.Sysinfo(&info) != nil {
		return
	}
	size := min(hugeHeap, uint64(info.Totalram)*uint64(info.Unit)/4)
	// The runtime takes addresses for a large object, and keeps them when the object is gone.
	heap := make([]byte, size)
	syscall.Madvise(heap, adviceHugePage)
	heap = nil
	runtime.GC()
}

// addressesAreFree says whether a process may take more addresses than it has memory for. Where the kernel or a limit counts them, the
// runtime would end the program.
func addressesAreFree() bool {
	for _, resource := range [...]int{syscall.RLIMIT_AS, syscall.RLIMIT_DATA} {
		var limit syscall.Rlimit
		if syscall.Getrlimit(resource, &limit) != nil || limit.Cur != ^uint64(0) {
			return false
		}
	}
	mode, err := os.ReadFile("/proc/sys/vm/overcommit_memory")
	return err == nil && strings.TrimSpace(string(mode)) != "2"
}

const adviceHugePage = 14 // MADV_HUGEPAGE

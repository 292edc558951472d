//go:build unix

package main

import (
	"os"
	"runtime"
	"syscall"
)

// peakMemory gives the greatest resident set that a process had, in bytes.
func peakMemory(state *os.ProcessState) int64 {
	r, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		return int64(r.Maxrss) // bytes there, KiB elsewhere
	}
	return int64(r.Maxrss) * 1024
}

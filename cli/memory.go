package cli

import (
	"os"
	"runtime/debug"
)

// tuneMemory sets the garbage collector up for a program that makes one large graph and ends: what is made early
// mostly stays, so collecting often gains little. The user's own GOGC and GOMEMLIMIT win.
func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(100)
	}
}

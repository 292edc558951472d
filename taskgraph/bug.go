package taskgraph

import (
	"fmt"
	"runtime/debug"
)

// Bug is a panic: a fault of the program or of an extension, never the user's. It reaches whoever asked for the graph as an
// error, so that what else was found is not lost.
type Bug struct {
	// Where names the step, the verification or the kind that was being worked on.
	Where string
	// Panic is what the panic said.
	Panic any
	// Stack is where it happened.
	Stack []byte
}

// Error says where it happened and what the panic said.
func (b *Bug) Error() string { return fmt.Sprintf("bug: %s: %v", b.Where, b.Panic) }

func newBug(where string, panicked any) *Bug {
	return &Bug{Where: where, Panic: panicked, Stack: debug.Stack()}
}

// CatchBug is to be deferred: it gives report a [Bug] when the function that deferred it panics.
func CatchBug(where string, report func(error)) {
	if r := recover(); r != nil {
		report(newBug(where, r))
	}
}

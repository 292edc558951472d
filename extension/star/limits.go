package star

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.starlark.net/starlark"
)

// callLimits are what one call of a Starlark function may use. A function that gets all tasks of a kind at once may use more, by how
// many there are.
type callLimits struct {
	Steps  uint64        // of the interpreter, and items that built-in functions look at
	Memory int64         // bytes that built-in functions and operators take, whether they are still needed or not
	Time   time.Duration // only for what steps do not measure; it should never be what ends a call
}

// defaultLimits hold where the graph config says nothing else.
var defaultLimits = callLimits{Steps: 10_000_000, Memory: 256 << 20, Time: time.Minute}

// forTasks gives the limits for a call that works on many tasks.
func (l callLimits) forTasks(n int) callLimits {
	l.Steps += uint64(n) * l.Steps / 1000
	l.Memory += int64(n) * l.Memory / 10000
	l.Time += time.Duration(n) * l.Time / 1000
	return l
}

// limitError says which limit a call met.
type limitError struct{ what string }

func (e *limitError) Error() string { return e.what }

func tooManySteps(n uint64) *limitError {
	return &limitError{fmt.Sprintf("more than %d steps", n)}
}

func tooMuchMemory(n int64) *limitError {
	size := fmt.Sprintf("%d bytes", n)
	if n >= 1<<20 {
		size = fmt.Sprintf("%d MiB", n>>20)
	}
	return &limitError{"more than " + size + " of memory"}
}

// task is what a thread of Starlark works on: which limits hold, and what the built-in functions may use. It is for one goroutine, but
// for what the watch reads.
type task struct {
	thread *starlark.Thread
	rt     *runtime
	seen   // what the call is about

	limits callLimits
	end    uint64 // the step at which it is over
	memory int64  // bytes left
	over   *limitError

	mu       sync.Mutex
	ctx      context.Context
	deadline time.Time // zero while nothing runs
	timedOut bool
}

const local = "taskgraph"

// taskOf gives the task of a thread.
func taskOf(thread *starlark.Thread) *task {
	t, _ := thread.Local(local).(*task)
	return t
}

// newTask makes a thread.
func newTask(rt *runtime) *task {
	t := &task{rt: rt, thread: &starlark.Thread{Name: "starlark"}}
	t.thread.SetLocal(local, t)
	t.thread.Print = func(thread *starlark.Thread, message string) { t.output(message) }
	t.thread.Load = t.load
	t.thread.OnMaxSteps = func(thread *starlark.Thread) { t.exceed(tooManySteps(t.limits.Steps)) }
	return t
}

// begin starts a call.
func (t *task) begin(ctx context.Context, limits callLimits) {
	t.limits, t.memory, t.over = limits, limits.Memory, nil
	t.end = t.thread.Steps + limits.Steps
	t.thread.SetMaxExecutionSteps(t.end)
	t.thread.Uncancel()
	t.mu.Lock()
	t.ctx, t.deadline, t.timedOut = ctx, time.Now().Add(limits.Time), false
	t.mu.Unlock()
}

// finish ends a call.
func (t *task) finish() {
	t.mu.Lock()
	t.ctx, t.deadline = nil, time.Time{}
	t.mu.Unlock()
}

// exceed ends a call that met a limit.
func (t *task) exceed(why *limitError) *limitError {
	if t.over == nil {
		t.over = why
	}
	t.thread.Cancel(why.what)
	return why
}

// charge takes memory. Small amounts are not worth counting: the steps bound them.
func charge(thread *starlark.Thread, bytes int) error {
	if bytes < 1024 && bytes >= 0 {
		return nil
	}
	return take(thread, bytes)
}

// take takes memory, however little.
func take(thread *starlark.Thread, bytes int) error {
	if thread == nil {
		return nil
	}
	t := taskOf(thread)
	if t == nil {
		return nil
	}
	if t.memory -= int64(bytes); t.memory < 0 || bytes < 0 {
		return t.exceed(tooMuchMemory(t.limits.Memory))
	}
	return nil
}

// work counts what a built-in function does for many items.
func work(thread *starlark.Thread, n int) error {
	if n < 64 && n >= 0 {
		return nil
	}
	t := taskOf(thread)
	if t == nil {
		return nil
	}
	if n < 0 || thread.Steps+uint64(n) >= t.end {
		return t.exceed(tooManySteps(t.limits.Steps))
	}
	thread.Steps += uint64(n)
	return nil
}

// check ends a call whose time is over or that nobody waits for. It is called by the watch.
func (t *task) check(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.deadline.IsZero():
	case t.ctx.Err() != nil:
		t.thread.Cancel("interrupted")
	case now.After(t.deadline):
		t.timedOut = true
		t.thread.Cancel("too much time")
	}
}

// watch ends calls that are interrupted, or that take too long in spite of the limits on their steps.
type watch struct {
	mu    sync.Mutex
	tasks []*task
	stop  chan struct{}
}

// add takes a task under watch. The first one starts the watch.
func (w *watch) add(t *task) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tasks = append(w.tasks, t)
	if w.stop != nil {
		return
	}
	w.stop = make(chan struct{})
	go func(stop chan struct{}) {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case now := <-tick.C:
				w.mu.Lock()
				for _, t := range w.tasks {
					t.check(now)
				}
				w.mu.Unlock()
			}
		}
	}(w.stop)
}

// close ends the watch.
func (w *watch) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stop != nil {
		close(w.stop)
		w.stop = nil
	}
}

package local

import (
	"context"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// delay waits, or until the context ends. The runtime's own timers are up to a millisecond late while a process has little
// to do, which is much where 20 ms are to be seen. The kernel's are exact, and a goroutine can wait for one as for a connection.
func delay(ctx context.Context, d time.Duration) {
	t, _ := kernelTimers.Get().(*kernelTimer)
	if t == nil {
		if t = newKernelTimer(); t == nil {
			wait(ctx, d)
			return
		}
	}
	end := context.AfterFunc(ctx, func() { _ = t.file.SetReadDeadline(time.Unix(1, 0)) }) // what cannot be ended early ends later
	err := t.wait(d)
	if !end() || err != nil { // with a deadline in it, now or at any moment, it is of no use any more
		_ = t.file.Close()
		if err != nil && ctx.Err() == nil {
			wait(ctx, d)
		}
		return
	}
	kernelTimers.Put(t)
}

// kernelTimers are timers that nobody waits for. What is thrown away is closed by os.File.
var kernelTimers sync.Pool

// kernelTimer is a timer of the kernel.
type kernelTimer struct{ file *os.File }

// newKernelTimer makes a timer. It gives nil where there are too many open files.
func newKernelTimer() *kernelTimer {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil
	}
	return &kernelTimer{os.NewFile(uintptr(fd), "timer")}
}

// wait waits. The error may be that of a deadline.
func (t *kernelTimer) wait(d time.Duration) error {
	conn, err := t.file.SyscallConn()
	if err != nil {
		return err
	}
	began, failed := false, error(nil)
	err = conn.Read(func(fd uintptr) bool {
		if began {
			return true // nothing has to be read: setting a timer forgets that it expired
		}
		began = true
		spec := unix.ItimerSpec{Value: unix.NsecToTimespec(max(d.Nanoseconds(), 1))}
		failed = unix.TimerfdSettime(int(fd), 0, &spec, nil)
		return failed != nil
	})
	if failed != nil {
		return failed
	}
	return err
}

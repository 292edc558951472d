package guard

import (
	"context"
	"errors"
	"fmt"
	"runtime/metrics"
	"time"
)

// Limits are what a run may use. What is 0 has its default.
type Limits struct {
	Time   time.Duration // 900 ms
	Memory uint64        // by how much the heap may grow meanwhile: 256 MiB
}

// The errors of a run that was over its limits.
var (
	ErrTime   = errors.New("takes too long")
	ErrMemory = errors.New("needs too much memory")
)

// look is how often memory is looked at.
const look = 2 * time.Millisecond

// Run gives what f gives, or an error when f is over its limits, panics, or ctx ends first.
func Run[T any](ctx context.Context, l Limits, f func() (T, error)) (T, error) {
	if l.Time <= 0 {
		l.Time = 900 * time.Millisecond
	}
	if l.Memory == 0 {
		l.Memory = 256 << 20
	}
	type answer struct {
		v   T
		err error
	}
	done := make(chan answer, 1)
	before := heap()
	go func() {
		var a answer
		defer func() {
			if r := recover(); r != nil {
				a.err = fmt.Errorf("cannot be worked out: %v", r)
			}
			done <- a
		}()
		a.v, a.err = f()
	}()
	late := time.NewTimer(l.Time)
	defer late.Stop()
	tick := time.NewTicker(look)
	defer tick.Stop()
	var none T
	for {
		select {
		case a := <-done:
			return a.v, a.err
		case <-ctx.Done():
			return none, ctx.Err()
		case <-late.C:
			return none, ErrTime
		case <-tick.C:
			if now := heap(); now > before && now-before > l.Memory {
				return none, ErrMemory
			}
		}
	}
}

// heap gives the bytes of memory that objects occupy.
func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

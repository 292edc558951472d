package guard_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/taskgraph-go/decision/internal/guard"
)

func TestRun(t *testing.T) {
	v, err := guard.Run(t.Context(), guard.Limits{}, func() (int, error) { return 3, nil })
	assert.NoError(t, err)
	assert.Equal(t, 3, v)

	broken := errors.New("broken")
	_, err = guard.Run(t.Context(), guard.Limits{}, func() (int, error) { return 0, broken })
	assert.ErrorIs(t, err, broken)

	_, err = guard.Run(t.Context(), guard.Limits{}, func() (int, error) { panic("no") })
	assert.ErrorContains(t, err, "cannot be worked out: no")
}

func TestLimits(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	start := time.Now()
	_, err := guard.Run(t.Context(), guard.Limits{Time: 20 * time.Millisecond}, func() (int, error) { <-stop; return 0, nil })
	assert.ErrorIs(t, err, guard.ErrTime)
	assert.Less(t, time.Since(start), time.Second)

	_, err = guard.Run(t.Context(), guard.Limits{Memory: 8 << 20, Time: 10 * time.Second}, func() ([][]byte, error) {
		var all [][]byte
		for {
			select {
			case <-stop:
				return all, nil
			case <-time.After(time.Millisecond):
				if len(all) < 64 {
					all = append(all, make([]byte, 1<<20))
				}
			}
		}
	})
	assert.ErrorIs(t, err, guard.ErrMemory)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = guard.Run(ctx, guard.Limits{}, func() (int, error) { <-stop; return 0, nil })
	assert.ErrorIs(t, err, context.Canceled)
}

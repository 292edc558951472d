package local

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// A delay is never shorter than it should be, also when timers are used again, and ends with the context.
func TestDelay(t *testing.T) {
	for range 3 {
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() {
				d := time.Duration(i%10) * time.Millisecond
				start := time.Now()
				delay(t.Context(), d)
				assert.GreaterOrEqual(t, time.Since(start), d)
			})
			all.Go(func() { // these end early, and leave nothing behind for the others
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%5)*time.Millisecond)
				defer cancel()
				start := time.Now()
				delay(ctx, time.Minute)
				assert.Less(t, time.Since(start), 30*time.Second)
			})
		}
		all.Wait()
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	start := time.Now()
	delay(ended, time.Minute)
	delay(t.Context(), 0)
	assert.Less(t, time.Since(start), 30*time.Second)
}

//go:build !linux

package local

import (
	"context"
	"time"
)

// delay waits, or until the context ends.
func delay(ctx context.Context, d time.Duration) { wait(ctx, d) }

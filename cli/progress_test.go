package cli

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
)

// What is logged while progress shows has a line of its own.
func TestLogAboveProgress(t *testing.T) {
	var out bytes.Buffer
	p := &progress{w: &out, what: "tasks"}
	assert.True(t, p.shown())
	assert.False(t, (&progress{}).shown())
	p.of(1, 2)
	log := newLog(p.above(), slog.LevelWarn)
	log.Info("submitting tasks")
	log.Warn("a task could not be created")
	p.of(2, 2)
	p.clear()
	assert.Equal(t, "\r1/2 tasks\r\x1b[Klevel=WARN msg=\"a task could not be created\"\n\r2/2 tasks\r\x1b[K", out.String())
}

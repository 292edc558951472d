package taskgraph

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// numbered gives tasks without anything but a label.
func numbered(n int) []*Task {
	tasks := make([]*Task, n)
	for i := range tasks {
		tasks[i] = &Task{Label: fmt.Sprint(i), Kind: "k"}
	}
	return tasks
}

// slowly encodes labels, some of them after a while, and fails at one of them.
func slowly(bad string) func() Encode {
	return func() Encode {
		return func(dst []byte, t *Task, first bool) ([]byte, error) {
			if t.Label == bad {
				return dst, errors.New("bad " + t.Label)
			}
			if strings.HasSuffix(t.Label, "77") {
				time.Sleep(time.Millisecond)
			}
			if !first {
				dst = append(dst, ' ')
			}
			return append(dst, t.Label...), nil
		}
	}
}

func TestStream(t *testing.T) {
	for _, workers := range []int{0, 1, 2, 7} {
		for _, n := range []int{1, 63, 64, 65, 1000, 3000} {
			var out bytes.Buffer
			require.NoError(t, Stream(&out, numbered(n), workers, slowly("")))
			var want []string
			for i := range n {
				want = append(want, fmt.Sprint(i))
			}
			assert.Equal(t, strings.Join(want, " "), out.String(), "%d tasks, %d workers", n, workers)
		}
	}
}

// TestStreamEnds meets a task that cannot be encoded: what comes before its piece is written.
func TestStreamEnds(t *testing.T) {
	for _, workers := range []int{1, 2, 7} {
		var out bytes.Buffer
		err := Stream(&out, numbered(3000), workers, slowly("1000"))
		assert.EqualError(t, err, "bad 1000")
		assert.True(t, strings.HasSuffix(out.String(), " 959"), "%d workers", workers) // 1000 is in the piece from 960 on
	}
}

// brokenPipe takes some writes.
type brokenPipe struct{ left int }

func (w *brokenPipe) Write(p []byte) (int, error) {
	if w.left--; w.left < 0 {
		return 0, errors.New("broken pipe")
	}
	return len(p), nil
}

func TestStreamToABrokenPipe(t *testing.T) {
	for _, workers := range []int{1, 2, 7} {
		w := &brokenPipe{left: 3}
		assert.EqualError(t, Stream(w, numbered(3000), workers, slowly("")), "broken pipe")
		assert.Equal(t, -1, w.left, "nothing is written after that")
	}
}

func TestSorted(t *testing.T) {
	tasks := numbered(5000)
	tg := NewTaskGraph(tasks, false)
	sorted := tg.Sorted()
	require.Len(t, sorted, len(tasks))
	for i := 1; i < len(sorted); i++ {
		require.Less(t, sorted[i-1].Label, sorted[i].Label)
	}
	assert.Equal(t, "0", tg.tasks[0].Label, "the graph keeps its order")
}

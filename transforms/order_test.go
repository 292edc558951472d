package transforms

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// orderable makes stubs of lines of the form "label: dependency dependency".
func orderable(text string) []*value.Map {
	var out []*value.Map
	for line := range strings.Lines(text) {
		label, deps, _ := strings.Cut(strings.TrimSpace(line), ":")
		m := value.MapOf("label", label)
		for i, d := range strings.Fields(deps) {
			m.EditMap("dependencies").Set(string(rune('a'+i)), value.NewString(d))
		}
		out = append(out, m)
	}
	return out
}

func labels(stubs []*value.Map) string {
	var out []string
	for _, s := range stubs {
		out = append(out, s.Str("label"))
	}
	return strings.Join(out, " ")
}

func TestOrderTasks(t *testing.T) {
	cfg := &taskgraph.Config{Kind: "k"}
	for _, c := range []struct{ name, in, want string }{
		{"no links", "k-b:\nk-a:", "k-b k-a"},
		{"none", "", ""},
		{"a chain backwards", "k-c: k-b\nk-b: k-a\nk-a:", "k-a k-b k-c"},
		{"ready ones first, by definition", "k-d: k-a\nk-c:\nk-a:\nk-b: k-c", "k-c k-a k-b k-d"},
		{"one dependency under two names", "k-b: k-a k-a\nk-a:", "k-a k-b"},
		{"other kinds do not count", "k-b: other-a k-none kind-x\nk-a: k-b", "k-b k-a"},
		{"the last of one label, at the place of the first", "k-a: k-b\nk-b:\nk-a:\nk-c:", "k-a k-b k-c"},
	} {
		got, err := orderTasks(cfg, orderable(c.in))
		require.NoError(t, err, c.name)
		assert.Equal(t, c.want, labels(got), c.name)
	}
}

func TestOrderTasksLoop(t *testing.T) {
	cfg := &taskgraph.Config{Kind: "k"}
	got, err := orderTasks(cfg, orderable("k-x: k-a\nk-a: k-b\nk-b: k-c k-free\nk-c: k-a\nk-free:"))
	assert.Equal(t, "k-free", labels(got))
	require.Error(t, err)
	d := diag.Flatten(err)[0]
	assert.Equal(t, diag.TaskLoop, d.Code)
	assert.Contains(t, d.Message, "k-a -> k-b -> k-c -> k-a")
	assert.Len(t, d.Related, 3)

	_, err = orderTasks(cfg, orderable("k-a: k-a"))
	require.Error(t, err)
	assert.Contains(t, err.Error(), "k-a -> k-a")
}

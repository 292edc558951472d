package taskgraph

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// parseBoth reads a graph at once and task by task.
func parseBoth(t *testing.T, text string, check func(*TaskGraph, error)) {
	t.Helper()
	size := inParts
	defer func() { inParts = size }()
	for _, n := range []int{size, 0} {
		inParts = n
		check(ParseTaskGraph(&value.Reader{Sources: &diag.Sources{}}, "graph.json", []byte(text)))
	}
}

func TestParseTaskGraph(t *testing.T) {
	const one = `{"attributes": {"x": 1}, "dependencies": {"edge": "b", "out": "elsewhere"}, "description": "d", "if_dependencies": ["b"], "kind": "k", "label": "a", "optimization": {"s": [1]}, "soft_dependencies": ["c"], "task": {"payload": {"n": 1.5}}}`
	parseBoth(t, `{"a": `+one+`, "id": {"attributes": {}, "kind": "k", "label": "b", "optimization": null, "if_dependencies": null, "task": {}, "task_id": "id"}}`, func(g *TaskGraph, err error) {
		require.NoError(t, err)
		require.Equal(t, 2, g.Len())
		assert.Equal(t, []Edge{{To: 1, Name: "edge"}}, g.Graph().Links(0))
		assert.Equal(t, "id", g.Task("b").TaskID)
		got, err := value.SortedJSON(g.Task("a").Document().Value())
		require.NoError(t, err)
		assert.JSONEq(t, one, got)
	})
}

func TestParseTaskGraphMistakes(t *testing.T) {
	task := func(label, deps string) string {
		return `{"attributes": {}, "kind": "k", "label": "` + label + `", "task": {}, "dependencies": ` + deps + `}`
	}
	for text, want := range map[string]string{
		`[]`:                                   "want a map of tasks",
		``:                                     "graph.json",
		`{"a": {`:                              "graph.json",
		`{"a": 1}`:                             "a: want a task, got 1",
		`{"a": {"label": 3}}`:                  "a.label: want a string, got 3",
		`{"a": {"label": "a"}}`:                `a: missing field "kind"`,
		`{"a": ` + task("a", `[]`) + `}`:       "a.dependencies: want a map, got a list",
		`{"a": ` + task("a", `{"x": 1}`) + `}`: "a.dependencies.x: want a label, got 1",
		`{"a": ` + task("a", `{}`) + `, "b": ` + task("a", `{}`) + `}`:                 `two tasks have the label "a"`,
		`{"a": ` + task("a", `{"x": "b"}`) + `, "b": ` + task("b", `{"x": "a"}`) + `}`: "TG3008",
	} {
		parseBoth(t, text, func(_ *TaskGraph, err error) { assert.ErrorContains(t, err, want, text) })
	}
}

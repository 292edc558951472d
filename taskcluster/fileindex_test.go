package taskcluster

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

func TestParseIndex(t *testing.T) {
	f, err := ParseIndex(&value.Reader{}, "index.json", []byte(`{
		"a.found": {"taskId": "A", "state": "completed", "expires": "2030-01-01T00:00:00.000Z", "rank": 3},
		"b.forgotten": {"taskId": "B"},
		"b.null": {"taskId": "N", "state": null, "expires": null},
		"c.first": {"taskId": "C", "state": "failed"},
		"c.second": {"taskId": "C", "state": "completed"},
		"c.third": {"taskId": "C"}
	}`))
	require.NoError(t, err)
	ctx := t.Context()
	found, err := f.FindTasks(ctx, []string{"a.found", "b.forgotten", "b.null", "c.first", "d"})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"a.found": "A", "b.forgotten": "B", "b.null": "N", "c.first": "C"}, found)
	statuses, err := f.Statuses(ctx, []string{"A", "B", "N", "C", "D"})
	require.NoError(t, err)
	assert.Equal(t, map[string]Status{"A": {"completed", "2030-01-01T00:00:00.000Z"}, "C": {State: "completed"}}, statuses)
}

func TestParseIndexMistakes(t *testing.T) {
	for text, want := range map[string]string{
		`[]`:                                    `index.json:1:1: want a map of index paths, got a list (TG1101)`,
		`{"a": 1}`:                              `index.json:1:7: a: want a map with taskId, state and expires, got 1 (TG1101)`,
		`{"a": {}}`:                             `index.json:1:7: a: missing field "taskId" (TG1103)`,
		"{\"a\": {\n \"taskId\": 1}}":           `index.json:2:12: a.taskId: want a string, got 1 (TG1101)`,
		`{"a": {"taskId": "x", "state": true}}`: `index.json:1:32: a.state: want a string, got true (TG1101)`,
	} {
		_, err := ParseIndex(&value.Reader{Sources: &diag.Sources{}}, "index.json", []byte(text))
		assert.EqualError(t, err, want, text)
		assert.Equal(t, diag.ExitInput, diag.ExitCode(err))
	}
	_, err := ParseIndex(&value.Reader{}, "index.json", []byte(`{`))
	assert.Error(t, err)
	_, err = ParseIndex(&value.Reader{}, "index.json", []byte("{\"a\": 1,\n \"b\": 2}"))
	assert.Len(t, diag.Flatten(err), 2, "all mistakes at once")
}

// TestParseIndexOfCorpus reads the what-if files that the project is tested with.
func TestParseIndexOfCorpus(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join("..", "..", "shared", "features", "*", "want", "*", "index.json"))
	if len(files) == 0 {
		t.Skip("not there")
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		f, err := ParseIndex(&value.Reader{}, file, text)
		require.NoError(t, err)
		assert.NotEmpty(t, f.tasks, file)
	}
}

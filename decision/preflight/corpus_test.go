package preflight

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/decision/definition"
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// stands are the ids that stand for task ids in the corpus.
var stands = regexp.MustCompile(`T[0-9]{7}A{14}|DECISION-TASK`)

// TestCorpus checks the graphs of real repositories, which their queue took: where there is a problem it is one that
// is known.
func TestCorpus(t *testing.T) {
	graphs, err := filepath.Glob("../../../shared/corpus/*/want/*/morphed.json.gz")
	require.NoError(t, err)
	if len(graphs) == 0 {
		t.Skip("there is no corpus")
	}
	known := 0
	checked := 0
	for _, file := range graphs {
		graph := readGraph(t, file)
		tree := filepath.Join(filepath.Dir(file), "..", "..", "tree")
		var config *taskgraph.GraphConfig
		if p, err := taskgraph.Open(t.Context(), taskgraph.Options{Tree: os.DirFS(tree), Root: "taskcluster", Registry: taskgraph.NewRegistry()}); err == nil {
			config = p.Config
			defer p.Close()
		}
		now := time.Now()
		err := Run(t.Context(), Options{Graph: graph, Group: definition.Group{DecisionTaskID: decisionID, SchedulerID: "app-level-1"}, Config: config, Level: "1",
			Clock: func() time.Time { return now }})
		checked += graph.Len()
		for _, d := range diag.Flatten(err) {
			if !assert.True(t, expected(d), "%s: %s", file, d) {
				continue
			}
			known++
		}
	}
	assert.NotZero(t, known, "the deadlines of two repositories are longer than most deployments allow")
	t.Logf("%d tasks in %d graphs, %d known problems", checked, len(graphs), known)
}

// expected says whether a problem is one that a graph of the corpus has: two repositories rely on a deployment that lets
// tasks take longer.
func expected(d *diag.Diagnostic) bool {
	return d.Code == diag.BadTimes && strings.Contains(d.Message, "is more than 5 days ahead")
}

// readGraph reads a graph as it is in task-graph.json.
func readGraph(t *testing.T, file string) *taskgraph.TaskGraph {
	t.Helper()
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	text, err := io.ReadAll(z)
	require.NoError(t, err)
	text = stands.ReplaceAllFunc(text, func(id []byte) []byte { return []byte(taskgraph.TaskID(decisionID, string(id))) })
	doc, err := (&value.Reader{}).JSON(file, text)
	require.NoError(t, err)
	var tasks []*taskgraph.Task
	for id, v := range doc.Map().All() {
		m := v.Map()
		m.Freeze()
		tasks = append(tasks, &taskgraph.Task{Kind: m.Str("kind"), Label: m.Str("label"), TaskID: id, Attributes: m.At("attributes").Map(),
			Dependencies: m.At("dependencies").Map(), Task: m.At("task").Map()})
	}
	return taskgraph.NewTaskGraph(tasks, false)
}

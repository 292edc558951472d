package star_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
)

// Whatever stands in a .star file, generation ends soon, with a graph or with mistakes that have codes, and never with a fault of
// the program.
func FuzzTransform(f *testing.F) {
	names, err := filepath.Glob("testdata/mistakes/*.txtar")
	require.NoError(f, err)
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		require.NoError(f, err)
		for _, file := range archive.Files {
			if file.Name == "taskcluster/kinds/test/f.star" {
				f.Add(string(file.Data))
			}
		}
	}
	for _, name := range []string{"values", "tasks"} {
		text, err := os.ReadFile("testdata/library/test_" + name + ".star")
		require.NoError(f, err)
		f.Add(string(text))
	}
	f.Add(starTransform + "\nf = prepare\n")
	f.Add("def f(config, tasks):\n    tasks[0][\"worker\"][\"env\"] |= {\"x\": [tasks]}\n    return sorted(tasks, key = lambda t: t[\"name\"])\n")
	f.Add("load(\"@taskgraph//merge.star\", \"merge\", \"copy\")\ndef f(config, task):\n    w = task[\"worker\"]\n    w[\"env\"].update(merge(w[\"env\"], copy(w)))\n    w[\"l\"] = [w.pop(\"l\"), w][:1] * 3\n    w[\"l\"] += ((1, 2), set([3]))\n    return [task, None][0:1]\n")
	f.Fuzz(func(t *testing.T, code string) {
		tree := withStar(code, `a: {worker: {env: {A: "1", B: {by-level: {"1": x, default: y}}}, l: [1, {c: 2.5}, null, 2026-01-02]}, treeherder: {tier: 1}}`, "b: {}")
		tree["taskcluster/config.yml"] = extended("limits: {steps: 100000, memory: 8, seconds: 5}")
		began := time.Now()
		_, _, err := tree.graph(t, taskgraph.FullTaskSet)
		require.Less(t, time.Since(began), 30*time.Second)
		for _, d := range diag.Flatten(err) {
			require.NotEqual(t, diag.Unclassified, d.Code, "%s", d)
			require.NotEmpty(t, d.Message)
		}
	})
}

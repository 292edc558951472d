package main

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the graphs into testdata")

// TestGraph builds the program as anybody would and compares the graphs that it makes with those in testdata.
func TestGraph(t *testing.T) {
	program := filepath.Join(t.TempDir(), "ci")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	text, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, string(text))

	// A copy is in no repository, wherever this one is.
	tree := filepath.Join(t.TempDir(), "app")
	require.NoError(t, os.CopyFS(tree, os.DirFS(".")))
	params, err := os.ReadFile("parameters.yml")
	require.NoError(t, err)
	for name, c := range map[string]struct {
		params string // in the place of the last ones
		args   []string
	}{
		// Names of caches change with run-task, which is not what this is about.
		"full.json":     {"", []string{"full", "-J", "--exclude-key", "task.payload.cache", "--exclude-key", "task.scopes"}},
		"nightly.txt":   {"target_tasks_method: nightly\n", []string{"target-graph"}},
		"optimized.txt": {"files_changed: [docs/index.md, examples/a.c]\n", []string{"optimized"}},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "parameters.yml")
			require.NoError(t, os.WriteFile(file, append(bytes.Clone(params), c.params...), 0o644))
			var out, errs bytes.Buffer
			cmd := exec.Command(program, append(c.args, "--offline", "--quiet", "-p", file)...)
			cmd.Dir = tree
			cmd.Stdout, cmd.Stderr = &out, &errs
			require.NoError(t, cmd.Run(), errs.String())
			golden := filepath.Join("testdata", name)
			if *update {
				require.NoError(t, os.WriteFile(golden, out.Bytes(), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			assert.Equal(t, string(want), out.String(), "where that is right: go test ./examples/go-transforms -update")
		})
	}
}

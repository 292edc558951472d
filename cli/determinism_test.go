package cli_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/bench"
	"github.com/taskgraph-go/decision/cli"
	"github.com/taskgraph-go/decision/diag"
)

// TestDeterminism generates the same graphs again and again, on one processor and on several. The output must be the
// same to the byte, and so must what is said about mistakes.
func TestDeterminism(t *testing.T) {
	many, some := 50, 17 // for each number of processors
	if testing.Short() {
		many, some = 3, 1
	}
	hello, _, _ := helloPush(t)
	helloArgs := func(command ...string) []string {
		return append(command, "--root", "examples/hello/taskcluster", "-p", "examples/hello/parameters.yml")
	}
	large := t.TempDir()
	require.NoError(t, bench.Write(large, 2_000, 1))
	commit(t, large)

	for name, c := range map[string]struct {
		dir  string
		args []string
		code int
		runs int
	}{
		"hello_full":    {hello, helloArgs("full", "-J"), diag.ExitOK, many},
		"hello_morphed": {hello, helloArgs("morphed", "-J"), diag.ExitOK, many},
		"hello_yaml":    {hello, helloArgs("target-graph", "-Y"), diag.ExitOK, many},
		"bench_full":    {large, []string{"full", "-J", "-p", bench.MainParameters}, diag.ExitOK, some},
		"bench_morphed": {large, []string{"morphed", "-J", "-p", bench.MainParameters}, diag.ExitOK, some},
		"config":        {mistakeTree(t, "several_config"), []string{"full", "-p", "parameters.yml"}, diag.ExitInput, many},
		"tasks":         {mistakeTree(t, "several_tasks"), []string{"full", "-p", "parameters.yml"}, diag.ExitGeneration, many},
		"kinds":         {mistakeTree(t, "several_kinds"), []string{"full", "-p", "parameters.yml"}, diag.ExitGeneration, many},
		"loops":         {mistakeTree(t, "several_loops"), []string{"full", "-p", "parameters.yml"}, diag.ExitGeneration, many},
		"verifications": {mistakeTree(t, "several_verifications"), []string{"full", "-p", "parameters.yml"}, diag.ExitVerification, many},
		"parameters":    {mistakeTree(t, "parameters_several"), []string{"full", "-p", "parameters.yml"}, diag.ExitInput, many},
	} {
		t.Run(name, func(t *testing.T) {
			var first string
			for _, processors := range []int{1, 2, 8} {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
				for run := range c.runs {
					got := digest(t, c.dir, c.args, c.code)
					if first == "" {
						first = got
					}
					require.Equal(t, first, got, "run %d on %d processors", run, processors)
				}
			}
		})
	}
}

// mistakeTree writes one of the trees with mistakes.
func mistakeTree(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "mistakes", name+".txtar"))
	require.NoError(t, err)
	return newTree(t, string(txtar.Format(&txtar.Archive{Files: txtar.Parse(text).Files})))
}

// TestLargeGraphsWaitForEachOther generates graphs that are too large to be made at the same time, one of which fails.
func TestLargeGraphsWaitForEachOther(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, bench.Write(dir, 9_000, 1))
	require.NoError(t, bench.WriteParameterSets(filepath.Join(dir, "sets"), 3, 1))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "sets", "001.yml"), []byte("level: 3"), 0o666))
	commit(t, dir)
	files, err := filepath.Glob(filepath.Join(dir, "sets", "*.yml"))
	require.NoError(t, err)
	require.Len(t, files, 4)
	run := func(want int, spec string) string {
		var out, errs bytes.Buffer
		app := &cli.App{Registry: cli.Standard(), Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Dir: dir, Env: func(string) string { return "" }}
		require.Equal(t, want, app.Run(t.Context(), []string{"full", "-L", "--offline", "-p", spec}), errs.String())
		return out.String()
	}
	var want strings.Builder
	for _, file := range files {
		if filepath.Base(file) != "001.yml" {
			want.WriteString(run(diag.ExitOK, file))
		}
	}
	numbers := []int{1, 4}
	if testing.Short() {
		numbers = numbers[1:]
	}
	for _, processors := range numbers {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
		require.Equal(t, want.String(), run(diag.ExitInput, "sets"), "%d processors", processors)
	}
}

// digest runs the program and gives a digest of what it wrote, to stdout and to stderr.
func digest(t *testing.T, dir string, args []string, want int) string {
	t.Helper()
	out := sha256.New()
	size := &counter{Writer: out}
	var errs bytes.Buffer
	app := &cli.App{Registry: cli.Standard(), Stdin: strings.NewReader(""), Stdout: size, Stderr: &errs, Dir: dir, Env: func(name string) string {
		return map[string]string{"TASKCLUSTER_ROOT_URL": "https://tc.example.com"}[name]
	}}
	require.Equal(t, want, app.Run(t.Context(), append(args, "--offline")), errs.String())
	require.NotZero(t, size.n+errs.Len(), "there is something to compare")
	return fmt.Sprintf("%d bytes, %x\n%s", size.n, out.Sum(nil), errs.String())
}

// counter counts what is written.
type counter struct {
	io.Writer
	n int
}

func (c *counter) Write(text []byte) (int, error) {
	c.n += len(text)
	return c.Writer.Write(text)
}

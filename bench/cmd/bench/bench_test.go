package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMain makes the test binary stand in for two other programs: for this command, when it measures the yardstick,
// and for taskgraph, when a test says so.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == yardstickCommand {
		if err := yardstickMain(os.Args[2:], os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		os.Exit(0)
	}
	if tasks := os.Getenv("BENCH_TEST_TASKS"); tasks != "" {
		os.Exit(fakeTaskgraph(tasks))
	}
	os.Exit(m.Run())
}

// fakeTaskgraph prints a graph with as many tasks as it is told.
func fakeTaskgraph(tasks string) int {
	if os.Getenv("TASKCLUSTER_ROOT_URL") == "" || os.Getenv("TASK_ID") != "" {
		fmt.Fprintln(os.Stderr, "not the environment of a measurement")
		return 1
	}
	var n int
	if _, err := fmt.Sscan(tasks, &n); err != nil {
		fmt.Fprintln(os.Stderr, "boom")
		return 1
	}
	graph := map[string]any{}
	for i := range n {
		graph[fmt.Sprint(i)] = map[string]any{"label": fmt.Sprint(i)}
	}
	_ = json.NewEncoder(os.Stdout).Encode(graph)
	return 0
}

func TestRun(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	t.Setenv("BENCH_TEST_TASKS", "100")
	t.Setenv("TASK_ID", "abc")
	results := filepath.Join(t.TempDir(), "results.json")
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"-n", "100", "-bin", self, "-runs", "2", "-sets", "3", "-json", results}, &out, io.Discard))
	assert.Contains(t, out.String(), "full/yardstick")
	assert.Contains(t, out.String(), "full -L of 3 parameter sets")

	r, err := readReport(results)
	require.NoError(t, err)
	require.Len(t, r.Results, 1)
	got := r.Results[0]
	assert.Equal(t, 100, got.Tasks)
	assert.Positive(t, got.FullRatio)
	assert.Positive(t, got.MorphedRatio)
	assert.Positive(t, got.GraphBytes)
	assert.Len(t, got.Sets, 2)
	if runtime.GOOS != "windows" {
		assert.Greater(t, got.PeakBytesPerTask, 1000.0)
	}

	// What is far better than the same results a moment ago cannot be; what is far worse must be noticed.
	got.FullRatio, got.MorphedRatio, got.PeakBytesPerTask, got.Sets = 1e9, 1e9, 1e9, nil
	r.Results[0] = got
	require.NoError(t, r.write(results))
	out.Reset()
	args := []string{"-n", "100", "-bin", self, "-runs", "1", "-baseline", results}
	require.NoError(t, run(t.Context(), args, &out, io.Discard))
	assert.Contains(t, out.String(), "ok")
	r.Results[0].FullRatio = 1e-9
	require.NoError(t, r.write(results))
	out.Reset()
	assert.ErrorIs(t, run(t.Context(), args, &out, io.Discard), errWorse)
	assert.Contains(t, out.String(), "WORSE")
}

func TestRunRefusesTheWrongGraph(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	args := []string{"-n", "100", "-bin", self, "-runs", "1"}
	t.Setenv("BENCH_TEST_TASKS", "99")
	assert.ErrorContains(t, run(t.Context(), args, io.Discard, io.Discard), "the full graph has 99 tasks")
	t.Setenv("BENCH_TEST_TASKS", "none")
	assert.ErrorContains(t, run(t.Context(), args, io.Discard, io.Discard), "boom")
}

func TestWriteOption(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "project")
	require.NoError(t, run(t.Context(), []string{"-n", "100", "-write", dir}, io.Discard, io.Discard))
	out, err := exec.Command("git", "-C", dir, "status", "--porcelain").CombinedOutput()
	require.NoError(t, err)
	assert.Empty(t, string(out), "something is not committed")
}

func TestParse(t *testing.T) {
	s, err := parse([]string{"-n", "400, 100,400", "-sets", "20"}, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, []int{100, 400}, s.sizes)
	assert.Equal(t, 20, s.sets)
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"-n", "many"}, `expected numbers separated by commas, not "many"`},
		{[]string{"-n", "5"}, "at least 100 tasks"},
		{[]string{"-runs", "0"}, "at least 1"},
		{[]string{"-sets", "-1"}, "must not be negative"},
		{[]string{"extra"}, `unexpected argument "extra"`},
		{[]string{"-nope"}, "nope"},
	} {
		_, err := parse(tt.args, io.Discard)
		assert.ErrorContains(t, err, tt.want, "%q", tt.args)
	}
}

func TestCompare(t *testing.T) {
	base := func() *report {
		return &report{Results: []result{{Tasks: 1000, FullRatio: 0.5, MorphedRatio: 0.4, PeakBytesPerTask: 8192, Sets: []setsResult{{Format: "-J", Sets: 20, Singles: 5}}}}}
	}
	for _, tt := range []struct {
		name   string
		change func(*result)
		want   string
	}{
		{"the same", func(*result) {}, ""},
		{"noise", func(r *result) { r.FullRatio = 0.54 }, ""},
		{"better", func(r *result) { r.FullRatio, r.PeakBytesPerTask = 0.1, 100 }, ""},
		{"slower", func(r *result) { r.FullRatio = 0.56 }, "1 of 4 figures"},
		{"slower to the end", func(r *result) { r.MorphedRatio = 0.5 }, "1 of 4 figures"},
		{"bigger", func(r *result) { r.PeakBytesPerTask = 10_000 }, "1 of 4 figures"},
		{"sets", func(r *result) { r.Sets = []setsResult{{Format: "-J", Sets: 20, Singles: 9}} }, "1 of 4 figures"},
		{"other sets", func(r *result) { r.Sets = []setsResult{{Format: "-J", Sets: 3, Singles: 9}} }, ""},
		{"everything", func(r *result) { r.FullRatio, r.MorphedRatio, r.PeakBytesPerTask = 9, 9, 1e6 }, "3 of 4 figures"},
	} {
		now := base()
		tt.change(&now.Results[0])
		err := compare(io.Discard, base(), now, 0.1)
		if tt.want == "" {
			assert.NoError(t, err, tt.name)
			continue
		}
		assert.ErrorIs(t, err, errWorse, tt.name)
		assert.ErrorContains(t, err, tt.want, tt.name)
	}
	other := base()
	other.Results[0].Tasks = 7
	assert.ErrorContains(t, compare(io.Discard, base(), other, 0.1), "no results")
}

func TestCommittedBaseline(t *testing.T) {
	r, err := readReport("../../baseline.json")
	require.NoError(t, err)
	require.NotEmpty(t, r.Results)
	for _, x := range r.Results {
		assert.Positive(t, x.FullRatio, x.Tasks)
		assert.Positive(t, x.MorphedRatio, x.Tasks)
		assert.Positive(t, x.PeakBytesPerTask, x.Tasks)
	}
}

func TestYardstick(t *testing.T) {
	const graph = "{\n  \"a\": {\"label\": \"a\", \"n\": 1},\n  \"b\": {}\n}\n"
	file := filepath.Join(t.TempDir(), "graph.json")
	require.NoError(t, os.WriteFile(file, []byte(graph), 0o600))
	y, err := encodeGraph(file, 2)
	require.NoError(t, err)
	assert.Equal(t, 2, y.Tasks)
	assert.Equal(t, len(`{"a":{"label":"a","n":1},"b":{}}`), y.ResultBytes)
	assert.EqualValues(t, len(graph), y.GraphBytes)
	assert.Positive(t, y.Seconds)

	_, err = measureYardstick(t.Context(), filepath.Join(t.TempDir(), "missing"), 1)
	assert.ErrorContains(t, err, "missing")
	for _, args := range [][]string{{}, {file}, {file, "0"}, {file, "x"}} {
		assert.Error(t, yardstickMain(args, io.Discard), "%q", args)
	}
}

func TestNewResult(t *testing.T) {
	r := newResult(usage{wall: time.Second, cpu: 2 * time.Second, peak: 1 << 20}, usage{wall: 1500 * time.Millisecond, peak: 3 << 20},
		&yardstick{Tasks: 1024, GraphBytes: 5000, Seconds: 2})
	assert.Equal(t, 0.5, r.FullRatio)
	assert.Equal(t, 0.75, r.MorphedRatio)
	assert.Equal(t, 3072.0, r.PeakBytesPerTask, "the greater peak counts")
	assert.InDelta(t, 976.56, r.microsPerTask(), 0.01)
}

package bench

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

const small = 200 // tasks of the projects that tests write

// files gives what a directory holds, by name.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		rel, _ := filepath.Rel(dir, name)
		out[filepath.ToSlash(rel)] = string(data)
		return err
	}))
	return out
}

func written(t *testing.T, n int, seed uint64) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, Write(dir, n, seed))
	return dir
}

func TestWriteIsDeterministic(t *testing.T) {
	first := files(t, written(t, small, 1))
	assert.Equal(t, first, files(t, written(t, small, 1)))
	other := files(t, written(t, small, 2))
	assert.NotEqual(t, first["taskcluster/kinds/test/mochitest.yml"], other["taskcluster/kinds/test/mochitest.yml"])
	assert.NotEqual(t, first[MainParameters], other[MainParameters])
}

func TestWriteIsReadable(t *testing.T) {
	dir := written(t, MinTasks, 1)
	all := files(t, dir)
	for _, name := range []string{".taskcluster.yml", "taskcluster/config.yml", "taskcluster/docker/fetch/Dockerfile", MainParameters} {
		assert.Contains(t, all, name)
	}
	for name, data := range all {
		assert.NotContains(t, data, "<%", name)
		assert.NotContains(t, data, "<no value>", name)
		if strings.HasSuffix(name, ".yml") {
			var doc map[string]any
			assert.NoError(t, yaml.Unmarshal([]byte(data), &doc), name)
		}
		if strings.HasSuffix(name, ".sh") {
			info, err := os.Stat(filepath.Join(dir, name))
			require.NoError(t, err)
			assert.NotZero(t, info.Mode()&0o100, "%s is not executable", name)
		}
	}
}

// stub is what the count of a kind follows from.
type stub struct {
	Attributes struct {
		Type string `yaml:"build_type"`
	}
	Matrix struct {
		Platform, Type, Variant, Mode []string
		Exclude                       []map[string]string
	}
	Chunk struct {
		Total int `yaml:"total-chunks"`
	}
	FromDeps struct {
		With struct {
			Type any `yaml:"build_type"`
		} `yaml:"with-attributes"`
	} `yaml:"from-deps"`
}

// stubs gives the stubs of a kind, from all of its files.
func stubs(t *testing.T, dir, kind string) map[string]stub {
	t.Helper()
	base := filepath.Join(dir, "taskcluster/kinds", kind)
	var config struct {
		Tasks map[string]stub
		From  []string `yaml:"tasks-from"`
	}
	read := func(name string, into any) {
		data, err := os.ReadFile(filepath.Join(base, name))
		require.NoError(t, err)
		require.NoError(t, yaml.Unmarshal(data, into), name)
	}
	read("kind.yml", &config)
	out := map[string]stub{}
	add := func(more map[string]stub) {
		for name, s := range more {
			require.NotContains(t, out, name)
			out[name] = s
		}
	}
	add(config.Tasks)
	for _, name := range config.From {
		var more map[string]stub
		read(name, &more)
		add(more)
	}
	return out
}

func TestKindsHaveTheAnnouncedNumberOfTasks(t *testing.T) {
	for _, n := range []int{MinTasks, small, 1_000} {
		dir := written(t, n, 1)
		got := map[string]int{}
		for _, kind := range []string{"docker-image", "fetch", "toolchain", "build"} {
			got[kind] = len(stubs(t, dir, kind))
		}
		optimized := 0
		for _, b := range stubs(t, dir, "build") {
			if b.Attributes.Type == "opt" {
				optimized++
			}
		}
		for _, s := range stubs(t, dir, "test") {
			count := len(s.Matrix.Platform) * (len(s.Matrix.Type)*len(s.Matrix.Variant) - len(s.Matrix.Exclude))
			got["test"] += count * s.Chunk.Total
		}
		for _, s := range stubs(t, dir, "smoke") {
			got["smoke"] += got["build"] * len(s.Matrix.Mode)
		}
		for _, s := range stubs(t, dir, "signing") {
			require.Equal(t, "opt", s.FromDeps.With.Type)
			got["signing"] += optimized
		}
		for _, s := range stubs(t, dir, "report") {
			require.Equal(t, []any{"opt"}, s.FromDeps.With.Type)
			got["report"] += optimized
		}
		shape, err := ShapeOf(n)
		require.NoError(t, err)
		assert.Equal(t, shape.ByKind(), got)
	}
}

// TestTaskgraphGeneratesIt runs the program of this module on a project, through every phase.
func TestTaskgraphGeneratesIt(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	if _, err := os.Stat("../cmd/taskgraph/main.go"); err != nil {
		t.Skip("there is no cmd/taskgraph")
	}
	bin := filepath.Join(t.TempDir(), "taskgraph.exe")
	out, err := exec.Command("go", "build", "-o", bin, "../cmd/taskgraph").CombinedOutput()
	require.NoError(t, err, "%s", out)
	dir := written(t, small, 1)
	in := func(name string, args ...string) []byte {
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "TASKCLUSTER_ROOT_URL=https://tc.example.com", "TASK_ID=", "GIT_CONFIG_GLOBAL="+os.DevNull)
		out, err := cmd.Output()
		if exit, ok := err.(*exec.ExitError); ok {
			require.NoError(t, err, "%s %s: %s", name, args, exit.Stderr)
		}
		require.NoError(t, err)
		return out
	}
	in("git", "init", "--quiet")
	in("git", "add", "--all")
	in("git", "-c", "user.name=bench", "-c", "user.email=bench@example.com", "commit", "--quiet", "--message=project")

	type task struct{ Kind string }
	graph := func(phase, params string) map[string]task {
		var g map[string]task
		require.NoError(t, json.Unmarshal(in(bin, phase, "-J", "--offline", "-p", params), &g), phase)
		return g
	}
	kinds := map[string]int{}
	for _, task := range graph("full", MainParameters) {
		kinds[task.Kind]++
	}
	shape, err := ShapeOf(small)
	require.NoError(t, err)
	assert.Equal(t, shape.ByKind(), kinds)

	targets := graph("target", MainParameters)
	assert.NotEmpty(t, targets)
	assert.Less(t, len(targets), small)
	assert.Greater(t, len(graph("target-graph", MainParameters)), len(targets))
	optimized := len(graph("optimized", MainParameters))
	assert.Greater(t, optimized, small/2)
	assert.Equal(t, optimized, len(graph("morphed", MainParameters)))

	sets := filepath.Join(t.TempDir(), "sets")
	require.NoError(t, WriteParameterSets(sets, 8, 1))
	entries, err := os.ReadDir(sets)
	require.NoError(t, err)
	sizes := map[int]bool{}
	for _, entry := range entries {
		g := graph("morphed", filepath.Join(sets, entry.Name()))
		assert.NotEmpty(t, g, entry.Name())
		sizes[len(g)] = true
	}
	assert.Greater(t, len(sizes), 3, "the sets hardly differ")
}

package dockerimages

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/sourcetree"
	"github.com/taskgraph-go/decision/value"
)

// file is one file of a tree that a test makes.
type file struct {
	name    string
	content string
	mode    fs.FileMode // 0 means 0644
	link    string      // makes a symbolic link
}

// imageDir is the definition that tests ask for unless they say otherwise.
const imageDir = "taskcluster/docker/img"

// plant writes the files of a tree and gives its directory.
func plant(t testing.TB, files ...file) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range files {
		name := filepath.Join(dir, filepath.FromSlash(f.name))
		possible(t, os.MkdirAll(filepath.Dir(name), 0o755))
		if f.link != "" {
			possible(t, os.Symlink(f.link, name))
			continue
		}
		mode := f.mode
		if mode == 0 {
			mode = 0o644
		}
		possible(t, os.WriteFile(name, []byte(f.content), 0o600))
		possible(t, os.Chmod(name, mode))
	}
	return dir
}

// possible skips a test of names, modes or links that only some systems have.
func possible(t testing.TB, err error) {
	t.Helper()
	if err != nil && runtime.GOOS != "linux" {
		t.Skip("not possible here:", err)
	}
	require.NoError(t, err)
}

// open gives the images of a directory.
func open(t testing.TB, dir string, runTask *RunTask) (*Images, *diag.Sources) {
	t.Helper()
	tree, err := sourcetree.Open(dir)
	require.NoError(t, err)
	t.Cleanup(func() { tree.Close() })
	sources := &diag.Sources{}
	return New(Config{Tree: tree, RunTask: runTask, Sources: sources}), sources
}

// messages gives what an error says, one mistake a line, positions resolved.
func messages(err error, sources *diag.Sources) string {
	var lines []string
	for _, d := range diag.Sorted(diag.Flatten(err), sources) {
		lines = append(lines, d.Error())
		if d.Hint != "" {
			lines = append(lines, "  hint: "+d.Hint)
		}
	}
	return strings.Join(lines, "\n")
}

// dockerFile gives the Dockerfile of the image under test.
func dockerFile(content string) file { return file{name: imageDir + "/Dockerfile", content: content} }

// arguments makes arguments of pairs of strings.
func arguments(pairs ...any) *value.Map { return value.MapOf(pairs...) }

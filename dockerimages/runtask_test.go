package dockerimages

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
)

func TestOpenRunTask(t *testing.T) {
	dir := plant(t, file{name: "run-task", content: "x\n", mode: 0o775}, file{name: "fetch-content", mode: 0o700},
		file{name: "hgrc", mode: 0o664}, file{name: "robustcheckout.py", mode: 0o600}, file{name: "more"})
	r, err := OpenRunTask(dir)
	require.NoError(t, err)
	assert.False(t, r.IsStandin())
	assert.Equal(t, "73cb3858a687a8494ca3323053016282f3dad39d42cf62ca4e79dda2aac7d9ac"[:20], r.Suffix())
	modes := map[string]fs.FileMode{}
	for _, f := range r.Files() {
		modes[f.Name] = f.Mode
	}
	assert.Equal(t, map[string]fs.FileMode{"run-task": 0o755, "fetch-content": 0o755, "hgrc": 0o644, "robustcheckout.py": 0o644}, modes)
}

func TestOpenRunTaskWithMissingFiles(t *testing.T) {
	dir := plant(t, file{name: "run-task"}, file{name: "fetch-content/x"})
	_, err := OpenRunTask(dir)
	all := diag.Flatten(err)
	require.Len(t, all, 3)
	assert.Equal(t, filepath.Join(dir, "fetch-content")+": a directory of run-task needs this file: not a regular file (TG1001)", all[0].Error())
	assert.Equal(t, filepath.Join(dir, "hgrc"), all[1].Where.File)
	assert.Equal(t, filepath.Join(dir, "robustcheckout.py"), all[2].Where.File)
}

func TestRunTaskIsInTheDigest(t *testing.T) {
	tree := plant(t, dockerFile("# %include-run-task\n"), file{name: "taskcluster/docker/plain/Dockerfile"})
	digests := map[string]bool{}
	plain := map[string]bool{}
	for _, mode := range []fs.FileMode{0o644, 0o755} {
		for _, content := range []string{"x", "y"} {
			r, err := OpenRunTask(plant(t, file{name: "run-task"}, file{name: "fetch-content", content: content, mode: mode}, file{name: "hgrc"}, file{name: "robustcheckout.py"}))
			require.NoError(t, err)
			images, _ := open(t, tree, r)
			digest, err := images.ContextDigest(imageDir, nil, 0)
			require.NoError(t, err)
			digests[digest] = true
			digest, err = images.ContextDigest("taskcluster/docker/plain", nil, 0)
			require.NoError(t, err)
			plain[digest] = true
		}
	}
	assert.Len(t, digests, 4)
	assert.Len(t, plain, 1)
}

// The stand-in must say what it is and never pass for the real thing.
func TestStandinFails(t *testing.T) {
	r := Standin()
	assert.True(t, r.IsStandin())
	assert.Len(t, r.Suffix(), 20)
	assert.Same(t, r, Standin())
	if runtime.GOOS == "windows" {
		t.Skip("no shell")
	}
	for _, f := range r.Files() {
		assert.Contains(t, string(f.Content), "stand", f.Name)
		if f.Mode&0o100 == 0 {
			continue
		}
		name := filepath.Join(t.TempDir(), f.Name)
		require.NoError(t, os.WriteFile(name, f.Content, 0o755))
		out, err := exec.Command("sh", name, "--version").CombinedOutput()
		assert.Error(t, err, f.Name)
		assert.Contains(t, string(out), f.Name+": this is a stand-in", f.Name)
	}
}

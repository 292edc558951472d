package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/taskgraph-go/decision/bench"
)

// project is a synthetic project that is a git repository.
type project struct{ dir string }

// newProject writes a project of n tasks and commits it.
func newProject(ctx context.Context, dir string, n int, seed uint64) (*project, error) {
	if err := bench.Write(dir, n, seed); err != nil {
		return nil, err
	}
	p := &project{dir: dir}
	for _, args := range [][]string{
		{"init", "--quiet", "--initial-branch=main"},
		{"add", "--all"},
		{"-c", "user.name=bench", "-c", "user.email=bench@example.com", "-c", "commit.gpgSign=false", "commit", "--quiet", "--message=synthetic project"},
	} {
		cmd := exec.CommandContext(ctx, "git", append([]string{"-c", "core.autocrlf=false", "-c", "gc.auto=0"}, args...)...)
		cmd.Dir, cmd.Env = dir, environment()
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("git %s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	return p, nil
}

// parameters gives the file of the main parameters.
func (p *project) parameters() string {
	return filepath.Join(p.dir, filepath.FromSlash(bench.MainParameters))
}

// environment gives an environment in which nothing of the user's configuration and nothing of a task that this may run
// in reaches a measurement.
func environment() []string {
	var out []string
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if strings.HasPrefix(name, "TASKCLUSTER_") || strings.HasPrefix(name, "GIT_") || name == "TASK_ID" || name == "RUN_ID" || name == "MOZ_AUTOMATION" {
			continue
		}
		out = append(out, v)
	}
	return append(out, "TASKCLUSTER_ROOT_URL=https://tc.example.com", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
}

// build builds the command of this module and gives its file.
func build(ctx context.Context, dir string) (string, error) {
	bin := filepath.Join(dir, "taskgraph.exe") // the ending is needed on one system and harmless on the others
	out, err := exec.CommandContext(ctx, "go", "build", "-o", bin, "github.com/taskgraph-go/decision/cmd/taskgraph").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return bin, nil
}

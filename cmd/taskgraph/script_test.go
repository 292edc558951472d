package main

import (
	"bufio"
	"compress/gzip"
	"errors"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write what the scripts print into them")

// TestMain lets scripts run this program under its own name.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"taskgraph": main})
}

// TestScript runs the command line as users do. Each script of testdata/script is named for the command it shows and for what it
// shows of it, and has the tree of testdata/tree.txtar around it.
func TestScript(t *testing.T) {
	tree, err := txtar.ParseFile("testdata/tree.txtar")
	require.NoError(t, err)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			standIn, err := filepath.Abs("../../extension/python/testdata/standin")
			if err != nil {
				return err
			}
			for _, v := range [][2]string{
				{"PYTHONPATH", standIn}, {"PYTHONDONTWRITEBYTECODE", "1"},
				{"TASKCLUSTER_ROOT_URL", "https://tc.example.com"},
				{"GIT_CONFIG_GLOBAL", os.DevNull}, {"GIT_CONFIG_SYSTEM", os.DevNull}, {"GIT_CEILING_DIRECTORIES", filepath.Dir(env.WorkDir)},
				{"GIT_AUTHOR_NAME", "dev"}, {"GIT_AUTHOR_EMAIL", "dev@example.com"}, {"GIT_COMMITTER_NAME", "dev"}, {"GIT_COMMITTER_EMAIL", "dev@example.com"},
				{"GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z"}, {"GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z"},
			} {
				env.Setenv(v[0], v[1])
			}
			return unpack(tree, env.WorkDir)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"commit":    commit,
			"gzip":      compress,
			"firstline": firstLine,
		},
	})
}

// unpack writes the files of an archive that are not there yet.
func unpack(archive *txtar.Archive, dir string) error {
	for _, f := range archive.Files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// commit makes the working directory a repository, unless it is one, and commits all files.
//
//	commit MESSAGE
func commit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: commit MESSAGE")
	}
	if _, err := os.Stat(ts.MkAbs(".git")); err != nil {
		ts.Check(ts.Exec("git", "init", "-q", "-b", "main"))
	}
	ts.Check(ts.Exec("git", "add", "-A"))
	ts.Check(ts.Exec("git", "commit", "-q", "-m", args[0]))
}

// compress compresses files.
//
//	gzip FROM TO
func compress(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: gzip FROM TO")
	}
	f, err := os.Create(ts.MkAbs(args[1]))
	ts.Check(err)
	z := gzip.NewWriter(f)
	_, err = z.Write([]byte(ts.ReadFile(args[0])))
	ts.Check(errors.Join(err, z.Close(), f.Close()))
}

// firstLine runs a program, reads one line and closes the pipe. The program must have more to say and must not fail.
//
//	firstline PROGRAM ARGUMENT...
func firstLine(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: firstline PROGRAM ARGUMENT...")
	}
	program, err := exec.LookPath(args[0])
	ts.Check(err)
	cmd := exec.Command(program, args[1:]...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "TASKCLUSTER_ROOT_URL"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	cmd.Stderr = ts.Stderr()
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	line, err := bufio.NewReaderSize(out, 16).ReadString('\n')
	ts.Check(errors.Join(err, out.Close()))
	_, err = ts.Stdout().Write([]byte(line))
	ts.Check(errors.Join(err, cmd.Wait()))
}

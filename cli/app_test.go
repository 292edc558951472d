package cli_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/cli"
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// A panic, wherever it happens, is reported as a fault of the program, with what it takes to look into it, and never as
// a mistake of the user's.
func TestBugs(t *testing.T) {
	kind := func(more string) string {
		return "-- taskcluster/kinds/test/kind.yml --\n" + more + "tasks:\n  unit: {description: a test, worker-type: succeed}\n"
	}
	transform := "loader: taskgraph.loader.transform:loader\ntransforms: [taskgraph.transforms.task, 'faulty:transforms']\n"
	plain := "loader: taskgraph.loader.transform:loader\ntransforms: [taskgraph.transforms.task]\n"
	fault := func() { panic("it broke") }
	for name, c := range map[string]struct {
		tree     string
		register func(r *taskgraph.Registry)
		where    string
	}{
		"loader": {kind("loader: faulty:loader\n"), func(r *taskgraph.Registry) {
			r.Loaders.Add("faulty:loader", func(*taskgraph.LoadConfig) iter.Seq2[*value.Map, error] {
				return func(func(*value.Map, error) bool) { fault() }
			})
		}, "faulty:loader"},
		"each": {kind(transform), func(r *taskgraph.Registry) {
			r.Transforms.Add("faulty:transforms", taskgraph.Sequence{{Name: "break it", Each: func(*taskgraph.Config, *value.Map, func(*value.Map)) error {
				fault()
				return nil
			}}})
		}, "break it"},
		"begin": {kind(transform), func(r *taskgraph.Registry) {
			r.Transforms.Add("faulty:transforms", taskgraph.Sequence{{Name: "break it", Begin: func(*taskgraph.Config) (taskgraph.Each, error) {
				fault()
				return nil, nil
			}}})
		}, "kind test"},
		"all": {kind(transform), func(r *taskgraph.Registry) {
			r.Transforms.Add("faulty:transforms", taskgraph.Sequence{{Name: "break it", All: func(*taskgraph.Config, iter.Seq2[*value.Map, error]) iter.Seq2[*value.Map, error] {
				return func(func(*value.Map, error) bool) { fault() }
			}}})
		}, "break it"},
		"verification": {kind(plain), func(r *taskgraph.Registry) {
			r.Verifications.Add("check it", taskgraph.Verification{Phase: taskgraph.FullTaskGraph, Check: func(*taskgraph.VerifyConfig, func(error)) { fault() }})
		}, "check it"},
		"filter": {kind(plain) + "-- parameters.yml --\nhead_repository: https://github.com/a/b\nfilters: [faulty]\n", func(r *taskgraph.Registry) {
			r.Filters.Add("faulty", func(*taskgraph.Selection) ([]*taskgraph.Task, error) {
				fault()
				return nil, nil
			})
		}, "target task set"},
		"morph": {kind(plain), func(r *taskgraph.Registry) {
			r.Morphs.Add("faulty", func(*taskgraph.MorphConfig) error {
				fault()
				return nil
			})
		}, "morphs"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			registry := cli.Standard()
			c.register(registry)
			var out, errs bytes.Buffer
			app := &cli.App{Registry: registry, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Dir: newTree(t, c.tree), Env: func(string) string { return "" }}
			code := app.Run(t.Context(), []string{"morphed", "--offline", "-p", "parameters.yml"})
			assert.Equal(t, diag.ExitInternal, code)
			assert.Empty(t, out.String())
			assert.True(t, strings.HasPrefix(errs.String(), "taskgraph: this is a fault of the program, please report it\nbug: "+c.where+": it broke\n\ngoroutine "), errs.String())
		})
	}
}

// failing writes until it has had enough.
type failing struct {
	left int
	err  error
}

func (f *failing) Write(text []byte) (int, error) {
	if len(text) > f.left {
		return f.left, f.err
	}
	f.left -= len(text)
	return len(text), nil
}

func TestOutputFails(t *testing.T) {
	dir := newTree(t, "-- taskcluster/kinds/test/kind.yml --\n"+
		"loader: taskgraph.loader.transform:loader\ntransforms: [taskgraph.transforms.chunking, taskgraph.transforms.task]\n"+
		"tasks:\n  \"{this_chunk}\": {description: a test, worker-type: succeed, chunk: {total-chunks: 500, substitution-fields: [name]}}\n")
	for _, format := range []string{"-J", "-Y", "-L"} {
		for _, left := range []int{0, 1, 1000} {
			for err, want := range map[error]int{syscall.EPIPE: diag.ExitOK, io.ErrClosedPipe: diag.ExitOK, errors.New("the disk is full"): diag.ExitInternal} {
				var errs bytes.Buffer
				app := &cli.App{Registry: cli.Standard(), Stdout: &failing{left, err}, Stderr: &errs, Dir: dir, Env: func(string) string { return "" }}
				assert.Equal(t, want, app.Run(t.Context(), []string{"full", format, "--offline", "-p", "parameters.yml"}))
				if want == diag.ExitOK {
					assert.Empty(t, errs.String())
				} else {
					assert.Contains(t, errs.String(), "the disk is full")
				}
			}
		}
	}
}

// Everything comes in through the App: the working directory of the process, its environment and the clock play no part.
func TestSeams(t *testing.T) {
	t.Setenv("TASK_ID", "of-the-process")
	dir := newTree(t, "-- sub/here --\n"+oneTask)
	var out, errs bytes.Buffer
	app := &cli.App{Registry: cli.Standard(), Stdout: &out, Stderr: &errs, Dir: dir + "/sub", Env: func(name string) string {
		return map[string]string{"TASK_ID": "of-the-app"}[name]
	}}
	require.Equal(t, diag.ExitOK, app.Run(context.Background(), []string{"full", "-J", "-p", "../parameters.yml"}), errs.String())
	assert.Contains(t, out.String(), `"parent": "of-the-app"`)
}

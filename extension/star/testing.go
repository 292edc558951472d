package star

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	goruntime "runtime"
	"slices"
	"strings"
	"sync"

	"go.starlark.net/starlark"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
)

// TestFiles gives the test files, test_*.star, that are among the paths or below them, sorted. Paths are relative to the root of the
// repository. Directories whose names begin with a dot, and node_modules, are left out.
func TestFiles(p *taskgraph.Project, paths []string) ([]string, error) {
	var out []string
	var errs diag.List
	for _, root := range paths {
		if !fs.ValidPath(root) {
			errs.Add(diag.Errorf(diag.BadStar, 0, "%q leads out of the repository", root))
			continue
		}
		info, err := fs.Stat(p.Tree, root)
		if err != nil {
			errs.Add(diag.Errorf(diag.BadStar, 0, "there is no file or directory %q", root))
			continue
		}
		if !info.IsDir() {
			if !strings.HasSuffix(root, ".star") {
				errs.Add(diag.Errorf(diag.BadStar, 0, "%q is no .star file", root))
			}
			out = append(out, root)
			continue
		}
		errs.Add(fs.WalkDir(p.Tree, root, func(file string, d fs.DirEntry, err error) error {
			name := path.Base(file)
			switch {
			case err != nil:
				return err
			case d.IsDir() && file != root && (strings.HasPrefix(name, ".") || name == "node_modules"):
				return fs.SkipDir
			case !d.IsDir() && strings.HasPrefix(name, "test_") && strings.HasSuffix(name, ".star"):
				out = append(out, file)
			}
			return nil
		}))
	}
	slices.Sort(out)
	return slices.Compact(out), errs.Err(p.Sources)
}

// TestResult is what came of one test: a function test_* of a file. A file that cannot be loaded gives one result without a name.
type TestResult struct {
	File, Name string
	Err        error    // nil where the test passed
	Printed    []string // what print was called with, in order
}

// RunTests loads test files and runs their tests, several at the same time, and gives the results in the order of the files, then of
// definition. choose says which tests to run, by name; nil runs all. The limits are those of the graph config.
func RunTests(ctx context.Context, p *taskgraph.Project, files []string, choose func(name string) bool) []TestResult {
	rt := newRuntime(ctx, p)
	defer rt.Close()
	rt.setLimits(p.Config.Taskgraph("extensions").Map().At("limits").Map())
	workers := p.Workers
	if workers <= 0 {
		workers = goruntime.GOMAXPROCS(0)
	}
	type job struct {
		result *TestResult
		fn     *function
	}
	var results []*TestResult
	var jobs []job
	for _, file := range files {
		m := rt.module(ctx, file)
		if m.err != nil {
			results = append(results, &TestResult{File: file, Err: p.Resolve(m.err)})
			continue
		}
		var tests []*starlark.Function
		for name, x := range m.globals {
			if fn, ok := x.(*starlark.Function); ok && strings.HasPrefix(name, "test_") && fn.Position().Filename() == file {
				tests = append(tests, fn)
			}
		}
		slices.SortFunc(tests, func(a, b *starlark.Function) int {
			return int(a.Position().Line) - int(b.Position().Line)
		})
		for _, fn := range tests {
			if choose != nil && !choose(fn.Name()) {
				continue
			}
			r := &TestResult{File: file, Name: fn.Name()}
			results = append(results, r)
			f, err := rt.test(fn)
			if err != nil {
				r.Err = p.Resolve(err)
				continue
			}
			jobs = append(jobs, job{r, f})
		}
	}
	next := make(chan job)
	var wg sync.WaitGroup
	for range min(workers, len(jobs)) {
		wg.Go(func() {
			for j := range next {
				out := seen{print: func(message string) { j.result.Printed = append(j.result.Printed, message) }}
				j.result.Err = p.Resolve(j.fn.call(ctx, out, rt.limits, nil, func(*starlark.Thread, starlark.Value) error { return nil }))
			}
		})
	}
	for _, j := range jobs {
		next <- j
	}
	close(next)
	wg.Wait()
	out := make([]TestResult, len(results))
	for i, r := range results {
		out[i] = *r
	}
	return out
}

// test gives the function of a test, which takes nothing.
func (rt *runtime) test(fn *starlark.Function) (*function, error) {
	f := &function{rt: rt, ref: fn.Name(), fn: fn}
	at := fn.Position()
	if source := rt.source(at.Filename()); source != nil {
		f.pos = source.At(int(at.Line), int(at.Col))
	}
	var ok bool
	if f.n, ok = arguments(fn, signature{}); !ok {
		return nil, diag.Errorf(diag.BadStarFunction, f.pos, "a test gets nothing, but %s takes %s", fn.Name(), paramsOf(fn))
	}
	return f, nil
}

// String says what came of a test, in one line.
func (r TestResult) String() string {
	outcome := "ok  "
	if r.Err != nil {
		outcome = "FAIL"
	}
	if r.Name == "" {
		return fmt.Sprintf("%s %s", outcome, r.File)
	}
	return fmt.Sprintf("%s %s: %s", outcome, r.File, r.Name)
}

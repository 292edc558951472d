package star

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"go.starlark.net/resolve"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// dialect is the Starlark of .star files: sets and statements at the top level are allowed; recursion and while are not, so that
// what has no end is rare.
var dialect = &syntax.FileOptions{Set: true, TopLevelControl: true}

// runtime is the Starlark of one project: its files, each loaded once, and the threads that run their functions. It is safe for
// concurrent use.
type runtime struct {
	project *taskgraph.Project
	limits  callLimits

	loading   sync.Mutex // one file after the other, so that files that load each other are noticed
	mu        sync.Mutex
	modules   map[string]*module
	sources   map[string]*diag.Source
	inputs    map[string]bool
	documents map[string]value.Value // JSON files, by name

	idle  []*task
	watch watch
	ctx   context.Context // of whoever opened the project, for calls that get none
}

// module is a .star file that was loaded.
type module struct {
	file    string
	globals starlark.StringDict
	native  []string        // functions that are written in Go
	empty   map[string]bool // functions that return nothing, whatever happens
	err     error
}

func newRuntime(ctx context.Context, p *taskgraph.Project) *runtime {
	return &runtime{ctx: ctx, project: p, limits: defaultLimits, modules: map[string]*module{}, sources: map[string]*diag.Source{}, inputs: map[string]bool{}, documents: map[string]value.Value{}}
}

// Close ends the watch over what runs, and logs which files of the tree the results depend on.
func (rt *runtime) Close() error {
	rt.watch.close()
	rt.mu.Lock()
	defer rt.mu.Unlock()
	if len(rt.inputs) > 0 {
		rt.project.Log.Debug("files that Starlark code depends on", "inputs", sortedKeys(rt.inputs))
	}
	return nil
}

// task gives a thread that is not in use.
func (rt *runtime) task() *task {
	rt.mu.Lock()
	if n := len(rt.idle); n > 0 {
		t := rt.idle[n-1]
		rt.idle = rt.idle[:n-1]
		rt.mu.Unlock()
		return t
	}
	rt.mu.Unlock()
	t := newTask(rt)
	rt.watch.add(t)
	return t
}

// release gives a thread back.
func (rt *runtime) release(t *task) {
	t.seen = seen{}
	rt.mu.Lock()
	rt.idle = append(rt.idle, t)
	rt.mu.Unlock()
}

// known gives a file that was loaded, nil where it was not.
func (rt *runtime) known(file string) *module {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	return rt.modules[file]
}

// module gives a file, which it loads when it is first asked for.
func (rt *runtime) module(ctx context.Context, file string) *module {
	if m := rt.known(file); m != nil {
		return m
	}
	rt.loading.Lock()
	defer rt.loading.Unlock()
	return rt.loadModule(ctx, file, nil)
}

// loadModule loads a file, and those that it loads. chain are the files that are being loaded just now, each by the one before.
func (rt *runtime) loadModule(ctx context.Context, file string, chain []string) *module {
	if m := rt.known(file); m != nil {
		return m
	}
	m := &module{file: file}
	m.err = rt.execute(ctx, m, chain)
	if ctx.Err() == nil { // what was interrupted may be tried again
		rt.mu.Lock()
		rt.modules[file] = m
		rt.mu.Unlock()
	}
	return m
}

// read gives the text of a file of the tree or of the library.
func (rt *runtime) read(file string) ([]byte, error) {
	if name, ok := strings.CutPrefix(file, libraryPrefix); ok {
		text, err := library.ReadFile("library/" + name)
		if err != nil {
			return nil, diag.Errorf(diag.BadStar, 0, "there is no %q in the library", file).WithHint("%s", diag.DidYouMean(file, libraryFiles()))
		}
		return text, nil
	}
	text, err := rt.project.ReadFile(file)
	if err != nil {
		return nil, err
	}
	rt.used(file)
	return text, nil
}

// used notes a file of the tree that results depend on.
func (rt *runtime) used(file string) {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	rt.inputs[file] = true
}

// execute runs the top level of a file.
func (rt *runtime) execute(ctx context.Context, m *module, chain []string) error {
	text, err := rt.read(m.file)
	if err != nil {
		return err
	}
	source := rt.project.Sources.Add(m.file, text)
	rt.mu.Lock()
	rt.sources[m.file] = source
	rt.mu.Unlock()
	program, err := compile(m, text)
	if err != nil {
		return rt.invalid(source, err)
	}
	t := rt.task() // of its own: one that is working may wait for it
	defer rt.release(t)
	t.seen = seen{chain: append(slices.Clone(chain), m.file), loads: ctx}
	t.begin(ctx, rt.limits)
	defer t.finish()
	err = t.protect(func() error {
		globals, err := program.Init(t.thread, predeclared(m.file))
		if err == nil {
			if !freezable(globals) {
				return &failure{diag.Errorf(diag.BadStar, source.At(1, 1), "what the file defines is nested too deeply")}
			}
			globals.Freeze()
			for _, name := range m.native {
				globals[name] = natives[name]
			}
			m.globals = globals
		}
		return err
	})
	if err != nil {
		return t.wrong(err)
	}
	return nil
}

// predeclared gives what a file can use without loading it.
func predeclared(file string) starlark.StringDict {
	if strings.HasPrefix(file, libraryPrefix) {
		return libraryUniverse()
	}
	return universe
}

// compile makes a program of a file.
func compile(m *module, text []byte) (*starlark.Program, error) {
	file := m.file
	if len(text) > maxFile {
		return nil, syntax.Error{Pos: syntax.MakePosition(&file, 1, 1), Msg: fmt.Sprintf("the file has more than %d KiB", maxFile>>10)}
	}
	if line, column, err := checkNesting(text); err != nil {
		return nil, syntax.Error{Pos: syntax.MakePosition(&file, int32(line), int32(column)), Msg: err.Error()}
	}
	f, err := dialect.Parse(file, text, 0)
	if err != nil {
		return nil, err
	}
	m.empty = emptyFunctions(f.Stmts)
	if strings.HasPrefix(file, libraryPrefix) {
		m.native = nativeFunctions(f.Stmts)
	}
	if err := instrument(f); err != nil {
		return nil, err
	}
	return starlark.FileProgram(f, predeclared(file).Has)
}

// maxMistakes is how many mistakes in the text of one file are reported.
const maxMistakes = 50

// invalid makes diagnostics of what is wrong with the text of a file.
func (rt *runtime) invalid(source *diag.Source, err error) error {
	var found diag.List
	place := func(pos syntax.Position) diag.Pos { return source.At(int(pos.Line), int(pos.Col)) }
	switch e := err.(type) {
	case syntax.Error:
		found.Add(diag.Errorf(diag.BadStar, place(e.Pos), "%s", e.Msg))
	case resolve.ErrorList:
		for _, x := range e[:min(len(e), maxMistakes)] {
			d := diag.Errorf(diag.BadStar, place(x.Pos), "%s", x.Msg)
			if name, ok := strings.CutPrefix(x.Msg, "undefined: "); ok {
				var names []string
				for _, known := range append(starlark.Universe.Keys(), universe.Keys()...) {
					if known[0] >= 'A' && !strings.Contains(known, " ") {
						names = append(names, known)
					}
				}
				if near := diag.Nearest(name, names); near != "" && near[0] == name[0] {
					d.Hint = fmt.Sprintf("did you mean %q?", near)
				}
			}
			found.Add(d)
		}
	default:
		found.Add(diag.Errorf(diag.BadStar, source.Pos(), "%w", err))
	}
	return found.Err(nil)
}

// load is the statement load of a file.
func (t *task) load(thread *starlark.Thread, name string) (starlark.StringDict, error) {
	if t.chain == nil {
		return nil, errors.New("load is for the top level of a file")
	}
	from := t.chain[len(t.chain)-1]
	file, err := loadPath(from, name)
	if err != nil {
		return nil, err
	}
	if i := slices.Index(t.chain, file); i >= 0 {
		return nil, &failure{diag.Errorf(diag.BadStar, 0, "files load each other: %s", strings.Join(append(t.chain[i:], file), " -> "))}
	}
	if len(t.chain) > maxDepth {
		return nil, &failure{diag.Errorf(diag.BadStar, 0, "more than %d files load each other in a row", maxDepth)}
	}
	if !strings.HasPrefix(file, libraryPrefix) && !t.rt.project.Exists(file) {
		return nil, &failure{diag.Errorf(diag.BadStar, 0, "there is no file %q", file)}
	}
	m := t.rt.loadModule(t.loads, file, t.chain)
	return m.globals, m.err
}

// loadPath gives the file that a load names: one of the library, one from the repository's root, or one relative to the file that loads it.
func loadPath(from, name string) (string, error) {
	if rest, ok := strings.CutPrefix(name, libraryPrefix); ok {
		if !strings.HasSuffix(rest, ".star") {
			name += ".star"
		}
		return name, nil
	}
	if strings.HasPrefix(name, "@") {
		return "", &failure{diag.Errorf(diag.BadStar, 0, "there is no library %q", name).WithHint("the library of this program is %q", libraryPrefix+"...")}
	}
	file, ok := strings.CutPrefix(name, "//")
	if !ok {
		file = path.Join(path.Dir(from), name)
	}
	return inTree(file, name)
}

// inTree gives a path without dots, or the error that it leads out of the tree.
func inTree(file, name string) (string, error) {
	clean := path.Clean(file)
	if path.IsAbs(clean) || clean == ".." || strings.HasPrefix(clean, "../") || strings.ContainsAny(clean, "\\\x00") {
		return "", &failure{diag.Errorf(diag.BadStar, 0, "%q leads out of the repository", name)}
	}
	return clean, nil
}

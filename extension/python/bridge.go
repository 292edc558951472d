package python

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// Extension brings a tree's Python into its project. It adds fallbacks for names of Python objects. Where the graph config names a function to register
// with, Python is started at once, and what that registered is added to the project's registry when it comes.
func Extension(ctx context.Context, p *taskgraph.Project) (io.Closer, error) {
	b := &bridge{ctx: ctx, project: p, sessions: map[*parameters.Params]*entry{}}
	b.started = sync.OnceValues(b.start)
	b.imported = sync.OnceValues(b.importAll)
	b.needed = sync.OnceValue(func() bool { return p.Config.Taskgraph("register").Truthy() || len(b.kindsInPython()) > 0 })
	workers := p.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	b.turns = make(chan struct{}, workers)
	b.fallbacks()
	if p.Environment(builtInsVariable) == "python" {
		b.replaceBuiltIns()
	}
	if register := p.Config.Taskgraph("register"); register.Truthy() {
		p.Registry.Later(func(r *taskgraph.Registry) error {
			w, err := b.started()
			if err != nil {
				return b.atConfig(err, register)
			}
			return b.add(r, w)
		})
	}
	return b, nil
}

// builtInsVariable is the environment variable that has Python run the built-in loaders and transforms, too, when it is "python". It
// is for trees that need what an older release of the reference does.
const builtInsVariable = "TASKGRAPH_PYTHON_BUILTINS"

// replaceBuiltIns puts the reference's loaders and transforms in the place of ours.
func (b *bridge) replaceBuiltIns() {
	r := b.project.Registry
	for _, name := range r.Loaders.Names() {
		if strings.HasPrefix(name, "taskgraph.") {
			b.own.Store(name, true)
			r.Loaders.Replace(name, b.loader(name))
		}
	}
	for _, name := range r.Transforms.Names() {
		if strings.HasPrefix(name, "taskgraph.") {
			b.own.Store(name, true)
			b.steps.Store(name, []string{name})
			r.Transforms.Replace(name, b.sequence(name))
		}
	}
}

// bridge is the Python of one project.
type bridge struct {
	ctx      context.Context
	project  *taskgraph.Project
	started  func() (*world, error)
	imported func() (*modules, error)
	turns    chan struct{} // one for each session of a kind that may be at work
	kinds    sync.Map      // *taskgraph.Config to *entry
	steps    sync.Map      // names of steps to the names of the transforms that they run
	own      sync.Map      // built-in names that Python runs
	needed   func() bool   // whether the tree has Python at all

	mu       sync.Mutex
	world    *world // what started gave, to be closed
	sessions map[*parameters.Params]*entry
	tmp      string
	closed   bool
}

// world is a Python process that has the tree's registrations.
type world struct {
	process    *process
	registered *value.Map
	dir        string
}

// entry is a session that is made when it is first asked for.
type entry struct {
	once    sync.Once
	session *session
	err     error
}

// The environment variable with the time that Python may take without giving anything back, and what it is without one.
const (
	timeoutVariable = "TASKGRAPH_PYTHON_TIMEOUT"
	defaultTimeout  = 10 * time.Minute
)

// timeout gives the time that Python may take without giving anything back.
func (b *bridge) timeout() (time.Duration, error) {
	text := b.project.Environment(timeoutVariable)
	if text == "" {
		return defaultTimeout, nil
	}
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		text = fmt.Sprintf("%fs", seconds)
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, diag.Errorf(diag.BadConfig, 0, "want seconds, or a duration such as 90s or 5m, got %q", b.project.Environment(timeoutVariable)).WithPath(timeoutVariable)
	}
	return d, nil
}

// start starts Python and lets the tree register.
func (b *bridge) start() (*world, error) {
	p := b.project
	program, why, err := interpreter(p)
	if err != nil {
		return nil, err
	}
	timeout, err := b.timeout()
	if err != nil {
		return nil, err
	}
	dir := p.Dir
	if dir == "" {
		if dir, err = b.materialize(); err != nil {
			return nil, err
		}
	}
	p.Log.Debug("starting Python", "program", program, "found", why)
	if b.isClosed() {
		return nil, errClosed
	}
	proc, err := startProcess(program, dir, environment(), b.log)
	if err != nil {
		return nil, missingInterpreter("the Python %s (%s) cannot be started: %w", program, why, reason(err))
	}
	w := &world{process: proc, dir: dir}
	b.mu.Lock()
	b.world = w
	closed := b.closed
	b.mu.Unlock()
	if closed { // nobody else ends it
		proc.close()
		return nil, errClosed
	}
	wr := newWriter()
	setup := wr.message(6, func() {
		wr.element()
		wr.value(p.Config.Map().Value())
		wr.element()
		wr.str(p.Root)
		wr.element()
		wr.str(dir)
		wr.element()
		wr.bool(p.Fast)
		wr.element()
		wr.bool(p.Offline)
		wr.element()
		wr.bool(p.Log.Enabled(b.ctx, slog.LevelDebug))
	})
	letter, payload, err := proc.request(b.ctx, frameSetup, setup, nil, timeout)
	if err != nil {
		return nil, b.stopped(err, "register")
	}
	reply, err := readPlain(payload)
	if err != nil {
		return nil, err
	}
	if letter == frameError {
		return nil, b.notSetUp(reply.List(), program, why)
	}
	if l := reply.List(); l.Len() != 4 || !value.Equal(l.At(0), value.NewInt(protocolVersion)) || l.At(3).Map() == nil {
		return nil, errBadMessage
	}
	p.Log.Debug("Python is ready", "python", reply.List().At(1).Str(), "taskgraph", reply.List().At(2).Str())
	w.registered = reply.List().At(3).Map()
	return w, nil
}

// errClosed is the error of a start for a project that was closed meanwhile.
var errClosed = errors.New("the project was closed before its Python was ready")

func (b *bridge) isClosed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.closed
}

// notSetUp says why the reference package, or register, could not be run.
func (b *bridge) notSetUp(e *value.List, program, why string) error {
	x := readException(e)
	if module, ok := strings.CutPrefix(x.message, "No module named 'taskgraph"); ok && strings.HasSuffix(x.class, "ModuleNotFoundError") && strings.HasPrefix(module, "'") {
		return missingInterpreter("the package taskcluster-taskgraph is not installed in the Python %s (%s), and code of the tree needs it", program, why)
	}
	return x.diagnostic(b.project)
}

// environment gives the environment of the Python process. The order of sets is the same in every run, so that graphs are, too.
func environment() []string {
	env := os.Environ()
	if os.Getenv("PYTHONHASHSEED") == "" {
		env = append(env, "PYTHONHASHSEED=0")
	}
	return env
}

// log passes a line on that Python printed. Lines of its logging say what level they have.
func (b *bridge) log(line string) {
	line = strings.TrimRight(line, "\r\n")
	level, logger := slog.LevelInfo, ""
	if rest, ok := strings.CutPrefix(line, "\x1e"); ok {
		if parts := strings.SplitN(rest, "\x1f", 3); len(parts) == 3 {
			n, _ := strconv.Atoi(parts[0])
			switch {
			case n >= 40:
				level = slog.LevelError
			case n >= 30:
				level = slog.LevelWarn
			case n < 20:
				level = slog.LevelDebug
			}
			logger, line = parts[1], parts[2]
		}
	}
	if line == "" {
		return
	}
	if logger != "" {
		b.project.Log.Log(b.ctx, level, line, "python", logger)
		return
	}
	b.project.Log.Log(b.ctx, level, line, "python", "output")
}

// Close ends all Python processes.
func (b *bridge) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.kinds.Range(func(_, e any) bool {
		if s := e.(*entry).session; s != nil {
			s.close()
		}
		return true
	})
	for _, e := range b.sessions {
		if e.session != nil {
			e.session.close()
		}
	}
	if b.world != nil {
		b.world.process.close()
		b.world = nil
	}
	if b.tmp != "" {
		err := os.RemoveAll(b.tmp)
		b.tmp = ""
		return err
	}
	return nil
}

// atConfig gives an error of the start the place in the graph config that made it necessary, and says which kinds need it.
func (b *bridge) atConfig(err error, at value.Value) error {
	placed := diag.Placed(err, at.Pos(), "taskgraph.register")
	for _, d := range diag.Flatten(placed) {
		if d.Code != diag.NeedsPython {
			continue
		}
		if kinds := b.kindsInPython(); len(kinds) > 0 {
			d.WithRelated(at.Pos(), "kinds that need Python, too: %s", strings.Join(kinds, ", "))
		}
	}
	return placed
}

// kindsInPython gives the kinds that name a loader or a transform that is not built in.
func (b *bridge) kindsInPython() []string {
	var out []string
	names, _ := b.project.KindNames()
	for _, name := range names {
		if len(b.namesOf(name)) > 0 {
			out = append(out, name)
		}
	}
	return out
}

// runs says whether Python runs something built in.
func (b *bridge) runs(name string) bool {
	_, ok := b.own.Load(name)
	return ok
}

// namesOf gives the Python objects that a kind names.
func (b *bridge) namesOf(kind string) []string {
	k, err := b.project.Kind(kind)
	if err != nil {
		return nil
	}
	r := b.project.Registry
	var out []string
	if name, ok := k.Map.At("loader").AsString(); ok {
		if _, builtIn := r.Loaders.Get(name); !builtIn || b.runs(name) {
			if _, _, ok := splitName(name); ok {
				out = append(out, name)
			}
		}
	}
	for _, name := range k.Map.At("transforms").List().Strings() {
		if !strings.Contains(name, ":") {
			name += ":transforms"
		}
		if _, builtIn := r.Transforms.Get(name); !builtIn || b.runs(name) {
			if _, _, ok := splitName(name); ok {
				out = append(out, name)
			}
		}
	}
	return out
}

// modules is what came of importing what all kinds name.
type modules struct {
	wrong      map[string]*value.List // by name, what is wrong with it; nil where nothing is
	registered *value.Map
}

// importAll imports the modules that any kind of the tree names, in the order of the names, so that what they register does not depend
// on which kind comes first.
func (b *bridge) importAll() (*modules, error) {
	names := map[string]bool{}
	kinds, _ := b.project.KindNames()
	for _, kind := range kinds {
		for _, name := range b.namesOf(kind) {
			names[name] = true
		}
	}
	return b.importNames(slices.Sorted(maps.Keys(names)))
}

// importNames imports what names lead to.
func (b *bridge) importNames(names []string) (*modules, error) {
	w, err := b.started()
	if err != nil {
		return nil, err
	}
	timeout, err := b.timeout()
	if err != nil {
		return nil, err
	}
	wr := newWriter()
	ask := wr.message(1, func() {
		wr.element()
		wr.value(value.NewStrings(names...).Value())
	})
	reply, err := b.ask(w, frameImport, ask, timeout)
	if err != nil {
		return nil, err
	}
	if reply.List().Len() != 2 || reply.List().At(1).Map() == nil {
		return nil, errBadMessage
	}
	m := &modules{wrong: map[string]*value.List{}, registered: reply.List().At(1).Map()}
	for name, v := range reply.List().At(0).Map().All() {
		m.wrong[name] = v.List()
	}
	return m, nil
}

// ask sends a request to the process that sessions are copies of.
func (b *bridge) ask(w *world, letter byte, payload []byte, timeout time.Duration) (value.Value, error) {
	letter, reply, err := w.process.request(b.ctx, letter, payload, nil, timeout)
	if err != nil {
		return value.Value{}, b.stopped(err, "")
	}
	if letter == frameError {
		v, err := readPlain(reply)
		if err != nil {
			return v, err
		}
		return v, readException(v.List()).diagnostic(b.project)
	}
	return readMessage(reply)
}

// materialize writes a tree that stands nowhere into a temporary directory.
func (b *bridge) materialize() (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	tmp, err := os.MkdirTemp("", "taskgraph-tree-")
	if err != nil {
		return "", err
	}
	b.tmp = tmp
	dir := filepath.Join(tmp, "tree")
	if b.project.CheckoutDir != "" {
		dir = filepath.Join(tmp, filepath.Base(b.project.CheckoutDir))
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", err
	}
	if b.project.Materialize != nil {
		return dir, b.project.Materialize(b.ctx, dir)
	}
	return dir, os.CopyFS(dir, b.project.Tree)
}

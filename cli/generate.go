package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/atomicfile"
	"github.com/taskgraph-go/decision/internal/pyre"
	"github.com/taskgraph-go/decision/internal/vcs"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// generateOptions are the flags of the commands that generate.
type generateOptions struct {
	phase                  taskgraph.Phase
	root                   string
	parameters             []string
	targetKinds            []string
	output                 string
	json, yaml, labels     bool
	tasksRegex             string
	excludeKeys            []string
	noOptimize             bool
	forceLocalFilesChanged bool
	fast                   bool
	workers                int
	offline                bool
	index                  string
	runTask                string
	diff                   bool
	diffRev                string
	contexts               string // directory for docker contexts; previews write none
}

// session is an opened tree and what all generations from it share.
type session struct {
	app     *App
	opts    *generateOptions
	place   *workspace
	project *taskgraph.Project
	index   taskcluster.Index
	// overrides replace parameters, whatever their source says.
	overrides *value.Map
	checkout  *parameters.Checkout
	reader    value.Reader
	// clock stands still, so that graphs of one session can be compared.
	clock func() time.Time
	// drafts are what several graphs have in common; nil is nothing.
	drafts *taskgraph.Drafts
}

// start opens the tree.
func (a *App) start(ctx context.Context, o *generateOptions) (*session, error) {
	place, err := a.locate(o.root, o.offline)
	if err != nil {
		return nil, err
	}
	s := &session{app: a, opts: o, place: place, overrides: value.NewMap(0), checkout: parameters.NewCheckout(place.top, o.offline)}
	now := a.now()
	s.clock = func() time.Time { return now }
	s.reader = *a.reader()
	if place.repo != nil {
		s.checkout = parameters.NewRepositoryCheckout(place.top, place.repo)
	}
	if s.index, err = a.indexFor(o); err != nil {
		return nil, err
	}
	if o.forceLocalFilesChanged && len(o.parameters) > 0 {
		if place.repo == nil {
			return nil, usage("--force-local-files-changed needs a checkout of git or Mercurial")
		}
		files, err := place.repo.ChangedFiles(ctx, vcs.Change{Filter: "AM"})
		if err != nil {
			return nil, err
		}
		s.overrides.Set("files_changed", value.NewStrings(sortedSet(files)...).Value())
	}
	s.project, err = a.open(ctx, place, o)
	return s, err
}

// indexFor gives what answers look-ups in the index.
func (a *App) indexFor(o *generateOptions) (taskcluster.Index, error) {
	if o.index != "" {
		text, err := os.ReadFile(a.path(o.index))
		if err != nil {
			return nil, diag.Errorf(diag.Unreadable, 0, "cannot be read: %w", errors.Unwrap(err)).InFile(o.index)
		}
		return taskcluster.ParseIndex(&value.Reader{Sources: &a.sources}, o.index, text)
	}
	if o.offline {
		return taskcluster.OfflineIndex{}, nil
	}
	return &lazyIndex{connect: sync.OnceValues(func() (taskcluster.Index, error) {
		return a.services()
	})}, nil
}

// path gives the place of a file that was named on the command line.
func (a *App) path(file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(a.Dir, file)
}

// lazyIndex is the index service. Which deployment that is need not be known until something is looked up.
type lazyIndex struct {
	connect func() (taskcluster.Index, error)
}

func (l *lazyIndex) FindTasks(ctx context.Context, paths []string) (map[string]string, error) {
	index, err := l.connect()
	if err != nil {
		return nil, err
	}
	return index.FindTasks(ctx, paths)
}

func (l *lazyIndex) Statuses(ctx context.Context, taskIDs []string) (map[string]taskcluster.Status, error) {
	index, err := l.connect()
	if err != nil {
		return nil, err
	}
	return index.Statuses(ctx, taskIDs)
}

// generator gives the generation from a tree for the parameters that a spec names; "" makes them up from the checkout.
func (s *session) generator(ctx context.Context, project *taskgraph.Project, spec string, made func(tasks int)) (*taskgraph.Generator, error) {
	a, o := s.app, s.opts
	load := parameters.Options{
		Dir: a.Dir, Overrides: s.overrides, TrustDomain: project.Config.TrustDomain(), Checkout: s.checkout,
		Clock: s.clock, Env: a.Env, Offline: o.offline, Reader: &s.reader, Log: a.log,
	}
	var err error
	if load.Extensions, load.Later, err = project.Registry.ParameterExtensionsSoFar(); err != nil {
		return nil, err
	}
	params, err := parameters.Load(ctx, spec, load)
	if err != nil {
		return nil, afterReady(ctx, project, err)
	}
	return project.Generator(params, taskgraph.GeneratorOptions{TargetKinds: o.targetKinds, SkipOptimization: o.noOptimize, Index: s.index, Clock: s.clock, Made: made, Drafts: s.drafts}), nil
}

// afterReady gives the error of what comes before the first phase: that of the tree's own code, if it has one, so that it is the same
// however long that takes.
func afterReady(ctx context.Context, project *taskgraph.Project, err error) error {
	return cmp.Or(project.Ready(ctx), err)
}

// generate runs a preview command.
func (a *App) generate(ctx context.Context, o *generateOptions) error {
	if o.workers < 0 {
		return usage("--max-workers must not be negative")
	}
	printer, err := o.printer()
	if err != nil {
		return err
	}
	specs, err := a.specs(o)
	if err != nil {
		return err
	}
	s, err := a.start(ctx, o)
	if err != nil {
		return err
	}
	defer a.close(s.project)
	switch {
	case o.diff:
		return a.diffGraphs(ctx, s, specs, printer)
	case len(specs) > 1:
		return a.generateAll(ctx, s, specs, printer)
	}
	graph, err := s.graph(ctx, s.project, specs[0], a.memory.made)
	if err != nil {
		return err
	}
	return a.writeOutput(fileFor(o.output, specs[0], false), func(w io.Writer) error { return printer.print(w, graph) })
}

// specs gives the parameters to generate with: those of the command line, directories expanded, or made-up ones.
func (a *App) specs(o *generateOptions) ([]string, error) {
	specs, err := parameters.Expand(a.Dir, o.parameters)
	if err != nil {
		return nil, err
	}
	if len(specs) == 0 {
		return []string{""}, nil
	}
	if o.output == "" {
		return specs, nil
	}
	written := map[string]string{}
	for _, spec := range specs {
		name := parameters.FormatSpec(spec)
		if other, taken := written[name]; taken {
			return nil, usage("the results for the parameters %q and %q would be written to the same file: both are called %q", other, spec, name)
		}
		written[name] = spec
	}
	return specs, nil
}

// graph generates for the parameters that a spec names, from this tree or another one.
func (s *session) graph(ctx context.Context, project *taskgraph.Project, spec string, made func(tasks int)) (*taskgraph.TaskGraph, error) {
	g, err := s.generator(ctx, project, spec, made)
	if err != nil {
		return nil, err
	}
	return g.Last(ctx, s.opts.phase)
}

// printer gives what prints graphs as the flags say.
func (o *generateOptions) printer() (printer, error) {
	p := printer{exclude: o.excludeKeys, workers: o.workers}
	switch {
	case o.json:
		p.format = formatJSON
	case o.yaml:
		p.format = formatYAML
	}
	if o.tasksRegex != "" {
		re, err := pyre.Compile(o.tasksRegex)
		if err != nil {
			return p, badTasksRegex(err)
		}
		p.tasks = re
	}
	return p, nil
}

// badTasksRegex says what is wrong with the pattern for labels.
func badTasksRegex(err error) error { return usage("--tasks-regex: %s", diag.Flatten(err)[0].Message) }

// generateAll generates for several sets of parameters at the same time. One that fails does not stop the others. What
// goes to stdout comes in the order of the parameters.
func (a *App) generateAll(ctx context.Context, s *session, specs []string, p printer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	o := s.opts
	workers := o.workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	var group errgroup.Group
	group.SetLimit(min(workers, len(specs)))
	turn := make([]chan struct{}, len(specs)+1)
	for i := range turn {
		turn[i] = make(chan struct{})
	}
	close(turn[0])
	a.memory.several()
	s.drafts = taskgraph.NewDrafts(a.memory.made, a.memory.kept)
	progress := a.progress(len(specs), "graphs")
	errs := make([]error, len(specs))
	for i, spec := range specs {
		group.Go(func() error {
			defer close(turn[i+1])
			var tasks atomic.Int64 // which are garbage afterwards
			defer func() { a.memory.made(-int(tasks.Load())) }()
			graph, err := s.graph(ctx, s.project, spec, func(n int) {
				a.memory.made(n)
				if tasks.Add(int64(n)) < worthAlone {
					return
				}
				select { // one large graph at a time: it keeps all processors busy, and takes memory
				case <-turn[i]:
				case <-ctx.Done():
				}
			})
			if err == nil && o.output != "" {
				err = a.writeOutput(fileFor(o.output, spec, true), func(w io.Writer) error { return p.print(w, graph) })
			}
			<-turn[i]
			progress.step()
			if err == nil && o.output == "" {
				progress.clear()
				a.note("Dumping result with parameters from %s:", parameters.FormatSpec(spec))
				if err = p.print(a.out, graph); errors.Is(err, errNobodyReads) {
					cancel()
				}
			}
			errs[i] = err
			return nil
		})
	}
	group.Wait()
	progress.clear()
	return a.exitAll(specs, errs)
}

// exitAll reports the errors of several generations. The result has the greatest of their exit codes.
func (a *App) exitAll(specs []string, errs []error) error {
	if i := slices.IndexFunc(errs, func(err error) bool { return errors.Is(err, errNobodyReads) }); i >= 0 {
		return errs[i]
	}
	code := diag.ExitOK
	for i, err := range errs {
		if err == nil {
			continue
		}
		if errors.Is(err, context.Canceled) {
			return err
		}
		c := a.exit(err)
		fmt.Fprintf(a.Stderr, "taskgraph: no graph with parameters from %s\n", specs[i])
		code = max(code, c)
	}
	if code != diag.ExitOK {
		return reported{code}
	}
	return nil
}

// fileFor gives the name of the file for the result with some parameters. One of several gets their name into its own
// in any case.
func fileFor(file, spec string, several bool) string {
	if several && file != "" && !strings.Contains(file, "{params}") {
		ext := filepath.Ext(file)
		file = strings.TrimSuffix(file, ext) + "_{params}" + ext
	}
	return strings.ReplaceAll(file, "{params}", parameters.FormatSpec(spec))
}

// writeOutput writes a result to a file, all of it or nothing, or to stdout.
func (a *App) writeOutput(file string, write func(io.Writer) error) error {
	if file == "" {
		return write(a.out)
	}
	err := replaceFile(a.path(file), write)
	if _, failed := errors.AsType[*fs.PathError](err); failed {
		return unwritable(file, err)
	}
	return err
}

// replaceFile writes a file all at once. A device or a pipe, which cannot be replaced, is written to.
func replaceFile(file string, write func(io.Writer) error) error {
	info, err := os.Stat(file)
	if err != nil || info.Mode().IsRegular() {
		return atomicfile.Write(file, write)
	}
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(write(pipe{file, f}), f.Close())
}

// sortedSet gives the strings sorted and each once.
func sortedSet(all []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(all)))
}

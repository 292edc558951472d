package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/atomicfile"
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
}

// start opens the tree.
func (a *App) start(ctx context.Context, o *generateOptions) (*session, error) {
	place, err := a.locate(o.root, o.offline)
	if err != nil {
		return nil, err
	}
	s := &session{app: a, opts: o, place: place, overrides: value.NewMap(0), checkout: parameters.NewCheckout(place.top, o.offline)}
	s.reader = value.Reader{Sources: &a.sources, Warn: func(d *diag.Diagnostic) { a.warn([]*diag.Diagnostic{d}) }}
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
	s.project, err = a.open(place, o)
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
		service, err := taskcluster.FromEnvironment(a.Env)
		if err != nil {
			return nil, err
		}
		service.Log = a.log
		return taskcluster.NewClient(service), nil
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

// generator gives the generation for the parameters that a spec names; "" makes them up from the checkout.
func (s *session) generator(ctx context.Context, spec string) (*taskgraph.Generator, error) {
	return s.generatorOf(ctx, s.project, spec)
}

func (s *session) generatorOf(ctx context.Context, project *taskgraph.Project, spec string) (*taskgraph.Generator, error) {
	a, o := s.app, s.opts
	params, err := parameters.Load(ctx, spec, parameters.Options{
		Dir: a.Dir, Overrides: s.overrides, Extensions: a.Registry.ParameterExtensions, TrustDomain: project.Config.TrustDomain(), Checkout: s.checkout,
		Clock: a.Clock, Env: a.Env, Offline: o.offline, Reader: &s.reader, Log: a.log,
	})
	if err != nil {
		return nil, err
	}
	kinds := o.targetKinds
	if len(kinds) == 0 {
		kinds = params.At("target-kinds").List().Strings()
	}
	return project.Generator(params, taskgraph.GeneratorOptions{TargetKinds: kinds, SkipOptimization: o.noOptimize, Index: s.index, Clock: a.Clock}), nil
}

// generate runs a preview command.
func (a *App) generate(ctx context.Context, o *generateOptions) error {
	if o.workers < 0 {
		return usage("--max-workers must not be negative")
	}
	s, err := a.start(ctx, o)
	if err != nil {
		return err
	}
	specs, err := parameters.Expand(a.Dir, o.parameters)
	if err != nil {
		return err
	}
	if len(specs) == 0 {
		specs = []string{""}
	}
	if o.diff {
		return a.diffGraphs(ctx, s, specs)
	}
	defer func() { a.warn(s.project.Warnings()) }()
	if len(specs) == 1 {
		g, err := s.generator(ctx, specs[0])
		if err != nil {
			return err
		}
		graph, err := g.Graph(ctx, o.phase)
		if err != nil {
			return err
		}
		return a.writeOutput(o.output, func(w io.Writer) error { return o.printer().print(w, graph) })
	}
	return a.generateAll(ctx, s, specs)
}

func (o *generateOptions) printer() printer {
	p := printer{tasks: o.tasksRegex, exclude: o.excludeKeys, workers: o.workers}
	switch {
	case o.json:
		p.format = formatJSON
	case o.yaml:
		p.format = formatYAML
	}
	return p
}

// generateAll generates for several sets of parameters at the same time. One that fails does not stop the others.
func (a *App) generateAll(ctx context.Context, s *session, specs []string) error {
	o := s.opts
	workers := o.workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	progress := a.progress(len(specs))
	var group errgroup.Group
	group.SetLimit(min(workers, len(specs)))
	var mu sync.Mutex // output to stdout, one graph after the other
	turn := make([]chan struct{}, len(specs)+1)
	for i := range turn {
		turn[i] = make(chan struct{})
	}
	close(turn[0])
	errs := make([]error, len(specs))
	for i, spec := range specs {
		group.Go(func() error {
			defer close(turn[i+1])
			name := parameters.FormatSpec(spec)
			var graph *taskgraph.TaskGraph
			g, err := s.generator(ctx, spec)
			if err == nil {
				graph, err = g.Graph(ctx, o.phase)
			}
			if err == nil && o.output != "" {
				err = a.writeOutput(forParameters(o.output, name), func(w io.Writer) error { return o.printer().print(w, graph) })
			}
			<-turn[i]
			mu.Lock()
			defer mu.Unlock()
			progress.step()
			if err == nil && o.output == "" {
				progress.clear()
				if !a.quiet {
					fmt.Fprintf(a.Stderr, "Dumping result with parameters from %s:\n", name)
				}
				err = o.printer().print(a.Stdout, graph)
			}
			errs[i] = err
			return nil
		})
	}
	group.Wait()
	progress.clear()
	code := 0
	for i, err := range errs {
		if err == nil {
			continue
		}
		if errors.Is(err, context.Canceled) {
			return err
		}
		if c := a.exit(err); c != 0 {
			fmt.Fprintf(a.Stderr, "no graph with parameters from %s\n", specs[i])
			code = max(code, c)
		}
	}
	if code != 0 {
		return reported{code}
	}
	return nil
}

// forParameters gives the name of the file for the result of one of several sets of parameters.
func forParameters(file, name string) string {
	if file == "" {
		return ""
	}
	if !strings.Contains(file, "{params}") {
		ext := filepath.Ext(file)
		file = strings.TrimSuffix(file, ext) + "_{params}" + ext
	}
	return strings.ReplaceAll(file, "{params}", name)
}

// writeOutput writes a result to a file, all of it or nothing, or to stdout.
func (a *App) writeOutput(file string, write func(io.Writer) error) error {
	if file == "" {
		return write(a.Stdout)
	}
	file = a.path(file)
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
		// A device or a pipe cannot be replaced.
		f, err := os.OpenFile(file, os.O_WRONLY, 0)
		if err != nil {
			return diag.Errorf(diag.Unreadable, 0, "cannot be written: %w", err).InFile(file)
		}
		return errors.Join(write(f), f.Close())
	}
	if err := atomicfile.Write(file, write); err != nil {
		return err
	}
	return nil
}

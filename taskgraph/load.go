package taskgraph

import (
	"context"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// loadKinds loads all kinds, each as soon as those that it depends on are there, and gives their tasks in the order
// of the kind graph. A kind that fails keeps those that depend on it from being loaded; the errors of all others are
// given together. ahead is not nil where that begins before its turn.
func (g *Generator) loadKinds(ctx context.Context, kg *KindGraph, ahead *ahead) ([]*Task, error) {
	type result struct {
		kindTasks
		ok    bool
		ready chan struct{}
	}
	results := make(map[string]*result, len(kg.Order))
	for _, name := range kg.Order {
		results[name] = &result{ready: make(chan struct{})}
	}
	repos := sync.OnceValues(func() ([]Repository, error) { return repositories(g.project.Config, g.params) })
	drafts := g.opts.Drafts
	if ahead != nil || !g.project.Registry.builtIn() {
		drafts = nil
	}
	var errs diag.List
	var wg sync.WaitGroup
	defer g.readAhead(ctx, kg)()
	for _, name := range kg.Order {
		wg.Go(func() {
			r := results[name]
			defer close(r.ready)
			defer CatchBug("kind "+name, errs.Add)
			kind := kg.Kinds[name]
			load := g.newKindLoad(ctx, kind, repos, ahead)
			defer load.cancel()
			if kind.usesStandardLoader() && drafts == nil { // which looks at no other kind
				load.stubs()
			}
			wanted := map[string]bool{}
			for _, dep := range kind.Dependencies {
				<-results[dep].ready
				if !results[dep].ok {
					return
				}
				wanted[dep] = true
			}
			var before []kindTasks
			n := 0
			for _, other := range kg.Order {
				if wanted[other] {
					before = append(before, results[other].kindTasks)
					n += len(results[other].tasks)
				}
			}
			if ctx.Err() != nil {
				return
			}
			if drafts != nil {
				if r.kindTasks, r.ok = drafts.load(ctx, g, kind, facesOf(before)); r.ok {
					load.cfg.Log.Info("generated tasks", "tasks", len(r.tasks))
					return
				}
			}
			deps := make([]*Task, 0, n)
			for _, b := range before {
				deps = append(deps, b.all()...)
			}
			tasks, err := load.tasks(newDependencies(deps, load.cfg.Registry))
			if err != nil {
				errs.Add(err)
				return
			}
			load.cfg.Log.Info("generated tasks", "tasks", len(tasks))
			r.tasks, r.ok = tasks, true
			if drafts != nil {
				r.face = drafts.faceOf(kind, tasks)
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := errs.Err(g.project.Sources); err != nil {
		return nil, err
	}
	n := 0
	for _, r := range results {
		n += len(r.tasks)
	}
	tasks := make([]*Task, 0, n)
	parts := make([]kindTasks, 0, len(kg.Order))
	for _, name := range kg.Order {
		tasks = append(tasks, results[name].tasks...)
		parts = append(parts, results[name].kindTasks)
	}
	if drafts != nil {
		g.shape = drafts.shape(parts, tasks)
		g.open = drafts.open(parts)
	}
	return tasks, nil
}

// readAhead begins to read the files that kinds take tasks from, in the order of the kinds: a kind may have to wait for others until it
// asks for its own. What is wrong with them is found out then. The result waits until nothing is being read any more.
func (g *Generator) readAhead(ctx context.Context, kg *KindGraph) (wait func()) {
	files := make(chan string)
	var wg sync.WaitGroup
	for range g.workers() {
		wg.Go(func() {
			for file := range files {
				g.project.document(file)
			}
		})
	}
	ctx, cancel := context.WithCancel(ctx)
	wg.Go(func() {
		defer close(files)
		for _, name := range kg.Order {
			kind := kg.Kinds[name]
			if !kind.usesStandardLoader() {
				continue
			}
			for _, file := range kind.Map.At("tasks-from").List().Strings() {
				if !path.IsAbs(file) {
					select {
					case files <- path.Join(kind.Path, file):
					case <-ctx.Done():
						return
					}
				}
			}
		}
	})
	return func() {
		cancel()
		wg.Wait()
	}
}

// usesStandardLoader says whether the loader is one of those that come with the program, unless the tree replaces it.
func (k *Kind) usesStandardLoader() bool {
	loader := k.Map.At("loader")
	return loader.IsNull() || strings.HasPrefix(loader.Str(), "taskgraph.loader.")
}

// kindLoad makes the tasks of one kind.
type kindLoad struct {
	g      *Generator
	kind   *Kind
	cfg    *Config
	cancel context.CancelFunc // ends what is left of the work
	pipe   *pipeline
	errs   diag.List

	load   *LoadConfig
	loaded sync.Once
	made   []*value.Map // by the loader
}

func (g *Generator) newKindLoad(ctx context.Context, kind *Kind, repos func() ([]Repository, error), ahead *ahead) *kindLoad {
	p, registry := g.project, g.project.Registry
	if ahead != nil {
		registry = ahead.registry
	}
	l := &kindLoad{g: g, kind: kind}
	ctx, l.cancel = context.WithCancel(ctx)
	l.cfg = &Config{
		Context: ctx, Kind: kind.Name, Path: kind.Path, Map: kind.Map, Params: g.params, Graph: p.Config, Project: p, Registry: registry,
		WriteArtifacts: g.opts.WriteArtifacts, Fast: p.Fast, Log: p.Log.With("kind", kind.Name), repos: repos, ahead: ahead,
	}
	l.load = &LoadConfig{Config: l.cfg, Transforms: slices.Collect(kind.Map.At("transforms").List().Values())}
	l.pipe = &pipeline{cfg: l.cfg, workers: g.workers(), errs: &l.errs, interners: &g.interners, made: g.opts.Made}
	l.pipe.patterns = g.keepsPatterns() && g.opts.Drafts == nil && ahead == nil
	return l
}

// stubs has the loader make the stubs, once.
func (l *kindLoad) stubs() {
	l.loaded.Do(func() {
		name, pos := DefaultLoader, diag.Pos(0)
		if v, ok := l.kind.Map.Get("loader"); ok {
			name, pos = v.Str(), v.Pos()
		}
		defer CatchBug(name, func(err error) { l.pipe.report(err, nil, "") })
		loader, err := l.cfg.Registry.Loaders.Find(name, pos, diag.UnknownLoader)
		if err != nil {
			l.pipe.report(inTree(err, "loader", name), nil, "")
			return
		}
		for stub, err := range loader(l.load) {
			if err != nil {
				l.pipe.report(err, stub, "")
				continue
			}
			l.made = append(l.made, stub)
		}
	})
}

// tasks sends the stubs through the transforms and makes tasks of them.
func (l *kindLoad) tasks(deps *Dependencies) ([]*Task, error) {
	l.cfg.Deps = deps
	l.stubs()
	stubs := l.made
	l.made = nil // the pipeline gives them up one by one
	p := l.g.project
	steps, err := l.kind.sequence(l.cfg, l.load.Transforms)
	if err != nil {
		l.pipe.report(err, nil, "")
		return nil, l.errs.Err(p.Sources)
	}
	tasks := l.pipe.run(stubs, steps)
	return tasks, l.errs.Err(p.Sources)
}

package taskgraph

import (
	"context"
	"path"
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
		tasks []*Task
		ok    bool
		ready chan struct{}
	}
	results := make(map[string]*result, len(kg.Order))
	for _, name := range kg.Order {
		results[name] = &result{ready: make(chan struct{})}
	}
	repos := sync.OnceValues(func() ([]Repository, error) { return repositories(g.project.Config, g.params) })
	var errs diag.List
	var wg sync.WaitGroup
	defer g.readAhead(ctx, kg)()
	for _, name := range kg.Order {
		wg.Go(func() {
			r := results[name]
			defer close(r.ready)
			defer CatchBug("kind "+name, errs.Add)
			kind := kg.Kinds[name]
			n := 0
			for _, dep := range kind.Dependencies {
				<-results[dep].ready
				if !results[dep].ok {
					return
				}
				n += len(results[dep].tasks)
			}
			deps := make([]*Task, 0, n)
			wanted := map[string]bool{}
			for _, dep := range kind.Dependencies {
				wanted[dep] = true
			}
			for _, other := range kg.Order {
				if wanted[other] {
					deps = append(deps, results[other].tasks...)
				}
			}
			if ctx.Err() != nil {
				return
			}
			tasks, err := g.loadKind(ctx, kind, NewDependencies(deps), repos, ahead)
			if err != nil {
				errs.Add(err)
				return
			}
			r.tasks, r.ok = tasks, true
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
	for _, name := range kg.Order {
		tasks = append(tasks, results[name].tasks...)
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
			if loader := kind.Map.At("loader"); !loader.IsNull() && !strings.HasPrefix(loader.Str(), "taskgraph.loader.") {
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

// loadKind sends the stubs of a kind through its transforms and makes tasks of them.
func (g *Generator) loadKind(ctx context.Context, kind *Kind, deps *Dependencies, repos func() ([]Repository, error), ahead *ahead) ([]*Task, error) {
	p, registry := g.project, g.project.Registry
	if ahead != nil {
		registry = ahead.registry
	}
	ctx, loaded := context.WithCancel(ctx)
	defer loaded()
	cfg := &Config{
		Context: ctx, Kind: kind.Name, Path: kind.Path, Map: kind.Map, Params: g.params, Graph: p.Config, Project: p, Registry: registry,
		Deps: deps, WriteArtifacts: g.opts.WriteArtifacts, Fast: p.Fast, Log: p.Log.With("kind", kind.Name), repos: repos, ahead: ahead,
	}
	var errs diag.List
	pipe := &pipeline{cfg: cfg, workers: g.workers(), errs: &errs, interners: &g.interners, made: g.opts.Made}

	name, pos := DefaultLoader, diag.Pos(0)
	if v, ok := kind.Map.Get("loader"); ok {
		name, pos = v.Str(), v.Pos()
	}
	loader, err := registry.Loaders.Find(name, pos, diag.UnknownLoader)
	if err != nil {
		pipe.report(inTree(err, "loader", name), nil, "")
		return nil, errs.Err(p.Sources)
	}
	load := &LoadConfig{Config: cfg}
	for v := range kind.Map.At("transforms").List().Values() {
		load.Transforms = append(load.Transforms, v)
	}
	var stubs []*value.Map
	func() {
		defer CatchBug(name, func(err error) { pipe.report(err, nil, "") })
		for stub, err := range loader(load) {
			if err != nil {
				pipe.report(err, stub, "")
				continue
			}
			stubs = append(stubs, stub)
		}
	}()
	steps, err := kind.sequence(cfg, load.Transforms)
	if err != nil {
		pipe.report(err, nil, "")
		return nil, errs.Err(p.Sources)
	}
	tasks := pipe.run(stubs, steps)
	if err := errs.Err(p.Sources); err != nil {
		return nil, err
	}
	cfg.Log.Info("generated tasks", "tasks", len(tasks))
	return tasks, nil
}

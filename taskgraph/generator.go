package taskgraph

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/value"
)

// GeneratorOptions say how to generate.
type GeneratorOptions struct {
	// DecisionTaskID is the task id that references to the decision task resolve to, and from which the ids of the
	// tasks are derived. "" means DECISION-TASK, for previews.
	DecisionTaskID string
	// TaskIDSeed is what the ids of the tasks are derived from instead, where one task creates several graphs; "" means
	// DecisionTaskID.
	TaskIDSeed string
	// Made is told how many more tasks of the full task set there are, or are to be, or how many fewer, by several goroutines; nil is
	// nobody.
	Made func(tasks int)
	// TargetKinds limits the generation to some kinds and what they depend on; none means those of the parameter target-kinds, or all.
	TargetKinds []string
	// WriteArtifacts says that the artifacts of a decision task are wanted.
	WriteArtifacts bool
	// SkipVerifications turns the verifications off.
	SkipVerifications bool
	// SkipOptimization keeps every target task.
	SkipOptimization bool
	// Clock gives the time against which deadlines are held in the optimization phase; nil means time.Now.
	Clock func() time.Time
	// Index answers the look-ups of the optimization phase; nil holds nothing.
	Index taskcluster.Index
	// Drafts are what the generation has in common with others from its project, for parameters that are complete; nil is nothing.
	Drafts *Drafts
}

// Generator is one generation. Its methods give the phases; each is computed once, when it is asked for, and so are
// the phases before it. A Generator may be used by several goroutines.
type Generator struct {
	project *Project
	params  *parameters.Params
	opts    GeneratorOptions

	kindGraph *phase[*KindGraph]
	fullSet   *phase[*TaskGraph]
	full      *phase[*fullGraph]
	targetSet *phase[*TaskGraph]
	target    *phase[*targetGraph]
	optimized *phase[*Optimized]
	morphed   *phase[*Optimized]

	ahead atomic.Pointer[lookUps]

	forget bool // nobody wants a phase but the last: what that is made of is given up, and verified meanwhile

	takesBlanks bool   // tasks may keep their blanks
	open        *open  // the tasks have blanks; nil where they have none
	shape       *shape // what the full task graph has in common with others; nil for nothing

	interners sync.Pool             // of interners that no worker uses now
	begun     atomic.Pointer[ahead] // kinds that nobody has asked for yet
}

// fullGraph is the full task graph, which may be verified while others go on with it.
type fullGraph struct {
	*TaskGraph
	verified func() error // waits until it is
}

// targetGraph is the target task graph and which of its tasks were asked for.
type targetGraph struct {
	graph     *TaskGraph
	requested []bool // by place in graph: chosen by the filters or by always_target
	chosen    []bool // by place in graph: chosen by the filters
	// again are the tasks that exist, by label, where what is chosen is to be created again whatever the parameters say.
	again map[string]string
	// verified waits until the full task graph is.
	verified func() error
}

// phase is computed once.
type phase[T any] struct {
	name string
	mu   sync.Mutex
	done bool
	v    T
	err  error
}

func (p *phase[T]) get(compute func() (T, error)) (T, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.done {
		p.v, p.err = p.compute(compute)
		p.done = true
	}
	return p.v, p.err
}

// forget gives up the result. It is computed anew when it is asked for again.
func (p *phase[T]) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	var none T
	p.v, p.err, p.done = none, nil, false
}

func (p *phase[T]) compute(compute func() (T, error)) (v T, err error) {
	defer CatchBug(p.name, func(bug error) { err = bug })
	return compute()
}

// Generator gives a generation for one set of parameters, which must have been checked, or be checked when they are complete.
func (p *Project) Generator(params *parameters.Params, opts GeneratorOptions) *Generator {
	if opts.DecisionTaskID == "" {
		opts.DecisionTaskID = "DECISION-TASK"
	}
	if opts.TaskIDSeed == "" {
		opts.TaskIDSeed = opts.DecisionTaskID
	}
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	if opts.Index == nil {
		opts.Index = taskcluster.OfflineIndex{}
	}
	return &Generator{
		project: p, params: params, opts: opts,
		kindGraph: &phase[*KindGraph]{name: "kind graph"},
		fullSet:   &phase[*TaskGraph]{name: "full task set"},
		full:      &phase[*fullGraph]{name: "full task graph"},
		targetSet: &phase[*TaskGraph]{name: "target task set"},
		target:    &phase[*targetGraph]{name: "target task graph"},
		optimized: &phase[*Optimized]{name: "optimization"},
		morphed:   &phase[*Optimized]{name: "morphs"},
	}
}

// Params gives the parameters of the generation.
func (g *Generator) Params() *parameters.Params { return g.params }

// Graph gives the graph that a phase made.
func (g *Generator) Graph(ctx context.Context, phase Phase) (*TaskGraph, error) {
	switch phase {
	case FullTaskSet:
		return g.FullTaskSet(ctx)
	case FullTaskGraph:
		return g.FullTaskGraph(ctx)
	case TargetTaskSet:
		return g.TargetTaskSet(ctx)
	case TargetTaskGraph:
		return g.TargetTaskGraph(ctx)
	case OptimizedTaskGraph:
		o, err := g.OptimizedTaskGraph(ctx)
		if err != nil {
			return nil, err
		}
		return o.Graph, nil
	case MorphedTaskGraph:
		o, err := g.MorphedTaskGraph(ctx)
		if err != nil {
			return nil, err
		}
		return o.Graph, nil
	}
	return nil, fmt.Errorf("taskgraph: the phase %s has no graph", phase)
}

// Last gives the graph that a phase made, and gives up those of the phases before as soon as they were used: a large generation then
// needs less memory. The full task graph is verified while what follows is made of it, unless the tree has something of its own for that;
// what is wrong with it is said before all else. Last is for who wants nothing else of the Generator.
func (g *Generator) Last(ctx context.Context, phase Phase) (*TaskGraph, error) {
	g.forget = true
	g.takesBlanks = phase <= TargetTaskGraph // until then nothing here looks at definitions but the verifications, which know blanks
	return g.Graph(ctx, phase)
}

// Ready waits until it is known what the extensions register, and the parameters are complete. The phases do so themselves.
func (g *Generator) Ready(ctx context.Context) error {
	if err := g.project.Ready(ctx); err != nil {
		return err
	}
	return g.params.Complete()
}

// KindGraph gives the kinds and their graph.
func (g *Generator) KindGraph(ctx context.Context) (*KindGraph, error) {
	return g.kindGraph.get(func() (*KindGraph, error) {
		if err := g.Ready(ctx); err != nil {
			return nil, err
		}
		for _, ph := range []Phase{Initial, GraphConfigPhase, ParametersPhase} {
			if err := g.verify(ph, &VerifyConfig{}); err != nil {
				return nil, err
			}
		}
		if kinds := g.targetKinds(); len(kinds) > 0 {
			g.project.Log.Info("limiting kinds", "kinds", kinds)
		}
		kg, err := g.project.kindGraph(g.targetKinds(), g.project.Kind)
		if err != nil {
			return nil, err
		}
		return kg, g.verify(KindsPhase, &VerifyConfig{Kinds: kg.Kinds})
	})
}

// targetKinds gives the kinds that the generation is limited to, sorted.
func (g *Generator) targetKinds() []string {
	kinds := g.opts.TargetKinds
	if len(kinds) == 0 {
		kinds = g.params.At("target-kinds").List().Strings()
	}
	return slices.Sorted(slices.Values(kinds))
}

// FullTaskSet gives the tasks of all kinds, without edges.
func (g *Generator) FullTaskSet(ctx context.Context) (*TaskGraph, error) {
	return g.fullSet.get(func() (*TaskGraph, error) {
		ahead := g.begun.Swap(nil)
		if ahead == nil {
			ahead = g.loadAhead(ctx)
		}
		kg, err := g.KindGraph(ctx)
		if err != nil {
			ahead.drop()
			return nil, err
		}
		g.project.Log.Info("generating full task set")
		tasks, ok, err := ahead.tasks()
		if !ok {
			tasks, err = g.loadKinds(ctx, kg, nil)
		}
		if err != nil {
			return nil, err
		}
		tg := g.newTaskSet(tasks)
		if !tg.distinct() {
			return nil, g.repeatedLabels(tasks)
		}
		return tg, g.verify(FullTaskSet, &VerifyConfig{Tasks: tg})
	})
}

// newTaskSet gives the graph of all tasks, without edges.
func (g *Generator) newTaskSet(tasks []*Task) *TaskGraph {
	if g.shape != nil {
		return &TaskGraph{tasks: tasks, graph: g.shape.nodes, open: g.open, whole: wholeTasks(tasks)}
	}
	return NewTaskGraph(tasks, false)
}

// link gives the graph of all tasks with their edges.
func (g *Generator) link(set *TaskGraph) *TaskGraph {
	if g.shape != nil {
		return &TaskGraph{tasks: set.tasks, graph: g.shape.linked(), open: set.open, whole: set.whole}
	}
	return set.linked()
}

// repeatedLabels reports tasks that share a label.
func (g *Generator) repeatedLabels(tasks []*Task) error {
	var errs diag.List
	first := make(map[string]*Task, len(tasks))
	for _, t := range tasks {
		f, taken := first[t.Label]
		if !taken {
			first[t.Label] = t
			continue
		}
		d := diag.Errorf(diag.DuplicateLabel, t.Pos, "two tasks have the label %q", t.Label).WithRelated(f.Pos, "the other one, of kind %s", f.Kind)
		d.Kind = t.Kind
		errs.Add(d.InFile(g.project.KindsDir() + "/" + t.Kind + "/kind.yml"))
	}
	return errs.Err(g.project.Sources)
}

// FullTaskGraph gives the tasks of all kinds with their edges.
func (g *Generator) FullTaskGraph(ctx context.Context) (*TaskGraph, error) {
	full, err := g.fullGraph(ctx)
	if err != nil {
		return nil, err
	}
	return full.TaskGraph, full.verified()
}

// fullGraph gives the full task graph before it is verified. Whoever uses it for a phase says what is wrong with it before all else.
func (g *Generator) fullGraph(ctx context.Context) (*fullGraph, error) {
	return g.full.get(func() (*fullGraph, error) {
		set, err := g.FullTaskSet(ctx)
		if err != nil {
			return nil, err
		}
		tg := g.link(set)
		if err := g.knownDependencies(tg); err != nil {
			return nil, err
		}
		if _, err := tg.graph.Postorder(); err != nil {
			return nil, g.project.Resolve(tg.loopMistakes())
		}
		g.project.Log.Info("full task graph", "tasks", tg.Len(), "dependencies", tg.graph.Edges())
		full := &fullGraph{tg, sync.OnceValue(func() (err error) {
			defer CatchBug(g.full.name, func(bug error) { err = bug })
			return g.verify(FullTaskGraph, &VerifyConfig{Tasks: tg})
		})}
		if g.forget && !g.project.Registry.changesPhases() {
			go full.verified()
			return full, nil
		}
		return full, full.verified()
	})
}

// knownDependencies reports dependencies on tasks that are not there.
func (g *Generator) knownDependencies(tg *TaskGraph) error {
	if edges := 0; true {
		for _, t := range tg.tasks {
			edges += t.Dependencies.Len()
		}
		if edges == tg.graph.Edges() {
			return nil
		}
	}
	var errs diag.List
	for _, t := range tg.tasks {
		for name, v := range t.Dependencies.All() {
			if label, ok := v.AsString(); ok && tg.Task(label) != nil {
				continue
			}
			pos := v.Pos()
			if pos == 0 {
				pos = t.Dependencies.KeyPos(name)
			}
			if pos == 0 {
				pos = t.Pos
			}
			d := diag.Errorf(diag.MissingDep, pos, "depends on %s, which does not exist", v.Describe()).WithPath("dependencies." + name)
			if label, ok := v.AsString(); ok {
				d.Hint = diag.DidYouMean(label, tg.graph.names)
			}
			d.Label, d.Kind = t.Label, t.Kind
			errs.Add(d.InFile(g.project.KindsDir() + "/" + t.Kind + "/kind.yml"))
		}
	}
	return errs.Err(g.project.Sources)
}

// TargetTaskSet gives the tasks that the filters choose, without edges.
func (g *Generator) TargetTaskSet(ctx context.Context) (*TaskGraph, error) {
	full, err := g.fullGraph(ctx)
	if err != nil {
		return nil, err
	}
	set, err := g.targetTaskSet(full)
	if err := cmp.Or(full.verified(), err); err != nil {
		return nil, err
	}
	return set, nil
}

// targetTaskSet gives the target task set of a full task graph.
func (g *Generator) targetTaskSet(full *fullGraph) (*TaskGraph, error) {
	return g.targetSet.get(func() (*TaskGraph, error) {
		names := g.params.At("filters").List()
		if names.Len() == 0 {
			names = value.NewStrings("target_tasks_method")
		}
		r := g.project.Registry
		set := full.TaskGraph
		for v := range names.Values() {
			filter, err := r.Filters.Find(v.Str(), v.Pos(), diag.UnknownName)
			if err != nil {
				return nil, g.project.Resolve(g.inParameters(err, "filters"))
			}
			chosen, err := filter(&Selection{Tasks: set, Params: g.params, Graph: g.project.Config, Registry: r})
			if err != nil {
				return nil, g.project.Resolve(g.inParameters(err, ""))
			}
			keep := make([]bool, set.Len())
			for i, id := range set.idsOf(chosen) {
				if id < 0 {
					return nil, g.project.Resolve(diag.Errorf(diag.UnknownName, v.Pos(), "filter %q chose %q, which is no task", v.Str(), chosen[i].Label))
				}
				keep[id] = true
			}
			before := set.Len()
			set = set.subset(keep, false)
			g.project.Log.Info("filtered", "filter", v.Str(), "pruned", before-set.Len(), "remain", set.Len())
		}
		if set == full.TaskGraph {
			set = full.bare()
		}
		return set, g.verify(TargetTaskSet, &VerifyConfig{Tasks: set})
	})
}

// inParameters gives an error without position the parameters as its place.
func (g *Generator) inParameters(err error, path string) error {
	for _, d := range diag.Flatten(err) {
		if d.Path == "" {
			d.Path = path
		}
		d.InFile(g.params.Source())
	}
	return err
}

// targetGraph gives the target task graph and what was asked for, before the full task graph is verified.
func (g *Generator) targetGraph(ctx context.Context) (*targetGraph, error) {
	return g.target.get(func() (*targetGraph, error) {
		full, err := g.fullGraph(ctx)
		if err != nil {
			return nil, err
		}
		set, err := g.targetTaskSet(full)
		if err != nil {
			return nil, cmp.Or(full.verified(), err)
		}
		chosen := make([]bool, full.Len())
		requested := full.idsOf(set.tasks)
		for _, id := range requested {
			chosen[id] = true
		}
		always := g.params.At("enable_always_target")
		added := 0
		if always.Truthy() {
			for i, t := range full.tasks {
				if t.Attribute("always_target").Truthy() && !chosen[i] && (always.IsTrue() || always.List().ContainsString(t.Kind)) {
					requested = append(requested, int32(i))
					added++
				}
			}
		}
		g.project.Log.Info("added tasks that are always targeted", "tasks", added)
		keep := full.graph.Closure(requested)
		isRequested := make([]bool, full.Len())
		for _, id := range requested {
			isRequested[id] = true
		}
		out := &targetGraph{graph: full.subset(keep, true), verified: full.verified}
		for i, k := range keep {
			if k {
				out.requested = append(out.requested, isRequested[i])
				out.chosen = append(out.chosen, chosen[i])
			}
		}
		if err := g.verify(TargetTaskGraph, &VerifyConfig{Tasks: out.graph}); err != nil {
			return nil, cmp.Or(full.verified(), err)
		}
		return out, nil
	})
}

// TargetTaskGraph gives the target tasks, those that are always targeted, and all that they depend on.
func (g *Generator) TargetTaskGraph(ctx context.Context) (*TaskGraph, error) {
	t, err := g.targetGraph(ctx)
	if err != nil {
		return nil, err
	}
	return t.graph, t.verified()
}

// OptimizedTaskGraph gives what is left of the target task graph after optimization, with task ids.
func (g *Generator) OptimizedTaskGraph(ctx context.Context) (*Optimized, error) {
	return g.optimized.get(func() (*Optimized, error) {
		target, err := g.targetGraph(ctx)
		if err != nil {
			return nil, err
		}
		if g.forget {
			g.fullSet.forget()
			g.full.forget()
			g.targetSet.forget()
			g.target.forget()
		}
		g.project.Log.Info("generating optimized task graph")
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		go func() {
			if target.verified() != nil {
				cancel() // nobody wants to know what the index says
			}
		}()
		o, err := g.optimize(ctx, target)
		if bad := target.verified(); bad != nil {
			return nil, bad
		}
		if err != nil {
			return nil, g.project.Resolve(err)
		}
		return o, g.verify(OptimizedTaskGraph, &VerifyConfig{Tasks: o.Graph})
	})
}

// MorphedTaskGraph gives the optimized task graph in the form that is submitted.
func (g *Generator) MorphedTaskGraph(ctx context.Context) (*Optimized, error) {
	return g.morphed.get(func() (*Optimized, error) {
		o, err := g.OptimizedTaskGraph(ctx)
		if err != nil {
			return nil, err
		}
		m, err := g.morph(ctx, o)
		if err != nil {
			return nil, g.project.Resolve(err)
		}
		if g.forget {
			g.optimized.forget()
		}
		return m, g.verify(MorphedTaskGraph, &VerifyConfig{Tasks: m.Graph})
	})
}

// verify runs the verifications of a phase, several at a time.
func (g *Generator) verify(phase Phase, cfg *VerifyConfig) error {
	if g.opts.SkipVerifications {
		return nil
	}
	cfg.Project, cfg.Graph, cfg.Params, cfg.Unoptimized = g.project, g.project.Config, g.params, g.opts.SkipOptimization
	var errs diag.List
	var wg sync.WaitGroup
	var found atomic.Bool // by those that are steady
	good, remember := cfg.knownToBeGood(phase)
	if good != nil {
		cfg.cache.once.Do(func() { cfg.cache.all = good.parts })
	}
	turn := make(chan struct{}, g.workers())
	for name, v := range g.project.Registry.Verifications.All() {
		if v.Phase != phase || len(v.Projects) > 0 && !slices.Contains(v.Projects, g.params.Project()) && !slices.Contains(v.Projects, "all") {
			continue
		}
		if v.steady && good != nil {
			continue
		}
		wg.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			defer CatchBug(name, errs.Add)
			v.Check(cfg, func(err error) {
				if v.steady {
					found.Store(true)
				}
				for _, d := range diag.Flatten(err) {
					if d.Stage == "" {
						d.Stage = name
					}
					if d.Kind != "" {
						d.InFile(g.project.KindsDir() + "/" + d.Kind + "/kind.yml")
					}
					if d.Severity == diag.Warning {
						g.project.warned.Add(d)
						continue
					}
					errs.Add(d)
				}
			})
		})
	}
	wg.Wait()
	err := errs.Err(g.project.Sources)
	if err == nil && !found.Load() {
		remember()
	}
	return err
}

// workers gives how many goroutines to use.
func (g *Generator) workers() int {
	if n := g.project.Workers; n > 0 {
		return n
	}
	return runtime.GOMAXPROCS(0)
}

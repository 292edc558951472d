package taskgraph

import (
	"context"
	"slices"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// Optimized is what optimization left of the target task graph. It is immutable.
type Optimized struct {
	// Graph has the tasks that are to be created. Their ids are set, their dependencies are task ids, and their
	// definitions have no references any more. An edge leads to each dependency that is itself in the graph.
	Graph *TaskGraph
	// LabelToTaskID gives the task id of every label that stands for a task: one of the graph, or one that was
	// there already and replaced it.
	LabelToTaskID map[string]string
	// Verdicts say what became of each task of the target task graph, in its order.
	Verdicts []Verdict
}

// optimizer is one optimization at work. All of its slices go by the places of the tasks in the target task graph.
type optimizer struct {
	g         *Generator
	target    *targetGraph
	graph     *TaskGraph
	requested []bool
	locked    []bool            // must stay as it is
	existing  map[string]string // label to task id
	plans     []plan
	lookUps   *lookUps
	removed   []bool
	replaced  []bool
	verdicts  []Verdict // what is known so far; TaskID is the one of a replacement
	errs      diag.List
}

// plan is what a task's optimization asks for.
type plan struct {
	*runStrategy
	arg value.Value
}

// optimize removes from a target task graph what is not needed, replaces what exists already, and prepares the rest
// for submission.
func (g *Generator) optimize(ctx context.Context, target *targetGraph) (*Optimized, error) {
	o := g.newOptimizer(target)
	if err := o.plan(ctx); err != nil {
		return nil, err
	}
	if err := o.errs.Err(g.project.Sources); err != nil {
		return nil, err
	}
	o.lookUps = o.lookUpsFor(ctx, target)
	defer o.lookUps.end()
	steps := []func(context.Context) error{o.remove, o.replace, o.checkEdges}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return nil, err
		}
		if err := o.errs.Err(g.project.Sources); err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return o.assemble()
}

// newOptimizer prepares an optimization.
func (g *Generator) newOptimizer(target *targetGraph) *optimizer {
	n := target.graph.Len()
	o := &optimizer{
		g: g, target: target, graph: target.graph, requested: target.requested, plans: make([]plan, n),
		removed: make([]bool, n), replaced: make([]bool, n), verdicts: make([]Verdict, n),
	}
	for i, t := range o.graph.tasks {
		o.verdicts[i].Label = t.Label
	}
	o.existing = target.again
	if target.again == nil {
		o.existing = texts(g.params.At("existing_tasks").Map())
	}
	o.lock(target)
	return o
}

// lock works out which tasks must stay as they are: those that the parameter do_not_optimize names, all that the
// filters chose where optimize_target_tasks is false, and all where nothing is to be optimized. Where tasks are created again
// it is those, and only those.
func (o *optimizer) lock(target *targetGraph) {
	chosen := target.chosen
	switch p := o.g.params; {
	case target.again != nil:
		o.locked = slices.Clone(chosen)
		return
	case o.g.opts.SkipOptimization:
		o.locked = slices.Repeat([]bool{true}, len(chosen))
		return
	case p.At("optimize_target_tasks").Truthy() || p.At("optimize_target_tasks").IsNull():
		o.locked = make([]bool, len(chosen))
	default:
		o.locked = slices.Clone(chosen)
	}
	for v := range o.g.params.At("do_not_optimize").List().Values() {
		if id, ok := o.graph.graph.ids()[v.Str()]; ok {
			o.locked[id] = true
		}
	}
}

// plan finds the strategy of every task that may be optimized. The first key of an optimization counts.
func (o *optimizer) plan(context.Context) error {
	strategies, err := o.g.strategies()
	if err != nil {
		return err
	}
	never, err := strategies.never()
	if err != nil {
		return err
	}
	for i, t := range o.graph.tasks {
		if o.locked[i] {
			continue
		}
		if !t.Optimization.Truthy() {
			o.plans[i] = plan{runStrategy: never}
			continue
		}
		m := t.Optimization.Map()
		if m == nil {
			o.report(t, diag.Errorf(diag.WrongType, t.Optimization.Pos(), "want a map with the name of a strategy, got %s", t.Optimization.Describe()).WithPath("optimization"))
			continue
		}
		e := m.Entry(0)
		s, err := strategies.find(e.Key.KeyText(), e.Key.Or(t.Optimization.Pos()).Pos())
		if err != nil {
			o.report(t, err)
			continue
		}
		o.plans[i] = plan{s, e.Value}
	}
	return nil
}

// report adds an error about a task.
func (o *optimizer) report(t *Task, err error) { o.errs.Add(o.g.aboutTask(t, err)) }

// aboutTask gives copies of an error's diagnostics that say which task they are about, and have the task's position
// where they had none.
func (g *Generator) aboutTask(t *Task, err error) error {
	all := slices.Clone(diag.Flatten(err))
	for i, d := range all {
		c := *d
		if all[i] = aboutTask(t, &c); c.Pos == 0 {
			c.InFile(g.project.KindsDir() + "/" + t.Kind + "/kind.yml")
		}
	}
	return &diag.Errors{All: all}
}

// aboutTask says of a diagnostic which task it is about, and gives it the task's position where it has none.
func aboutTask(t *Task, d *diag.Diagnostic) *diag.Diagnostic {
	if d.Label == "" {
		d.Label = t.Label
	}
	if d.Kind == "" {
		d.Kind = t.Kind
	}
	if d.Pos == 0 {
		d.Pos = t.Pos
	}
	return d
}

package taskgraph

import (
	"context"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// Again gives the graph that creates tasks of a full task graph again, whether or not they exist, together with all that they
// depend on and that does not exist: existing gives the tasks that do, by label. Strategies decide about the others as in the
// optimization phase, and morphs have no part in it. change may change the tasks of the closure; nil changes nothing. It gets a copy,
// whose definition and attributes are its own to change, and leaves the label and the dependencies as they are.
//
// The ids of the tasks are derived from [GeneratorOptions.TaskIDSeed].
func (g *Generator) Again(ctx context.Context, full *TaskGraph, labels []string, existing map[string]string, change func(*Task) error) (o *Optimized, err error) {
	defer CatchBug("optimization", func(bug error) { err = bug })
	var errs diag.List
	var requested []int32
	for _, label := range labels {
		id, ok := full.graph.ids()[label]
		if !ok {
			errs.Add(diag.Errorf(diag.NotOffered, 0, "there is no task %q in the graph", label).WithHint("%s", diag.DidYouMean(label, full.graph.names)))
			continue
		}
		requested = append(requested, id)
	}
	if err := errs.Err(g.project.Sources); err != nil {
		return nil, err
	}
	keep := full.graph.Closure(requested)
	asked := make([]bool, full.Len())
	for _, id := range requested {
		asked[id] = true
	}
	target := &targetGraph{graph: full.subset(keep, true), again: existing}
	if target.again == nil {
		target.again = map[string]string{}
	}
	for i, k := range keep {
		if k {
			target.requested = append(target.requested, asked[i])
		}
	}
	target.chosen = target.requested
	if change != nil {
		for i, t := range target.graph.tasks {
			changed := *t
			changed.Task, changed.Attributes = t.Task.Copy(), t.Attributes.Copy()
			if err := change(&changed); err != nil {
				return nil, g.project.Resolve(g.aboutTask(t, err))
			}
			changed.Task.Freeze()
			changed.Attributes.Freeze()
			target.graph.tasks[i] = &changed
		}
	}
	o, err = g.optimize(ctx, target)
	if err != nil {
		return nil, g.project.Resolve(err)
	}
	return o, nil
}

// texts gives the entries of a map that are strings.
func texts(m *value.Map) map[string]string {
	out := make(map[string]string, m.Len())
	for k, v := range m.All() {
		if s, ok := v.AsString(); ok {
			out[k] = s
		}
	}
	return out
}

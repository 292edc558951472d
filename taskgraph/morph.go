package taskgraph

import (
	"context"
	"iter"
	"maps"
	"slices"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/value"
)

// MorphConfig is what a morph gets, and what it changes the graph with. It is for one goroutine.
type MorphConfig struct {
	Project *Project
	Graph   *GraphConfig
	Params  *parameters.Params

	seed     string // of task ids
	tasks    []*Task
	places   map[string]int32  // by task id
	labels   map[string]string // label to task id, replaced tasks included
	own      bool              // whether the maps are copies
	relinked bool              // whether there are other tasks, or other edges
	changed  bool
}

// Tasks gives the tasks, with what this morph and those before did to them, in order. Tasks that are added meanwhile
// come last.
func (c *MorphConfig) Tasks() iter.Seq[*Task] {
	return func(yield func(*Task) bool) {
		for i := 0; i < len(c.tasks); i++ {
			if !yield(c.tasks[i]) {
				return
			}
		}
	}
}

// TaskID gives the id that a new task of that label has.
func (c *MorphConfig) TaskID(label string) string { return TaskID(c.seed, label) }

// Add adds a task. Its dependencies are task ids; its own id is set, from its label, which must be new.
func (c *MorphConfig) Add(t *Task) error {
	if id, taken := c.labels[t.Label]; taken {
		d := diag.Errorf(diag.DuplicateLabel, 0, "a morph adds a task with the label %q, which another task has", t.Label)
		if at, ok := c.places[id]; ok {
			d.Pos, d.Kind = c.tasks[at].Pos, c.tasks[at].Kind
			d.WithHint("rename this task: the label is reserved")
		}
		return d
	}
	task := *t
	task.TaskID = c.TaskID(t.Label)
	task.complete()
	if !c.own { // most graphs need no task more, and keep their maps
		c.places, c.labels = maps.Clone(c.places), maps.Clone(c.labels)
	}
	c.labels[task.Label] = task.TaskID
	c.places[task.TaskID] = int32(len(c.tasks))
	c.tasks = append(c.tasks, &task)
	c.own, c.relinked, c.changed = true, true, true
	return nil
}

// SetDefinition gives a task another definition.
func (c *MorphConfig) SetDefinition(t *Task, def *value.Map) {
	if at, ok := c.places[t.TaskID]; ok {
		to := *c.tasks[at].whole(newNumbering())
		to.Task = def
		c.Change(t, &to)
	}
}

// Change gives a task what another one has. Its kind, label and task id stay. Dependencies are task ids.
func (c *MorphConfig) Change(t, to *Task) {
	at, ok := c.places[t.TaskID]
	if !ok {
		return
	}
	task := *to
	task.Kind, task.Label, task.TaskID, task.Pos = t.Kind, t.Label, t.TaskID, t.Pos
	task.complete()
	c.relinked = c.relinked || task.Dependencies != c.tasks[at].Dependencies
	c.tasks[at] = &task
	c.changed = true
}

// Remove takes tasks and their labels away. What depends on them goes on naming them, unless it is changed, too.
func (c *MorphConfig) Remove(tasks ...*Task) {
	gone := make(map[string]bool, len(tasks))
	for _, t := range tasks {
		if _, ok := c.places[t.TaskID]; ok {
			gone[t.TaskID] = true
		}
	}
	if len(gone) == 0 {
		return
	}
	c.labels, c.places = maps.Clone(c.labels), make(map[string]int32, len(c.tasks))
	for _, t := range tasks {
		if gone[t.TaskID] {
			delete(c.labels, t.Label)
		}
	}
	c.tasks = slices.DeleteFunc(c.tasks, func(t *Task) bool { return gone[t.TaskID] })
	for i, t := range c.tasks {
		c.places[t.TaskID] = int32(i)
	}
	c.own, c.relinked, c.changed = true, true, true
}

// complete gives empty values to fields that have none, and freezes all.
func (t *Task) complete() {
	for m, empty := range map[**value.Map]*value.Map{&t.Attributes: emptyMap, &t.Task: emptyMap, &t.Dependencies: emptyMap} {
		if *m == nil {
			*m = empty
		}
		(*m).Freeze()
	}
	for _, l := range []**value.List{&t.SoftDependencies, &t.IfDependencies} {
		if *l == nil {
			*l = emptyList
		}
	}
	if t.Attributes.Str("kind") != t.Kind {
		t.Attributes = t.Attributes.Copy()
		t.Attributes.Set("kind", value.NewString(t.Kind))
		t.Attributes.Freeze()
	}
}

// morph changes the optimized graph into the form that is submitted, by all morphs in order of registration.
func (g *Generator) morph(ctx context.Context, o *Optimized) (*Optimized, error) {
	c := &MorphConfig{
		Project: g.project, Graph: g.project.Config, Params: g.params, seed: g.opts.TaskIDSeed,
		tasks: slices.Clone(o.Graph.tasks), places: o.Graph.byID, labels: o.LabelToTaskID,
	}
	for name, morph := range g.project.Registry.Morphs.All() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := morph(c); err != nil {
			for _, d := range diag.Flatten(err) {
				if d.Stage == "" {
					d.Stage = name
				}
			}
			return nil, err
		}
	}
	if !c.changed {
		return o, nil
	}
	out := &Optimized{LabelToTaskID: c.labels, Verdicts: o.Verdicts}
	if out.Graph = o.Graph.withTasks(c.tasks); c.relinked {
		out.Graph = newTaskGraphByID(c.tasks, c.places)
	}
	return out, nil
}

// withTasks gives the same graph with other tasks of the same names.
func (tg *TaskGraph) withTasks(tasks []*Task) *TaskGraph {
	return &TaskGraph{tasks: tasks, graph: tg.graph, byID: tg.byID, whole: wholeTasks(tasks)}
}

// newTaskGraphByID gives the graph of tasks whose dependencies are task ids.
func newTaskGraphByID(tasks []*Task, byID map[string]int32) *TaskGraph {
	out := NewTaskGraph(tasks, false)
	out.byID = byID
	for i, t := range tasks {
		for name, id := range t.Deps() {
			if to, ok := byID[id]; ok {
				out.graph.link(int32(i), to, name)
			}
		}
	}
	out.graph.finish()
	return out
}

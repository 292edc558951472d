package star

import (
	"fmt"

	"go.starlark.net/starlark"

	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// Task is a task of a graph as Starlark code sees it: immutable, with the fields that task-graph.json has as attributes.
type Task struct{ t *taskgraph.Task }

var (
	_ starlark.HasAttrs   = (*Task)(nil)
	_ starlark.Comparable = (*Task)(nil)
)

func (t *Task) String() string        { return fmt.Sprintf("<task %s>", t.t.Label) }
func (t *Task) Type() string          { return "Task" }
func (t *Task) Freeze()               {}
func (t *Task) Truth() starlark.Bool  { return true }
func (t *Task) Hash() (uint32, error) { return starlark.String(t.t.Label).Hash() }

// CompareSameType says whether two tasks are the same.
func (t *Task) CompareSameType(op starlarkToken, y starlark.Value, _ int) (bool, error) {
	other := y.(*Task)
	switch cmp := t.t == other.t; op {
	case starlarkEQL:
		return cmp, nil
	case starlarkNEQ:
		return !cmp, nil
	}
	return false, fmt.Errorf("tasks have no order: sort them by their labels")
}

// Attr gives a field.
func (t *Task) Attr(name string) (starlark.Value, error) {
	switch name {
	case "kind":
		return starlark.String(t.t.Kind), nil
	case "label":
		return starlark.String(t.t.Label), nil
	case "description":
		return starlark.String(t.t.Description), nil
	case "attributes":
		return frozen(t.t.Attributes), nil
	case "task":
		return frozen(t.t.Task), nil
	case "optimization":
		return view(t.t.Optimization, true), nil
	case "dependencies":
		return frozen(t.t.Dependencies), nil
	case "soft_dependencies":
		return &List{list: t.t.SoftDependencies, frozen: true}, nil
	case "if_dependencies":
		return &List{list: t.t.IfDependencies, frozen: true}, nil
	case "task_id":
		if t.t.TaskID == "" {
			return starlark.None, nil
		}
		return starlark.String(t.t.TaskID), nil
	}
	return nil, nil
}

// AttrNames lists the fields.
func (t *Task) AttrNames() []string {
	return []string{"attributes", "dependencies", "description", "if_dependencies", "kind", "label", "optimization", "soft_dependencies", "task", "task_id"}
}

// frozen gives a map that cannot be changed.
func frozen(m *value.Map) *Dict { return &Dict{m: m, frozen: true} }

// Tasks are tasks by label, as a dict that cannot be changed. They are looked up as they are needed.
type Tasks struct {
	all  []*taskgraph.Task
	find func(label string) *taskgraph.Task
}

var (
	_ starlark.IterableMapping = (*Tasks)(nil)
	_ starlark.Sequence        = (*Tasks)(nil)
	_ starlark.HasAttrs        = (*Tasks)(nil)
	_ starlark.HasBinary       = (*Tasks)(nil)
)

func (t *Tasks) String() string        { return fmt.Sprintf("<%d tasks>", len(t.all)) }
func (t *Tasks) Type() string          { return "tasks" }
func (t *Tasks) Freeze()               {}
func (t *Tasks) Truth() starlark.Bool  { return len(t.all) > 0 }
func (t *Tasks) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable type: tasks") }
func (t *Tasks) Len() int              { return len(t.all) }

// Get gives the task with a label.
func (t *Tasks) Get(key starlark.Value) (starlark.Value, bool, error) {
	label, ok := starlark.AsString(key)
	if !ok {
		return nil, false, fmt.Errorf("want a label, got %s", key.Type())
	}
	if task := t.find(label); task != nil {
		return &Task{task}, true, nil
	}
	return nil, false, nil
}

func (t *Tasks) labels() []string {
	out := make([]string, len(t.all))
	for i, task := range t.all {
		out[i] = task.Label
	}
	return out
}

// Items gives labels and tasks in order.
func (t *Tasks) Items() []starlark.Tuple {
	out := make([]starlark.Tuple, len(t.all))
	for i, task := range t.all {
		out[i] = starlark.Tuple{starlark.String(task.Label), &Task{task}}
	}
	return out
}

// Iterate goes through the labels in order.
func (t *Tasks) Iterate() starlark.Iterator { return &tasksIterator{all: t.all} }

type tasksIterator struct{ all []*taskgraph.Task }

func (it *tasksIterator) Next(p *starlark.Value) bool {
	if len(it.all) == 0 {
		return false
	}
	*p, it.all = starlark.String(it.all[0].Label), it.all[1:]
	return true
}

func (it *tasksIterator) Done() {}

// Binary says whether there is a task with a label.
func (t *Tasks) Binary(op starlarkToken, y starlark.Value, side starlark.Side) (starlark.Value, error) {
	if op != starlarkIN || side != starlark.Right {
		return nil, nil
	}
	_, found, err := t.Get(y)
	return starlark.Bool(found), err
}

// Attr gives a method.
func (t *Tasks) Attr(name string) (starlark.Value, error) { return method(t, name, tasksMethods) }

// AttrNames lists the methods.
func (t *Tasks) AttrNames() []string { return methodNames(tasksMethods) }

var tasksMethods = methods{
	"get": define("get", func(t *Tasks, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		var key, dflt starlark.Value = nil, starlark.None
		if err := starlark.UnpackPositionalArgs("get", args, kwargs, 1, &key, &dflt); err != nil {
			return nil, err
		}
		if x, found, err := t.Get(key); err != nil || found {
			return x, err
		}
		return dflt, nil
	}),
	"items": define("items", func(t *Tasks, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		out := make([]starlark.Value, 0, t.Len())
		for _, item := range t.Items() {
			out = append(out, item)
		}
		return starlark.NewList(out), starlark.UnpackPositionalArgs("items", args, kwargs, 0)
	}),
	"keys": define("keys", func(t *Tasks, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		out := make([]starlark.Value, 0, t.Len())
		for _, task := range t.all {
			out = append(out, starlark.String(task.Label))
		}
		return starlark.NewList(out), starlark.UnpackPositionalArgs("keys", args, kwargs, 0)
	}),
	"values": define("values", func(t *Tasks, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		out := make([]starlark.Value, 0, t.Len())
		for _, task := range t.all {
			out = append(out, &Task{task})
		}
		return starlark.NewList(out), starlark.UnpackPositionalArgs("values", args, kwargs, 0)
	}),
}

// dependencyTasks gives the tasks of the kinds that a kind depends on.
func dependencyTasks(deps *taskgraph.Dependencies) *Tasks { return &Tasks{deps.All(), deps.Task} }

// graphTasks gives the tasks of a graph.
func graphTasks(g *taskgraph.TaskGraph) *Tasks {
	all := make([]*taskgraph.Task, 0, g.Len())
	for t := range g.All() {
		all = append(all, t)
	}
	return &Tasks{all, g.Task}
}

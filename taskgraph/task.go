package taskgraph

import (
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// MaxDependencies is how many dependencies a task may have. The queue takes 10,000; one place is kept for the
// decision task, which is added on submission.
const MaxDependencies = 9999

// Task is one task of a graph: what the transforms of its kind made of a stub. A Task is immutable once it is
// part of a graph; phases that change tasks make new ones.
type Task struct {
	Kind        string
	Label       string
	Description string
	// Attributes are for filtering and grouping; they are no part of the definition.
	Attributes *value.Map
	// Task is the task definition, with references that the optimization phase resolves and with relative
	// times that submission resolves.
	Task *value.Map
	// Optimization names a strategy and its argument, {strategy: argument}, or is null.
	Optimization value.Value
	// Dependencies maps names of edges to labels; in an optimized graph to task ids.
	Dependencies *value.Map
	// SoftDependencies are labels of tasks to depend on where they are still there after optimization.
	SoftDependencies *value.List
	// IfDependencies are labels: without at least one of them in the graph the task is not needed.
	IfDependencies *value.List
	// TaskID is set from the optimized graph on.
	TaskID string
	// Pos is where the stub was defined.
	Pos diag.Pos
}

// Deps gives the labels (task ids in an optimized graph) that the task depends on, by edge name, in the order of
// definition.
func (t *Task) Deps() func(yield func(name, label string) bool) {
	return func(yield func(name, label string) bool) {
		for name, v := range t.Dependencies.All() {
			if !yield(name, v.Str()) {
				return
			}
		}
	}
}

// Document gives the task as it stands in task-graph.json and in the output of the preview commands.
func (t *Task) Document() *value.Map {
	m := value.NewMap(10)
	m.Set("attributes", t.Attributes.Value())
	m.Set("dependencies", t.Dependencies.Value())
	m.Set("description", value.NewString(t.Description))
	m.Set("if_dependencies", t.IfDependencies.Value())
	m.Set("kind", value.NewString(t.Kind))
	m.Set("label", value.NewString(t.Label))
	m.Set("optimization", t.Optimization)
	m.Set("soft_dependencies", t.SoftDependencies.Value())
	m.Set("task", t.Task.Value())
	if t.TaskID != "" {
		m.Set("task_id", value.NewString(t.TaskID))
	}
	return m
}

// Attribute gives an attribute, null where it is absent.
func (t *Task) Attribute(name string) value.Value { return t.Attributes.At(name) }

// newTask makes the task of what came out of the last transform.
func newTask(kind string, stub *value.Map) (*Task, error) {
	t := &Task{Kind: kind, Label: stub.Str("label"), Pos: stub.KeyPos("label")}
	var list diag.List
	need := func(key string, ok func(value.Value) bool, want string) value.Value {
		v, there := stub.Get(key)
		switch {
		case !there:
			list.Add(diag.Errorf(diag.BadTask, firstPos(stub), "the last transform left no %q", key).
				WithHint("a task needs label, description, attributes and task: is the transform taskgraph.transforms.task missing?"))
		case !ok(v):
			list.Add(diag.Errorf(diag.WrongType, v.Pos(), "want %s, got %s", want, v.Describe()).WithPath(key))
		}
		return v
	}
	isMap := func(v value.Value) bool { return v.Map() != nil }
	need("label", value.Value.IsString, "a string")
	t.Description = need("description", value.Value.IsString, "a string").Str()
	attributes := need("attributes", isMap, "a map")
	t.Task = need("task", isMap, "a map").Map()
	t.Optimization = stub.At("optimization")
	t.Dependencies = emptyMap
	if v, ok := stub.Get("dependencies"); ok {
		if t.Dependencies = v.Map(); t.Dependencies == nil {
			list.Add(diag.Errorf(diag.WrongType, v.Pos(), "want a map, got %s", v.Describe()).WithPath("dependencies"))
		}
	}
	for key, to := range map[string]**value.List{"soft-dependencies": &t.SoftDependencies, "if-dependencies": &t.IfDependencies} {
		*to = emptyList
		if v, ok := stub.Get(key); ok {
			if *to = v.List(); *to == nil {
				list.Add(diag.Errorf(diag.WrongType, v.Pos(), "want a list, got %s", v.Describe()).WithPath(key))
			}
		}
	}
	if err := list.Err(nil); err != nil {
		return nil, err
	}
	t.Attributes = stub.EditMap("attributes")
	if attributes.Map().Str("kind") != kind {
		t.Attributes.Set("kind", value.NewString(kind))
	}
	t.Attributes.Freeze()
	return t, nil
}

// intern shares what the task holds with tasks that hold the same.
func (t *Task) intern(in *value.Interner) {
	t.Attributes, t.Task, t.Dependencies = in.Map(t.Attributes), in.Map(t.Task), in.Map(t.Dependencies)
	t.SoftDependencies, t.IfDependencies = in.Value(t.SoftDependencies.Value()).List(), in.Value(t.IfDependencies.Value()).List()
	t.Optimization = in.Value(t.Optimization)
}

// emptyMap and emptyList stand for absent fields of tasks. They are frozen: nobody changes them.
var (
	emptyMap  = frozenMap(value.NewMap(0))
	emptyList = frozenList(value.NewList())
)

func frozenMap(m *value.Map) *value.Map {
	m.Freeze()
	return m
}

func frozenList(l *value.List) *value.List {
	l.Freeze()
	return l
}

// firstPos gives a position for a stub as a whole.
func firstPos(stub *value.Map) diag.Pos {
	for _, key := range []string{"name", "label"} {
		if p := stub.KeyPos(key); p != 0 {
			return p
		}
	}
	for e := range stub.Entries() {
		if p := e.Key.Pos(); p != 0 {
			return p
		}
	}
	return 0
}

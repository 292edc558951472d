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

	number  int32    // of those that the pattern stands for
	pattern *pattern // what the definition and the description are of, with blanks; nil where they have none
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
	fields := t.fields()
	if t.TaskID == "" {
		return documentKeys.Map(fields[:len(fields)-1]...)
	}
	return submittedKeys.Map(fields[:]...)
}

// fields are what stands under submittedKeys.
func (t *Task) fields() [10]value.Value {
	return [...]value.Value{t.Attributes.Value(), t.Dependencies.Value(), value.NewString(t.Description), t.IfDependencies.Value(),
		value.NewString(t.Kind), value.NewString(t.Label), t.Optimization, t.SoftDependencies.Value(), t.Task.Value(), value.NewString(t.TaskID)}
}

var (
	documentKeys  = value.NewKeys("attributes", "dependencies", "description", "if_dependencies", "kind", "label", "optimization", "soft_dependencies", "task")
	submittedKeys = value.NewKeys("attributes", "dependencies", "description", "if_dependencies", "kind", "label", "optimization", "soft_dependencies", "task", "task_id")
)

// documents gives what [Task.Document] gives, for one task after the other: the map is the same each time.
type documents struct{ plain, submitted *value.Map }

func newDocuments() *documents {
	none := new(Task).fields()
	return &documents{documentKeys.Map(none[:len(none)-1]...), submittedKeys.Map(none[:]...)}
}

func (d *documents) of(t *Task) *value.Map {
	m := d.submitted
	if t.TaskID == "" {
		m = d.plain
	}
	fields := t.fields()
	for i := range m.Len() {
		m.SetAt(i, fields[i])
	}
	return m
}

// Attribute gives an attribute, null where it is absent.
func (t *Task) Attribute(name string) value.Value { return t.Attributes.At(name) }

// newTask makes the task of what came out of the last transform.
func newTask(kind string, stub *value.Map) (*Task, error) {
	t := &Task{
		Kind: kind, Label: stub.Str("label"), Description: stub.Str("description"), Task: stub.At("task").Map(),
		Optimization: stub.At("optimization"), Dependencies: emptyMap, SoftDependencies: emptyList, IfDependencies: emptyList, Pos: stub.KeyPos("label"),
	}
	bad := !stub.At("label").IsString() || !stub.At("description").IsString() || !isMap(stub.At("attributes")) || t.Task == nil
	if v, ok := stub.Get("dependencies"); ok {
		t.Dependencies = v.Map()
	}
	if v, ok := stub.Get("soft-dependencies"); ok {
		t.SoftDependencies = v.List()
	}
	if v, ok := stub.Get("if-dependencies"); ok {
		t.IfDependencies = v.List()
	}
	if bad || t.Dependencies == nil || t.SoftDependencies == nil || t.IfDependencies == nil {
		return nil, notATask(stub)
	}
	t.Attributes = stub.EditMap("attributes")
	if t.Attributes.Str("kind") != kind {
		t.Attributes.Set("kind", value.NewString(kind))
	}
	return t, nil
}

// notATask says everything that keeps a stub from being a task.
func notATask(stub *value.Map) error {
	var list diag.List
	for _, f := range []struct {
		key      string
		required bool
		ok       func(value.Value) bool
		want     string
	}{
		{"label", true, value.Value.IsString, "a string"},
		{"description", true, value.Value.IsString, "a string"},
		{"attributes", true, isMap, "a map"},
		{"task", true, isMap, "a map"},
		{"dependencies", false, isMap, "a map"},
		{"soft-dependencies", false, isList, "a list"},
		{"if-dependencies", false, isList, "a list"},
	} {
		v, there := stub.Get(f.key)
		switch {
		case !there && f.required:
			list.Add(diag.Errorf(diag.BadTask, StubPos(stub), "the last transform left no %q", f.key).
				WithHint("a task needs label, description, attributes and task: is the transform taskgraph.transforms.task missing?"))
		case there && !f.ok(v):
			list.Add(diag.Errorf(diag.WrongType, v.Pos(), "want %s, got %s", f.want, v.Describe()).WithPath(f.key))
		}
	}
	return list.Err(nil)
}

func isMap(v value.Value) bool  { return v.Map() != nil }
func isList(v value.Value) bool { return v.List() != nil }

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

// StubPos gives a position for a stub as a whole: where its name was written, or else its first key; 0 where that is not known.
func StubPos(stub *value.Map) diag.Pos {
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

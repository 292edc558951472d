package taskgraph

import (
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// ParseTaskGraph reads a graph as artifacts of decision tasks hold it: an object with the tasks, as [Task.Document] gives them, by
// label or by task id. Dependencies on labels that are not there stay, without an edge. All mistakes are reported at once.
func ParseTaskGraph(r *value.Reader, name string, text []byte) (*TaskGraph, error) {
	doc, err := r.JSON(name, text)
	if err != nil {
		return nil, err
	}
	var errs diag.List
	report := func(d *diag.Diagnostic) { errs.Add(d.InFile(name)) }
	if doc.Map() == nil {
		report(diag.Errorf(diag.WrongType, doc.Pos(), "want a map of tasks, got %s", doc.Describe()))
		return nil, errs.Err(r.Sources)
	}
	tasks := make([]*Task, 0, doc.Map().Len())
	labels := make(map[string]*Task, doc.Map().Len())
	for e := range doc.Map().Entries() {
		t := parseTask(e.Key.Str(), e.Value, report)
		if t == nil {
			continue
		}
		if first, taken := labels[t.Label]; taken {
			report(diag.Errorf(diag.DuplicateLabel, t.Pos, "two tasks have the label %q", t.Label).WithRelated(first.Pos, "the other one"))
			continue
		}
		labels[t.Label] = t
		tasks = append(tasks, t)
	}
	if err := errs.Err(r.Sources); err != nil {
		return nil, err
	}
	graph := NewTaskGraph(tasks, true)
	if _, err := graph.graph.Postorder(); err != nil {
		report(diag.Errorf(diag.TaskLoop, 0, "%s", err))
	}
	return graph, errs.Err(r.Sources)
}

// parseTask reads one task, nil where it is none.
func parseTask(key string, v value.Value, report func(*diag.Diagnostic)) *Task {
	m := v.Map()
	if m == nil {
		report(diag.Errorf(diag.WrongType, v.Pos(), "want a task, got %s", v.Describe()).WithPath(key))
		return nil
	}
	ok := true
	field := func(name string, required bool, good func(value.Value) bool, want string) value.Value {
		x, there := m.Get(name)
		switch {
		case !there && required:
			report(diag.Errorf(diag.MissingField, v.Pos(), "missing field %q", name).WithPath(key))
			ok = false
		case there && !good(x):
			report(diag.Errorf(diag.WrongType, x.Pos(), "want %s, got %s", want, x.Describe()).WithPath(key + "." + name))
			ok = false
		}
		return x
	}
	isMapOrNull := func(v value.Value) bool { return isMap(v) || v.IsNull() }
	isListOrNull := func(v value.Value) bool { return isList(v) || v.IsNull() }
	t := &Task{
		Label:        field("label", true, value.Value.IsString, "a string").Str(),
		Kind:         field("kind", true, value.Value.IsString, "a string").Str(),
		Attributes:   field("attributes", true, isMap, "a map").Map(),
		Task:         field("task", true, isMap, "a map").Map(),
		Optimization: field("optimization", false, isMapOrNull, "a map"),
		Dependencies: field("dependencies", false, isMapOrNull, "a map").Map(),
		Pos:          v.Pos(),
	}
	t.Description = m.Str("description")
	t.SoftDependencies = field("soft_dependencies", false, isListOrNull, "a list").List()
	t.IfDependencies = field("if_dependencies", false, isListOrNull, "a list").List()
	t.TaskID = m.Str("task_id")
	if !ok {
		return nil
	}
	for name, dep := range t.Dependencies.All() {
		if !dep.IsString() {
			report(diag.Errorf(diag.WrongType, dep.Pos(), "want a label, got %s", dep.Describe()).WithPath(key + ".dependencies." + name))
			return nil
		}
	}
	if t.Dependencies == nil {
		t.Dependencies = emptyMap
	}
	for _, l := range []**value.List{&t.SoftDependencies, &t.IfDependencies} {
		if *l == nil {
			*l = emptyList
		}
	}
	m.Freeze()
	return t
}

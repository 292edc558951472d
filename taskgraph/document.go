package taskgraph

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// inParts is from which size on, in bytes, a document is read task by task: one document can be no more than twice as large, and
// the graphs of large trees are larger. Positions are then those within the task.
var inParts = 64 << 20

// ParseTaskGraph reads a graph as artifacts of decision tasks hold it: an object with the tasks, as [Task.Document] gives them, by
// label or by task id. Dependencies on labels that are not there stay, without an edge. All mistakes are reported at once.
func ParseTaskGraph(r *value.Reader, name string, text []byte) (*TaskGraph, error) {
	p := &graphParser{reader: r, name: name, labels: map[string]*Task{}}
	parse := p.whole
	if len(text) >= inParts {
		parse = p.parts
	}
	if err := parse(text); err != nil {
		return nil, err
	}
	if err := p.errs.Err(r.Sources); err != nil {
		return nil, err
	}
	graph := NewTaskGraph(p.tasks, true)
	if _, err := graph.graph.Postorder(); err != nil {
		p.report(diag.Errorf(diag.TaskLoop, 0, "%s", err))
	}
	return graph, p.errs.Err(r.Sources)
}

// graphParser reads the tasks of a graph.
type graphParser struct {
	reader *value.Reader
	name   string
	errs   diag.List
	tasks  []*Task
	labels map[string]*Task
}

func (p *graphParser) report(d *diag.Diagnostic) { p.errs.Add(d.InFile(p.name)) }

// whole reads the document at once.
func (p *graphParser) whole(text []byte) error {
	doc, err := p.reader.JSON(p.name, text)
	if err != nil {
		return err
	}
	if doc.Map() == nil {
		p.report(diag.Errorf(diag.WrongType, doc.Pos(), "want a map of tasks, got %s", doc.Describe()))
	}
	for e := range doc.Map().Entries() {
		p.add(e.Key.Str(), e.Value)
	}
	return nil
}

// parts reads the document task by task, and keeps nothing of its text.
func (p *graphParser) parts(text []byte) error {
	bad := func(err error) error {
		return diag.Errorf(diag.JSONSyntax, 0, "want a map of tasks in JSON: %w", err).InFile(p.name)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if open, err := d.Token(); err != nil {
		return bad(err)
	} else if open != json.Delim('{') {
		return bad(errors.New("it does not begin with {"))
	}
	reader := value.Reader{Limits: p.reader.Limits}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return bad(err)
		}
		var task json.RawMessage
		if err := d.Decode(&task); err != nil {
			return bad(err)
		}
		v, err := reader.JSON(fmt.Sprintf("%s: %v", p.name, key), task)
		if err != nil {
			return err
		}
		p.add(fmt.Sprint(key), v)
	}
	if _, err := d.Token(); err != nil {
		return bad(err)
	}
	return nil
}

// add adds a task.
func (p *graphParser) add(key string, v value.Value) {
	t := parseTask(key, v, p.report)
	if t == nil {
		return
	}
	if first, taken := p.labels[t.Label]; taken {
		p.report(diag.Errorf(diag.DuplicateLabel, t.Pos, "two tasks have the label %q", t.Label).WithRelated(first.Pos, "the other one"))
		return
	}
	p.labels[t.Label] = t
	p.tasks = append(p.tasks, t)
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

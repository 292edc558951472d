package transforms

import (
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// maxTasks is how many tasks one may become: more than any push has, and still no danger to the memory.
const maxTasks = 250_000

// matrixSequence makes of one task many: one for each combination of the values of its matrix.
func matrixSequence() taskgraph.Sequence {
	return taskgraph.Sequence{
		validateStep("matrix"),
		{Name: "split_matrix", Each: splitMatrix, Expands: true},
	}
}

func splitMatrix(_ *taskgraph.Config, stub *value.Map, yield func(*value.Map)) error {
	v, ok := stub.Delete("matrix")
	if !ok || v.IsNull() {
		yield(stub)
		return nil
	}
	m, err := newMatrix(stub, v)
	if err != nil {
		return err
	}
	if rows := m.combinations(); rows > maxTasks && len(m.exclude) == 0 {
		return m.tooMany()
	}
	return m.rows(0, stub.Str("name"), m.given, yield)
}

// matrix is what one task's matrix says, ready to make rows.
type matrix struct {
	stub       *value.Map // the task, without its matrix
	pos        diag.Pos
	dimensions []dimension
	exclude    []*value.Map
	setName    value.Value
	fields     []field
	given      *value.Map // attributes.matrix of the task itself, which the rows add to
	row        value.Value
	subs       lookup
	rowCount   int
}

type dimension struct {
	key    value.Value
	values []value.Value
}

func newMatrix(stub *value.Map, v value.Value) (*matrix, error) {
	x := &matrix{stub: stub, pos: v.Or(stub.KeyPos("name")).Pos()}
	x.subs = func(name string) (value.Value, bool) { return x.row, name == "matrix" }
	var fields value.Value
	for e := range v.Map().Entries() {
		switch e.Key.Str() {
		case "set-name":
			x.setName = e.Value
		case "substitution-fields":
			fields = e.Value
		case "exclude":
			for rule := range e.Value.List().Values() {
				x.exclude = append(x.exclude, rule.Map())
			}
		default:
			d, err := newDimension(e)
			if err != nil {
				return nil, err
			}
			x.dimensions = append(x.dimensions, d)
		}
	}
	if given, ok := stub.At("attributes").Map().Get("matrix"); ok && !given.IsNull() {
		if x.given = given.Map(); x.given == nil {
			return nil, diag.Errorf(diag.WrongType, given.Pos(), "want a map, got %s", given.Describe()).WithPath("attributes.matrix")
		}
	}
	x.chooseFields(fields)
	return x, nil
}

// newDimension gives the values of a dimension. As in the reference, a map stands for its keys and a string for its
// characters.
func newDimension(e value.Entry) (dimension, error) {
	d := dimension{key: e.Key}
	switch e.Value.Kind() {
	case value.ListKind:
		for v := range e.Value.List().Values() {
			d.values = append(d.values, v)
		}
	case value.MapKind:
		for sub := range e.Value.Map().Entries() {
			d.values = append(d.values, sub.Key)
		}
	case value.String:
		for _, r := range e.Value.Str() {
			d.values = append(d.values, value.NewString(string(r)).At(e.Value.Pos()))
		}
	default:
		return d, diag.Errorf(diag.WrongType, e.Value.Or(e.Key.Pos()).Pos(), "want a list of values, got %s", e.Value.Describe()).
			WithPath("matrix." + e.Key.KeyText())
	}
	return d, nil
}

// combinations gives how many rows there are, exclusions aside, or maxTasks+1 where there are more.
func (x *matrix) combinations() int {
	n := 1
	for _, d := range x.dimensions {
		n = min(n*min(len(d.values), maxTasks+1), maxTasks+1)
	}
	return n
}

func (x *matrix) tooMany() error {
	return diag.Errorf(diag.LimitExceeded, x.pos, "more than %d combinations", maxTasks).WithPath("matrix")
}

// chooseFields decides what to substitute in: the fields that the matrix names, and the name where it sets one; else
// all fields that the task had before it was split. Fields without braces, which come out the same in every row, are
// left out.
func (x *matrix) chooseFields(named value.Value) {
	var all []field
	if named.IsNull() {
		for key := range x.stub.Entries() {
			if s, ok := key.Key.AsString(); ok {
				all = append(all, field{path: s, pos: key.Key.Pos()})
			}
		}
	} else {
		all = fieldsOf(named.List())
		if x.setName.Truthy() && !named.List().ContainsString("name") {
			all = append(all, field{path: "name", pos: x.setName.Pos()})
		}
	}
	for _, f := range all {
		// Rows differ in these two before anything is substituted.
		varies := f.path == "name" || f.path == "attributes" || strings.HasPrefix(f.path, "attributes.")
		if varies || f.hasBraces(x.stub) {
			x.fields = append(x.fields, f)
		}
	}
}

// rows makes the tasks of all combinations from the i-th dimension on. The first dimension changes slowest. Where an
// exclusion fits what a row has so far, none of its continuations is made.
func (x *matrix) rows(i int, name string, row *value.Map, yield func(*value.Map)) error {
	if i == len(x.dimensions) {
		task, err := x.task(name, row)
		if err == nil {
			yield(task)
		}
		return err
	}
	d := &x.dimensions[i]
	for _, v := range d.values {
		if x.rowCount++; x.rowCount > maxTasks {
			return x.tooMany()
		}
		next := row.Copy()
		next.SetKey(d.key, v)
		if x.excluded(next) {
			continue
		}
		if err := x.rows(i+1, name+"-"+value.PyStr(v), next, yield); err != nil {
			return err
		}
	}
	return nil
}

// excluded says whether a rule has nothing but what stands in the row.
func (x *matrix) excluded(row *value.Map) bool {
	for _, rule := range x.exclude {
		fits := true
		for e := range rule.Entries() {
			v, ok := row.GetKey(e.Key)
			if !ok || !value.Equal(v, e.Value) {
				fits = false
				break
			}
		}
		if fits {
			return true
		}
	}
	return false
}

// task makes the task of a row.
func (x *matrix) task(name string, row *value.Map) (*value.Map, error) {
	task := x.stub.Copy()
	x.row = row.Value()
	if len(x.dimensions) > 0 {
		attributes, err := mapAt(task, "attributes")
		if err != nil {
			return nil, err
		}
		attributes.Set("matrix", x.row.At(x.pos))
		task.Set("name", value.NewString(name).At(x.stub.At("name").Pos()))
	} else if row == nil {
		x.row = value.NewMap(0).Value()
	}
	if x.setName.Truthy() {
		task.Set("name", x.setName)
	}
	for _, f := range x.fields {
		if err := f.substitute(task, x.subs); err != nil {
			return nil, value.WithNames(err, []string{"matrix"})
		}
	}
	return task, nil
}

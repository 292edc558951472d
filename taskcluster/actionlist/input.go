package actionlist

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// InputLimits are those of the input of an action.
var InputLimits = value.Limits{Bytes: 1 << 20, Depth: 100, Nodes: 100_000}

// ParseInput reads the input of an action from JSON.
func ParseInput(r *value.Reader, name string, text []byte) (value.Value, error) {
	reader := *r
	reader.Limits = InputLimits
	return reader.JSON(name, text)
}

// CheckInput holds an input against a schema, null where an action takes no input, and gives what the action gets. That is the
// input, but for one thing: who has nothing to say may say so with null as well as with an empty object, and gets what the schema
// allows. All that is wrong is said at once.
//
// A schema may be of draft 4, 6 or 7 and refers to nothing outside of itself.
func CheckInput(schema, input value.Value) (value.Value, error) {
	empty := input.IsNull() || input.Map() != nil && input.Map().Len() == 0
	if !schema.Truthy() && schema.Kind() != value.Bool {
		if empty {
			return value.Value{}, nil
		}
		return input, diag.Errorf(diag.BadInput, input.Pos(), "the action takes no input, got %s", input.Describe())
	}
	mistakes, err := Mistakes(schema, input)
	if err != nil {
		return input, unusable(schema, input, err)
	}
	if len(mistakes) > 0 && empty {
		other := value.NewMap(0).Value()
		if !input.IsNull() {
			other = value.Value{}
		}
		if wrong, err := Mistakes(schema, other); err == nil && len(wrong) == 0 {
			return other, nil
		}
	}
	var errs diag.List
	for _, m := range mistakes {
		at, path := locate(input, m.Pointer)
		errs.Add(diag.Errorf(diag.BadInput, at.Or(input.Pos()).Pos(), "the input is not what the action takes: %s", m.Message).WithPath(path))
	}
	return input, errs.Err(nil)
}

// unusable says that a schema cannot be used, or not for this input.
func unusable(schema, input value.Value, err error) error {
	if _, ok := errors.AsType[*diag.Diagnostic](err); ok {
		return diag.Placed(err, input.Pos(), "")
	}
	return diag.Errorf(diag.BadAction, schema.Pos(), "the schema of the action's input cannot be used: %w", err)
}

// Mistake is something that is wrong with an input.
type Mistake struct {
	Pointer string // where, as a JSON pointer into the input; "" is the input itself
	Message string
}

// Mistakes holds an input against a schema, see [CheckInput], and gives what is wrong, by place. The error says why that cannot be done.
func Mistakes(schema, input value.Value) ([]Mistake, error) {
	return guarded(func() ([]Mistake, error) {
		own, err := detached(schema)
		if err != nil {
			return nil, err
		}
		if err := affordable(own, input); err != nil {
			return nil, err
		}
		compiled, err := compile(own)
		if err != nil {
			return nil, err
		}
		return validate(compiled, input)
	})
}

// guarded runs a check with a library that panics over some schemas.
func guarded[T any](f func() (T, error)) (v T, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = diag.Errorf(diag.BadInput, 0, "the input cannot be checked: %v", r)
		}
	}()
	return f()
}

// schemaLimit is how large a schema may be, in bytes of JSON.
const schemaLimit = 256 << 10

// CheckSchema says whether a schema can be used for the input of an action.
func CheckSchema(schema value.Value) error {
	_, err := guarded(func() (*jsonschema.Schema, error) {
		own, err := detached(schema)
		if err != nil {
			return nil, err
		}
		return compile(own)
	})
	if err != nil {
		return unusable(schema, schema, err)
	}
	return nil
}

// detached gives a schema without its address and that of its draft, which say nothing that matters here, and which the library
// follows. The error is about what leads out of the schema.
func detached(schema value.Value) (value.Value, error) {
	if m := schema.Map(); m != nil {
		m = m.Copy()
		for _, key := range []string{"$schema", "$id", "id"} {
			if m.At(key).IsString() {
				m.Delete(key)
			}
		}
		schema = m.Value().At(schema.Pos())
	}
	return schema, local(schema, 0)
}

// local refuses what leads out of a schema.
func local(v value.Value, depth int) error {
	if depth > 100 {
		return errors.New("it is nested too deeply")
	}
	if m := v.Map(); m != nil {
		for key, x := range m.All() {
			if key == "$id" && x.IsString() {
				return errors.New("a part of it has an address of its own, $id")
			}
			if key == "$ref" && x.IsString() && !strings.HasPrefix(x.Str(), "#") {
				return foreign(x.Str())
			}
			if err := local(x, depth+1); err != nil {
				return err
			}
		}
	}
	for _, x := range v.List().All() {
		if err := local(x, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// foreign is the error about a reference.
func foreign(ref string) error {
	return fmt.Errorf("a schema may refer to its own parts only, got %q", ref)
}

// compile makes a schema ready.
func compile(schema value.Value) (*jsonschema.Schema, error) {
	text, err := value.AppendJSON(nil, schema, value.JSONStyle{}, 0)
	if err != nil {
		return nil, err
	}
	if len(text) > schemaLimit {
		return nil, fmt.Errorf("it has %d bytes; at most %d are read", len(text), schemaLimit)
	}
	c := jsonschema.NewCompiler()
	c.Draft = jsonschema.Draft7
	c.LoadURL = func(string) (io.ReadCloser, error) { return nil, errors.New("it refers to another document") }
	if err := c.AddResource("schema.json", bytes.NewReader(text)); err != nil {
		return nil, err
	}
	compiled, err := c.Compile("schema.json")
	if err != nil {
		return nil, firstLine(err)
	}
	return compiled, nil
}

func firstLine(err error) error {
	text := err.Error()
	if i := strings.IndexByte(text, '\n'); i >= 0 {
		text = text[:i]
	}
	return errors.New(strings.TrimPrefix(text, "jsonschema: "))
}

// validate holds an input against a schema.
func validate(schema *jsonschema.Schema, input value.Value) ([]Mistake, error) {
	doc, err := plain(input)
	if err != nil {
		return nil, err
	}
	err = schema.Validate(doc)
	if err == nil {
		return nil, nil
	}
	invalid, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return nil, err
	}
	var out []Mistake
	for _, leaf := range leaves(invalid) {
		out = append(out, Mistake{leaf.InstanceLocation, leaf.Message})
	}
	return out, nil
}

// maxMistakes is how many mistakes in an input are said.
const maxMistakes = 20

// leaves gives the causes that have no other below them.
func leaves(e *jsonschema.ValidationError) []*jsonschema.ValidationError {
	if len(e.Causes) == 0 {
		return []*jsonschema.ValidationError{e}
	}
	var out []*jsonschema.ValidationError
	for _, c := range e.Causes {
		if out = append(out, leaves(c)...); len(out) >= maxMistakes {
			break
		}
	}
	slices.SortStableFunc(out, func(a, b *jsonschema.ValidationError) int {
		return strings.Compare(a.InstanceLocation, b.InstanceLocation)
	})
	return out
}

// locate gives what a JSON pointer leads to, and the path there.
func locate(v value.Value, pointer string) (value.Value, string) {
	var path []string
	for _, step := range strings.Split(pointer, "/")[1:] {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		path = append(path, step)
		if m := v.Map(); m != nil {
			v = m.At(step).Or(v.Pos())
		} else if i, err := strconv.Atoi(step); err == nil && i < v.List().Len() {
			v = v.List().At(i)
		}
	}
	return v, strings.Join(path, ".")
}

// plain gives a value as encoding/json has it, with exact numbers.
func plain(v value.Value) (any, error) {
	text, err := value.AppendJSON(nil, v, value.JSONStyle{}, 0)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var out any
	err = d.Decode(&out)
	return out, err
}

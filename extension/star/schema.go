package star

import (
	"fmt"

	"go.starlark.net/starlark"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
	"github.com/taskgraph-go/decision/value/schema"
)

// Schema is a schema that Starlark code declared. It is immutable and safe for concurrent use.
type Schema struct{ s *schema.Schema }

var _ starlark.HasAttrs = (*Schema)(nil)

func (s *Schema) String() string        { return "<schema>" }
func (s *Schema) Type() string          { return "schema" }
func (s *Schema) Freeze()               {}
func (s *Schema) Truth() starlark.Bool  { return true }
func (s *Schema) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable type: schema") }

// Attr gives a method.
func (s *Schema) Attr(name string) (starlark.Value, error) { return method(s, name, schemaMethods) }

// AttrNames lists the methods.
func (s *Schema) AttrNames() []string { return methodNames(schemaMethods) }

var schemaMethods = methods{
	"validate": define("validate", func(s *Schema, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		var x starlark.Value
		path := ""
		if err := starlark.UnpackArgs("validate", args, kwargs, "value", &x, "path?", &path); err != nil {
			return nil, err
		}
		found, err := s.check(x)
		if err != nil || len(found) == 0 {
			return starlark.None, err
		}
		for _, d := range found {
			switch {
			case path != "" && d.Path != "":
				d.Path = path + "." + d.Path
			case path != "":
				d.Path = path
			}
		}
		return nil, &diag.Errors{All: found}
	}),
	"errors": define("errors", func(s *Schema, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		var x starlark.Value
		if err := starlark.UnpackArgs("errors", args, kwargs, "value", &x); err != nil {
			return nil, err
		}
		found, err := s.check(x)
		if err != nil {
			return nil, err
		}
		out := make([]starlark.Value, len(found))
		for i, d := range found {
			message := d.Message
			if d.Path != "" {
				message = d.Path + ": " + message
			}
			out[i] = starlark.String(message)
		}
		return starlark.NewList(out), nil
	}),
}

// check gives what is wrong with a value.
func (s *Schema) check(x starlark.Value) ([]*diag.Diagnostic, error) {
	v, err := document(nil, x)
	if err != nil {
		return nil, err
	}
	if v.Pos() == 0 { // a task has no place of its own
		if m := v.Map(); m != nil {
			v = v.At(taskgraph.StubPos(m))
		}
	}
	return s.s.Validate(v), nil
}

// maxSchema is how large the JSON of a schema may be.
const maxSchema = 1 << 20

// makeSchema compiles a schema.
func makeSchema(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var x starlark.Value
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "document", &x); err != nil {
		return nil, err
	}
	v, err := document(thread, x)
	if err != nil {
		return nil, err
	}
	if v.Map() == nil {
		return nil, fmt.Errorf("schema: want a dict, got %s", describe(x))
	}
	text, err := value.CompactJSON(v)
	if err != nil {
		return nil, err
	}
	if len(text) > maxSchema {
		return nil, fmt.Errorf("schema: the schema is too large")
	}
	s, err := schema.Compile("schema", []byte(text))
	if err != nil {
		return nil, err
	}
	return &Schema{s}, charge(thread, 16*len(text))
}

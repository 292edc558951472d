package actionlist

import (
	"errors"
	"strconv"
	"strings"

	"github.com/taskgraph-go/decision/value"
)

// maxEffort is how many times some part of a schema may be held against some part of an input.
const maxEffort = 20_000

var errEffort = errors.New("holding the input against its schema takes too long")

// effort walks through a schema and an input as a check of the one with the other would, without checking anything. Schemas that
// branch again and again into themselves would keep the check busy for ever, and it cannot be ended.
type effort struct {
	root  value.Value
	steps int
}

// inPlace are the keywords whose schemas are for the very value; those of others are for what is in it.
var inPlace = map[string]bool{
	"allOf": true, "anyOf": true, "oneOf": true, "not": true, "if": true, "then": true, "else": true, "dependencies": true, "dependentSchemas": true,
}

// data are the keywords that hold no schemas.
var data = map[string]bool{"enum": true, "const": true, "default": true, "examples": true, "required": true, "definitions": true, "$defs": true}

func (e *effort) visit(schema, input value.Value, refs int) error {
	if e.steps++; e.steps > maxEffort {
		return errEffort
	}
	m := schema.Map()
	if m == nil {
		return nil
	}
	if ref, ok := m.At("$ref").AsString(); ok {
		if refs > 100 {
			return errors.New("the schema refers to itself without end")
		}
		return e.visit(e.find(ref), input, refs+1)
	}
	for key, v := range m.All() {
		switch {
		case data[key]:
		case inPlace[key]:
			if err := e.each(v, func(s value.Value) error { return e.visit(s, input, refs+1) }); err != nil {
				return err
			}
		case v.Map() != nil || v.List() != nil:
			if err := e.children(key, v, input); err != nil {
				return err
			}
		}
	}
	return nil
}

// each gives the schemas of a keyword: one, a list of them, or a map of them.
func (e *effort) each(v value.Value, f func(value.Value) error) error {
	if v.Map() != nil {
		if err := f(v); err != nil {
			return err
		}
	}
	for _, s := range v.Map().All() {
		if s.Map() != nil {
			if err := f(s); err != nil {
				return err
			}
		}
	}
	for s := range v.List().Values() {
		if err := f(s); err != nil {
			return err
		}
	}
	return nil
}

// children holds the schemas of a keyword against what is in a value.
func (e *effort) children(key string, v, input value.Value) error {
	if key == "properties" {
		for name, s := range v.Map().All() {
			if x, ok := input.Map().Get(name); ok {
				if err := e.visit(s, x, 0); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return e.each(v, func(s value.Value) error {
		for _, x := range input.Map().All() {
			if err := e.visit(s, x, 0); err != nil {
				return err
			}
		}
		for x := range input.List().Values() {
			if err := e.visit(s, x, 0); err != nil {
				return err
			}
		}
		return nil
	})
}

// find follows a reference within the schema.
func (e *effort) find(ref string) value.Value {
	v := e.root
	for _, step := range strings.Split(strings.TrimPrefix(ref, "#"), "/")[1:] {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		if m := v.Map(); m != nil {
			v = m.At(step)
		} else if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < v.List().Len() {
			v = v.List().At(i)
		} else {
			return value.Value{}
		}
	}
	return v
}

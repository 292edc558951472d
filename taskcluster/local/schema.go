package local

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// schema says what a request or a reply may hold.
type schema struct {
	compiled *jsonschema.Schema
	quick    quickCheck // nil: there is none
	doc      object
	defaults *defaults
}

// loadSchema gives the schema that a reference names, such as v1/task.json#, or nil if it is none of ours.
func loadSchema(service, name string) (*schema, error) {
	name = strings.TrimSuffix(name, "#")
	if name == "" {
		return nil, nil
	}
	text, err := data.ReadFile("data/schemas/" + service + "/" + name)
	if errors.Is(err, fs.ErrNotExist) {
		own, err := data.ReadFile("data/requests.json")
		if err != nil {
			return nil, err
		}
		var docs map[string]json.RawMessage
		if err := json.Unmarshal(own, &docs); err != nil {
			return nil, err
		}
		text = docs[service+"/"+strings.TrimSuffix(strings.TrimPrefix(name, "v1/"), ".json")]
		if text == nil {
			return nil, nil
		}
	} else if err != nil {
		return nil, err
	}
	var doc object
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	delete(doc, "$id")
	delete(doc, "$schema")
	return compileSchema(doc)
}

// distinct takes the place of uniqueItems: comparing each with each takes too long for 10,000 dependencies.
const distinct = "x-distinct"

// compileSchema prepares a schema that stands for itself. No other document is read.
func compileSchema(doc any) (*schema, error) {
	c := jsonschema.NewCompiler()
	c.Draft = jsonschema.Draft7
	c.AssertFormat = true
	c.LoadURL = func(s string) (io.ReadCloser, error) { return nil, fmt.Errorf("%s: other documents are not read", s) }
	c.RegisterExtension(distinct, nil, distinctCompiler{})
	m, _ := doc.(object)
	own := withDistinct(doc)
	if err := c.AddResource("schema.json", bytes.NewReader(mustJSON(own))); err != nil {
		return nil, err
	}
	compiled, err := c.Compile("schema.json")
	return &schema{compiled, newQuickCheck(own), m, newDefaults(m)}, err
}

// withDistinct copies a schema with the keyword uniqueItems renamed.
func withDistinct(doc any) any {
	switch doc := doc.(type) {
	case object:
		out := make(object, len(doc))
		for k, v := range doc {
			if unique, ok := v.(bool); ok && k == "uniqueItems" {
				if unique {
					out[distinct] = true
				}
				continue
			}
			if k == "const" || k == "enum" || k == "default" {
				out[k] = v
				continue
			}
			out[k] = withDistinct(v)
		}
		return out
	case []any:
		out := make([]any, len(doc))
		for i, v := range doc {
			out[i] = withDistinct(v)
		}
		return out
	}
	return doc
}

type distinctCompiler struct{}

func (distinctCompiler) Compile(_ jsonschema.CompilerContext, m map[string]any) (jsonschema.ExtSchema, error) {
	if on, _ := m[distinct].(bool); on {
		return distinctItems{}, nil
	}
	return nil, nil
}

type distinctItems struct{}

func (distinctItems) Validate(ctx jsonschema.ValidationContext, v any) error {
	list, _ := v.([]any)
	seen := make(map[string]int, len(list))
	for i, item := range list {
		key, ok := item.(string)
		if ok {
			key = "s" + key
		} else {
			key = "j" + string(mustJSON(item))
		}
		if at, again := seen[key]; again {
			return ctx.Error(distinct, "items at index %d and %d are equal", at, i)
		}
		seen[key] = i
	}
	return nil
}

// check gives what is wrong with a value, a line for each mistake.
func (s *schema) check(v any) (problems []string) {
	if s.quick != nil && s.quick(v) {
		return nil
	}
	err := s.compiled.Validate(v)
	if err == nil {
		return nil
	}
	invalid, ok := err.(*jsonschema.ValidationError)
	if !ok {
		return []string{err.Error()}
	}
	var walk func(e *jsonschema.ValidationError)
	walk = func(e *jsonschema.ValidationError) {
		if len(e.Causes) == 0 && len(problems) < 50 {
			place := strings.ReplaceAll(strings.TrimPrefix(e.InstanceLocation, "/"), "/", ".")
			if place == "" {
				place = "data"
			}
			problems = append(problems, fmt.Sprintf("%s: %s", place, e.Message))
		}
		for _, c := range e.Causes {
			walk(c)
		}
	}
	walk(invalid)
	return problems
}

// fill sets what is absent and has a default.
func (s *schema) fill(v any) { s.defaults.fill(v) }

// defaults are the defaults of an object's fields, and of the objects in it.
type defaults struct {
	values object
	inside map[string]*defaults
}

// newDefaults finds the defaults in a schema. Without any it gives nil.
func newDefaults(doc object) *defaults {
	d := &defaults{values: object{}, inside: map[string]*defaults{}}
	props, _ := doc["properties"].(object)
	for name, p := range props {
		sub, ok := p.(object)
		if !ok {
			continue
		}
		if v, ok := sub["default"]; ok {
			d.values[name] = v
		}
		if inner := newDefaults(sub); inner != nil {
			d.inside[name] = inner
		}
	}
	if len(d.values)+len(d.inside) == 0 {
		return nil
	}
	return d
}

func (d *defaults) fill(v any) {
	o, ok := v.(object)
	if d == nil || !ok {
		return
	}
	for name, inner := range d.inside { // a default that is filled in is complete
		inner.fill(o[name])
	}
	for name, v := range d.values {
		if _, there := o[name]; !there {
			o[name] = clone(v)
		}
	}
}

// clone copies a value of JSON.
func clone(v any) any {
	switch v := v.(type) {
	case object:
		out := make(object, len(v))
		for k, x := range v {
			out[k] = clone(x)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = clone(x)
		}
		return out
	}
	return v
}

package actionlist

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// maxEffort is how many steps it may take to check an input. Each is about as much as holding a value against a schema takes.
const maxEffort = 50_000

// maxNesting is how deep schemas may refer to each other for one value.
const maxNesting = 1000

// effort counts the steps that checking a value takes at most, before it is done: the library that does it cannot be stopped, and
// few lines of a schema are enough to keep it busy for years.
type effort struct {
	root  value.Value
	steps int
	err   error
}

// Keywords whose schemas apply to the same value: those of one schema or a list, and those of a map.
var (
	within     = []string{"allOf", "anyOf", "oneOf", "not", "if", "then", "else"}
	dependents = []string{"dependentSchemas", "dependencies"}
)

// affordable gives an error for a schema that would take too long, or that refers to anything but itself.
func affordable(schema, input value.Value) error {
	e := &effort{root: schema}
	e.visit(schema, input, 0)
	return e.err
}

func (e *effort) fail(err error) {
	if e.err == nil {
		e.err = err
	}
}

// step counts n steps and says whether there may be more.
func (e *effort) step(n, depth int) bool {
	if e.steps += n; e.steps > maxEffort || depth > maxNesting {
		e.fail(diag.Errorf(diag.LimitExceeded, 0, "checking the input takes more than %d steps, or goes round in circles", maxEffort))
	}
	return e.err == nil
}

// visit counts what it takes to hold a value against a schema.
func (e *effort) visit(schema, v value.Value, depth int) {
	m := schema.Map()
	if m == nil || !e.step(1, depth) {
		return
	}
	if ref, ok := m.Get("$ref"); ok {
		e.visit(e.resolve(ref.Str()), v, depth+1)
	}
	for _, key := range within {
		e.each(m.At(key), func(s value.Value) { e.visit(s, v, depth+1) })
	}
	for _, key := range dependents {
		for _, s := range m.At(key).Map().All() {
			e.visit(s, v, depth+1)
		}
	}
	e.step(m.At("enum").List().Len()/10, depth) // comparisons are quick
	e.inMap(m, v.Map(), depth)
	if l := v.List(); l != nil {
		if m.At("uniqueItems").IsTrue() && !e.step(3*l.Len(), depth) { // a hash of each
			return
		}
		for item := range l.Values() {
			for _, key := range []string{"items", "prefixItems", "additionalItems", "unevaluatedItems", "contains"} {
				e.each(m.At(key), func(s value.Value) { e.visit(s, item, depth+1) })
			}
		}
	}
}

// inMap counts what the fields of a map take.
func (e *effort) inMap(schema, m *value.Map, depth int) {
	for entry := range m.Entries() {
		for _, key := range []string{"additionalProperties", "unevaluatedProperties"} {
			e.visit(schema.At(key), entry.Value, depth+1)
		}
		e.visit(schema.At("propertyNames"), entry.Key, depth+1)
		if s, ok := schema.At("properties").Map().Get(entry.Key.Str()); ok {
			e.visit(s, entry.Value, depth+1)
		}
		for _, s := range schema.At("patternProperties").Map().All() {
			e.visit(s, entry.Value, depth+1)
		}
		if e.err != nil {
			return
		}
	}
}

// each calls f with a schema, or with those in a list.
func (e *effort) each(v value.Value, f func(value.Value)) {
	l := v.List()
	if l == nil {
		f(v)
		return
	}
	for s := range l.Values() {
		if f(s); e.err != nil {
			return
		}
	}
}

// resolve gives what a reference leads to.
func (e *effort) resolve(ref string) value.Value {
	path, ok := strings.CutPrefix(ref, "#")
	path, err := url.PathUnescape(path)
	if !ok || err != nil || path != "" && path[0] != '/' {
		e.fail(foreign(ref))
		return value.Value{}
	}
	at := e.root
	for name := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if path == "" {
			break
		}
		name = strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
		if l := at.List(); l != nil {
			if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < l.Len() {
				at = l.At(i)
				continue
			}
		}
		at = at.Map().At(name)
	}
	return at
}

package transforms

import (
	"strconv"
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// lookup gives the value of a name in a format string and whether there is one.
type lookup = func(name string) (value.Value, bool)

// field is a dot path to what a transform substitutes in. A name that ends in [] goes into every item of a list.
type field struct {
	path string
	pos  diag.Pos // where the field was asked for
	deep bool     // path leads below the fields of the stub; otherwise it is the key of one, dots and all
}

// fieldsOf gives the fields that a list of paths names.
func fieldsOf(list *value.List) []field {
	out := make([]field, 0, list.Len())
	for v := range list.Values() {
		out = append(out, field{path: v.Str(), pos: v.Pos(), deep: strings.Contains(v.Str(), ".")})
	}
	return out
}

// substitute expands the format strings in the field, keys among them. What holds none stays shared. It fails where
// the path leads nowhere or a string cannot be expanded.
func (f field) substitute(stub *value.Map, subs lookup) error {
	if old, ok := f.peek(stub); ok {
		if !hasBraces(old) {
			return textKeys(old)
		}
		v, err := value.Substitute(old, subs)
		if err != nil {
			return at(err, old, f.path)
		}
		f.set(stub, v)
		return nil
	}
	return f.visit(stub, func(m *value.Map, edit func() *value.Map, key string) error {
		old := m.At(key)
		v, err := value.Substitute(old, subs)
		if err != nil {
			return at(err, old, f.path)
		}
		if !value.Same(old, v) {
			edit().Set(key, v)
		}
		return nil
	})
}

// peek gives the value at a path that leads through maps only, and whether there is one. This is the usual case, for which no more is
// needed.
func (f field) peek(stub *value.Map) (value.Value, bool) {
	m, path := stub, f.path
	for f.deep {
		head, rest, deeper := strings.Cut(path, ".")
		if !deeper {
			break
		}
		if m = m.At(head).Map(); m == nil {
			return value.Value{}, false
		}
		path = rest
	}
	return m.Get(path)
}

// set replaces the value that peek gave.
func (f field) set(stub *value.Map, v value.Value) {
	m, path := stub, f.path
	for f.deep {
		head, rest, deeper := strings.Cut(path, ".")
		if !deeper {
			break
		}
		m, path = m.EditMap(head), rest
	}
	m.Set(path, v)
}

// textKeys fails, as expanding would, where a key in v is no text.
func textKeys(v value.Value) error {
	_, err := value.Substitute(v, func(string) (value.Value, bool) { return value.Value{}, false })
	return err
}

// hasBraces says whether there is anything in the field that substitute might expand. A path that leads nowhere has.
func (f field) hasBraces(stub *value.Map) bool {
	found := false
	err := f.visit(stub, func(m *value.Map, _ func() *value.Map, key string) error {
		found = found || hasBraces(m.At(key))
		return nil
	})
	return found || err != nil
}

// visit calls do for each map that the path leads to, with the key there. do reads m and gets from edit the map that
// it may change.
func (f field) visit(stub *value.Map, do func(m *value.Map, edit func() *value.Map, key string) error) error {
	edit := func() *value.Map { return stub }
	if f.deep {
		return f.descend(stub, edit, f.path, do)
	}
	if !stub.Has(f.path) {
		return f.missing(stub, f.path)
	}
	return do(stub, edit, f.path)
}

func (f field) descend(m *value.Map, edit func() *value.Map, path string, do func(*value.Map, func() *value.Map, string) error) error {
	head, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		if !m.Has(path) {
			return f.missing(m, path)
		}
		return do(m, edit, path)
	}
	name, every := strings.CutSuffix(head, "[]")
	next, ok := m.Get(name)
	switch {
	case !ok:
		return f.missing(m, name)
	case every:
		if next.List() == nil {
			return f.wrongType(next, name, "list")
		}
		for i, item := range next.List().All() {
			if item.Map() == nil {
				return f.wrongType(item, name, "list of maps")
			}
			if err := f.descend(item.Map(), func() *value.Map { return edit().EditList(name).EditMap(i) }, rest, do); err != nil {
				return err
			}
		}
		return nil
	case next.Map() == nil:
		return f.wrongType(next, name, "map")
	}
	return f.descend(next.Map(), func() *value.Map { return edit().EditMap(name) }, rest, do)
}

func (f field) missing(m *value.Map, name string) error {
	d := diag.Errorf(diag.BadPath, f.pos, "the task has no field %q", f.path).WithHint("%s", diag.DidYouMean(name, m.Keys()))
	if f.deep {
		d.Message += ": " + strconv.Quote(name) + " is missing"
	}
	return d
}

func (f field) wrongType(v value.Value, name, want string) error {
	return diag.Errorf(diag.BadPath, f.pos, "field %q: want a %s at %q, got %s", f.path, want, name, v.Describe()).
		WithRelated(v.Pos(), "this is no %s", want)
}

// hasBraces says whether a string in v, or a key, has what a format string would be expanded for.
func hasBraces(v value.Value) bool {
	switch v.Kind() {
	case value.String:
		return bracesIn(v.Str())
	case value.ListKind:
		for item := range v.List().Values() {
			if hasBraces(item) {
				return true
			}
		}
	case value.MapKind:
		for e := range v.Map().Entries() {
			if bracesIn(e.Key.Str()) || hasBraces(e.Value) {
				return true
			}
		}
	}
	return false
}

func bracesIn(s string) bool { return strings.IndexByte(s, '{') >= 0 || strings.IndexByte(s, '}') >= 0 }

// mapAt gives the map at a key of a stub, to be changed. An absent or null one is made; anything else there is an error.
func mapAt(stub *value.Map, key string) (*value.Map, error) {
	if m := editMapOrNew(stub, key); m != nil {
		return m, nil
	}
	return nil, wrongType(stub, key, "map")
}

// listAt gives the list at a key of a stub, to be changed. An absent or null one is made; anything else there is an
// error.
func listAt(stub *value.Map, key string) (*value.List, error) {
	if l := editListOrNew(stub, key); l != nil {
		return l, nil
	}
	return nil, wrongType(stub, key, "list")
}

func wrongType(stub *value.Map, key, want string) error {
	v := stub.At(key)
	return diag.Errorf(diag.WrongType, v.Or(stub.KeyPos(key)).Pos(), "want a %s, got %s", want, v.Describe()).WithPath(key)
}

package value

import (
	"strings"

	"github.com/taskgraph-go/decision/diag"
)

// Substitute expands every string in v, the keys of maps too, as a format string: see [Format]. What holds nothing to
// expand is shared with the result.
func Substitute(v Value, lookup func(name string) (Value, bool)) (Value, error) {
	switch v.Kind() {
	case String:
		text := v.text()
		if !strings.ContainsAny(text, "{}") {
			return v, nil
		}
		s, err := Format(text, lookup)
		if err != nil {
			return v, diag.Placed(err, v.pos, "")
		}
		return NewString(s).At(v.pos), nil
	case ListKind:
		return substituteList(v, lookup)
	case MapKind:
		return substituteMap(v, lookup)
	}
	return v, nil
}

func substituteList(v Value, lookup func(string) (Value, bool)) (Value, error) {
	list := v.List()
	var out *List
	for i, item := range list.items {
		x, err := Substitute(item, lookup)
		if err != nil {
			return v, err
		}
		if out == nil && !Same(x, item) {
			out = list.Copy()
		}
		if out != nil {
			out.SetAt(i, x)
		}
	}
	if out == nil {
		return v, nil
	}
	return out.Value().At(v.pos), nil
}

func substituteMap(v Value, lookup func(string) (Value, bool)) (Value, error) {
	m := v.Map()
	var out *Map
	for i, e := range m.entries {
		key, value := e.Key, e.Value
		if key.Kind() != String {
			return v, diag.Errorf(diag.BadFormat, key.pos, "the key %s is no text, so nothing can be filled in", key.Describe())
		}
		key, err := Substitute(key, lookup)
		if err != nil {
			return v, err
		}
		if value, err = Substitute(value, lookup); err != nil {
			return v, err
		}
		if out == nil && Same(key, e.Key) && Same(value, e.Value) {
			continue
		}
		if out == nil {
			// All entries are set anew, because keys may have become equal.
			out = NewMap(m.Len())
			for _, before := range m.entries[:i] {
				out.SetKey(before.Key, before.Value)
			}
		}
		out.SetKey(key, value)
	}
	if out == nil {
		return v, nil
	}
	return out.Value().At(v.pos), nil
}

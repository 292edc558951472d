package value

import (
	"strings"

	"github.com/taskgraph-go/decision/diag"
)

// Substitute expands every string in v, the keys of maps too, as a format string: see [Format]. What holds nothing to
// expand is shared with the result. Where keys become equal the last value counts. The error has the position of the
// string.
func Substitute(v Value, lookup func(name string) (Value, bool)) (Value, error) {
	switch v.Kind() {
	case String:
		text := v.text()
		if strings.IndexByte(text, '{') < 0 && strings.IndexByte(text, '}') < 0 {
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
	for i, item := range list.All() {
		x, err := Substitute(item, lookup)
		if err != nil {
			return v, err
		}
		if Same(x, item) {
			continue
		}
		if out == nil {
			out = list.Copy()
		}
		out.SetAt(i, x)
	}
	if out == nil {
		return v, nil
	}
	return out.Value().At(v.pos), nil
}

func substituteMap(v Value, lookup func(string) (Value, bool)) (Value, error) {
	m := v.Map()
	var out *Map
	renamed := false // a key is another one: entries may have become equal, so each is looked up
	for i := range m.Len() {
		e := m.Entry(i)
		if e.Key.Kind() != String {
			return v, diag.Errorf(diag.BadFormat, e.Key.pos, "the key %s is no text, so nothing can be filled in", e.Key.Describe())
		}
		key, err := Substitute(e.Key, lookup)
		if err != nil {
			return v, err
		}
		x, err := Substitute(e.Value, lookup)
		if err != nil {
			return v, err
		}
		switch {
		case renamed:
			out.SetKey(key, x)
		case !Same(key, e.Key):
			before := m
			if out != nil {
				before = out
			}
			renamed, out = true, NewMap(m.Len())
			for j := range i {
				out.SetKey(before.Entry(j).Key, before.Entry(j).Value)
			}
			out.SetKey(key, x)
		case !Same(x, e.Value):
			if out == nil {
				out = m.Copy()
			}
			out.SetAt(i, x)
		}
	}
	if out == nil {
		return v, nil
	}
	return out.Value().At(v.pos), nil
}

// SubstituteFields substitutes in the fields of a task that dot paths lead to, in place. Other than in [EachDotPath]
// there are no lists in these paths, and one that leads nowhere is an error: a *[diag.Diagnostic] with the code
// [diag.BadPath]. It goes on after an error and gives all of them.
func SubstituteFields(task *Map, fields []string, lookup func(name string) (Value, bool)) error {
	var all diag.List
	for _, path := range fields {
		all.Add(substituteField(task, path, lookup))
	}
	return all.Err(nil)
}

func substituteField(task *Map, path string, lookup func(string) (Value, bool)) error {
	v := task.Value()
	for rest, deeper := path, true; deeper; {
		var key string
		key, rest, deeper = strings.Cut(rest, ".")
		m := v.Map()
		if v.Kind() != MapKind {
			return diag.Errorf(diag.BadPath, v.pos, "there is no field %q: %s has no fields", path, v.Describe())
		}
		next, ok := m.Get(key)
		if !ok {
			return diag.Errorf(diag.BadPath, m.firstPos(v.pos), "there is no field %q: no %q", path, key).
				WithHint("%s", diag.DidYouMean(key, m.Keys()))
		}
		v = next
	}
	x, err := Substitute(v, lookup)
	if err != nil {
		return diag.Placed(err, v.pos, path)
	}
	if Same(x, v) {
		return nil
	}
	container, key := task, path
	for {
		head, rest, deeper := strings.Cut(key, ".")
		if !deeper {
			container.Set(key, x)
			return nil
		}
		container, key = container.EditMap(head), rest
	}
}

// firstPos gives where a map was written: pos if that is known, else the place of its first key.
func (m *Map) firstPos(pos diag.Pos) diag.Pos {
	if pos == 0 && m.Len() > 0 {
		return m.Entry(0).Key.pos
	}
	return pos
}

package value

import (
	"strings"

	"github.com/taskgraph-go/decision/diag"
)

// EachDotPath calls f for every place that a dot path leads to: "a.b.c", or "a[].c" for c in each item of the list a. f
// gets the map that holds the last key, which it may change, and the key.
//
// A path that leads nowhere calls nothing, makes nothing and copies nothing. As in the reference it may end early in an
// absent key, or in a text or a list that does not hold the next key; where it would have to go on from anything else
// that is no map the error is a *[diag.Diagnostic] with the code [diag.BadPath].
func EachDotPath(root *Map, path string, f func(container *Map, key string) error) error {
	return eachPlace(root, path, func(p place) error {
		if m := p.edit(); m != nil {
			return f(m, p.key)
		}
		return nil
	})
}

// place is where a dot path leads to. Nothing is copied until it is to be changed.
type place struct {
	root      *Map
	path      string
	items     []int // which item of each list on the way
	container *Map  // what holds the key, for reading only
	key       string
}

func eachPlace(root *Map, path string, f func(place) error) error {
	p := place{root: root, path: path}
	return p.each(root.Value(), path, f)
}

// each goes on from a value along the rest of the path.
func (p *place) each(v Value, path string, f func(place) error) error {
	for {
		head, rest, deeper := strings.Cut(path, ".")
		if !deeper {
			if p.container, p.key = v.Map(), path; !p.container.Has(path) {
				return nil
			}
			return f(*p)
		}
		if list, each := strings.CutSuffix(head, "[]"); each {
			if v.Kind() != MapKind {
				return p.blocked(v)
			}
			for i, item := range v.Map().At(list).List().All() {
				p.items = append(p.items, i)
				err := p.each(item, rest, f)
				p.items = p.items[:len(p.items)-1]
				if err != nil {
					return err
				}
			}
			return nil
		}
		next, ok := v.Map().Get(head)
		switch v.Kind() {
		case MapKind:
		case String:
			ok = strings.Contains(v.text(), head)
		case ListKind:
			ok = v.List().ContainsString(head)
		case SetKind:
			ok = v.Set().Has(head)
		default:
			return p.blocked(v)
		}
		if !ok {
			return nil
		}
		if v.Kind() != MapKind {
			return p.blocked(v)
		}
		v, path = next, rest
	}
}

// blocked is the error for a path that has to go on from something without fields.
func (p *place) blocked(v Value) error {
	return diag.Errorf(diag.BadPath, v.pos, "%q leads through %s, which has no fields", p.path, v.Describe())
}

// edit gives the container, to be changed. It is nil when the tree was changed since the place was found, so that the
// path leads there no more.
func (p place) edit() *Map {
	m, path, items := p.root, p.path, p.items
	for {
		head, rest, deeper := strings.Cut(path, ".")
		if !deeper || m == nil {
			return m
		}
		list, each := strings.CutSuffix(head, "[]")
		switch {
		case !m.Has(list):
			return nil
		case each:
			l := m.EditList(list)
			if items[0] >= l.Len() {
				return nil
			}
			m, items = l.EditMap(items[0]), items[1:]
		default:
			m = m.EditMap(head)
		}
		path = rest
	}
}

// DeepGet gives the value at a dot path, null where there is none. A dot path for reading has no lists.
func DeepGet(m *Map, path string) Value {
	for {
		head, rest, deeper := strings.Cut(path, ".")
		if !deeper {
			return m.At(path)
		}
		m, path = m.At(head).Map(), rest
	}
}

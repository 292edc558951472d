package value

import (
	"strings"

	"github.com/taskgraph-go/decision/diag"
)

// EachDotPath calls f for every place that a dot path leads to: "a.b.c", or "a[].c" for c in each item of the list a. f
// gets the map that holds the last key, which it may change, and the key. A path that leads nowhere calls nothing and
// changes nothing; one that would have to go through a null or a scalar is an error.
func EachDotPath(root *Map, path string, f func(container *Map, key string) error) error {
	head, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		if !root.Has(path) {
			return nil
		}
		return f(root, path)
	}
	if !reachable(root, path) {
		return blocked(root, path)
	}
	if list, isList := strings.CutSuffix(head, "[]"); isList {
		items := root.EditList(list)
		for i := range items.Len() {
			item := items.At(i).Map()
			if item == nil || !item.Has(firstKey(rest)) {
				continue
			}
			if err := EachDotPath(items.EditMap(i), rest, f); err != nil {
				return err
			}
		}
		return nil
	}
	return EachDotPath(root.EditMap(head), rest, f)
}

// firstKey gives the first key of a dot path.
func firstKey(path string) string {
	head, _, _ := strings.Cut(path, ".")
	return strings.TrimSuffix(head, "[]")
}

// reachable says whether a dot path leads anywhere, so that nothing is copied for one that does not.
func reachable(m *Map, path string) bool {
	head, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		return m.Has(path)
	}
	if list, isList := strings.CutSuffix(head, "[]"); isList {
		for item := range m.At(list).List().Values() {
			if item.Map() != nil && reachable(item.Map(), rest) {
				return true
			}
		}
		return false
	}
	return reachable(m.At(head).Map(), rest)
}

// blocked gives the error of a dot path that has to go through something that holds no keys.
func blocked(m *Map, path string) error {
	at := path
	for {
		head, rest, deeper := strings.Cut(at, ".")
		if !deeper || strings.HasSuffix(head, "[]") {
			return nil
		}
		v, ok := m.Get(head)
		if !ok {
			return nil
		}
		if m = v.Map(); m == nil {
			// A path may end in a string or a list where the reference finds nothing; elsewhere it fails.
			if strings.Contains(rest, ".") && (v.Kind() == String || v.Kind() == ListKind) || !strings.Contains(rest, ".") {
				return nil
			}
			return diag.Errorf(diag.BadPath, v.pos, "%q leads through %s, which has no fields", path, v.Describe())
		}
		at = rest
	}
}

// DeepGet gives the value at a dot path, null where there is none.
func DeepGet(m *Map, path string) Value {
	for {
		head, rest, deeper := strings.Cut(path, ".")
		if !deeper {
			return m.At(path)
		}
		m, path = m.At(head).Map(), rest
	}
}

package star

import (
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"

	"github.com/taskgraph-go/decision/value"
)

// maxDepth is how deeply values may be nested that go into documents, are compared or shown. Documents that are read have the same limit.
const maxDepth = 500

// maxConverted is how many values one document that Starlark code made may hold.
const maxConverted = 1 << 18

// converter makes document values of what Starlark code made.
type converter struct {
	thread *starlark.Thread
	stack  []starlark.Value // the containers on the way
	left   int
}

func newConverter(thread *starlark.Thread) *converter {
	return &converter{thread: thread, left: maxConverted}
}

// document gives the document value of x.
func document(thread *starlark.Thread, x starlark.Value) (value.Value, error) {
	if v, ok := scalar(x); ok {
		return v, nil
	}
	return newConverter(thread).value(x)
}

func (c *converter) enter(x starlark.Value) error {
	if slices.Contains(c.stack, x) {
		return fmt.Errorf("a %s that holds itself cannot stand in a document", x.Type())
	}
	if len(c.stack) >= maxDepth {
		return fmt.Errorf("values are nested more than %d deep", maxDepth)
	}
	c.stack = append(c.stack, x)
	return nil
}

func (c *converter) leave() { c.stack = c.stack[:len(c.stack)-1] }

// within gives the value of what stands at a place of a map.
func (c *converter) within(x starlark.Value, m *value.Map, i int) (value.Value, error) {
	v, err := c.value(x)
	if err != nil {
		return v, &pathError{m.Entry(i).Key.KeyText(), err}
	}
	return v, nil
}

// pathError says where in a document something cannot stand.
type pathError struct {
	path string
	err  error
}

func (e *pathError) Unwrap() error { return e.err }

func (e *pathError) Error() string {
	parts, err := []string{e.path}, e.err
	for {
		inner, ok := err.(*pathError)
		if !ok {
			break
		}
		parts, err = append(parts, inner.path), inner.err
	}
	if len(parts) > 12 {
		parts = append(parts[:8:8], "...")
	}
	return strings.Join(parts, ".") + ": " + err.Error()
}

func (c *converter) value(x starlark.Value) (value.Value, error) {
	if c.left--; c.left < 0 {
		return value.Value{}, fmt.Errorf("more than %d values", maxConverted)
	}
	if v, ok := scalar(x); ok {
		return v, nil
	}
	switch x := x.(type) {
	case *Dict:
		return x.document(c)
	case *List:
		return x.document(c)
	case *starlark.Dict:
		if err := c.enter(x); err != nil {
			return value.Value{}, err
		}
		defer c.leave()
		if err := take(c.thread, 64+32*x.Len()); err != nil {
			return value.Value{}, err
		}
		m := value.NewMap(x.Len())
		for k, v := range x.Entries() {
			key, err := keyOf(k)
			if err != nil {
				return value.Value{}, err
			}
			item, err := c.value(v)
			if err != nil {
				return value.Value{}, &pathError{key.KeyText(), err}
			}
			m.SetKey(key, item)
		}
		return m.Value(), nil
	case *starlark.List:
		if err := c.enter(x); err != nil {
			return value.Value{}, err
		}
		defer c.leave()
		return c.list(x)
	case starlark.Tuple: // no enter: it has no identity, and cannot hold itself but through a list or a dict
		c.stack = append(c.stack, starlark.None)
		defer c.leave()
		if len(c.stack) > maxDepth {
			return value.Value{}, fmt.Errorf("values are nested more than %d deep", maxDepth)
		}
		return c.list(x)
	case *starlark.Set:
		m := value.NewMap(x.Len())
		for item := range x.Elements() {
			key, err := keyOf(item)
			if err != nil {
				return value.Value{}, err
			}
			m.SetKey(key, value.Value{})
		}
		return value.NewSet(m), nil
	}
	if n := starlark.Len(x); n > maxText {
		return value.Value{}, fmt.Errorf("a %s of %d bytes is too long for a document", x.Type(), n)
	}
	return value.Value{}, fmt.Errorf("a %s cannot stand in a document", typeName(x))
}

// typeName is what messages call the type of a value.
func typeName(x starlark.Value) string {
	if _, ok := x.(starlark.Callable); ok {
		return "function"
	}
	return x.Type()
}

func (c *converter) list(x starlark.Indexable) (value.Value, error) {
	if err := take(c.thread, 64+16*x.Len()); err != nil {
		return value.Value{}, err
	}
	out := make([]value.Value, x.Len())
	for i := range out {
		v, err := c.value(x.Index(i))
		if err != nil {
			return v, &pathError{fmt.Sprint(i), err}
		}
		out[i] = v
	}
	return value.NewList(out...).Value(), nil
}

// text shows a value as Starlark does. What is too large is cut.
func text(x starlark.Value) string {
	w := &writer{left: maxShown}
	w.value(x, 0)
	return w.String()
}

// maxShown is how many bytes of a value are shown.
const maxShown = 1 << 20

type writer struct {
	strings.Builder
	left int
}

func (w *writer) add(s string) {
	if w.left -= len(s); w.left < 0 {
		s = ""
	}
	w.WriteString(s)
}

// value writes a value and says whether there is room for more.
func (w *writer) value(x starlark.Value, depth int) bool {
	switch {
	case w.left < 0:
		return false
	case depth > maxDepth:
		w.add("...")
		return true
	}
	switch formOf(x) {
	case mapping:
		w.add("{")
		first := true
		d := x.(dictLike)
		iter := d.Iterate()
		defer iter.Done()
		var key starlark.Value
		for iter.Next(&key) {
			if !first {
				w.add(", ")
			}
			first = false
			w.value(key, depth+1)
			w.add(": ")
			v, _, _ := d.Get(key)
			if !w.value(v, depth+1) {
				return false
			}
		}
		w.add("}")
	case sequence, tuple:
		open, end := "[", "]"
		list := x.(starlark.Indexable)
		if formOf(x) == tuple {
			if open, end = "(", ")"; list.Len() == 1 {
				end = ",)"
			}
		}
		w.add(open)
		for i := range list.Len() {
			if i > 0 {
				w.add(", ")
			}
			if !w.value(list.Index(i), depth+1) {
				return false
			}
		}
		w.add(end)
	default:
		switch x := x.(type) {
		case *starlark.Set:
			w.add("set([")
			first := true
			for item := range x.Elements() {
				if !first {
					w.add(", ")
				}
				first = false
				if !w.value(item, depth+1) {
					return false
				}
			}
			w.add("])")
		case *starlarkstruct.Struct:
			w.add("struct(")
			for i, name := range x.AttrNames() {
				if i > 0 {
					w.add(", ")
				}
				w.add(name + " = ")
				field, err := x.Attr(name)
				if err != nil || !w.value(field, depth+1) {
					return false
				}
			}
			w.add(")")
		case starlark.String:
			w.add(x[:min(len(x), max(w.left, 0)+1)].String())
		default:
			w.add(x.String())
		}
	}
	return w.left >= 0
}

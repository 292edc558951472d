package star

import (
	"errors"
	"fmt"
	"strings"

	"go.starlark.net/starlark"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// named gives what attributes are looked up in: the arguments that a function got by name.
func named(kwargs []starlark.Tuple) func(name string) (value.Value, bool) {
	return func(name string) (value.Value, bool) {
		for _, item := range kwargs {
			if key, _ := starlark.AsString(item[0]); key == name {
				return attributeValue(item[1]), true
			}
		}
		return value.Value{}, false
	}
}

// attributeValue gives the document value of an attribute. One that has none counts as absent.
func attributeValue(x starlark.Value) value.Value {
	v, err := document(nil, x)
	if err != nil {
		return value.Value{}
	}
	return v
}

// texts gives the items of a list of texts.
func texts(what string, x starlark.Value) ([]string, error) {
	if x == nil || x == starlark.None {
		return nil, nil
	}
	all, ok := x.(starlark.Iterable)
	if !ok {
		return nil, fmt.Errorf("%s: want a list of texts, got %s", what, describe(x))
	}
	var out []string
	for item := range starlark.Elements(all) {
		s, ok := starlark.AsString(item)
		if !ok {
			return nil, fmt.Errorf("%s: want a list of texts, got one that holds %s", what, describe(item))
		}
		out = append(out, s)
	}
	return out, nil
}

// itemName gives what errors call an item.
func itemName(name, item starlark.Value) string {
	if s, ok := starlark.AsString(name); ok {
		return s
	}
	if m, ok := item.(starlark.Mapping); ok {
		for _, key := range [...]starlark.String{"name", "label"} {
			if x, _, _ := m.Get(key); x != nil {
				if s, ok := starlark.AsString(x); ok {
					return s
				}
			}
		}
	}
	return "?"
}

// resolveKeyedBy resolves a field in place.
func resolveKeyedBy(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var item, name, deferred starlark.Value
	var field string
	single := true
	own, attributes := kwargs, []starlark.Tuple(nil)
	for i, kwarg := range kwargs {
		switch key, _ := starlark.AsString(kwarg[0]); key {
		case "item", "field", "item_name", "defer", "enforce_single_match":
			if attributes != nil {
				own = append(own, kwarg)
			}
		default:
			if attributes == nil {
				own = own[:i:i]
			}
			attributes = append(attributes, kwarg)
		}
	}
	if err := starlark.UnpackArgs(b.Name(), args, own, "item", &item, "field", &field, "item_name?", &name, "defer?", &deferred, "enforce_single_match?", &single); err != nil {
		return nil, err
	}
	if formOf(item) != mapping {
		return nil, fmt.Errorf("resolve_keyed_by: want a dict, got %s", describe(item))
	}
	later, err := texts("resolve_keyed_by: defer", deferred)
	if err != nil {
		return nil, err
	}
	k := value.Keyed{Attr: named(attributes), Defer: later, AllowMultiple: !single}
	if d, ok := item.(*Dict); ok {
		if done, err := d.resolve(field, name, k); done || err != nil {
			return starlark.None, err
		}
	}
	extra := k.Attr
	k.Item = "`" + field + "` in `" + itemName(name, item) + "`"
	k.Attr = func(name string) (value.Value, bool) {
		if v, ok := extra(name); ok {
			return v, true
		}
		x, found, err := item.(starlark.Mapping).Get(starlark.String(name))
		if err != nil || !found {
			return value.Value{}, false
		}
		return attributeValue(x), true
	}
	return starlark.None, eachField(item, field, field, func(m starlark.HasSetKey, key starlark.String) error {
		x, found, err := m.Get(key)
		if err != nil || !found || formOf(x) != mapping || starlark.Len(x) != 1 {
			return err
		}
		v, err := document(thread, x)
		if err != nil {
			return err
		}
		resolved, err := value.EvaluateKeyedBy(v, k)
		if err != nil {
			return diag.Placed(err, v.Pos(), field)
		}
		if value.Same(v, resolved) {
			return nil
		}
		return m.SetKey(key, view(resolved, false))
	})
}

// resolve resolves a field of which nothing was read yet, and says whether that is so.
func (d *Dict) resolve(field string, name starlark.Value, k value.Keyed) (bool, error) {
	head, _, _ := strings.Cut(field, ".")
	i := d.m.Index(value.NewString(strings.TrimSuffix(head, "[]")))
	if i < 0 {
		return true, nil
	}
	if d.frozen || d.kids != nil && d.kids[i] != nil {
		return false, nil
	}
	d.edit()
	return true, value.ResolveKeyedBy(d.m, field, itemName(name, d), k)
}

// eachField calls f for every place that a path leads to, as [value.EachDotPath] does for documents.
func eachField(x starlark.Value, path, whole string, f func(m starlark.HasSetKey, key starlark.String) error) error {
	head, rest, deeper := strings.Cut(path, ".")
	m, ok := x.(starlark.HasSetKey)
	if !ok || formOf(x) != mapping {
		if formOf(x) == sequence && !deeper {
			return nil
		}
		if _, isText := x.(starlark.String); isText && !deeper {
			return nil
		}
		return diag.Errorf(diag.BadPath, position(x, ""), "%q leads through %s, which has no fields", whole, describe(x))
	}
	if !deeper {
		return f(m, starlark.String(path))
	}
	list, each := strings.CutSuffix(head, "[]")
	next, found, err := m.Get(starlark.String(list))
	if err != nil || !found {
		return err
	}
	if !each {
		return eachField(next, rest, whole, f)
	}
	if formOf(next) != sequence {
		return nil
	}
	for _, item := range items(next.(starlark.Indexable)) {
		if err := eachField(item, rest, whole, f); err != nil {
			return err
		}
	}
	return nil
}

// evaluateKeyedBy gives what a value comes to.
func evaluateKeyedBy(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var x, deferred starlark.Value
	var name string
	var attributes starlark.Mapping
	single := true
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "value", &x, "item_name", &name, "attributes", &attributes, "defer?", &deferred, "enforce_single_match?", &single); err != nil {
		return nil, err
	}
	if formOf(x) != mapping {
		return x, nil
	}
	later, err := texts("evaluate_keyed_by: defer", deferred)
	if err != nil {
		return nil, err
	}
	v, err := document(thread, x)
	if err != nil {
		return nil, err
	}
	var bad error
	out, err := value.EvaluateKeyedBy(v, value.Keyed{Item: name, Defer: later, AllowMultiple: !single, Attr: func(name string) (value.Value, bool) {
		x, found, err := attributes.Get(starlark.String(name))
		if err != nil || !found {
			bad = errors.Join(bad, err)
			return value.Value{}, false
		}
		return attributeValue(x), true
	}})
	if err = errors.Join(bad, err); err != nil {
		return nil, err
	}
	if value.Same(v, out) {
		return x, nil
	}
	return view(out, false), nil
}

package star

import (
	"fmt"
	"maps"
	"slices"

	"go.starlark.net/starlark"

	"github.com/taskgraph-go/decision/value"
)

// methods are the methods of a type, by name.
type methods map[string]*starlark.Builtin

func method(receiver starlark.Value, name string, all methods) (starlark.Value, error) {
	if m := all[name]; m != nil {
		return m.BindReceiver(receiver), nil
	}
	return nil, nil
}

func methodNames(all methods) []string { return slices.Sorted(maps.Keys(all)) }

// define makes a method.
func define[T starlark.Value](name string, f func(receiver T, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error)) *starlark.Builtin {
	return starlark.NewBuiltin(name, func(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		return f(b.Receiver().(T), args, kwargs)
	})
}

// dictMethods are those that every dict of Starlark has.
var dictMethods = methods{
	"clear": define("clear", func(d *Dict, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		if err := starlark.UnpackPositionalArgs("clear", args, kwargs, 0); err != nil {
			return nil, err
		}
		if err := d.mutable("clear"); err != nil {
			return nil, err
		}
		d.m, d.own, d.kids = value.NewMap(0), true, nil
		return starlark.None, nil
	}),
	"get": define("get", func(d *Dict, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		var key, dflt starlark.Value = nil, starlark.None
		if err := starlark.UnpackPositionalArgs("get", args, kwargs, 1, &key, &dflt); err != nil {
			return nil, err
		}
		if x, found, err := d.Get(key); err != nil || found {
			return x, err
		}
		return dflt, nil
	}),
	"items": define("items", func(d *Dict, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		if err := starlark.UnpackPositionalArgs("items", args, kwargs, 0); err != nil {
			return nil, err
		}
		out := make([]starlark.Value, 0, d.Len())
		for _, item := range d.Items() {
			out = append(out, item)
		}
		return starlark.NewList(out), nil
	}),
	"keys": define("keys", func(d *Dict, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		if err := starlark.UnpackPositionalArgs("keys", args, kwargs, 0); err != nil {
			return nil, err
		}
		out := make([]starlark.Value, d.Len())
		for i := range out {
			out[i] = view(d.m.Entry(i).Key, true)
		}
		return starlark.NewList(out), nil
	}),
	"pop": define("pop", func(d *Dict, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		var key, dflt starlark.Value
		if err := starlark.UnpackPositionalArgs("pop", args, kwargs, 1, &key, &dflt); err != nil {
			return nil, err
		}
		i, err := d.place(key)
		if err != nil {
			return nil, err
		}
		if err := d.mutable("delete from"); err != nil {
			return nil, err
		}
		if i >= 0 {
			x := d.at(i)
			d.remove(i)
			return x, nil
		}
		if dflt == nil {
			return nil, fmt.Errorf("pop: missing key %s", text(key))
		}
		return dflt, nil
	}),
	"popitem": define("popitem", func(d *Dict, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		if err := starlark.UnpackPositionalArgs("popitem", args, kwargs, 0); err != nil {
			return nil, err
		}
		if err := d.mutable("delete from"); err != nil {
			return nil, err
		}
		if d.Len() == 0 {
			return nil, fmt.Errorf("popitem: empty dict")
		}
		item := starlark.Tuple{view(d.m.Entry(0).Key, true), d.at(0)}
		d.remove(0)
		return item, nil
	}),
	"setdefault": define("setdefault", func(d *Dict, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		var key, dflt starlark.Value = nil, starlark.None
		if err := starlark.UnpackPositionalArgs("setdefault", args, kwargs, 1, &key, &dflt); err != nil {
			return nil, err
		}
		if x, found, err := d.Get(key); err != nil || found {
			return x, err
		}
		return dflt, d.SetKey(key, dflt)
	}),
	"update": define("update", func(d *Dict, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		if len(args) > 1 {
			return nil, fmt.Errorf("update: got %d arguments, want at most 1", len(args))
		}
		if err := d.mutable("insert into"); err != nil {
			return nil, err
		}
		if len(args) == 1 {
			m, ok := args[0].(starlark.IterableMapping)
			if !ok { // pairs, for which dict has the right words where they are none
				x, err := starlark.Call(&starlark.Thread{}, starlark.Universe["dict"], args, nil)
				if err != nil {
					return nil, fmt.Errorf("update: %w", err)
				}
				m = x.(*starlark.Dict)
			}
			items := m.Items()
			for _, item := range items {
				if err := d.put(item[0], item[1]); err != nil {
					return nil, err
				}
			}
		}
		for _, item := range kwargs {
			if err := d.put(item[0], item[1]); err != nil {
				return nil, err
			}
		}
		return starlark.None, nil
	}),
	"values": define("values", func(d *Dict, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		if err := starlark.UnpackPositionalArgs("values", args, kwargs, 0); err != nil {
			return nil, err
		}
		out := make([]starlark.Value, d.Len())
		for i := range out {
			out[i] = d.at(i)
		}
		return starlark.NewList(out), nil
	}),
}

package star

import (
	"fmt"
	"strings"

	"go.starlark.net/starlark"
)

// attribute gives x.name, guarded where that is a method of a text, a list, a dict or a set.
func attribute(thread *starlark.Thread, x starlark.Value, name string) (starlark.Value, error) {
	var m starlark.Value
	if has, ok := x.(starlark.HasAttrs); ok {
		var err error
		if m, err = has.Attr(name); err != nil {
			return nil, err
		}
	}
	if m == nil { // it has the right words
		return starlark.Call(thread, starlark.Universe["getattr"], starlark.Tuple{x, starlark.String(name)}, nil)
	}
	bound, ok := m.(*starlark.Builtin)
	if !ok || !guardedAttrs[name] {
		return m, nil
	}
	switch x.(type) {
	case starlark.String, *starlark.List, *List, *starlark.Dict, *Dict, *starlark.Set:
		return starlark.NewBuiltin(name, func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
			return callMethod(thread, x, name, bound, args, kwargs)
		}).BindReceiver(x), nil
	}
	return m, nil
}

// guardAttr makes the function that stands in for x.name.
func guardAttr(name string) *starlark.Builtin {
	return starlark.NewBuiltin("."+name, func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
		return attribute(thread, args[0], name)
	})
}

// callMethod calls a method of x after a look at what it will cost.
func callMethod(thread *starlark.Thread, x starlark.Value, name string, m *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if s, ok := x.(starlark.String); ok {
		if err := charge(thread, textMethodSize(string(s), name, args, kwargs)); err != nil {
			return nil, err
		}
		if name == "format" {
			args, kwargs = shownArguments(args, kwargs)
		}
		return m.CallInternal(thread, args, kwargs)
	}
	switch name {
	case "index", "remove":
		if native, ok := x.(*starlark.List); ok {
			return searchList(thread, native, name, m, args, kwargs)
		}
		if err := work(thread, starlark.Len(x)); err != nil {
			return nil, err
		}
	case "items", "popitem":
		if err := charge(thread, size(x)); err != nil {
			return nil, err
		}
		out, err := m.CallInternal(thread, args, kwargs)
		if err != nil {
			return nil, err
		}
		if pair, ok := out.(starlark.Tuple); ok {
			return out, weigh(thread, pair)
		}
		return out, weighItems(thread, out)
	default: // union and the like copy x; extend and update do not, but what they add stays
		n := size(x)
		if name == "extend" || name == "update" {
			n = 0
		}
		for _, arg := range args {
			if n >= 0 {
				if more := size(arg); more < 0 {
					n = more
				} else {
					n += more
				}
			}
		}
		if err := charge(thread, n); err != nil {
			return nil, err
		}
	}
	return m.CallInternal(thread, args, kwargs)
}

// weighItems weighs the tuples that are items of a list.
func weighItems(thread *starlark.Thread, x starlark.Value) error {
	list, ok := x.(starlark.Indexable)
	if !ok {
		return nil
	}
	for i := range list.Len() {
		if t, ok := list.Index(i).(starlark.Tuple); ok {
			if err := weigh(thread, t); err != nil {
				return err
			}
		}
	}
	return nil
}

// searchList is index and remove of a list, for which items may be our own values.
func searchList(thread *starlark.Thread, list *starlark.List, name string, m *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := work(thread, list.Len()); err != nil {
		return nil, err
	}
	if len(args) != 1 || len(kwargs) > 0 {
		for _, arg := range args[min(1, len(args)):] {
			if _, ok := arg.(starlark.Int); !ok {
				return m.CallInternal(thread, args, kwargs)
			}
		}
		for i := range list.Len() {
			if formOf(list.Index(i)) != plain {
				return nil, fmt.Errorf("%s: among lists and dicts only the whole list can be searched", name)
			}
		}
		return m.CallInternal(thread, args, kwargs)
	}
	c := &comparison{left: maxCompared}
	for i := range list.Len() {
		same, err := c.equal(list.Index(i), args[0], 0)
		if err != nil {
			return nil, err
		}
		if !same {
			continue
		}
		if name == "index" {
			return starlark.MakeInt(i), nil
		}
		pop, err := list.Attr("pop")
		if err != nil {
			return nil, err
		}
		_, err = starlark.Call(thread, pop, starlark.Tuple{starlark.MakeInt(i)}, nil)
		return starlark.None, err
	}
	if name == "index" {
		return nil, fmt.Errorf("index: value not in list")
	}
	return nil, fmt.Errorf("remove: element not found")
}

// textMethodSize gives how many bytes a method of a text makes at most.
func textMethodSize(s, name string, args starlark.Tuple, kwargs []starlark.Tuple) int {
	arg := func(i int) (string, bool) {
		if i >= len(args) {
			return "", false
		}
		return starlark.AsString(args[i])
	}
	switch name {
	case "capitalize", "lower", "title", "upper":
		return 2 * len(s)
	case "split", "rsplit":
		if sep, ok := arg(0); ok && sep != "" {
			return times(2*listItem, strings.Count(s, sep)+1)
		}
		return listItem * len(s)
	case "splitlines":
		return times(2*listItem, strings.Count(s, "\n")+strings.Count(s, "\r")+1)
	case "replace":
		old, _ := arg(0)
		repl, _ := arg(1)
		n := times(strings.Count(s, old), len(repl))
		if n < 0 {
			return n
		}
		return len(s) + n
	case "join":
		n := 0
		if all, ok := firstOf(args).(starlark.Iterable); ok {
			for x := range starlark.Elements(all) {
				item, ok := starlark.AsString(x)
				if !ok {
					break
				}
				n += len(s) + len(item)
			}
		}
		return n
	case "format":
		most := 0
		for _, x := range args {
			most = max(most, shown(x))
		}
		for _, item := range kwargs {
			most = max(most, shown(item[1]))
		}
		if n := times(strings.Count(s, "{"), most); n >= 0 {
			return len(s) + n
		}
		return -1
	}
	return 0
}

func firstOf(args starlark.Tuple) starlark.Value {
	if len(args) == 0 {
		return nil
	}
	return args[0]
}

// shownArguments gives arguments whose texts were made already.
func shownArguments(args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Tuple, []starlark.Tuple) {
	out := make(starlark.Tuple, len(args))
	for i, x := range args {
		out[i] = asShown(x)
	}
	named := make([]starlark.Tuple, len(kwargs))
	for i, item := range kwargs {
		named[i] = starlark.Tuple{item[0], asShown(item[1])}
	}
	return out, named
}

package star

import (
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
)

// universe is what every .star file can use without loading it, and the guards that take the place of operators and methods.
var universe = makeUniverse()

func makeUniverse() starlark.StringDict {
	u := starlark.StringDict{
		"[:]": starlark.NewBuiltin("slice", slice), "()": starlark.NewBuiltin("tuple", makeTuple), "{}": starlark.NewBuiltin("dict", makeDict), "rest": starlark.NewBuiltin("arguments", takeRest),
		"spread": starlark.NewBuiltin("arguments", spread), "in": isIn("in", true), "not in": isIn("not in", false),
		"struct":  starlark.NewBuiltin("struct", makeStruct),
		"fail":    starlark.NewBuiltin("fail", fail),
		"getattr": starlark.NewBuiltin("getattr", getattr),
		"int":     starlark.NewBuiltin("int", toInt),
		"max":     starlark.NewBuiltin("max", extreme(syntax.GT)),
		"min":     starlark.NewBuiltin("min", extreme(syntax.LT)),
		"print":   starlark.NewBuiltin("print", printAll),
		"repr":    starlark.NewBuiltin("repr", show),
		"sorted":  starlark.NewBuiltin("sorted", sorted),
		"str":     starlark.NewBuiltin("str", show),
	}
	for _, name := range []string{"all", "any", "bytes", "dict", "enumerate", "list", "reversed", "set", "tuple", "zip"} {
		u[name] = guardBuiltin(starlark.Universe[name].(*starlark.Builtin))
	}
	for name := range guardedAttrs {
		u["."+name] = guardAttr(name)
	}
	checks := map[syntax.Token]guard{
		syntax.PLUS: guardAdd, syntax.STAR: guardTimes, syntax.PERCENT: guardFormat, syntax.LTLT: guardShift,
		syntax.PIPE: chargeBoth, syntax.MINUS: chargeBoth, syntax.AMP: chargeBoth, syntax.CIRCUMFLEX: chargeBoth,
	}
	for op, name := range guardedOps {
		if check, ok := checks[op]; ok {
			u[name], u[name+"="] = operator(name, op, check), updating(name+"=", op, check)
		} else if _, ok := u[name]; !ok {
			u[name] = compares(name, op)
		}
	}
	return u
}

// guardBuiltin makes a function that charges for its arguments before it does what the built-in one does.
func guardBuiltin(b *starlark.Builtin) *starlark.Builtin {
	return starlark.NewBuiltin(b.Name(), func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		for _, x := range args {
			n := size(x)
			if err := charge(thread, n); err != nil {
				return nil, err
			}
			if err := work(thread, n/listItem); err != nil {
				return nil, err
			}
		}
		if b.Name() == "dict" || b.Name() == "set" {
			if err := take(thread, emptyDict); err != nil {
				return nil, err
			}
		}
		out, err := b.CallInternal(thread, args, kwargs)
		if err != nil {
			return nil, err
		}
		switch b.Name() {
		case "tuple":
			err = weigh(thread, out.(starlark.Tuple))
		case "enumerate", "zip":
			err = weighItems(thread, out)
		}
		return out, err
	})
}

// show is str and repr.
func show(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var x starlark.Value
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kwargs, 1, &x); err != nil {
		return nil, err
	}
	if b.Name() == "str" {
		switch x := x.(type) {
		case starlark.String:
			return x, nil
		case starlark.Bytes:
			return starlark.String(strings.ToValidUTF8(string(x), "\uFFFD")), charge(thread, 3*len(x))
		}
	}
	s := text(x)
	return starlark.String(s), charge(thread, len(s))
}

// joined makes one text of the arguments of print and fail.
func joined(args starlark.Tuple, sep string) string {
	w := &writer{left: maxShown}
	for i, x := range args {
		if i > 0 {
			w.add(sep)
		}
		if s, ok := starlark.AsString(x); ok {
			w.add(s)
		} else {
			w.value(x, 0)
		}
	}
	return w.String()
}

// printAll is print.
func printAll(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	sep := " "
	if err := starlark.UnpackArgs("print", nil, kwargs, "sep?", &sep); err != nil {
		return nil, err
	}
	message := joined(args, sep)
	thread.Print(thread, message)
	return starlark.None, charge(thread, len(message))
}

// failure is what fail makes.
type failure struct{ found *diag.Diagnostic }

func (f *failure) Error() string { return f.found.Message }

// fail ends the call with a mistake of the user's. at and path say where in the document the mistake is.
func fail(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	sep, path, hint := " ", "", ""
	var at starlark.Value = starlark.None
	if err := starlark.UnpackArgs("fail", nil, kwargs, "sep?", &sep, "at?", &at, "path?", &path, "hint?", &hint); err != nil {
		return nil, err
	}
	d := diag.Errorf(diag.StarFailed, position(at, path), "%s", joined(args, sep)).WithPath(path)
	d.Hint = hint
	return nil, &failure{d}
}

// position gives where a field of a document, or of a task, was written: that of the nearest container for what has none.
func position(at starlark.Value, path string) diag.Pos {
	pos := diag.Pos(0)
	for {
		switch x := at.(type) {
		case *Dict:
			if x.pos != 0 {
				pos = x.pos
			} else if pos == 0 {
				pos = taskgraph.StubPos(x.m)
			}
		case *List:
			if x.pos != 0 {
				pos = x.pos
			}
		case *Task:
			if x.t.Pos != 0 {
				pos = x.t.Pos
			}
		}
		if path == "" {
			return pos
		}
		var head string
		head, path, _ = strings.Cut(path, ".")
		d, ok := at.(*Dict)
		if !ok {
			return pos
		}
		i, _ := d.place(starlark.String(head))
		if i < 0 {
			return pos
		}
		e := d.m.Entry(i)
		for _, p := range []diag.Pos{e.Value.Pos(), e.Key.Pos()} {
			if p != 0 {
				pos = p
				break
			}
		}
		at = d.at(i)
	}
}

// getattr is the function getattr, whose methods are guarded like those behind a dot.
func getattr(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if len(args) >= 2 {
		if name, ok := starlark.AsString(args[1]); ok && guardedAttrs[name] {
			if x, err := attribute(thread, args[0], name); err == nil {
				return x, nil
			}
		}
	}
	return starlark.Universe["getattr"].(*starlark.Builtin).CallInternal(thread, args, kwargs)
}

// maxDigits is how many digits a text may have that becomes an integer.
const maxDigits = 20000

// toInt is int.
func toInt(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if s, ok := starlark.AsString(firstOf(args)); ok && len(s) > maxDigits {
		return nil, fmt.Errorf("int: the text has more than %d digits", maxDigits)
	}
	return starlark.Universe["int"].(*starlark.Builtin).CallInternal(thread, args, kwargs)
}

// ranked is an item with what it is ordered by.
type ranked struct{ item, key starlark.Value }

// rank gives items with what they are ordered by.
func rank(thread *starlark.Thread, all starlark.Iterable, key starlark.Callable) ([]ranked, error) {
	n := size(all)
	if err := charge(thread, n); err != nil {
		return nil, err
	}
	if err := work(thread, n/listItem); err != nil {
		return nil, err
	}
	out := make([]ranked, 0, max(0, starlark.Len(all)))
	for x := range starlark.Elements(all) {
		k := x
		if key != nil {
			var err error
			if k, err = starlark.Call(thread, key, starlark.Tuple{x}, nil); err != nil {
				return nil, err
			}
		}
		out = append(out, ranked{x, k})
	}
	return out, nil
}

// callable gives the function that an optional argument is.
func callable(name string, x starlark.Value) (starlark.Callable, error) {
	if x == nil || x == starlark.None {
		return nil, nil
	}
	f, ok := x.(starlark.Callable)
	if !ok {
		return nil, fmt.Errorf("%s: key is a %s, not a function", name, x.Type())
	}
	return f, nil
}

// sorted is the function sorted, which knows our own lists.
func sorted(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var all starlark.Iterable
	var key starlark.Value
	reverse := false
	if err := starlark.UnpackArgs("sorted", args, kwargs, "iterable", &all, "key?", &key, "reverse?", &reverse); err != nil {
		return nil, err
	}
	f, err := callable("sorted", key)
	if err != nil {
		return nil, err
	}
	ranks, err := rank(thread, all, f)
	if err != nil {
		return nil, err
	}
	c := &comparison{left: 16 * maxCompared}
	less := func(a, b starlark.Value) bool {
		is, bad := c.compare(syntax.LT, a, b, 0)
		if bad != nil && err == nil {
			err = bad
		}
		return is && err == nil
	}
	slices.SortStableFunc(ranks, func(a, b ranked) int {
		if reverse {
			a, b = b, a
		}
		switch {
		case err != nil:
			return 0
		case less(a.key, b.key):
			return -1
		case less(b.key, a.key):
			return 1
		}
		return 0
	})
	if err != nil {
		return nil, err
	}
	out := make([]starlark.Value, len(ranks))
	for i := range ranks {
		out[i] = ranks[i].item
	}
	return starlark.NewList(out), nil
}

// extreme is min and max.
func extreme(op syntax.Token) func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error) {
	return func(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		var key starlark.Value
		if err := starlark.UnpackArgs(b.Name(), nil, kwargs, "key?", &key); err != nil {
			return nil, err
		}
		f, err := callable(b.Name(), key)
		if err != nil {
			return nil, err
		}
		var all starlark.Iterable = args
		if len(args) == 1 {
			var ok bool
			if all, ok = args[0].(starlark.Iterable); !ok {
				return nil, fmt.Errorf("%s: a %s has no items", b.Name(), args[0].Type())
			}
		}
		ranks, err := rank(thread, all, f)
		if err != nil {
			return nil, err
		}
		if len(ranks) == 0 {
			return nil, fmt.Errorf("%s: there are no items", b.Name())
		}
		best := ranks[0]
		c := &comparison{left: maxCompared}
		for _, r := range ranks[1:] {
			better, err := c.compare(op, r.key, best.key, 0)
			if err != nil {
				return nil, err
			}
			if better {
				best = r
			}
		}
		return best.item, nil
	}
}

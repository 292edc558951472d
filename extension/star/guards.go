package star

import (
	"fmt"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
	"go.starlark.net/syntax"
)

// Sizes of what containers take for each item, and of an empty dict or set, in bytes.
const (
	listItem  = 16
	dictItem  = 120
	emptyDict = 512
)

// size gives about how many bytes a copy of x takes, without what its items hold.
func size(x starlark.Value) int {
	switch x := x.(type) {
	case starlark.String:
		return len(x)
	case starlark.Bytes:
		return len(x)
	case starlark.Tuple:
		return listItem * len(x)
	case *starlark.Dict, *Dict, *starlark.Set:
		return times(dictItem, starlark.Len(x))
	case starlark.Int:
		if _, ok := x.Int64(); ok {
			return 0
		}
		return x.BigInt().BitLen() / 8
	}
	n := starlark.Len(x)
	if n < 0 {
		if all, ok := x.(starlark.Iterable); ok { // what has no length are the characters of a text
			n = 0
			for range starlark.Elements(all) {
				n++
			}
			return times(2*listItem, n)
		}
		return 0
	}
	return times(listItem, n)
}

// times multiplies, and gives -1 for what is too large.
func times(a, b int) int {
	if a == 0 || b == 0 {
		return 0
	}
	if a < 0 || b < 0 || a > (1<<50)/b {
		return -1
	}
	return a * b
}

// maxBits is how long integers may be.
const maxBits = 1 << 16

// guard is what stands in for an operator: it says whether the operator may be applied.
type guard func(thread *starlark.Thread, x, y starlark.Value) error

func chargeBoth(thread *starlark.Thread, x, y starlark.Value) error {
	a, b := size(x), size(y)
	if a < 0 || b < 0 {
		return charge(thread, -1)
	}
	return charge(thread, a+b)
}

func guardAdd(thread *starlark.Thread, x, y starlark.Value) error {
	switch x := x.(type) {
	case starlark.String:
		if y, ok := y.(starlark.String); ok {
			if len(x)+len(y) < 1024 {
				return nil
			}
			return charge(thread, len(x)+len(y))
		}
	case starlark.Int:
		return bits(x, y, 1)
	case starlark.Tuple:
		if y, ok := y.(starlark.Tuple); ok {
			if err := weigh(thread, x, y); err != nil {
				return err
			}
		}
	}
	return chargeBoth(thread, x, y)
}

// bits refuses an integer that would be too long.
func bits(x, y starlark.Value, more int) error {
	n := more
	for _, v := range [...]starlark.Value{x, y} {
		if i, ok := v.(starlark.Int); ok {
			if _, small := i.Int64(); small {
				n += 64
			} else {
				n += i.BigInt().BitLen()
			}
		}
	}
	if n > maxBits {
		return fmt.Errorf("the integer would have more than %d bits", maxBits)
	}
	return nil
}

func guardTimes(thread *starlark.Thread, x, y starlark.Value) error {
	n, ok := x.(starlark.Int)
	if ok {
		x, y = y, x
	} else if n, ok = y.(starlark.Int); !ok {
		return nil
	}
	if _, both := x.(starlark.Int); both {
		return bits(x, y, 0)
	}
	if t, ok := x.(starlark.Tuple); ok {
		if err := weigh(thread, t); err != nil {
			return err
		}
	}
	count, fits := n.Int64()
	if n.Sign() <= 0 {
		return nil
	}
	if !fits || count > 1<<40 {
		count = 1 << 40
	}
	return charge(thread, times(size(x), int(count)))
}

func guardShift(_ *starlark.Thread, x, y starlark.Value) error {
	return bits(x, starlark.MakeInt(0), 512)
}

func guardFormat(thread *starlark.Thread, x, y starlark.Value) error {
	format, ok := x.(starlark.String)
	if !ok {
		return nil
	}
	n := len(format)
	args, isTuple := y.(starlark.Tuple)
	if !isTuple {
		args = starlark.Tuple{y}
	}
	for _, arg := range args {
		n += shown(arg)
	}
	// A dict fills in the same text as often as the format asks.
	if m, ok := y.(starlark.IterableMapping); ok {
		most := 0
		for _, item := range m.Items() {
			most = max(most, shown(item[1]))
		}
		n += times(strings.Count(string(format), "%("), most)
	}
	return charge(thread, n)
}

// shown gives how many bytes the text of a value takes at most.
func shown(x starlark.Value) int {
	switch x := x.(type) {
	case starlark.String:
		return len(x)
	case starlark.Bytes:
		return 4 * len(x)
	case starlark.Int, starlark.Bool, starlark.Float, starlark.NoneType:
		return 32
	}
	return len(text(x))
}

// makeStruct is struct.
func makeStruct(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := take(thread, emptyDict+dictItem*len(kwargs)); err != nil {
		return nil, err
	}
	x, err := starlarkstruct.Make(thread, b, args, kwargs)
	if err != nil {
		return nil, err
	}
	return x, weigh(thread, starlark.Tuple{x})
}

// operator makes the function that stands in for an operator.
func operator(name string, op syntax.Token, check guard) *starlark.Builtin {
	return starlark.NewBuiltin(name, func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
		x, y := args[0], args[1]
		if check != nil {
			if err := check(thread, x, y); err != nil {
				return nil, err
			}
		}
		return binary(op, x, y)
	})
}

// binary applies an operator.
func binary(op syntax.Token, x, y starlark.Value) (starlark.Value, error) {
	if _, format := x.(starlark.String); format && op == syntax.PERCENT {
		y = shownOperand(y)
	}
	z, err := starlark.Binary(op, x, y)
	if err != nil && strings.HasPrefix(err.Error(), "unknown binary op") {
		err = fmt.Errorf("cannot compute %s %s %s", x.Type(), op, y.Type())
	}
	return z, err
}

// updating makes the function that stands in for an operator with =. Lists and dicts are changed in place.
func updating(name string, op syntax.Token, check guard) *starlark.Builtin {
	return starlark.NewBuiltin(name, func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
		x, y := args[0], args[1]
		attr := ""
		switch more, iterable := y.(starlark.Iterable); {
		case op == syntax.PLUS && formOf(x) == sequence && iterable:
			attr = "extend"
			if err := charge(thread, size(more)); err != nil {
				return nil, err
			}
		case op == syntax.PIPE && formOf(x) == mapping && formOf(y) == mapping:
			attr = "update"
			if err := charge(thread, size(y)); err != nil {
				return nil, err
			}
		}
		if attr != "" {
			f, err := x.(starlark.HasAttrs).Attr(attr)
			if err != nil {
				return nil, err
			}
			_, err = starlark.Call(thread, f, starlark.Tuple{y}, nil)
			return x, err
		}
		if check != nil {
			if err := check(thread, x, y); err != nil {
				return nil, err
			}
		}
		return binary(op, x, y)
	})
}

// compares makes the function that stands in for a comparison.
func compares(name string, op syntax.Token) *starlark.Builtin {
	return starlark.NewBuiltin(name, func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
		x, y := args[0], args[1]
		if a, ok := x.(starlark.String); ok {
			if b, ok := y.(starlark.String); ok {
				return starlark.Bool(threeWay(op, strings.Compare(string(a), string(b)))), nil
			}
		}
		c := &comparison{left: maxCompared}
		is, err := c.compare(op, x, y, 0)
		if err == nil {
			err = work(thread, maxCompared-c.left)
		}
		return starlark.Bool(is), err
	})
}

// contains says whether y holds x.
func contains(thread *starlark.Thread, x, y starlark.Value) (bool, error) {
	switch formOf(y) {
	case sequence, tuple:
		list := y.(starlark.Indexable)
		c := &comparison{left: maxCompared}
		for i := range list.Len() {
			if same, err := c.equal(list.Index(i), x, 0); err != nil || same {
				return same, err
			}
		}
		return false, work(thread, maxCompared-c.left)
	}
	is, err := starlark.Binary(syntax.IN, x, y)
	if err != nil {
		return false, err
	}
	return bool(is.Truth()), nil
}

func isIn(name string, want bool) *starlark.Builtin {
	return starlark.NewBuiltin(name, func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
		is, err := contains(thread, args[0], args[1])
		return starlark.Bool(is == want), err
	})
}

// slice stands in for x[from:to:step].
func slice(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	x := args[0]
	sliceable, ok := x.(starlark.Sliceable)
	if !ok {
		return nil, fmt.Errorf("a %s has no slices", x.Type())
	}
	n := sliceable.Len()
	step := 1
	bound := func(v starlark.Value, dflt, least, most int) (int, error) {
		if v == starlark.None {
			return dflt, nil
		}
		i, ok := v.(starlark.Int)
		if !ok {
			return 0, fmt.Errorf("slice: want an int, got %s", v.Type())
		}
		at, fits := i.Int64()
		if !fits || at > 1<<40 || at < -1<<40 {
			at = int64(i.Sign()) << 40
		}
		if at < 0 {
			at += int64(n)
		}
		return int(max(int64(least), min(at, int64(most)))), nil
	}
	if args[3] != starlark.None {
		i, ok := args[3].(starlark.Int)
		if !ok {
			return nil, fmt.Errorf("slice: want an int, got %s", args[3].Type())
		}
		s, fits := i.Int64()
		if !fits || s > 1<<31 || s < -1<<31 {
			s = int64(i.Sign()) << 31
		}
		if step = int(s); step == 0 {
			return nil, fmt.Errorf("the step of a slice must not be 0")
		}
	}
	least, most, from, to := 0, n, 0, n
	if step < 0 {
		least, most, from, to = -1, n-1, n-1, -1
	}
	from, err := bound(args[1], from, least, most)
	if err != nil {
		return nil, err
	}
	to, err = bound(args[2], to, least, most)
	if err != nil {
		return nil, err
	}
	if step > 0 {
		to = max(from, to)
	} else {
		to = min(from, to)
	}
	unit := listItem
	switch x.(type) {
	case starlark.String, starlark.Bytes:
		if unit = 1; step == 1 {
			unit = 0 // it shares the text
		}
	}
	if err := charge(thread, times(unit, max(to-from, from-to))); err != nil {
		return nil, err
	}
	return sliceable.Slice(from, to, step), nil
}

// makeTuple stands in for a tuple as it stands in the text.
func makeTuple(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	if err := weigh(thread, args); err != nil {
		return nil, err
	}
	return args, nil
}

// makeDict looks at a dict as it stands in the text: even one that holds little takes much.
func makeDict(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	return args[0], take(thread, emptyDict)
}

// takeRest looks at what *args or **kwargs of a function took.
func takeRest(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	if t, ok := args[0].(starlark.Tuple); ok {
		if err := weigh(thread, t); err != nil {
			return nil, err
		}
	}
	if _, ok := args[0].(*starlark.Dict); ok {
		if err := take(thread, emptyDict); err != nil {
			return nil, err
		}
	}
	return starlark.True, charge(thread, size(args[0]))
}

// spread looks at x of f(*x) or f(**x).
func spread(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	return args[0], charge(thread, size(args[0]))
}

// ready is a value whose text was made already.
type ready struct {
	starlark.NoneType
	text string
}

func (r ready) String() string { return r.text }

// asShown gives a value that is shown as x is, at a cost that is known.
func asShown(x starlark.Value) starlark.Value {
	if _, isSet := x.(*starlark.Set); isSet || formOf(x) != plain {
		return ready{text: text(x)}
	}
	return x
}

// shownOperand does that for what is formatted by %.
func shownOperand(y starlark.Value) starlark.Value {
	switch {
	case formOf(y) == tuple:
		out := make(starlark.Tuple, 0, starlark.Len(y))
		for _, x := range y.(starlark.Tuple) {
			out = append(out, asShown(x))
		}
		return out
	case formOf(y) == mapping:
		out := starlark.NewDict(0)
		for _, item := range y.(dictLike).Items() {
			out.SetKey(item[0], asShown(item[1])) // the key has a hash: it is one already
		}
		return &formatted{out, text(y)}
	}
	return asShown(y)
}

// formatted is a dict whose text was made already.
type formatted struct {
	*starlark.Dict
	text string
}

func (f *formatted) String() string { return f.text }

package jsone

import (
	"math"
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// fail reports a mistake at a part of the expression.
func (e *expression) fail(n *node, format string, args ...any) term {
	return e.r.fail(e.here(n.begin), e.path, format, args...)
}

// here gives the position of an offset in the expression, whose own position its place has.
func (e *expression) here(offset int) diag.Pos {
	whole := expression{r: e.r, text: e.text, place: e.place}
	return whole.at(offset)
}

// give places what an expression stands for at the expression.
func (e *expression) give(v value.Value) term { return e.r.term(v.At(e.place.Pos())) }

func (e *expression) evaluate(n *node) term {
	if !e.r.step(1, e.place.Pos()) {
		return wrong
	}
	switch n.op {
	case opNumber:
		return e.give(number(n.num))
	case opString:
		return e.give(value.NewString(n.text))
	case opTrue, opFalse:
		return e.give(value.NewBool(n.op == opTrue))
	case opNull:
		return e.give(value.Value{})
	case opName:
		x, ok := e.scope.find(n.text)
		if !ok {
			e.r.report(diag.Errorf(diag.BadTemplate, e.here(n.begin), "unknown variable %q", n.text).WithPath(e.path).
				WithHint("%s", diag.DidYouMean(n.text, e.scope.variables())))
			return wrong
		}
		if x.fn != nil {
			return x
		}
		return e.give(x.v)
	case opList:
		return e.list(n)
	case opObject:
		return e.object(n)
	case opNot:
		x := e.evaluate(n.args[0])
		if x.bad {
			return wrong
		}
		return e.give(value.NewBool(!truthy(x)))
	case opMinus, opPlus:
		x := e.evaluate(n.args[0])
		f, ok := asNumber(x)
		switch {
		case x.bad:
			return wrong
		case !ok:
			return e.fail(n, "want a number after %s, got %s", map[string]string{opMinus: "-", opPlus: "+"}[n.op], describe(x))
		case n.op == opMinus:
			f = -f
		}
		return e.give(number(f))
	case opMember:
		return e.member(n)
	case opIndex:
		return e.index(n)
	case opSlice:
		return e.slice(n)
	case opCall:
		return e.call(n)
	}
	return e.binary(n)
}

func (e *expression) list(n *node) term {
	out, ok := value.NewList(), true
	for _, arg := range n.args {
		x := e.evaluate(arg)
		ok = !x.bad && ok
		if ok {
			out.Append(e.r.kept(x))
		}
	}
	return e.r.made(ok, out.Value(), e.place.Pos())
}

func (e *expression) object(n *node) term {
	out, ok := value.NewMap(len(n.args)), true
	for i, arg := range n.args {
		x := e.evaluate(arg)
		ok = !x.bad && ok
		if ok {
			out.Set(n.keys[i], e.r.kept(x))
		}
	}
	return e.r.made(ok, out.Value(), e.place.Pos())
}

func (e *expression) member(n *node) term {
	x := e.evaluate(n.args[0])
	if x.bad {
		return wrong
	}
	m := x.v.Map()
	if m == nil {
		return e.fail(n, "%s has no property %q", describe(x), n.text)
	}
	v, ok := m.Get(n.text)
	if !ok {
		e.r.report(diag.Errorf(diag.BadTemplate, e.here(n.begin), "the object has no property %q", n.text).WithPath(e.path).
			WithHint("%s", diag.DidYouMean(n.text, m.Keys())))
		return wrong
	}
	return e.give(v)
}

func (e *expression) index(n *node) term {
	x, i := e.evaluate(n.args[0]), e.evaluate(n.args[1])
	if x.bad || i.bad {
		return wrong
	}
	if m := x.v.Map(); m != nil {
		key, ok := i.v.AsString()
		if !ok {
			return e.fail(n, "want a string to look up in an object, got %s", describe(i))
		}
		return e.give(m.At(key)) // null where it is absent
	}
	at, ok := asInteger(i)
	if !ok {
		return e.fail(n, "want an integer to look up in %s, got %s", describe(x), describe(i))
	}
	items, size, ok := e.items(x)
	if !ok {
		return e.fail(n, "%s has no items", describe(x))
	}
	if at < 0 {
		at += size
	}
	if at < 0 || at >= size {
		return e.fail(n, "there is no item %s in %d", describe(i), size)
	}
	return e.give(items(at, at+1, true))
}

// items gives what cuts a part out of a list or a string, and how many items that has.
func (e *expression) items(x term) (part func(from, to int, one bool) value.Value, size int, ok bool) {
	if l := x.v.List(); l != nil {
		return func(from, to int, one bool) value.Value {
			if one {
				return l.At(from)
			}
			out := value.NewList()
			for i := from; i < to; i++ {
				out.Append(l.At(i))
			}
			return out.Value()
		}, l.Len(), true
	}
	s, ok := x.v.AsString()
	if !ok {
		return nil, 0, false
	}
	e.r.step(len(s)/chunk, e.place.Pos())
	runes := []rune(s)
	return func(from, to int, _ bool) value.Value { return value.NewString(string(runes[from:to])) }, len(runes), true
}

func (e *expression) slice(n *node) term {
	x := e.evaluate(n.args[0])
	bounds := [2]term{}
	for i, arg := range n.args[1:] {
		if arg != nil {
			bounds[i] = e.evaluate(arg)
		}
	}
	if x.bad || bounds[0].bad || bounds[1].bad {
		return wrong
	}
	part, size, ok := e.items(x)
	if !ok {
		return e.fail(n, "a part can be cut out of lists and strings, not of %s", describe(x))
	}
	at := [2]int{0, size}
	for i, arg := range n.args[1:] {
		if arg == nil {
			continue
		}
		v, ok := asInteger(bounds[i])
		if !ok {
			return e.fail(arg, "want an integer as a bound, got %s", describe(bounds[i]))
		}
		if v < 0 {
			v += size
		}
		at[i] = max(0, min(v, size))
	}
	if !e.r.step((at[1]-at[0])/4, e.place.Pos()) {
		return wrong
	}
	return e.r.made(true, part(at[0], max(at[0], at[1]), false), e.place.Pos())
}

func (e *expression) call(n *node) term {
	f := e.evaluate(n.args[0])
	args := make([]term, len(n.args)-1)
	bad := f.bad
	for i, arg := range n.args[1:] {
		args[i] = e.evaluate(arg)
		bad = bad || args[i].bad
	}
	switch {
	case bad:
		return wrong
	case f.fn == nil:
		return e.fail(n.args[0], "%s cannot be called", describe(f))
	}
	x, problem := f.fn.call(&call{e: e, args: args})
	if problem != nil {
		return e.fail(n.args[0], "%s: %s", f.fn.name, problem)
	}
	if x.bad || e.r.stopped {
		return wrong
	}
	if x.fn != nil {
		return x
	}
	if s, ok := x.v.AsString(); ok && !e.r.short(len(s), e.place.Pos()) {
		return wrong
	}
	return e.r.made(true, x.v, e.place.Pos())
}

func (e *expression) binary(n *node) term {
	a := e.evaluate(n.args[0])
	if a.bad {
		return wrong
	}
	if n.op == "&&" && !truthy(a) || n.op == "||" && truthy(a) { // the other side does not count
		return e.give(value.NewBool(n.op == "||"))
	}
	b := e.evaluate(n.args[1])
	if b.bad {
		return wrong
	}
	switch n.op {
	case "&&", "||":
		return e.give(value.NewBool(truthy(b)))
	case "==", "!=":
		if !e.compared(a, b) {
			return wrong
		}
		return e.give(value.NewBool(same(a, b) == (n.op == "==")))
	case "in":
		return e.in(n, a, b)
	case "+":
		s, okA := a.v.AsString()
		t, okB := b.v.AsString()
		if okA && okB {
			if !e.r.short(len(s)+len(t), e.place.Pos()) || !e.r.step((len(s)+len(t))/chunk, e.place.Pos()) {
				return wrong
			}
			return e.give(value.NewString(s + t))
		}
	case "<", ">", "<=", ">=":
		return e.order(n, a, b)
	}
	x, okA := asNumber(a)
	y, okB := asNumber(b)
	if !okA || !okB {
		want := "two numbers"
		if n.op == "+" {
			want = "two numbers or two strings"
		}
		return e.fail(n, "%s wants %s, got %s and %s", n.op, want, describe(a), describe(b))
	}
	switch n.op {
	case "+":
		x += y
	case "-":
		x -= y
	case "*":
		x *= y
	case "/":
		if y == 0 {
			return e.fail(n, "division by zero")
		}
		x /= y
	case "**":
		x = math.Pow(x, y)
	}
	return e.give(number(x))
}

// compared counts the work of a comparison.
func (e *expression) compared(a, b term) bool {
	return e.r.step(min(e.r.weight(a.v, 0).parts, e.r.weight(b.v, 0).parts), e.place.Pos())
}

func (e *expression) in(n *node, a, b term) term {
	found := false
	switch {
	case b.v.IsString():
		s, ok := a.v.AsString()
		if !ok {
			return e.fail(n, "want a string to look for in a string, got %s", describe(a))
		}
		if !e.compared(a, b) {
			return wrong
		}
		found = strings.Contains(b.v.Str(), s)
	case b.v.Map() != nil:
		s, ok := a.v.AsString()
		if !ok {
			return e.fail(n, "want a string to look for in an object, got %s", describe(a))
		}
		found = b.v.Map().Has(s)
	case b.v.List() != nil:
		for item := range b.v.List().Values() {
			if !e.r.step(1, e.place.Pos()) || !e.compared(a, term{v: item}) {
				return wrong
			}
			if same(a, term{v: item}) {
				found = true
				break
			}
		}
	default:
		return e.fail(n, "want a string, a list or an object to look in, got %s", describe(b))
	}
	return e.give(value.NewBool(found))
}

func (e *expression) order(n *node, a, b term) term {
	var c int
	x, okA := asNumber(a)
	y, okB := asNumber(b)
	switch {
	case okA && okB && x < y:
		c = -1
	case okA && okB && x > y:
		c = 1
	case okA && okB:
	case a.v.IsString() && b.v.IsString():
		c = compareText(a.v.Str(), b.v.Str())
	default:
		return e.fail(n, "%s wants two numbers or two strings, got %s and %s", n.op, describe(a), describe(b))
	}
	return e.give(value.NewBool(map[string]bool{"<": c < 0, ">": c > 0, "<=": c <= 0, ">=": c >= 0}[n.op]))
}

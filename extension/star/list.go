package star

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// List is a list of a document as Starlark code sees it. What holds for a [Dict] holds for it, too.
type List struct {
	list   *value.List
	vals   []value.Value    // the items, once they were changed; then list is nil
	kids   []starlark.Value // by place: the containers that were read or put there, nil elsewhere
	pos    diag.Pos
	frozen bool
	iters  int
}

var (
	_ starlark.HasSetIndex = (*List)(nil)
	_ starlark.Sliceable   = (*List)(nil)
	_ starlark.Sequence    = (*List)(nil)
	_ starlark.HasAttrs    = (*List)(nil)
	_ starlark.HasBinary   = (*List)(nil)
	_ starlark.Comparable  = (*List)(nil)
)

func (l *List) String() string        { return text(l) }
func (l *List) Type() string          { return "list" }
func (l *List) Truth() starlark.Bool  { return l.Len() > 0 }
func (l *List) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable type: list") }

// Len gives the number of items.
func (l *List) Len() int {
	if l.list != nil {
		return l.list.Len()
	}
	return len(l.vals)
}

// Freeze makes the list and all that it holds immutable.
func (l *List) Freeze() {
	if !l.frozen {
		l.frozen = true
		for _, kid := range l.kids {
			if kid != nil {
				kid.Freeze()
			}
		}
	}
}

func (l *List) value(i int) value.Value {
	if l.list != nil {
		return l.list.At(i)
	}
	return l.vals[i]
}

// Index gives the item at a place.
func (l *List) Index(i int) starlark.Value {
	if l.kids != nil && l.kids[i] != nil {
		return l.kids[i]
	}
	v := l.value(i)
	x := view(v, l.frozen)
	if v.Kind() >= value.ListKind && !l.frozen {
		if l.kids == nil {
			l.kids = make([]starlark.Value, l.Len())
		}
		l.kids[i] = x
	}
	return x
}

func (l *List) mutable(verb string) error {
	if l.frozen {
		return fmt.Errorf("cannot %s frozen list: it is shared; change a copy of it", verb)
	}
	if l.iters > 0 {
		return fmt.Errorf("cannot %s list during iteration", verb)
	}
	return nil
}

// edit makes the items the list's alone.
func (l *List) edit() {
	if l.list != nil || l.vals == nil {
		l.vals = slices.AppendSeq(make([]value.Value, 0, l.Len()+4), l.list.Values())
		l.list = nil
	}
}

// SetIndex replaces the item at a place.
func (l *List) SetIndex(i int, x starlark.Value) error {
	if err := l.mutable("assign to element of"); err != nil {
		return err
	}
	l.edit()
	v, isScalar := scalar(x)
	l.vals[i] = v
	if !isScalar && l.kids == nil {
		l.kids = make([]starlark.Value, l.Len())
	}
	if l.kids != nil {
		l.kids[i] = nil
		if !isScalar {
			l.kids[i] = x
		}
	}
	return nil
}

// insert puts items at a place. The list must be mutable.
func (l *List) insert(i int, items ...starlark.Value) {
	l.edit()
	vals, kids := make([]value.Value, len(items)), []starlark.Value(nil)
	for j, x := range items {
		v, isScalar := scalar(x)
		vals[j] = v
		if !isScalar {
			if kids == nil {
				kids = make([]starlark.Value, len(items))
			}
			kids[j] = x
		}
	}
	if kids != nil && l.kids == nil {
		l.kids = make([]starlark.Value, l.Len())
	}
	l.vals = slices.Insert(l.vals, i, vals...)
	if l.kids != nil {
		if kids == nil {
			kids = make([]starlark.Value, len(items))
		}
		l.kids = slices.Insert(l.kids, i, kids...)
	}
}

// remove deletes the item at a place. The list must be mutable.
func (l *List) remove(i int) {
	l.edit()
	l.vals = slices.Delete(l.vals, i, i+1)
	if l.kids != nil {
		l.kids = slices.Delete(l.kids, i, i+1)
	}
}

// Slice gives some of the items as a new list.
func (l *List) Slice(start, end, step int) starlark.Value {
	var out []starlark.Value
	if step > 0 {
		for i := start; i < end; i += step {
			out = append(out, l.Index(i))
		}
	} else {
		for i := start; i > end; i += step {
			out = append(out, l.Index(i))
		}
	}
	return starlark.NewList(out)
}

// Iterate goes through the items in order.
func (l *List) Iterate() starlark.Iterator {
	if !l.frozen {
		l.iters++
	}
	return &listIterator{l: l}
}

type listIterator struct {
	l    *List
	i    int
	done bool
}

func (it *listIterator) Next(p *starlark.Value) bool {
	if it.i >= it.l.Len() {
		return false
	}
	*p = it.l.Index(it.i)
	it.i++
	return true
}

func (it *listIterator) Done() {
	if !it.l.frozen && !it.done {
		it.l.iters--
	}
	it.done = true
}

// items gives all items.
func items(x starlark.Indexable) []starlark.Value {
	out := make([]starlark.Value, x.Len())
	for i := range out {
		out[i] = x.Index(i)
	}
	return out
}

// Binary joins and repeats lists, and says whether something is an item.
func (l *List) Binary(op syntax.Token, y starlark.Value, side starlark.Side) (starlark.Value, error) {
	switch op {
	case syntax.PLUS:
		if formOf(y) != sequence {
			return nil, nil
		}
		other := y.(starlark.Indexable)
		if side == starlark.Right {
			return starlark.NewList(append(items(other), items(l)...)), nil
		}
		return starlark.NewList(append(items(l), items(other)...)), nil
	case syntax.STAR:
		if _, ok := y.(starlark.Int); ok {
			return starlark.Binary(syntax.STAR, starlark.NewList(items(l)), y)
		}
	case syntax.IN:
		if side == starlark.Right {
			i, err := l.find(y, 0, l.Len())
			return starlark.Bool(i >= 0), err
		}
	}
	return nil, nil
}

// find gives the place of the first item between two places that equals x, -1 where there is none.
func (l *List) find(x starlark.Value, from, to int) (int, error) {
	c := &comparison{left: maxCompared}
	for i := from; i < to; i++ {
		if same, err := c.equal(l.Index(i), x, 0); err != nil || same {
			return i, err
		}
	}
	return -1, nil
}

// CompareSameType compares with another list.
func (l *List) CompareSameType(op syntax.Token, y starlark.Value, depth int) (bool, error) {
	return (&comparison{left: maxCompared}).compare(op, l, y, 0)
}

// Attr gives a method.
func (l *List) Attr(name string) (starlark.Value, error) { return method(l, name, listMethods) }

// AttrNames lists the methods.
func (l *List) AttrNames() []string { return methodNames(listMethods) }

// document gives the list as it is now. What is not changed is the very list that was seen.
func (l *List) document(c *converter) (value.Value, error) {
	list := l.list
	if l.kids != nil {
		if err := c.enter(l); err != nil {
			return value.Value{}, err
		}
		defer c.leave()
		var changed *value.List
		for i, kid := range l.kids {
			if kid == nil {
				continue
			}
			old := l.value(i)
			v, err := c.value(kid)
			if err != nil {
				return value.Value{}, err
			}
			if value.Same(v, old) && (v.Pos() == old.Pos() || v.Pos() == 0) {
				continue
			}
			if changed == nil {
				if list == nil {
					list = value.NewList(slices.Clone(l.vals)...)
				}
				changed = list.Copy()
			}
			changed.SetAt(i, v)
		}
		if changed != nil {
			list = changed
		}
	}
	if list == nil {
		list = value.NewList(slices.Clone(l.vals)...)
	}
	if !l.frozen {
		l.list, l.vals = list, nil
	}
	return list.Value().At(l.pos), nil
}

// listMethods are those that every list of Starlark has.
var listMethods = methods{
	"append": define("append", func(l *List, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		var x starlark.Value
		if err := starlark.UnpackPositionalArgs("append", args, kwargs, 1, &x); err != nil {
			return nil, err
		}
		if err := l.mutable("append to"); err != nil {
			return nil, err
		}
		l.insert(l.Len(), x)
		return starlark.None, nil
	}),
	"clear": define("clear", func(l *List, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		if err := starlark.UnpackPositionalArgs("clear", args, kwargs, 0); err != nil {
			return nil, err
		}
		if err := l.mutable("clear"); err != nil {
			return nil, err
		}
		l.list, l.vals, l.kids = nil, []value.Value{}, nil
		return starlark.None, nil
	}),
	"extend": define("extend", func(l *List, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		var more starlark.Iterable
		if err := starlark.UnpackPositionalArgs("extend", args, kwargs, 1, &more); err != nil {
			return nil, err
		}
		if err := l.mutable("extend"); err != nil {
			return nil, err
		}
		l.insert(l.Len(), slices.Collect(starlark.Elements(more))...)
		return starlark.None, nil
	}),
	"index": define("index", func(l *List, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		var x starlark.Value
		from, to := 0, l.Len()
		if err := starlark.UnpackPositionalArgs("index", args, kwargs, 1, &x, &from, &to); err != nil {
			return nil, err
		}
		i, err := l.find(x, within(from, l.Len()), within(to, l.Len()))
		if err == nil && i < 0 {
			err = fmt.Errorf("index: value not in list")
		}
		return starlark.MakeInt(i), err
	}),
	"insert": define("insert", func(l *List, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		var i int
		var x starlark.Value
		if err := starlark.UnpackPositionalArgs("insert", args, kwargs, 2, &i, &x); err != nil {
			return nil, err
		}
		if err := l.mutable("insert into"); err != nil {
			return nil, err
		}
		l.insert(within(i, l.Len()), x)
		return starlark.None, nil
	}),
	"pop": define("pop", func(l *List, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		n := l.Len()
		i := n - 1
		if err := starlark.UnpackPositionalArgs("pop", args, kwargs, 0, &i); err != nil {
			return nil, err
		}
		at := i
		if at < 0 {
			at += n
		}
		if at < 0 || at >= n {
			return nil, fmt.Errorf("pop: index %d out of range: the list has %d items", i, n)
		}
		if err := l.mutable("pop from"); err != nil {
			return nil, err
		}
		x := l.Index(at)
		l.remove(at)
		return x, nil
	}),
	"remove": define("remove", func(l *List, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		var x starlark.Value
		if err := starlark.UnpackPositionalArgs("remove", args, kwargs, 1, &x); err != nil {
			return nil, err
		}
		if err := l.mutable("remove from"); err != nil {
			return nil, err
		}
		i, err := l.find(x, 0, l.Len())
		if err != nil {
			return nil, err
		}
		if i < 0 {
			return nil, fmt.Errorf("remove: element not found")
		}
		l.remove(i)
		return starlark.None, nil
	}),
}

// within gives the place that an index stands for, as slices have it: a negative one counts from the end, and what lies outside is
// moved to the nearest end.
func within(i, n int) int {
	if i < 0 {
		i += n
	}
	return max(0, min(i, n))
}

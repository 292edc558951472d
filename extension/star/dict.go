package star

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// Dict is a map of a document as Starlark code sees it: a dict in every respect. What is read from it is looked up in the
// document; what is changed goes into a copy of the containers on the way, and of nothing else. Values that nobody changed keep
// their positions.
//
// A container that was read through a Dict, or put into it, is remembered, so that it is one and the same wherever the code
// holds it. A frozen Dict remembers nothing new and may be read from many goroutines; any other is for one.
type Dict struct {
	m      *value.Map
	kids   []starlark.Value // by place in m: the containers that were read or put there, nil elsewhere. They replace what m has.
	pos    diag.Pos
	own    bool // m is for nobody else to see
	frozen bool
	iters  int
}

var (
	_ starlark.HasSetKey       = (*Dict)(nil)
	_ starlark.IterableMapping = (*Dict)(nil)
	_ starlark.Sequence        = (*Dict)(nil)
	_ starlark.HasAttrs        = (*Dict)(nil)
	_ starlark.HasBinary       = (*Dict)(nil)
	_ starlark.Comparable      = (*Dict)(nil)
)

func (d *Dict) String() string        { return text(d) }
func (d *Dict) Type() string          { return "dict" }
func (d *Dict) Truth() starlark.Bool  { return d.m.Len() > 0 }
func (d *Dict) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable type: dict") }
func (d *Dict) Len() int              { return d.m.Len() }

// Freeze makes the dict and all that it holds immutable.
func (d *Dict) Freeze() {
	if !d.frozen {
		d.frozen = true
		for _, kid := range d.kids {
			if kid != nil {
				kid.Freeze()
			}
		}
	}
}

// place gives the place of a key, -1 where it is absent.
func (d *Dict) place(key starlark.Value) (int, error) {
	if s, ok := key.(starlark.String); ok {
		return d.m.Index(value.NewString(string(s))), nil
	}
	k, err := keyOf(key)
	if err != nil {
		return 0, err
	}
	return d.m.Index(k), nil
}

// keyOf gives the document value of a key.
func keyOf(key starlark.Value) (value.Value, error) {
	k, ok := scalar(key)
	if !ok {
		if _, err := key.Hash(); err != nil {
			return k, err
		}
		return k, fmt.Errorf("a %s cannot be the key of a map", key.Type())
	}
	return k, nil
}

// at gives the value at a place.
func (d *Dict) at(i int) starlark.Value {
	if d.kids != nil && d.kids[i] != nil {
		return d.kids[i]
	}
	v := d.m.ValueAt(i)
	x := view(v, d.frozen)
	if v.Kind() >= value.ListKind && !d.frozen {
		if d.kids == nil {
			d.kids = make([]starlark.Value, d.m.Len(), d.m.Len()+4)
		}
		d.kids[i] = x
	}
	return x
}

// Get gives the value of a key and whether the key is there.
func (d *Dict) Get(key starlark.Value) (starlark.Value, bool, error) {
	i, err := d.place(key)
	if err != nil || i < 0 {
		return nil, false, err
	}
	return d.at(i), true, nil
}

// mutable says why the dict cannot be changed just now.
func (d *Dict) mutable(verb string) error {
	if d.frozen {
		return fmt.Errorf("cannot %s frozen dict: it is shared; change a copy of it", verb)
	}
	if d.iters > 0 {
		return fmt.Errorf("cannot %s dict during iteration", verb)
	}
	return nil
}

// edit makes the entries the dict's alone.
func (d *Dict) edit() {
	if !d.own {
		d.m, d.own = d.m.Copy(), true
	}
}

// SetKey sets a key. A new key goes to the end.
func (d *Dict) SetKey(key, x starlark.Value) error {
	if err := d.mutable("insert into"); err != nil {
		return err
	}
	return d.put(key, x)
}

func (d *Dict) put(key, x starlark.Value) error {
	k, err := keyOf(key)
	if err != nil {
		return err
	}
	v, isScalar := scalar(x)
	d.edit()
	i := d.m.Index(k)
	if i < 0 {
		i = d.m.Len()
		d.m.SetKey(k, v)
		if d.kids != nil {
			d.kids = append(d.kids, nil)
		}
	} else {
		d.m.SetAt(i, v)
	}
	switch {
	case !isScalar:
		if d.kids == nil {
			d.kids = make([]starlark.Value, d.m.Len(), d.m.Len()+4)
		}
		d.kids[i] = x
	case d.kids != nil:
		d.kids[i] = nil
	}
	return nil
}

// remove deletes the entry at a place.
func (d *Dict) remove(i int) {
	d.edit()
	d.m.DeleteAt(i)
	if d.kids != nil {
		d.kids = slices.Delete(d.kids, i, i+1)
	}
}

// Items gives keys and values in order.
func (d *Dict) Items() []starlark.Tuple {
	out := make([]starlark.Tuple, d.m.Len())
	for i := range out {
		out[i] = starlark.Tuple{view(d.m.Entry(i).Key, true), d.at(i)}
	}
	return out
}

// Iterate goes through the keys in order.
func (d *Dict) Iterate() starlark.Iterator {
	if !d.frozen {
		d.iters++
	}
	return &dictIterator{d: d}
}

type dictIterator struct {
	d    *Dict
	i    int
	done bool
}

func (it *dictIterator) Next(p *starlark.Value) bool {
	if it.i >= it.d.m.Len() {
		return false
	}
	*p = view(it.d.m.Entry(it.i).Key, true)
	it.i++
	return true
}

func (it *dictIterator) Done() {
	if !it.d.frozen && !it.done {
		it.d.iters--
	}
	it.done = true
}

// Binary gives the union with another dict, and whether a key is there.
func (d *Dict) Binary(op syntax.Token, y starlark.Value, side starlark.Side) (starlark.Value, error) {
	switch op {
	case syntax.PIPE:
		other, ok := y.(starlark.IterableMapping)
		if !ok {
			return nil, nil
		}
		out := starlark.NewDict(d.Len())
		first, second := starlark.IterableMapping(d), other
		if side == starlark.Right {
			first, second = other, d
		}
		for _, m := range []starlark.IterableMapping{first, second} {
			for _, item := range m.Items() {
				if err := out.SetKey(item[0], item[1]); err != nil {
					return nil, err
				}
			}
		}
		return out, nil
	case syntax.IN:
		if side == starlark.Right {
			i, err := d.place(y)
			return starlark.Bool(i >= 0), err
		}
	}
	return nil, nil
}

// CompareSameType compares with another dict.
func (d *Dict) CompareSameType(op syntax.Token, y starlark.Value, depth int) (bool, error) {
	return (&comparison{left: maxCompared}).compare(op, d, y, 0)
}

// Attr gives a method.
func (d *Dict) Attr(name string) (starlark.Value, error) { return method(d, name, dictMethods) }

// AttrNames lists the methods.
func (d *Dict) AttrNames() []string { return methodNames(dictMethods) }

// document gives the map as it is now. What is not changed is the very map that was seen.
func (d *Dict) document(c *converter) (value.Value, error) {
	m := d.m
	if d.kids != nil {
		if err := c.enter(d); err != nil {
			return value.Value{}, err
		}
		defer c.leave()
		own := d.own && !d.frozen
		for i, kid := range d.kids {
			if kid == nil {
				continue
			}
			v, err := c.within(kid, m, i)
			if err != nil {
				return value.Value{}, err
			}
			old := m.ValueAt(i)
			if value.Same(v, old) && (v.Pos() == old.Pos() || v.Pos() == 0) {
				continue
			}
			if !own {
				m, own = m.Copy(), true
			}
			m.SetAt(i, v)
		}
		if !d.frozen {
			d.m = m
		}
	}
	if !d.frozen {
		d.own = false // somebody else holds it now
	}
	return m.Value().At(d.pos), nil
}

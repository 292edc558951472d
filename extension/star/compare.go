package star

import (
	"errors"
	"fmt"
	"slices"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
	"go.starlark.net/syntax"
)

type starlarkToken = syntax.Token

// The operators that our own types know.
const (
	starlarkEQL = syntax.EQL
	starlarkNEQ = syntax.NEQ
	starlarkIN  = syntax.IN
)

// threeWay says what a comparison makes of -1, 0 or 1.
func threeWay(op starlarkToken, cmp int) bool {
	switch op {
	case syntax.EQL:
		return cmp == 0
	case syntax.NEQ:
		return cmp != 0
	case syntax.LT:
		return cmp < 0
	case syntax.LE:
		return cmp <= 0
	case syntax.GT:
		return cmp > 0
	}
	return cmp >= 0
}

// comparison compares values. Lists and dicts of documents are equal to those that Starlark code makes, if they hold the same;
// the comparison of the Starlark library knows nothing of ours.
type comparison struct {
	left int // how many values may still be looked at
}

// maxCompared is how many values one comparison looks at.
const maxCompared = 1 << 20

var errCompare = errors.New("the values are too large to be compared")

// form is how a value is compared.
type form int

const (
	plain form = iota
	sequence
	tuple
	mapping
	record
)

func formOf(x starlark.Value) form {
	switch x.(type) {
	case *starlark.List, *List:
		return sequence
	case starlark.Tuple:
		return tuple
	case *starlark.Dict, *Dict:
		return mapping
	case *starlarkstruct.Struct:
		return record
	}
	return plain
}

func (c *comparison) equal(x, y starlark.Value, depth int) (bool, error) {
	if c.left--; c.left < 0 || depth > maxDepth {
		return false, errCompare
	}
	f := formOf(x)
	if f == plain || f != formOf(y) {
		if f != plain || formOf(y) != plain {
			return false, nil
		}
		return starlark.Equal(x, y)
	}
	switch f {
	case record:
		a, b := x.(*starlarkstruct.Struct), y.(*starlarkstruct.Struct)
		names := a.AttrNames()
		if !slices.Equal(names, b.AttrNames()) {
			return false, nil
		}
		for _, name := range names {
			v, err := a.Attr(name)
			if err != nil {
				return false, err
			}
			w, err := b.Attr(name)
			if err != nil {
				return false, err
			}
			if same, err := c.equal(v, w, depth+1); err != nil || !same {
				return same, err
			}
		}
		return true, nil
	case mapping:
		a, b := x.(dictLike), y.(dictLike)
		if a.Len() != b.Len() {
			return false, nil
		}
		iter := a.Iterate()
		defer iter.Done()
		var key starlark.Value
		for iter.Next(&key) {
			v, _, err := a.Get(key)
			if err != nil {
				return false, err
			}
			w, found, err := b.Get(key)
			if err != nil || !found {
				return false, err
			}
			if same, err := c.equal(v, w, depth+1); err != nil || !same {
				return same, err
			}
		}
		return true, nil
	default:
		a, b := x.(starlark.Indexable), y.(starlark.Indexable)
		if a.Len() != b.Len() {
			return false, nil
		}
		for i := range a.Len() {
			if same, err := c.equal(a.Index(i), b.Index(i), depth+1); err != nil || !same {
				return same, err
			}
		}
		return true, nil
	}
}

// dictLike is a dict of Starlark's or of ours.
type dictLike interface {
	starlark.IterableMapping
	Len() int
}

// compare does any comparison.
func (c *comparison) compare(op starlarkToken, x, y starlark.Value, depth int) (bool, error) {
	if op == syntax.EQL || op == syntax.NEQ {
		same, err := c.equal(x, y, depth)
		return same == (op == syntax.EQL), err
	}
	f := formOf(x)
	if f != formOf(y) || f == mapping || f == record {
		return false, fmt.Errorf("%s %s %s not implemented", x.Type(), op, y.Type())
	}
	if f == plain {
		return starlark.Compare(op, x, y)
	}
	a, b := x.(starlark.Indexable), y.(starlark.Indexable)
	for i := range min(a.Len(), b.Len()) {
		same, err := c.equal(a.Index(i), b.Index(i), depth+1)
		if err != nil {
			return false, err
		}
		if !same {
			return c.compare(op, a.Index(i), b.Index(i), depth+1)
		}
	}
	return threeWay(op, a.Len()-b.Len()), nil
}

package star

import (
	"fmt"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
)

// freezable says whether what a file defines can be frozen at a price that is known. Freezing goes through every list, dict and set
// once, but through tuples, structs and functions as often as something holds them, and nothing can stop it.
func freezable(globals starlark.StringDict) bool {
	f := &freezer{left: 1 << 24, seen: map[starlark.Value]bool{}}
	for _, name := range globals.Keys() {
		if !f.walk(globals[name], 0) {
			return false
		}
	}
	return true
}

// freezer goes through values as freezing does.
type freezer struct {
	left int
	seen map[starlark.Value]bool
}

// once says whether a container with an identity is met for the first time.
func (f *freezer) once(x starlark.Value) bool {
	if f.seen[x] {
		return false
	}
	f.seen[x] = true
	return true
}

func (f *freezer) walk(x starlark.Value, depth int) bool {
	if f.left--; f.left < 0 || depth > 10*maxDepth {
		return false
	}
	all := func(items []starlark.Value) bool {
		for _, item := range items {
			if item != nil && !f.walk(item, depth+1) {
				return false
			}
		}
		return true
	}
	switch x := x.(type) {
	case starlark.Tuple:
		return all(x)
	case *starlarkstruct.Struct:
		for _, name := range x.AttrNames() {
			if field, err := x.Attr(name); err == nil && !f.walk(field, depth+1) {
				return false
			}
		}
	case *starlark.Function:
		for i := range x.NumParams() {
			if d := x.ParamDefault(i); d != nil && !f.walk(d, depth+1) {
				return false
			}
		}
		for i := range x.NumFreeVars() {
			if _, v := x.FreeVar(i); v != nil && !f.walk(v, depth+1) {
				return false
			}
		}
	case *starlark.Builtin:
		if of := x.Receiver(); of != nil {
			return f.walk(of, depth+1)
		}
	case *List:
		return !f.once(x) || all(x.kids)
	case *Dict:
		return !f.once(x) || all(x.kids)
	case *starlark.List:
		return !f.once(x) || all(items(x))
	case *starlark.Set:
		if f.once(x) {
			for item := range x.Elements() {
				if !f.walk(item, depth+1) {
					return false
				}
			}
		}
	case *starlark.Dict:
		if f.once(x) {
			for k, v := range x.Entries() {
				if !f.walk(k, depth+1) || !f.walk(v, depth+1) {
					return false
				}
			}
		}
	}
	return true
}

// weigh refuses tuples and structs whose tuples and structs hold more, all in all, than fits: freezing and hashing go through all of
// that, and the same one may be there many times.
func weigh(thread *starlark.Thread, all ...starlark.Tuple) error {
	left := 1 << 16
	for _, t := range all {
		if !weighed(t, &left, 0) {
			return fmt.Errorf("tuples or structs are nested too deeply")
		}
	}
	return nil
}

func weighed(x starlark.Value, left *int, depth int) bool {
	inner := func(x starlark.Value) bool {
		switch x.(type) {
		case starlark.Tuple, *starlarkstruct.Struct:
			*left--
			return *left >= 0 && depth < maxDepth && weighed(x, left, depth+1)
		}
		return true
	}
	switch x := x.(type) {
	case starlark.Tuple:
		for _, item := range x {
			if !inner(item) {
				return false
			}
		}
	case *starlarkstruct.Struct:
		for _, name := range x.AttrNames() {
			if field, err := x.Attr(name); err == nil && !inner(field) {
				return false
			}
		}
	}
	return true
}

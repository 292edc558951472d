package schema

import (
	"math/big"
	"unicode/utf8"

	"github.com/taskgraph-go/decision/value"
)

func (w *walk) checkText(r *textRules, v value.Value) bool {
	s := v.Str()
	ok := true
	if r.min > 0 || r.max >= 0 {
		n := utf8.RuneCountInString(s)
		if n < r.min || r.max >= 0 && n > r.max {
			if ok = false; w.report != nil {
				w.report.size(v, r.min, r.max, n, "character")
			}
		}
	}
	if r.pattern != nil && !r.pattern.MatchString(s) {
		if ok = false; w.report != nil {
			w.report.noMatch(r.pattern, v)
		}
	}
	return ok
}

func (w *walk) checkNumber(bounds []bound, v value.Value) bool {
	ok := true
	for i := range bounds {
		if b := &bounds[i]; !b.allows(v) {
			if ok = false; w.report != nil {
				w.report.outside(b, v)
			}
		}
	}
	return ok
}

func (b *bound) allows(v value.Value) bool {
	var c int // how v compares with the limit
	if i, ok := v.AsInt(); ok && b.fits {
		switch {
		case i < b.whole:
			c = -1
		case i > b.whole:
			c = 1
		}
	} else if f, ok := v.AsFloat(); ok {
		r := new(big.Rat).SetFloat64(f)
		if r == nil { // not a number, or infinite
			return (f > 0) != b.upper && f == f
		}
		c = r.Cmp(b.limit)
	} else {
		c = new(big.Rat).SetInt(v.AsBigInt()).Cmp(b.limit)
	}
	switch {
	case c == 0:
		return !b.open
	case b.upper:
		return c < 0
	}
	return c > 0
}

// among says whether v equals one of the values as JSON Schema compares: a boolean is no number.
func among(list []value.Value, v value.Value) bool {
	if s, ok := v.AsString(); ok {
		for i := range list {
			if x, isText := list[i].AsString(); isText && x == s {
				return true
			}
		}
		return false
	}
	for i := range list {
		if equal(list[i], v) {
			return true
		}
	}
	return false
}

func equal(a, b value.Value) bool {
	switch a.Kind() {
	case value.ListKind:
		x, y := a.List(), b.List()
		if b.Kind() != value.ListKind || x.Len() != y.Len() {
			return false
		}
		for i := range x.Len() {
			if !equal(x.At(i), y.At(i)) {
				return false
			}
		}
		return true
	case value.MapKind:
		x, y := a.Map(), b.Map()
		if b.Kind() != value.MapKind || x.Len() != y.Len() {
			return false
		}
		for e := range x.Entries() {
			other, ok := y.GetKey(e.Key)
			if !ok || !equal(e.Value, other) {
				return false
			}
		}
		return true
	}
	if a.IsNull() || b.IsNull() {
		return a.IsNull() && b.IsNull()
	}
	return (a.Kind() == value.Bool) == (b.Kind() == value.Bool) && value.Equal(a, b)
}

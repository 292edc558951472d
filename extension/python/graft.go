package python

import (
	"math"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// graft gives a value that came back from Python, with what is as it was before taken from there: so it keeps its positions,
// and tasks go on sharing what they shared.
func graft(before, after value.Value) value.Value {
	if before.Kind() != after.Kind() {
		return after
	}
	switch after.Kind() {
	case value.MapKind:
		if m, same := graftMap(before.Map(), after.Map()); !same {
			return m.Value().At(before.Pos())
		}
		return before
	case value.ListKind:
		return graftList(before, after)
	case value.SetKind:
		if value.Equal(before, after) {
			return before
		}
		return after
	case value.Float:
		a, _ := before.AsFloat()
		b, _ := after.AsFloat()
		if math.Float64bits(a) == math.Float64bits(b) {
			return before
		}
		return after
	}
	if value.Equal(before, after) {
		return before
	}
	return after
}

// graftMap gives after, with what it shares with before taken from there, and whether both are the same altogether.
func graftMap(before, after *value.Map) (*value.Map, bool) {
	same := before.Len() == after.Len()
	n := after.Len()
	var out *value.Map
	begin := func(upTo int) {
		// Up to here all was the same: begin with a copy.
		same = false
		if upTo == before.Len() {
			out = before.Copy()
			return
		}
		out = value.NewMap(n)
		for i := range upTo {
			e := before.Entry(i)
			out.SetKey(e.Key, e.Value)
		}
	}
	if !same && n < before.Len() {
		begin(0)
	}
	for i := range n {
		e := after.Entry(i)
		var was value.Entry
		found := false
		if i < before.Len() {
			was = before.Entry(i)
			found = sameKey(was.Key, e.Key)
		}
		inPlace := found
		if !found {
			if v, ok := before.GetKey(e.Key); ok {
				was, found = value.Entry{Key: e.Key.At(keyPos(before, e.Key)), Value: v}, true
			}
		}
		v, key := e.Value, e.Key
		if found {
			v, key = graft(was.Value, e.Value), was.Key
		}
		if out == nil && inPlace && value.Same(v, was.Value) && v.Pos() == was.Value.Pos() {
			continue
		}
		if out == nil {
			begin(i)
		}
		out.SetKey(key, v)
	}
	if out == nil {
		if n < before.Len() || !same {
			begin(n)
			return out, false
		}
		return before, true
	}
	return out, false
}

// sameKey says whether keys are equal and of one type.
func sameKey(a, b value.Value) bool { return a.Kind() == b.Kind() && value.Equal(a, b) }

// keyPos gives where a key of a map was written.
func keyPos(m *value.Map, key value.Value) diag.Pos {
	if s, ok := key.AsString(); ok {
		return m.KeyPos(s)
	}
	return 0
}

func graftList(before, after value.Value) value.Value {
	a, b := before.List(), after.List()
	same := a.Len() == b.Len()
	items := make([]value.Value, b.Len())
	for i := range items {
		items[i] = b.At(i)
		if i < a.Len() {
			items[i] = graft(a.At(i), b.At(i))
			same = same && value.Same(items[i], a.At(i)) && items[i].Pos() == a.At(i).Pos()
		}
	}
	if same {
		return before
	}
	return value.NewList(items...).Value().At(before.Pos())
}

package value

import (
	"strings"

	"github.com/taskgraph-go/decision/diag"
)

// Merge gives what several maps hold together, later ones taking precedence, as the reference merges defaults into
// tasks: maps are merged key by key, lists are joined, anything else is replaced. A map with a single by-* key, and a value of
// another type than the one before it, replaces what was there whole. The keys of earlier maps come first.
//
// The result is the caller's to change; what it shares with the maps is not copied.
func Merge(maps ...*Map) *Map {
	if len(maps) == 0 {
		return NewMap(0)
	}
	out := maps[0].Copy()
	for _, m := range maps[1:] {
		merge(out, m)
	}
	return out
}

func merge(into, m *Map) {
	var room [16]diag.Pos
	n, added := len(into.vals), room[:0]
	for e := range m.Entries() {
		i := into.findKey(e.Key)
		if i < 0 {
			added = append(added, e.Key.pos)
			e.Key.pos = 0 // all of them are noted at once
			into.put(i, e.Key, e.Value)
			continue
		}
		if IsKeyedBy(e.Value) || !sameType(into.vals[i], e.Value) {
			into.put(i, e.Key, e.Value)
			continue
		}
		switch e.Value.Kind() {
		case MapKind:
			switch {
			case into.vals[i].Map().Len() == 0:
				into.SetAt(i, e.Value)
			case e.Value.Map().Len() > 0:
				merge(into.editMapAt(i), e.Value.Map())
			}
		case ListKind:
			before := into.vals[i]
			switch {
			case before.List().Len() == 0:
				into.SetAt(i, e.Value)
			case e.Value.List().Len() > 0:
				joined := make([]Value, 0, before.List().Len()+e.Value.List().Len())
				joined = append(append(joined, before.List().items...), e.Value.List().items...)
				into.SetAt(i, NewList(joined...).Value().At(e.Value.pos))
			}
		default:
			into.SetAt(i, e.Value)
		}
	}
	into.placeKeys(n, added)
}

// IsKeyedBy says whether v is a map with one key, by-something: [EvaluateKeyedBy] gives anything else as it is.
func IsKeyedBy(v Value) bool {
	m := v.Map()
	return m.Len() == 1 && strings.HasPrefix(m.key(0).Str(), "by-")
}

// sameType says whether Python would have v and w in the same type.
func sameType(v, w Value) bool {
	a, b := v.Kind(), w.Kind()
	return a == b || (a == Int || a == BigInt) && (b == Int || b == BigInt)
}

package schema

import "github.com/taskgraph-go/decision/value"

func (w *walk) checkList(r *listRules, v value.Value) bool {
	l := v.List()
	ok := true
	if n := l.Len(); n < r.min || r.max >= 0 && n > r.max {
		if ok = false; w.report == nil {
			return false
		}
		w.report.size(v, r.min, r.max, n, "item")
	}
	if r.unique {
		if i, j := firstPair(l); j > 0 {
			if ok = false; w.report == nil {
				return false
			}
			w.report.repeated(i, j, l)
		}
	}
	if r.items == nil {
		return ok
	}
	for i := range l.Len() {
		item := l.At(i)
		if r.items.quick.has(item.Kind()) {
			continue
		}
		if w.report == nil {
			if !w.checkHeld(r.items, item) {
				return false
			}
			continue
		}
		w.report.enterItem(i, item)
		ok = w.checkHeld(r.items, item) && ok
		w.report.leave()
	}
	return ok
}

// firstPair gives the first two equal items, 0 and 0 when there are none.
func firstPair(l *value.List) (int, int) {
	if l.Len() > 32 {
		if i, j, ok := firstPairOfTexts(l); ok {
			return i, j
		}
	}
	for j := 1; j < l.Len(); j++ {
		for i := range j {
			if equal(l.At(i), l.At(j)) {
				return i, j
			}
		}
	}
	return 0, 0
}

// firstPairOfTexts does so for a long list of strings. ok is false where something else is among them.
func firstPairOfTexts(l *value.List) (i, j int, ok bool) {
	places := make(map[string]int, l.Len())
	for at := range l.Len() {
		s, text := l.At(at).AsString()
		if !text {
			return 0, 0, false
		}
		if before, there := places[s]; !there {
			places[s] = at
		} else if j == 0 {
			i, j = before, at
		}
	}
	return i, j, true
}

package schema

import "github.com/taskgraph-go/decision/value"

// walk is one evaluation. Without a report it stops at the first mistake and allocates nothing; with one it goes
// on and says what is wrong. Both ways are the same code, so that they cannot disagree.
type walk struct {
	report  *report
	checker *Checker
}

// check says whether v satisfies n.
func (w *walk) check(n *node, v value.Value) bool {
	k := v.Kind()
	if n.quick.has(k) {
		return true
	}
	if !n.kinds.has(k) {
		return w.report != nil && w.report.wrongType(n.kinds, v)
	}
	ok := true
	if n.enum != nil && !among(n.enum, v) {
		if ok = false; w.report == nil {
			return false
		}
		w.report.notAllowed(n.enum, v)
	}
	switch k {
	case value.String:
		ok = (n.text == nil || w.checkText(n.text, v)) && ok
	case value.Int, value.BigInt, value.Float:
		ok = (n.num == nil || w.checkNumber(n.num, v)) && ok
	case value.ListKind:
		ok = (n.list == nil || w.checkList(n.list, v)) && ok
	case value.MapKind:
		ok = (n.maps == nil || w.checkMap(n.maps, v)) && ok
	}
	if !ok && w.report == nil {
		return false
	}
	if n.keyed != nil {
		ok = w.checkKeyed(n.keyed, v) && ok
	}
	for _, x := range n.all {
		if ok = w.check(x, v) && ok; !ok && w.report == nil {
			return false
		}
	}
	for _, u := range n.union {
		if ok = w.checkUnion(u, v) && ok; !ok && w.report == nil {
			return false
		}
	}
	if n.not != nil && w.silent(n.not, v) {
		if ok = false; w.report != nil {
			w.report.excluded(n.not, v)
		}
	}
	if c := n.cond; c != nil {
		next := c.otherwise
		if w.silent(c.test, v) {
			next = c.then
		}
		ok = (next == nil || w.check(next, v)) && ok
	}
	return ok
}

// silent checks without a report.
func (w *walk) silent(n *node, v value.Value) bool {
	quiet := walk{checker: w.checker}
	return quiet.check(n, v)
}

// checkHeld checks a value that was read from a list or a map, for which a [Checker] may know the answer.
func (w *walk) checkHeld(n *node, v value.Value) bool {
	if n.slot != 0 && w.checker != nil && container.has(v.Kind()) && v.Shared() {
		slot := w.checker.slot(n, v)
		if slot.Load() == (*byte)(v.Identity()) {
			return true
		}
		if !w.check(n, v) {
			return false
		}
		slot.Store((*byte)(v.Identity()))
		return true
	}
	return w.check(n, v)
}

func (w *walk) checkKeyed(k *keyed, v value.Value) bool {
	m := v.Map()
	if m.Len() != 1 {
		return w.check(k.value, v)
	}
	e := m.Entry(0)
	if !k.knows(e.Key) {
		ok := w.check(k.value, v)
		if !ok && w.report != nil {
			w.report.keyedByOther(k, v)
		}
		return ok
	}
	if w.report != nil {
		w.report.enterField(e)
		defer w.report.leave()
	}
	if e.Value.Kind() != value.MapKind {
		return w.report != nil && w.report.wrongType(1<<value.MapKind, e.Value)
	}
	ok := true
	for alternative := range e.Value.Map().Entries() {
		if w.report != nil {
			w.report.enterField(alternative)
		}
		if ok = w.checkKeyed(k, alternative.Value) && ok; !ok && w.report == nil {
			return false
		}
		if w.report != nil {
			w.report.leave()
		}
	}
	return ok
}

func (k *keyed) knows(key value.Value) bool {
	name, ok := key.AsString()
	if !ok {
		return false
	}
	for _, f := range k.fields {
		if f == name {
			return true
		}
	}
	return false
}

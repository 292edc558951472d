package schema

import "github.com/taskgraph-go/decision/value"

func (w *walk) checkMap(r *mapRules, v value.Value) bool {
	m := v.Map()
	n := m.Len()
	ok := true
	if n < r.min || r.max >= 0 && n > r.max {
		if ok = false; w.report == nil {
			return false
		}
		w.report.size(v, r.min, r.max, n, "field")
	}
	var p *plan
	if w.report == nil {
		p = r.planFor(m)
	}
	if p != nil {
		if !w.checkPlanned(p, m) {
			return false
		}
	} else if ok = w.checkKeys(r, v) && ok; !ok && w.report == nil {
		return false
	}
	for _, group := range r.exclusive {
		ok = w.checkExclusive(group, m) && ok
	}
	for _, group := range r.exactlyOne {
		ok = w.checkExactlyOne(group, v) && ok
	}
	return ok
}

// checkKeys checks keys and values one by one.
func (w *walk) checkKeys(r *mapRules, v value.Value) bool {
	m := v.Map()
	look := w.checkEntries
	if r.sparse {
		look = w.checkFields
	}
	found, ok := look(r, m)
	if found == len(r.required) || !ok && w.report == nil {
		return ok
	}
	if w.report != nil {
		for _, name := range r.required {
			if !m.Has(name) {
				w.report.missingField(name, v, r)
			}
		}
	}
	return false
}

// checkEntries goes through the map and looks every key up in the schema. It gives the number of required keys
// that it met.
func (w *walk) checkEntries(r *mapRules, m *value.Map) (found int, ok bool) {
	ok = true
	for i := range m.Len() {
		e := m.Entry(i)
		child, quick := r.rest, r.restQuick
		var f *field
		if key, isText := e.Key.AsString(); isText {
			if f = r.fields.find(key); f != nil {
				if f.required {
					found++
				}
				if f.node != nil {
					child, quick = f.node, f.quick
				}
			}
		} else if r.textKeys {
			if ok = false; w.report == nil {
				return found, false
			}
			w.report.keyNotText(e)
			continue
		}
		if r.keys != nil && !r.keysQuick.has(e.Key.Kind()) {
			if ok = w.checkKey(r.keys, e) && ok; !ok && w.report == nil {
				return found, false
			}
		}
		known := f != nil && f.node != nil
		if r.patterns != nil {
			matched, fine := w.checkPatterns(r, e)
			if ok = ok && fine; !ok && w.report == nil {
				return found, false
			}
			if matched && !known {
				known, quick = true, anyKind
			}
		}
		if r.closed && !known {
			if ok = false; w.report == nil {
				return found, false
			}
			w.report.unknownField(e, r.names)
			continue
		}
		if quick.has(e.Value.Kind()) {
			continue
		}
		if ok = w.checkEntry(child, e) && ok; !ok && w.report == nil {
			return found, false
		}
	}
	return found, ok
}

// checkFields looks every field of the schema up in the map, which is faster when there are few and anything else
// is allowed.
func (w *walk) checkFields(r *mapRules, m *value.Map) (found int, ok bool) {
	ok = true
	for i := range m.Len() {
		if r.textKeys && m.Entry(i).Key.Kind() != value.String {
			if ok = false; w.report == nil {
				return 0, false
			}
			w.report.keyNotText(m.Entry(i))
		}
	}
	for i := range r.fields.fields {
		f := &r.fields.fields[i]
		x, there := m.Get(f.name)
		if !there {
			continue
		}
		if f.required {
			found++
		}
		if f.quick.has(x.Kind()) {
			continue
		}
		e := value.Entry{Key: value.NewString(f.name).At(m.KeyPos(f.name)), Value: x}
		if ok = w.checkEntry(f.node, e) && ok; !ok && w.report == nil {
			return found, false
		}
	}
	return found, ok
}

// checkPatterns applies patternProperties and says whether any matched.
func (w *walk) checkPatterns(r *mapRules, e value.Entry) (matched, ok bool) {
	ok = true
	key, isText := e.Key.AsString()
	if !isText {
		return false, true
	}
	for i := range r.patterns {
		if p := &r.patterns[i]; p.re.MatchString(key) {
			matched = true
			ok = w.checkEntry(p.node, e) && ok
		}
	}
	return matched, ok
}

func (w *walk) checkEntry(n *node, e value.Entry) bool {
	if w.report == nil {
		return w.checkHeld(n, e.Value)
	}
	w.report.enterField(e)
	ok := w.checkHeld(n, e.Value)
	w.report.leave()
	return ok
}

func (w *walk) checkKey(n *node, e value.Entry) bool {
	if w.report != nil && !n.kinds.has(e.Key.Kind()) {
		w.report.keyNotText(e)
		return false
	}
	return w.check(n, e.Key)
}

// checkExclusive: of the group at most one field is there and not null.
func (w *walk) checkExclusive(group []string, m *value.Map) bool {
	first := ""
	ok := true
	for _, name := range group {
		if x, there := m.Get(name); !there || x.IsNull() {
			continue
		}
		if first == "" {
			first = name
			continue
		}
		if ok = false; w.report == nil {
			return false
		}
		w.report.conflict(first, name, m)
	}
	return ok
}

// checkExactlyOne: of the group exactly one field is there and not empty.
func (w *walk) checkExactlyOne(group []string, v value.Value) bool {
	m := v.Map()
	first := ""
	ok := true
	for _, name := range group {
		if x, there := m.Get(name); !there || !x.Truthy() {
			continue
		}
		if first == "" {
			first = name
			continue
		}
		if ok = false; w.report != nil {
			w.report.conflict(first, name, m)
		}
	}
	if first == "" {
		if ok = false; w.report != nil {
			w.report.missingOne(group, v)
		}
	}
	return ok
}

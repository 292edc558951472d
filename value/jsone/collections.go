package jsone

import (
	"cmp"
	"regexp"
	"slices"

	"github.com/taskgraph-go/decision/value"
)

var (
	eachKey    = regexp.MustCompile(`^each\(([a-zA-Z_][a-zA-Z0-9_]*)(?:,\s*([a-zA-Z_][a-zA-Z0-9_]*))?\)$`)
	eachAccKey = regexp.MustCompile(`^each\(([a-zA-Z_][a-zA-Z0-9_]*),\s*([a-zA-Z_][a-zA-Z0-9_]*)(?:,\s*([a-zA-Z_][a-zA-Z0-9_]*))?\)$`)
	byKey      = regexp.MustCompile(`^by\(([a-zA-Z_][a-zA-Z0-9_]*)\)$`)
)

// listArg gives what stands at the operator, rendered, which is to be a list.
func (o *operation) listArg() (*value.List, bool) {
	x := o.rendered()
	if x.bad {
		return nil, false
	}
	l := x.v.List()
	if l == nil || x.fn != nil {
		o.fail("%s wants a list, got %s", o.name, describe(x))
		return nil, false
	}
	return l, true
}

// maps gives what stands at the operator, rendered, which is to be a list of maps.
func (o *operation) maps() ([]*value.Map, bool) {
	l, ok := o.listArg()
	if !ok {
		return nil, false
	}
	var out []*value.Map
	for v := range l.Values() {
		m := v.Map()
		if m == nil {
			o.renderer.fail(v.Or(o.arg().Pos()).Pos(), o.path, "%s wants maps, got %s", o.name, v.Describe())
			return nil, false
		}
		out = append(out, m)
	}
	return out, true
}

func (o *operation) merge() term {
	maps, ok := o.maps()
	out := value.NewMap(0)
	for _, m := range maps {
		if !o.step(m.Len(), o.arg().Pos()) {
			return wrong
		}
		for e := range m.Entries() {
			out.SetKey(e.Key, e.Value)
		}
	}
	return o.made(ok, out.Value(), o.template.Pos())
}

func (o *operation) mergeDeep() term {
	maps, ok := o.maps()
	if !ok {
		return wrong
	}
	out := value.NewMap(0).Value()
	for _, m := range maps {
		if out, ok = o.deep(out, m.Value()); !ok {
			return wrong
		}
	}
	return o.made(ok, out, o.template.Pos())
}

// deep merges b into a: maps by their keys, lists one behind the other, and otherwise b wins.
func (o *operation) deep(a, b value.Value) (value.Value, bool) {
	if l, m := a.List(), b.List(); l != nil && m != nil {
		out := l.Copy()
		out.Append(slices.Collect(m.Values())...)
		return out.Value().At(a.Pos()), o.step(l.Len()+m.Len(), o.arg().Pos()) && o.weigh(out.Value(), o.arg().Pos())
	}
	if l, m := a.Map(), b.Map(); l != nil && m != nil {
		out := l.Copy()
		if !o.step(l.Len()+m.Len(), o.arg().Pos()) {
			return a, false
		}
		for e := range m.Entries() {
			v := e.Value
			if old, there := l.GetKey(e.Key); there {
				var ok bool
				if v, ok = o.deep(old, v); !ok {
					return a, false
				}
			}
			out.SetKey(e.Key, v)
		}
		return out.Value().At(a.Pos()), o.weigh(out.Value(), o.arg().Pos())
	}
	return b, true
}

func (o *operation) flatten() term {
	l, ok := o.listArg()
	out := value.NewList()
	for i := 0; ok && i < l.Len(); i++ {
		if inner := l.At(i).List(); inner != nil {
			ok = o.step(inner.Len()/8, o.arg().Pos())
			out.Append(slices.Collect(inner.Values())...)
		} else {
			out.Append(l.At(i))
		}
	}
	return o.made(ok, out.Value(), o.template.Pos())
}

func (o *operation) flattenDeep() term {
	l, ok := o.listArg()
	if !ok {
		return wrong
	}
	out := value.NewList()
	var add func(*value.List) bool
	add = func(l *value.List) bool {
		if !o.step(1+l.Len()/8, o.arg().Pos()) {
			return false
		}
		for v := range l.Values() {
			if inner := v.List(); inner == nil {
				out.Append(v)
			} else if !add(inner) {
				return false
			}
		}
		return true
	}
	return o.made(add(l), out.Value(), o.template.Pos())
}

func (o *operation) reverse() term {
	l, ok := o.listArg()
	if !ok {
		return wrong
	}
	items := slices.Collect(l.Values())
	slices.Reverse(items)
	return o.made(o.step(len(items)/8, o.arg().Pos()), value.NewList(items...).Value(), o.template.Pos())
}

// each finds the field beside the operator that says what is done with each item, and the names of the variables in it.
func (o *operation) each(pattern *regexp.Regexp, form string, others ...string) (body value.Entry, names []string, ok bool) {
	found := 0
	for e := range o.m.Entries() {
		name := e.Key.KeyText()
		if name == o.name || slices.Contains(others, name) {
			continue
		}
		body = e
		found++
	}
	if names = pattern.FindStringSubmatch(body.Key.KeyText()); found != 1 || names == nil {
		pos := o.key.Key.Pos()
		if found > 0 && names == nil {
			pos = body.Key.Pos()
		}
		o.renderer.fail(pos, o.path, "%s needs a field %s, and has nothing else beside it", o.name, form)
		return body, nil, false
	}
	return body, names, true
}

func (o *operation) mapEach() term {
	body, names, ok := o.each(eachKey, "each(x) or each(x,i)")
	x := o.rendered()
	if !ok || x.bad {
		return wrong
	}
	if l := x.v.List(); l != nil {
		out := value.NewList()
		for i, v := range l.All() {
			vars := map[string]term{names[1]: {v: v}}
			if names[2] != "" {
				vars[names[2]] = term{v: number(float64(i))}
			}
			y := o.render(body.Value, o.scope.with(vars), join(o.path, body.Key.KeyText()))
			if o.stopped {
				return wrong
			}
			if y.bad {
				return wrong // the same mistake again for each item would tell nobody more
			}
			if !y.gone {
				out.Append(o.kept(y))
			}
		}
		return o.made(ok, out.Value(), o.template.Pos())
	}
	m := x.v.Map()
	if m == nil || x.fn != nil {
		return o.fail("$map wants a list or a map, got %s", describe(x))
	}
	out := value.NewMap(m.Len())
	for e := range m.Entries() {
		key := value.NewString(e.Key.KeyText())
		vars := map[string]term{names[1]: {v: e.Value}}
		if names[2] != "" {
			vars[names[2]] = term{v: key}
		} else {
			pair := value.MapOf("key", key, "val", e.Value).Value()
			if !o.weigh(pair, o.arg().Pos()) {
				return wrong
			}
			vars[names[1]] = term{v: pair}
		}
		y := o.render(body.Value, o.scope.with(vars), join(o.path, body.Key.KeyText()))
		if y.bad || o.stopped {
			return wrong
		}
		if y.v.Map() == nil {
			return o.renderer.fail(body.Value.Pos(), o.path, "$map over a map wants each of its entries to give a map, got %s", describe(y))
		}
		for r := range y.v.Map().Entries() {
			out.SetKey(r.Key, r.Value)
		}
	}
	return o.made(true, out.Value(), o.template.Pos())
}

func (o *operation) reduce() term {
	body, names, ok := o.each(eachAccKey, "each(acc,x) or each(acc,x,i)", "initial")
	l, fine := o.listArg()
	if !ok || !fine {
		return wrong
	}
	initial, there := o.m.Get("initial")
	if !there {
		return o.fail("$reduce needs a field %q", "initial")
	}
	if !o.weigh(initial, initial.Pos()) {
		return wrong
	}
	acc := term{v: initial} // which is not rendered
	for i, v := range l.All() {
		vars := map[string]term{names[1]: acc, names[2]: {v: v}}
		if names[3] != "" {
			vars[names[3]] = term{v: number(float64(i))}
		}
		x := o.render(body.Value, o.scope.with(vars), join(o.path, body.Key.KeyText()))
		if x.bad || o.stopped {
			return wrong
		}
		if !x.gone {
			acc = x
		}
	}
	return acc
}

func (o *operation) find() term {
	body, names, ok := o.each(eachKey, "each(x) or each(x,i)")
	l, fine := o.listArg()
	if !ok || !fine {
		return wrong
	}
	for i, v := range l.All() {
		vars := map[string]term{names[1]: {v: v}}
		if names[2] != "" {
			vars[names[2]] = term{v: number(float64(i))}
		}
		within := o.scope.with(vars)
		x := o.expression(body.Value, within, "what $find looks for")
		if x.bad {
			return wrong
		}
		if truthy(x) {
			return o.render(v, within, o.path)
		}
	}
	return left
}

// sort puts a list in order. Of items that are equal, the first stays the first.
func (o *operation) sort() term {
	l, ok := o.listArg()
	if !ok {
		return wrong
	}
	var body value.Entry
	var names []string
	if o.m.Len() > 1 {
		if body, names, ok = o.each(byKey, "by(x)"); !ok {
			return wrong
		}
	}
	type item struct {
		v  value.Value
		by term
	}
	items := make([]item, 0, l.Len())
	for v := range l.Values() {
		it := item{v, term{v: v}}
		if names != nil {
			if it.by = o.expression(body.Value, o.scope.with(map[string]term{names[1]: {v: v}}), "what $sort sorts by"); it.by.bad {
				return wrong
			}
		}
		items = append(items, it)
	}
	for _, it := range items {
		_, isNumber := asNumber(it.by)
		_, first := asNumber(items[0].by)
		if it.by.fn != nil || !isNumber && !it.by.v.IsString() || isNumber != first {
			return o.fail("$sort wants numbers only or strings only, got %s and %s", describe(items[0].by), describe(it.by))
		}
	}
	work := 1
	for n := len(items); n > 0; n /= 2 {
		work++
	}
	if !o.step(len(items)*work/2, o.arg().Pos()) {
		return wrong
	}
	slices.SortStableFunc(items, func(a, b item) int {
		if x, ok := asNumber(a.by); ok {
			y, _ := asNumber(b.by)
			return cmp.Compare(x, y)
		}
		return compareText(a.by.v.Str(), b.by.v.Str())
	})
	out := value.NewList()
	for _, it := range items {
		out.Append(it.v)
	}
	return o.made(true, out.Value(), o.template.Pos())
}

package schema

import (
	"math/big"
	"regexp"
	"slices"
	"strconv"

	"gopkg.in/yaml.v3"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// keywords are all that a document may use.
var keywords = []string{
	"$schema", "$ref", "$defs", "$comment", "title", "description", "default", "examples", "deprecated",
	"type", "enum", "const",
	"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
	"minLength", "maxLength", "pattern",
	"items", "minItems", "maxItems", "uniqueItems",
	"properties", "patternProperties", "additionalProperties", "required", "propertyNames", "minProperties", "maxProperties",
	"allOf", "anyOf", "oneOf", "not", "if", "then", "else",
	"keyedBy", "value", "exclusive", "exactlyOne",
}

// builder makes the nodes of one schema out of its documents. It keeps the first error.
type builder struct {
	nodes map[*yaml.Node]*node
	order []*node // children before parents, but for recursive schemas
	slots uint32
	err   error
}

// finish fills in what can only be known when all nodes are there.
func (b *builder) finish(top place) {
	done := map[*node]bool{}
	for _, n := range b.nodes {
		if n.endless(nil, done) {
			b.fail(top, "a schema refers to itself without end")
		}
	}
	for _, n := range b.order {
		for _, u := range n.union {
			u.sort()
		}
		n.findFits()
	}
	for _, n := range b.order {
		n.findQuick()
		if n.kinds&^n.quick&container != 0 {
			b.slots++
			n.slot = b.slots
		}
	}
	for _, n := range b.order {
		if n.maps != nil {
			n.maps.copyQuick()
		}
	}
}

func (b *builder) fail(p place, format string, args ...any) {
	if b.err == nil {
		b.err = p.errorf(format, args...)
	}
}

// node gives the node for a schema. For none it gives nil.
func (b *builder) node(p place) *node {
	if !p.exists() {
		return nil
	}
	if n := b.nodes[p.y]; n != nil {
		return n
	}
	n := &node{kinds: anyKind, fits: anyKind}
	b.nodes[p.y] = n
	if allowed, ok := p.flag(); ok {
		if !allowed {
			n.kinds = 0
		}
		b.order = append(b.order, n)
		return n
	}
	if !p.isMapping() {
		b.fail(p, "want a schema")
		return n
	}
	for key := range p.entries() {
		if !slices.Contains(keywords, key) {
			b.fail(p, "keyword %q is not supported; %s", key, diag.DidYouMean(key, keywords))
		}
	}
	n.description = p.get("description").text()
	n.kinds = b.kinds(p.get("type"))
	if c := p.get("const"); c.exists() {
		n.enum = []value.Value{b.value(c)}
		n.tag = c.text()
	}
	if e := p.get("enum"); e.exists() {
		allowed := &node{kinds: anyKind, fits: anyKind}
		for _, x := range e.items() {
			allowed.enum = append(allowed.enum, b.value(x))
		}
		if n.enum == nil {
			n.enum = allowed.enum
		} else {
			n.all = append(n.all, allowed)
		}
	}
	b.scalars(n, p)
	n.list = b.list(p)
	n.maps = b.mapRules(p)
	b.combined(n, p)
	bare := n.enum == nil && n.num == nil && n.text == nil && n.list == nil && n.maps == nil &&
		n.union == nil && n.not == nil && n.cond == nil && n.keyed == nil
	if bare && n.kinds == anyKind && len(n.all) == 1 {
		b.nodes[p.y] = n.all[0] // a reference and nothing else
		return n.all[0]
	}
	b.order = append(b.order, n)
	return n
}

// endless says whether a value could be checked against n again and again without going into it. The library does
// not see this where our own keywords are on the way.
func (n *node) endless(within []*node, done map[*node]bool) bool {
	if slices.Contains(within, n) {
		return true
	}
	if done[n] {
		return false
	}
	done[n] = true
	within = append(within, n)
	next := slices.Clone(n.all)
	for _, u := range n.union {
		next = append(next, u.branches...)
	}
	if n.keyed != nil {
		next = append(next, n.keyed.value)
	}
	if c := n.cond; c != nil {
		next = append(next, c.test, c.then, c.otherwise)
	}
	next = append(next, n.not)
	return slices.ContainsFunc(next, func(x *node) bool { return x != nil && x.endless(within, done) })
}

func (b *builder) kinds(p place) kinds {
	if !p.exists() {
		return anyKind
	}
	var out kinds
	for _, name := range p.texts() {
		known := false
		for _, t := range jsonKinds {
			if t.name == name {
				out |= t.kinds
				known = true
			}
		}
		if !known {
			b.fail(p, "unknown type %q", name)
		}
	}
	if out == 0 {
		b.fail(p, "type wants names of types")
	}
	return out
}

func (b *builder) scalars(n *node, p place) {
	for _, k := range []struct {
		name        string
		upper, open bool
	}{{"minimum", false, false}, {"exclusiveMinimum", false, true}, {"maximum", true, false}, {"exclusiveMaximum", true, true}} {
		limit := p.get(k.name)
		if !limit.exists() {
			continue
		}
		r, ok := new(big.Rat).SetString(limit.y.Value)
		if !ok {
			b.fail(limit, "%s wants a number", k.name)
			continue
		}
		x := bound{limit: r, upper: k.upper, open: k.open}
		if r.IsInt() && r.Num().IsInt64() {
			x.whole, x.fits = r.Num().Int64(), true
		}
		n.num = append(n.num, x)
	}
	least, most := b.count(p, "minLength", 0), b.count(p, "maxLength", -1)
	re := b.regexp(p.get("pattern"), p.get("pattern").text())
	if least > 0 || most >= 0 || re != nil {
		n.text = &textRules{min: least, max: most, pattern: re}
	}
}

func (b *builder) count(p place, keyword string, absent int) int {
	x := p.get(keyword)
	if !x.exists() {
		return absent
	}
	n, err := strconv.Atoi(x.y.Value)
	if err != nil || n < 0 {
		b.fail(x, "%s wants a number that is not negative", keyword)
	}
	return n
}

func (b *builder) regexp(p place, text string) *regexp.Regexp {
	if !p.exists() {
		return nil
	}
	re, err := regexp.Compile(text)
	if err != nil {
		b.fail(p, "%w", err)
	}
	return re
}

func (b *builder) list(p place) *listRules {
	r := &listRules{min: b.count(p, "minItems", 0), max: b.count(p, "maxItems", -1), items: b.node(p.get("items"))}
	r.unique, _ = p.get("uniqueItems").flag()
	if r.min == 0 && r.max < 0 && !r.unique && r.items == nil {
		return nil
	}
	return r
}

func (b *builder) mapRules(p place) *mapRules {
	properties := p.get("properties")
	r := &mapRules{
		min: b.count(p, "minProperties", 0), max: b.count(p, "maxProperties", -1),
		required: p.required(), textKeys: properties.exists(), keys: b.node(p.get("propertyNames")),
		exclusive: b.groups(p.get("exclusive")), exactlyOne: b.groups(p.get("exactlyOne")),
	}
	var fields []field
	for name, x := range properties.entries() {
		r.names = append(r.names, name)
		fields = append(fields, field{name: name, node: b.node(x), required: slices.Contains(r.required, name)})
	}
	for _, name := range r.required {
		if !slices.Contains(r.names, name) {
			fields = append(fields, field{name: name, required: true})
		}
	}
	r.fields = newTable(fields)
	for text, x := range p.get("patternProperties").entries() {
		if re := b.regexp(x, text); re != nil {
			r.patterns = append(r.patterns, pattern{re, b.node(x)})
		}
	}
	if rest := p.get("additionalProperties"); rest.exists() {
		if allowed, ok := rest.flag(); ok {
			r.closed = !allowed
		} else {
			r.rest = b.node(rest)
		}
	}
	if r.min == 0 && r.max < 0 && fields == nil && !r.textKeys && r.keys == nil && r.patterns == nil && r.rest == nil && !r.closed &&
		r.exclusive == nil && r.exactlyOne == nil {
		return nil
	}
	return r
}

func (b *builder) groups(p place) [][]string {
	if !p.exists() {
		return nil
	}
	var out [][]string
	for _, x := range p.items() {
		names := x.texts()
		if len(names) < 2 || slices.Contains(names, "") {
			b.fail(x, "want a list of two or more field names")
		}
		out = append(out, names)
	}
	if out == nil {
		b.fail(p, "want a list of lists of field names")
	}
	return out
}

func (b *builder) combined(n *node, p place) {
	if ref := p.get("$ref"); ref.exists() {
		target, err := ref.resolve(ref.text())
		if err != nil {
			b.fail(ref, "%w", err)
		} else {
			n.all = append(n.all, b.node(target))
		}
	}
	for _, x := range p.get("allOf").items() {
		n.all = append(n.all, b.node(x))
	}
	for _, keyword := range []string{"anyOf", "oneOf"} {
		if branches := p.get(keyword); branches.exists() {
			u := &union{exactly: keyword == "oneOf"}
			for _, x := range branches.items() {
				u.branches = append(u.branches, b.node(x))
			}
			n.union = append(n.union, u)
		}
	}
	n.not = b.node(p.get("not"))
	if test := p.get("if"); test.exists() {
		n.cond = &condition{b.node(test), b.node(p.get("then")), b.node(p.get("else"))}
	}
	keys, form := p.get("keyedBy"), p.get("value")
	if keys.exists() != form.exists() {
		b.fail(p, "keyedBy and value want each other")
	} else if keys.exists() {
		n.keyed = &keyed{value: b.node(form)}
		for _, name := range keys.texts() {
			n.keyed.fields = append(n.keyed.fields, "by-"+name)
		}
	}
}

// value gives what const and enum hold.
func (b *builder) value(p place) value.Value {
	switch p.y.Kind {
	case yaml.SequenceNode:
		l := value.NewList()
		for _, x := range p.items() {
			l.Append(b.value(x))
		}
		return l.Value()
	case yaml.MappingNode:
		m := value.NewMap(0)
		for k, x := range p.entries() {
			m.Set(k, b.value(x))
		}
		return m.Value()
	}
	switch p.y.Tag {
	case "!!null":
		return value.Value{}
	case "!!bool":
		is, _ := p.flag()
		return value.NewBool(is)
	case "!!int":
		if i, ok := new(big.Int).SetString(p.y.Value, 0); ok {
			return value.NewBigInt(i)
		}
	case "!!float":
		if f, err := strconv.ParseFloat(p.y.Value, 64); err == nil {
			return value.NewFloat(f)
		}
	case "!!str":
		return value.NewString(p.y.Value)
	}
	b.fail(p, "%s cannot be a value", p.y.Value)
	return value.Value{}
}

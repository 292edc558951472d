package value

import (
	"slices"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/yaml"
)

// YAML reads a document as PyYAML's safe loader on top of libyaml does: the scalars of YAML 1.1, merge keys, the last
// of several equal keys. An empty stream is null; a second document is an error. The text may be UTF-8 or, with a
// byte order mark, UTF-16. It must not change afterwards: strings share its memory, and aliases share values.
//
// The error is a [diag.Diagnostic], or a [diag.Errors] where several values are wrong: [diag.YAMLSyntax] for text
// that is no YAML, [diag.YAMLValue] for YAML that stands for no value, [diag.LimitExceeded] for too much of it.
//
// Two things differ from PyYAML: a container that holds itself is an error, and so is a map that is merged into itself.
func (r *Reader) YAML(name string, text []byte) (Value, error) {
	limits := r.Limits.orDefaults()
	if err := tooLarge(name, len(text), limits); err != nil {
		return Value{}, err
	}
	text, bad := yaml.Decode(text)
	if err := tooLarge(name, len(text), limits); err != nil { // UTF-8 can be longer than UTF-16
		return Value{}, err
	}
	b := yamlBuilder{origin: r.origin(name, text)}
	if bad == nil {
		b.doc, bad = yaml.Parse(b.text, yaml.Limits{Depth: limits.Depth, Nodes: limits.Nodes})
	}
	if bad != nil {
		b.refuse(bad)
		return Value{}, b.err()
	}
	if len(b.doc.Nodes) == 0 {
		return Value{}.At(b.at(0)), nil
	}
	b.assembler = newAssembler(len(b.doc.Nodes))
	b.tags = make([]yamlTag, len(b.doc.Tags))
	for i, tag := range b.doc.Tags {
		b.tags[i] = tagNamed(tag)
	}
	v := b.build(0)
	if err := b.err(); err != nil {
		return Value{}, err
	}
	b.doc.Release()
	return v, nil
}

// refuse turns a mistake in the syntax into a diagnostic.
func (o *origin) refuse(bad *yaml.Error) {
	code := diag.YAMLSyntax
	switch bad.Class {
	case yaml.Reference:
		code = diag.YAMLValue
	case yaml.Limit:
		code = diag.LimitExceeded
	}
	d := o.fail(code, bad.Offset, "%s", bad.Problem)
	if bad.Context != "" {
		o.relate(d, bad.Begin, "the "+bad.Context+" begins here")
	}
}

// yamlBuilder makes values of the nodes of a document.
type yamlBuilder struct {
	origin
	*assembler
	doc      *yaml.Document
	tags     []yamlTag       // what doc.Tags mean
	anchored map[int32]Value // what aliases refer to
}

// build makes the value of a node. Where that is wrong it records the mistake and gives null.
func (b *yamlBuilder) build(i int32) Value {
	n := &b.doc.Nodes[i]
	if n.Kind == yaml.Alias {
		if v, ok := b.anchored[n.Ref]; ok {
			return v
		}
		return b.build(n.Ref) // it stands where nothing was built because of a mistake
	}
	v := b.construct(i, n).At(b.at(int(n.Pos)))
	if n.Anchored {
		if b.anchored == nil {
			b.anchored = map[int32]Value{}
		}
		b.anchored[i] = v
	}
	return v
}

// construct makes the value that a node's tag calls for.
func (b *yamlBuilder) construct(i int32, n *yaml.Node) Value {
	tag := b.tags[n.Ref]
	switch tag {
	case noTag:
		switch {
		case n.Kind == yaml.Mapping:
			return b.dict(b.mapping(i)).Value()
		case n.Kind == yaml.Sequence:
			return b.sequence(i, n)
		case !n.Plain:
			return NewString(n.Text)
		case b.reader.Core:
			return coreScalar(n.Text)
		}
		tag = resolveTag(n.Text)
	case mapTag, setTag:
		if n.Kind != yaml.Mapping {
			return b.wrongNode(n, "a map")
		}
		m := b.dict(b.mapping(i))
		if tag == setTag {
			for j := range m.vals {
				m.vals[j] = Value{}
			}
			return NewSet(m)
		}
		return m.Value()
	case seqTag:
		if n.Kind != yaml.Sequence {
			return b.wrongNode(n, "a list")
		}
		return b.sequence(i, n)
	case pairsTag:
		if n.Kind != yaml.Sequence {
			return b.wrongNode(n, "a list")
		}
		return b.pairs(i, n)
	}
	if tag == mergeTag || tag == valueTag || tag == otherTag {
		return b.noConstructor(n, tag)
	}
	text, ok := b.scalarText(i, n)
	if !ok {
		return b.wrongNode(n, "a scalar")
	}
	v, problem := scalarOf(tag, text)
	if problem != "" {
		b.fail(diag.YAMLValue, int(n.Pos), "%s", problem)
	}
	return v
}

func (b *yamlBuilder) noConstructor(n *yaml.Node, tag yamlTag) Value {
	name := b.doc.Tag(n)
	switch {
	case tag == mergeTag && name == "":
		b.fail(diag.YAMLValue, int(n.Pos), `"<<" stands for the merge key and is no value; quote it`)
	case tag == valueTag && name == "":
		b.fail(diag.YAMLValue, int(n.Pos), `"=" stands for the default value in YAML 1.1 and is no value; quote it`)
	default:
		b.fail(diag.YAMLValue, int(n.Pos), "unknown tag %q", name).
			WithHint("valid: !!str, !!int, !!float, !!bool, !!null, !!timestamp, !!binary, !!seq, !!map, !!set, !!omap, !!pairs")
	}
	return Value{}
}

var nodeNames = [...]string{yaml.Scalar: "a scalar", yaml.Sequence: "a list", yaml.Mapping: "a map"}

func (b *yamlBuilder) wrongNode(n *yaml.Node, want string) Value {
	b.fail(diag.YAMLValue, int(n.Pos), "the tag %q wants %s, found %s", b.doc.Tag(n), want, nodeNames[n.Kind])
	return Value{}
}

// scalarText gives the text of a scalar. A map may stand for one: it is what its key "=" says.
func (b *yamlBuilder) scalarText(i int32, n *yaml.Node) (string, bool) {
	for n.Kind == yaml.Mapping {
		found := int32(-1)
		for k := i + 1; k < b.doc.Nodes[i].Next; {
			v := b.doc.Nodes[k].Next
			if b.keyTag(k) == valueTag {
				found = b.target(v)
				break
			}
			k = b.doc.Nodes[v].Next
		}
		if found < 0 {
			return "", false
		}
		i, n = found, &b.doc.Nodes[found]
	}
	return n.Text, n.Kind == yaml.Scalar
}

// target gives the node that is meant by one that may be an alias.
func (b *yamlBuilder) target(i int32) int32 {
	if n := &b.doc.Nodes[i]; n.Kind == yaml.Alias {
		return n.Ref
	}
	return i
}

// keyTag gives the tag of a key: valueTag and mergeTag make it more than a key.
func (b *yamlBuilder) keyTag(i int32) yamlTag {
	n := &b.doc.Nodes[b.target(i)]
	switch tag := b.tags[n.Ref]; {
	case tag != noTag:
		return tag
	case n.Plain && n.Text == "<<":
		return mergeTag
	case n.Plain && n.Text == "=" && !b.reader.Core:
		return valueTag
	}
	return noTag
}

func (b *yamlBuilder) sequence(i int32, n *yaml.Node) Value {
	base := len(b.items)
	for j := i + 1; j < n.Next; j = b.doc.Nodes[j].Next {
		b.items = append(b.items, b.build(j))
	}
	return b.list(base).Value()
}

// pairs makes the value of an ordered map or of pairs: a list of lists of two.
func (b *yamlBuilder) pairs(i int32, n *yaml.Node) Value {
	base := len(b.items)
	for j := i + 1; j < n.Next; j = b.doc.Nodes[j].Next {
		t := b.target(j)
		pair := &b.doc.Nodes[t]
		if pair.Kind != yaml.Mapping || pair.Next == t+1 || b.doc.Nodes[b.doc.Nodes[t+1].Next].Next != pair.Next {
			b.fail(diag.YAMLValue, int(b.doc.Nodes[j].Pos), "the items of %q are maps with one key each", b.doc.Tag(n))
			continue
		}
		inner := len(b.items)
		k := b.build(t + 1)
		v := b.build(b.doc.Nodes[t+1].Next)
		b.items = append(b.items, k, v)
		l := b.list(inner).Value().At(b.at(int(pair.Pos)))
		b.items = append(b.items, l)
	}
	return b.list(base).Value()
}

// mapping puts the entries of a map on the stack: those that are merged into it, then its own.
func (b *yamlBuilder) mapping(i int32) openMap {
	m := openMap{base: len(b.entries)}
	end := b.doc.Nodes[i].Next
	for k := i + 1; k < end; {
		v := b.doc.Nodes[k].Next
		if b.keyTag(k) == mergeTag {
			b.merge(&m, i, v)
		}
		k = b.doc.Nodes[v].Next
	}
	var seen []bool // of the merged entries: the map has the key itself
	if merged := len(b.entries) - m.base; merged > 0 {
		seen = make([]bool, merged)
	}
	for k := i + 1; k < end; {
		v := b.doc.Nodes[k].Next
		if b.keyTag(k) != mergeTag {
			b.entry(&m, i, k, v, seen)
		}
		k = b.doc.Nodes[v].Next
	}
	return m
}

// entry sets a key of a map's own.
func (b *yamlBuilder) entry(m *openMap, i, k, v int32, seen []bool) {
	n := &b.doc.Nodes[k]
	var key Value
	if b.keyTag(k) == valueTag {
		key = NewString(b.doc.Nodes[b.target(k)].Text).At(b.at(int(n.Pos)))
	} else if key = b.build(k); key.Kind() >= ListKind {
		d := b.fail(diag.YAMLValue, int(n.Pos), "%s cannot be a key", key.Describe())
		b.relate(d, int(b.doc.Nodes[i].Pos), "the map begins here")
		return
	}
	x := b.build(v)
	if n.Kind == yaml.Alias {
		key = key.At(b.at(int(n.Pos)))
	}
	place, before := b.put(m, key, x)
	switch {
	case place < 0:
	case place < len(seen) && !seen[place]:
		seen[place] = true
	default:
		b.duplicate(key, int(n.Pos), before)
	}
}

// merge puts the entries of the map, or of the list of maps, at a merge key on the stack. Of several maps in a list the
// first wins, but its new keys come last: this is the order of PyYAML.
func (b *yamlBuilder) merge(m *openMap, i, v int32) {
	t := b.target(v)
	n := &b.doc.Nodes[t]
	switch n.Kind {
	case yaml.Mapping:
		b.mergeMap(m, t)
		return
	case yaml.Sequence:
		var maps []int32
		for j := t + 1; j < n.Next; j = b.doc.Nodes[j].Next {
			if u := b.target(j); b.doc.Nodes[u].Kind == yaml.Mapping {
				maps = append(maps, u)
			} else {
				b.badMerge(i, j, "a map")
			}
		}
		for _, u := range slices.Backward(maps) {
			b.mergeMap(m, u)
		}
		return
	}
	b.badMerge(i, v, "a map or a list of maps")
}

func (b *yamlBuilder) badMerge(i, v int32, want string) {
	d := b.fail(diag.YAMLValue, int(b.doc.Nodes[v].Pos), "a merge key wants %s, found %s", want, nodeNames[b.doc.Nodes[b.target(v)].Kind])
	b.relate(d, int(b.doc.Nodes[i].Pos), "the map begins here")
}

// mergeMap puts the entries of a map on the stack. They count towards the limit of values already: no map has more of
// them than nodes that an alias to it stands for.
func (b *yamlBuilder) mergeMap(m *openMap, t int32) {
	source := b.anchored[t].Map()
	if source == nil {
		source = b.dict(b.mapping(t))
	}
	for e := range source.Entries() {
		b.put(m, e.Key, e.Value)
	}
}

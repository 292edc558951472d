package yaml

import (
	"fmt"
	"math"
	"sync"
)

// Parse reads a stream that holds at most one document. The text must come from [Decode] and must not be longer
// than 1 GiB. On a mistake the nodes before it are given too.
func Parse(text string, limits Limits) (*Document, *Error) {
	p := &parser{scanner: newScanner(text), limits: limits, doc: &Document{Tags: []string{""}}}
	if len(text) > math.MaxInt32/2 {
		return p.doc, &Error{Class: Limit, Problem: "the text is longer than 1 GiB"}
	}
	p.doc.Nodes = newNodes(len(text)/11 + 4)
	p.stream()
	return p.doc, p.err
}

// nodes keeps the memory of documents that were released.
var nodes sync.Pool

// newNodes gives room for some nodes: that of a document before, if it was as large, and not much larger.
func newNodes(n int) []Node {
	if before, ok := nodes.Get().(*[]Node); ok {
		if room := cap(*before); room >= n && room <= 8*n {
			return (*before)[:0]
		}
	}
	return make([]Node, 0, n)
}

// Release gives the memory of the nodes back, which nobody may look at any more.
func (d *Document) Release() {
	released := d.Nodes
	d.Nodes = nil
	clear(released)
	nodes.Put(&released)
}

// parser makes nodes of tokens by recursive descent. Its methods give false when they found a mistake, which err holds.
type parser struct {
	*scanner
	doc      *Document
	limits   Limits
	depth    int // of the collections that are open
	deepest  int // of what the innermost anchored node held so far, with aliases written out
	expanded int // nodes so far, with aliases written out
	handles  map[string]string
	tagIndex map[string]int32
	anchors  map[string]anchored
}

// anchored is what an anchor stands for. A size of 0 is that of a node that is still open.
type anchored struct {
	node   int32
	size   int // nodes
	height int // levels of nesting
}

// mistake records one that is not about the syntax.
func (p *parser) mistake(class Class, offset int32, format string, args ...any) bool {
	if p.err == nil {
		p.err = &Error{Class: class, Offset: int(offset), Problem: fmt.Sprintf(format, args...)}
	}
	return false
}

// expected records that the next token is not the right one.
func (p *parser) expected(context string, begin int32, problem string) bool {
	return p.failAt(int(p.peek().start), context, int(begin), problem)
}

// stream ::= document? end
// A document without "---" can only be the first.
func (p *parser) stream() bool {
	switch p.peek().kind {
	case streamEnd:
		return true
	case versionDirective, tagDirective, documentStart:
		if !p.explicitDocument() {
			return false
		}
	default:
		p.setHandles(nil)
		if !p.node(true, false) {
			return false
		}
	}
	for p.peek().kind == documentEnd {
		p.skip()
	}
	switch t := p.peek(); t.kind {
	case streamEnd:
		return true
	case versionDirective, tagDirective, documentStart:
		begin := int(t.start)
		if !p.documentHead() {
			return false
		}
		return p.failAt(begin, "first document", int(p.doc.Nodes[0].Pos), "a second document begins here; expected only one")
	case flowSequenceEnd, flowMappingEnd:
		return p.expected("", 0, fmt.Sprintf("unexpected %q", p.text[t.start:t.end]))
	}
	return p.expected("", 0, "expected the end of the document; is this line indented less than what it belongs to?")
}

// explicitDocument ::= documentHead node?
func (p *parser) explicitDocument() bool {
	if !p.documentHead() {
		return false
	}
	switch t := p.peek(); t.kind {
	case versionDirective, tagDirective, documentStart, documentEnd, streamEnd:
		return p.empty(t.start)
	}
	return p.node(true, false)
}

// documentHead ::= directive* "---"
func (p *parser) documentHead() bool {
	if !p.directives() {
		return false
	}
	if p.peek().kind != documentStart {
		return p.expected("", 0, `expected "---" after the directives`)
	}
	p.skip()
	return true
}

func (p *parser) directives() bool {
	version, handles := false, map[string]string{}
	for {
		switch t := p.peek(); t.kind {
		case versionDirective:
			if version {
				return p.expected("", 0, "a second %YAML directive")
			}
			if t.text != "1.1" && t.text != "1.2" {
				return p.expected("", 0, fmt.Sprintf("unknown YAML version %s; valid: 1.1, 1.2", t.text))
			}
			version = true
		case tagDirective:
			if _, twice := handles[t.text]; twice {
				return p.expected("", 0, fmt.Sprintf("a second %%TAG directive for %s", t.text))
			}
			handles[t.text] = t.suffix
		default:
			p.setHandles(handles)
			return true
		}
		p.skip()
	}
}

func (p *parser) setHandles(declared map[string]string) {
	p.handles = map[string]string{"!": "!", "!!": "tag:yaml.org,2002:"}
	for handle, prefix := range declared {
		p.handles[handle] = prefix
	}
}

// add appends a node. What it holds is added next; then done must be called.
func (p *parser) add(n Node) bool {
	p.expanded++
	if p.expanded > p.limits.Nodes {
		return p.mistake(Limit, n.Pos, "more than %d values", p.limits.Nodes)
	}
	n.Next = int32(len(p.doc.Nodes)) + 1
	p.doc.Nodes = append(p.doc.Nodes, n)
	return true
}

// empty adds the node that stands for nothing at all, which is null.
func (p *parser) empty(offset int32) bool { return p.add(Node{Pos: offset, Plain: true}) }

// node ::= alias | property* content?
// In a block collection content may be another one; indentless says that list items may be on the column of the key.
func (p *parser) node(block, indentless bool) bool {
	t := p.peek()
	n := Node{Pos: t.start}
	if t.kind == alias {
		return p.alias(t)
	}
	name, tagged, property := "", int32(0), token{}
	for t.kind == anchor && name == "" || t.kind == tag && property.kind == failed {
		if t.kind == anchor {
			name = t.text
		} else {
			property = *t
		}
		p.skip()
		t = p.peek()
	}
	if property.kind == tag && t.kind != failed {
		if tagged = p.tagOf(&property); tagged == 0 {
			return false
		}
	}
	n.Ref, n.Anchored = tagged, name != ""
	unspecific := p.doc.Tags[tagged] == "!"
	if unspecific {
		n.Ref = 0
	}
	content := t.kind
	switch {
	case content == failed:
		return false
	case content == plainScalar, content == quotedScalar:
		n.Text, n.Plain = t.text, unspecific || tagged == 0 && content == plainScalar
		p.skip()
	case content == flowSequenceStart, content == blockSequenceStart && block, content == blockEntry && indentless:
		n.Kind = Sequence
	case content == flowMappingStart, content == blockMappingStart && block:
		n.Kind = Mapping
	case name == "" && tagged == 0:
		return p.noContent(t, n.Pos)
	default:
		content, n.Plain = failed, tagged == 0 // an anchor or a tag of nothing
	}
	if name == "" && n.Kind == Scalar {
		return p.add(n)
	}
	return p.open(n, name, content)
}

func (p *parser) noContent(t *token, begin int32) bool {
	switch t.kind {
	case blockEntry:
		return p.expected("", 0, `a list item ("- ") cannot stand here; begin it on a new line, or use [...]`)
	case documentEnd, documentStart, streamEnd, blockEnd:
		return p.expected("", 0, "expected a value, found the end")
	}
	return p.expected("", 0, fmt.Sprintf("expected a value, found %q", p.text[t.start:t.end]))
}

// open adds a node, remembers it under its anchor and reads what it holds, which begins with a token of a kind.
func (p *parser) open(n Node, name string, content kind) bool {
	i, before := int32(len(p.doc.Nodes)), p.expanded
	if name != "" {
		if first, twice := p.anchors[name]; twice {
			p.mistake(Reference, n.Pos, "anchor %q is defined twice", name)
			p.err.Context, p.err.Begin = "first anchor", int(p.doc.Nodes[first.node].Pos)
			return false
		}
		if p.anchors == nil {
			p.anchors = map[string]anchored{}
		}
		p.anchors[name] = anchored{node: i}
	}
	if !p.add(n) {
		return false
	}
	outer := p.deepest
	p.deepest = p.depth
	if n.Kind != Scalar {
		p.depth++
		if !p.reach(p.depth, n.Pos) {
			return false
		}
	}
	ok := true
	switch content {
	case flowSequenceStart:
		ok = p.flowSequence()
	case flowMappingStart:
		ok = p.flowMapping()
	case blockSequenceStart:
		ok = p.blockSequence()
	case blockMappingStart:
		ok = p.blockMapping()
	case blockEntry:
		ok = p.indentlessSequence()
	}
	if n.Kind != Scalar {
		p.depth--
	}
	p.doc.Nodes[i].Next = int32(len(p.doc.Nodes))
	if name != "" {
		p.anchors[name] = anchored{node: i, size: p.expanded - before, height: p.deepest - p.depth}
	}
	p.deepest = max(p.deepest, outer)
	return ok
}

// reach records how deep the document goes.
func (p *parser) reach(depth int, offset int32) bool {
	p.deepest = max(p.deepest, depth)
	if depth > p.limits.Depth {
		return p.mistake(Limit, offset, "nested more than %d levels deep", p.limits.Depth)
	}
	return true
}

func (p *parser) alias(t *token) bool {
	a, ok := p.anchors[t.text]
	if !ok {
		return p.mistake(Reference, t.start, "no anchor %q before this alias", t.text)
	}
	if a.size == 0 {
		return p.mistake(Reference, t.start, "alias %q stands inside of what it refers to", t.text)
	}
	p.expanded += a.size - 1
	if !p.reach(p.depth+a.height, t.start) || !p.add(Node{Kind: Alias, Pos: t.start, Ref: a.node}) {
		return false
	}
	p.skip()
	return true
}

// tagOf gives the index of a tag in Document.Tags, 0 where its handle is unknown.
func (p *parser) tagOf(t *token) int32 {
	full := t.suffix
	if t.text != "" {
		prefix, ok := p.handles[t.text]
		if !ok {
			p.mistake(Syntax, t.start, "unknown tag handle %q; a %%TAG directive would declare it", t.text)
			return 0
		}
		full = prefix + full
	}
	if full == "" { // nothing is left before a NUL: that is a tag, if one that nobody knows
		full = "\x00"
	}
	i, ok := p.tagIndex[full]
	if !ok {
		if p.tagIndex == nil {
			p.tagIndex = map[string]int32{}
		}
		i = int32(len(p.doc.Tags))
		p.doc.Tags = append(p.doc.Tags, full)
		p.tagIndex[full] = i
	}
	return i
}

// blockSequence ::= start ("-" node?)* end
func (p *parser) blockSequence() bool {
	begin := p.peek().start
	p.skip()
	for p.peek().kind == blockEntry {
		if !p.item(blockEntry, blockEntry, blockEntry, blockEnd) {
			return false
		}
	}
	if p.peek().kind != blockEnd {
		return p.expected("list", begin, `expected "- " and the next item; is this line indented like the items before it?`)
	}
	p.skip()
	return true
}

// indentlessSequence ::= ("-" node?)+
func (p *parser) indentlessSequence() bool {
	for p.peek().kind == blockEntry {
		if !p.item(blockEntry, keyMark, valueMark, blockEnd) {
			return false
		}
	}
	return true
}

// item reads what follows "-", which is null where one of four tokens is next.
func (p *parser) item(a, b, c, d kind) bool {
	end := p.peek().end
	p.skip()
	switch p.peek().kind {
	case a, b, c, d:
		return p.empty(end)
	}
	return p.node(true, false)
}

// blockMapping ::= start ((key node?)? (value node?)?)* end
func (p *parser) blockMapping() bool {
	begin := p.peek().start
	p.skip()
	for {
		switch t := p.peek(); t.kind {
		case keyMark:
			if !p.half() {
				return false
			}
		case valueMark:
			return p.expected("map", begin, `expected a key before ":"`)
		case blockEnd:
			p.skip()
			return true
		default:
			return p.expected("map", begin, "expected the next key; is this line indented like the keys before it?")
		}
		if t := p.peek(); t.kind != valueMark {
			if !p.empty(t.start) {
				return false
			}
		} else if !p.half() {
			return false
		}
	}
}

// half reads what follows the mark of a key or a value in a block map.
func (p *parser) half() bool {
	end := p.peek().end
	p.skip()
	switch p.peek().kind {
	case keyMark, valueMark, blockEnd:
		return p.empty(end)
	}
	return p.node(true, true)
}

// flowSequence ::= "[" (entry ",")* entry? "]"
func (p *parser) flowSequence() bool {
	begin := p.peek().start
	p.skip()
	for first := true; p.peek().kind != flowSequenceEnd; first = false {
		if !first {
			if p.peek().kind != flowEntry {
				return p.expected("flow list", begin, `expected "," or "]"`)
			}
			p.skip()
		}
		switch p.peek().kind {
		case flowSequenceEnd:
			continue
		case keyMark:
			if !p.pair() {
				return false
			}
		default:
			if !p.node(false, false) {
				return false
			}
		}
	}
	p.skip()
	return true
}

// pair reads an entry of a flow list that is a map of one key.
func (p *parser) pair() bool {
	i := len(p.doc.Nodes)
	if !p.add(Node{Kind: Mapping, Pos: p.peek().start}) {
		return false
	}
	p.skip()
	switch t := p.peek(); t.kind {
	case valueMark, flowEntry, flowSequenceEnd:
		end := t.end
		p.skip() // libyaml 0.2.5 drops the token here: what follows is seldom what it expects
		if !p.empty(end) {
			return false
		}
	default:
		if !p.node(false, false) {
			return false
		}
	}
	if !p.flowValue(flowSequenceEnd) {
		return false
	}
	p.doc.Nodes[i].Next = int32(len(p.doc.Nodes))
	return true
}

// flowValue reads ":" and a value in a flow collection that ends with end; both may be absent.
func (p *parser) flowValue(end kind) bool {
	if p.peek().kind == valueMark {
		p.skip()
		if k := p.peek().kind; k != flowEntry && k != end {
			return p.node(false, false)
		}
	}
	return p.empty(p.peek().start)
}

// flowMapping ::= "{" (entry ",")* entry? "}"
func (p *parser) flowMapping() bool {
	begin := p.peek().start
	p.skip()
	for first := true; p.peek().kind != flowMappingEnd; first = false {
		if !first {
			if p.peek().kind != flowEntry {
				return p.expected("flow map", begin, `expected "," or "}"`)
			}
			p.skip()
		}
		switch p.peek().kind {
		case flowMappingEnd:
			continue
		case keyMark:
			p.skip()
			switch t := p.peek(); t.kind {
			case valueMark, flowEntry, flowMappingEnd:
				if !p.empty(t.start) {
					return false
				}
			default:
				if !p.node(false, false) {
					return false
				}
			}
			if !p.flowValue(flowMappingEnd) {
				return false
			}
		default:
			if !p.node(false, false) || !p.empty(p.peek().start) {
				return false
			}
		}
	}
	p.skip()
	return true
}

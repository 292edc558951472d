package jsone

import (
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// expression is one that is evaluated: in a text that stands at a place of the template.
type expression struct {
	r     *renderer
	text  string
	place value.Value // the string that holds the text, or a key
	path  string
	scope *scope
}

// node is a part of a parsed expression.
type node struct {
	op    string // an operator, or one of the words below
	begin int    // where it is in the text
	text  string // of an identifier or a string
	num   float64
	args  []*node // nil stands for a bound of a slice that is left out
	keys  []string
}

// What nodes stand for that are no operators.
const (
	opNumber = "number"
	opString = "string"
	opTrue   = "true"
	opFalse  = "false"
	opNull   = "null"
	opName   = "name"
	opList   = "list"
	opObject = "object"
	opCall   = "call"
	opIndex  = "index"
	opSlice  = "slice"
	opMember = "."
	opNot    = "not"
	opMinus  = "minus"
	opPlus   = "plus"
)

// parsedExpression is remembered, since those in loops are evaluated often.
type parsedExpression struct {
	root *node
	end  int // of the token that ends it
	bad  *syntaxError
}

// syntaxError says what cannot be understood in an expression.
type syntaxError struct {
	at      int
	message string
}

// all evaluates a text that is an expression as a whole.
func (e *expression) all() term {
	x, _ := e.until(0, 0)
	return x
}

// until evaluates the expression that begins at an offset of the text and ends with a character, or with the text where
// that is 0. It gives the offset behind it, 0 where it is not known.
func (e *expression) until(from int, terminator byte) (term, int) {
	key := e.text[from:]
	if terminator != 0 {
		key = string(terminator) + key
	}
	p, ok := e.r.parsed[key]
	if !ok {
		p = parse(e.text[from:], terminator, e.r.limits.Depth)
		e.r.parsed[key] = p
		e.r.steps += (p.end + chunk) / chunk
	}
	if p.bad != nil {
		e.r.fail(e.at(from+p.bad.at), e.path, "%s in the expression %q", p.bad.message, shorten(source(e.text[from:], p.bad.at, terminator)))
		return wrong, 0
	}
	within := *e
	within.text, within.place = e.text[from:], value.NewString(e.text).At(e.at(from))
	return within.evaluate(p.root), from + p.end
}

// source gives the text of an expression that cannot be understood at an offset: within a string up to the brace that was
// most likely meant to end it.
func source(text string, at int, terminator byte) string {
	if terminator != 0 {
		at = min(at, len(text))
		if i := strings.IndexByte(text[at:], terminator); i >= 0 {
			return text[:at+i]
		}
	}
	return text
}

// shorten cuts a long text.
func shorten(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > 100 {
		return strings.ToValidUTF8(s[:97], "") + "..."
	}
	return s
}

// at gives the position of an offset in the text: exactly where the template has the text as it is, or else that of the
// string that holds it.
func (e *expression) at(offset int) diag.Pos {
	pos := e.place.Pos()
	if pos == 0 || e.r.options.Sources == nil {
		return pos
	}
	lines := e.r.options.Sources.Lines(pos, 1)
	if len(lines) == 0 {
		return pos
	}
	at := e.r.options.Sources.Position(pos)
	before, line := 0, lines[0]
	for range at.Column - 1 {
		if before >= len(line) {
			return pos
		}
		before++
		for before < len(line) && line[before]&0xc0 == 0x80 {
			before++
		}
	}
	rest, text := line[before:], e.text
	if strings.Contains(text, "\n") {
		return pos
	}
	quote := 0
	if !strings.HasPrefix(rest, text) {
		if quote = 1; rest == "" || rest[0] != '"' && rest[0] != '\'' || !strings.HasPrefix(rest[1:], text) {
			return pos
		}
	}
	return pos + diag.Pos(quote+min(offset, len(text)))
}

// priorities are the binary operators, from the loosest to the tightest.
var priorities = [][]string{{"||"}, {"&&"}, {"in"}, {"==", "!="}, {">", "<", "<=", ">="}, {"+", "-"}, {"*", "/"}, {"**"}}

// parser reads an expression.
type parser struct {
	text  string
	at    int // behind the token
	tok   token
	depth int
	most  int
	bad   *syntaxError
}

// token is a part of the text: a symbol, which is its own kind, or a word. The end of the text has the kind "".
type token struct {
	kind       string
	text       string
	begin, end int
}

// parse reads an expression up to a terminator, or up to the end of the text where that is 0.
func parse(text string, terminator byte, depth int) parsedExpression {
	p := &parser{text: text, most: depth}
	p.next()
	root := p.expression(0)
	if p.bad == nil {
		switch {
		case terminator == 0 && p.tok.kind != "":
			p.unexpected("the end")
		case terminator != 0 && p.tok.kind != string(terminator):
			p.unexpected(string(terminator))
		}
	}
	return parsedExpression{root: root, end: p.tok.end, bad: p.bad}
}

func (p *parser) fail(at int, message string) *node {
	if p.bad == nil {
		p.bad = &syntaxError{at, message}
		p.tok = token{begin: len(p.text), end: len(p.text)}
		p.at = len(p.text)
	}
	return nil
}

func (p *parser) unexpected(want string) *node {
	if p.tok.kind == "" {
		return p.fail(len(p.text), "want "+want+", got the end,")
	}
	return p.fail(p.tok.begin, "want "+want+", got "+p.tok.text)
}

// symbols are the tokens that are no words, longer ones first.
var symbols = []string{"**", ">=", "<=", "==", "!=", "&&", "||", "+", "-", "*", "/", "[", "]", ".", "(", ")", "{", "}", ":", ",", "<", ">", "!"}

// words are identifiers that are symbols of their own.
var words = map[string]bool{"true": true, "false": true, "null": true, "in": true}

func (p *parser) next() {
	if p.bad != nil {
		return
	}
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n\f\v", p.text[p.at]) >= 0 {
		p.at++
	}
	rest, begin := p.text[p.at:], p.at
	take := func(kind string, n int) {
		p.at += n
		p.tok = token{kind, rest[:n], begin, p.at}
	}
	if rest == "" {
		p.tok = token{begin: begin, end: begin}
		return
	}
	switch c := rest[0]; {
	case c >= '0' && c <= '9':
		n := digits(rest)
		if n < len(rest) && rest[n] == '.' {
			if more := digits(rest[n+1:]); more > 0 {
				n += 1 + more
			}
		}
		take(opNumber, n)
	case letter(c):
		n := 1
		for n < len(rest) && (letter(rest[n]) || rest[n] >= '0' && rest[n] <= '9') {
			n++
		}
		if words[rest[:n]] {
			take(rest[:n], n)
		} else {
			take(opName, n)
		}
	case c == '"' || c == '\'':
		n := strings.IndexByte(rest[1:], c)
		if n < 0 {
			p.fail(begin, "a string without its end")
			return
		}
		take(opString, n+2)
	default:
		for _, s := range symbols {
			if strings.HasPrefix(rest, s) {
				take(s, len(s))
				return
			}
		}
		p.fail(begin, "unexpected "+string([]rune(rest)[:1]))
	}
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }

func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// accept takes a token if it is there.
func (p *parser) accept(kind string) bool {
	if p.bad != nil || p.tok.kind != kind {
		return false
	}
	p.next()
	return true
}

func (p *parser) expect(kind string) bool {
	if p.bad == nil && p.tok.kind != kind {
		p.unexpected(kind)
	}
	return p.accept(kind)
}

// enter goes one level deeper.
func (p *parser) enter() bool {
	if p.depth++; p.depth > p.most {
		p.fail(p.tok.begin, "too many levels")
		return false
	}
	return true
}

// expression reads operands and the operators of a priority or a tighter one between them.
func (p *parser) expression(priority int) *node {
	if priority == 0 {
		if !p.enter() {
			return nil
		}
		defer func() { p.depth-- }()
	}
	operand := func() *node {
		if priority == len(priorities)-1 {
			return p.access()
		}
		return p.expression(priority + 1)
	}
	at := operand()
	for p.bad == nil {
		op := p.tok
		if !contains(priorities[priority], op.kind) {
			break
		}
		p.next()
		if op.kind == "**" { // the right one first
			if !p.enter() {
				return nil
			}
			right := p.expression(priority)
			p.depth--
			return &node{op: "**", begin: op.begin, args: []*node{at, right}}
		}
		at = &node{op: op.kind, begin: op.begin, args: []*node{at, operand()}}
	}
	return at
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// access reads a unit and what is done with it: members, items, calls.
func (p *parser) access() *node {
	at := p.unit()
	for p.bad == nil {
		begin := p.tok.begin
		switch {
		case p.accept("."):
			name := p.tok
			if !p.expect(opName) {
				return nil
			}
			at = &node{op: opMember, begin: name.begin, text: name.text, args: []*node{at}}
		case p.accept("["):
			at = p.brackets(begin, at)
		case p.accept("("):
			at = &node{op: opCall, begin: begin, args: append([]*node{at}, p.items(")")...)}
		default:
			return at
		}
	}
	return at
}

// brackets reads an index or a slice, behind the bracket.
func (p *parser) brackets(begin int, of *node) *node {
	var from, to *node
	if p.tok.kind != ":" {
		from = p.expression(0)
	}
	if !p.accept(":") {
		p.expect("]")
		return &node{op: opIndex, begin: begin, args: []*node{of, from}}
	}
	if p.tok.kind != "]" {
		to = p.expression(0)
	}
	p.expect("]")
	return &node{op: opSlice, begin: begin, args: []*node{of, from, to}}
}

// items reads expressions with commas between them, up to what closes them.
func (p *parser) items(closing string) []*node {
	var out []*node
	if p.accept(closing) {
		return nil
	}
	for p.bad == nil {
		out = append(out, p.expression(0))
		if p.accept(closing) {
			break
		}
		p.expect(",")
	}
	return out
}

func (p *parser) unit() *node {
	t := p.tok
	switch t.kind {
	case "!", "-", "+":
		p.next()
		if !p.enter() {
			return nil
		}
		defer func() { p.depth-- }()
		return &node{op: map[string]string{"!": opNot, "-": opMinus, "+": opPlus}[t.kind], begin: t.begin, args: []*node{p.unit()}}
	case opNumber:
		p.next()
		return &node{op: opNumber, begin: t.begin, num: parseFloat(t.text)}
	case opString:
		p.next()
		return &node{op: opString, begin: t.begin, text: t.text[1 : len(t.text)-1]}
	case opTrue, opFalse, opNull:
		p.next()
		return &node{op: t.kind, begin: t.begin}
	case opName:
		p.next()
		return &node{op: opName, begin: t.begin, text: t.text}
	case "(":
		p.next()
		inner := p.expression(0)
		p.expect(")")
		return inner
	case "[":
		p.next()
		return &node{op: opList, begin: t.begin, args: p.items("]")}
	case "{":
		p.next()
		return p.object(t.begin)
	}
	return p.unexpected("a value")
}

// object reads the entries of an object, behind its brace.
func (p *parser) object(begin int) *node {
	n := &node{op: opObject, begin: begin}
	if p.accept("}") {
		return n
	}
	for p.bad == nil {
		key := p.tok
		switch key.kind {
		case opName:
			n.keys = append(n.keys, key.text)
		case opString:
			n.keys = append(n.keys, key.text[1:len(key.text)-1])
		default:
			return p.unexpected("a key")
		}
		p.next()
		p.expect(":")
		n.args = append(n.args, p.expression(0))
		if p.accept("}") {
			break
		}
		if p.expect(",") && p.accept("}") { // the last comma is one too many, and allowed
			break
		}
	}
	return n
}

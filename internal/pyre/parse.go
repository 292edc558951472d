package pyre

import (
	"fmt"
	"strings"
)

// Limits that keep every engine's recursion and memory in hand. Python's own are of the same order.
const (
	maxDepth  = 200
	maxGroups = 1000
	maxRepeat = 1<<32 - 1
)

// flags are the inline flags that are on.
type flags uint8

const (
	ignoreCase flags = 1 << iota
	multiLine
	dotAll
	verbose
	asciiOnly
	unicodeText // on anyhow: it only conflicts with asciiOnly
)

var flagLetters = map[rune]flags{'i': ignoreCase, 'm': multiLine, 's': dotAll, 'x': verbose, 'a': asciiOnly, 'u': unicodeText}

// token is a character of the pattern, or a backslash with the one behind it.
type token struct {
	char    rune
	escaped bool
	pos     int
}

// end is the token behind the last one.
const end rune = -1

func (t token) is(c rune) bool { return t.char == c && !t.escaped }

func (t token) in(chars string) bool {
	return !t.escaped && t.char >= 0 && strings.ContainsRune(chars, t.char)
}

// text gives the token as it was written.
func (t token) text() string {
	if t.escaped {
		return `\` + string(t.char)
	}
	return string(t.char)
}

// group is what is known of a capturing group.
type group struct {
	closed bool
	lo, hi int // width
}

type parser struct {
	tokens  []token
	next    int
	global  flags
	groups  []group        // by number, 0 is unused
	names   map[string]int // groups by name
	pending []reference    // conditions on groups that may come later
	behind  int            // inside of look-behind: the number of the first group that was opened in it
	looks   []lookBehind   // all of them, to be checked when the groups' widths are known
}

type reference struct{ group, pos int }

type lookBehind struct {
	node *node
	pos  int
}

// syntaxError says what is wrong with a pattern, and where.
type syntaxError struct {
	pos int // in characters
	msg string
}

func (e *syntaxError) Error() string { return fmt.Sprintf("%s at position %d", e.msg, e.pos) }

func fail(pos int, format string, args ...any) error {
	return &syntaxError{pos, fmt.Sprintf(format, args...)}
}

// parse reads a whole pattern.
func parse(pattern string) (*parser, *node, error) {
	p := &parser{groups: make([]group, 1)}
	runes := []rune(pattern)
	for i := 0; i < len(runes); i++ {
		t := token{char: runes[i], pos: i}
		if runes[i] == '\\' {
			if i++; i == len(runes) {
				return nil, nil, fail(i-1, `nothing after the last "\"`)
			}
			t.char, t.escaped = runes[i], true
		}
		p.tokens = append(p.tokens, t)
	}
	tree, err := p.alternatives(0, 0)
	if err != nil {
		return nil, nil, err
	}
	if t := p.peek(); t.char != end {
		return nil, nil, fail(t.pos, `")" without "("`)
	}
	if p.global&asciiOnly != 0 && p.global&unicodeText != 0 {
		return nil, nil, fail(0, `the flags "a" and "u" exclude each other`)
	}
	for _, r := range p.pending {
		if r.group >= len(p.groups) {
			return nil, nil, fail(r.pos, "there is no group %d", r.group)
		}
	}
	for _, l := range p.looks {
		if lo, hi := l.node.kids[0].width(p.groups); lo != hi {
			return nil, nil, fail(l.pos, "look-behind of no fixed length")
		}
	}
	return p, tree, nil
}

func (p *parser) peek() token {
	if p.next < len(p.tokens) {
		return p.tokens[p.next]
	}
	pos := 0
	if n := len(p.tokens); n > 0 {
		last := p.tokens[n-1]
		pos = last.pos + 1
		if last.escaped {
			pos++
		}
	}
	return token{char: end, pos: pos}
}

func (p *parser) take() token {
	t := p.peek()
	if t.char != end {
		p.next++
	}
	return t
}

func (p *parser) accept(c rune) bool {
	if p.peek().is(c) {
		p.next++
		return true
	}
	return false
}

// alternatives reads a|b|c up to a closing parenthesis or the end.
func (p *parser) alternatives(f flags, depth int) (*node, error) {
	if depth > maxDepth {
		return nil, fail(p.peek().pos, "nested deeper than %d levels", maxDepth)
	}
	var kids []*node
	for {
		kid, err := p.sequence(f, depth, depth == 0 && len(kids) == 0)
		if err != nil {
			return nil, err
		}
		kids = append(kids, kid)
		if !p.accept('|') {
			break
		}
		if depth == 0 {
			f = p.global
		}
	}
	if len(kids) == 1 {
		return kids[0], nil
	}
	return &node{op: opAlt, kids: kids}, nil
}

// sequence reads up to the next bar or parenthesis that belongs to the caller. Flags for the whole pattern may only
// stand where the sequence is the first of the pattern.
func (p *parser) sequence(f flags, depth int, first bool) (*node, error) {
	seq := &node{op: opSeq}
	for {
		t := p.peek()
		if t.char == end || t.in("|)") {
			return seq, nil
		}
		p.next++
		var item *node
		var err error
		switch {
		case f&verbose != 0 && t.in(" \t\n\r\v\f"):
			continue
		case f&verbose != 0 && t.is('#'):
			for c := p.take(); c.char != end && !c.is('\n'); c = p.take() {
			}
			continue
		case t.escaped:
			item, err = p.escape(t, f)
		case t.is('.') && f&dotAll != 0:
			item = &node{op: opAll}
		case t.is('.'):
			item = &node{op: opAny}
		case t.is('^') && f&multiLine != 0:
			item = &node{op: opAnchor, anchor: lineStart}
		case t.is('^'):
			item = &node{op: opAnchor, anchor: textStart}
		case t.is('$') && f&multiLine != 0:
			item = &node{op: opAnchor, anchor: lineEnd}
		case t.is('$'):
			item = &node{op: opAnchor, anchor: textEndLine}
		case t.is('['):
			item, err = p.class(t, f)
		case t.is('('):
			var global bool
			if item, global, err = p.parenthesis(t, f, depth, first && len(seq.kids) == 0); global {
				f = p.global
			}
		case t.in("*+?{"):
			var counted bool
			if counted, err = p.repeat(t, seq); err == nil && !counted {
				item = literal(t.char, f)
			}
		default:
			item = literal(t.char, f)
		}
		if err != nil {
			return nil, err
		}
		if item != nil {
			seq.kids = append(seq.kids, item)
		}
	}
}

// literal gives a node for one character.
func literal(c rune, f flags) *node {
	if f&ignoreCase != 0 {
		if s := single(c).fold(f&asciiOnly != 0); len(s) > 2 || s[0] != s[1] {
			return &node{op: opSet, set: s}
		}
	}
	return &node{op: opChar, char: c}
}

// repeat reads a quantifier and lays it on the last item of seq. It is none if an opening brace does not start a
// count; then only the brace was read.
func (p *parser) repeat(t token, seq *node) (bool, error) {
	n := &node{op: opRepeat, max: -1}
	switch t.char {
	case '?':
		n.max = 1
	case '+':
		n.min = 1
	case '{':
		counted, err := p.count(t, n)
		if err != nil || !counted {
			return false, err
		}
	}
	if len(seq.kids) == 0 {
		return false, fail(t.pos, "nothing to repeat before %q", t.text())
	}
	item := seq.kids[len(seq.kids)-1]
	switch item.op {
	case opAnchor:
		return false, fail(t.pos, "nothing to repeat before %q", t.text())
	case opRepeat:
		return false, fail(t.pos, "repetition of a repetition: put the first one into parentheses")
	}
	switch {
	case p.accept('?'):
		n.how = lazy
	case p.accept('+'):
		n.how = possessive
	}
	n.kids = []*node{item}
	seq.kids[len(seq.kids)-1] = n
	return true, nil
}

// count reads {n}, {n,}, {,m} or {n,m} behind its brace.
func (p *parser) count(t token, n *node) (bool, error) {
	if p.peek().is('}') {
		return false, nil
	}
	start := p.next
	lo, err := p.number(t.pos)
	if err != nil {
		return false, err
	}
	hi := lo
	if p.accept(',') {
		if hi, err = p.number(t.pos); err != nil {
			return false, err
		}
	}
	if !p.accept('}') {
		p.next = start
		return false, nil
	}
	n.min, n.max = max(lo, 0), hi
	if hi >= 0 && hi < n.min {
		return false, fail(t.pos, "at least %d repetitions but at most %d", lo, hi)
	}
	return true, nil
}

// number reads digits, -1 where there are none.
func (p *parser) number(pos int) (int, error) {
	n := -1
	for p.peek().in("0123456789") {
		n = max(n, 0)*10 + int(p.take().char-'0')
		if n >= maxRepeat {
			return 0, fail(pos, "more than %d repetitions", maxRepeat-1)
		}
	}
	return n, nil
}

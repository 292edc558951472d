package pyre

import (
	"strings"
	"unicode"
)

// parenthesis reads what an opening parenthesis starts. It gives no node for a comment and for flags, and says
// whether these were flags for the whole pattern.
func (p *parser) parenthesis(open token, f flags, depth int, first bool) (n *node, global bool, err error) {
	if !p.accept('?') {
		n, err = p.capture(open, "", f, depth)
		return n, false, err
	}
	t := p.take()
	switch {
	case t.char == end:
		return nil, false, fail(t.pos, "the pattern ends inside of a group")
	case t.is('P'):
		n, err = p.named(open, f, depth)
	case t.is(':'):
		n, err = p.inside(open, f, depth)
	case t.is('#'):
		for {
			switch c := p.take(); {
			case c.char == end:
				return nil, false, fail(open.pos, "comment without end")
			case c.is(')'):
				return nil, false, nil
			}
		}
	case t.in("=!"):
		n, err = p.look(open, &node{op: opLook, negative: t.char == '!'}, f, depth)
	case t.is('<'):
		c := p.take()
		if !c.in("=!") {
			return nil, false, unknownGroup(open, "<", c)
		}
		n, err = p.look(open, &node{op: opLook, behind: true, negative: c.char == '!'}, f, depth)
	case t.is('('):
		n, err = p.condition(open, f, depth)
	case t.is('>'):
		if n, err = p.inside(open, f, depth); err == nil {
			n = &node{op: opAtomic, kids: []*node{n}}
		}
	case !t.escaped && (flagLetters[t.char] != 0 || t.char == '-'):
		var on, off flags
		if on, off, global, err = p.flags(t); err != nil {
			return nil, false, err
		}
		if !global {
			if on&(asciiOnly|unicodeText) != 0 {
				f &^= asciiOnly | unicodeText
			}
			n, err = p.inside(open, (f|on)&^off, depth)
			break
		}
		if !first {
			return nil, false, fail(open.pos, "flags for the whole pattern must stand at its start")
		}
		p.global |= on
	default:
		return nil, false, unknownGroup(open, "", t)
	}
	return n, global, err
}

// unknownGroup is the error for a token that cannot stand behind (? and what came since.
func unknownGroup(open token, since string, t token) error {
	if t.char == end {
		return fail(t.pos, "the pattern ends inside of a group")
	}
	return fail(open.pos, "unknown kind of group %q", "(?"+since+t.text())
}

// inside reads the rest of a group up to its end.
func (p *parser) inside(open token, f flags, depth int) (*node, error) {
	n, err := p.alternatives(f, depth+1)
	if err != nil {
		return nil, err
	}
	if !p.accept(')') {
		return nil, fail(open.pos, `"(" without ")"`)
	}
	return &node{op: opSeq, kids: []*node{n}}, nil
}

// capture reads the rest of a group that is remembered.
func (p *parser) capture(open token, name string, f flags, depth int) (*node, error) {
	number := len(p.groups)
	if number > maxGroups {
		return nil, fail(open.pos, "more than %d groups", maxGroups)
	}
	if name != "" {
		if other, ok := p.names[name]; ok {
			return nil, fail(open.pos, "two groups are called %q: %d and %d", name, other, number)
		}
		if p.names == nil {
			p.names = map[string]int{}
		}
		p.names[name] = number
	}
	p.groups = append(p.groups, group{})
	n, err := p.inside(open, f, depth)
	if err != nil {
		return nil, err
	}
	lo, hi := n.width(p.groups)
	p.groups[number] = group{closed: true, lo: lo, hi: hi}
	return &node{op: opGroup, group: number, kids: []*node{n}}, nil
}

// named reads (?P<name>...) and (?P=name) behind the P.
func (p *parser) named(open token, f flags, depth int) (*node, error) {
	t := p.take()
	switch {
	case t.is('<'):
		name, err := p.name('>')
		if err != nil {
			return nil, err
		}
		return p.capture(open, name, f, depth)
	case t.is('='):
		name, err := p.name(')')
		if err != nil {
			return nil, err
		}
		number, ok := p.names[name]
		if !ok {
			return nil, fail(t.pos+1, "there is no group %q before", name)
		}
		return p.backref(number, t.pos+1, f)
	}
	return nil, unknownGroup(open, "P", t)
}

// name reads a group's name up to a delimiter.
func (p *parser) name(delimiter rune) (string, error) {
	pos := p.peek().pos
	name, err := p.until(delimiter)
	if err == nil && !isIdentifier(name) {
		err = fail(pos, "%q cannot be the name of a group", name)
	}
	return name, err
}

// until gives the text up to a delimiter, which is read too.
func (p *parser) until(delimiter rune) (string, error) {
	pos := p.peek().pos
	var b strings.Builder
	for {
		t := p.take()
		switch {
		case t.char == end:
			return "", fail(pos, "a name without %q behind it", string(delimiter))
		case t.is(delimiter) && b.Len() == 0:
			return "", fail(pos, "the name of a group is missing")
		case t.is(delimiter):
			return b.String(), nil
		}
		b.WriteString(t.text())
	}
}

func isIdentifier(s string) bool {
	for i, r := range s {
		start := r == '_' || unicode.In(r, unicode.L, unicode.Nl, unicode.Other_ID_Start)
		if !start && (i == 0 || !unicode.In(r, unicode.Nd, unicode.Mn, unicode.Mc, unicode.Pc, unicode.Other_ID_Continue)) {
			return false
		}
	}
	return s != ""
}

// backref gives a reference to a group that must be complete.
func (p *parser) backref(number, pos int, f flags) (*node, error) {
	if !p.groups[number].closed {
		return nil, fail(pos, "group %d refers to itself", number)
	}
	if err := p.outside(number, pos); err != nil {
		return nil, err
	}
	return &node{op: opBackref, group: number, fold: f&ignoreCase != 0}, nil
}

// outside refuses, inside of look-behind, a group that is part of the same look-behind.
func (p *parser) outside(number, pos int) error {
	switch {
	case p.behind == 0:
	case number >= len(p.groups) || !p.groups[number].closed:
		return fail(pos, "look-behind refers to group %d, which is not complete there", number)
	case number >= p.behind:
		return fail(pos, "look-behind refers to group %d, which is a part of it", number)
	}
	return nil
}

// look reads the rest of a look-around.
func (p *parser) look(open token, n *node, f flags, depth int) (*node, error) {
	outermost := n.behind && p.behind == 0
	if outermost {
		p.behind = len(p.groups)
	}
	kid, err := p.inside(open, f, depth)
	if err != nil {
		return nil, err
	}
	if outermost {
		p.behind = 0
	}
	n.kids = []*node{kid}
	if n.behind {
		p.looks = append(p.looks, lookBehind{n, open.pos})
	}
	return n, nil
}

// condition reads (?(group)yes|no) behind its second parenthesis.
func (p *parser) condition(open token, f flags, depth int) (*node, error) {
	pos := p.peek().pos
	name, err := p.until(')')
	if err != nil {
		return nil, err
	}
	n := &node{op: opCond}
	if isIdentifier(name) {
		number, ok := p.names[name]
		if !ok {
			return nil, fail(pos, "there is no group %q before", name)
		}
		n.group = number
	} else {
		for _, c := range name {
			if c < '0' || c > '9' {
				return nil, fail(pos, "%q cannot be the name of a group", name)
			}
			n.group = n.group*10 + int(c-'0')
			if n.group > maxGroups {
				break
			}
		}
		if n.group == 0 || n.group > maxGroups {
			return nil, fail(pos, "there is no group %s", name)
		}
		p.pending = append(p.pending, reference{n.group, pos})
	}
	if err := p.outside(n.group, pos); err != nil {
		return nil, err
	}
	if depth >= maxDepth {
		return nil, fail(pos, "nested deeper than %d levels", maxDepth)
	}
	yes, err := p.sequence(f, depth+1, false)
	if err != nil {
		return nil, err
	}
	no := &node{op: opSeq}
	if p.accept('|') {
		if no, err = p.sequence(f, depth+1, false); err != nil {
			return nil, err
		}
		if t := p.peek(); t.is('|') {
			return nil, fail(t.pos, "a condition has two branches at most")
		}
	}
	if !p.accept(')') {
		return nil, fail(open.pos, `"(" without ")"`)
	}
	n.kids = []*node{yes, no}
	return n, nil
}

// flags reads the letters of (?aimsux) or (?i-s:...) up to the parenthesis or colon, t being the first.
func (p *parser) flags(t token) (on, off flags, global bool, err error) {
	letter := func(t token) (flags, error) {
		if f := flagLetters[t.char]; f != 0 && !t.escaped {
			return f, nil
		}
		if t.char == end {
			return 0, fail(t.pos, "the pattern ends inside of its flags")
		}
		return 0, fail(t.pos, "unknown flag %q (valid: a, i, m, s, u, x)", t.text())
	}
	for ; !t.in("-:)"); t = p.take() {
		f, err := letter(t)
		if err != nil {
			return 0, 0, false, err
		}
		if on |= f; on&asciiOnly != 0 && on&unicodeText != 0 {
			return 0, 0, false, fail(t.pos, `the flags "a" and "u" exclude each other`)
		}
	}
	if t.char == ')' {
		return on, 0, true, nil
	}
	if t.char == '-' {
		for t = p.take(); ; t = p.take() {
			if t.is(':') && off != 0 {
				break
			}
			f, err := letter(t)
			if err != nil {
				return 0, 0, false, err
			}
			if f&(asciiOnly|unicodeText) != 0 {
				return 0, 0, false, fail(t.pos, "the flag %q cannot be turned off", t.text())
			}
			off |= f
		}
	}
	if on&off != 0 {
		return 0, 0, false, fail(t.pos, "a flag is turned on and off")
	}
	return on, off, false, nil
}

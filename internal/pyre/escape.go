package pyre

import (
	"slices"
	"unicode"
)

// controls are the escapes of single characters that mean the same everywhere.
var controls = map[rune]rune{'a': '\a', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v', '\\': '\\'}

// escape gives the node for a backslash and the character behind it, outside of a class.
func (p *parser) escape(t token, f flags) (*node, error) {
	ascii := f&asciiOnly != 0
	switch c := t.char; {
	case c == 'A':
		return &node{op: opAnchor, anchor: textStart}, nil
	case c == 'Z':
		return &node{op: opAnchor, anchor: textEnd}, nil
	case c == 'b':
		return &node{op: opAnchor, anchor: wordEdge, ascii: ascii}, nil
	case c == 'B':
		return &node{op: opAnchor, anchor: notWordEdge, ascii: ascii}, nil
	case c >= '1' && c <= '9':
		return p.digits(t, f)
	}
	if s, ok := shorthand(t.char, ascii); ok {
		return &node{op: opSet, set: s}, nil
	}
	c, err := p.character(t)
	if err != nil {
		return nil, err
	}
	return literal(c, f), nil
}

// shorthand gives what \d, \D, \s, \S, \w and \W stand for.
func shorthand(c rune, ascii bool) (set, bool) {
	switch c {
	case 'd', 's', 'w':
		return category(c, ascii), true
	case 'D', 'S', 'W':
		return category(unicode.ToLower(c), ascii).complement(), true
	}
	return nil, false
}

// digits reads a backslash with a digit other than zero: three octal digits are a character, anything else is the
// number of a group with one or two digits.
func (p *parser) digits(t token, f flags) (*node, error) {
	octal := func(c rune) bool { return c >= '0' && c <= '7' }
	number := int(t.char - '0')
	if second := p.peek(); second.in("0123456789") {
		p.next++
		if third := p.peek(); octal(t.char) && octal(second.char) && third.in("01234567") {
			p.next++
			c := (t.char-'0')<<6 | (second.char-'0')<<3 | (third.char - '0')
			if c > 0o377 {
				return nil, fail(t.pos, "octal escape above \\377")
			}
			return literal(c, f), nil
		}
		number = number*10 + int(second.char-'0')
	}
	if number >= len(p.groups) {
		return nil, fail(t.pos+1, "there is no group %d before", number)
	}
	return p.backref(number, t.pos, f)
}

// character gives the character that an escape stands for, inside or outside of a class.
func (p *parser) character(t token) (rune, error) {
	c := t.char
	if r, ok := controls[c]; ok {
		return r, nil
	}
	switch {
	case c == 'x':
		return p.hex(t, 2)
	case c == 'u':
		return p.hex(t, 4)
	case c == 'U':
		return p.hex(t, 8)
	case c >= '0' && c <= '7':
		n := c - '0'
		for i := 0; i < 2 && p.peek().in("01234567"); i++ {
			n = n<<3 | (p.take().char - '0')
		}
		if n > 0o377 {
			return 0, fail(t.pos, "octal escape above \\377")
		}
		return n, nil
	case c == 'N':
		return 0, fail(t.pos, "characters by name are not supported")
	case c < unicode.MaxASCII && (unicode.IsLetter(c) || unicode.IsDigit(c)):
		return 0, fail(t.pos, "bad escape %s", t.text())
	}
	return c, nil
}

// hex reads exactly n hexadecimal digits.
func (p *parser) hex(t token, n int) (rune, error) {
	var c int64
	for range n {
		d := p.peek()
		if !d.in("0123456789abcdefABCDEF") {
			return 0, fail(t.pos, "escape %s wants %d hexadecimal digits", t.text(), n)
		}
		p.next++
		switch {
		case d.char <= '9':
			c = c<<4 | int64(d.char-'0')
		default:
			c = c<<4 | int64(d.char|0x20-'a'+10)
		}
	}
	if c > unicode.MaxRune {
		return 0, fail(t.pos, "there is no character %#x", c)
	}
	return rune(c), nil
}

// class reads a character class behind its bracket.
func (p *parser) class(open token, f flags) (*node, error) {
	ascii, negative := f&asciiOnly != 0, p.accept('^')
	var own, named []rune // pairs: characters, on which case may have an effect, and \w and the like
	for first := true; ; first = false {
		lo := p.take()
		if lo.char == end {
			return nil, fail(open.pos, `"[" without "]"`)
		}
		if lo.is(']') && !first {
			break
		}
		c, s, err := p.member(lo, ascii)
		if err != nil {
			return nil, err
		}
		if !p.accept('-') {
			own, named = add(own, named, c, s)
			continue
		}
		hi := p.take()
		if hi.char == end {
			return nil, fail(open.pos, `"[" without "]"`)
		}
		if hi.is(']') {
			own, named = add(own, named, c, s)
			own = append(own, '-', '-')
			break
		}
		d, s2, err := p.member(hi, ascii)
		if err != nil {
			return nil, err
		}
		if s != nil || s2 != nil || d < c {
			return nil, fail(lo.pos, "bad range %s-%s in a class", lo.text(), hi.text())
		}
		own = append(own, c, d)
	}
	chars := union(own...)
	if f&ignoreCase != 0 {
		chars = chars.fold(ascii)
	}
	chars = union(slices.Concat(chars, named)...)
	if negative {
		chars = chars.complement()
	}
	return &node{op: opSet, set: chars}, nil
}

// member gives the character or the set that a token of a class stands for.
func (p *parser) member(t token, ascii bool) (rune, set, error) {
	if !t.escaped {
		return t.char, nil, nil
	}
	if s, ok := shorthand(t.char, ascii); ok {
		return 0, s, nil
	}
	if t.char == 'b' {
		return '\b', nil, nil
	}
	c, err := p.character(t)
	return c, nil, err
}

func add(own, named []rune, c rune, s set) ([]rune, []rune) {
	if s != nil {
		return own, append(named, s...)
	}
	return append(own, c, c), named
}

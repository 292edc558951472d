package value

import "slices"

// scalarLook is what of a scalar's text decides how it can be written.
type scalarLook struct {
	multiline bool
	plain     bool // may do without quotes
	single    bool // may be in single quotes
	literal   bool // may be a block
}

func isYAMLBreak(r rune) bool {
	return r == '\n' || r == 0x85 || r == 0x2028 || r == 0x2029
}

// isYAMLSpace says whether a character separates words; so does the end of the text.
func isYAMLSpace(r rune) bool {
	return r == 0 || r == ' ' || r == '\t' || r == '\r' || isYAMLBreak(r)
}

// printableYAML says whether a character can be written without an escape.
func (e *yamlEmitter) printableYAML(r rune) bool {
	if r >= ' ' && r <= '~' || r == '\n' {
		return true
	}
	return e.style.Unicode && r != 0xfeff &&
		(r == 0x85 || r >= 0xa0 && r <= 0xd7ff || r >= 0xe000 && r <= 0xfffd || r >= 0x10000 && r < 0x10ffff)
}

// look judges a text that is not empty.
func (e *yamlEmitter) look(text []rune) scalarLook {
	indicators, special := false, false // what forbids doing without quotes, and all but double ones
	breakBlank, blankBreak := false, false
	multiline := false
	if len(text) >= 3 && (string(text[:3]) == "---" || string(text[:3]) == "...") {
		indicators = true
	}
	for i, r := range text {
		wordEnds := i+1 >= len(text) || isYAMLSpace(text[i+1])
		switch r {
		case ',', '[', ']', '{', '}', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`':
			indicators = indicators || i == 0
		case '#':
			indicators = indicators || i == 0 || isYAMLSpace(text[i-1])
		case '?', '-':
			indicators = indicators || i == 0 && wordEnds
		case ':':
			indicators = indicators || wordEnds
		}
		special = special || !e.printableYAML(r)
		if isYAMLBreak(r) {
			multiline = true
			blankBreak = blankBreak || i > 0 && text[i-1] == ' '
		}
		if r == ' ' && i > 0 && isYAMLBreak(text[i-1]) {
			breakBlank = true
		}
	}
	first, last := text[0], text[len(text)-1]
	edges := first == ' ' || last == ' ' || isYAMLBreak(first) || isYAMLBreak(last)
	return scalarLook{
		multiline: multiline,
		plain:     !indicators && !special && !multiline && !edges,
		single:    !special && !breakBlank && !blankBreak,
		literal:   !special && !blankBreak && last != ' ',
	}
}

// simple says whether a key can stand before ":" on one line.
func (e *yamlEmitter) simple(s yamlScalar) bool {
	text := e.decode(s.text)
	return len(text) > 0 && s.tagSize+len(text) < 128 && !slices.ContainsFunc(text, isYAMLBreak)
}

// decode gives the characters of a text, which are valid until the next call.
func (e *yamlEmitter) decode(s string) []rune {
	e.text = e.text[:0]
	for len(s) > 0 {
		r, n := decodeRune(s)
		e.text, s = append(e.text, r), s[n:]
	}
	return e.text
}

// scalar writes a scalar in the plainest style that keeps what it is.
func (e *yamlEmitter) scalar(s yamlScalar, indent int, where context) {
	text := e.decode(s.text)
	look := scalarLook{single: true, plain: where != inSimpleKey}
	if len(text) > 0 {
		look = e.look(text)
	}
	if indent += yamlIndent; indent < yamlIndent {
		indent = yamlIndent
	}
	if s.tag != "" {
		e.mark(s.tag, true, false, false)
	}
	split := where != inSimpleKey
	switch {
	case s.literal && split && look.literal:
		e.literal(text, indent)
	case !s.literal && look.plain && (!s.isText || resolveTag(s.text) == strTag):
		e.plain(text, indent, split)
		e.open = where == inRoot
	case !s.literal && look.single && (split || !look.multiline):
		e.single(text, indent, split)
	default:
		e.double(text, indent, split)
	}
}

// plain writes a text without quotes. It has no line breaks; it is folded at single blanks.
func (e *yamlEmitter) plain(text []rune, indent int, split bool) {
	if len(text) == 0 {
		return
	}
	if !e.blank {
		e.raw(" ")
	}
	e.blank, e.fresh = false, false
	for start := 0; start < len(text); {
		end := start
		for end < len(text) && text[end] != ' ' {
			end++
		}
		e.runes(text[start:end])
		start = end
		for end < len(text) && text[end] == ' ' {
			end++
		}
		if end == start+1 && e.column > yamlWidth && split {
			e.indentTo(indent)
			e.blank, e.fresh = false, false
		} else {
			e.runes(text[start:end])
		}
		start = end
	}
}

// single writes a text in single quotes.
func (e *yamlEmitter) single(text []rune, indent int, split bool) {
	e.mark("'", true, false, false)
	for i := 0; i < len(text); {
		start := i
		switch r := text[i]; {
		case r == ' ':
			for i < len(text) && text[i] == ' ' {
				i++
			}
			if i == start+1 && e.column > yamlWidth && split && start != 0 && i != len(text) {
				e.indentTo(indent)
			} else {
				e.runes(text[start:i])
			}
		case isYAMLBreak(r):
			for i < len(text) && isYAMLBreak(text[i]) {
				i++
			}
			e.breaks(text[start:i], r == '\n')
			e.indentTo(indent)
		case r == '\'':
			e.raw("''")
			i++
		default:
			for i < len(text) && text[i] != ' ' && text[i] != '\'' && !isYAMLBreak(text[i]) {
				i++
			}
			e.runes(text[start:i])
		}
	}
	e.mark("'", false, false, false)
}

// breaks writes line breaks, after one more where the first would otherwise be folded into a blank.
func (e *yamlEmitter) breaks(text []rune, more bool) {
	if more {
		e.lineBreak('\n')
	}
	for _, r := range text {
		e.lineBreak(r)
	}
}

var yamlEscapes = map[rune]string{
	0: `\0`, '\a': `\a`, '\b': `\b`, '\t': `\t`, '\n': `\n`, '\v': `\v`, '\f': `\f`, '\r': `\r`, 0x1b: `\e`,
	'"': `\"`, '\\': `\\`, 0x85: `\N`, 0xa0: `\_`, 0x2028: `\L`, 0x2029: `\P`,
}

// double writes a text in double quotes. It is folded with a backslash: at a blank, and behind an escape.
func (e *yamlEmitter) double(text []rune, indent int, split bool) {
	e.mark(`"`, true, false, false)
	start := 0 // of what is not written yet
	for i, r := range text {
		asIs := r >= ' ' && r <= '~' && r != '"' && r != '\\' ||
			e.style.Unicode && r != 0xfeff && r != 0x2028 && r != 0x2029 && (r >= 0xa0 && r <= 0xd7ff || r >= 0xe000 && r <= 0xfffd)
		if !asIs {
			e.runes(text[start:i])
			e.escape(r)
			start = i + 1
		}
		if i > 0 && i < len(text)-1 && (r == ' ' || start >= i) && e.column+i-start > yamlWidth && split {
			if start < i {
				e.runes(text[start:i])
				start = i
			}
			e.raw(`\`)
			e.indentTo(indent)
			e.blank, e.fresh = false, false
			if text[start] == ' ' {
				e.raw(`\`)
			}
		}
	}
	e.runes(text[start:])
	e.mark(`"`, false, false, false)
}

func (e *yamlEmitter) escape(r rune) {
	const hex = "0123456789ABCDEF"
	if s, ok := yamlEscapes[r]; ok {
		e.raw(s)
		return
	}
	letter, digits := "x", 2
	switch {
	case r > 0xffff:
		letter, digits = "U", 8
	case r > 0xff:
		letter, digits = "u", 4
	}
	e.raw(`\` + letter)
	for shift := 4 * (digits - 1); shift >= 0; shift -= 4 {
		e.raw(hex[r>>shift&0xf:][:1])
	}
}

// literal writes a text as a block whose lines are those of the text.
func (e *yamlEmitter) literal(text []rune, indent int) {
	hints := "|"
	if first := text[0]; first == ' ' || isYAMLBreak(first) {
		hints += "2"
	}
	if n := len(text); !isYAMLBreak(text[n-1]) {
		hints += "-"
	} else if n == 1 || isYAMLBreak(text[n-2]) {
		hints += "+"
	}
	e.mark(hints, true, false, false)
	e.lineBreak('\n')
	for i := 0; i < len(text); {
		start := i
		for i < len(text) && !isYAMLBreak(text[i]) {
			i++
		}
		if i > start {
			e.indentTo(indent)
			e.runes(text[start:i])
		}
		if i < len(text) {
			e.lineBreak(text[i])
			i++
		} else {
			e.lineBreak('\n')
		}
	}
	e.open = hints[len(hints)-1] == '+'
}

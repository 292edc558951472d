package yaml

import "unicode/utf8"

// What a byte can mean inside of a plain scalar, or inside of quotes.
const (
	plainEnd   = 1 << iota // may end a word of a plain scalar: a blank, the first byte of a line break
	plainColon             // ends it before a blank
	plainFlow              // ends it in a flow collection
	quotedStop             // cannot be copied without a look at it: backslash, the first byte of a line break
)

var class = func() (t [256]uint8) {
	for _, c := range "\n\r" {
		t[c] = plainEnd | quotedStop
	}
	t[0xc2], t[0xe2] = plainEnd|quotedStop, plainEnd|quotedStop
	t[' '], t['\t'], t['\\'], t[':'] = plainEnd, plainEnd, quotedStop, plainColon
	for _, c := range ",[]{}" {
		t[c] = plainFlow
	}
	return
}()

// plain makes a scalar without quotes. It may go on over several lines that are further in than what is around it.
func (s *scanner) plain() bool {
	if !s.saveKey() {
		return false
	}
	s.keyAllowed = false
	start := s.off
	buf := s.buf[:0]           // what was read before chunk
	chunk, end := s.off, s.off // the words that stand in the text as they are in the scalar
	broken := false            // there is a line break after end
	for s.documentMark() == failed && s.at(0) != '#' {
		stop, ok := s.wordEnd(start)
		if !ok {
			return false
		}
		if stop > s.off {
			if broken {
				buf = append(buf, s.text[chunk:end]...)
				buf = fold(buf, s.text[end:s.off], false)
				chunk, broken = s.off, false
			}
			s.off, end = stop, stop
		}
		if !s.skipSpace(&broken, start, s.indent+1) {
			return false
		}
		if s.off == stop || s.flow == 0 && broken && s.off-s.line <= s.indent {
			break
		}
	}
	s.buf = buf
	text := s.text[chunk:end]
	if len(buf) > 0 {
		text = string(append(buf, text...))
	}
	s.queue = append(s.queue, token{kind: plainScalar, start: int32(start), end: int32(end), text: text})
	if broken {
		s.keyAllowed = true
	}
	return true
}

// wordEnd gives the end of the word of a plain scalar that is next.
func (s *scanner) wordEnd(start int) (int, bool) {
	i := s.off
	for ; i < len(s.text); i++ {
		switch cl := class[s.text[i]]; {
		case cl&(plainEnd|plainColon|plainFlow) == 0:
		case cl&plainFlow != 0:
			if s.flow > 0 {
				return i, true
			}
		case cl&plainColon != 0:
			if s.ends(i + 1) {
				return i, true
			}
			if next := s.text[i+1]; s.flow > 0 && (class[next]&plainFlow != 0 || next == '?') {
				return 0, s.failAt(i, "plain scalar", start, `":" must be followed by a blank; quote the text if it is part of it`)
			}
		case s.text[i] < utf8.RuneSelf || breakAt(s.text, i) > 0:
			return i, true
		}
	}
	return i, true
}

// skipSpace goes behind blanks and line breaks. A tab is an error where it would indent less than indent.
func (s *scanner) skipSpace(broken *bool, start, indent int) bool {
	for s.off < len(s.text) {
		if isBlank(s.text[s.off]) {
			if *broken && s.text[s.off] == '\t' && s.off-s.line < indent {
				return s.fail("plain scalar", start, "a tab cannot indent; use spaces")
			}
			s.off++
			continue
		}
		n := breakAt(s.text, s.off)
		if n == 0 {
			break
		}
		*broken = true
		s.skipBreak(n)
	}
	return true
}

// fold appends what the space between two words of a scalar becomes when it holds line breaks: one break is a blank,
// further ones are kept. Where the first was escaped none becomes a blank.
func fold(dst []byte, space string, escaped bool) []byte {
	blank := false
	for i := 0; i < len(space); {
		n := breakAt(space, i)
		switch {
		case n == 0:
			n = 1
		case n != 3 && !escaped:
			blank, escaped = true, true
		default:
			dst = appendBreak(dst, space[i:i+n])
			blank, escaped = false, true
		}
		i += n
	}
	if blank {
		dst = append(dst, ' ')
	}
	return dst
}

// quoted makes a scalar in single or double quotes.
func (s *scanner) quoted(quote byte) bool {
	if !s.saveKey() {
		return false
	}
	s.keyAllowed = false
	start := s.off
	s.off++
	for i := s.off; i < len(s.text); i++ {
		c := s.text[i]
		if c == quote {
			if quote == '\'' && i+1 < len(s.text) && s.text[i+1] == '\'' {
				break
			}
			text := s.text[s.off:i]
			s.off = i + 1
			return s.push(quotedScalar, start, text)
		}
		if class[c]&quotedStop != 0 && (c == '\\' && quote == '"' || breakAt(s.text, i) > 0) {
			break
		}
	}
	return s.quotedSlow(quote, start)
}

// quotedSlow makes a quoted scalar that has escapes or goes on over several lines.
func (s *scanner) quotedSlow(quote byte, start int) bool {
	const context = "quoted scalar"
	buf := s.buf[:0]
	for {
		if s.documentMark() != failed {
			return s.fail(context, start, "the document ends inside of a quoted scalar")
		}
		if s.off == len(s.text) {
			return s.fail(context, start, "the file ends inside of a quoted scalar")
		}
		escaped := false
		for !s.endAt(0) && !escaped {
			c := s.text[s.off]
			if c == quote && (quote == '"' || s.at(1) != quote) {
				break
			}
			if c != '\\' || quote == '\'' {
				buf = append(buf, c)
				s.off++
				if c == quote {
					s.off++
				}
				continue
			}
			if n := breakAt(s.text, s.off+1); n > 0 {
				s.skipBreak(1 + n)
				escaped = true
				continue
			}
			var ok bool
			if buf, ok = s.escape(buf, start); !ok {
				return false
			}
		}
		if s.at(0) == quote {
			break
		}
		space, broken := s.off, escaped
		s.skipSpace(&broken, start, 0)
		if broken {
			buf = fold(buf, s.text[space:s.off], escaped)
		} else {
			buf = append(buf, s.text[space:s.off]...)
		}
	}
	s.buf = buf
	s.off++
	return s.push(quotedScalar, start, string(buf))
}

var escapes = [256]string{
	'0': "\x00", 'a': "\a", 'b': "\b", 't': "\t", '\t': "\t", 'n': "\n", 'v': "\v", 'f': "\f", 'r': "\r", 'e': "\x1b",
	' ': " ", '"': `"`, '/': "/", '\\': `\`, 'N': "\u0085", '_': "\u00a0", 'L': "\u2028", 'P': "\u2029",
}

// escape appends what the escape that is next stands for.
func (s *scanner) escape(dst []byte, start int) ([]byte, bool) {
	c := s.at(1)
	if text := escapes[c]; text != "" {
		s.off += 2
		return append(dst, text...), true
	}
	digits := 0
	switch c {
	case 'x':
		digits = 2
	case 'u':
		digits = 4
	case 'U':
		digits = 8
	default:
		_, n := utf8.DecodeRuneInString(s.text[s.off+1:])
		return dst, s.fail("quoted scalar", start, "unknown escape "+s.text[s.off:s.off+1+n]+` in double quotes; a backslash itself is \\`)
	}
	s.off += 2
	value := uint32(0)
	for i := range digits {
		d := hexValue(s.at(i))
		if d < 0 {
			return dst, s.fail("quoted scalar", start, "expected hexadecimal digits: 2 after \\x, 4 after \\u, 8 after \\U")
		}
		value = value<<4 | uint32(d)
	}
	if value > utf8.MaxRune || !utf8.ValidRune(rune(value)) {
		return dst, s.fail("quoted scalar", start, "the escape stands for no Unicode character; surrogates are not allowed")
	}
	s.off += digits
	return utf8.AppendRune(dst, rune(value)), true
}

// block makes a literal ("|") or folded (">") scalar.
func (s *scanner) block(literal bool) bool {
	if !s.dropKey() {
		return false
	}
	s.keyAllowed = true
	start := s.off
	s.off++
	keep, indent, ok := s.blockHeader(start)
	if !ok {
		return false
	}
	if indent > 0 {
		indent += max(s.indent, 0)
	}
	buf, lead := s.buf[:0], "" // lead is the line break before the line that is next
	end := s.off
	s.breaks = s.breaks[:0]
	if !s.blockIndent(&indent, &end, start) {
		return false
	}
	wasBlank := false // the line before began with a blank: it is not folded
	for s.off-s.line == indent && s.off < len(s.text) {
		blank := isBlank(s.text[s.off])
		if !literal && lead == "\n" && !wasBlank && !blank {
			if len(s.breaks) == 0 {
				buf = append(buf, ' ')
			}
		} else {
			buf = append(buf, lead...)
		}
		buf = append(buf, s.breaks...)
		s.breaks = s.breaks[:0]
		wasBlank = blank
		line, n := s.off, 0
		for ; s.off < len(s.text); s.off++ {
			if class[s.text[s.off]]&quotedStop != 0 {
				if n = breakAt(s.text, s.off); n > 0 {
					break
				}
			}
		}
		buf = append(buf, s.text[line:s.off]...)
		lead = ""
		if n > 0 {
			lead = "\n"
			if n == 3 {
				lead = s.text[s.off : s.off+3]
			}
			s.skipBreak(n)
		}
		if !s.blockIndent(&indent, &end, start) {
			return false
		}
	}
	if keep >= 0 {
		buf = append(buf, lead...)
	}
	if keep > 0 {
		buf = append(buf, s.breaks...)
	}
	s.buf = buf
	s.queue = append(s.queue, token{kind: quotedScalar, start: int32(start), end: int32(end), text: string(buf)})
	return true
}

// blockHeader reads what follows "|" or ">" on its line: what to keep of the line breaks at the end (+1 all, 0 one,
// -1 none) and by how many columns the text is indented, 0 where its first line decides.
func (s *scanner) blockHeader(start int) (keep, indent int, ok bool) {
	const context = "block scalar"
	for range 2 {
		switch c := s.at(0); {
		case keep == 0 && (c == '+' || c == '-'):
			keep = int(',') - int(c) // "+" and "-" stand around "," in ASCII
			s.off++
		case indent == 0 && c == '0':
			return 0, 0, s.fail(context, start, "the indentation of a block scalar is 1 to 9")
		case indent == 0 && c > '0' && c <= '9':
			indent = int(c - '0')
			s.off++
		}
	}
	s.skipBlanks()
	s.skipComment()
	n := breakAt(s.text, s.off)
	if n == 0 && s.off < len(s.text) {
		return 0, 0, s.fail(context, start, "expected a comment or the end of the line; the text of a block scalar begins on the next line")
	}
	if n > 0 {
		s.skipBreak(n)
	}
	return keep, indent, true
}

// blockIndent goes behind empty lines, which it collects in s.breaks, and the indentation of the line after them. It
// finds out the indentation where that is 0.
func (s *scanner) blockIndent(indent, end *int, start int) bool {
	deepest := 0
	*end = s.off
	for {
		for (*indent == 0 || s.off-s.line < *indent) && s.at(0) == ' ' {
			s.off++
		}
		deepest = max(deepest, s.off-s.line)
		if (*indent == 0 || s.off-s.line < *indent) && s.at(0) == '\t' {
			return s.fail("block scalar", start, "a tab cannot indent; use spaces")
		}
		n := breakAt(s.text, s.off)
		if n == 0 {
			break
		}
		s.breaks = appendBreak(s.breaks, s.text[s.off:s.off+n])
		s.skipBreak(n)
		*end = s.off
	}
	if *indent == 0 {
		*indent = max(deepest, s.indent+1, 1)
	}
	return true
}

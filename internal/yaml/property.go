package yaml

import "strings"

// word says which bytes anchors, handles and directive names are made of.
func word(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}

// skipWord goes behind a word and gives it.
func (s *scanner) skipWord() string {
	start := s.off
	for word(s.at(0)) {
		s.off++
	}
	return s.text[start:s.off]
}

// name makes an anchor or an alias.
func (s *scanner) name(k kind) bool {
	if !s.saveKey() {
		return false
	}
	s.keyAllowed = false
	start := s.off
	s.off++
	name := s.skipWord()
	if name == "" || !s.endAt(0) && !strings.ContainsRune("?:,]}%@`", rune(s.at(0))) {
		if k == alias {
			return s.fail("alias", start, `expected the name of an anchor after "*": letters, digits, "_" and "-"; quote text that begins with "*"`)
		}
		return s.fail("anchor", start, `expected a name after "&": letters, digits, "_" and "-"; quote text that begins with "&"`)
	}
	return s.push(k, start, name)
}

// tag makes a tag: !suffix, !handle!suffix, !!suffix, !<the whole> or !.
func (s *scanner) tag() bool {
	if !s.saveKey() {
		return false
	}
	s.keyAllowed = false
	start := s.off
	var handle, suffix string
	var ok bool
	if s.at(1) == '<' {
		s.off += 2
		if suffix, ok = s.uri("", start, "tag", true); !ok {
			return false
		}
		if suffix == "" {
			return s.fail("tag", start, "expected the name of a tag")
		}
		if s.at(0) != '>' {
			return s.fail("tag", start, `expected ">" at the end of a tag that begins with "!<"`)
		}
		s.off++
	} else {
		s.off++
		s.skipWord()
		if s.at(0) == '!' {
			s.off++
			handle = s.text[start:s.off]
			if suffix, ok = s.uri("", start, "tag", false); !ok {
				return false
			}
			if suffix == "" {
				return s.fail("tag", start, "expected the name of a tag")
			}
		} else {
			handle = "!"
			if suffix, ok = s.uri(s.text[start+1:s.off], start, "tag", false); !ok {
				return false
			}
			if suffix = untilNUL(suffix); suffix == "" {
				handle, suffix = "", "!"
			}
		}
	}
	if !s.endAt(0) && (s.flow == 0 || s.at(0) != ',') {
		return s.fail("tag", start, "expected a blank or the end of the line after a tag")
	}
	s.push(tag, start, handle)
	s.queue[len(s.queue)-1].suffix = untilNUL(suffix)
	return true
}

// untilNUL gives the part of a name before the first NUL, which an escape may stand for: to libyaml a name ends there.
func untilNUL(name string) string {
	name, _, _ = strings.Cut(name, "\x00")
	return name
}

// uri reads the characters of a tag and appends them to head, which may be all of it. A verbatim tag may also hold
// the indicators of flow collections.
func (s *scanner) uri(head string, begin int, context string, verbatim bool) (string, bool) {
	out := []byte(head)
	for {
		c := s.at(0)
		switch {
		case word(c) || c != 0 && strings.IndexByte(";/?:@&=+$.!~*'()", c) >= 0:
			out = append(out, c)
			s.off++
		case verbatim && (c == ',' || c == '[' || c == ']'):
			out = append(out, c)
			s.off++
		case c == '%':
			var ok bool
			if out, ok = s.octets(out); !ok {
				return "", s.fail(context, begin, `expected "%" and the two hexadecimal digits of a byte of UTF-8`)
			}
		default:
			return string(out), true
		}
	}
}

// octets appends the character that a sequence of %-escapes stands for.
func (s *scanner) octets(dst []byte) ([]byte, bool) {
	first := len(dst)
	for more := 1; more > 0; more-- {
		high, low := hexValue(s.at(1)), hexValue(s.at(2))
		if s.at(0) != '%' || high < 0 || low < 0 {
			return dst, false
		}
		c := byte(high<<4 | low)
		switch {
		case len(dst) > first:
			if c&0xc0 != 0x80 {
				return dst, false
			}
		case c&0x80 == 0:
		case c&0xe0 == 0xc0:
			more = 2
		case c&0xf0 == 0xe0:
			more = 3
		case c&0xf8 == 0xf0:
			more = 4
		default:
			return dst, false
		}
		dst = append(dst, c)
		s.off += 3
	}
	return dst, true
}

func hexValue(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// directive makes the token of a line that begins with "%".
func (s *scanner) directive() bool {
	s.closeBlocks(-1)
	if !s.dropKey() {
		return false
	}
	s.keyAllowed = false
	start := s.off
	s.off++
	name := s.skipWord()
	switch {
	case name == "":
		return s.fail("directive", start, `expected the name of a directive after "%"`)
	case !s.endAt(0):
		return s.fail("directive", start, "unexpected character in the name of a directive")
	case name == "YAML":
		if !s.version(start) {
			return false
		}
	case name == "TAG":
		if !s.handle(start) {
			return false
		}
	default:
		return s.fail("directive", start, "unknown directive %"+name+"; valid: %YAML, %TAG")
	}
	s.skipBlanks()
	s.skipComment()
	n := breakAt(s.text, s.off)
	if n == 0 && s.off < len(s.text) {
		return s.fail("directive", start, "expected a comment or the end of the line after a directive")
	}
	s.skipBreak(n)
	return true
}

// version reads the rest of a %YAML directive.
func (s *scanner) version(start int) bool {
	s.skipBlanks()
	begin := s.off
	for part := range 2 {
		digits := s.off
		for c := s.at(0); c >= '0' && c <= '9'; c = s.at(0) {
			s.off++
		}
		if n := s.off - digits; n == 0 || n > 9 {
			return s.fail("directive", start, "expected a version number such as 1.1")
		}
		if part == 0 {
			if s.at(0) != '.' {
				return s.fail("directive", start, "expected a version number such as 1.1")
			}
			s.off++
		}
	}
	return s.push(versionDirective, start, s.text[begin:s.off])
}

// handle reads the rest of a %TAG directive.
func (s *scanner) handle(start int) bool {
	s.skipBlanks()
	begin := s.off
	if s.at(0) != '!' {
		return s.fail("directive", start, `expected the handle of a tag, which begins with "!"`)
	}
	s.off++
	s.skipWord()
	if s.at(0) == '!' {
		s.off++
	} else if s.off-begin > 1 {
		return s.fail("directive", start, `expected "!" at the end of the handle of a tag`)
	}
	handle := s.text[begin:s.off]
	if !isBlank(s.at(0)) {
		return s.fail("directive", start, "expected a blank after the handle of a tag")
	}
	s.skipBlanks()
	prefix, ok := s.uri("", start, "directive", true)
	if !ok {
		return false
	}
	if prefix == "" {
		return s.fail("directive", start, "expected the prefix that the handle of a tag stands for")
	}
	if !s.endAt(0) {
		return s.fail("directive", start, "expected a blank or the end of the line after the prefix of a tag")
	}
	s.push(tagDirective, start, handle)
	s.queue[len(s.queue)-1].suffix = untilNUL(prefix)
	return true
}

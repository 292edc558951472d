package value

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// parseTemplate parses a format string that may be nested in levels-1 others. It gives what is wrong with it, or "".
func parseTemplate(s string, levels int) (*Template, string) {
	if levels == 0 {
		return nil, "fields inside of a format specification inside of a format specification"
	}
	t := &Template{source: s}
	var text strings.Builder
	for i := 0; i < len(s); {
		next := strings.IndexAny(s[i:], "{}")
		if next < 0 {
			text.WriteString(s[i:])
			break
		}
		text.WriteString(s[i : i+next])
		i += next
		switch brace := s[i]; {
		case i+1 < len(s) && s[i+1] == brace:
			text.WriteByte(brace)
			i += 2
		case brace == '}':
			return nil, `single "}"; write "}}" for the character`
		case i+1 == len(s):
			return nil, `single "{"; write "{{" for the character`
		default:
			f, size, fault := parseField(s[i+1:], levels)
			if fault != "" {
				return nil, fault
			}
			f.source = s[i : i+1+size]
			t.parts = append(t.parts, part{text.String(), f})
			text.Reset()
			i += 1 + size
		}
	}
	if text.Len() > 0 || len(t.parts) == 0 {
		t.parts = append(t.parts, part{text: text.String()})
	}
	return t, ""
}

// parseField parses what stands behind an opening brace, and gives how much of s that is, the closing brace included.
func parseField(s string, levels int) (*field, int, string) {
	const unclosed = `"{" without "}"; write "{{" for the character`
	i := 0
	for ; i < len(s) && s[i] != '}' && s[i] != ':' && s[i] != '!'; i++ {
		switch s[i] {
		case '{':
			return nil, 0, `"{" in the name of a field`
		case '[':
			// Nothing has a meaning up to the closing bracket.
			end := strings.IndexByte(s[i:], ']')
			if end < 0 {
				return nil, 0, unclosed
			}
			i += end
		}
	}
	if i == len(s) {
		return nil, 0, unclosed
	}
	f := &field{}
	if fault := f.setName(s[:i]); fault != "" {
		return nil, 0, fault
	}
	if s[i] == '!' {
		rest := s[i+1:]
		c, size := utf8.DecodeRuneInString(rest)
		switch {
		case rest == "" || rest[size:] == "":
			return nil, 0, unclosed
		case rest[size] != ':' && rest[size] != '}':
			return nil, 0, fmt.Sprintf(`want ":" or "}" behind the conversion, got %q`, rest[size:][:1])
		case c != 's' && c != 'r' && c != 'a':
			return nil, 0, fmt.Sprintf("unknown conversion %q (valid: !s, !r, !a)", "!"+string(c))
		}
		f.conversion = byte(c)
		i += 1 + size
	}
	if s[i] == '}' {
		return f, i + 1, ""
	}
	i++
	end := closing(s[i:])
	if end < 0 {
		return nil, 0, unclosed
	}
	spec := s[i : i+end]
	if strings.IndexByte(spec, '{') < 0 {
		f.spec = parseSpec(spec)
		return f, i + end + 1, ""
	}
	nested, fault := parseTemplate(spec, levels-1)
	f.nested = nested
	return f, i + end + 1, fault
}

// closing gives the place of the brace that closes one which was opened before s.
func closing(s string) int {
	depth := 1
	for i := range len(s) {
		switch s[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// setName splits name.attribute[index] into name and steps.
func (f *field) setName(s string) string {
	end := strings.IndexAny(s, ".[")
	if end < 0 {
		end = len(s)
	}
	f.name = s[:end]
	switch n, fault := index(f.name); {
	case fault != "":
		return fault
	case n >= 0 || f.name == "":
		return fmt.Sprintf("the field %q has no name, and there are no positional values", "{"+s+"}")
	}
	for rest := s[end:]; rest != ""; {
		st := step{attr: rest[0] == '.'}
		switch {
		case st.attr:
			end := strings.IndexAny(rest[1:], ".[")
			if end < 0 {
				end = len(rest) - 1
			}
			st.text, rest = rest[1:1+end], rest[1+end:]
			st.index = -1
		case rest[0] == '[':
			text, behind, ok := strings.Cut(rest[1:], "]")
			if !ok {
				return `"[" without "]" in the name of a field`
			}
			st.text, rest = text, behind
			var fault string
			if st.index, fault = index(text); fault != "" {
				return fault
			}
		default:
			return fmt.Sprintf(`only "." or "[" may follow "]", got %q`, rest)
		}
		if st.text == "" {
			return fmt.Sprintf("empty attribute or index in the field %q", "{"+s+"}")
		}
		f.steps = append(f.steps, st)
	}
	return ""
}

// index gives the number that a text of digits is, -1 for any other text.
func index(s string) (int, string) {
	n := 0
	for _, r := range s {
		if r < '0' || r > '9' {
			return -1, ""
		}
		if n > maxIndex {
			return 0, fmt.Sprintf("the number %s is too large", s)
		}
		n = n*10 + int(r-'0')
	}
	if s == "" {
		return -1, ""
	}
	return n, ""
}

// maxIndex is more than anything has items.
const maxIndex = 1 << 40

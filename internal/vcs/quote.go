package vcs

import "strings"

// unusual says whether git might put quotes around a name.
func unusual(name string) bool {
	for i := range len(name) {
		if c := name[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return true
		}
	}
	return false
}

// cQuote writes a name as git does where it writes one a line: as a C string when it holds quotes, backslashes
// or control characters or, with high, bytes beyond ASCII.
func cQuote(name string, high bool) string {
	const letters = "abtnvfr" // \a is 7
	var b strings.Builder
	plain := 0
	for i := range len(name) {
		c := name[i]
		if c >= ' ' && c != '"' && c != '\\' && c < 0x7f || c >= 0x80 && !high {
			continue
		}
		if b.Len() == 0 {
			b.WriteByte('"')
		}
		b.WriteString(name[plain:i])
		plain = i + 1
		b.WriteByte('\\')
		switch {
		case c == '"' || c == '\\':
			b.WriteByte(c)
		case c >= 7 && c <= 13:
			b.WriteByte(letters[c-7])
		default:
			b.WriteByte('0' + c>>6)
			b.WriteByte('0' + c>>3&7)
			b.WriteByte('0' + c&7)
		}
	}
	if b.Len() == 0 {
		return name
	}
	b.WriteString(name[plain:])
	b.WriteByte('"')
	return b.String()
}

package dockerimages

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/taskgraph-go/decision/diag"
)

// substitution replaces $NAME in the lines after an %ARG.
type substitution struct {
	needle  string // with the $
	text    string
	offset  int      // of the name in the Dockerfile
	pos     diag.Pos // of the argument's value
	missing bool     // there is no text
	err     error    // the text cannot be used; noticed only where there is a line to use it on, as in the reference
}

// grown gives how long a line may be after apply, at most.
func (s *substitution) grown(line string) int {
	return len(line) + strings.Count(line, s.needle)*len(s.text)
}

// apply replaces every occurrence in a line that ends at the edge of a word, and says whether there was one.
func (s *substitution) apply(line string) (string, bool) {
	var out strings.Builder
	rest, used := line, false
	for {
		i := strings.Index(rest, s.needle)
		if i < 0 {
			break
		}
		end := i + len(s.needle)
		if !atEdge(s.needle, rest[end:]) {
			out.WriteString(rest[:i+1])
			rest = rest[i+1:]
			continue
		}
		used = true
		out.WriteString(rest[:i])
		out.WriteString(s.text)
		rest = rest[end:]
	}
	if !used {
		return line, false
	}
	out.WriteString(rest)
	return out.String(), true
}

// atEdge says whether exactly one of what ends before and what begins after a place is part of a word.
func atEdge(before, after string) bool {
	b, _ := utf8.DecodeLastRuneInString(before)
	a, _ := utf8.DecodeRuneInString(after)
	return isWord(b) != (after != "" && isWord(a))
}

// isWord says what a regular expression of the reference takes for part of a word.
func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }

// expand gives what an argument's text becomes when it is put in for match: the reference takes it for the replacement
// of a regular expression without groups, in which a backslash begins an escape.
func expand(text, match string) (string, error) {
	if !strings.Contains(text, `\`) {
		return text, nil
	}
	var out strings.Builder
	for len(text) > 0 {
		i := strings.IndexByte(text, '\\')
		if i < 0 {
			break
		}
		out.WriteString(text[:i])
		n, err := escape(&out, text[i+1:], match)
		if err != nil {
			return "", err
		}
		text = text[i+1+n:]
	}
	out.WriteString(text)
	return out.String(), nil
}

// escape writes what an escape stands for; s is what follows the backslash. It gives how much of s belongs to it.
func escape(out *strings.Builder, s, match string) (int, error) {
	if s == "" {
		return 0, fmt.Errorf("it ends with a backslash")
	}
	c := s[0]
	switch {
	case c == 'g':
		return groupEscape(out, s, match)
	case c == '0':
		n := 1
		for n < min(3, len(s)) && isOctal(s[n]) {
			n++
		}
		code, _ := strconv.ParseUint(s[:n], 8, 16)
		out.WriteRune(rune(code))
		return n, nil
	case isDigit(c):
		if len(s) >= 3 && isOctal(c) && isOctal(s[1]) && isOctal(s[2]) {
			code, _ := strconv.ParseUint(s[:3], 8, 16)
			if code > 0o377 {
				return 0, fmt.Errorf(`the octal escape \%s is beyond \377`, s[:3])
			}
			out.WriteRune(rune(code))
			return 3, nil
		}
		n := 1
		if len(s) > 1 && isDigit(s[1]) {
			n = 2
		}
		return 0, fmt.Errorf(`\%s refers to a group, and there is none`, s[:n])
	}
	if i := strings.IndexByte(`abfnrtv\`, c); i >= 0 {
		out.WriteByte("\a\b\f\n\r\t\v\\"[i])
		return 1, nil
	}
	if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' {
		return 0, fmt.Errorf(`unknown escape \%c`, c)
	}
	_, n := utf8.DecodeRuneInString(s)
	out.WriteByte('\\')
	out.WriteString(s[:n])
	return n, nil
}

// groupEscape handles \g<...>. The only group is 0, the match as a whole.
func groupEscape(out *strings.Builder, s, match string) (int, error) {
	if len(s) < 2 || s[1] != '<' {
		return 0, fmt.Errorf(`\g needs a < after it`)
	}
	name, _, ok := strings.Cut(s[2:], ">")
	switch {
	case !ok:
		return 0, fmt.Errorf(`\g< has no > after it`)
	case name == "":
		return 0, fmt.Errorf(`\g<> names no group`)
	case strings.Trim(name, "0") != "":
		return 0, fmt.Errorf(`\g<%s> refers to a group that is not there`, name)
	}
	out.WriteString(match)
	return len(name) + 3, nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isOctal(c byte) bool { return '0' <= c && c <= '7' }

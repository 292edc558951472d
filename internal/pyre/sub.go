package pyre

import (
	"strconv"
	"strings"
)

// ReplaceAll replaces every match in s, as re.sub does. The replacement is a template as in Python: \1, \g<1> and
// \g<name> stand for groups, \n and the like for characters. The error is a *[diag.Diagnostic]: the template is bad
// or the time limit was hit.
func (re *Regexp) ReplaceAll(s, replacement string) (string, error) {
	template, err := re.template(replacement)
	if err != nil {
		return "", bad(re.pattern, err)
	}
	var b strings.Builder
	copied, empty := 0, false
	for at := 0; ; {
		places, err := re.findNext(s, at, empty)
		if err != nil {
			return "", bad(re.pattern, err)
		}
		if places == nil {
			break
		}
		b.WriteString(s[copied:places[0]])
		for _, p := range template {
			b.WriteString(p.text)
			if 2*p.group+1 < len(places) && p.group >= 0 && places[2*p.group] >= 0 {
				b.WriteString(s[places[2*p.group]:places[2*p.group+1]])
			}
		}
		copied, at = places[1], places[1]
		empty = places[0] == places[1]
	}
	b.WriteString(s[copied:])
	return b.String(), nil
}

// findNext gives the first match from a byte offset on. Behind an empty match there must be progress: what starts at
// the offset may not be empty.
func (re *Regexp) findNext(s string, from int, progress bool) ([]int, error) {
	if from == 0 && !progress {
		e, err := re.searcher(s, isPlain(s) && !re.idle)
		if err != nil {
			return nil, err
		}
		return e.find(s, 0)
	}
	v, after := &re.search, ``
	if progress {
		v, after = &re.next, `(?!\G)`
	}
	e, err := v.get(re.tree, false, ``, after)
	if err != nil {
		return nil, err
	}
	return e.find(s, from)
}

// piece is a part of a replacement: a text and the group behind it, -1 for none.
type piece struct {
	text  string
	group int
}

// template parses a replacement.
func (re *Regexp) template(s string) ([]piece, error) {
	var out []piece
	var text strings.Builder
	group := func(number, pos int) error {
		if number > re.groups {
			return fail(pos, "replacement %q: there is no group %d", s, number)
		}
		out = append(out, piece{text.String(), number})
		text.Reset()
		return nil
	}
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			text.WriteByte(s[i])
			i++
			continue
		}
		start := i
		if i++; i == len(s) {
			return nil, fail(start, `replacement %q: nothing after the last "\"`, s)
		}
		c := s[i]
		i++
		octal := func(i int) bool { return i < len(s) && s[i] >= '0' && s[i] <= '7' }
		switch {
		case c == 'g':
			rest, ok := strings.CutPrefix(s[i:], "<")
			name, _, closed := strings.Cut(rest, ">")
			if !ok || !closed || name == "" {
				return nil, fail(start, `replacement %q: want a group's name as \g<name>`, s)
			}
			i += len(name) + 2
			number, known := re.names[name]
			if !known {
				n, err := strconv.ParseUint(name, 10, 31)
				if err != nil {
					return nil, fail(start, "replacement %q: there is no group %q", s, name)
				}
				number = int(n)
			}
			if err := group(number, start); err != nil {
				return nil, err
			}
		case c == '0' || octal(i-1) && octal(i) && octal(i+1):
			n := rune(c - '0')
			for k := 0; k < 2 && octal(i); k++ {
				n = n<<3 | rune(s[i]-'0')
				i++
			}
			if n > 0o377 {
				return nil, fail(start, "replacement %q: octal escape above \\377", s)
			}
			text.WriteRune(n)
		case c >= '1' && c <= '9':
			number := int(c - '0')
			if i < len(s) && s[i] >= '0' && s[i] <= '9' {
				number = number*10 + int(s[i]-'0')
				i++
			}
			if err := group(number, start); err != nil {
				return nil, err
			}
		case controls[rune(c)] != 0:
			text.WriteRune(controls[rune(c)])
		case c == 'b':
			text.WriteByte('\b')
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			return nil, fail(start, `replacement %q: bad escape \%c`, s, c)
		default:
			text.WriteByte('\\')
			text.WriteByte(c)
		}
	}
	return append(out, piece{text.String(), -1}), nil
}

package value

import (
	"math/big"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/taskgraph-go/decision/diag"
)

// JSON reads a document as Python's json does: integers of any size, NaN and Infinity, the last of several equal
// keys, escaped surrogates without a partner, which are kept as the three bytes that UTF-8 would give them. The text
// must be UTF-8 and must not change afterwards: strings share its memory.
//
// The error is a [diag.Diagnostic] with the code [diag.JSONSyntax] or [diag.LimitExceeded].
func (r *Reader) JSON(name string, text []byte) (Value, error) {
	limits := r.Limits.orDefaults()
	if err := tooLarge(name, len(text), limits); err != nil {
		return Value{}, err
	}
	p := jsonParser{origin: r.origin(name, text), depth: limits.Depth}
	p.assembler = newAssembler(len(text) / 16)
	v, ok := p.document()
	if !ok {
		return Value{}, p.err()
	}
	return v, nil
}

// jsonParser reads one document. Its methods give false when they found a mistake.
type jsonParser struct {
	origin
	*assembler
	off   int
	depth int // levels of nesting that are left
}

func (p *jsonParser) wrong(format string, args ...any) bool {
	p.fail(diag.JSONSyntax, p.off, format, args...)
	return false
}

func (p *jsonParser) document() (Value, bool) {
	for i := 0; i < len(p.text); {
		if p.text[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(p.text[i:])
		if r == utf8.RuneError && n == 1 {
			p.off = i
			return Value{}, p.wrong("not UTF-8: unexpected byte 0x%02x", p.text[i])
		}
		i += n
	}
	v, ok := p.value()
	if ok && p.next() != 0 {
		return Value{}, p.wrong("unexpected %s after the end of the document", p.found())
	}
	return v, ok
}

// next goes to the next byte that is no blank and gives it, 0 at the end.
func (p *jsonParser) next() byte {
	for ; p.off < len(p.text); p.off++ {
		switch c := p.text[p.off]; c {
		case ' ', '\n', '\t', '\r':
		case 0:
			return 1 // nothing begins with it, but it is not the end
		default:
			return c
		}
	}
	return 0
}

// found names what is next.
func (p *jsonParser) found() string {
	if p.off >= len(p.text) {
		return "the end of the file"
	}
	r, _ := utf8.DecodeRuneInString(p.text[p.off:])
	return strconv.QuoteRune(r)
}

// word goes behind a word that must be next.
func (p *jsonParser) word(word string, v Value) (Value, bool) {
	if end := p.off + len(word); end <= len(p.text) && p.text[p.off:end] == word {
		p.off = end
		return v, true
	}
	return v, p.wrong("expected a value, found %s", p.found())
}

func (p *jsonParser) value() (Value, bool) {
	c := p.next()
	pos := p.at(p.off)
	v, ok := Value{}, false
	switch c {
	case '"':
		var s string
		s, ok = p.str()
		v = NewString(s)
	case '{':
		v, ok = p.object()
	case '[':
		v, ok = p.array()
	case 't':
		v, ok = p.word("true", NewBool(true))
	case 'f':
		v, ok = p.word("false", NewBool(false))
	case 'n':
		v, ok = p.word("null", Value{})
	default:
		v, ok = p.number(c)
	}
	return v.At(pos), ok
}

// enter counts a level of nesting and goes behind the bracket that opens it.
func (p *jsonParser) enter() bool {
	if p.depth == 0 {
		p.fail(diag.LimitExceeded, p.off, "nested more than %d levels deep", p.reader.Limits.orDefaults().Depth)
		return false
	}
	p.depth--
	p.off++
	return true
}

// leave goes behind the bracket that closes a level.
func (p *jsonParser) leave() {
	p.off++
	p.depth++
}

func (p *jsonParser) array() (Value, bool) {
	if !p.enter() {
		return Value{}, false
	}
	base := len(p.items)
	for first := true; ; first = false {
		c := p.next()
		if c == ']' {
			break
		}
		if !first {
			if c != ',' {
				return Value{}, p.wrong(`expected "," or "]", found %s`, p.found())
			}
			p.off++
		}
		v, ok := p.value()
		if !ok {
			return v, false
		}
		p.items = append(p.items, v)
	}
	p.leave()
	return p.list(base).Value(), true
}

func (p *jsonParser) object() (Value, bool) {
	if !p.enter() {
		return Value{}, false
	}
	m := openMap{base: len(p.entries)}
	for first := true; ; first = false {
		c := p.next()
		if c == '}' {
			break
		}
		if !first {
			if c != ',' {
				return Value{}, p.wrong(`expected "," or "}", found %s`, p.found())
			}
			p.off++
			c = p.next()
		}
		if c != '"' {
			return Value{}, p.wrong("expected a key in double quotes, found %s", p.found())
		}
		at := p.off
		s, ok := p.str()
		if !ok {
			return Value{}, false
		}
		if p.next() != ':' {
			return Value{}, p.wrong(`expected ":" after the key, found %s`, p.found())
		}
		p.off++
		v, ok := p.value()
		if !ok {
			return v, false
		}
		key := NewString(s).At(p.at(at))
		if place, before := p.put(&m, key, v); place >= 0 {
			p.duplicate(key, at, before)
		}
	}
	p.leave()
	return p.dict(m).Value(), true
}

// str reads a string.
func (p *jsonParser) str() (string, bool) {
	start := p.off + 1
	for i := start; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case c == '"':
			p.off = i + 1
			return p.text[start:i], true
		case c == '\\':
			return p.escaped(start, i)
		case c < ' ':
			p.off = i
			return "", p.wrong("control character %s in a string; write it as an escape", p.found())
		}
	}
	return "", p.wrong("the file ends inside of this string")
}

// escaped reads a string that begins at start and has an escape at i.
func (p *jsonParser) escaped(start, i int) (string, bool) {
	out := append(make([]byte, 0, 2*(i-start)+32), p.text[start:i]...)
	for i < len(p.text) {
		c := p.text[i]
		switch {
		case c == '"':
			p.off = i + 1
			return string(out), true
		case c < ' ':
			p.off = i
			return "", p.wrong("control character %s in a string; write it as an escape", p.found())
		case c != '\\':
			out = append(out, c)
			i++
			continue
		}
		i++
		if i == len(p.text) {
			break
		}
		switch c = p.text[i]; c {
		case '"', '\\', '/':
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			r := p.hex(i + 1)
			if r < 0 {
				p.off = i - 1
				return "", p.wrong(`expected four hexadecimal digits after \u`)
			}
			i += 5
			if utf16.IsSurrogate(r) && i+1 < len(p.text) && p.text[i] == '\\' && p.text[i+1] == 'u' {
				if pair := utf16.DecodeRune(r, p.hex(i+2)); pair != utf8.RuneError {
					r = pair
					i += 6
				}
			}
			out = appendRune(out, r)
			continue
		default:
			p.off = i - 1
			return "", p.wrong(`unknown escape \%c; valid: \" \\ \/ \b \f \n \r \t \u`, c)
		}
		out = append(out, c)
		i++
	}
	p.off = start - 1
	return "", p.wrong("the file ends inside of this string")
}

// hex reads four hexadecimal digits, -1 where there are none.
func (p *jsonParser) hex(i int) rune {
	if i+4 > len(p.text) {
		return -1
	}
	r := rune(0)
	for _, c := range []byte(p.text[i : i+4]) {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// appendRune appends a character as UTF-8, and a lone surrogate as UTF-8 would look if it allowed it.
func appendRune(dst []byte, r rune) []byte {
	if utf16.IsSurrogate(r) {
		return append(dst, 0xe0|byte(r>>12), 0x80|byte(r>>6)&0x3f, 0x80|byte(r)&0x3f)
	}
	return utf8.AppendRune(dst, r)
}

// number reads a number, or one of the three words that Python's json knows for what JSON has no number for.
func (p *jsonParser) number(c byte) (Value, bool) {
	start, i := p.off, p.off
	switch c {
	case 'N':
		return p.special("NaN", ".nan")
	case 'I':
		return p.special("Infinity", ".inf")
	case '-':
		if i++; i < len(p.text) && p.text[i] == 'I' {
			return p.special("-Infinity", "-.inf")
		}
	}
	digits := p.digits(i)
	if digits == i {
		if c == 0xef && len(p.text) > 2 && p.text[:3] == "\ufeff" && p.off == 0 {
			return Value{}, p.wrong("unexpected byte order mark; save the file without it")
		}
		return Value{}, p.wrong("expected a value, found %s", p.found())
	}
	if p.text[i] == '0' {
		digits = i + 1
	}
	i = digits
	isFloat := false
	if end := p.digits(i + 1); i < len(p.text) && p.text[i] == '.' && end > i+1 {
		i, isFloat = end, true
	}
	if i < len(p.text) && p.text[i]|0x20 == 'e' {
		j := i + 1
		if j < len(p.text) && (p.text[j] == '+' || p.text[j] == '-') {
			j++
		}
		if end := p.digits(j); end > j {
			i, isFloat = end, true
		}
	}
	p.off = i
	text := p.text[start:i]
	if isFloat {
		f, _ := strconv.ParseFloat(text, 64) // infinite where it is too large
		return NewFloat(f), true
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return NewInt(n), true
	}
	if len(text) > maxDigits {
		p.off = start
		p.fail(diag.LimitExceeded, start, "the integer has %d digits; at most %d are read", len(text), maxDigits)
		return Value{}, false
	}
	n, _ := new(big.Int).SetString(text, 10)
	return NewBigInt(n), true
}

// digits gives the end of the decimal digits from i on.
func (p *jsonParser) digits(i int) int {
	for i < len(p.text) && p.text[i] >= '0' && p.text[i] <= '9' {
		i++
	}
	return i
}

func (p *jsonParser) special(word, float string) (Value, bool) {
	v, _ := yamlFloat(float)
	return p.word(word, v)
}

package local

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// decodeJSON reads a document as encoding/json does. What requests usually hold is read here, which takes half the time;
// with anything else, and with every mistake, encoding/json has the last word.
func decodeJSON(text []byte) (any, error) {
	d := decoder{text: text}
	if v, ok := d.value(maxQuickDepth); ok && d.peek() == 0 && d.at == len(text) {
		return v, nil
	}
	var v any
	err := json.Unmarshal(text, &v)
	return v, err
}

// maxQuickDepth is how deep objects and lists may be in each other before it takes the other way.
const maxQuickDepth = 100

// decoder reads JSON. Its methods give false for what they leave to encoding/json.
type decoder struct {
	text []byte
	at   int
}

// peek skips white space and gives the next character, 0 at the end.
func (d *decoder) peek() byte {
	for ; d.at < len(d.text); d.at++ {
		switch c := d.text[d.at]; c {
		case ' ', '\n', '\t', '\r':
		default:
			return c
		}
	}
	return 0
}

// skip takes a character if it is the next one.
func (d *decoder) skip(c byte) bool {
	if d.peek() != c || d.at == len(d.text) {
		return false
	}
	d.at++
	return true
}

func (d *decoder) value(depth int) (any, bool) {
	switch c := d.peek(); {
	case depth == 0:
		return nil, false
	case c == '"':
		return d.string()
	case c == '{':
		return d.object(depth - 1)
	case c == '[':
		return d.list(depth - 1)
	case c == '-' || '0' <= c && c <= '9':
		return d.integer()
	}
	for _, w := range [...]struct {
		text string
		v    any
	}{{"true", true}, {"false", false}, {"null", nil}} {
		if end := d.at + len(w.text); end <= len(d.text) && string(d.text[d.at:end]) == w.text {
			d.at = end
			return w.v, true
		}
	}
	return nil, false
}

func (d *decoder) object(depth int) (any, bool) {
	d.at++
	o := object{}
	if d.skip('}') {
		return o, true
	}
	for {
		if d.peek() != '"' {
			return nil, false
		}
		key, ok := d.string()
		if !ok || !d.skip(':') {
			return nil, false
		}
		v, ok := d.value(depth)
		if !ok {
			return nil, false
		}
		o[key] = v
		if d.skip('}') {
			return o, true
		}
		if !d.skip(',') {
			return nil, false
		}
	}
}

func (d *decoder) list(depth int) (any, bool) {
	d.at++
	list := []any{}
	if d.skip(']') {
		return list, true
	}
	for {
		v, ok := d.value(depth)
		if !ok {
			return nil, false
		}
		list = append(list, v)
		if d.skip(']') {
			return list, true
		}
		if !d.skip(',') {
			return nil, false
		}
	}
}

// string reads a text. Of escapes it knows those of one character.
func (d *decoder) string() (string, bool) {
	d.at++
	start, escapes := d.at, 0
	for ; d.at < len(d.text); d.at++ {
		switch c := d.text[d.at]; {
		case c == '"':
			raw := d.text[start:d.at]
			d.at++
			if escapes > 0 {
				return unescapeJSON(raw, escapes)
			}
			return string(raw), utf8.Valid(raw)
		case c == '\\':
			escapes++
			d.at++ // what is escaped ends nothing
		case c < ' ':
			return "", false
		}
	}
	return "", false
}

// unescapeJSON undoes escapes.
func unescapeJSON(raw []byte, escapes int) (string, bool) {
	out := make([]byte, 0, len(raw)-escapes)
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c == '\\' {
			i++
			switch c = raw[i]; c {
			case '"', '\\', '/':
			case 'n':
				c = '\n'
			case 't':
				c = '\t'
			case 'r':
				c = '\r'
			default:
				return "", false
			}
		}
		out = append(out, c)
	}
	return string(out), utf8.Valid(out)
}

// integer reads a whole number that a float holds exactly.
func (d *decoder) integer() (any, bool) {
	start := d.at
	if d.text[d.at] == '-' {
		d.at++
	}
	digits := d.at
	for d.at < len(d.text) && '0' <= d.text[d.at] && d.text[d.at] <= '9' {
		d.at++
	}
	if n := d.at - digits; n == 0 || n > 15 || d.text[digits] == '0' && (n > 1 || start != digits) {
		return nil, false
	}
	if d.at < len(d.text) {
		switch d.text[d.at] {
		case '.', 'e', 'E':
			return nil, false
		}
	}
	n, err := strconv.ParseInt(string(d.text[start:d.at]), 10, 64)
	return float64(n), err == nil
}

package value

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// PyStr gives the text that Python's str makes of a value, such as None, True, 1.0 or {'a': [1]}.
func PyStr(v Value) string {
	if v.Kind() == String {
		return v.text()
	}
	return string(appendPyStr(nil, v))
}

// PyRepr gives the text that Python's repr makes of a value: as [PyStr], with strings quoted. The members of a set
// come in the order in which they were added, which is none that Python promises.
func PyRepr(v Value) string { return string(appendPyRepr(nil, v, false)) }

// PyASCII gives the text that Python's ascii makes of a value: as [PyRepr], with everything but ASCII escaped.
func PyASCII(v Value) string { return string(appendPyRepr(nil, v, true)) }

// pyType gives the name of the Python type that a value has.
func pyType(v Value) string {
	switch v.Kind() {
	case Null:
		return "NoneType"
	case Bool:
		return "bool"
	case Int, BigInt:
		return "int"
	case Float:
		return "float"
	case String:
		return "str"
	case Bytes:
		return "bytes"
	case Time:
		return "datetime"
	case Date:
		return "date"
	case ListKind:
		return "list"
	case SetKind:
		return "set"
	}
	return "dict"
}

func appendPyStr(dst []byte, v Value) []byte {
	switch v.Kind() {
	case String:
		return append(dst, v.text()...)
	case Time, Date:
		return append(dst, FormatTime(v)...)
	}
	return appendPyRepr(dst, v, false)
}

func appendPyRepr(dst []byte, v Value, ascii bool) []byte {
	switch v.Kind() {
	case Null:
		return append(dst, "None"...)
	case Bool:
		if v.IsTrue() {
			return append(dst, "True"...)
		}
		return append(dst, "False"...)
	case Int:
		i, _ := v.AsInt()
		return strconv.AppendInt(dst, i, 10)
	case BigInt:
		return v.AsBigInt().Append(dst, 10)
	case Float:
		f, _ := v.AsFloat()
		return append(dst, FormatFloat(f)...)
	case String:
		return appendQuoted(dst, v.text(), ascii)
	case Bytes:
		return appendPyBytes(dst, v.AsBytes())
	case Time:
		return appendPyTime(dst, v)
	case Date:
		t, _ := v.AsTime()
		return fmt.Appendf(dst, "datetime.date(%d, %d, %d)", t.Year(), t.Month(), t.Day())
	case ListKind:
		dst = append(dst, '[')
		for i, item := range v.List().All() {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = appendPyRepr(dst, item, ascii)
		}
		return append(dst, ']')
	case SetKind:
		if v.Set().Len() == 0 {
			return append(dst, "set()"...)
		}
		return appendPyEntries(dst, v.Set(), ascii, false)
	}
	return appendPyEntries(dst, v.Map(), ascii, true)
}

// appendPyEntries writes the entries of a map, or of a set, which has no values.
func appendPyEntries(dst []byte, m *Map, ascii, values bool) []byte {
	dst = append(dst, '{')
	for i := range m.Len() {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		e := m.Entry(i)
		dst = appendPyRepr(dst, e.Key, ascii)
		if values {
			dst = append(dst, ": "...)
			dst = appendPyRepr(dst, e.Value, ascii)
		}
	}
	return append(dst, '}')
}

// quoteFor gives the quotes that Python puts around a string: double ones only where that saves escaping single ones.
func quoteFor(s string) byte {
	if strings.IndexByte(s, '\'') >= 0 && strings.IndexByte(s, '"') < 0 {
		return '"'
	}
	return '\''
}

func appendQuoted(dst []byte, s string, ascii bool) []byte {
	quote := quoteFor(s)
	dst = append(dst, quote)
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			// Python keeps bytes that are no UTF-8 as lone surrogates.
			dst = fmt.Appendf(dst, `\udc%02x`, s[i])
		case r == rune(quote) || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\t':
			dst = append(dst, `\t`...)
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\r':
			dst = append(dst, `\r`...)
		case unicode.IsPrint(r) && (!ascii || r < utf8.RuneSelf):
			dst = append(dst, s[i:i+size]...)
		case r < 0x100:
			dst = fmt.Appendf(dst, `\x%02x`, r)
		case r < 0x10000:
			dst = fmt.Appendf(dst, `\u%04x`, r)
		default:
			dst = fmt.Appendf(dst, `\U%08x`, r)
		}
		i += size
	}
	return append(dst, quote)
}

func appendPyBytes(dst, b []byte) []byte {
	quote := quoteFor(string(b))
	dst = append(dst, 'b', quote)
	for _, c := range b {
		switch {
		case c == quote || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\t':
			dst = append(dst, `\t`...)
		case c == '\n':
			dst = append(dst, `\n`...)
		case c == '\r':
			dst = append(dst, `\r`...)
		case c < ' ' || c > '~':
			dst = fmt.Appendf(dst, `\x%02x`, c)
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, quote)
}

func appendPyTime(dst []byte, v Value) []byte {
	t, _ := v.AsTime()
	dst = fmt.Appendf(dst, "datetime.datetime(%d, %d, %d, %d, %d", t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute())
	micros := t.Nanosecond() / 1000
	if t.Second() != 0 || micros != 0 {
		dst = fmt.Appendf(dst, ", %d", t.Second())
	}
	if micros != 0 {
		dst = fmt.Appendf(dst, ", %d", micros)
	}
	// As in FormatTime, UTC itself stands for a time without zone.
	if t.Location() != time.UTC {
		_, offset := t.Zone()
		switch {
		case offset == 0:
			dst = append(dst, ", tzinfo=datetime.timezone.utc"...)
		case offset < 0:
			dst = fmt.Appendf(dst, ", tzinfo=datetime.timezone(datetime.timedelta(days=-1, seconds=%d))", 24*60*60+offset)
		default:
			dst = fmt.Appendf(dst, ", tzinfo=datetime.timezone(datetime.timedelta(seconds=%d))", offset)
		}
	}
	return append(dst, ')')
}

// integer gives the integer that a value is in Python, where booleans are integers, nil where it is none.
func (v Value) integer() *big.Int {
	if v.Kind() == Bool {
		b := new(big.Int)
		if v.IsTrue() {
			b.SetInt64(1)
		}
		return b
	}
	return v.AsBigInt()
}

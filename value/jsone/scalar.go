package jsone

import (
	"cmp"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/taskgraph-go/decision/value"
)

// describe names a term in a message.
func describe(t term) string {
	if t.fn != nil {
		return "the function " + t.fn.name
	}
	if t.gone {
		return "nothing"
	}
	return t.v.Describe()
}

// truthy says whether a term counts as true: what is not null, false, 0 or empty.
func truthy(t term) bool { return t.fn != nil || t.v.Truthy() }

// same says whether two terms are equal. Unlike in Python true is not 1.
func same(a, b term) bool {
	if a.fn != nil || b.fn != nil {
		return a.fn == b.fn
	}
	x, okX := asNumber(a)
	y, okY := asNumber(b)
	if okX || okY {
		return okX && okY && x == y
	}
	if a.v.Kind() != b.v.Kind() {
		return false
	}
	switch a.v.Kind() {
	case value.ListKind:
		l, m := a.v.List(), b.v.List()
		if l.Len() != m.Len() {
			return false
		}
		for i, v := range l.All() {
			if !same(term{v: v}, term{v: m.At(i)}) {
				return false
			}
		}
		return true
	case value.MapKind:
		l, m := a.v.Map(), b.v.Map()
		if l.Len() != m.Len() {
			return false
		}
		for k, v := range l.All() {
			w, ok := m.Get(k)
			if !ok || !same(term{v: v}, term{v: w}) {
				return false
			}
		}
		return true
	}
	return value.Equal(a.v, b.v)
}

// toFloat gives a number of any kind as JSON-e knows numbers: as a float.
func toFloat(v value.Value) float64 {
	if f, ok := v.AsFloat(); ok {
		return f
	}
	f, _ := new(big.Float).SetInt(v.AsBigInt()).Float64()
	return f
}

// asNumber gives a number and whether the term is one.
func asNumber(t term) (float64, bool) {
	switch t.v.Kind() {
	case value.Int, value.BigInt, value.Float:
		return toFloat(t.v), true
	}
	return 0, false
}

// asInteger gives an integer that counts items, and whether the term is one.
func asInteger(t term) (int, bool) {
	f, ok := asNumber(t)
	if !ok || f != math.Trunc(f) || math.IsInf(f, 0) {
		return 0, false
	}
	return int(max(-1<<53, min(f, 1<<53))), true
}

// number gives the value for a number: an integer where it is one that a float holds exactly.
func number(f float64) value.Value {
	if f == math.Trunc(f) && math.Abs(f) <= 1<<53 {
		return value.NewInt(int64(f))
	}
	return value.NewFloat(f)
}

func parseFloat(s string) float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return math.Inf(1) // too large
	}
	return f
}

// numberText writes a number as JavaScript does.
func numberText(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0:
		return "0"
	}
	if a := math.Abs(f); a >= 1e-6 && a < 1e21 {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	s := strconv.FormatFloat(f, 'e', -1, 64)
	mantissa, exponent, _ := strings.Cut(s, "e")
	return mantissa + "e" + exponent[:1] + strings.TrimLeft(exponent[1:], "0")
}

// scalarText writes what can stand in a string.
func scalarText(t term) (string, bool) {
	switch {
	case t.fn != nil:
		return "", false
	case t.v.IsNull():
		return "", true
	case t.v.IsString():
		return t.v.Str(), true
	case t.v.Kind() == value.Bool:
		return strconv.FormatBool(t.v.IsTrue()), true
	}
	f, ok := asNumber(t)
	if !ok {
		return "", false
	}
	return numberText(f), true
}

// compareText orders strings as JavaScript does, by UTF-16 code units. That is the order of code points but for
// characters beyond the first 65,536.
func compareText(a, b string) int {
	if !beyondBMP(a) && !beyondBMP(b) {
		return cmp.Compare(a, b)
	}
	return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
}

func beyondBMP(s string) bool {
	for i := range len(s) {
		if s[i] >= 0xf0 {
			return true
		}
	}
	return false
}

// appendJSON writes a value as JSON.stringify does, with sorted keys.
func appendJSON(dst []byte, v value.Value) []byte {
	switch v.Kind() {
	case value.Null:
		return append(dst, "null"...)
	case value.Bool:
		return strconv.AppendBool(dst, v.IsTrue())
	case value.String:
		return appendQuoted(dst, v.Str())
	case value.ListKind:
		dst = append(dst, '[')
		for i, item := range v.List().All() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendJSON(dst, item)
		}
		return append(dst, ']')
	case value.MapKind:
		dst = append(dst, '{')
		for i, e := range sortedEntries(v.Map()) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendQuoted(dst, e.Key.KeyText()), ':')
			dst = appendJSON(dst, e.Value)
		}
		return append(dst, '}')
	}
	f := toFloat(v)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(dst, "null"...)
	}
	return append(dst, numberText(f)...)
}

// appendQuoted writes a string as JSON: only quotes, backslashes and control characters are escaped.
func appendQuoted(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := range len(s) {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c >= ' ':
			dst = append(dst, c)
		default:
			if j := strings.IndexByte("\b\f\n\r\t", c); j >= 0 {
				dst = append(dst, '\\', "bfnrt"[j])
			} else {
				dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
			}
		}
	}
	return append(dst, '"')
}

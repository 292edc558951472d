package value

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxWidth bounds width and precision, so that a short text cannot ask for gigabytes.
const maxWidth = 1 << 16

// formatSpec is what stands behind the colon of a field:
//
//	[[fill]align][sign][z][#][0][width][,_][.precision][type]
type formatSpec struct {
	source    string
	fault     string // why source is none
	fill      rune   // -1: not given
	align     byte   // <, >, ^, =, or 0
	sign      byte   // +, -, space, or 0
	noMinus0  bool   // z: no minus before what is rounded to zero
	alternate bool   // #
	zeros     bool   // 0 before the width
	width     int
	separator byte // , or _ or 0
	precision int  // -1: not given
	verb      rune // 0: not given
}

// parseSpec parses a format specification. What is wrong with it shows only when it is applied: not every type cares.
func parseSpec(s string) formatSpec {
	f := formatSpec{source: s, fill: -1, precision: -1}
	isAlign := func(s string) bool { return s != "" && strings.IndexByte("<>=^", s[0]) >= 0 }
	flag := func(c byte) bool {
		if s == "" || s[0] != c {
			return false
		}
		s = s[1:]
		return true
	}
	if c, size := utf8.DecodeRuneInString(s); isAlign(s[size:]) {
		f.fill, f.align = c, s[size]
		s = s[size+1:]
	} else if isAlign(s) {
		f.align = s[0]
		s = s[1:]
	}
	if s != "" && (s[0] == '+' || s[0] == '-' || s[0] == ' ') {
		f.sign = s[0]
		s = s[1:]
	}
	f.noMinus0 = flag('z')
	f.alternate = flag('#')
	f.zeros = f.fill < 0 && flag('0')
	number := func() (n int, given bool) {
		for s != "" && s[0] >= '0' && s[0] <= '9' {
			n = min(n*10+int(s[0]-'0'), maxWidth+1)
			s, given = s[1:], true
		}
		if n > maxWidth {
			f.fault = fmt.Sprintf("a width or precision above %d", maxWidth)
		}
		return n, given
	}
	f.width, _ = number()
	switch {
	case flag(','):
		f.separator = ','
	case flag('_'):
		f.separator = '_'
	}
	if f.separator != 0 && s != "" && (s[0] == ',' || s[0] == '_') && s[0] != f.separator {
		f.fault = `both "," and "_"`
	}
	if flag('.') {
		n, given := number()
		if f.precision = n; !given {
			f.fault = `no precision behind "."`
		}
	}
	if s != "" {
		c, size := utf8.DecodeRuneInString(s)
		if f.verb = c; s[size:] != "" {
			f.fault = fmt.Sprintf("%q is left over", s)
		}
	}
	if f.fault != "" {
		f.fault = fmt.Sprintf("bad format specification %q: %s", f.source, f.fault)
	}
	return f
}

// append writes a value as the specification says, and gives what does not fit, or "".
func (f *formatSpec) append(dst []byte, v Value) ([]byte, string) {
	if f.source == "" {
		return appendPyStr(dst, v), ""
	}
	switch v.Kind() {
	case String, Bool, Int, BigInt, Float:
	case Time, Date:
		t, _ := v.AsTime()
		text, fault := strftime(t, f.source, v.Kind() == Date || t.Location() == time.UTC)
		return append(dst, text...), fault
	default:
		return nil, fmt.Sprintf("%s takes no format specification, got %q", v.Describe(), f.source)
	}
	if f.fault != "" {
		return nil, f.fault
	}
	if fault := f.checkSeparator(v); fault != "" {
		return nil, fault
	}
	switch v.Kind() {
	case String:
		return f.text(dst, v)
	case Float:
		x, _ := v.AsFloat()
		return f.float(dst, v, x)
	}
	return f.integer(dst, v)
}

func (f *formatSpec) unknownVerb(v Value) string {
	return fmt.Sprintf("unknown format %q for a value of the type %s", string(f.verb), pyType(v))
}

func (f *formatSpec) notFor(what string, v Value) string {
	return fmt.Sprintf("%s is not for values of the type %s (in %q)", what, pyType(v), f.source)
}

// checkSeparator refuses separators between digits where there are none.
func (f *formatSpec) checkSeparator(v Value) string {
	if f.separator == 0 {
		return ""
	}
	verb := f.verb
	if verb == 0 && v.Kind() == String {
		verb = 's'
	}
	switch {
	case verb == 0 || strings.ContainsRune("defgEG%F", verb):
		return ""
	case f.separator == '_' && strings.ContainsRune("boxX", verb):
		return ""
	}
	return fmt.Sprintf("%q does not go with the format %q", string(f.separator), string(verb))
}

func (f *formatSpec) text(dst []byte, v Value) ([]byte, string) {
	switch {
	case f.verb != 0 && f.verb != 's':
		return nil, f.unknownVerb(v)
	case f.sign != 0:
		return nil, f.notFor("a sign", v)
	case f.noMinus0:
		return nil, f.notFor(`"z"`, v)
	case f.alternate:
		return nil, f.notFor(`"#"`, v)
	case f.align == '=':
		return nil, f.notFor(`"="`, v)
	}
	s := v.text()
	if f.precision >= 0 {
		n := 0
		for i := range s {
			if n == f.precision {
				s = s[:i]
				break
			}
			n++
		}
	}
	return f.pad(dst, "", s, '<'), ""
}

// integer writes an integer or a boolean, whose Python type is one.
func (f *formatSpec) integer(dst []byte, v Value) ([]byte, string) {
	n := v.integer()
	base, prefix := 10, ""
	switch f.verb {
	case 0, 'd', 'n':
	case 'b':
		base, prefix = 2, "0b"
	case 'o':
		base, prefix = 8, "0o"
	case 'x':
		base, prefix = 16, "0x"
	case 'X':
		base, prefix = 16, "0X"
	case 'c':
		return f.character(dst, v, n)
	case 'e', 'E', 'f', 'F', 'g', 'G', '%':
		x, _ := new(big.Float).SetInt(n).Float64()
		if math.IsInf(x, 0) {
			return nil, "the integer is too large for a float"
		}
		return f.float(dst, v, x)
	default:
		return nil, f.unknownVerb(v)
	}
	switch {
	case f.precision >= 0:
		return nil, f.notFor("a precision", v)
	case f.noMinus0:
		return nil, f.notFor(`"z"`, v)
	}
	if !f.alternate {
		prefix = ""
	}
	digits := new(big.Int).Abs(n).Text(base)
	if f.verb == 'X' {
		digits = strings.ToUpper(digits)
	}
	group := 3
	if base != 10 {
		group = 4
	}
	return f.number(dst, n.Sign() < 0, prefix, digits, "", group), ""
}

// character writes an integer as the character with that number.
func (f *formatSpec) character(dst []byte, v Value, n *big.Int) ([]byte, string) {
	switch {
	case f.precision >= 0:
		return nil, f.notFor("a precision", v)
	case f.noMinus0 || f.sign != 0 || f.alternate:
		return nil, fmt.Sprintf("a sign, %q and %q do not go with the format %q", "z", "#", "c")
	case !n.IsInt64() || n.Int64() < 0 || n.Int64() > utf8.MaxRune || !utf8.ValidRune(rune(n.Int64())):
		return nil, fmt.Sprintf("there is no character %v", n)
	}
	return f.pad(dst, "", string(rune(n.Int64())), '>'), ""
}

// float writes a float, or an integer as one.
func (f *formatSpec) float(dst []byte, v Value, x float64) ([]byte, string) {
	verb, precision, suffix := f.verb, f.precision, ""
	if precision < 0 {
		precision = 6
	}
	negative := math.Signbit(x) && !math.IsNaN(x)
	x = math.Abs(x)
	var text string
	switch verb {
	case 0:
		text = f.plainFloat(x)
	case 'e', 'E':
		text = strconv.FormatFloat(x, 'e', precision, 64)
		if f.alternate && precision == 0 {
			text = strings.Replace(text, "e", ".e", 1)
		}
	case '%':
		x *= 100
		suffix = "%"
		fallthrough
	case 'f', 'F':
		text = strconv.FormatFloat(x, 'f', precision, 64)
		if f.alternate && precision == 0 {
			text += "."
		}
	case 'g', 'G', 'n':
		text = general(x, max(precision, 1), f.alternate, false)
	default:
		return nil, f.unknownVerb(v)
	}
	switch {
	case math.IsInf(x, 0):
		text = "inf"
	case math.IsNaN(x):
		text = "nan"
	}
	if mantissa, _, _ := strings.Cut(text, "e"); f.noMinus0 && strings.Trim(mantissa, "0.") == "" {
		negative = false
	}
	if verb == 'E' || verb == 'F' || verb == 'G' {
		text = strings.ToUpper(text)
	}
	digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
	return f.number(dst, negative, "", text[:digits], text[digits:]+suffix, 3), ""
}

// plainFloat writes a float without a letter in the specification: as str does, or with a precision in the general
// format with at least one digit behind the point.
func (f *formatSpec) plainFloat(x float64) string {
	switch {
	case f.precision >= 0:
		return general(x, max(f.precision, 1), f.alternate, true)
	case f.alternate && !strings.Contains(FormatFloat(x), "."):
		mantissa, exponent, _ := strings.Cut(FormatFloat(x), "e")
		return mantissa + ".e" + exponent
	}
	return FormatFloat(x)
}

// general writes a float with a number of significant digits, without exponent where it is short enough. Zeros at the
// end are dropped unless they are kept.
func general(x float64, precision int, keepZeros, point bool) string {
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return ""
	}
	mantissa, exp, _ := strings.Cut(strconv.FormatFloat(x, 'e', precision-1, 64), "e")
	exponent, _ := strconv.Atoi(exp)
	limit := precision
	if point {
		limit--
	}
	scientific := exponent < -4 || exponent >= limit
	text := mantissa
	if !scientific {
		text = strconv.FormatFloat(x, 'f', max(precision-1-exponent, 0), 64)
	}
	if keepZeros {
		if !strings.Contains(text, ".") {
			text += "."
		}
	} else if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	if scientific {
		return text + "e" + exp
	}
	if point && !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// number writes the digits of a number with its sign, the prefix of its base and what follows the digits.
func (f *formatSpec) number(dst []byte, negative bool, prefix, digits, rest string, group int) []byte {
	lead := prefix
	switch {
	case negative:
		lead = "-" + prefix
	case f.sign == '+' || f.sign == ' ':
		lead = string(f.sign) + prefix
	}
	inside := f.align == '=' || f.zeros && f.align == 0
	if f.separator != 0 && digits != "" {
		// Zeros that fill up to the width are separated too.
		atLeast := 0
		if inside && (f.zeros || f.fill == '0') {
			atLeast = f.width - len(lead) - len(rest)
		}
		digits = separated(digits, f.separator, group, atLeast)
	}
	if inside {
		return f.pad(dst, lead, digits+rest, '=')
	}
	return f.pad(dst, "", lead+digits+rest, '>')
}

// separated puts a separator between groups of digits, with zeros before them up to a width. It never starts with a
// separator, even where that makes it wider.
func separated(digits string, separator byte, group, width int) string {
	var groups []string
	for {
		size := min(group, max(len(digits), width, 1))
		take := min(size, len(digits))
		groups = append(groups, strings.Repeat("0", size-take)+digits[len(digits)-take:])
		digits = digits[:len(digits)-take]
		width -= size
		if digits == "" && width <= 0 {
			break
		}
		width--
	}
	var b strings.Builder
	for i := len(groups) - 1; i >= 0; i-- {
		b.WriteString(groups[i])
		if i > 0 {
			b.WriteByte(separator)
		}
	}
	return b.String()
}

// pad writes lead and text, filled up to the width: between them, or around both.
func (f *formatSpec) pad(dst []byte, lead, text string, align byte) []byte {
	if f.align != 0 {
		align = f.align
	}
	fill := f.fill
	switch {
	case fill >= 0:
	case f.zeros:
		fill = '0'
	default:
		fill = ' '
	}
	missing := max(0, f.width-utf8.RuneCountInString(lead)-utf8.RuneCountInString(text))
	before, between, behind := 0, 0, 0
	switch align {
	case '<':
		behind = missing
	case '>':
		before = missing
	case '^':
		before = missing / 2
		behind = missing - before
	case '=':
		between = missing
	}
	repeat := func(n int) {
		for range n {
			dst = utf8.AppendRune(dst, fill)
		}
	}
	repeat(before)
	dst = append(dst, lead...)
	repeat(between)
	dst = append(dst, text...)
	repeat(behind)
	return dst
}

package value

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// yamlTag is what a tag of YAML 1.1 makes of a node.
type yamlTag uint8

const (
	noTag yamlTag = iota
	strTag
	nullTag
	boolTag
	intTag
	floatTag
	timestampTag
	binaryTag
	mergeTag // the key "<<"
	valueTag // the key "="
	seqTag
	mapTag
	setTag
	pairsTag // !!omap is the same to PyYAML
	otherTag
)

const tagPrefix = "tag:yaml.org,2002:"

// tagNamed gives the tag with a full name.
func tagNamed(name string) yamlTag {
	if name == "" {
		return noTag
	}
	suffix, ok := strings.CutPrefix(name, tagPrefix)
	if !ok {
		return otherTag
	}
	switch suffix {
	case "str":
		return strTag
	case "null":
		return nullTag
	case "bool":
		return boolTag
	case "int":
		return intTag
	case "float":
		return floatTag
	case "timestamp":
		return timestampTag
	case "binary":
		return binaryTag
	case "merge":
		return mergeTag
	case "value":
		return valueTag
	case "seq":
		return seqTag
	case "map":
		return mapTag
	case "set":
		return setTag
	case "omap", "pairs":
		return pairsTag
	}
	return otherTag
}

// resolveTag gives the tag that PyYAML finds for a scalar without quotes by its look. Its regular expressions allow a
// line break at the end, which matters for a block scalar with the tag "!".
func resolveTag(s string) yamlTag {
	if s == "" {
		return nullTag
	}
	first := s[0]
	if s[len(s)-1] == '\n' && len(s) > 1 {
		s = s[:len(s)-1]
	}
	switch first {
	case 'y', 'Y', 'n', 'N', 't', 'T', 'f', 'F', 'o', 'O':
		switch s {
		case "yes", "Yes", "YES", "no", "No", "NO", "true", "True", "TRUE", "false", "False", "FALSE", "on", "On", "ON", "off", "Off", "OFF":
			return boolTag
		case "null", "Null", "NULL":
			return nullTag
		}
	case '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '+', '-', '.':
		switch {
		case looksFloat(s):
			return floatTag
		case looksInt(s):
			return intTag
		case looksTimestamp(s):
			return timestampTag
		}
	case '~':
		if s == "~" {
			return nullTag
		}
	case '<':
		if s == "<<" {
			return mergeTag
		}
	case '=':
		if s == "=" {
			return valueTag
		}
	case '!', '&', '*':
		if len(s) == 1 {
			return otherTag
		}
	}
	return strTag
}

// skipAll gives s without the bytes at its beginning that are in set.
func skipAll(s, set string) string {
	for s != "" && strings.IndexByte(set, s[0]) >= 0 {
		s = s[1:]
	}
	return s
}

const (
	decimal       = "0123456789"
	decimalGroups = decimal + "_"
)

func startsWith(s, set string) bool { return s != "" && strings.IndexByte(set, s[0]) >= 0 }

func skipSign(s string) string {
	if startsWith(s, "+-") {
		return s[1:]
	}
	return s
}

// skipSixties gives s without the groups at its beginning that are ":" and a number below 60.
func skipSixties(s string) string {
	for len(s) > 1 && s[0] == ':' && startsWith(s[1:], decimal) {
		if len(s) > 2 && startsWith(s[2:], decimal) {
			if s[1] > '5' {
				break
			}
			s = s[3:]
			continue
		}
		s = s[2:]
	}
	return s
}

// looksInt says whether s is one of:
//
//	0b101  017  0  42  1_000  0x1F  1:30:00
func looksInt(s string) bool {
	s = skipSign(s)
	if s == "" {
		return false
	}
	if s[0] != '0' {
		return s[0] >= '1' && s[0] <= '9' && skipSixties(skipAll(s, decimalGroups)) == ""
	}
	switch {
	case len(s) == 1:
		return true
	case s[1] == 'b':
		return len(s) > 2 && skipAll(s[2:], "01_") == ""
	case s[1] == 'x':
		return len(s) > 2 && skipAll(s[2:], "0123456789abcdefABCDEF_") == ""
	}
	return skipAll(s[1:], "01234567_") == ""
}

// looksFloat says whether s is one of:
//
//	1.5  1.  1.5e+3  .5  1:30.5  -.inf  .nan
func looksFloat(s string) bool {
	switch skipSign(s) {
	case ".inf", ".Inf", ".INF":
		return true
	}
	switch s {
	case ".nan", ".NaN", ".NAN":
		return true
	}
	if s[0] == '.' {
		return startsWith(s[1:], decimal) && isExponent(skipAll(s[1:], decimalGroups))
	}
	if s = skipSign(s); !startsWith(s, decimal) {
		return false
	}
	s = skipAll(s, decimalGroups)
	if rest := skipSixties(s); rest != s {
		return rest != "" && rest[0] == '.' && skipAll(rest[1:], decimalGroups) == ""
	}
	return s != "" && s[0] == '.' && isExponent(skipAll(s[1:], decimalGroups))
}

// isExponent says whether s is empty or an exponent, which must have a sign.
func isExponent(s string) bool {
	return s == "" || len(s) > 2 && startsWith(s, "eE") && startsWith(s[1:], "+-") && skipAll(s[2:], decimal) == ""
}

// looksTimestamp says whether s is 2001-12-14, or a timestamp with a time. Without a time month and day have two digits.
func looksTimestamp(s string) bool {
	if len(s) < 8 || s[4] != '-' {
		return false
	}
	t, ok := splitTimestamp(s)
	return ok && (t.timed || len(s) == len("2001-12-14"))
}

// timestamp holds the fields of a timestamp as they are written.
type timestamp struct {
	year, month, day     int
	timed                bool
	hour, minute, second int
	fraction             string
	zoned                bool
	offset               time.Duration
}

// number cuts a number of least to most digits off s.
func number(s *string, least, most int) (n int, ok bool) {
	i := 0
	for ; i < most && i < len(*s) && (*s)[i] >= '0' && (*s)[i] <= '9'; i++ {
		n = n*10 + int((*s)[i]-'0')
	}
	*s = (*s)[i:]
	return n, i >= least
}

func cut(s *string, c byte) bool {
	if *s == "" || (*s)[0] != c {
		return false
	}
	*s = (*s)[1:]
	return true
}

// splitTimestamp reads the forms that PyYAML reads:
//
//	2001-12-14   2001-12-14T21:59:43.10-05:00   2001-12-14 21:59:43 Z
func splitTimestamp(s string) (t timestamp, ok bool) {
	var y, m, d bool
	t.year, y = number(&s, 4, 4)
	if !y || !cut(&s, '-') {
		return t, false
	}
	t.month, m = number(&s, 1, 2)
	if !m || !cut(&s, '-') {
		return t, false
	}
	if t.day, d = number(&s, 1, 2); !d || s == "" {
		return t, d
	}
	t.timed = true
	if !cut(&s, 'T') && !cut(&s, 't') {
		rest := skipAll(s, " \t")
		if rest == s {
			return t, false
		}
		s = rest
	}
	t.hour, y = number(&s, 1, 2)
	y = y && cut(&s, ':')
	t.minute, m = number(&s, 2, 2)
	m = m && cut(&s, ':')
	t.second, d = number(&s, 2, 2)
	if !y || !m || !d {
		return t, false
	}
	if cut(&s, '.') {
		rest := skipAll(s, decimal)
		t.fraction, s = s[:len(s)-len(rest)], rest
	}
	if s == "" {
		return t, true
	}
	s = skipAll(s, " \t")
	t.zoned = true
	if s == "Z" {
		return t, true
	}
	west := cut(&s, '-')
	if !west && !cut(&s, '+') {
		return t, false
	}
	h, ok := number(&s, 1, 2)
	minutes := 0
	if ok && cut(&s, ':') {
		minutes, ok = number(&s, 2, 2)
	}
	t.offset = time.Duration(h)*time.Hour + time.Duration(minutes)*time.Minute
	if west {
		t.offset = -t.offset
	}
	return t, ok && s == ""
}

// value gives the timestamp, or why there is none.
func (t *timestamp) value() (Value, string) {
	if t.year < 1 || t.month < 1 || t.month > 12 || t.day < 1 || t.day > daysIn(t.year, t.month) {
		return Value{}, "there is no such day in the calendar"
	}
	if !t.timed {
		return NewDate(time.Date(t.year, time.Month(t.month), t.day, 0, 0, 0, 0, time.UTC)), ""
	}
	if t.hour > 23 || t.minute > 59 || t.second > 59 {
		return Value{}, "there is no such time of day"
	}
	zone := time.UTC
	if t.zoned {
		if t.offset <= -24*time.Hour || t.offset >= 24*time.Hour {
			return Value{}, "the offset from UTC must be less than 24 hours"
		}
		zone = time.FixedZone(zoneName(t.offset), int(t.offset/time.Second))
	}
	micros, _ := strconv.Atoi((t.fraction + "000000")[:6])
	return NewTime(time.Date(t.year, time.Month(t.month), t.day, t.hour, t.minute, t.second, micros*1000, zone)), ""
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// zoneName gives the offset as Python writes it.
func zoneName(offset time.Duration) string {
	sign, minutes := '+', int(offset/time.Minute)
	if minutes < 0 {
		sign, minutes = '-', -minutes
	}
	return fmt.Sprintf("%c%02d:%02d", sign, minutes/60, minutes%60)
}

// FormatTime writes a timestamp or a date as Python's str does. A time in [time.UTC] is one that was written without
// zone; the YAML reader gives any other, "Z" among them, a zone of its own.
func FormatTime(v Value) string {
	t, _ := v.AsTime()
	if v.Kind() == Date {
		return t.Format("2006-01-02")
	}
	text := t.Format("2006-01-02 15:04:05")
	if micros := t.Nanosecond() / 1000; micros != 0 {
		text += fmt.Sprintf(".%06d", micros)
	}
	if t.Location() != time.UTC {
		_, seconds := t.Zone()
		text += zoneName(time.Duration(seconds) * time.Second)
	}
	return text
}

// scalarOf makes the value of a scalar with a tag, which may be explicit: then the text can be anything. Where there
// is none the second result says why.
func scalarOf(tag yamlTag, text string) (Value, string) {
	switch tag {
	case nullTag:
		return Value{}, ""
	case boolTag:
		switch strings.ToLower(text) {
		case "yes", "true", "on":
			return NewBool(true), ""
		case "no", "false", "off":
			return NewBool(false), ""
		}
		return Value{}, fmt.Sprintf("%s is no boolean; valid: true, false, yes, no, on, off", clip(text))
	case intTag:
		return yamlInt(text)
	case floatTag:
		return yamlFloat(text)
	case timestampTag:
		t, ok := splitTimestamp(strings.TrimSuffix(text, "\n"))
		if !ok {
			return Value{}, fmt.Sprintf("%s is no timestamp; want 2001-12-31 or 2001-12-31T23:59:59Z", clip(text))
		}
		v, problem := t.value()
		if problem != "" {
			problem = fmt.Sprintf("%s is no timestamp: %s; quote it if it is text", clip(text), problem)
		}
		return v, problem
	case binaryTag:
		data, problem := pythonBase64(text)
		if problem != "" {
			return Value{}, "not base64: " + problem
		}
		return NewBytes(data), ""
	}
	return NewString(text), ""
}

func clip(text string) string { return NewString(text).Describe() }

// maxDigits is the number of decimal digits that Python reads and writes at most.
const maxDigits = 4300

// yamlInt reads an integer: decimal, with a leading 0 octal, 0b, 0x, or groups of base 60.
func yamlInt(text string) (Value, string) {
	if n, ok := smallDecimal(text); ok {
		return NewInt(n), ""
	}
	if len(text) > 4*maxDigits {
		return Value{}, "the integer has too many digits"
	}
	s := strings.ReplaceAll(text, "_", "")
	negative := strings.HasPrefix(s, "-")
	s = skipSign(s)
	n, ok := new(big.Int), true
	switch {
	case s == "0":
	case strings.HasPrefix(s, "0b"):
		n, ok = pythonInt(s[2:], 2)
	case strings.HasPrefix(s, "0x"):
		n, ok = pythonInt(s[2:], 16)
	case strings.HasPrefix(s, "0"):
		n, ok = pythonInt(s, 8)
	case strings.Contains(s, ":"):
		for part := range strings.SplitSeq(s, ":") {
			digit, good := pythonInt(part, 10)
			if ok = ok && good; !ok {
				break
			}
			n.Mul(n, big.NewInt(60)).Add(n, digit)
		}
	default:
		n, ok = pythonInt(s, 10)
	}
	if !ok {
		return Value{}, fmt.Sprintf("%s is no integer", clip(text))
	}
	if negative {
		n.Neg(n)
	}
	return NewBigInt(n), ""
}

// smallDecimal reads what is written without any frills and fits an int64.
func smallDecimal(s string) (int64, bool) {
	if s == "" || len(s) > 18 || s[0] == '0' && len(s) > 1 {
		return 0, false
	}
	n := int64(0)
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	return n, true
}

// pythonInt reads what Python's int does: blanks around it, a sign and the prefix of its base.
func pythonInt(s string, base int) (*big.Int, bool) {
	s = strings.TrimSpace(s)
	sign := ""
	if startsWith(s, "+-") {
		sign, s = s[:1], s[1:]
	}
	if prefix := map[int]string{2: "0b", 8: "0o", 16: "0x"}[base]; prefix != "" && len(s) > 1 && strings.EqualFold(s[:2], prefix) {
		s = s[2:]
	}
	if s == "" || startsWith(s, "+-_") || base == 10 && len(s) > maxDigits {
		return nil, false
	}
	return new(big.Int).SetString(sign+s, base)
}

// yamlFloat reads a float: decimal, infinite, not a number, or groups of base 60.
func yamlFloat(text string) (Value, string) {
	s := strings.ToLower(strings.ReplaceAll(text, "_", ""))
	sign := 1.0
	if strings.HasPrefix(s, "-") {
		sign = -1
	}
	s = skipSign(s)
	f, ok := 0.0, true
	switch {
	case s == ".inf":
		f = math.Inf(1)
	case s == ".nan":
		f = math.NaN()
	case strings.Contains(s, ":"):
		parts, unit := strings.Split(s, ":"), 1.0
		for i := len(parts) - 1; i >= 0 && ok; i-- {
			var part float64
			part, ok = pythonFloat(parts[i])
			f += part * unit
			unit *= 60
		}
	default:
		f, ok = pythonFloat(s)
	}
	if !ok {
		return Value{}, fmt.Sprintf("%s is no number", clip(text))
	}
	return NewFloat(sign * f), ""
}

// pythonFloat reads what Python's float does, which has no hexadecimal form.
func pythonFloat(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	if unsigned := skipSign(s); unsigned == "nan" {
		return math.NaN(), true
	}
	if strings.ContainsAny(s, "xXpP_") {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil || math.IsInf(f, 0) // too large is infinite
}

// pythonBase64 reads base64 as leniently as Python: what is no digit is skipped, and all ends at the padding.
func pythonBase64(text string) ([]byte, string) {
	out := make([]byte, 0, len(text)/4*3)
	bits, digits, pads := uint32(0), 0, 0
	for i := range len(text) {
		c := text[i]
		if c >= 0x80 {
			return nil, "unexpected character that is not ASCII"
		}
		if c == '=' {
			if pads++; digits >= 2 && digits+pads >= 4 {
				return out, ""
			}
			if digits < 2 {
				pads = 0
			}
			continue
		}
		d := base64Digit(c)
		if d < 0 {
			continue
		}
		pads = 0
		bits = bits<<6 | uint32(d)
		switch digits++; digits {
		case 2:
			out = append(out, byte(bits>>4))
		case 3:
			out = append(out, byte(bits>>2))
		case 4:
			out = append(out, byte(bits))
			digits = 0
		}
	}
	switch digits {
	case 0:
		return out, ""
	case 1:
		return nil, "the number of digits cannot be 1 more than a multiple of 4"
	}
	return nil, "incorrect padding"
}

func base64Digit(c byte) int {
	switch {
	case c >= 'A' && c <= 'Z':
		return int(c - 'A')
	case c >= 'a' && c <= 'z':
		return int(c-'a') + 26
	case c >= '0' && c <= '9':
		return int(c-'0') + 52
	case c == '+':
		return 62
	case c == '/':
		return 63
	}
	return -1
}

package value

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

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

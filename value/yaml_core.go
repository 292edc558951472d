package value

import (
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
)

var (
	coreInt   = regexp.MustCompile(`^[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0o[0-7_]+|[0-9][0-9_]*)$`)
	coreFloat = regexp.MustCompile(`^(?:[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?|\.[0-9_]+(?:[eE][-+]?[0-9]+)?)$`)
)

// coreScalar gives what a scalar without quotes stands for in the core schema of YAML 1.2, with timestamps, as js-yaml
// has it.
func coreScalar(s string) Value {
	switch s {
	case "", "~", "null", "Null", "NULL":
		return Value{}
	case "true", "True", "TRUE":
		return NewBool(true)
	case "false", "False", "FALSE":
		return NewBool(false)
	case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF":
		return NewFloat(math.Inf(1))
	case "-.inf", "-.Inf", "-.INF":
		return NewFloat(math.Inf(-1))
	case ".nan", ".NaN", ".NAN":
		return NewFloat(math.NaN())
	}
	c := s[0]
	if c > '9' || len(s) > maxDigits || strings.HasSuffix(s, "_") {
		return NewString(s)
	}
	digits := strings.ReplaceAll(s, "_", "")
	switch {
	case coreInt.MatchString(s):
		if n, ok := coreInteger(digits); ok {
			return NewBigInt(n)
		}
	case coreFloat.MatchString(s):
		if f, err := strconv.ParseFloat(digits, 64); err == nil || !math.IsNaN(f) && f != 0 {
			return NewFloat(f)
		}
	case looksTimestamp(s):
		if v, problem := scalarOf(timestampTag, s); problem == "" {
			return v
		}
	}
	return NewString(s)
}

// coreInteger reads an integer in the base that its prefix says, which is ten where it begins with a 0 and a digit.
func coreInteger(s string) (*big.Int, bool) {
	sign := ""
	if s[0] == '-' || s[0] == '+' {
		sign, s = s[:1], s[1:]
	}
	base := 10
	if len(s) > 2 && s[0] == '0' {
		switch s[1] {
		case 'b':
			base, s = 2, s[2:]
		case 'o':
			base, s = 8, s[2:]
		case 'x':
			base, s = 16, s[2:]
		}
	}
	return new(big.Int).SetString(strings.TrimPrefix(sign, "+")+s, base)
}

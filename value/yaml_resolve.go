package value

import "strings"

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

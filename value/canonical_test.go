package value

import (
	"encoding/hex"
	"slices"
	"strings"
)

// canonical writes a value as the second opinion does: with all of its type and value.
func canonical(v Value) string {
	switch v.Kind() {
	case Null:
		return "null"
	case Bool:
		return v.Describe()
	case Int, BigInt:
		n := v.AsBigInt()
		return "i" + n.Text(16)
	case Float:
		f, _ := v.AsFloat()
		return "f" + FormatFloat(f)
	case String:
		return "s" + hex.EncodeToString([]byte(v.Str()))
	case Bytes:
		return "b" + hex.EncodeToString(v.AsBytes())
	case Time:
		return "t" + hex.EncodeToString([]byte(FormatTime(v)))
	case Date:
		return "d" + hex.EncodeToString([]byte(FormatTime(v)))
	case ListKind:
		var parts []string
		for x := range v.List().Values() {
			parts = append(parts, canonical(x))
		}
		return "[" + strings.Join(parts, " ") + "]"
	case SetKind:
		var parts []string
		for e := range v.Set().Entries() {
			parts = append(parts, canonical(e.Key))
		}
		slices.Sort(parts)
		return "<" + strings.Join(parts, " ") + ">"
	}
	var parts []string
	for e := range v.Map().Entries() {
		parts = append(parts, canonical(e.Key)+"="+canonical(e.Value))
	}
	return "{" + strings.Join(parts, " ") + "}"
}

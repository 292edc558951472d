package transforms

import (
	"strings"
	"unicode/utf8"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// SplitSymbol takes a Treeherder symbol of the form group(symbol) apart. The group of a plain symbol is "?".
func SplitSymbol(s string) (group, symbol string, err error) {
	group, rest, ok := strings.Cut(s, "(")
	if !ok {
		return "?", s, nil
	}
	symbol, end, ok := strings.Cut(rest, ")")
	if !ok || end != "" && end != "\n" {
		return "", "", diag.Errorf(diag.BadTreeherder, 0, "want a symbol or group(symbol), got %q", s)
	}
	return group, symbol, nil
}

// JoinSymbol puts together what [SplitSymbol] takes apart.
func JoinSymbol(group, symbol string) string {
	if group == "?" {
		return symbol
	}
	return group + "(" + symbol + ")"
}

// treeherderDefaults gives what holds for a kind's tasks on Treeherder unless they say otherwise. The symbol is made of
// the first letters of the words in the kind's name.
func treeherderDefaults(kind, _ string) *value.Map {
	job := "other"
	switch {
	case strings.Contains(kind, "build"):
		job = "build"
	case strings.Contains(kind, "test"):
		job = "test"
	}
	var symbol strings.Builder
	for word := range strings.SplitSeq(kind, "-") {
		_, size := utf8.DecodeRuneInString(word)
		symbol.WriteString(strings.ToUpper(word[:size]))
	}
	m := value.NewMap(4)
	m.Set("platform", value.NewString("default/opt"))
	m.Set("tier", value.NewInt(1))
	m.Set("kind", value.NewString(job))
	m.Set("symbol", value.NewString(symbol.String()))
	return m
}

// ArtifactPrefix gives the directory of a task's artifacts by its attributes: artifact_prefix, or else public/build.
func ArtifactPrefix(attributes *value.Map) string {
	if v := attributes.At("artifact_prefix"); v.Truthy() {
		return value.PyStr(v)
	}
	return "public/build"
}

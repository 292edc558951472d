package taskgraph

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// What can be registered says of itself what it lacks, "" for nothing. It is a mistake of a program, found when the program
// starts and not when a kind first needs what is not there.

// present finds functions that are nil.
func present[F any](f F) string {
	if reflect.ValueOf(f).IsNil() {
		return "is nil"
	}
	return ""
}

// forms are the functions of a [Step] that exclude each other. What else a step may have stands beside one of them, or alone.
var forms = []string{"Each", "Begin", "Plan", "All", "For"}

func (s Sequence) mistake() string {
	if len(s) == 0 {
		return "has no steps"
	}
	for i, step := range s {
		if step.Name == "" {
			return fmt.Sprintf("has a step without a name, at place %d", i)
		}
		n, some := 0, false
		for field, f := range reflect.ValueOf(step).Fields() {
			if f.Kind() != reflect.Func || f.IsNil() {
				continue
			}
			some = true
			if slices.Contains(forms, field.Name) {
				n++
			}
		}
		if !some || n > 1 {
			return fmt.Sprintf("has the step %q with %d of %s, and it takes exactly one", step.Name, n, strings.Join(forms, ", "))
		}
	}
	return ""
}

func (h RunHandler) mistake() string {
	if h.Run == nil {
		return "has no Run"
	}
	return ""
}

func (b PayloadBuilder) mistake() string {
	if b.Build == nil {
		return "has no Build"
	}
	return ""
}

func (b FetchBuilder) mistake() string {
	if b.Build == nil {
		return "has no Build"
	}
	return ""
}

func (g GroupBy) mistake() string {
	if g.Group == nil {
		return "has no Group"
	}
	return ""
}

func strategyMistake(s Strategy) string {
	if s == nil {
		return "is nil"
	}
	return ""
}

func strategySetMistake(set map[string]Strategy) string {
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if name == "" {
			return "has a strategy without a name"
		}
		if set[name] == nil {
			return fmt.Sprintf("has no strategy under the name %q", name)
		}
	}
	return ""
}

func (v Verification) mistake() string {
	switch {
	case v.Check == nil:
		return "has no Check"
	case v.Phase < Initial || v.Phase > MorphedTaskGraph:
		return fmt.Sprintf("is for the phase %d, and there is none", int(v.Phase))
	}
	return ""
}

// maxSymbol is how many characters a Treeherder symbol of an action may have, unless it is JSON-e.
const maxSymbol = 25

func (a *Action) mistake() string {
	switch {
	case a == nil:
		return "is nil"
	case a.Name == "" || a.Title == "":
		return "has no name or no title"
	case a.Symbol == "":
		return "has no symbol"
	case utf8.RuneCountInString(a.Symbol) > maxSymbol && !strings.Contains(a.Symbol, "${"):
		return fmt.Sprintf("has a symbol of more than %d characters", maxSymbol)
	case a.Run == nil:
		return "has no Run"
	}
	return ""
}

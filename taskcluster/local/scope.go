package local

import (
	"cmp"
	"slices"
	"strings"
)

// covers says whether one scope satisfies another: it is the same, or ends in a star and is a prefix.
func covers(have, want string) bool {
	if have == want {
		return true
	}
	prefix, starred := strings.CutSuffix(have, "*")
	return starred && strings.HasPrefix(want, prefix)
}

// satisfies says whether some scope of a set covers what is wanted.
func satisfies(scopes []string, want string) bool {
	for _, have := range scopes {
		if covers(have, want) {
			return true
		}
	}
	return false
}

// satisfiesAll says whether every wanted scope is covered.
func satisfiesAll(scopes, want []string) bool {
	for _, w := range want {
		if !satisfies(scopes, w) {
			return false
		}
	}
	return true
}

// compareScopes orders a set: a* before a before ab.
func compareScopes(a, b string) int {
	x, xs := strings.CutSuffix(a, "*")
	y, ys := strings.CutSuffix(b, "*")
	if c := cmp.Compare(x, y); c != 0 || xs == ys {
		return c
	}
	if xs {
		return -1
	}
	return 1
}

// normalizeScopes sorts a set and leaves out what another scope of it covers.
func normalizeScopes(scopes []string) []string {
	sorted := slices.Clone(scopes)
	slices.SortFunc(sorted, compareScopes)
	kept := make([]string, 0, len(sorted))
	for _, s := range sorted {
		// Everything with a prefix follows that prefix at once, so the last one that was kept decides.
		if n := len(kept); n > 0 && covers(kept[n-1], s) {
			continue
		}
		kept = append(kept, s)
	}
	return kept
}

// validScope says whether a text can be a scope: printable ASCII.
func validScope(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// expression says which scopes are needed. Exactly one of its fields is set.
type expression struct {
	scope *string
	allOf []expression // nil: not this; satisfied if empty
	anyOf []expression // nil: not this; never satisfied if empty
}

func scopeExpression(s string) expression { return expression{scope: &s} }

// satisfied says whether a set of scopes is enough.
func (e *expression) satisfied(scopes []string) bool {
	switch {
	case e.scope != nil:
		return satisfies(scopes, *e.scope)
	case e.allOf != nil:
		for i := range e.allOf {
			if !e.allOf[i].satisfied(scopes) {
				return false
			}
		}
		return true
	default:
		return slices.ContainsFunc(e.anyOf, func(e expression) bool { return e.satisfied(scopes) })
	}
}

// missing gives what of the expression a set does not satisfy; ok is false if nothing is missing.
func (e *expression) missing(scopes []string) (rest expression, ok bool) {
	if e.satisfied(scopes) {
		return expression{}, false
	}
	switch {
	case e.allOf != nil:
		left := []expression{}
		for i := range e.allOf {
			if m, ok := e.allOf[i].missing(scopes); ok {
				left = append(left, m)
			}
		}
		if len(left) == 1 {
			return left[0], true
		}
		return expression{allOf: left}, true
	case e.anyOf != nil:
		left := []expression{}
		for i := range e.anyOf {
			m, _ := e.anyOf[i].missing(scopes)
			left = append(left, m)
		}
		return expression{anyOf: left}, true
	}
	return *e, true
}

// data gives the expression as it is written in JSON.
func (e *expression) data() any {
	list := func(all []expression) []any {
		out := make([]any, len(all))
		for i := range all {
			out[i] = all[i].data()
		}
		return out
	}
	switch {
	case e.scope != nil:
		return *e.scope
	case e.allOf != nil:
		return map[string]any{"AllOf": list(e.allOf)}
	default:
		return map[string]any{"AnyOf": list(e.anyOf)}
	}
}

package local

import (
	"slices"

	"github.com/taskgraph-go/decision/taskcluster/scopes"
)

// satisfiesAll says whether every wanted scope is covered.
func satisfiesAll(have, want []string) bool {
	for _, w := range want {
		if !scopes.Satisfy(have, w) {
			return false
		}
	}
	return true
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
func (e *expression) satisfied(have []string) bool {
	switch {
	case e.scope != nil:
		return scopes.Satisfy(have, *e.scope)
	case e.allOf != nil:
		for i := range e.allOf {
			if !e.allOf[i].satisfied(have) {
				return false
			}
		}
		return true
	default:
		return slices.ContainsFunc(e.anyOf, func(e expression) bool { return e.satisfied(have) })
	}
}

// missing gives what of the expression a set does not satisfy; ok is false if nothing is missing.
func (e *expression) missing(have []string) (rest expression, ok bool) {
	if e.satisfied(have) {
		return expression{}, false
	}
	switch {
	case e.allOf != nil:
		left := []expression{}
		for i := range e.allOf {
			if m, ok := e.allOf[i].missing(have); ok {
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
			m, _ := e.anyOf[i].missing(have)
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

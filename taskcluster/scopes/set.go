package scopes

import "strings"

// Set is a set of scopes. It is immutable and safe for concurrent use; the zero Set is empty.
type Set struct {
	exact    map[string]bool
	prefixes map[string]bool // what stands before a * at the end
	longest  int             // length of the longest prefix
}

// NewSet gives the set of some scopes.
func NewSet(all ...string) Set {
	s := Set{exact: make(map[string]bool, len(all)), prefixes: map[string]bool{}}
	for _, scope := range all {
		s.exact[scope] = true
		if prefix, ok := strings.CutSuffix(scope, "*"); ok {
			s.prefixes[prefix] = true
			s.longest = max(s.longest, len(prefix))
		}
	}
	return s
}

// Satisfies says whether the set has a scope, or one with a star that covers it.
func (s Set) Satisfies(scope string) bool {
	if s.exact[scope] {
		return true
	}
	if len(s.prefixes) == 0 {
		return false
	}
	for n := range min(len(scope), s.longest) + 1 {
		if s.prefixes[scope[:n]] {
			return true
		}
	}
	return false
}

// SatisfiesAny says whether the set satisfies at least one of the scopes.
func (s Set) SatisfiesAny(scopes ...string) bool {
	for _, scope := range scopes {
		if s.Satisfies(scope) {
			return true
		}
	}
	return false
}

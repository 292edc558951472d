package scopes

import (
	"cmp"
	"slices"
	"strings"
)

// Covers says whether one scope satisfies another: it is the same, or ends in a star and is a prefix.
func Covers(have, want string) bool {
	if have == want {
		return true
	}
	prefix, starred := strings.CutSuffix(have, "*")
	return starred && strings.HasPrefix(want, prefix)
}

// Satisfy says whether one of some scopes covers another. A [Set] answers that sooner where it is asked often.
func Satisfy(have []string, want string) bool {
	return slices.ContainsFunc(have, func(scope string) bool { return Covers(scope, want) })
}

// Normalize gives the scopes sorted, without those that another one of them covers.
func Normalize(scopes []string) []string {
	sorted := slices.Clone(scopes)
	slices.SortFunc(sorted, Compare)
	kept := make([]string, 0, len(sorted))
	for _, s := range sorted {
		// Everything with a prefix follows that prefix at once, so the last one that was kept decides.
		if n := len(kept); n > 0 && Covers(kept[n-1], s) {
			continue
		}
		kept = append(kept, s)
	}
	return kept
}

// Compare orders scopes: a* before a before ab.
func Compare(a, b string) int {
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

// IsRole says whether a scope gives those of a role, or of several: it begins with assume: or is a pattern that could.
func IsRole(scope string) bool {
	const assume = "assume:"
	prefix, starred := strings.CutSuffix(scope, "*")
	return strings.HasPrefix(scope, assume) || starred && strings.HasPrefix(assume, prefix)
}

package diag

import (
	"slices"
	"strings"
	"unicode"
)

// Nearest gives the candidate that looks most like name, or "" when none is close enough to be a slip.
func Nearest(name string, candidates []string) string {
	best, bestDist := "", (len([]rune(name))+3)/3+1
	for _, c := range slices.Sorted(slices.Values(candidates)) {
		if c == name {
			continue
		}
		d := distance(fold(name), fold(c), bestDist)
		if d < bestDist && d < max(len(name), len(c)) { // something must be left as it is
			best, bestDist = c, d
		}
	}
	return best
}

// DidYouMean gives a hint that offers the nearest candidate and, when there are few, lists the valid ones.
func DidYouMean(name string, candidates []string) string {
	sorted := slices.Compact(slices.Sorted(slices.Values(candidates)))
	var parts []string
	if near := Nearest(name, sorted); near != "" {
		parts = append(parts, "did you mean \""+near+"\"?")
	}
	if n := len(sorted); n > 0 && n <= 40 {
		parts = append(parts, "valid: "+strings.Join(sorted, ", "))
	}
	return strings.Join(parts, " ")
}

func fold(s string) []rune {
	var out []rune
	for _, r := range s {
		if r == '-' || r == '_' {
			r = '-'
		}
		out = append(out, unicode.ToLower(r))
	}
	return out
}

// distance is the number of edits (insert, delete, replace, swap of neighbours) between a and b, or limit
// when it is not smaller.
func distance(a, b []rune, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	prev2, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return min(prev[len(b)], limit)
}

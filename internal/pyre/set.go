package pyre

import (
	"slices"
	"sync"
	"unicode"
)

// set is a set of characters: pairs of first and last, in order, neither touching nor overlapping.
type set []rune

func single(r rune) set { return set{r, r} }

// union gives a set of pairs in any order.
func union(pairs ...rune) set {
	type span struct{ lo, hi rune }
	spans := make([]span, 0, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		spans = append(spans, span{pairs[i], pairs[i+1]})
	}
	slices.SortFunc(spans, func(a, b span) int { return int(a.lo - b.lo) })
	var out set
	for _, s := range spans {
		if n := len(out); n > 0 && s.lo <= out[n-1]+1 {
			out[n-1] = max(out[n-1], s.hi)
		} else {
			out = append(out, s.lo, s.hi)
		}
	}
	return out
}

func (s set) has(r rune) bool {
	for i := 0; i < len(s); i += 2 {
		if r <= s[i+1] {
			return r >= s[i]
		}
	}
	return false
}

func (s set) complement() set {
	var out set
	next := rune(0)
	for i := 0; i < len(s); i += 2 {
		if s[i] > next {
			out = append(out, next, s[i]-1)
		}
		next = s[i+1] + 1
	}
	if next <= unicode.MaxRune {
		out = append(out, next, unicode.MaxRune)
	}
	return out
}

// upTo gives the members that are not above last.
func (s set) upTo(last rune) set {
	var out set
	for i := 0; i < len(s) && s[i] <= last; i += 2 {
		out = append(out, s[i], min(s[i+1], last))
	}
	return out
}

// fold adds what Python takes for the same when case does not matter.
func (s set) fold(ascii bool) set {
	pairs := slices.Clone(s)
	if ascii {
		const toUpper = 'a' - 'A'
		for r := 'a'; r <= 'z'; r++ {
			if s.has(r) || s.has(r-toUpper) {
				pairs = append(pairs, r, r, r-toUpper, r-toUpper)
			}
		}
		return union(pairs...)
	}
	for _, same := range foldings() {
		if slices.ContainsFunc(same, s.has) {
			for _, r := range same {
				pairs = append(pairs, r, r)
			}
		}
	}
	return union(pairs...)
}

// foldings gives the groups of characters that differ in case only. These are Unicode's simple foldings, and what
// Python adds: characters whose upper case is the same text.
var foldings = sync.OnceValue(func() [][]rune {
	groups := [][]rune{
		{'I', 'i', 'İ', 'ı'},
		{'\u0390', '\u1fd3'},
		{'\u03b0', '\u1fe3'},
		{'\ufb05', '\ufb06'},
	}
	seen := map[rune]bool{'I': true, 'i': true}
	for _, cr := range unicode.CaseRanges {
		for r := rune(cr.Lo); r <= rune(cr.Hi); r++ {
			if seen[r] {
				continue
			}
			group := []rune{r}
			for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
				group = append(group, f)
			}
			for _, f := range group {
				seen[f] = true
			}
			if len(group) > 1 {
				groups = append(groups, group)
			}
		}
	}
	return groups
})

// category gives what \d, \s or \w stand for.
func category(c rune, ascii bool) set {
	switch {
	case c == 'd' && ascii:
		return set{'0', '9'}
	case c == 'd':
		return digits()
	case c == 's' && ascii:
		return set{'\t', '\r', ' ', ' '}
	case c == 's':
		return set{'\t', '\r', '\x1c', ' ', '\u0085', '\u0085', '\u00a0', '\u00a0', '\u1680', '\u1680', '\u2000', '\u200a',
			'\u2028', '\u2029', '\u202f', '\u202f', '\u205f', '\u205f', '\u3000', '\u3000'}
	case ascii:
		return set{'0', '9', 'A', 'Z', '_', '_', 'a', 'z'}
	}
	return words()
}

var (
	digits = sync.OnceValue(func() set { return union(pairs(unicode.Nd)...) })
	words  = sync.OnceValue(func() set { return union(append(pairs(unicode.L, unicode.N), '_', '_')...) })
)

func pairs(tables ...*unicode.RangeTable) []rune {
	var out []rune
	add := func(lo, hi, stride rune) {
		if stride == 1 {
			out = append(out, lo, hi)
			return
		}
		for r := lo; r <= hi; r += stride {
			out = append(out, r, r)
		}
	}
	for _, t := range tables {
		for _, r := range t.R16 {
			add(rune(r.Lo), rune(r.Hi), rune(r.Stride))
		}
		for _, r := range t.R32 {
			add(rune(r.Lo), rune(r.Hi), rune(r.Stride))
		}
	}
	return out
}

package pyre

import (
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/memo"
)

// Regexp is a compiled pattern. It is immutable to its users and safe for concurrent use.
type Regexp struct {
	pattern string
	tree    *node
	notEdge bool // \B occurs
	idle    bool // something repeats what may be empty

	// Patterns that need no engine.
	literal      string // if isLiteral, the only text that matches
	isLiteral    bool
	literalEnds  bool // the subject must end behind literal
	alternatives []wildcard

	// Engines for re.match and re.search, on plain subjects and on others.
	plainMatch, plainSearch, match, search variant
}

// Compile parses a pattern. The error is a *[diag.Diagnostic].
func Compile(pattern string) (*Regexp, error) {
	re, err := compile(pattern)
	if err != nil {
		return nil, bad(pattern, err)
	}
	return re, nil
}

func compile(pattern string) (*Regexp, error) {
	p, tree, err := parse(pattern)
	if err != nil {
		return nil, err
	}
	re := &Regexp{
		pattern: pattern,
		tree:    tree,
		notEdge: tree.any(isNotEdge),
		idle: tree.any(func(n *node) bool {
			if n.op != opRepeat || n.max == 1 {
				return false
			}
			lo, _ := n.kids[0].width(p.groups)
			return lo == 0
		}),
	}
	re.literal, re.literalEnds, re.isLiteral = toLiteral(tree)
	re.alternatives, _ = wildcards(tree)
	return re, nil
}

func bad(pattern string, err error) *diag.Diagnostic {
	return diag.Errorf(diag.BadRegexp, 0, "bad regular expression %q: %v", pattern, err)
}

// compiled is what the cache holds. A diagnostic is made anew each time: its receiver may complete it.
type compiled struct {
	re  *Regexp
	err error
}

var (
	cache     memo.Cache[compiled]
	endsCache memo.Cache[compiled]
)

// Cached is Compile, remembering what it made. Use it for patterns that come from documents.
func Cached(pattern string) (*Regexp, error) {
	c := cache.Get(pattern, func(pattern string) compiled {
		re, err := compile(pattern)
		return compiled{re, err}
	})
	if c.err != nil {
		return nil, bad(pattern, c.err)
	}
	return c.re, nil
}

// EndAnchored is Cached for the pattern with a dollar sign put behind it, as the reference does with the keys of
// keyed-by values. There is no group around the pattern, so the dollar sign belongs to the last alternative only:
// linux64|win64 matches everything that starts with linux64.
func EndAnchored(pattern string) (*Regexp, error) {
	c := endsCache.Get(pattern, func(pattern string) compiled {
		re, err := compile(pattern + "$")
		return compiled{re, err}
	})
	if c.err != nil {
		return nil, bad(pattern, c.err)
	}
	return c.re, nil
}

// String gives the pattern as it was written.
func (re *Regexp) String() string { return re.pattern }

// Match says whether the pattern matches at the start of s, as re.match does; it need not match all of s. The error
// is a *[diag.Diagnostic]: the time limit was hit.
func (re *Regexp) Match(s string) (bool, error) {
	if re.isLiteral {
		rest, ok := strings.CutPrefix(s, re.literal)
		return ok && (!re.literalEnds || rest == "" || rest == "\n"), nil
	}
	plain := isPlain(s)
	if plain && re.alternatives != nil {
		for _, w := range re.alternatives {
			if w.match(s) {
				return true, nil
			}
		}
		return false, nil
	}
	e, err := re.matcher(s, plain)
	if err != nil {
		return false, bad(re.pattern, err)
	}
	ok, err := e.test(s)
	if err != nil {
		return false, bad(re.pattern, err)
	}
	return ok, nil
}

// Search says whether the pattern matches anywhere in s, as re.search does. The error is a *[diag.Diagnostic]: the
// time limit was hit.
func (re *Regexp) Search(s string) (bool, error) {
	if re.isLiteral && !re.literalEnds {
		return strings.Contains(s, re.literal), nil
	}
	e, err := re.searcher(s, isPlain(s))
	if err != nil {
		return false, bad(re.pattern, err)
	}
	ok, err := e.test(s)
	if err != nil {
		return false, bad(re.pattern, err)
	}
	return ok, nil
}

// FindMatch gives what the pattern matches at the start of s, as re.match does, nil where it does not.
//
// A repetition of something empty ends it in Python and regexp2. RE2 goes on with the next alternative, so it serves
// these patterns only where the extent of the match is of no interest.
func (re *Regexp) FindMatch(s string) (*Found, error) {
	e, err := re.matcher(s, isPlain(s) && !re.idle)
	return re.found(e, s, err)
}

// FindSearch gives what the pattern matches first in s, as re.search does, nil where it does not.
func (re *Regexp) FindSearch(s string) (*Found, error) {
	e, err := re.searcher(s, isPlain(s) && !re.idle)
	return re.found(e, s, err)
}

func (re *Regexp) found(e engine, s string, err error) (*Found, error) {
	var places []int
	if err == nil {
		places, err = e.find(s)
	}
	switch {
	case err != nil:
		return nil, bad(re.pattern, err)
	case places == nil:
		return nil, nil
	}
	return &Found{s, places}, nil
}

func (re *Regexp) matcher(s string, plain bool) (engine, error) {
	if plain && !(re.notEdge && s == "") {
		return re.plainMatch.get(re.tree, true, `\A(?:`, `)`)
	}
	return re.match.get(re.tree, false, `\A(?:`, `)`)
}

func (re *Regexp) searcher(s string, plain bool) (engine, error) {
	if plain && !(re.notEdge && s == "") {
		return re.plainSearch.get(re.tree, true, ``, ``)
	}
	return re.search.get(re.tree, false, ``, ``)
}

// isPlain says whether s is ASCII without line ends.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 || s[i] == '\n' {
			return false
		}
	}
	return true
}

// toLiteral gives the text that a tree stands for, whether the subject must end behind it, and whether the tree is
// nothing but that.
func toLiteral(n *node) (text string, ends, ok bool) {
	if n.op != opSeq {
		return "", false, false
	}
	var b strings.Builder
	for i, k := range n.kids {
		switch {
		case k.op == opChar:
			b.WriteRune(k.char)
		case k.op == opAnchor && k.anchor == textEndLine && i == len(n.kids)-1:
			ends = true
		default:
			return "", false, false
		}
	}
	return b.String(), ends, true
}

// Found is what a pattern matched.
type Found struct {
	subject string
	places  []int // first and behind the last byte of the match and of its groups
}

// Group gives what a group matched, and whether it took part in the match. Group 0 is the whole match.
func (f *Found) Group(number int) (string, bool) {
	if number < 0 || 2*number+1 >= len(f.places) || f.places[2*number] < 0 {
		return "", false
	}
	return f.subject[f.places[2*number]:f.places[2*number+1]], true
}

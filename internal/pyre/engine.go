package pyre

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/dlclark/regexp2"
)

// timeLimit is how long one match may take. Go's RE2 needs no limit.
const timeLimit = time.Second

// engine runs a pattern on subjects.
type engine interface {
	test(s string) (bool, error)
	// find gives the places of the match and its groups in bytes, in pairs, -1 for a group without part in the match;
	// nil where nothing matches.
	find(s string) ([]int, error)
}

var (
	_ engine = linear{}
	_ engine = backtracking{}
)

// variant is one way to run a pattern, made when it is first needed.
type variant struct {
	once   sync.Once
	engine engine
	err    error
}

// get gives the engine. The pattern is what before, the tree and after say, in that order.
func (v *variant) get(n *node, plain bool, before, after string) (engine, error) {
	v.once.Do(func() {
		if text, ok := print(n, plainRE2); ok && plain {
			if re, err := regexp.Compile(before + text + after); err == nil {
				v.engine = linear{re}
				return
			}
		}
		d := full
		if plain {
			d = plainFull
		}
		text, _ := print(n, d)
		v.engine, v.err = backtrack(before + text + after)
	})
	return v.engine, v.err
}

// linear runs package regexp.
type linear struct{ re *regexp.Regexp }

func (e linear) test(s string) (bool, error) { return e.re.MatchString(s), nil }

func (e linear) find(s string) ([]int, error) { return e.re.FindStringSubmatchIndex(s), nil }

// backtracking runs package regexp2.
type backtracking struct{ re *regexp2.Regexp }

func backtrack(pattern string) (e engine, err error) {
	defer rescue(&err)
	re, err := regexp2.Compile(pattern, regexp2.None)
	if err != nil {
		return nil, err
	}
	re.MatchTimeout = timeLimit
	return backtracking{re}, nil
}

func (e backtracking) test(s string) (ok bool, err error) {
	defer rescue(&err)
	ok, err = e.re.MatchString(s)
	return ok, timeout(err)
}

func (e backtracking) find(s string) (places []int, err error) {
	defer rescue(&err)
	runes := []rune(s)
	m, err := e.re.FindRunesMatch(runes)
	if m == nil || err != nil {
		return nil, timeout(err)
	}
	offset := func(n int) int {
		if len(runes) == len(s) {
			return n
		}
		at := 0
		for range n {
			_, size := utf8.DecodeRuneInString(s[at:])
			at += size
		}
		return at
	}
	for _, g := range m.Groups() {
		if len(g.Captures) == 0 {
			places = append(places, -1, -1)
			continue
		}
		places = append(places, offset(g.Index), offset(g.Index+g.Length))
	}
	return places, nil
}

// timeout says plainly that the time limit was hit. regexp2 has no type for that error.
func timeout(err error) error {
	if err != nil && strings.HasPrefix(err.Error(), "match timeout") {
		return fmt.Errorf("it takes more than %v to match", timeLimit)
	}
	return err
}

// rescue turns a panic of the engine into an error: a pattern must not end the program.
func rescue(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("the regular expression engine failed: %v", r)
	}
}

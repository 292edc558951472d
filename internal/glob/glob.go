package glob

import (
	"strings"

	"github.com/taskgraph-go/decision/internal/memo"
)

// op is a step of a pattern.
type op struct {
	kind kind
	text string // kind literal
}

type kind uint8

const (
	literal     kind = iota
	star             // any text without a slash
	directories      // nothing, or any text that ends with a slash
	anything         // any text without a line end: the pattern **
)

// Pattern is a compiled pattern. It is immutable and safe for concurrent use.
type Pattern struct {
	all    bool   // matches everything
	prefix string // what every path that matches starts with
	needed string // the longest literal behind that, which every path that matches holds
	ops    []op   // what follows prefix
}

var cache memo.Cache[*Pattern]

// Compile gives the compiled form of a pattern, which it remembers. Every text is a pattern.
func Compile(pattern string) *Pattern { return cache.Get(pattern, compile) }

// Match says whether a path matches a pattern. Where many paths are matched, [Compile] saves looking up the pattern.
func Match(path, pattern string) bool { return Compile(pattern).Match(path) }

func compile(pattern string) *Pattern {
	p := &Pattern{all: pattern == ""}
	for _, o := range parse(pattern) {
		switch {
		case len(p.ops) == 0 && o.kind == literal:
			p.prefix += o.text
			continue
		case o.kind == literal && len(o.text) > len(p.needed):
			p.needed = o.text
		}
		p.ops = append(p.ops, o)
	}
	return p
}

// parse splits a pattern into steps. Two literals never follow each other.
func parse(pattern string) []op {
	var ops []op
	text := func(s string) {
		for i, part := range strings.Split(s, "*") {
			if i > 0 && (len(ops) == 0 || ops[len(ops)-1].kind != star) {
				ops = append(ops, op{kind: star})
			}
			if part != "" {
				ops = append(ops, op{literal, part})
			}
		}
	}
	// A slash belongs to one ** only: in a/**/**/b the second one is nothing but two stars.
	rest, bounded := pattern, true
	done := 0 // how much of rest was looked at
	for {
		i := strings.Index(rest[done:], "**")
		if i < 0 {
			break
		}
		at := done + i
		atStart := at == 0 && bounded || at > 0 && rest[at-1] == '/'
		behind := rest[at+2:]
		switch {
		case atStart && strings.HasPrefix(behind, "/"):
			text(rest[:at])
			ops = append(ops, op{kind: directories})
			rest, bounded, done = behind[1:], false, 0
		case atStart && behind == "":
			if at == 0 {
				return append(ops, op{kind: anything})
			}
			// What is below a path that matches does so anyhow.
			text(rest[:at-1])
			return ops
		default:
			done = at + 1
		}
	}
	text(rest)
	return ops
}

// Match says whether a path, or a directory above it, matches the pattern.
func (p *Pattern) Match(path string) bool {
	if p.all {
		return true
	}
	rest, ok := strings.CutPrefix(path, p.prefix)
	if !ok {
		return false
	}
	if len(p.ops) == 0 {
		return ends(rest)
	}
	if p.needed != "" && !strings.Contains(rest, p.needed) {
		return false
	}
	return p.run(rest)
}

// ends says whether a path may end here: at its end, or where a directory does. As in Python, a line end at the very
// end does not count.
func ends(rest string) bool {
	rest = strings.TrimSuffix(rest, "\n")
	return rest == "" || rest[0] == '/' && !strings.Contains(rest, "\n")
}

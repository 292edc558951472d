package pyre

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// dialect is the syntax in which a tree is written out, and what it may assume of the subject.
type dialect struct{ re2, plain bool }

var (
	plainRE2  = dialect{re2: true, plain: true} // for package regexp; the subject is plain: ASCII without line ends
	plainFull = dialect{plain: true}            // for package regexp2, with the same assumption
	full      = dialect{}                       // for package regexp2
)

// printer writes a tree in a dialect.
type printer struct {
	strings.Builder
	dialect
	unable bool // there is something that the dialect cannot say
}

// print gives a tree in a dialect and whether the dialect can express it.
func print(n *node, d dialect) (string, bool) {
	p := &printer{dialect: d}
	p.node(n)
	return p.String(), !p.unable
}

func (p *printer) node(n *node) {
	switch n.op {
	case opChar:
		p.char(n.char)
	case opSet:
		p.set(n.set)
	case opAny:
		p.WriteString(".")
	case opAll:
		p.all()
	case opSeq:
		for _, k := range n.kids {
			p.node(k)
		}
	case opAlt:
		p.WriteString("(?:")
		for i, k := range n.kids {
			if i > 0 {
				p.WriteByte('|')
			}
			p.node(k)
		}
		p.WriteByte(')')
	case opRepeat:
		p.repeat(n)
	case opGroup:
		p.wrap("(", n.kids[0])
	case opAtomic:
		p.advanced()
		p.wrap("(?>", n.kids[0])
	case opLook:
		p.advanced()
		open := "(?"
		if n.behind {
			open += "<"
		}
		if n.negative {
			p.wrap(open+"!", n.kids[0])
		} else {
			p.wrap(open+"=", n.kids[0])
		}
	case opBackref:
		p.advanced()
		if n.fold {
			fmt.Fprintf(p, `(?i:\k<%d>)`, n.group)
		} else {
			fmt.Fprintf(p, `\k<%d>`, n.group)
		}
	case opCond:
		p.advanced()
		p.wrap(fmt.Sprintf("(?(%d)(?:", n.group), n.kids[0])
		p.wrap("|(?:", n.kids[1])
		p.WriteByte(')')
	case opAnchor:
		p.anchor(n)
	}
}

// advanced notes that RE2 has no such thing.
func (p *printer) advanced() { p.unable = p.unable || p.re2 }

func (p *printer) wrap(open string, n *node) {
	p.WriteString(open)
	p.node(n)
	p.WriteByte(')')
}

func (p *printer) repeat(n *node) {
	if n.how == possessive {
		p.advanced()
		p.WriteString("(?>")
		defer p.WriteByte(')')
	}
	p.wrap("(?:", n.kids[0])
	// What is above is as good as without end: subjects are shorter.
	const most = 1<<31 - 1
	lo := min(n.min, most)
	switch {
	case n.max < 0 || n.max >= most:
		fmt.Fprintf(p, "{%d,}", lo)
	default:
		fmt.Fprintf(p, "{%d,%d}", lo, n.max)
	}
	if n.how == lazy {
		p.WriteByte('?')
	}
}

// all writes any character at all.
func (p *printer) all() {
	if p.re2 {
		p.WriteString("(?s:.)")
	} else {
		p.WriteString(`[\s\S]`)
	}
}

// none writes what never matches.
func (p *printer) none() {
	if p.re2 {
		p.WriteString(`[^\x00-\x{10FFFF}]`)
	} else {
		p.WriteString(`(?!)`)
	}
}

func (p *printer) char(c rune) {
	switch {
	case p.plain && c > unicode.MaxASCII:
		p.none()
	case c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z':
		p.WriteRune(c)
	case c <= unicode.MaxASCII:
		fmt.Fprintf(p, `\x%02x`, c)
	case c <= 0xffff:
		fmt.Fprintf(p, `\u%04x`, c)
	default:
		p.WriteRune(c)
	}
}

func (p *printer) set(s set) {
	switch {
	case p.plain:
		s = s.upTo(unicode.MaxASCII)
		if len(s) == 2 && s[0] == 0 && s[1] == unicode.MaxASCII {
			p.all()
			return
		}
	case slices.Equal(s, words()):
		p.WriteString(`[\p{L}\p{N}_]`)
		return
	case slices.Equal(s, words().complement()):
		p.WriteString(`[^\p{L}\p{N}_]`)
		return
	case len(s) == 2 && s[0] == 0 && s[1] == unicode.MaxRune:
		p.all()
		return
	}
	if len(s) == 0 {
		p.none()
		return
	}
	p.WriteByte('[')
	for i := 0; i < len(s); i += 2 {
		p.char(s[i])
		if s[i] != s[i+1] {
			p.WriteByte('-')
			p.char(s[i+1])
		}
	}
	p.WriteByte(']')
}

func (p *printer) anchor(n *node) {
	switch n.anchor {
	case textStart:
		p.WriteString(`\A`)
	case textEnd:
		p.WriteString(`\z`)
	case textEndLine:
		if p.plain {
			p.WriteString(`\z`)
		} else {
			p.WriteString(`\Z`)
		}
	case lineStart:
		p.WriteString(`(?m:^)`)
	case lineEnd:
		p.WriteString(`(?m:$)`)
	case wordEdge:
		if p.plain {
			p.WriteString(`\b`)
			return
		}
		w := wordClass(n.ascii)
		fmt.Fprintf(p, `(?:(?<=%s)(?!%s)|(?<!%s)(?=%s))`, w, w, w, w)
	case notWordEdge:
		if p.plain {
			p.WriteString(`\B`)
			return
		}
		w := wordClass(n.ascii)
		fmt.Fprintf(p, `(?:(?<=%s)(?=%s)|(?<!%s)(?!%s)(?!\A\z))`, w, w, w, w)
	}
}

func wordClass(ascii bool) string {
	if ascii {
		return `[0-9A-Za-z_]`
	}
	return `[\p{L}\p{N}_]`
}

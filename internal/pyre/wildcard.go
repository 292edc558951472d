package pyre

import (
	"strings"
	"unicode"
)

// wildcard is a pattern of literals, `.`, `.*` and `.+` as text, on plain subjects: bytes stand for themselves.
type wildcard string

// Bytes that no plain subject holds.
const (
	anyOne  = 0x80
	anyText = 0x81
)

// wildcards gives the alternatives of a tree that is nothing but wildcards, to be matched from the start of the
// subject to its end, or false.
func wildcards(n *node) ([]wildcard, bool) {
	alternatives := []*node{n}
	if n.op == opAlt {
		alternatives = n.kids
	}
	var out []wildcard
	for _, a := range alternatives {
		w, ok := toWildcard(a)
		if !ok {
			return nil, false
		}
		out = append(out, w)
	}
	return out, true
}

func toWildcard(n *node) (wildcard, bool) {
	if n.op != opSeq {
		return "", false
	}
	var b strings.Builder
	ended := false
	for i, k := range n.kids {
		switch {
		case ended:
			return "", false
		case k.op == opChar && k.char <= unicode.MaxASCII:
			b.WriteByte(byte(k.char))
		case k.op == opChar:
			return "", false
		case k.op == opAny || k.op == opAll:
			b.WriteByte(anyOne)
		case k.op == opRepeat && (k.kids[0].op == opAny || k.kids[0].op == opAll) && k.max < 0 && k.min <= 1 && k.how != possessive:
			if k.min == 1 {
				b.WriteByte(anyOne)
			}
			b.WriteByte(anyText)
		case k.op == opAnchor && (k.anchor == textStart || k.anchor == lineStart) && i == 0:
		case k.op == opAnchor && (k.anchor == textEnd || k.anchor == textEndLine || k.anchor == lineEnd):
			ended = true
		default:
			return "", false
		}
	}
	if !ended {
		b.WriteByte(anyText)
	}
	return wildcard(b.String()), true
}

// match says whether the wildcard takes the whole subject. It goes back to the last anyText only: what comes before
// it has matched as early as it can, which leaves the most to what follows.
func (w wildcard) match(s string) bool {
	retry, from := -1, 0 // where to go on in w behind the last anyText, and how far that one reaches in s
	i, j := 0, 0
	for j < len(s) {
		switch {
		case i < len(w) && w[i] == anyText:
			i++
			retry, from = i, j
		case i < len(w) && (w[i] == s[j] || w[i] == anyOne):
			i++
			j++
		case retry >= 0:
			from++
			i, j = retry, from
		default:
			return false
		}
		if i == len(w) && i > 0 && w[i-1] == anyText {
			return true
		}
	}
	for i < len(w) && w[i] == anyText {
		i++
	}
	return i == len(w)
}

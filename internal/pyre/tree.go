package pyre

import "slices"

// op says what a node is.
type op uint8

const (
	opChar    op = iota // char
	opSet               // one of set
	opAny               // any character but a line end
	opAll               // any character
	opSeq               // kids, one after the other
	opAlt               // one of kids, the first that fits
	opRepeat            // kids[0], min to max times
	opGroup             // kids[0], remembered as group
	opAtomic            // kids[0], without going back into it
	opBackref           // what group remembers
	opCond              // kids[0] if group remembers something, else kids[1]
	opLook              // kids[0] must follow, or precede
	opAnchor            // a place
)

// node is a part of a parsed pattern, with all flags resolved.
type node struct {
	op       op
	char     rune
	set      set
	kids     []*node
	min, max int // max < 0: without end
	how      how
	group    int
	anchor   anchor
	negative bool // opLook: must not
	behind   bool // opLook: precede
	fold     bool // opBackref: case does not matter
	ascii    bool // word boundaries: only ASCII characters are words
}

// how says how often a repetition tries to repeat.
type how uint8

const (
	greedy how = iota
	lazy
	possessive
)

type anchor uint8

const (
	textStart   anchor = iota // \A, ^
	textEnd                   // \Z
	textEndLine               // $: the end, or before a line end that is the last character
	lineStart                 // ^ with the flag m
	lineEnd                   // $ with the flag m
	wordEdge                  // \b
	notWordEdge               // \B
)

// unlimited is the width of what can be as long as it likes.
const unlimited = 1 << 40

// width gives how many characters a node takes at least and at most. Groups' widths are looked up in groups.
func (n *node) width(groups []group) (lo, hi int) {
	cut := func(lo, hi int) (int, int) { return min(lo, unlimited), min(hi, unlimited) }
	switch n.op {
	case opChar, opSet, opAny, opAll:
		return 1, 1
	case opSeq:
		for _, k := range n.kids {
			l, h := k.width(groups)
			lo, hi = cut(lo+l, hi+h)
		}
	case opAlt, opCond:
		lo, hi = n.kids[0].width(groups)
		for _, k := range n.kids[1:] {
			l, h := k.width(groups)
			lo, hi = min(lo, l), max(hi, h)
		}
	case opRepeat:
		l, h := n.kids[0].width(groups)
		lo = times(l, n.min)
		switch {
		case h == 0:
		case n.max < 0:
			hi = unlimited
		default:
			hi = times(h, n.max)
		}
	case opGroup, opAtomic:
		return n.kids[0].width(groups)
	case opBackref:
		return groups[n.group].lo, groups[n.group].hi
	}
	return lo, hi
}

func times(a, b int) int {
	if a != 0 && b > unlimited/a {
		return unlimited
	}
	return a * b
}

// any says whether a node of the tree fulfils a condition.
func (n *node) any(is func(*node) bool) bool {
	return is(n) || slices.ContainsFunc(n.kids, func(k *node) bool { return k.any(is) })
}

// isNotEdge says whether a node is \B, which Python never finds in an empty subject.
func isNotEdge(n *node) bool { return n.op == opAnchor && n.anchor == notWordEdge }

package yaml

import "unicode/utf8"

// kind is what a token stands for.
type kind uint8

const (
	failed kind = iota // there are no more tokens: scanner.err says why
	streamEnd
	versionDirective
	tagDirective // text is the handle, suffix the prefix
	documentStart
	documentEnd
	blockSequenceStart
	blockMappingStart
	blockEnd
	flowSequenceStart
	flowSequenceEnd
	flowMappingStart
	flowMappingEnd
	blockEntry
	flowEntry
	keyMark
	valueMark
	alias
	anchor
	tag // text is the handle, suffix the rest
	plainScalar
	quotedScalar
)

// token is a piece of the text. Some have no text of their own: the beginnings and ends of block collections.
type token struct {
	kind         kind
	start, end   int32
	text, suffix string
}

// simpleKey is a place where a key may have begun without "?"; a ":" further on in the line decides.
type simpleKey struct {
	possible bool
	required bool // nothing else can stand there
	token    int  // number of the token that the key begins with
	offset   int
	line     int
	column   int
}

// maxKey is the number of characters within which the ":" of a simple key must come.
const maxKey = 1024

// scanner cuts a text into tokens. Whether a token begins a map is known only when the ":" after it is seen, so that
// tokens wait in a queue for as long as one at its head may turn out to be a key.
type scanner struct {
	text string
	off  int // of the next byte
	line int // offset of the line's first byte
	err  *Error

	// A column is counted in characters. It is known at one place and counted on from there.
	knownOff, knownColumn int

	queue  []token
	head   int  // of the queue
	parsed int  // number of tokens taken out of the queue
	ready  bool // the token at the head is final

	indent     int         // column of the innermost block collection, -1 outside of all
	indents    []int       // those around it
	flow       int         // number of open brackets and braces
	keys       []simpleKey // one for each level of brackets
	dead       int         // keys of so many outer levels are not possible any longer
	keyAllowed bool

	buf, breaks []byte // scratch
}

func newScanner(text string) *scanner {
	return &scanner{text: text, indent: -1, keys: make([]simpleKey, 1, 8), keyAllowed: true}
}

var failure = token{kind: failed}

// peek gives the next token. It is valid until the next call of peek or skip.
func (s *scanner) peek() *token {
	if !s.ready {
		if !s.fill() {
			return &failure
		}
		s.ready = true
	}
	return &s.queue[s.head]
}

// skip drops the token that peek gave.
func (s *scanner) skip() {
	if s.err != nil {
		return
	}
	s.ready = false
	s.parsed++
	s.head++
	if s.head == len(s.queue) {
		s.queue, s.head = s.queue[:0], 0
	}
}

// fill reads on until the token at the head of the queue is final.
func (s *scanner) fill() bool {
	for s.err == nil {
		if s.head < len(s.queue) {
			if !s.dropStaleKeys() {
				return false
			}
			open := false
			for i := s.dead; i < len(s.keys); i++ {
				open = open || s.keys[i].possible && s.keys[i].token == s.parsed
			}
			if !open {
				return true
			}
		}
		s.fetch()
	}
	return false
}

// fail records a mistake where the scanner is. It gives false, for the caller to return.
func (s *scanner) fail(context string, begin int, problem string) bool {
	return s.failAt(s.off, context, begin, problem)
}

func (s *scanner) failAt(offset int, context string, begin int, problem string) bool {
	if s.err == nil {
		s.err = &Error{Offset: offset, Problem: problem, Context: context, Begin: begin}
	}
	return false
}

// at gives the byte n further on, 0 behind the end: the text holds no 0 itself.
func (s *scanner) at(n int) byte {
	if i := s.off + n; i < len(s.text) {
		return s.text[i]
	}
	return 0
}

// column gives the column of the next byte, from 0.
func (s *scanner) column() int {
	if s.knownOff < s.line || s.knownOff > s.off {
		s.knownOff, s.knownColumn = s.line, 0
	}
	for i := s.knownOff; i < s.off; i++ {
		if c := s.text[i]; c >= utf8.RuneSelf {
			s.knownColumn += utf8.RuneCountInString(s.text[i:s.off])
			s.knownOff = s.off
			return s.knownColumn
		}
		s.knownColumn++
	}
	s.knownOff = s.off
	return s.knownColumn
}

// breakAt gives the length of the line break at an offset of a text, 0 where there is none. YAML 1.1 has five.
func breakAt(text string, i int) int {
	if i >= len(text) {
		return 0
	}
	switch c := text[i]; {
	case c == '\n':
		return 1
	case c == '\r':
		if i+1 < len(text) && text[i+1] == '\n' {
			return 2
		}
		return 1
	case c == 0xc2:
		if i+1 < len(text) && text[i+1] == 0x85 {
			return 2
		}
	case c == 0xe2:
		if i+2 < len(text) && text[i+1] == 0x80 && text[i+2]&^1 == 0xa8 {
			return 3
		}
	}
	return 0
}

// appendBreak appends a line break as a scalar holds it: the Unicode line and paragraph separators are kept, the
// others become one.
func appendBreak(dst []byte, brk string) []byte {
	if len(brk) == 3 {
		return append(dst, brk...)
	}
	return append(dst, '\n')
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// endAt says whether a word is over at the n-th byte from here.
func (s *scanner) endAt(n int) bool { return s.ends(s.off + n) }

// ends says whether a word is over at an offset: there is a blank, a line break or nothing.
func (s *scanner) ends(i int) bool {
	return i >= len(s.text) || isBlank(s.text[i]) || breakAt(s.text, i) > 0
}

// skipBreak goes behind the line break of n bytes that is next.
func (s *scanner) skipBreak(n int) {
	s.off += n
	s.line = s.off
}

// skipComment goes to the end of the line where a "#" is next.
func (s *scanner) skipComment() {
	if s.at(0) == '#' {
		for s.off < len(s.text) && breakAt(s.text, s.off) == 0 {
			s.off++
		}
	}
}

func (s *scanner) skipBlanks() {
	for isBlank(s.at(0)) {
		s.off++
	}
}

// skipToToken goes behind blanks, comments and line ends. Tabs count as blanks where no key can begin.
func (s *scanner) skipToToken() {
	for {
		if s.off == s.line && s.at(0) == 0xef && s.at(1) == 0xbb && s.at(2) == 0xbf {
			s.off += 3 // streams that were joined may have a byte order mark in the middle
		}
		for c := s.at(0); c == ' ' || c == '\t' && (s.flow > 0 || !s.keyAllowed); c = s.at(0) {
			s.off++
		}
		s.skipComment()
		n := breakAt(s.text, s.off)
		if n == 0 {
			return
		}
		s.skipBreak(n)
		if s.flow == 0 {
			s.keyAllowed = true
		}
	}
}

// documentMark says whether "---" or "..." stands at the beginning of the line, where the scanner is.
func (s *scanner) documentMark() kind {
	if s.off != s.line {
		return failed
	}
	if c := s.at(0); (c == '-' || c == '.') && s.at(1) == c && s.at(2) == c && s.endAt(3) {
		if c == '-' {
			return documentStart
		}
		return documentEnd
	}
	return failed
}

// fetch appends the next token, with what it implies, to the queue.
func (s *scanner) fetch() bool {
	s.skipToToken()
	if !s.dropStaleKeys() {
		return false
	}
	s.closeBlocks(s.column())
	if s.off == len(s.text) {
		s.line = s.off // no key goes on behind the end
		s.closeBlocks(-1)
		return s.mark(streamEnd, 0, false)
	}
	if s.off == s.line {
		if s.text[s.off] == '%' {
			return s.directive()
		}
		if k := s.documentMark(); k != failed {
			s.closeBlocks(-1)
			return s.mark(k, 3, false)
		}
	}
	switch c := s.text[s.off]; c {
	case '[':
		return s.open(flowSequenceStart)
	case '{':
		return s.open(flowMappingStart)
	case ']':
		return s.close(flowSequenceEnd)
	case '}':
		return s.close(flowMappingEnd)
	case ',':
		return s.mark(flowEntry, 1, true)
	case '-':
		if s.endAt(1) {
			return s.entry()
		}
		return s.plain()
	case '?':
		if s.flow > 0 || s.endAt(1) {
			return s.key()
		}
		return s.plain()
	case ':':
		if s.flow > 0 || s.endAt(1) {
			return s.value()
		}
		return s.plain()
	case '*':
		return s.name(alias)
	case '&':
		return s.name(anchor)
	case '!':
		return s.tag()
	case '|', '>':
		if s.flow == 0 {
			return s.block(c == '|')
		}
	case '\'', '"':
		return s.quoted(c)
	case '\t':
		return s.fail("", 0, "a tab cannot begin a token; indent with spaces")
	case '#', '%', '@', '`':
	default:
		return s.plain()
	}
	return s.fail("", 0, "character "+string(rune(s.text[s.off]))+" cannot begin a token; quote the text")
}

// push appends a token that begins at start and ends where the scanner is.
func (s *scanner) push(k kind, start int, text string) bool {
	s.queue = append(s.queue, token{kind: k, start: int32(start), end: int32(s.off), text: text})
	return true
}

// mark appends a token of n bytes after which a key may begin or not. No key can go on across it.
func (s *scanner) mark(k kind, n int, keyAllowed bool) bool {
	if !s.dropKey() {
		return false
	}
	s.keyAllowed = keyAllowed
	s.off += n
	return s.push(k, s.off-n, "")
}

// dropStaleKeys gives up the keys that cannot be any longer: one must fit a line and 1,024 characters.
func (s *scanner) dropStaleKeys() bool {
	for i := s.dead; i < len(s.keys); i++ {
		k := &s.keys[i]
		if k.possible && (k.line != s.line || s.column()-k.column > maxKey) && !s.dropKeyAt(k) {
			return false
		}
		if !k.possible && s.dead == i && i < len(s.keys)-1 {
			s.dead++
		}
	}
	return true
}

// dropKey gives up the key of the innermost level.
func (s *scanner) dropKey() bool { return s.dropKeyAt(&s.keys[len(s.keys)-1]) }

func (s *scanner) dropKeyAt(k *simpleKey) bool {
	if k.possible && k.required {
		return s.failAt(k.offset, "", 0, `expected a key and ":" here`)
	}
	k.possible = false
	return true
}

// saveKey remembers that a key may begin here.
func (s *scanner) saveKey() bool {
	if !s.keyAllowed {
		return true
	}
	if !s.dropKey() {
		return false
	}
	column := s.column()
	s.keys[len(s.keys)-1] = simpleKey{
		possible: true,
		required: s.flow == 0 && s.indent == column,
		token:    s.parsed + len(s.queue) - s.head,
		offset:   s.off,
		line:     s.line,
		column:   column,
	}
	return true
}

// openBlock begins a block collection at a column that is further in than the one around it. Its token goes to the
// place of the token with that number, or to the end for -1.
func (s *scanner) openBlock(column, number int, k kind, offset int) {
	if s.flow > 0 || s.indent >= column {
		return
	}
	s.indents = append(s.indents, s.indent)
	s.indent = column
	s.insert(number, token{kind: k, start: int32(offset), end: int32(offset)})
}

func (s *scanner) insert(number int, t token) {
	s.queue = append(s.queue, t)
	if number >= 0 {
		i := s.head + number - s.parsed
		copy(s.queue[i+1:], s.queue[i:])
		s.queue[i] = t
	}
}

// closeBlocks ends the block collections that are further in than a column.
func (s *scanner) closeBlocks(column int) {
	for s.flow == 0 && s.indent > column {
		s.push(blockEnd, s.off, "")
		s.indent = s.indents[len(s.indents)-1]
		s.indents = s.indents[:len(s.indents)-1]
	}
}

// open begins a flow collection.
func (s *scanner) open(k kind) bool {
	if !s.saveKey() {
		return false
	}
	s.keys = append(s.keys, simpleKey{})
	s.flow++
	s.keyAllowed = true
	s.off++
	return s.push(k, s.off-1, "")
}

// close ends a flow collection.
func (s *scanner) close(k kind) bool {
	if !s.dropKey() {
		return false
	}
	if s.flow > 0 {
		s.flow--
		s.keys = s.keys[:len(s.keys)-1]
		s.dead = min(s.dead, s.flow)
	}
	s.keyAllowed = false
	s.off++
	return s.push(k, s.off-1, "")
}

// entry makes the "-" of a list item. In flow collections the parser refuses it.
func (s *scanner) entry() bool {
	if s.flow == 0 {
		if !s.keyAllowed {
			return s.fail("", 0, `a list item ("- ") cannot begin here`)
		}
		s.openBlock(s.column(), -1, blockSequenceStart, s.off)
	}
	return s.mark(blockEntry, 1, true)
}

// key makes the "?" of a key that may be anything.
func (s *scanner) key() bool {
	if s.flow == 0 {
		if !s.keyAllowed {
			return s.fail("", 0, `a key ("? ") cannot begin here`)
		}
		s.openBlock(s.column(), -1, blockMappingStart, s.off)
	}
	return s.mark(keyMark, 1, s.flow == 0)
}

// value makes the ":" between key and value. Where a simple key is open, what begins with it is now known to be a key.
func (s *scanner) value() bool {
	k := &s.keys[len(s.keys)-1]
	if k.possible {
		s.insert(k.token, token{kind: keyMark, start: int32(k.offset), end: int32(k.offset)})
		s.openBlock(k.column, k.token, blockMappingStart, k.offset)
		k.possible = false
		s.keyAllowed = false
	} else {
		if s.flow == 0 {
			if !s.keyAllowed {
				return s.fail("", 0, `":" begins a value here, but no key can stand before it; quote the text or begin a new line`)
			}
			s.openBlock(s.column(), -1, blockMappingStart, s.off)
		}
		s.keyAllowed = s.flow == 0
	}
	s.off++
	return s.push(valueMark, s.off-1, "")
}

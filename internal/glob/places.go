package glob

import (
	"math/bits"
	"strings"
)

// places is a set of byte offsets into a path, a bit for each, the path's end included.
type places []uint64

func (s places) has(i int) bool { return s[i>>6]&(1<<(i&63)) != 0 }
func (s places) add(i int)      { s[i>>6] |= 1 << (i & 63) }

// fill adds the places below n.
func (s places) fill(n int) {
	for w := range n >> 6 {
		s[w] = 1<<64 - 1
	}
	s[n>>6] |= 1<<(n&63) - 1
}

// addEach adds the places of a character.
func (s places) addEach(path string, c byte) {
	for i := 0; ; i++ {
		next := strings.IndexByte(path[i:], c)
		if next < 0 {
			return
		}
		i += next
		s.add(i)
	}
}

// drop removes what is in t.
func (s places) drop(t places) {
	for w := range s {
		s[w] &^= t[w]
	}
}

// meet keeps what is in t as well.
func (s places) meet(t places) {
	for w := range s {
		s[w] &= t[w]
	}
}

// join adds what is in t.
func (s places) join(t places) {
	for w := range s {
		s[w] |= t[w]
	}
}

// advance moves every place one character on.
func (s places) advance() {
	for w := len(s) - 1; w > 0; w-- {
		s[w] = s[w]<<1 | s[w-1]>>63
	}
	s[0] <<= 1
}

// flood adds every place that can be reached over characters in through. Adding a place to a run of such characters
// carries over to the end of the run and flips all bits on the way.
func (s places) flood(through places) {
	var carry uint64
	for w := range s {
		var sum uint64
		sum, carry = bits.Add64(through[w], s[w]&through[w], carry)
		s[w] |= sum ^ through[w]
	}
}

// walk is the state of matching one path. All steps of a pattern are taken at once from every place that the steps
// before could have reached, so that the time is bounded by the lengths of pattern and path, whatever they are.
type walk struct {
	path           string
	slash, names   places // the slashes; what is no slash
	line           places // what is no line end
	here, starting places // the places reached; room for a copy
}

func (p *Pattern) run(path string) bool {
	var room [5][4]uint64 // enough for paths below 256 bytes
	words := len(path)>>6 + 1
	row := func(i int) places {
		if words <= len(room[i]) {
			return room[i][:words]
		}
		return make(places, words)
	}
	w := walk{path, row(0), row(1), row(2), row(3), row(4)}
	w.names.fill(len(path))
	w.line.fill(len(path))
	w.slash.addEach(path, '/')
	w.starting.addEach(path, '\n')
	w.names.drop(w.slash)
	w.line.drop(w.starting)
	w.here.add(0)
	for _, o := range p.ops {
		w.step(o)
	}
	return w.ends()
}

// step replaces the places reached by those behind o.
func (w *walk) step(o op) {
	switch o.kind {
	case literal:
		copy(w.starting, w.here)
		clear(w.here)
		for i := 0; ; i++ {
			next := strings.Index(w.path[i:], o.text)
			if next < 0 {
				return
			}
			if i += next; w.starting.has(i) {
				w.here.add(i + len(o.text))
			}
		}
	case star:
		w.here.flood(w.names)
	case anything:
		w.here.flood(w.line)
	case directories:
		// One character at least, and a slash.
		copy(w.starting, w.here)
		w.here.meet(w.line)
		w.here.advance()
		w.here.flood(w.line)
		w.here.meet(w.slash)
		w.here.advance()
		w.here.join(w.starting)
	}
}

// ends says whether the path may end at one of the places reached.
func (w *walk) ends() bool {
	for i, word := range w.here {
		for ; word != 0; word &= word - 1 {
			if ends(w.path[i<<6+bits.TrailingZeros64(word):]) {
				return true
			}
		}
	}
	return false
}

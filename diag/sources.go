package diag

import (
	"fmt"
	"sort"
	"sync"
	"unicode/utf8"
)

// Pos is a place in one of the files of a [Sources]. The zero Pos is unknown.
type Pos uint32

// Position is a resolved [Pos]. Line and Column count from 1, Column in characters; a zero Line means
// that only the file is known.
type Position struct {
	File         string
	Line, Column int
}

// String gives file:line:col, or as much of that as is known.
func (p Position) String() string {
	switch {
	case p.Line > 0 && p.Column > 0:
		return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
	case p.Line > 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return p.File
}

// Source is one file of a [Sources].
type Source struct {
	Name string // as it is shown to the user, relative to the root where it can be
	base Pos    // position of the file as a whole; base+1+offset is the byte at offset
	text []byte
	line []int32 // offset of each line's first byte
}

// Sources holds the text of every document that was read, so that a [Pos] can be resolved and an excerpt
// shown. It only grows. It is safe for concurrent use; the zero value is ready.
type Sources struct {
	mu    sync.RWMutex
	files []*Source
	next  Pos
}

// Add registers a file and gives the source from which positions are made. The text is kept and must not
// change afterwards. When the 32-bit space is used up the result gives unknown positions only.
func (s *Sources) Add(name string, text []byte) *Source {
	f := &Source{Name: name, text: text, line: []int32{0}}
	for i, c := range text {
		if c == '\n' {
			f.line = append(f.line, int32(i+1))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == 0 {
		s.next = 1
	}
	if uint64(s.next)+uint64(len(text))+2 > 1<<32-1 {
		return f
	}
	f.base = s.next
	s.next += Pos(len(text)) + 2
	s.files = append(s.files, f)
	return f
}

// Pos gives the position of the file as a whole.
func (f *Source) Pos() Pos { return f.base }

// At gives the position of a line and a column, both from 1, the column in characters. What lies outside of
// the file is moved to its nearest end.
func (f *Source) At(line, column int) Pos {
	if f.base == 0 {
		return 0
	}
	if line < 1 {
		return f.base
	}
	line = min(line, len(f.line))
	off := int(f.line[line-1])
	for i := 1; i < column && off < len(f.text) && f.text[off] != '\n'; i++ {
		_, n := utf8.DecodeRune(f.text[off:])
		off += n
	}
	return f.base + 1 + Pos(off)
}

// Offset gives the position of a byte offset in the text.
func (f *Source) Offset(off int) Pos {
	if f.base == 0 {
		return 0
	}
	return f.base + 1 + Pos(max(0, min(off, len(f.text))))
}

func (s *Sources) find(p Pos) (*Source, int) {
	if s == nil || p == 0 {
		return nil, 0
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	i := sort.Search(len(s.files), func(i int) bool { return s.files[i].base > p }) - 1
	if i < 0 {
		return nil, 0
	}
	f := s.files[i]
	off := int(p) - int(f.base) - 1
	if off > len(f.text) {
		return nil, 0
	}
	return f, off
}

// Position resolves p. The result is zero when p is unknown here.
func (s *Sources) Position(p Pos) Position {
	f, off := s.find(p)
	if f == nil {
		return Position{}
	}
	if off < 0 {
		return Position{File: f.Name}
	}
	line := sort.Search(len(f.line), func(i int) bool { return int(f.line[i]) > off })
	start := int(f.line[line-1])
	return Position{File: f.Name, Line: line, Column: utf8.RuneCount(f.text[start:off]) + 1}
}

// Lines gives the text of up to n lines ending with the one that holds p, without their line ends.
func (s *Sources) Lines(p Pos, n int) []string {
	f, off := s.find(p)
	if f == nil || off < 0 {
		return nil
	}
	last := sort.Search(len(f.line), func(i int) bool { return int(f.line[i]) > off })
	var out []string
	for l := max(1, last-n+1); l <= last; l++ {
		end := len(f.text)
		if l < len(f.line) {
			end = int(f.line[l]) - 1
		}
		text := f.text[f.line[l-1]:max(end, int(f.line[l-1]))]
		if len(text) > 0 && text[len(text)-1] == '\r' {
			text = text[:len(text)-1]
		}
		out = append(out, string(text))
	}
	return out
}

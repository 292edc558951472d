package value

import (
	"encoding/binary"
	"iter"
	"strings"
	"unsafe"
)

// A blank is a place in a text for something that is known later. It is written with a byte that is in no text, whatever a document
// holds: so blanks may be copied and joined with other text, but nobody may look into a text that has some.

// blankMark begins a blank; its number follows.
const (
	blankMark = 0xff
	blankLen  = 4
	maxBlanks = 1 << 17 // from there on they are those of numbers
)

// NewBlank gives the text that is the n-th blank and nothing else. n is not negative and less than 131,072.
func NewBlank(n int) Value {
	if n < 0 || n >= maxBlanks {
		panic("value: too many blanks")
	}
	return newBlank(n)
}

func newBlank(n int) Value {
	return NewString(string([]byte{blankMark, 0x80 | byte(n>>12), 0x80 | byte(n>>6&0x3f), 0x80 | byte(n&0x3f)}))
}

// HasBlank says whether there are blanks in a text.
func HasBlank(text string) bool { return strings.IndexByte(text, blankMark) >= 0 }

// HasPlainBlank says whether there are blanks in a text that are not for a number.
func HasPlainBlank(text string) bool {
	for {
		i := strings.IndexByte(text, blankMark)
		if i < 0 {
			return false
		}
		if text = text[i:]; !numberAt(text) {
			return true
		}
		text = text[blankLen:]
	}
}

// MayBegin says whether a text may begin with a prefix when its blanks are filled in.
func MayBegin(text, prefix string) bool {
	n := min(len(prefix), len(text))
	if i := strings.IndexByte(text[:n], blankMark); i >= 0 {
		n = i
	} else if len(text) < len(prefix) {
		return false
	}
	return text[:n] == prefix[:n]
}

// blankAt gives the number of the blank that stands at the beginning of text.
func blankAt[T string | []byte](text T) int {
	return int(text[1]&0x3f)<<12 | int(text[2]&0x3f)<<6 | int(text[3]&0x3f)
}

// Outline says where a value has blanks. A nil *Outline is that of a value without any.
type Outline struct {
	parts []outlined // of a list or map; a text has none
}

// Parts gives the places of the parts of a list or map that have blanks, with their outlines.
func (o *Outline) Parts() iter.Seq2[int, *Outline] {
	return func(yield func(int, *Outline) bool) {
		if o == nil {
			return
		}
		for _, p := range o.parts {
			if !yield(p.i, p.of) {
				return
			}
		}
	}
}

// outlined is a part of a container that has blanks: the i-th.
type outlined struct {
	i  int
	of *Outline
}

// Outliner finds out where values have blanks. It is for one goroutine, and for values that do not change any more.
type Outliner struct {
	has     func(text string) bool
	text    Outline
	known   [1 << 10]outlinedAt // by where they are
	same    map[string]*Outline
	keys    map[unsafe.Pointer]bool // shapes that were looked at
	scratch []outlined

	// InKeys says that a map had a blank in a key, which no outline can say.
	InKeys bool
}

type outlinedAt struct {
	at unsafe.Pointer
	of *Outline
}

// NewOutliner gives an outliner for blanks that are not for a number.
func NewOutliner() *Outliner { return newOutliner(HasPlainBlank) }

func newOutliner(has func(text string) bool) *Outliner {
	return &Outliner{has: has, same: map[string]*Outline{}, keys: map[unsafe.Pointer]bool{}}
}

// Of gives the outline of a value.
func (o *Outliner) Of(v Value) *Outline {
	switch v.Kind() {
	case String:
		if o.has(v.text()) {
			return &o.text
		}
	case MapKind:
		o.lookAtKeys(v.Map())
		return o.container(v, v.Map().vals)
	case ListKind:
		return o.container(v, v.List().items)
	}
	return nil
}

func (o *Outliner) container(v Value, parts []Value) *Outline {
	known := &o.known[uint64(uintptr(v.ptr))*mix>>32&uint64(len(o.known)-1)]
	if known.at == v.ptr {
		return known.of
	}
	base := len(o.scratch)
	for i, p := range parts {
		if of := o.Of(p); of != nil {
			o.scratch = append(o.scratch, outlined{i, of})
		}
	}
	out := o.like(o.scratch[base:])
	o.scratch = o.scratch[:base]
	*known = outlinedAt{v.ptr, out}
	return out
}

// like gives the outline with these parts, the same one each time.
func (o *Outliner) like(parts []outlined) *Outline {
	if len(parts) == 0 {
		return nil
	}
	var room [128]byte
	key := room[:0]
	for _, p := range parts {
		key = binary.NativeEndian.AppendUint64(key, uint64(p.i))
		key = binary.NativeEndian.AppendUint64(key, uint64(uintptr(unsafe.Pointer(p.of))))
	}
	if known := o.same[string(key)]; known != nil {
		return known
	}
	out := &Outline{parts: append([]outlined(nil), parts...)}
	o.same[string(key)] = out
	return out
}

func (o *Outliner) lookAtKeys(m *Map) {
	if m.shape == nil || o.keys[unsafe.Pointer(m.shape)] {
		return
	}
	o.keys[unsafe.Pointer(m.shape)] = true
	for _, k := range m.shape.keys {
		if k.Kind() == String && o.has(k.text()) {
			o.InKeys = true
		}
	}
}

// Filler gives values in which blanks are filled in. Equal parts stay one in memory, mostly. It is for one goroutine.
type Filler struct {
	with func(n int) Value
	done [1 << 9]filled // by where they were
	room blocks
	text []byte
}

type filled struct{ of, is Value }

// NewFiller gives a filler. with gives what stands for a blank: a text that is nothing but the blank becomes just that, other texts get
// its text, or nothing where it has none.
func NewFiller(with func(n int) Value) *Filler { return &Filler{with: with} }

// Fill gives a value, whose outline it is, without blanks. The value stays as it is, and what has no blanks is part of the result. Nobody
// may change the result in place.
func (f *Filler) Fill(v Value, o *Outline) Value {
	if o == nil {
		return v
	}
	known := &f.done[uint64(uintptr(v.ptr))*mix>>32&uint64(len(f.done)-1)]
	if known.of.ptr != v.ptr || known.of.meta != v.meta || known.of.pos != v.pos {
		*known = filled{v, f.fill(v, o)}
	}
	return known.is
}

func (f *Filler) fill(v Value, o *Outline) Value {
	var parts []Value
	switch v.Kind() {
	case String:
		return f.fillText(v)
	case ListKind:
		parts = f.parts(v.List().items, o)
	default:
		parts = f.parts(v.Map().vals, o)
	}
	v.ptr = f.room.around(v, parts)
	v.meta &^= ownedFlag
	return v
}

func (f *Filler) parts(of []Value, o *Outline) []Value {
	parts := taken(&f.room.vals, len(of), 512)
	copy(parts, of)
	for _, p := range o.parts {
		parts[p.i] = f.Fill(of[p.i], p.of)
	}
	return parts
}

func (f *Filler) fillText(v Value) Value {
	text := v.text()
	if len(text) == blankLen {
		return f.with(blankAt(text))
	}
	f.text = AppendFilled(f.text[:0], text, f.with)
	return NewString(string(f.text)).At(v.pos)
}

// FillText gives a text in which blanks are filled in, as a [Filler] does.
func FillText(text string, with func(n int) Value) string {
	if !HasBlank(text) {
		return text
	}
	return string(AppendFilled(nil, text, with))
}

// AppendFilled appends a text in which blanks are filled in, as a [Filler] does. Those for a number stay.
func AppendFilled(dst []byte, text string, with func(n int) Value) []byte {
	for {
		before := strings.IndexByte(text, blankMark)
		if before < 0 {
			return append(dst, text...)
		}
		dst = append(dst, text[:before]...)
		if text = text[before:]; numberAt(text) {
			dst = append(dst, text[:blankLen]...)
		} else {
			dst = append(dst, with(blankAt(text)).Str()...)
		}
		text = text[blankLen:]
	}
}

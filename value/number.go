package value

import (
	"strconv"
	"strings"
	"unsafe"
)

// Tasks that differ by a number only are made once, with blanks for the number. They are blanks of their own: what stands for them is known
// from the number.

// MaxNumber is the largest number for which there can be blanks.
const MaxNumber = 9999

// NewNumberBlank gives a text that stands for the numbers from 1 to last, which is not greater than [MaxNumber]: for the numbers
// themselves, or for what is written for them where text is set. As a part of a longer text both are the same.
func NewNumberBlank(last int, text bool) Value {
	if last < 1 || last > MaxNumber {
		panic("value: no blank for such a number")
	}
	n := maxBlanks + 2*last
	if text {
		n++
	}
	return newBlank(n)
}

// numberAt says whether the blank at the beginning of text is one for a number.
func numberAt[T string | []byte](text T) bool { return text[1]&(maxBlanks>>12) != 0 }

// HasNumber says whether there are blanks for a number in a text.
func HasNumber(text string) bool { return LastNumber(text) > 0 }

// LastNumber gives the last of the numbers that blanks in a text are for, 0 where there are none.
func LastNumber(text string) int {
	for {
		i := strings.IndexByte(text, blankMark)
		if i < 0 {
			return 0
		}
		if text = text[i:]; numberAt(text) {
			return (blankAt(text) - maxBlanks) / 2
		}
		text = text[blankLen:]
	}
}

// Numbering makes of values with blanks for a number those for one number after the other. It is for one goroutine.
type Numbering struct {
	in       *Interner
	outliner *Outliner
	texts    []byte // where new texts go
	text     []byte
	number   int
	digits   []byte
	value    Value                          // the number
	done     [1 << 4]struct{ of, is Value } // texts, for this number
}

// NewNumbering gives a numbering of what was interned.
func NewNumbering(in *Interner) *Numbering {
	return &Numbering{in: in, outliner: newOutliner(HasNumber)}
}

// Outline says where a value, which must not change any more, has blanks for numbers.
func (n *Numbering) Outline(v Value) *Outline { return n.outliner.Of(v) }

// InKeys says that a map of which the outline was asked has such a blank in a key.
func (n *Numbering) InKeys() bool { return n.outliner.InKeys }

// Next says what number is filled in from now on.
func (n *Numbering) Next(number int) {
	if n.number == number {
		return
	}
	n.number, n.value = number, NewInt(int64(number))
	n.digits = strconv.AppendInt(n.digits[:0], int64(number), 10)
	clear(n.done[:])
}

// Fill gives the value, whose outline it is, for the number. What has no blank is part of both. Nobody may change the result in place.
func (n *Numbering) Fill(v Value, o *Outline) Value { return n.fill(v, o, 0) }

// shareFrom is how deep a container must be for others to be like it: those above hold the label, or what does.
const shareFrom = 2

func (n *Numbering) fill(v Value, o *Outline, depth int) Value {
	if o == nil {
		return v
	}
	var of []Value
	switch v.Kind() {
	case String:
		return n.fillText(v)
	case ListKind:
		of = v.List().items
	default:
		of = v.Map().vals
	}
	v.meta &^= ownedFlag
	base := len(n.in.scratch)
	n.in.scratch = append(n.in.scratch, of...)
	for _, p := range o.parts {
		part := n.fill(of[p.i], p.of, depth+1)
		n.in.scratch[base+p.i] = part
	}
	parts := n.in.scratch[base:]
	if depth < shareFrom {
		v.ptr = n.in.room.rebuilt(v, parts)
	} else {
		v.ptr = n.in.like(v, parts)
	}
	n.in.scratch = n.in.scratch[:base]
	return v
}

func (n *Numbering) fillText(v Value) Value {
	known := &n.done[uint64(uintptr(v.ptr))*mix>>32&uint64(len(n.done)-1)]
	if known.of.ptr != v.ptr || known.of.meta != v.meta {
		is := n.value
		if text := v.text(); !isNumber(text) {
			n.text = appendNumbered(n.text[:0], text, n.digits)
			is = n.in.written(n.text, n.keep)
		}
		known.of, known.is = v, is
	}
	return known.is.At(v.pos)
}

// Text gives a text for the number.
func (n *Numbering) Text(text string) string {
	if !HasNumber(text) {
		return text
	}
	return n.fillText(NewString(text)).text()
}

// NumberText gives a text with blanks for a number, with that.
func NumberText(text string, number int) string {
	if !HasNumber(text) {
		return text
	}
	return string(appendNumbered(nil, text, strconv.AppendInt(nil, int64(number), 10)))
}

// isNumber says whether a text is nothing but a blank for a number itself.
func isNumber(text string) bool { return len(text) == blankLen && blankAt(text)&1 == 0 }

// numbered gives a text that has blanks for a number as it is with that.
func numbered(v Value, number int) Value {
	if isNumber(v.text()) {
		return NewInt(int64(number)).At(v.pos)
	}
	return NewString(string(appendNumbered(nil, v.text(), strconv.AppendInt(nil, int64(number), 10)))).At(v.pos)
}

// appendNumbered appends a text with digits in the place of its blanks for a number.
func appendNumbered(dst []byte, text string, digits []byte) []byte {
	for {
		i := strings.IndexByte(text, blankMark)
		if i < 0 {
			return append(dst, text...)
		}
		dst = append(dst, text[:i]...)
		if text = text[i:]; numberAt(text) {
			dst = append(dst, digits...)
		} else {
			dst = append(dst, text[:blankLen]...)
		}
		text = text[blankLen:]
	}
}

// keep gives a text that stays. Those of a task lie next to each other.
func (n *Numbering) keep(b []byte) string {
	text := taken(&n.texts, len(b), 1<<13)
	copy(text, b)
	return unsafe.String(unsafe.SliceData(text), len(text))
}

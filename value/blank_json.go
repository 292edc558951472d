package value

import (
	"bytes"
	"strconv"
	"strings"
)

// wholeBlank marks, in JSON, a blank that stands for a value and not for a part of a text.
const wholeBlank = 0x40

// appendBlankJSON writes a text with blanks, which stay.
func appendBlankJSON(dst []byte, text string) []byte {
	if len(text) == blankLen {
		return append(dst, text[0], text[1]|wholeBlank, text[2], text[3])
	}
	dst = append(dst, '"')
	for {
		before := strings.IndexByte(text, blankMark)
		if before < 0 {
			return append(appendBare(dst, text), '"')
		}
		dst = append(appendBare(dst, text[:before]), text[before:before+blankLen]...)
		text = text[before+blankLen:]
	}
}

// appendBare writes a text without its quotes.
func appendBare(dst []byte, text string) []byte {
	from := len(dst)
	dst = appendJSONString(dst, text)
	return dst[:from+copy(dst[from:], dst[from+1:len(dst)-1])]
}

// AppendNumberedJSON appends JSON that a [JSONText] left with blanks for a number, with that. Any other blank stands for other, which JSON has
// as it is.
func AppendNumberedJSON(dst, text []byte, number int, other string) []byte {
	var room [20]byte
	digits := strconv.AppendInt(room[:0], int64(number), 10)
	for {
		before := bytes.IndexByte(text, blankMark)
		if before < 0 {
			return append(dst, text...)
		}
		dst = append(dst, text[:before]...)
		blank := text[before : before+blankLen]
		quoted, number := blank[1]&wholeBlank != 0, numberAt(blank)
		if number && blankAt(blank)&1 == 0 {
			quoted = false
		}
		if quoted {
			dst = append(dst, '"')
		}
		if number {
			dst = append(dst, digits...)
		} else {
			dst = append(dst, other...)
		}
		if quoted {
			dst = append(dst, '"')
		}
		text = text[before+blankLen:]
	}
}

// JSONFiller fills in the blanks of JSON that a [JSONText] left. It is for one goroutine.
type JSONFiller struct {
	with  func(n int) Value
	texts []string // of values, as JSON, by number; "" for those that were not needed yet
}

// NewJSONFiller gives a filler. with gives what stands for a blank, of which [Inline] is true.
func NewJSONFiller(with func(n int) Value) *JSONFiller {
	return &JSONFiller{with: with}
}

// Inline says whether a value is one that has JSON, and the same one at any depth: a scalar.
func Inline(v Value) bool {
	if v.Kind() >= ListKind {
		return false
	}
	_, err := CompactJSON(v)
	return err == nil
}

// text gives what stands for a blank, as JSON.
func (f *JSONFiller) text(n int) string {
	for len(f.texts) <= n {
		f.texts = append(f.texts, "")
	}
	if f.texts[n] == "" {
		f.texts[n], _ = CompactJSON(f.with(n))
	}
	return f.texts[n]
}

// Append appends text with what is to be filled in.
func (f *JSONFiller) Append(dst, text []byte) []byte {
	for {
		before := bytes.IndexByte(text, blankMark)
		if before < 0 {
			return append(dst, text...)
		}
		dst = append(dst, text[:before]...)
		blank := text[before : before+blankLen]
		whole := blank[1]&wholeBlank != 0
		known := f.text(blankAt(blank))
		switch {
		case whole:
			dst = append(dst, known...)
		case known[0] == '"':
			dst = append(dst, known[1:len(known)-1]...)
		}
		text = text[before+blankLen:]
	}
}

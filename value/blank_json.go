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
	return appendFilledJSON(dst, text, strconv.AppendInt(room[:0], int64(number), 10), func(dst []byte, _ int, whole bool) []byte {
		if whole {
			return append(append(append(dst, '"'), other...), '"')
		}
		return append(dst, other...)
	})
}

// appendFilledJSON appends JSON with digits where a number was left blank, and what other appends in the place of other blanks.
func appendFilledJSON(dst, text, digits []byte, other func(dst []byte, n int, whole bool) []byte) []byte {
	for {
		before := bytes.IndexByte(text, blankMark)
		if before < 0 {
			return append(dst, text...)
		}
		dst = append(dst, text[:before]...)
		blank := text[before : before+blankLen]
		n, whole := blankAt(blank), blank[1]&wholeBlank != 0
		switch {
		case !numberAt(blank):
			dst = other(dst, n, whole)
		case whole && n&1 != 0: // what is written for the number
			dst = append(append(append(dst, '"'), digits...), '"')
		default:
			dst = append(dst, digits...)
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
	return appendFilledJSON(dst, text, nil, f.appendKnown)
}

// AppendNumbered is [JSONFiller.Append] for a text that has blanks for a number, too.
func (f *JSONFiller) AppendNumbered(dst, text []byte, number int) []byte {
	var room [20]byte
	return appendFilledJSON(dst, text, strconv.AppendInt(room[:0], int64(number), 10), f.appendKnown)
}

func (f *JSONFiller) appendKnown(dst []byte, n int, whole bool) []byte {
	known := f.text(n)
	switch {
	case whole:
		return append(dst, known...)
	case known[0] == '"':
		return append(dst, known[1:len(known)-1]...)
	}
	return dst
}

package yaml

import (
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// Decode gives a stream's characters as UTF-8 without byte order mark. The stream may be UTF-8, with or without the
// mark, or UTF-16 with it. UTF-8 is not copied: stream must not change afterwards.
//
// Control characters other than tab and line ends are an error, as is all that is no character; the text then ends
// with the last good character of UTF-16, or is the whole of UTF-8, and the error's offset counts in it.
func Decode(stream []byte) ([]byte, *Error) {
	switch {
	case len(stream) >= 2 && stream[0] == 0xff && stream[1] == 0xfe:
		return decodeUTF16(stream[2:], 0, 1)
	case len(stream) >= 2 && stream[0] == 0xfe && stream[1] == 0xff:
		return decodeUTF16(stream[2:], 1, 0)
	case len(stream) >= 3 && stream[0] == 0xef && stream[1] == 0xbb && stream[2] == 0xbf:
		stream = stream[3:]
	}
	for i := 0; i < len(stream); {
		if c := stream[i]; c >= ' ' && c < 0x7f || c == '\n' {
			i++
			continue
		}
		r, n := utf8.DecodeRune(stream[i:])
		if r == utf8.RuneError && n == 1 {
			return stream, &Error{Offset: i, Problem: fmt.Sprintf("not UTF-8: unexpected byte 0x%02x", stream[i])}
		}
		if !printable(r) {
			return stream, badCharacter(i, r)
		}
		i += n
	}
	return stream, nil
}

func decodeUTF16(stream []byte, low, high int) ([]byte, *Error) {
	out := make([]byte, 0, len(stream)/2+16)
	for ; len(stream) >= 2; stream = stream[2:] {
		r := rune(stream[low]) | rune(stream[high])<<8
		if utf16.IsSurrogate(r) {
			pair := rune(utf8.RuneError)
			if len(stream) >= 4 {
				pair = utf16.DecodeRune(r, rune(stream[low+2])|rune(stream[high+2])<<8)
			}
			if pair == utf8.RuneError {
				return out, &Error{Offset: len(out), Problem: fmt.Sprintf("not UTF-16: unpaired surrogate U+%04X", r)}
			}
			r, stream = pair, stream[2:]
		}
		if !printable(r) {
			return out, badCharacter(len(out), r)
		}
		out = utf8.AppendRune(out, r)
	}
	if len(stream) > 0 {
		return out, &Error{Offset: len(out), Problem: "not UTF-16: odd number of bytes"}
	}
	return out, nil
}

func badCharacter(offset int, r rune) *Error {
	return &Error{Offset: offset, Problem: fmt.Sprintf("control character U+%04X is not allowed", r)}
}

// printable says whether YAML 1.1 allows the character in a stream.
func printable(r rune) bool {
	switch {
	case r < ' ':
		return r == '\t' || r == '\n' || r == '\r'
	case r < 0xa0:
		return r < 0x7f || r == 0x85
	}
	return r <= 0xd7ff || r >= 0xe000 && r <= 0xfffd || r >= 0x10000
}

package slugid

import (
	"crypto/sha256"
	"encoding/base64"
	"regexp"
)

// Nice gives the slugid that is made of 122 of the bits. Its first bit is 0, so that it never begins with a dash.
func Nice(b [16]byte) string {
	b[0] &= 0x7f
	b[6] = b[6]&0x0f | 0x40 // version 4
	b[8] = b[8]&0x3f | 0x80 // the variant of RFC 9562
	var out [22]byte
	base64.RawURLEncoding.Encode(out[:], b[:])
	return string(out[:])
}

// Derived gives a slugid that is always the same for a seed and a name.
func Derived(seed, name string) string {
	text := make([]byte, 0, 256)
	text = append(text, seed...)
	text = append(text, 0)
	text = append(text, name...)
	sum := sha256.Sum256(text)
	return Nice([16]byte(sum[:16]))
}

// Pattern is the form of a slugid, nice or not.
const Pattern = `^[A-Za-z0-9_-]{8}[Q-T][A-Za-z0-9_-][CGKOSWaeimquy26-][A-Za-z0-9_-]{10}[AQgw]$`

var form = regexp.MustCompile(Pattern)

// Valid says whether a text has that form.
func Valid(s string) bool { return form.MatchString(s) }

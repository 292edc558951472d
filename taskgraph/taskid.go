package taskgraph

import (
	"crypto/sha256"
	"encoding/base64"
)

// TaskID gives the task id that a decision task uses for a label: always the same one, so that a decision task that
// is run again after it died half-way creates what is missing and nothing twice. It is a slugid in its nice form: a
// version 4 UUID whose first bit is 0, in URL-safe base64 without padding, so that it never begins with a dash.
func TaskID(decisionTaskID, label string) string {
	text := make([]byte, 0, 256)
	text = append(text, decisionTaskID...)
	text = append(text, 0)
	text = append(text, label...)
	sum := sha256.Sum256(text)
	return slugid([16]byte(sum[:16]))
}

// slugid gives the nice slugid that is made of 122 of the bits.
func slugid(b [16]byte) string {
	b[0] &= 0x7f
	b[6] = b[6]&0x0f | 0x40 // version 4
	b[8] = b[8]&0x3f | 0x80 // the variant of RFC 9562
	var out [22]byte
	base64.RawURLEncoding.Encode(out[:], b[:])
	return string(out[:])
}

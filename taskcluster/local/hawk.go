package local

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// hawkSkew is how far the clock of a client may be from ours.
const hawkSkew = 15 * time.Minute

// hawkHeader is what an Authorization header says.
type hawkHeader struct {
	id, ts, nonce, hash, ext, mac string
}

// maxHawkHeader is how long an Authorization header may be. The reference library has 4096, but certificates with
// many scopes are longer, and the services raised it.
const maxHawkHeader = 64 << 10

// hawkAttributes are what a header may have.
var hawkAttributes = []string{"id", "ts", "nonce", "hash", "ext", "mac", "app", "dlg"}

// parseHawkHeader reads an Authorization header. Attributes may come in any order and each once.
func parseHawkHeader(text string) (hawkHeader, error) {
	var h hawkHeader
	if len(text) > maxHawkHeader {
		return h, errors.New("the header is too long")
	}
	scheme, rest, _ := strings.Cut(text, " ")
	if !strings.EqualFold(scheme, "hawk") {
		return h, errors.New("the header is not of the scheme Hawk")
	}
	var ignored string
	var values = [...]*string{&h.id, &h.ts, &h.nonce, &h.hash, &h.ext, &h.mac, &ignored, &ignored} // of hawkAttributes
	var seen [len(values)]bool
	for rest = strings.TrimSpace(rest); rest != ""; {
		name, after, ok := strings.Cut(rest, `="`)
		if !ok {
			return h, errors.New("the header has an attribute without a quoted value")
		}
		value, after, ok := strings.Cut(after, `"`)
		if !ok {
			return h, errors.New("the header has a quote that does not end")
		}
		field := slices.Index(hawkAttributes, name)
		switch {
		case field < 0:
			return h, fmt.Errorf("the header has an unknown attribute %q", name)
		case seen[field]:
			return h, fmt.Errorf("the header has %s twice", name)
		case !validScope(value):
			return h, fmt.Errorf("the header has %s with a character that is not printable", name)
		}
		*values[field], seen[field] = value, true
		rest = strings.TrimLeft(after, " ")
		if rest != "" {
			if rest, ok = strings.CutPrefix(rest, ","); !ok {
				return h, errors.New("the header has no comma between two attributes")
			}
			rest = strings.TrimLeft(rest, " ")
		}
	}
	if h.id == "" || h.ts == "" || h.nonce == "" || h.mac == "" {
		return h, errors.New("the header lacks one of id, ts, nonce and mac")
	}
	return h, nil
}

// hawkRequest is what a signature covers besides the attributes.
type hawkRequest struct {
	method   string // upper case
	resource string // path and query, exactly as sent
	host     string
	port     int
}

// hawkMAC signs a request. The kind is "header" or "bewit".
func hawkMAC(key, kind string, r hawkRequest, h hawkHeader) string {
	var b strings.Builder
	b.Grow(256 + len(r.resource) + len(h.ext))
	ext := strings.ReplaceAll(strings.ReplaceAll(h.ext, `\`, `\\`), "\n", `\n`)
	for _, line := range []string{"hawk.1." + kind, h.ts, h.nonce, r.method, r.resource, strings.ToLower(r.host), strconv.Itoa(r.port), h.hash, ext} {
		b.WriteString(line)
		b.WriteByte('\n')
	}
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(b.String()))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// payloadHash is what a signature says about the body.
func payloadHash(contentType string, body []byte) string {
	contentType, _, _ = strings.Cut(contentType, ";")
	sum := sha256.New()
	fmt.Fprintf(sum, "hawk.1.payload\n%s\n", strings.ToLower(strings.TrimSpace(contentType)))
	sum.Write(body)
	sum.Write([]byte("\n"))
	return base64.StdEncoding.EncodeToString(sum.Sum(nil))
}

// sameText compares in a time that does not depend on where the texts differ.
func sameText(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }

// splitBewit takes the bewit out of a resource. The rest is what was signed.
func splitBewit(resource string) (rest, bewit string, ok bool) {
	path, query, _ := strings.Cut(resource, "?")
	var kept []string
	for part := range strings.SplitSeq(query, "&") {
		if value, is := strings.CutPrefix(part, "bewit="); is && !ok {
			bewit, ok = value, true
			continue
		}
		kept = append(kept, part)
	}
	if len(kept) > 0 {
		path += "?" + strings.Join(kept, "&")
	}
	return path, bewit, ok
}

// bewitParts is what a bewit says.
type bewitParts struct{ id, exp, mac, ext string }

// parseBewit reads a bewit.
func parseBewit(text string) (bewitParts, error) {
	plain, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return bewitParts{}, errors.New("the bewit is no base64url")
	}
	parts := strings.Split(string(plain), `\`)
	if len(parts) != 4 {
		return bewitParts{}, errors.New("the bewit has not four parts")
	}
	b := bewitParts{parts[0], parts[1], parts[2], parts[3]}
	if b.id == "" || b.exp == "" || b.mac == "" {
		return bewitParts{}, errors.New("the bewit lacks one of id, exp and mac")
	}
	return b, nil
}

// checkBewit compares a bewit with what it would have to be.
func checkBewit(key string, b bewitParts, r hawkRequest, now time.Time) error {
	if r.method != "GET" && r.method != "HEAD" {
		return errors.New("a bewit is for GET only")
	}
	r.method = "GET"
	exp, err := strconv.ParseInt(b.exp, 10, 64)
	if err != nil {
		return errors.New("the bewit has no time")
	}
	if exp <= now.Unix() {
		return authError("Access expired")
	}
	if !sameText(b.mac, hawkMAC(key, "bewit", r, hawkHeader{ts: b.exp, ext: b.ext})) {
		return authError("Unauthorized: Bad mac")
	}
	return nil
}

// newBewit signs a resource, so that whoever has the address may get it until a time.
func newBewit(id, key string, r hawkRequest, exp time.Time, ext string) string {
	h := hawkHeader{ts: strconv.FormatInt(exp.Unix(), 10), ext: ext}
	r.method = "GET"
	plain := strings.Join([]string{id, h.ts, hawkMAC(key, "bewit", r, h), ext}, `\`)
	return base64.RawURLEncoding.EncodeToString([]byte(plain))
}

// checkTimestamp refuses a time that is too far from ours.
func checkTimestamp(ts string, now time.Time) error {
	seconds, err := strconv.ParseInt(ts, 10, 64)
	if err != nil {
		return authError("Bad Request: the timestamp is no number")
	}
	if d := now.Sub(time.Unix(seconds, 0)); d > hawkSkew || d < -hawkSkew {
		return authError("Unauthorized: Stale timestamp")
	}
	return nil
}

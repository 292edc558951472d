package local

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// decodings are documents and what is nearly one.
var decodings = []string{
	``, ` `, `{}`, `[]`, ` { } `, `[ ]`, `null`, `true`, `false`, `nul`, `nulll`, `truefalse`, `"x"`, `"x`, `"`, `"\`, `"\"`, `x`, `{`, `[`, `}`, `]`, `,`, `:`, `[,]`, `[1,]`, `[1 2]`, `{"a"}`, `{"a":}`,
	`{"a":1,}`, `{"a":1 "b":2}`, `{a:1}`, `{1:2}`, `{"a":1}x`, `{"a":1}{}`, "{}\x00", "\x00", "{\x00}", "[1\x00]", "[1,\x00]", "{\"a\"\x00:1}", `[[[[]]]]`, `{"a":{"b":[1,{"c":null}]}}`, `{"a":1,"a":2}`, `{"":""}`,
	`0`, `-0`, `-`, `01`, `-01`, `00`, `1.`, `1.5`, `1e3`, `1E3`, `1e999`, `-1`, `123456789012345`, `1234567890123456`, `99999999999999999999`, `1a`, `[1]`, `[-5 , 7]`, `+1`, `.5`, `1 `, `--1`,
	`"é"`, "\"\xff\"", "\"a\nb\"", "\"a\tb\"", `"\n\t\r\"\\\/"`, `"\b\f"`, `"\u0041"`, `"\ud83d\ude00"`, `"\ud83d"`, `"\x"`, `"\u12"`, "\"\\\xff\"", "\"\\n\xff\"", `"\"`, `"\\"`, `"\\\"`, `{"a\n":1}`, "\ufeff{}",
	"\v{}", "\u00a0{}", "{\"a\" :\n1\t,\r\"b\" : [ true , false ] }", `["a","b"]`, `{"a":tru}`, `{"a":nul`, `[true`, `[tru`, "\"\x7f\"", "\"\u2028\"",
}

// Every document is read as encoding/json reads it, and refused in the same words.
func TestDecode(t *testing.T) {
	for _, text := range decodings {
		sameDecoding(t, []byte(text))
	}
	for _, depth := range []int{99, 100, 101, 9_999, 10_001} {
		deep := make([]byte, 0, 2*depth)
		for range depth {
			deep = append(deep, '[')
		}
		for range depth {
			deep = append(deep, ']')
		}
		sameDecoding(t, deep)
	}
}

func FuzzDecode(f *testing.F) {
	for _, text := range decodings {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) { sameDecoding(t, text) })
}

func sameDecoding(t *testing.T, text []byte) {
	t.Helper()
	var want any
	wantErr := json.Unmarshal(text, &want)
	got, err := decodeJSON(text)
	if wantErr != nil {
		require.EqualError(t, err, wantErr.Error(), "%q", text)
		return
	}
	require.NoError(t, err, "%q", text)
	assert.Equal(t, want, got, "%q", text)
}

// A slug is told from other texts as the pattern says.
func TestSlug(t *testing.T) {
	p := patterns()["queue"]["taskId"]
	slug := "fN3SbArXTPSVFUUvKaxiQw"
	require.True(t, isSlug(slug))
	assert.False(t, isSlug(slug[1:]))
	assert.False(t, isSlug(slug+"A"))
	for i := range len(slug) {
		for c := range 256 {
			text := slug[:i] + string([]byte{byte(c)}) + slug[i+1:]
			require.Equal(t, p.MatchString(text), isSlug(text), "%q", text)
		}
	}
}

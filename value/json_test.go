package value

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
)

func TestJSON(t *testing.T) {
	for text, want := range map[string]string{
		`null`:                             "null",
		` [true, false, null] `:            "[true false null]",
		`{"b": 1, "a": {"c": []}, "": {}}`: `{"b": 1, "a": {"c": []}, "": {}}`,
		`[0, -0, 12, -5, 9223372036854775807, 9223372036854775808]`:     "[0 0 12 -5 9223372036854775807 9223372036854775808]",
		`[1.5, -0.0, 1e3, 1E-2, 2.5e+1, 1e400, 12345678901234567890.0]`: "[1.5 -0.0 1000.0 0.01 25.0 inf 1.2345678901234567e+19]",
		`[NaN, Infinity, -Infinity]`:                                    "[nan inf -inf]",
		`"a\"\\\/\b\f\n\r\t\u0041\u00e9é"`:                              `"a\"\\/\b\f\n\r\tAéé"`,
		`"\ud83d\ude00"`:                                                `"😀"`,
		`"\ud800"`:                                                      `"\xed\xa0\x80"`,
		`"\ud800\u0041"`:                                                `"\xed\xa0\x80A"`,
		`"\ud800\ud83d\ude00"`:                                          `"\xed\xa0\x80😀"`,
		`{"a": 1, "b": 2, "a": 3}`:                                      `{"a": 3, "b": 2}`,
	} {
		v, err := (&Reader{}).JSON("x.json", []byte(text))
		if assert.NoError(t, err, text) {
			assert.Equal(t, want, describe(v), text)
		}
	}
}

func TestJSONMistakes(t *testing.T) {
	for _, c := range []struct{ text, at, want string }{
		{"", "1:1", "expected a value, found the end of the file"},
		{"{\n \"a\": 1,\n}", "3:1", "expected a key in double quotes, found '}'"},
		{"[1,]", "1:4", "expected a value, found ']'"},
		{"[1 2]", "1:4", `expected "," or "]", found '2'`},
		{`{"a": 1 "b": 2}`, "1:9", `expected "," or "}", found '"'`},
		{`{a: 1}`, "1:2", "expected a key in double quotes"},
		{`{"a" 1}`, "1:6", `expected ":" after the key`},
		{`{"a": 1} x`, "1:10", "unexpected 'x' after the end of the document"},
		{`"abc`, "1:1", "the file ends inside of this string"},
		{`"a\q"`, "1:3", `unknown escape \q`},
		{`"a\u12g4"`, "1:3", "four hexadecimal digits"},
		{"\"a\nb\"", "1:3", `control character '\n'`},
		{"\"\\n\nb\"", "1:4", `control character '\n'`},
		{"01", "1:2", "after the end"},
		{"1.", "1:2", "after the end"},
		{"-", "1:1", "expected a value"},
		{"+1", "1:1", "expected a value"},
		{"'a'", "1:1", "expected a value"},
		{"nul", "1:1", "expected a value"},
		{"[1, \x00]", "1:5", "expected a value"},
		{"1 \x00", "1:3", "after the end"},
		{"\ufeff{}", "1:1", "byte order mark"},
		{"[\"é\xff\"]", "1:4", "not UTF-8"},
		{"// c\n1", "1:1", "expected a value"},
	} {
		_, err := (&Reader{Sources: &diag.Sources{}}).JSON("x.json", []byte(c.text))
		if assert.Error(t, err, "%q", c.text) {
			d := diag.Flatten(err)[0]
			assert.Equal(t, diag.JSONSyntax, d.Code)
			assert.Equal(t, "x.json:"+c.at, d.Where.String(), "%q: %v", c.text, err)
			assert.Contains(t, d.Message, c.want)
		}
	}
}

func TestJSONLimits(t *testing.T) {
	for name, text := range map[string]string{
		"depth of lists": strings.Repeat("[", 100_000), "depth of maps": strings.Repeat(`{"a":`, 100_000), "digits": strings.Repeat("1", 5000),
	} {
		_, err := (&Reader{}).JSON("x.json", []byte(text))
		require.Error(t, err, name)
		assert.Equal(t, diag.LimitExceeded, diag.Flatten(err)[0].Code, name)
	}
	_, err := (&Reader{Limits: Limits{Bytes: 3}}).JSON("x.json", []byte("1234"))
	assert.ErrorContains(t, err, "x.json: the file has 4 bytes; at most 3 are read")
}

func TestJSONPositionsAndWarnings(t *testing.T) {
	sources := &diag.Sources{}
	var warned []*diag.Diagnostic
	r := &Reader{Sources: sources, Warn: func(d *diag.Diagnostic) { warned = append(warned, d) }}
	v, err := r.JSON("x.json", []byte("{\n  \"é\": [1, \"x\"],\n  \"é\": {\"b\": true}}"))
	require.NoError(t, err)
	at := func(v Value) string { return sources.Position(v.Pos()).String() }
	assert.Equal(t, "x.json:1:1", at(v))
	assert.Equal(t, "x.json:3:3", at(v.Map().Entry(0).Key))
	assert.Equal(t, "x.json:3:8", at(v.Map().At("é")))
	assert.Equal(t, "x.json:3:14", at(v.Map().At("é").Map().At("b")))
	require.Len(t, warned, 1)
	assert.Equal(t, diag.DuplicateKey, warned[0].Code)
	assert.Equal(t, "x.json:3:3", sources.Position(warned[0].Pos).String())
	assert.Equal(t, "x.json:2:3", sources.Position(warned[0].Related[0].Pos).String())
}

func BenchmarkJSON(b *testing.B) {
	text, err := CompactJSON(taskDocument(b, 1))
	require.NoError(b, err)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (&Reader{}).JSON("x.json", []byte(text)); err != nil {
			b.Fatal(err)
		}
	}
}

package value

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/pyyaml"
)

// small keeps what a fuzz target makes of an input short.
var small = Limits{Depth: 100, Nodes: 5000}

// FuzzYAML checks what the reader makes of any text: it agrees with PyYAML where that is installed; every mistake has
// a place; what was read can be written and read again.
func FuzzYAML(f *testing.F) {
	for _, frame := range frames {
		f.Add([]byte(strings.ReplaceAll(frame, "%s", "1:30")))
	}
	for _, c := range yamlCases {
		f.Add([]byte(c.text))
	}
	for _, c := range yamlMistakes {
		f.Add([]byte(c.text))
	}
	p := pyyaml.StartIfInstalled(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		sources := &diag.Sources{}
		v, err := (&Reader{Sources: sources, Limits: small, Warn: func(*diag.Diagnostic) {}}).YAML("x.yml", bytes.Clone(text))
		for _, d := range diag.Flatten(err) {
			require.NotZero(t, d.Pos, "%v", err)
			require.NotEmpty(t, d.Code)
			require.True(t, utf8.ValidString(d.Message), "%q", d.Message)
		}
		if p != nil {
			agreeOnYAML(t, p, text)
		}
		if err != nil {
			return
		}
		out, err := AppendYAML(nil, v, false)
		if err != nil {
			return // too many digits
		}
		again, err := (&Reader{}).YAML("again.yml", out)
		require.NoError(t, err, "%s", out)
		require.Equal(t, canonical(v), canonical(again), "%s", out)
		if out, err := AppendJSON(nil, v, JSONStyle{Indent: 2, SortKeys: true}, 0); err == nil {
			_, err := (&Reader{}).JSON("x.json", out)
			require.NoError(t, err, "%s", out)
		}
	})
}

// FuzzJSON checks that the reader accepts what encoding/json accepts and that it means the same, that what was read
// can be written and read again, and that Python agrees where it is installed.
func FuzzJSON(f *testing.F) {
	for _, text := range []string{`{"a": [1, -2.5e3, "x\u00e9\ud83d\ude00\ud800", true, false, null], "a": {}}`, `[]`, `"\b\f\n\r\t\/\\\""`, `[NaN, Infinity, -Infinity]`,
		`{"":0}`, ` 123456789012345678901234567890 `, `[1,]`, `{"a" 1}`, `01`, `1.`, `-`, `"` + "\x01" + `"`, "\ufeff1", `1e999`, `[[[[]]]]`, "\xff"} {
		f.Add([]byte(text))
	}
	p := pyyaml.StartIfInstalled(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := (&Reader{Sources: &diag.Sources{}, Limits: small}).JSON("x.json", bytes.Clone(text))
		limited := false
		for _, d := range diag.Flatten(err) {
			require.NotZero(t, d.Pos, "%v", err)
			limited = limited || d.Code == diag.LimitExceeded
		}
		if limited {
			return
		}
		if p != nil {
			want := p.Ask(t, "load_json", text)
			require.Equal(t, want.Error != "", err != nil, "%q: %v, %+v", text, err, want)
			if err == nil {
				require.Equal(t, want.Text, canonical(v), "%q", text)
			}
		}
		agreeOnJSON(t, text, v, err)
		if err != nil {
			return
		}
		for _, style := range []JSONStyle{{}, {Indent: 3}} {
			out, err := AppendJSON(nil, v, style, 0)
			require.NoError(t, err)
			again, err := (&Reader{}).JSON("again.json", out)
			require.NoError(t, err, "%s", out)
			require.Equal(t, canonical(v), canonical(again), "%s", out)
		}
	})
}

// agreeOnJSON compares with encoding/json, which replaces what is no character, and knows no NaN.
func agreeOnJSON(t *testing.T, text []byte, v Value, err error) {
	if !utf8.Valid(text) {
		require.Error(t, err)
		return
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var want any
	wrong := d.Decode(&want)
	if wrong == nil && d.More() || wrong == nil && func() bool { _, err := d.Token(); return err != io.EOF }() {
		wrong = io.ErrUnexpectedEOF
	}
	if err != nil {
		require.Error(t, wrong, "%q: %v", text, err)
		return
	}
	out, err := CompactJSON(v)
	require.NoError(t, err)
	if strings.Contains(out, "NaN") || strings.Contains(out, "Infinity") {
		return
	}
	require.NoError(t, wrong, "%q", text)
	d = json.NewDecoder(strings.NewReader(out))
	d.UseNumber()
	var got any
	require.NoError(t, d.Decode(&got), "%s", out)
	requireSameNumbers(t, want, got)
}

// requireSameNumbers compares documents whose floats may be written in different ways.
func requireSameNumbers(t *testing.T, want, got any) {
	switch want := want.(type) {
	case json.Number:
		w, _ := want.Float64()
		g, _ := got.(json.Number).Float64()
		require.Equal(t, w, g)
	case []any:
		require.Len(t, got, len(want))
		for i := range want {
			requireSameNumbers(t, want[i], got.([]any)[i])
		}
	case map[string]any:
		require.Len(t, got, len(want))
		for k := range want {
			requireSameNumbers(t, want[k], got.(map[string]any)[k])
		}
	default:
		require.Equal(t, want, got)
	}
}

package value

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/internal/pyyaml"
)

// writers are the ways in which a value is written, each with the function of the second opinion that does the same
// to a YAML document.
var writers = map[string]func(Value) (string, error){
	"to_json": CompactJSON,
	"to_sorted_json": func(v Value) (string, error) {
		out, err := AppendJSON(nil, v, JSONStyle{Indent: 2, SortKeys: true}, 0)
		return string(out), err
	},
	"to_yaml": func(v Value) (string, error) {
		out, err := AppendYAML(nil, v, true)
		return string(out), err
	},
	"to_unsorted_yaml": func(v Value) (string, error) {
		out, err := AppendYAML(nil, v, false)
		return string(out), err
	},
	"to_unicode_yaml": func(v Value) (string, error) {
		out, err := YAMLStyle{SortKeys: true, Unicode: true}.Append(nil, v)
		return string(out), err
	},
}

// agreeOnWriting checks that a value, and the document that it was read from, are written alike.
func agreeOnWriting(t testing.TB, p *pyyaml.Process, text []byte, v Value) {
	t.Helper()
	for name, write := range writers {
		got, err := write(v)
		want := p.Ask(t, name, text)
		require.Equal(t, want.Error != "", err != nil, "%s of %q: %v, %v", name, text, err, want)
		if err == nil {
			require.Equal(t, want.Text, got, "%s of %q", name, text)
		}
	}
}

// TestWriteFiles writes files in every way: every tenth, or all where a seed is set.
func TestWriteFiles(t *testing.T) {
	p := pyyaml.Start(t)
	for i, file := range sharedYAML(t) {
		if os.Getenv("YAML_SEED") == "" && i%10 != 0 || strings.Contains(file, "016-yaml-set-output") {
			continue // the order of a set is random
		}
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		if v, err := (&Reader{}).YAML(file, text); err == nil {
			agreeOnWriting(t, p, text, v)
		}
	}
}

// textSoup is what random strings are made of.
var textSoup = []string{"a", "word", " ", "  ", "\n", "\n\n", "\t", ":", ": ", "#", " #", "-", "- ", "?", ",", "[", "{", "}", "'", "\"", "\\", "!", "&", "*", "%", "@", "`", "|", ">",
	"---", "...", "é", "日本", "😀", "\u0085", "\u00a0", "\u2028", "\ufeff", "\x00", "\x07", "\x1b", "\x7f", "\r", "\U0010ffff", "\ud7ff", "\ue000", "123", "1.5", "yes", "null", "~", "=", "<<",
	"2001-01-01", "0x1F", "1e3", "a long run of words that fills a line and more than that, so that it is folded ", "anotherlongwordwithoutblanksthatcannotbefoldedbecausethereisnoplace"}

func randomString(r *rand.Rand) string {
	var b strings.Builder
	for range r.IntN(8) {
		b.WriteString(textSoup[r.IntN(len(textSoup))])
	}
	return b.String()
}

func randomTree(r *rand.Rand, depth int) any {
	switch n := r.IntN(10); {
	case n < 3 && depth > 0:
		m := map[string]any{}
		for range r.IntN(4) {
			m[randomString(r)] = randomTree(r, depth-1)
		}
		return m
	case n < 5 && depth > 0:
		l := []any{}
		for range r.IntN(4) {
			l = append(l, randomTree(r, depth-1))
		}
		return l
	case n == 5:
		return []any{nil, true, false, 0, -1, 123456789012, 1.5, 1e300, -2.5e-9, 100.0, 1e16, 123456789.125}[r.IntN(12)]
	}
	return randomString(r)
}

// TestWriteRandom writes random documents in every way.
func TestWriteRandom(t *testing.T) {
	p := pyyaml.Start(t)
	n := 500
	if testing.Short() {
		n = 200
	}
	seed := randomSeed(&n)
	r := rand.New(rand.NewPCG(seed, 9))
	for range n {
		text, err := json.Marshal(randomTree(r, 4))
		require.NoError(t, err)
		v, err := (&Reader{}).JSON("x.json", text)
		require.NoError(t, err)
		for what, write := range map[string]func() ([]byte, error){
			"json_to_yaml": func() ([]byte, error) { return AppendYAML(nil, v, true) },
			"json_to_unicode_yaml": func() ([]byte, error) {
				return YAMLStyle{SortKeys: true, Unicode: true}.Append(nil, v)
			},
			"json_to_json": func() ([]byte, error) { return AppendJSON(nil, v, JSONStyle{Indent: 4, SortKeys: true}, 0) },
		} {
			got, err := write()
			require.NoError(t, err)
			want := p.Ask(t, what, text)
			require.Empty(t, want.Error)
			require.Equal(t, want.Text, string(got), "%s of %s", what, text)
		}
	}
}

// TestWriteRandomYAML writes what only YAML can hold: dates, binary, sets, keys of every kind.
func TestWriteRandomYAML(t *testing.T) {
	p := pyyaml.Start(t)
	n := 300
	if testing.Short() {
		n = 100
	}
	seed := randomSeed(&n)
	r := rand.New(rand.NewPCG(seed, 11))
	for range n {
		var b strings.Builder
		for range 1 + r.IntN(3) {
			b.WriteString("? " + randomScalar(r) + "\n: " + randomScalar(r) + "\n")
		}
		if v, err := (&Reader{}).YAML("x.yml", []byte(b.String())); err == nil && !strings.Contains(b.String(), "set") {
			agreeOnWriting(t, p, []byte(b.String()), v)
		}
	}
}

package yaml

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/internal/pyyaml"
)

// place gives line and column of an offset as libyaml counts them.
func place(text string, off int) (line, col int) {
	line, begin := 1, 0
	for i := 0; i < off; {
		n := breakAt(text, i)
		if n > 0 {
			line, begin = line+1, i+n
		}
		i += max(n, 1)
	}
	return line, utf8.RuneCountInString(text[begin:off]) + 1
}

// lines writes a document as the function events of the second opinion does.
func lines(text string, doc *Document) string {
	var out []string
	var ends []int32
	for i := int32(0); i < int32(len(doc.Nodes)); i++ {
		for len(ends) > 0 && ends[len(ends)-1] == i {
			ends = ends[:len(ends)-1]
			out = append(out, "end")
		}
		n := &doc.Nodes[i]
		line, col := place(text, int(n.Pos))
		at := fmt.Sprintf("%d:%d", line, col)
		switch n.Kind {
		case Scalar:
			plain := "False"
			if n.Plain {
				plain = "True"
			}
			out = append(out, fmt.Sprintf("scalar %s %s %s %s", at, plain, doc.Tag(n), hex.EncodeToString([]byte(n.Text))))
		case Alias:
			out = append(out, "alias "+at)
		case Sequence:
			out = append(out, fmt.Sprintf("[ %s %s", at, doc.Tag(n)))
			ends = append(ends, n.Next)
		case Mapping:
			out = append(out, fmt.Sprintf("{ %s %s", at, doc.Tag(n)))
			ends = append(ends, n.Next)
		}
	}
	for range ends {
		out = append(out, "end")
	}
	return strings.Join(out, "\n")
}

// agree checks that both libraries make the same of a text, or find the same mistake in it.
func agree(t testing.TB, p *pyyaml.Process, stream []byte) {
	t.Helper()
	want := p.Ask(t, "events", stream)
	text, err := Decode(stream)
	doc := &Document{}
	if err == nil {
		doc, err = Parse(string(text), Limits{Depth: 1000, Nodes: 1 << 20})
	}
	if err == nil {
		require.Equal(t, "", want.Error, "libyaml refuses %q", stream)
		got := lines(string(text), doc)
		if n := len(text); n > 0 && text[n-1] != '\n' { // libyaml adds a line to such a text
			places := regexp.MustCompile(`(?m)^(\S+) \d+:\d+`)
			got, want.Text = places.ReplaceAllString(got, "$1"), places.ReplaceAllString(want.Text, "$1")
		}
		require.Equal(t, want.Text, got, "%q", stream)
		return
	}
	if err.Class == Reference && strings.Contains(err.Problem, "inside of what it refers to") || err.Class == Limit {
		return // Python can build these
	}
	require.NotEqual(t, "", want.Error, "libyaml accepts %q, not so: %s at %d", stream, err.Problem, err.Offset)
	if strings.HasPrefix(want.Error, "ReaderError") || want.Line == 0 {
		return
	}
	if line, col := place(string(text), err.Offset); err.Offset < len(text) && (line != want.Line || col != want.Col) &&
		(line != want.ContextLine || col != want.ContextCol) {
		require.Fail(t, "another place", "%q: %s at %d:%d, want %+v", stream, err.Problem, line, col, want)
	}
}

// TestFilesAgainstLibyaml compares the trees of all YAML files that are beside the project.
func TestFilesAgainstLibyaml(t *testing.T) {
	p := pyyaml.Start(t)
	files := 0
	filepath.WalkDir("../../../shared", func(path string, d os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".yml") {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			agree(t, p, text)
			files++
		}
		return nil
	})
	if files == 0 {
		t.Skip("no files")
	}
}

// soup is what random texts are made of.
var soup = strings.Split("a|b|c: |d:|\n|\n  |\n    |\n# x\n| # y|- |\n- |? |: |[|]|{|}|,|, |\"q\"|\"|'s'|'|''|&x |*x|!!str |! |\t| |\n\n|#|\r\n|\r|"+
	"\\|\\n|\\\n|\\x41|\\/|\\'|%YAML 1.1\n|%|---|---\n|--- |...\n|%TAG ! !x\n|%TAG !e! tag:x,1:\n|!e!f |!<x> |!|é|# é\n|\u0085|\u2028|\ufeff|~|<<: |=|-|?|:|@|`|.|\n...\n|"+
	"12|0x1F|1:30|\"\\u00e9\"|a\n b|😀|%41", "|")

func init() {
	soup = append(soup, "|", "|\n  x\n", "|-\n   x\n  y\n", ">-\n  y\n z\n", ">\n\n  a\n   b\n\n  c\n", "|2\n   x\n", "|+\n x\n\n")
}

func randomText(r *rand.Rand) []byte {
	var b []byte
	for range 2 + r.IntN(14) {
		b = append(b, soup[r.IntN(len(soup))]...)
	}
	return b
}

// TestRandomAgainstLibyaml compares what is made of texts that are mostly wrong.
func TestRandomAgainstLibyaml(t *testing.T) {
	p := pyyaml.Start(t)
	n := 2000
	if testing.Short() {
		n = 400
	}
	seed := uint64(1)
	if os.Getenv("YAML_SEED") != "" {
		fmt.Sscan(os.Getenv("YAML_SEED"), &seed, &n)
	}
	r := rand.New(rand.NewPCG(seed, 2))
	for range n {
		agree(t, p, randomText(r))
	}
}

package yaml

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var roomy = Limits{Depth: 100, Nodes: 1000}

// outline writes a document in one line: scalars without quotes in <>, others in "", aliases as *;.
func outline(doc *Document) string {
	var b strings.Builder
	var node func(i int32)
	node = func(i int32) {
		n := &doc.Nodes[i]
		if n.Kind != Alias && n.Ref > 0 {
			b.WriteString("!" + doc.Tag(n) + " ")
		}
		brackets := [...]string{Scalar: `""`, Sequence: "[]", Mapping: "{}", Alias: "*;"}[n.Kind]
		if n.Plain {
			brackets = "<>"
		}
		b.WriteString(brackets[:1] + n.Text)
		for j := i + 1; j < n.Next; j = doc.Nodes[j].Next {
			node(j)
		}
		b.WriteString(brackets[1:])
	}
	if len(doc.Nodes) > 0 {
		node(0)
	}
	return b.String()
}

// What libyaml 0.2.5 accepts and how it reads it, where other libraries, among them its ports to Go, differ.
func TestParseLikeLibyaml(t *testing.T) {
	for text, want := range map[string]string{
		`{a: http://x/?y}`:                `{<a><http://x/?y>}`, // "?" inside of text in flow
		`{a? b: c}`:                       `{<a? b><c>}`,
		`"\/"`:                            `"/"`,
		`[a:b]`:                           `[<a:b>]`,
		"a: b\n\ufeffc: d":                "",            // the mark counts as a column
		"# x\n\ufeffc: d":                 `{<c><d>}`,    // but is nothing at the beginning
		"? \n# c\n":                       `{<><>}`,      // a comment behind an empty key
		"a\n#b\n\t#c":                     "",            // a tab before a comment
		`!,`:                              "",            // flow indicators in tags
		`[!a,b]`:                          `[!!a ""<b>]`, // but they may follow one
		"%YAML 1.2\n---\na":               `<a>`,
		"a:\n- b\nc: [d]\n":               `{<a>[<b>]<c>[<d>]}`,
		"- a\n-\n- - b\n":                 `[<a><>[<b>]]`,
		"[a: b, ? c, : d]":                "",
		"{a, ? b}":                        `{<a><><b><>}`,
		"{a, : c}":                        "",
		"&x a: *x":                        `{<a>*;}`,
		"! ":                              `""`,
		"! a":                             `<a>`,
		"! 'a'":                           `<a>`,
		"!!str":                           `!tag:yaml.org,2002:str ""`,
		"%TAG !e! tag:e,1:\n--- !e!%41 a": `!tag:e,1:A "a"`,
		"\"a \\\n  b\n\n c\"":             "\"a b\nc\"",
		"|1\n a\n  b":                     "\"a\n b\"",
		">\n a\n b\n  c\n d\n":            "\"a b\n c\nd\n\"",
		"a: b # c\n":                      `{<a><b>}`,
		"a#b: c#d":                        `{<a#b><c#d>}`,
		"-a: -b":                          `{<-a><-b>}`,
		"a: -\n":                          "",
	} {
		doc, err := Parse(text, roomy)
		if want == "" {
			assert.NotNil(t, err, "%q gave %s", text, outline(doc))
			continue
		}
		if assert.Nil(t, err, "%q", text) {
			assert.Equal(t, want, outline(doc), "%q", text)
		}
	}
}

func TestParseLongKeys(t *testing.T) {
	_, err := Parse(strings.Repeat("k", 1024)+": v", roomy)
	assert.Nil(t, err)
	_, err = Parse(strings.Repeat("k", 1025)+": v", roomy)
	require.NotNil(t, err)
	doc, err := Parse("? "+strings.Repeat("k", 1025)+"\n: v", roomy)
	assert.Nil(t, err)
	assert.Len(t, doc.Nodes, 3)
}

func TestParseColumnsAreCharacters(t *testing.T) {
	// Behind characters of several bytes the column of "- b" decides that it belongs to the list inside.
	doc, err := Parse("? é: 1\n  b: 2\n: - c\n  - d\n", roomy)
	require.Nil(t, err)
	assert.Equal(t, "{{<é><1><b><2>}[<c><d>]}", outline(doc))
}

func TestDecode(t *testing.T) {
	for in, want := range map[string]string{
		"":                              "",
		"a\tb\r\né\u0085\U0001F600":     "a\tb\r\né\u0085\U0001F600",
		"\ufeffa":                       "a",
		"\xff\xfea\x00\x3d\xd8\x00\xde": "a😀",
		"\xfe\xff\x00a":                 "a",
	} {
		got, err := Decode([]byte(in))
		assert.Nil(t, err)
		assert.Equal(t, want, string(got))
	}
	for in, offset := range map[string]int{"ab\x00": 2, "\x7f": 0, "é\u0080": 2, "a\xc3": 1, "\xed\xa0\x80": 0, "\ufffe": 0, "\xff\xfea": 0, "\xff\xfea\x00\x00\xdc": 1} {
		_, err := Decode([]byte(in))
		if assert.NotNil(t, err, "%q", in) {
			assert.Equal(t, offset, err.Offset, "%q", in)
		}
	}
}

// FuzzParse checks that every mistake has a place in the text and that nodes are well-formed.
func FuzzParse(f *testing.F) {
	for _, s := range soup {
		f.Add("a: " + s + "\n- b" + s)
	}
	f.Fuzz(func(t *testing.T, stream string) {
		text, err := Decode([]byte(stream))
		if err != nil {
			require.LessOrEqual(t, err.Offset, len(text))
			return
		}
		doc, err := Parse(string(text), roomy)
		if err != nil {
			require.LessOrEqual(t, err.Offset, len(text))
			require.LessOrEqual(t, err.Begin, err.Offset)
			return
		}
		for i := range doc.Nodes {
			n := &doc.Nodes[i]
			require.Greater(t, n.Next, int32(i))
			require.LessOrEqual(t, int(n.Next), len(doc.Nodes))
			require.LessOrEqual(t, int(n.Pos), len(text))
			if n.Kind == Alias {
				require.Less(t, n.Ref, int32(i))
				require.LessOrEqual(t, doc.Nodes[n.Ref].Next, int32(i))
			}
		}
	})
}

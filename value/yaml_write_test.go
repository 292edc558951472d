package value

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What PyYAML 6 writes for these documents.
func TestAppendYAML(t *testing.T) {
	words := strings.TrimSpace(strings.Repeat("word ", 30))
	for _, c := range []struct{ name, text, want string }{
		{"scalar at the root", "a", "a\n...\n"},
		{"quoted scalar at the root", "'1'", "'1'\n"},
		{"null", "~", "null\n...\n"},
		{"empty text", "''", "''\n"},
		{"empty map", "{}", "{}\n"},
		{"empty list", "[]", "[]\n"},
		{"sorted map", "{b: 1, a: [x, {d: 1, c: 2}], c: {}, e: []}", "a:\n- x\n- c: 2\n  d: 1\nb: 1\nc: {}\ne: []\n"},
		{"lists in lists", "[[a, [b]], [{c: [d]}]]", "- - a\n  - - b\n- - c:\n    - d\n"},
		{"keys of different types", "{b: 1, 2: x, a: 3}", "b: 1\n2: x\na: 3\n"},
		{"numbers as keys", "{10: a, 9: b, true: c}", "true: c\n9: b\n10: a\n"},
		{"booleans and nulls", "[true, no, ~]", "- true\n- false\n- null\n"},
		{"text that looks like something else", "['true', 'no', '~', '', '1', '1.5', 'null', '2001-01-01', '=', '<<', '1:30', '0o7', '1e3', 'y']",
			"- 'true'\n- 'no'\n- '~'\n- ''\n- '1'\n- '1.5'\n- 'null'\n- '2001-01-01'\n- '='\n- '<<'\n- '1:30'\n- 0o7\n- 1e3\n- y\n"},
		{"numbers", "[-5, 1_000, 1.5, 1.0e+16, 1.0e-5, .nan, .inf, -.Inf, 3.]", "- -5\n- 1000\n- 1.5\n- 1.0e+16\n- 1.0e-05\n- .nan\n- .inf\n- -.inf\n- 3.0\n"},
		{"dates", "[2001-12-14, 2001-12-14T21:59:43.1Z, 2001-12-14 1:59:43 -5]", "- 2001-12-14\n- 2001-12-14 21:59:43.100000+00:00\n- 2001-12-14 01:59:43-05:00\n"},
		{"binary", "!!binary aGVsbG8=", "!!binary |\n  aGVsbG8=\n"},
		{"set", "!!set {b, a}", "!!set\na: null\nb: null\n"},
		{"indicators", `["a: b", "a:b", "a #b", "a#b", "- a", "-a", "? a", "?a", "@a", "%a", "[a", "a]", "{a", "*a", "&a", "!a", "|a", ">a", "'a", "\"a", "#a", ",a", "a,", "---", ":", "a:"]`,
			"- 'a: b'\n- a:b\n- 'a #b'\n- a#b\n- '- a'\n- -a\n- '? a'\n- ?a\n- '@a'\n- '%a'\n- '[a'\n- a]\n- '{a'\n- '*a'\n- '&a'\n- '!a'\n- '|a'\n- '>a'\n- '''a'\n- '\"a'\n- '#a'\n- ',a'\n- a,\n- '---'\n- ':'\n- 'a:'\n"},
		{"lines", `["a\nb", "a\n", "\na", "a\n\nb\n", " a", "a ", "a \nb", "a\n b"]`,
			"- 'a\n\n  b'\n- 'a\n\n  '\n- '\n\n  a'\n- 'a\n\n\n  b\n\n  '\n- ' a'\n- 'a '\n- \"a \\nb\"\n- \"a\\n b\"\n"},
		{"escapes", `["é", "日", "😀", "\t", "\x00\x07\e", "a\u00a0b", "\u2028", "\\ \" é"]`,
			"- \"\\xE9\"\n- \"\\u65E5\"\n- \"\\U0001F600\"\n- \"\\t\"\n- \"\\0\\a\\e\"\n- \"a\\_b\"\n- \"\\L\"\n- \"\\\\ \\\" \\xE9\"\n"},
		{"long text", "a: " + words, "a: word word word word word word word word word word word word word word word word\n  word word word word word word word word word word word word word word\n"},
		{"long quoted text", "a: '" + words + ": x'", "a: 'word word word word word word word word word word word word word word word word\n  word word word word word word word word word word word word word word: x'\n"},
		{"long escaped text", "a: \"" + words + " é\"", "a: \"word word word word word word word word word word word word word word word word\\\n  \\ word word word word word word word word word word word word word word \\xE9\"\n"},
		{"long key", "? " + strings.Repeat("k", 130) + "\n: v", "? " + strings.Repeat("k", 130) + "\n: v\n"},
		{"long key with a list", "? " + strings.Repeat("k", 130) + "\n: [v]", "? " + strings.Repeat("k", 130) + "\n: - v\n"},
		{"empty key", "{'': a}", "? ''\n: a\n"},
		{"key of two lines", "? \"a\\nb\"\n: c", "? 'a\n\n  b'\n: c\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := AppendYAML([]byte("# head\n"), readYAML(t, c.text), true)
			require.NoError(t, err)
			assert.Equal(t, "# head\n"+c.want, string(out))
		})
	}
}

func TestAppendYAMLUnsorted(t *testing.T) {
	out, err := AppendYAML(nil, readYAML(t, "{b: 1, a: {d: 1, c: 2}}"), false)
	require.NoError(t, err)
	assert.Equal(t, "b: 1\na:\n  d: 1\n  c: 2\n", string(out))
}

func TestAppendYAMLUnicode(t *testing.T) {
	out, err := YAMLStyle{SortKeys: true, Unicode: true}.Append(nil, readYAML(t, `["é", "日: x", "😀\ta", "\u2028"]`))
	require.NoError(t, err)
	assert.Equal(t, "- é\n- '日: x'\n- \"\\U0001F600\\ta\"\n- '\u2028  '\n", string(out))
}

// A surrogate, which JSON can bring in, is written as an escape that no reader accepts, as PyYAML does.
func TestAppendYAMLSurrogate(t *testing.T) {
	out, err := AppendYAML(nil, NewString("\xed\xa0\x80"), true)
	require.NoError(t, err)
	assert.Equal(t, "\"\\uD800\"\n", string(out))
}

package value

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
)

func readYAML(t testing.TB, text string) Value {
	t.Helper()
	v, err := (&Reader{}).YAML("x.yml", []byte(text))
	require.NoError(t, err)
	return v
}

// describe writes a value in a form that is easy to read and tells its type.
func describe(v Value) string {
	switch v.Kind() {
	case ListKind:
		var parts []string
		for x := range v.List().Values() {
			parts = append(parts, describe(x))
		}
		return "[" + strings.Join(parts, " ") + "]"
	case MapKind:
		var parts []string
		for e := range v.Map().Entries() {
			parts = append(parts, describe(e.Key)+": "+describe(e.Value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case SetKind:
		var parts []string
		for e := range v.Set().Entries() {
			parts = append(parts, describe(e.Key))
		}
		return "set(" + strings.Join(parts, " ") + ")"
	case Float:
		f, _ := v.AsFloat()
		return FormatFloat(f)
	case Time, Date:
		return "<" + FormatTime(v) + ">"
	case Bytes:
		return fmt.Sprintf("b%q", v.AsBytes())
	}
	return v.Describe()
}

var yamlCases = []struct{ name, text, want string }{
	{"empty stream", "", "null"},
	{"only a comment", "# nothing\n", "null"},
	{"empty document", "---\n...\n", "null"},
	{"null", "[~, null, Null, NULL, , nUll]", ""},
	{"nulls", "[~, null, Null, NULL, nUll]", `[null null null null "nUll"]`},
	{"missing value", "a:\nb: \n", `{"a": null, "b": null}`},
	{"booleans", "[yes, Yes, YES, no, true, True, FALSE, on, Off]", "[true true true false true true false true false]"},
	{"no booleans", "[y, n, Y, yEs, tRUE, 'yes']", `["y" "n" "Y" "yEs" "tRUE" "yes"]`},
	{"decimal", "[0, 12, -5, +7, 1_000, 12345678901234567890]", "[0 12 -5 7 1000 12345678901234567890]"},
	{"octal", "[017, 0o17, 08, 00, -010]", `[15 "0o17" "08" 0 -8]`},
	{"hexadecimal and binary", "[0x1F, 0xff_ff, 0b101, -0b1, 0X1]", `[31 65535 5 -1 "0X1"]`},
	{"base 60", "[1:30, 190:20:30, 1:60, 0:30, 1:5, -1:30]", `[90 685230 "1:60" "0:30" 65 -90]`},
	{"floats", "[1.5, 1., .5, -1.5, -.5, 1e3, 1.0e3, 1.0e+3, 1_0.5, 1.5e-3]", `[1.5 1.0 0.5 -1.5 "-.5" "1e3" "1.0e3" 1000.0 10.5 0.0015]`},
	{"special floats", "[.inf, -.Inf, +.INF, .nan, .NaN, inf, nan, .InF]", `[inf -inf inf nan nan "inf" "nan" ".InF"]`},
	{"floats of base 60", "[1:30.5, 1:30., 20:30.15]", "[90.5 90.0 1230.15]"},
	{"versions are text", "[1.2.3, 1.2-rc, v1]", `["1.2.3" "1.2-rc" "v1"]`},
	{"dates", "[2001-12-14, 2001-1-1, 20011214]", `[<2001-12-14> "2001-1-1" 20011214]`},
	{"timestamps", "[2001-12-14T21:59:43.10-05:00, 2001-12-14 21:59:43, 2001-12-14t21:59:43Z, 2001-12-14 1:59:43.1234567 +5]",
		"[<2001-12-14 21:59:43.100000-05:00> <2001-12-14 21:59:43> <2001-12-14 21:59:43+00:00> <2001-12-14 01:59:43.123456+05:00>]"},
	{"explicit tags", "[!!str 12, !!int '12', !!float 1e3, !!float 3, !!bool 'on', !!null x, !!timestamp 2001-1-1, !!str yes]",
		`["12" 12 1000.0 3.0 true null <2001-01-01> "yes"]`},
	{"explicit collections", "[!!seq [1], !!map {a: 1}, !!set {a, b}, !!omap [{a: 1}, {b: 2}], !!pairs [{a: 1}, {a: 2}]]",
		`[[1] {"a": 1} set("a" "b") [["a" 1] ["b" 2]] [["a" 1] ["a" 2]]]`},
	{"binary", "!!binary |\n  aGVs\n  bG8=\n", `b"hello"`},
	{"the tag that says nothing", "[! 12, ! '12', !  ]", `[12 12 ""]`},
	{"a tag in full", "!<tag:yaml.org,2002:str> 12", `"12"`},
	{"a declared handle", "%TAG !y! tag:yaml.org,2002:\n--- !y!str 12", `"12"`},
	{"quotes", `['it''s', "a\tb\x41\u00e9\U0001F600\/\e\0", 'a\n']`, `["it's" "a\tbAé😀/\x1b\x00" "a\\n"]`},
	{"folded quotes", "[\"a\n b\n\n c\\\n   d\", 'a\n  b']", `["a b\ncd" "a b"]`},
	{"plain over lines", "a: b\n  c\n\n  d\n", `{"a": "b c\nd"}`},
	{"literal", "|\n  a\n   b\n\n  c\n", `"a\n b\n\nc\n"`},
	{"literal without end", "|-\n  a\n\n", `"a"`},
	{"literal with all ends", "|+\n  a\n\n", `"a\n\n"`},
	{"literal with indentation", "a: |2\n    b\n", `{"a": "  b\n"}`},
	{"folded", ">\n  a\n  b\n\n  c\n   d\n  e\n", `"a b\nc\n d\ne\n"`},
	{"lists", "- a\n- - b\n  - c\n-\n  - d\n", `["a" ["b" "c"] ["d"]]`},
	{"lists on the column of the key", "a:\n- b\n- c\nd: e\n", `{"a": ["b" "c"], "d": "e"}`},
	{"flow", "{a: [1, {b: c}], 'd':e, f, g: , \"h\":1}", `{"a": [1 {"b": "c"}], "d": "e", "f": null, "g": null, "h": 1}`},
	{"pairs in flow lists", "[a: b, ? c : d, e]", `[{"a": "b"} {"c": "d"} "e"]`},
	{"complex keys", "? |\n  a\n: b\n? c\n", `{"a\n": "b", "c": null}`},
	{"keys of all kinds", "{1: a, 2.5: b, false: c, null: d, 2001-01-01: e}", `{1: "a", 2.5: "b", false: "c", null: "d", <2001-01-01>: "e"}`},
	{"equal keys", "{1: a, x: y, true: b, 1.0: c}", `{1: "c", "x": "y"}`},
	{"the key =", "{=: 1, a: 2}", `{"=": 1, "a": 2}`},
	{"an alias", "a: &x {b: 1}\nc: *x\nd: [*x]\n", `{"a": {"b": 1}, "c": {"b": 1}, "d": [{"b": 1}]}`},
	{"an alias as key", "a: &x b\n*x : c\n", `{"a": "b", "b": "c"}`},
	{"merge", "a: &x {b: 1, c: 2}\nd: {e: 3, <<: *x, c: 4}\n", `{"a": {"b": 1, "c": 2}, "d": {"b": 1, "c": 4, "e": 3}}`},
	{"merge of several", "a: &x {b: 1, c: 2}\nd: &y {c: 3, e: 4}\nf: {<<: [*x, *y]}\n", `{"a": {"b": 1, "c": 2}, "d": {"c": 3, "e": 4}, "f": {"c": 2, "e": 4, "b": 1}}`},
	{"two merge keys", "{<<: {a: 1, b: 1}, <<: {b: 2, c: 2}}", `{"a": 1, "b": 2, "c": 2}`},
	{"merged merge", "a: &x {b: 1}\nc: &y {<<: *x, d: 2}\ne: {<<: *y}\n", `{"a": {"b": 1}, "c": {"b": 1, "d": 2}, "e": {"b": 1, "d": 2}}`},
	{"quoted merge key", "{'<<': 1}", `{"<<": 1}`},
	{"a colon in flow text", "{a: http://x.y/?q=1&r=2, b: c:d}", `{"a": "http://x.y/?q=1&r=2", "b": "c:d"}`},
	{"a byte order mark", "\ufeffa: b", `{"a": "b"}`},
	{"a byte order mark between lines", "a: b\n\ufeff# c\n", `{"a": "b"}`},
	{"line ends of all kinds", "a: b\r\nc: d\re: f\u0085g: h\u2028i: j", `{"a": "b", "c": "d", "e": "f", "g": "h", "i": "j"}`},
	{"version 1.2", "%YAML 1.2\n---\nyes\n", "true"},
	{"unicode", "ключ: 日本😀\n", `{"ключ": "日本😀"}`},
	{"tabs after a value", "a:\tb\t# c\n", `{"a": "b"}`},
}

func TestYAML(t *testing.T) {
	for _, c := range yamlCases {
		if c.want == "" {
			continue // a seed for fuzzing
		}
		t.Run(c.name, func(t *testing.T) { assert.Equal(t, c.want, describe(readYAML(t, c.text))) })
	}
}

// yamlMistakes are texts that are refused: where and why.
var yamlMistakes = []struct {
	name, text string
	code       diag.Code
	at, want   string
}{
	{"open flow map", "tasks: {a: 1\n", diag.YAMLSyntax, "2:1", `expected "," or "}"`},
	{"open flow list", "a: [1,\n  2\nb: 3\n", diag.YAMLSyntax, "3:2", `expected "," or "]"`},
	{"open quote", "a: \"b\nc: d\n", diag.YAMLSyntax, "3:1", "the file ends inside of a quoted scalar"},
	{"text behind a quoted text", "a: 'b' c\n", diag.YAMLSyntax, "1:8", "expected the next key"},
	{"tab", "a:\n\tb: c\n", diag.YAMLSyntax, "2:1", "a tab cannot begin a token"},
	{"colon in text", "a: b: c\n", diag.YAMLSyntax, "1:5", `":" begins a value here`},
	{"indentation", "a:\n    b: 1\n  c: 2\n", diag.YAMLSyntax, "3:3", "expected the next key"},
	{"indentation of a list", "- a\n - b\n-c\n", diag.YAMLSyntax, "3:1", "expected"},
	{"key without colon", "a: 1\nb\nc: 2\n", diag.YAMLSyntax, "2:1", `expected a key and ":"`},
	{"reserved character", "a: @b\n", diag.YAMLSyntax, "1:4", "cannot begin a token"},
	{"template text", "a: %b\n", diag.YAMLSyntax, "1:4", "cannot begin a token"},
	{"unknown escape", `a: "\d"`, diag.YAMLSyntax, "1:5", `unknown escape \d`},
	{"surrogate escape", `a: "\ud83d\ude00"`, diag.YAMLSyntax, "1:7", "no Unicode character"},
	{"text on the line of a block scalar", "a: | b\n", diag.YAMLSyntax, "1:6", "begins on the next line"},
	{"a list behind a key", "a: - b\n", diag.YAMLSyntax, "1:4", `a list item ("- ") cannot begin here`},
	{"list items in flow", "a: [- b]\n", diag.YAMLSyntax, "1:5", "cannot stand here"},
	{"missing value in flow", "[a, , b]", diag.YAMLSyntax, "1:5", "expected a value"},
	{"stray bracket", "a: b\n]\n", diag.YAMLSyntax, "2:1", "expected"},
	{"two documents", "a: 1\n---\nb: 2\n", diag.YAMLSyntax, "2:1", "a second document begins here"},
	{"version", "%YAML 2.0\n---\na\n", diag.YAMLSyntax, "1:1", "unknown YAML version 2.0"},
	{"unknown directive", "%FOO\n---\n", diag.YAMLSyntax, "1:5", "unknown directive %FOO"},
	{"unknown handle", "a: !x!y z\n", diag.YAMLSyntax, "1:4", `unknown tag handle "!x!"`},
	{"control character", "a: b\nc: \x01\n", diag.YAMLSyntax, "2:4", "control character U+0001"},
	{"no UTF-8", "a: b\nc: é\xff\n", diag.YAMLSyntax, "2:5", "unexpected byte 0xff"},
	{"undefined alias", "a: 1\nb: *c\n", diag.YAMLValue, "2:4", `no anchor "c"`},
	{"anchor twice", "a: &x 1\nb: &x 2\n", diag.YAMLValue, "2:4", `anchor "x" is defined twice`},
	{"alias to itself", "a: &x [*x]\n", diag.YAMLValue, "1:8", "inside of what it refers to"},
	{"unknown tag", "a: !mine b\n", diag.YAMLValue, "1:4", `unknown tag "!mine"`},
	{"unknown short tag", "a: !!foo b\n", diag.YAMLValue, "1:4", `unknown tag "tag:yaml.org,2002:foo"`},
	{"list as key", "{a: 1, ? [b] : c}\n", diag.YAMLValue, "1:10", "a list cannot be a key"},
	{"template as key", "a: {{b}}\n", diag.YAMLValue, "1:5", "a map cannot be a key"},
	{"bad merge", "a: {<<: 1}\n", diag.YAMLValue, "1:9", "wants a map or a list of maps, found a scalar"},
	{"bad merge list", "a: {<<: [{}, 2]}\n", diag.YAMLValue, "1:14", "wants a map, found a scalar"},
	{"lone =", "a: =\n", diag.YAMLValue, "1:4", `"=" stands for`},
	{"lone <<", "a: <<\n", diag.YAMLValue, "1:4", `"<<" stands for`},
	{"no such day", "a: 2001-02-29\n", diag.YAMLValue, "1:4", "no such day"},
	{"no such time", "a: 2001-02-28 24:00:00\n", diag.YAMLValue, "1:4", "no such time"},
	{"no int", "a: !!int b\n", diag.YAMLValue, "1:4", "is no integer"},
	{"no digits", "a: 0x_\n", diag.YAMLValue, "1:4", "is no integer"},
	{"no bool", "a: !!bool y\n", diag.YAMLValue, "1:4", "is no boolean"},
	{"no base64", "a: !!binary b\n", diag.YAMLValue, "1:4", "not base64"},
	{"list for a scalar", "a: !!int [1]\n", diag.YAMLValue, "1:4", "wants a scalar, found a list"},
	{"scalar for a list", "a: !!seq 1\n", diag.YAMLValue, "1:4", "wants a list, found a scalar"},
	{"ordered map", "a: !!omap [{b: 1, c: 2}]\n", diag.YAMLValue, "1:12", "one key each"},
}

func TestYAMLMistakes(t *testing.T) {
	for _, c := range yamlMistakes {
		t.Run(c.name, func(t *testing.T) {
			for _, sources := range []*diag.Sources{nil, {}} {
				_, err := (&Reader{Sources: sources}).YAML("x.yml", []byte(c.text))
				require.Error(t, err)
				d := diag.Flatten(err)[0]
				assert.Equal(t, c.code, d.Code, "%v", err)
				assert.Equal(t, "x.yml:"+c.at, d.Where.String(), "%v", err)
				assert.Contains(t, d.Message, c.want)
				assert.NotRegexp(t, `^[A-Z]|\.$`, d.Message)
			}
		})
	}
}

// All values that are wrong are reported, in the order of the file.
func TestYAMLSeveralMistakes(t *testing.T) {
	_, err := (&Reader{Sources: &diag.Sources{}}).YAML("x.yml", []byte("a: !x 1\nb: [=, 2]\nc: {[d]: 1}\n"))
	var at []string
	for _, d := range diag.Flatten(err) {
		at = append(at, d.Where.String())
	}
	assert.Equal(t, []string{"x.yml:1:4", "x.yml:2:5", "x.yml:3:5"}, at)
}

func TestYAMLContext(t *testing.T) {
	sources := &diag.Sources{}
	_, err := (&Reader{Sources: sources}).YAML("x.yml", []byte("a:\n  b: [c,\n  d\n"))
	d := diag.Flatten(err)[0]
	require.Len(t, d.Related, 1)
	assert.Equal(t, "the flow list begins here", d.Related[0].Message)
	assert.Equal(t, "x.yml:2:6", sources.Position(d.Related[0].Pos).String())
}

func TestYAMLPositions(t *testing.T) {
	sources := &diag.Sources{}
	text := "a: é\nb:\n  c: [1, &x two, {d: !!str 3}]\n  'é ü': |\n    text\n? k\n: *x\n"
	v, err := (&Reader{Sources: sources}).YAML("x.yml", []byte(text))
	require.NoError(t, err)
	at := func(v Value) string { return strings.TrimPrefix(sources.Position(v.Pos()).String(), "x.yml:") }
	root := v.Map()
	b := root.At("b").Map()
	assert.Equal(t, "1:1", at(v))
	assert.Equal(t, "1:1", at(root.Entry(0).Key))
	assert.Equal(t, "1:4", at(root.At("a")))
	assert.Equal(t, "2:1", at(root.Entry(1).Key))
	assert.Equal(t, "3:3", at(root.At("b")))
	assert.Equal(t, "3:6", at(b.At("c")))
	assert.Equal(t, "3:7", at(b.At("c").List().At(0)))
	assert.Equal(t, "3:10", at(b.At("c").List().At(1)))
	assert.Equal(t, "3:18", at(b.At("c").List().At(2)))
	assert.Equal(t, "3:22", at(b.At("c").List().At(2).Map().At("d")))
	assert.Equal(t, "4:3", at(b.Entry(1).Key))
	assert.Equal(t, "4:10", at(b.Entry(1).Value))
	assert.Equal(t, "6:3", at(root.Entry(2).Key))
	assert.Equal(t, "3:10", at(root.At("k")), "an alias is where its anchor is")
}

func TestYAMLSharesAliases(t *testing.T) {
	m := readYAML(t, "a: &x {b: [1, 2]}\nc: *x\nd: {<<: *x}\n").Map()
	assert.True(t, Same(m.At("a"), m.At("c")))
	assert.True(t, Same(m.At("a").Map().At("b"), m.At("d").Map().At("b")))
}

func TestYAMLDuplicateKeys(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"twice":                  {"a: 1\nb: 2\na: 3\n", []string{`x.yml:3:1: warning: the key "a" comes twice; the last value counts (TG1005) x.yml:1:1`}},
		"three times":            {"{a: 1, a: 2, a: 3}", []string{`x.yml:1:8: warning: the key "a" comes twice; the last value counts (TG1005) x.yml:1:2`, `x.yml:1:14: warning: the key "a" comes twice; the last value counts (TG1005) x.yml:1:8`}},
		"of other kinds":         {"{1: a, true: b}", []string{`x.yml:1:8: warning: the key true comes twice; the last value counts (TG1005) x.yml:1:2`}},
		"merged":                 {"{<<: {a: 1}, a: 2}", nil},
		"merged and twice":       {"{<<: {a: 1}, a: 2, a: 3}", []string{`x.yml:1:20: warning: the key "a" comes twice; the last value counts (TG1005) x.yml:1:14`}},
		"merged from two":        {"{<<: [{a: 1}, {a: 2}]}", nil},
		"in a map that is there": {"a: &x {b: 1, b: 2}\nc: *x\nd: {<<: *x}\n", []string{`x.yml:1:14: warning: the key "b" comes twice; the last value counts (TG1005) x.yml:1:8`}},
	} {
		t.Run(name, func(t *testing.T) {
			sources := &diag.Sources{}
			var got []string
			warn := func(d *diag.Diagnostic) {
				diag.Sorted([]*diag.Diagnostic{d}, sources)
				got = append(got, d.Error()+" "+d.Related[0].Where.String())
			}
			_, err := (&Reader{Sources: sources, Warn: warn}).YAML("x.yml", []byte(c.text))
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

// A map finds equal keys whatever its size.
func TestYAMLManyKeys(t *testing.T) {
	var b strings.Builder
	for round := range 2 {
		for i := range 2000 {
			fmt.Fprintf(&b, "k%d: %d\n%d: %d\n%d.5: x\n", i, round, i, round, i)
		}
		b.WriteString("~: x\nfalse: x\n2001-01-01: x\n2001-01-01 00:00:00: x\n2001-01-01 01:00:00 +1: x\n!!binary aGk=: x\n.nan: x\n.inf: x\n1.0e+300: x\n12345678901234567890: x\n")
	}
	b.WriteString("true: last\n")
	m := readYAML(t, b.String()).Map()
	require.Equal(t, 6000+9, m.Len(), "false is 0, and nothing else is equal")
	for i := range 2000 {
		n, _ := m.At(fmt.Sprintf("k%d", i)).AsInt()
		require.Equal(t, int64(1), n)
	}
	one, ok := m.GetKey(NewInt(1))
	assert.True(t, ok)
	assert.Equal(t, "last", one.Str())
}

func TestYAMLLimits(t *testing.T) {
	laughs := "a: &a [x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c < 'j'; c++ {
		laughs += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c, ", c-1), 9), ", "))
	}
	merges := "a0: &a0 {" + strings.Repeat("k: v, ", 1) + "b: c}\n"
	for i := 1; i < 40; i++ {
		merges += fmt.Sprintf("a%d: &a%d {<<: [*a%d, *a%d], k%d: 1}\n", i, i, i-1, i-1, i)
	}
	deep := "a0: &a0 [x]\n"
	for i := 1; i < 600; i++ {
		deep += fmt.Sprintf("a%d: &a%d [*a%d]\n", i, i, i-1)
	}
	for name, c := range map[string]struct {
		text   string
		limits Limits
	}{
		"bytes":             {"a: 123456789", Limits{Bytes: 5}},
		"flow depth":        {strings.Repeat("[", 100_000), Limits{}},
		"block depth":       {strings.Repeat("- ", 5000) + "a", Limits{}},
		"depth by aliases":  {deep, Limits{}},
		"nodes":             {"[a, b, c, d]", Limits{Nodes: 4}},
		"nodes by aliases":  {laughs, Limits{}},
		"merged entries":    {merges, Limits{Nodes: 1000}},
		"digits of numbers": {"a: 1" + strings.Repeat("0", 100_000), Limits{}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := (&Reader{Sources: &diag.Sources{}, Limits: c.limits}).YAML("x.yml", []byte(c.text))
			require.Error(t, err)
			if name != "digits of numbers" {
				assert.Equal(t, diag.LimitExceeded, diag.Flatten(err)[0].Code, "%v", err)
			}
		})
	}
}

func TestYAMLUTF16(t *testing.T) {
	text := "\ufeffa: 日本 😀\nb: [1,\n"
	for name, order := range map[string]binary.AppendByteOrder{"little": binary.LittleEndian, "big": binary.BigEndian} {
		t.Run(name, func(t *testing.T) {
			encode := func(text string) (b []byte) {
				for _, u := range utf16.Encode([]rune(text)) {
					b = order.AppendUint16(b, u)
				}
				return b
			}
			v, err := (&Reader{}).YAML("x.yml", encode(text+" 2]"))
			require.NoError(t, err)
			assert.Equal(t, `{"a": "日本 😀", "b": [1 2]}`, describe(v))

			_, err = (&Reader{Sources: &diag.Sources{}}).YAML("x.yml", encode(text))
			assert.ErrorContains(t, err, "x.yml:3:1: ")
			_, err = (&Reader{Sources: &diag.Sources{}}).YAML("x.yml", append(encode("\ufeffab"), 0))
			assert.ErrorContains(t, err, "x.yml:1:3: not UTF-16: odd number of bytes")
			_, err = (&Reader{Sources: &diag.Sources{}}).YAML("x.yml", order.AppendUint16(encode("\ufeffa"), 0xd800))
			assert.ErrorContains(t, err, "x.yml:1:2: not UTF-16: unpaired surrogate U+D800")
		})
	}
}

func BenchmarkYAML(b *testing.B) {
	var text strings.Builder
	text.WriteString("loader: taskgraph.loader.transform:loader\ntransforms: [taskgraph.transforms.run:transforms]\ntasks:\n")
	for i := range 10_000 {
		fmt.Fprintf(&text, "  test-%d:\n    description: Run part %d of the tests\n    worker-type: b-linux\n    treeherder: {symbol: T(%d), kind: test, tier: 1, platform: linux64/opt}\n"+
			"    worker:\n      docker-image: {in-tree: desktop-test}\n      max-run-time: 3600\n    run:\n      using: run-task\n      use-caches: [checkout, pip]\n"+
			"      command: >-\n        cd $VCS_PATH &&\n        ./mach test --chunk %d\n", i, i, i, i)
	}
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (&Reader{Sources: &diag.Sources{}}).YAML("x.yml", []byte(text.String())); err != nil {
			b.Fatal(err)
		}
	}
}

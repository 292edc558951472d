package value

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/pycheck"
)

func formatNames() *Map {
	return MapOf(
		"s", "text", "e", "", "u", "é😀", "q", "it's", "i", 1234567, "neg", -42, "f", 3.14159265, "big", 1e17, "small", 0.00001234,
		"z", 0.0, "m", math.Copysign(0, -1), "inf", math.Inf(1), "nan", math.NaN(), "b", true, "n", nil, "w", 12,
		"l", []Value{NewInt(1), NewString("two"), NewFloat(3), NewBool(false), {}, NewStrings("é", "\n").Value()},
		"d", MapOf("a", 1, "b c", []string{"x"}, "own-key", "o"), "trust-domain", "demo",
		"date", NewDate(time.Date(2020, 1, 2, 0, 0, 0, 0, time.UTC)),
	)
}

func TestFormat(t *testing.T) {
	names := formatNames()
	names.EditMap("d").SetKey(NewInt(3), NewString("int key"))
	for s, want := range map[string]string{
		"": "", "plain": "plain", "{{}}": "{}", "{{s}}": "{s}", "{{{s}}}": "{text}", "}}{{": "}{", "${{VAR}}": "${VAR}", "a{{b}}c{s}d": "a{b}ctextd",
		"{s}": "text", "{s!s}": "text", "{s!r}": "'text'", "{u!a}": `'\xe9\U0001f600'`, "{q!r}": `"it's"`, "{trust-domain}-{s}": "demo-text",
		"{s:10}|": "text      |", "{s:>10}|": "      text|", "{s:^9}|": "  text   |", "{s:*^10}|": "***text***|", "{s:.2}": "te", "{s:<6.3}|": "tex   |",
		"{s:08}": "text0000", "{u:é^6}|": "ééé😀éé|"[:0] + "éé" + "é😀" + "éé|", "{s[0]}{s[3]}": "tt", "{u[1]}": "😀", "{s:s}": "text", "{s:}": "text",
		"{i}": "1234567", "{i:d}": "1234567", "{i:,}": "1,234,567", "{i:_}": "1_234_567", "{i:x}": "12d687", "{i:#X}": "0X12D687", "{i:#_x}": "0x12_d687",
		"{i:010}": "0001234567", "{nan:,}": "nan", "{i:012,}": "0,001,234,567", "{i:013,}": "0,001,234,567", "{i:+}": "+1234567", "{neg:05}": "-0042", "{neg:=+6}": "-   42",
		"{i:e}": "1.234567e+06", "{i:.2f}": "1234567.00", "{i:.3g}": "1.23e+06", "{i:n}": "1234567", "{w:c}|": "\f|", "{w:b}": "1100", "{w:#o}": "0o14", "{neg:x>6}": "xxx-42",
		"{f}": "3.14159265", "{f:.2f}": "3.14", "{f:.0f}": "3", "{f:#.0f}": "3.", "{f:10.3f}|": "     3.142|", "{f:e}": "3.141593e+00", "{f:g}": "3.14159", "{f:%}": "314.159265%",
		"{f:.1%}": "314.2%", "{f:.3}": "3.14", "{f:08.2f}": "00003.14", "{big}": "1e+17", "{big:g}": "1e+17", "{big:,.1f}": "100,000,000,000,000,000.0", "{big:n}": "1e+17",
		"{small}": "1.234e-05", "{small:g}": "1.234e-05", "{z}": "0.0", "{z:g}": "0", "{m}": "-0.0", "{m:z}": "0.0", "{inf:05}": "00inf", "{nan:F}": "NAN", "{z:.1}": "0e+00", "{z:.2}": "0.0", "{w:.3}": "!", "{w:f}": "12.000000",
		"{b}": "True", "{b!r}": "True", "{b:d}": "1", "{b:5}|": "    1|", "{n}": "None", "{n!s:>6}|": "  None|",
		"{l}": `[1, 'two', 3.0, False, None, ['é', '\n']]`, "{l[0]}{l[5][0]}": "1é", "{d[a]}{d[b c][0]}{d[3]}": "1xint key", "{l!s:.5}": "[1, '",
		"{s:{w}}|": "text        |", "{s:>{w}}|": "        text|", "{f:{w}.{d[a]}f}|": "         3.1|", "{i:0{w}}": "000001234567", "{s:{{<6}": "!",
		"{date}": "2020-01-02", "{date!r}": "datetime.date(2020, 1, 2)", "{d[own-key]}": "o",
	} {
		got, err := Format(s, names.Get)
		if want == "!" {
			assert.Error(t, err, s)
			continue
		}
		assert.NoError(t, err, s)
		assert.Equal(t, want, got, s)
	}
}

func TestFormatErrors(t *testing.T) {
	names := formatNames()
	for s, want := range map[string]string{
		"a } b": `single "}"`, "a } }": `single "}"`, "{": `single "{"`, "a{{{": `single "{"`, "{s": `"{" without "}"`, "{s[": `"{" without "}"`, "{s[a}": `"{" without "}"`, "{s!r": `"{" without "}"`,
		"{s!}": `"{" without "}"`, "{s!x}": `unknown conversion "!x" (valid: !s, !r, !a)`, "{s!rx}": `want ":" or "}" behind the conversion, got "x"`, "{s:": `"{" without "}"`, "{s:{w}": `"{" without "}"`,
		"{s{x}}": `"{" in the name of a field`, "{}": `the field "{}" has no name, and there are no positional values`, "{0}": `the field "{0}" has no name`, "{!r}": "has no name", "{[a]}": "has no name",
		"{s.}": "empty attribute or index", "{s[]}": "empty attribute or index", "{d[a]x}": `only "." or "[" may follow "]", got "x"`, "{s:{w:{i:{z}}}}": "inside of a format specification", "{s[99999999999999999999]}": "too large",
		"{who}": `cannot expand "{who}": there is no "who"`, "{s.upper}": `{s.upper}: "text" has no attribute "upper"`, "{d[x]}": `{d[x]}: there is no key "x"`, "{d[0]}": `there is no key "0"`, "{l[x]}": `a list has no key "x", it is indexed by numbers`,
		"{l[9]}": "there is no item 9", "{s[4]}": "there is no item 4", "{l[-1]}": `a list has no key "-1"`, "{i[0]}": "1234567 has no parts", "{n[a]}": "null has no parts",
		"{s:d}": `unknown format "d" for a value of the type str`, "{s:+}": "a sign is not for values of the type str", "{s:=5}": `"=" is not for values`, "{s:#}": `"#" is not for`, "{s:,}": `"," does not go with the format "s"`,
		"{i:s}": `unknown format "s" for a value of the type int`, "{i:.2}": "a precision is not for values of the type int", "{i:,x}": `"," does not go with the format "x"`, "{i:,_}": `both "," and "_"`, "{neg:c}": "there is no character -42",
		"{f:d}": `unknown format "d" for a value of the type float`, "{f:.}": `no precision behind "."`, "{f:xx}": `"xx" is left over`, "{n:5}": "null takes no format specification", "{l:>5}": "a list takes no format specification",
		"{s:99999999}": "a width or precision above 65536", "{date:%Q}": `unknown directive "%Q" in the format "%Q" for dates`, "{i:+c}": "do not go with the format",
	} {
		_, err := Format(s, names.Get)
		if !assert.Error(t, err, s) {
			continue
		}
		d := diag.Flatten(err)[0]
		assert.Equal(t, diag.BadFormat, d.Code)
		assert.Contains(t, d.Message, want, s)
	}
}

func TestFormatHints(t *testing.T) {
	names := formatNames()
	for s, want := range map[string]string{
		"{trust_domain}": `did you mean "trust-domain"?`, "{S}": `did you mean "s"?`, "{ s }": `did you mean "s"?`,
		"{d[own_key]}": `did you mean "own-key"?`, "{d.a}": "write [a] instead of .a",
	} {
		_, err := Format(s, names.Get)
		require.Error(t, err)
		assert.Contains(t, diag.Flatten(err)[0].Hint, want)
	}
	_, err := Format("{trust-domian}", names.Get)
	assert.Contains(t, diag.Flatten(WithNames(err, names.Keys()))[0].Hint, `did you mean "trust-domain"?`)
	_, err1 := ParseFormat("{")
	_, err2 := ParseFormat("{")
	assert.NotSame(t, err1, err2, "the receiver may complete its diagnostic")
}

func TestTemplateNames(t *testing.T) {
	tm, err := ParseFormat("{a[x]}-{b!r:{c}}-{{d}}{a}")
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b", "c", "a"}, tm.Names())
}

func TestFormatSharesPlainText(t *testing.T) {
	lookup := func(string) (Value, bool) { return NewString("x"), true }
	assert.Zero(t, testing.AllocsPerRun(100, func() { Format("no braces at all", lookup) }))
	assert.LessOrEqual(t, testing.AllocsPerRun(100, func() { Format("{a}-{b}", lookup) }), 2.0)
}

func TestPyRepr(t *testing.T) {
	zone := time.FixedZone("+01:00", 3600)
	for _, c := range []struct {
		v                Value
		str, repr, ascii string
	}{
		{Value{}, "None", "None", "None"},
		{NewBool(true), "True", "True", "True"},
		{NewInt(-5), "-5", "-5", "-5"},
		{NewFloat(1), "1.0", "1.0", "1.0"},
		{NewFloat(1e16), "1e+16", "1e+16", "1e+16"},
		{NewFloat(1e-5), "1e-05", "1e-05", "1e-05"},
		{NewFloat(math.Inf(-1)), "-inf", "-inf", "-inf"},
		{NewString("é\t\x00\x7f\u200b\U000e0001"), "é\t\x00\x7f\u200b\U000e0001", `'é\t\x00\x7f\u200b\U000e0001'`, `'\xe9\t\x00\x7f\u200b\U000e0001'`},
		{NewString(`it's "x"`), `it's "x"`, `'it\'s "x"'`, `'it\'s "x"'`},
		{NewString(`it's`), `it's`, `"it's"`, `"it's"`},
		{NewString("\xff"), "\xff", `'\udcff'`, `'\udcff'`},
		{NewBytes([]byte("a'\n\xff")), `b"a'\n\xff"`, `b"a'\n\xff"`, `b"a'\n\xff"`},
		{NewDate(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)), "2020-01-01", "datetime.date(2020, 1, 1)", "datetime.date(2020, 1, 1)"},
		{NewTime(time.Date(2020, 1, 1, 1, 2, 0, 0, time.UTC)), "2020-01-01 01:02:00", "datetime.datetime(2020, 1, 1, 1, 2)", "datetime.datetime(2020, 1, 1, 1, 2)"},
		{NewTime(time.Date(2020, 1, 1, 1, 2, 3, 4000, zone)), "2020-01-01 01:02:03.000004+01:00",
			"datetime.datetime(2020, 1, 1, 1, 2, 3, 4, tzinfo=datetime.timezone(datetime.timedelta(seconds=3600)))",
			"datetime.datetime(2020, 1, 1, 1, 2, 3, 4, tzinfo=datetime.timezone(datetime.timedelta(seconds=3600)))"},
		{NewList().Value(), "[]", "[]", "[]"},
		{MapOf("a", []string{"é"}, "b", MapOf()).Value(), "{'a': ['é'], 'b': {}}", "{'a': ['é'], 'b': {}}", `{'a': ['\xe9'], 'b': {}}`},
		{NewSet(MapOf("a", nil)), "{'a'}", "{'a'}", "{'a'}"},
		{NewSet(NewMap(0)), "set()", "set()", "set()"},
	} {
		assert.Equal(t, c.str, PyStr(c.v))
		assert.Equal(t, c.repr, PyRepr(c.v))
		assert.Equal(t, c.ascii, PyASCII(c.v))
	}
}

// formatNamesJSON is what Python gets for formatNames: what JSON can hold.
func formatNamesJSON(t testing.TB) (map[string]any, *Map) {
	var names map[string]any
	text := `{"s": "text", "u": "é😀", "i": 1234567, "neg": -42, "f": 3.14159265, "big": 1e17, "z": -0.0, "b": true, "n": null, "w": 3, "l": [1, "two", 3.5, [null]], "d": {"a": 1, "b-c": {"x": "y"}}}`
	require.NoError(t, json.Unmarshal([]byte(text), &names))
	m := MapOf("s", "text", "u", "é😀", "i", 1234567, "neg", -42, "f", 3.14159265, "big", 1e17, "z", math.Copysign(0, -1), "b", true, "n", nil, "w", 3,
		"l", []Value{NewInt(1), NewString("two"), NewFloat(3.5), NewList(Value{}).Value()}, "d", MapOf("a", 1, "b-c", MapOf("x", "y")))
	return names, m
}

func FuzzFormat(f *testing.F) {
	for _, s := range []string{
		"{s:>10}|", "{i:+015,.3f}", "{f:{w}.{d[a]}f}", "{d[b-c][x]!r:^12}", "{{{s}}}", "a}b", "{l[3][0]}{n}{b:d}", "{u!a:é<20.7}", "{z:z#.0e}", "{big:_g}{neg:#x}",
		"{s:=5}", "{i:c}", "{l!s:.5}", "{s.x}", "{0}{}", "{s[9]}", "{i:,_}", "{w:0{w}}", "{f:#.3g}{f:.0%}", "{big:.3}{i:n}",
	} {
		f.Add(s)
	}
	py := pycheck.Start(f, `
names = None
def answer(q):
    global names
    if isinstance(q, dict):
        names = q
        return None
    return q.format(**names)
`)
	asJSON, names := formatNamesJSON(f)
	for _, integer := range []string{"i", "neg", "w"} {
		asJSON[integer] = json.RawMessage(PyStr(names.At(integer)))
	}
	asJSON["l"] = json.RawMessage(`[1, "two", 3.5, [null]]`)
	asJSON["d"] = json.RawMessage(`{"a": 1, "b-c": {"x": "y"}}`)
	asJSON["z"], asJSON["big"] = json.RawMessage("-0.0"), json.RawMessage("1e17")
	_, err := py.Ask(asJSON)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Format(s, names.Get)
		if !utf8.ValidString(s) || len(s) > 500 || strings.Contains(s, "\x00") || strings.ContainsFunc(s, foreignDigit) {
			return
		}
		if err != nil && strings.Contains(err.Error(), "a width or precision above") || strings.Contains(s, ".") && strings.Contains(s, "__") {
			return // a limit of ours; attributes of Python objects
		}
		want, pyErr := py.Ask(s)
		if pyErr != nil {
			require.True(t, pycheck.IsException(pyErr), pyErr)
			require.Error(t, err, "python3 says %v", pyErr)
			return
		}
		if err != nil && strings.Contains(err.Error(), "has no attribute") {
			return // Python's objects have methods
		}
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

// foreignDigit says whether Python takes a character for a digit of a width or an index, which only it does.
func foreignDigit(r rune) bool { return r > utf8.RuneSelf && (r != 'é' && r != '😀') }

func BenchmarkFormat(b *testing.B) {
	names := formatNames()
	for _, s := range []string{"no braces", "{s}-{i}", "index.{trust-domain}.v2.{s}.latest.{s}.{s}"} {
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Format(s, names.Get)
			}
		})
	}
}

// TestExpandNamesIsNoOther compares the short way, for strings with names alone, with the long one.
func TestExpandNamesIsNoOther(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	const alphabet = "{}{}{}aab_-1. [!:r>\x00ä"
	lookup := func(name string) (Value, bool) {
		switch name {
		case "a":
			return NewString("A{b}"), true
		case "b":
			return NewInt(-7), true
		case "ab":
			return NewList(NewBool(true), Value{}).Value(), true
		case "a-b", "a_1":
			return NewFloat(1.5), true
		case "aa":
			return NewString(""), true
		}
		return Value{}, false
	}
	short := 0
	for range 300_000 {
		var b strings.Builder
		for range r.IntN(12) {
			b.WriteByte(alphabet[r.IntN(len(alphabet))])
		}
		s := b.String()
		got, ok := expandNames(s, lookup)
		if !ok {
			continue
		}
		short++
		template, err := ParseFormat(s)
		require.NoError(t, err, "%q", s)
		want, err := template.Expand(lookup)
		require.NoError(t, err, "%q", s)
		require.Equal(t, want, got, "%q", s)
	}
	assert.Greater(t, short, 20_000)
}

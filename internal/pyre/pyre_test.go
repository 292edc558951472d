package pyre

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
)

func must(t testing.TB, pattern string) *Regexp {
	t.Helper()
	re, err := Compile(pattern)
	require.NoError(t, err)
	return re
}

func TestMatchAndSearch(t *testing.T) {
	for _, c := range []struct {
		pattern, subject string
		match, search    bool
	}{
		{"linux", "linux64", true, true},
		{"linux", "my-linux", false, true},
		{"linux64", "linux", false, false},
		{"", "", true, true},
		{"", "x", true, true},
		{"a$", "a", true, true},
		{"a$", "a\n", true, true},
		{"a$", "a\n\n", false, false},
		{"a$", "ba\n", false, true},
		{`a\Z`, "a\n", false, false},
		{`(?m)a$`, "a\nb", true, true},
		{`(?m)^b$`, "a\nb", false, true},
		{`^b`, "a\nb", false, false},
		{`a.b`, "a\nb", false, false},
		{`(?s)a.b`, "a\nb", true, true},
		{`a.*b`, "axxb", true, true},
		{`.*64`, "linux64-opt", true, true},
		{`.*64$`, "linux64-opt", false, false},
		{`.+64`, "64", false, false},
		{`lin|win`, "win32", true, true},
		{`lin|win$`, "linux", true, true},
		{`lin|win$`, "win32", false, false},
		{`größe`, "größer", true, true},
		{`größe$`, "größe\n", true, true},
		{`(?!win).*`, "linux", true, true},
		{`(?!win).*`, "windows", false, true},
		{`linux(?!32)\d+.*`, "linux64", true, true},
		{`linux(?!32)\d+.*`, "linux32", false, false},
		{`.*(?<=shippable)/opt`, "linux-shippable/opt", true, true},
		{`.*(?<!shippable)/opt`, "linux-shippable/opt", false, false},
		{`(\d)\.\1`, "3.3", true, true},
		{`(\d)\.\1`, "3.4", false, false},
		{`(?P<a>\d)\.(?P=a)`, "3.3", true, true},
		{`(a)?(?(1)b|c)`, "ab", true, true},
		{`(a)?(?(1)b|c)$`, "ac", false, true},
		{`(?P<x>a)?(?(x)b|c)`, "c", true, true},
		{`(?>a*)a`, "aaa", false, false},
		{`a*+a`, "aaa", false, false},
		{`a*?a`, "aaa", true, true},
		{`a{2}`, "aa", true, true},
		{`a{,2}b`, "aab", true, true},
		{`a{2,}`, "a", false, false},
		{`a{x}`, "a{x}", true, true},
		{`a{}`, "a{}", true, true},
		{`{`, "{", true, true},
		{`a{1001}`, strings.Repeat("a", 1001), true, true},
		{`]}`, "]}", true, true},
		{`[]a]`, "]", true, true},
		{`[^]a]`, "]", false, false},
		{`[a-]`, "-", true, true},
		{`[\w-]+$`, "a-b", true, true},
		{`[[:alpha:]]`, "a]", true, true}, // Python has no POSIX classes: one of [:alph, then ]
		{`[[:alpha:]]`, "b]", false, false},
		{`[^a]`, "\n", true, true},
		{`\w+$`, "größe１２", true, true},
		{`\w`, "\u0301", false, false},
		{`[^\W\d]+\d{2}$`, "größe１２", true, true},
		{`(?a)\w+$`, "größe", false, true},
		{`(?a:\w)+$`, "grosse", true, true},
		{`\d`, "٣", true, true},
		{`\D`, "٣", false, false},
		{`a\sb`, "a\u00a0b", true, true},
		{`a\sb`, "a\x1cb", true, true},
		{`a\sb`, "a\u200bb", false, false},
		{`a\Sb`, "a\u200bb", true, true},
		{`gr\B.*\b`, "größe", true, true},
		{`\bx`, "ax", false, false},
		{`\bx`, "-x", false, true},
		{`\bé`, "-é", false, true},
		{`\b`, "", false, false},
		{`\B`, "", false, false},
		{`\B`, "-", true, true},
		{`(?i)LINUX`, "linux", true, true},
		{`(?i)GRÖßE`, "größe", true, true},
		{`(?i)i`, "İ", true, true},
		{`(?i)ı`, "I", true, true},
		{`(?i)k`, "\u212a", true, true},
		{`(?i)s`, "ſ", true, true},
		{`(?i)ﬅ`, "ﬆ", true, true},
		{`(?ia)k`, "\u212a", false, false},
		{`(?ia)k`, "K", true, true},
		{`(?i)[a-c]+$`, "AbC", true, true},
		{`(?i)[^a]`, "A", false, false},
		{`(?i)(a)\1`, "aA", true, true},
		{`(?i:a)b`, "Ab", true, true},
		{`(?i:a)b`, "AB", false, false},
		{`(?i)(?-i:a)b`, "AB", false, false},
		{`(?x) a b # c`, "ab", true, true},
		{`(?x) a\ b [ ] # c` + "\n d", "a b d", true, true},
		{`(?x)a{1, 2}`, "a{1,2}", true, true},
		{`1(?#comment)2`, "12", true, true},
		{`\x41\u0042\U00000043\104\0`, "ABCD\x00", true, true},
		{`[\x41-\103]+$`, "ABC", true, true},
		{`\.\-\/\_`, "", false, false},
		{`\-\/\ \é`, "-/ é", true, true},
		{`(a|ab)(c|bcd)(d*)$`, "abcd", true, true},
		{`[^\x00-\U0010ffff]`, "a", false, false},
		{`[\s\S]`, "\n", true, true},
		{`\ud800`, "a", false, false},
		{`(?:)*x`, "x", true, true},
		{`(?=a)*b`, "b", true, true},
		{`(?:^)*b`, "b", true, true},
		{`()\1`, "", true, true},
	} {
		if strings.Contains(c.pattern, `\_`) {
			_, err := Compile(c.pattern)
			assert.NoError(t, err, "an escaped underscore is an underscore")
			continue
		}
		re := must(t, c.pattern)
		got, err := re.Match(c.subject)
		assert.NoError(t, err)
		assert.Equal(t, c.match, got, "match %q with %q", c.pattern, c.subject)
		got, err = re.Search(c.subject)
		assert.NoError(t, err)
		assert.Equal(t, c.search, got, "search %q with %q", c.pattern, c.subject)

		m, err := re.FindMatch(c.subject)
		assert.NoError(t, err)
		assert.Equal(t, c.match, m != nil, "find match %q with %q", c.pattern, c.subject)
		m, err = re.FindSearch(c.subject)
		assert.NoError(t, err)
		assert.Equal(t, c.search, m != nil, "find %q with %q", c.pattern, c.subject)
	}
}

func TestEndAnchored(t *testing.T) {
	for _, c := range []struct {
		pattern, subject string
		want             bool
	}{
		{"linux64", "linux64", true},
		{"linux64", "linux64\n", true},
		{"linux64", "linux64-opt", false},
		{"linux.*", "linux64-opt", true},
		{"linux64|win64", "linux64-opt", true}, // the dollar sign belongs to win64
		{"linux64|win64", "win64-opt", false},
		{"(linux64|win64)", "linux64-opt", false},
		{`(?x) linux # comment`, "linux64", true}, // the dollar sign is part of the comment
		{"", "", true},
		{"", "a", false},
		{"a$", "a", true},
		{"3", "3", true},
	} {
		re, err := EndAnchored(c.pattern)
		require.NoError(t, err)
		got, err := re.Match(c.subject)
		require.NoError(t, err)
		assert.Equal(t, c.want, got, "%q with %q", c.pattern, c.subject)
	}
	_, err := EndAnchored(`a\`)
	assert.NoError(t, err, "the backslash escapes the dollar sign")
}

func TestErrors(t *testing.T) {
	for pattern, want := range map[string]string{
		`(x`:               `"(" without ")" at position 0`,
		`x)`:               `")" without "(" at position 1`,
		`*a`:               `nothing to repeat before "*" at position 0`,
		`a|+`:              `nothing to repeat before "+" at position 2`,
		`(?:?)`:            `nothing to repeat before "?" at position 3`,
		`^*`:               `nothing to repeat before "*" at position 1`,
		`{1}`:              `nothing to repeat before "{" at position 0`,
		`a**`:              `repetition of a repetition`,
		`a{2}{3}`:          `repetition of a repetition`,
		`a{3,2}`:           `at least 3 repetitions but at most 2`,
		`a{99999999999}`:   `more than 4294967294 repetitions`,
		`[a`:               `"[" without "]" at position 0`,
		`[]`:               `"[" without "]" at position 0`,
		`[a-`:              `"[" without "]" at position 0`,
		`[z-a]`:            `bad range z-a in a class at position 1`,
		`[\w-a]`:           `bad range \w-a in a class`,
		`a\`:               `nothing after the last "\" at position 1`,
		`\q`:               `bad escape \q at position 0`,
		`[\q]`:             `bad escape \q`,
		`[\8]`:             `bad escape \8`,
		`\x4`:              `escape \x wants 2 hexadecimal digits`,
		`\u12`:             `escape \u wants 4 hexadecimal digits`,
		`\U00110000`:       `there is no character 0x110000`,
		`\777`:             `octal escape above \377`,
		`\1`:               `there is no group 1 before`,
		`(a\1)`:            `group 1 refers to itself`,
		`(?P=x)`:           `there is no group "x" before`,
		`(?P<x>a)(?P<x>b)`: `two groups are called "x": 1 and 2`,
		`(?P<1>a)`:         `"1" cannot be the name of a group`,
		`(?P<>a)`:          `the name of a group is missing`,
		`(?P<x`:            `a name without ">" behind it`,
		`(?Px)`:            `unknown kind of group "(?Px"`,
		`(?<x>a)`:          `unknown kind of group "(?<x"`,
		`(?z)`:             `unknown kind of group "(?z"`,
		`(?`:               `the pattern ends inside of a group`,
		`(?#x`:             `comment without end`,
		`(?<=a*)b`:         `look-behind of no fixed length at position 0`,
		`(?<!a|bc)d`:       `look-behind of no fixed length`,
		`(?<=(a)\1)`:       `look-behind refers to group 1, which is a part of it`,
		`a(?i)`:            `flags for the whole pattern must stand at its start at position 1`,
		`(?i`:              `the pattern ends inside of its flags`,
		`(?iz)`:            `unknown flag "z"`,
		`(?-a:x)`:          `the flag "a" cannot be turned off`,
		`(?i-i:x)`:         `a flag is turned on and off`,
		`(?au)`:            `exclude each other`,
		`(?a)(?u)`:         `exclude each other`,
		`(?(1)a|b)`:        `there is no group 1`,
		`(a)(?(1)b|c|d)`:   `a condition has two branches at most`,
		`(?(x)a)`:          `there is no group "x" before`,
		`(?(0)a)`:          `there is no group 0`,
		`(?(a-b)a)`:        `"a-b" cannot be the name of a group`,
		`\N{EM DASH}`:      `characters by name are not supported`,
		strings.Repeat("(", 1000) + strings.Repeat(")", 1000): `nested deeper than 200 levels`,
	} {
		_, err := Compile(pattern)
		if !assert.Error(t, err, pattern) {
			continue
		}
		d := diag.Flatten(err)[0]
		assert.Equal(t, diag.BadRegexp, d.Code)
		assert.Contains(t, d.Message, want, pattern)
	}
}

func TestFound(t *testing.T) {
	for _, subject := range []string{"über: linux64-opt\n", "name: linux64-opt"} {
		m, err := must(t, `(?P<os>[a-z]+)(\d+)(x)?-(opt)`).FindSearch(subject)
		require.NoError(t, err)
		require.NotNil(t, m)
		all, ok := m.Group(0)
		assert.Equal(t, "linux64-opt", all)
		assert.True(t, ok)
		os, ok := m.Group(1)
		assert.Equal(t, "linux", os)
		assert.True(t, ok)
		bits, ok := m.Group(2)
		assert.Equal(t, "64", bits)
		assert.True(t, ok)
		_, ok = m.Group(3)
		assert.False(t, ok, "a group without part in the match")
		for _, n := range []int{-1, 5} {
			_, ok = m.Group(n)
			assert.False(t, ok)
		}
	}
}

func TestTimeLimit(t *testing.T) {
	start := time.Now()
	_, err := must(t, `(?=(a+)+$)a`).Match(strings.Repeat("a", 40) + "b")
	require.Error(t, err)
	assert.Equal(t, diag.BadRegexp, diag.Flatten(err)[0].Code)
	assert.ErrorContains(t, err, "it takes more than 1s to match")
	assert.Less(t, time.Since(start), 10*time.Second)

	ok, err := must(t, `(a+)+$`).Match(strings.Repeat("a", 40) + "b")
	assert.NoError(t, err, "what RE2 can express takes linear time")
	assert.False(t, ok)
}

func TestCached(t *testing.T) {
	a, err := Cached("x.*")
	require.NoError(t, err)
	b, err := Cached("x.*")
	require.NoError(t, err)
	assert.Same(t, a, b)

	_, err1 := Cached("(")
	_, err2 := Cached("(")
	require.Error(t, err1)
	assert.NotSame(t, err1, err2, "the receiver may complete its diagnostic")
	assert.Equal(t, err1, err2)
}

func TestConcurrentUse(t *testing.T) {
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 100 {
				re, err := Cached(fmt.Sprintf(`(?!x)\w+%d`, j))
				assert.NoError(t, err)
				for _, s := range []string{"a", "ä", "a\n"} {
					_, err = re.Search(fmt.Sprint(s, i))
					assert.NoError(t, err)
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkMatch(b *testing.B) {
	for _, pattern := range []string{"linux64", "linux.*", ".*-debug|linux.*", "(linux|win)64.*", "(?!win).*"} {
		b.Run(pattern, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				re, _ := EndAnchored(pattern)
				re.Match("linux64-shippable/opt")
			}
		})
	}
}

package glob

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern string
		yes, no []string
	}{
		{"", []string{"", "a", "a/b"}, nil},
		{"a.txt", []string{"a.txt", "a.txt/b", "a.txt/b/c"}, []string{"a.txt2", "axtxt", "b/a.txt", "a.tx"}},
		{"dir", []string{"dir", "dir/a"}, []string{"dir2", "dir2/a", "x/dir"}},
		{"dir/", []string{"dir/", "dir//a"}, []string{"dir", "dir/a"}},
		{"*", []string{"", "a", "a/b"}, nil},
		{"*.py", []string{"a.py", ".py", "a.py/b"}, []string{"a/b.py", "a.pyc"}},
		{"dir/*", []string{"dir/a", "dir/", "dir/a/b"}, []string{"dir"}},
		{"dir/*.py", []string{"dir/a.py"}, []string{"dir/a/b.py"}},
		{"dir/*/*.py", []string{"dir/a/b.py"}, []string{"dir/b.py", "dir/a/b/c.py"}},
		{"fo*o", []string{"foo", "foxo", "fo-o/x"}, []string{"fo/o"}},
		{"dir/**/*.py", []string{"dir/a.py", "dir/a/b.py", "dir/a/b/c.py"}, []string{"a.py", "dir/a.txt"}},
		{"**/d.py", []string{"d.py", "a/d.py", "a/b/d.py", "a/d.py/x"}, []string{"xd.py", "a/xd.py"}},
		{"dir/**", []string{"dir", "dir/a", "dir/a/b"}, []string{"dir2", "dirx/a"}},
		{"**", []string{"", "a", "a/b"}, nil},
		{"**/**", []string{"", "a", "a/b"}, nil},
		{"a/**/**/b", []string{"a/x/b", "a/x/y/b", "a//b"}, []string{"a/b"}}, // the second ** is two stars
		{"a**b", []string{"ab", "axb"}, []string{"a/b", "ax/yb"}},
		{"dir**/d.py", []string{"dir/d.py", "dirx/d.py"}, []string{"dir/a/d.py"}},
		{"dir/***/d.py", []string{"dir/a/d.py", "dir//d.py"}, []string{"dir/d.py", "dir/a/b/d.py"}},
		{"**a", []string{"a", "xa"}, []string{"x/a"}},
		{"**/", []string{"", "a/", "a/b/"}, []string{"a", "a/b/c"}},
		{"/**", []string{"", "/a", "/a/b"}, []string{"a"}},
		{"/a.txt", nil, []string{"a.txt"}},
		{"./a.txt", nil, []string{"a.txt"}},
		{"we[ir]d", []string{"we[ir]d"}, []string{"weid", "werd"}},
		{"a?b", []string{"a?b"}, []string{"axb"}},
		{`a\*b`, []string{`a\b`, `a\xb`}, []string{"a*b", "ab"}},
		{"ü*/é.*", []string{"ünï/é.txt"}, []string{"unï/é.txt"}},
		{"*a*a*a*b", []string{"aaab", "xaxaxaxb"}, []string{strings.Repeat("a", 500)}},
		{"a", []string{"a\n", "a/b\n"}, []string{"a\nb", "a/b\nc"}},
		{"**/b", []string{"a/b"}, []string{"a\n/b", "/b"}}, // the directory's name is one character at least
		{"a/**", []string{"a//", "a\n"}, []string{"a/b\nc"}},
	} {
		for _, path := range c.yes {
			assert.True(t, Match(path, c.pattern), "%q should match %q", c.pattern, path)
			assert.True(t, second(path, c.pattern), "second opinion: %q should match %q", c.pattern, path)
		}
		for _, path := range c.no {
			assert.False(t, Match(path, c.pattern), "%q should not match %q", c.pattern, path)
			assert.False(t, second(path, c.pattern), "second opinion: %q should not match %q", c.pattern, path)
		}
	}
}

func TestCompileRemembers(t *testing.T) {
	assert.Same(t, Compile("a/**/b"), Compile("a/**/b"))
}

func TestMatchDoesNotAllocate(t *testing.T) {
	p := Compile("src/**/*_test.go")
	assert.Zero(t, testing.AllocsPerRun(100, func() { p.Match("src/a/b/c_test.go") }))
}

var (
	starStar    = regexp.MustCompile(`(^|/)\\\*\\\*/`)
	starStarEnd = regexp.MustCompile(`(^|/)\\\*\\\*$`)
)

// second says the same by means of a regular expression.
func second(path, pattern string) bool {
	if pattern == "" {
		return true
	}
	re := regexp.QuoteMeta(pattern)
	re = starStar.ReplaceAllString(re, "${1}(?:.+/)?")
	re = starStarEnd.ReplaceAllString(re, "(?:${1}.+)?")
	re = strings.ReplaceAll(re, `\*`, "[^/]*")
	return regexp.MustCompile(`\A` + re + `(?:/.*)?\n?\z`).MatchString(path)
}

var seeds = [][2]string{
	{"src/a/b/c.py", "src/**/*.py"}, {"a//b", "a/**/b"}, {"a", "**/"}, {"a/b\n", "a/**"}, {"a/x/b", "a/**/**/b"},
	{"", "**"}, {`a\b`, `a\*b`}, {"dir/b", "dir/"}, {"é/ü", "é/***"}, {"a\nb/c", "**/c"}, {strings.Repeat("a/", 40), "**/a/*/**/a/*"},
}

func FuzzMatch(f *testing.F) {
	for _, s := range seeds {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, path, pattern string) {
		if len(pattern) > 200 || len(path) > 1000 {
			return
		}
		got := Match(path, pattern)
		if utf8.ValidString(path) && utf8.ValidString(pattern) {
			require.Equal(t, second(path, pattern), got, "%q with %q", pattern, path)
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	for _, pattern := range []string{"src/lib", "src/**", "src/**/*.py", "**/*.py", "docs/**/*.md"} {
		b.Run(pattern, func(b *testing.B) {
			b.ReportAllocs()
			p := Compile(pattern)
			for b.Loop() {
				p.Match("src/taskgraph/transforms/task.py")
			}
		})
	}
}

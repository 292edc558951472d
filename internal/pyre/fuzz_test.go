package pyre

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/internal/pycheck"
)

// python gives what the module re makes of a pattern and a subject: for match and search the groups, where a group
// without part in the match is null.
const python = `
import re, signal
def late(*_): raise TimeoutError()
signal.signal(signal.SIGALRM, late)
def answer(q):
    pattern, subject = q
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        compiled = re.compile(pattern)
        out = []
        for m in compiled.match(subject), compiled.search(subject):
            out.append(None if m is None else [m.group(0), *m.groups()])
        return out
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
`

func FuzzTranslate(f *testing.F) {
	for _, s := range [][2]string{
		{"linux.*", "linux64-shippable/opt"}, {"linux64|win64$", "win64"}, {`(?!win).*-(\w+)$`, "größe-b\n"},
		{`(?P<a>\d)\.(?P=a)(?(a)x|y)`, "3.3x"}, {`(?i)[^\W\d]+(?<=x)ß{1,2}?`, "AXß"}, {`(?x) a b # c`, "ab"},
		{`\Aa\b\B\Z\101\x41[]a-]`, "a"}, {`(?>a*+)(b)?`, "aab"}, {`(?:|a)+(b*)*`, "aab"}, {`(?i-s:İ)`, "i"},
		{`(a*)*`, "b"}, {`((a)|b)*`, "ab"}, {`(?:a|(b))*?c`, "abac"}, {`x*`, "axb"}, {`(?=a)*b`, "b"},
		{`(?m)^a$`, "b\na\n"}, {`[[:alpha:]]{,3}{}`, "a]"}, {`(?s:.)(?#c)(?a:\w)`, "\né"}, {`(()|a)+b`, "aab"},
	} {
		f.Add(s[0], s[1])
	}
	py := pycheck.Start(f, python)
	f.Fuzz(func(t *testing.T, pattern, subject string) {
		if len(pattern) > 200 || len(subject) > 200 || !utf8.ValidString(pattern) || !utf8.ValidString(subject) {
			return
		}
		re, err := Compile(pattern)
		var match, search *Found
		late := false
		if err == nil {
			for _, run := range []func() error{
				func() (err error) { match, err = re.FindMatch(subject); return },
				func() (err error) { search, err = re.FindSearch(subject); return },
			} {
				if err := run(); err != nil {
					require.ErrorContains(t, err, "it takes more than", "the only reason to fail")
					late = true
				}
			}
		}
		if late || strings.Contains(pattern, `\N`) || odd.MatchString(pattern) || strings.ContainsFunc(pattern+subject, unassigned) {
			return
		}
		want, pyErr := py.Ask([]string{pattern, subject})
		if pyErr != nil {
			switch msg := pyErr.Error(); {
			case !pycheck.IsException(pyErr):
				t.Fatal(pyErr)
			case strings.HasPrefix(msg, "TimeoutError"), strings.HasPrefix(msg, "RecursionError"), strings.HasPrefix(msg, "MemoryError"):
			default:
				require.Error(t, err, "python3 says %s", msg)
			}
			return
		}
		if err != nil && strings.Contains(pattern, "(?") && (strings.Contains(err.Error(), `unknown flag "t"`) ||
			strings.Contains(err.Error(), `"(?t"`) || strings.Contains(err.Error(), "be the name of a group")) {
			return // flag t, and numbers of groups in odd spellings
		}
		require.NoError(t, err)
		wants := want.([]any)
		check(t, re, "match", subject, wants[0], match)
		check(t, re, "search", subject, wants[1], search)

		ok, err := re.Match(subject)
		require.NoError(t, err)
		require.Equal(t, match != nil, ok)
		ok, err = re.Search(subject)
		require.NoError(t, err)
		require.Equal(t, search != nil, ok)
	})
}

func check(t *testing.T, re *Regexp, what, subject string, want any, got *Found) {
	if want == nil {
		require.Nil(t, got, "%s %q with %q", what, re, subject)
		return
	}
	require.NotNil(t, got, "%s %q with %q", what, re, subject)
	for i, w := range want.([]any) {
		var g any
		if text, ok := got.Group(i); ok {
			g = text
		}
		require.Equal(t, w, g, "%s %q with %q: group %d", what, re, subject, i)
	}
}

// odd finds patterns of which Python 3.11 makes something else in a search than in a match: ASCII classes below
// Unicode flags, and conditions on groups that are not complete.
var odd = regexp.MustCompile(`\(\?[a-z]*a[a-z]*(-[a-z]*)?:|\(\?\(`)

// unassigned says whether a character may be known to one Unicode version only.
func unassigned(r rune) bool {
	return !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.C) || r > 0x1ffff
}

package cli_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/cli"
	"github.com/taskgraph-go/decision/diag"
)

var printMistakes = flag.Bool("print-mistakes", false, "print what each tree of testdata/mistakes makes the program say")

// TestMistakes runs the program on the trees of testdata/mistakes, each of which holds a mistake and, where the
// mistake is, a comment that says what is to be reported there:
//
//	max-run-time: 1h  # want TG1101 at "1h" "want integer, got"
//
// The first string, after "at", is the text on that line at whose first character the report must point; the next
// is a regular expression for the message. hint and regular expression may follow, and more expectations for the
// same line. A comment that has a line of its own speaks of the next line that is no such comment. Where no comment
// can stand, the section "want" lists expectations, each after its place and a colon. What is expected but not
// reported is a failure, and so is what is reported but not expected.
//
// What a tree does not have itself it has from testdata/base.txtar. The section "args" replaces the command line.
// A tree with a section "git" is committed to a repository.
func TestMistakes(t *testing.T) {
	base, err := txtar.ParseFile("testdata/base.txtar")
	require.NoError(t, err)
	archives, err := filepath.Glob("testdata/mistakes/*.txtar")
	require.NoError(t, err)
	require.Greater(t, len(archives), 100)
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(name)
			require.NoError(t, err)
			assert.NotEmpty(t, archive.Comment, "the archive must begin with a comment that says what is wrong")
			checkMistake(t, base, archive)
		})
	}
}

// checkMistake runs the program on a tree and compares.
func checkMistake(t *testing.T, base, archive *txtar.Archive) {
	tree := newMistake(t, base, archive)
	require.NotEmpty(t, tree.want, "nothing is expected")
	code, stdout, stderr := tree.run(t)
	if *printMistakes {
		t.Logf("exit code %d\n%s", code, stderr)
	}
	found := parseReports(t, stderr)
	isError := func(r report) bool { return !r.warning }
	if slices.ContainsFunc(found, isError) {
		first := found[slices.IndexFunc(found, isError)]
		if first.code != diag.NotRepresentable { // that shows while the graph is being printed
			assert.Empty(t, stdout, "a graph with mistakes is not printed")
		}
		assert.Equal(t, first.code.ExitCode(), code, "exit code")
	} else {
		assert.Equal(t, diag.ExitOK, code, "exit code")
	}
	for _, difference := range differences(tree.want, found) {
		t.Error(difference)
	}
	if t.Failed() && !*printMistakes {
		t.Logf("the program said:\n%s", stderr)
	}
}

// differences gives what is expected but was not reported, and what was reported but is not expected.
func differences(want []expectation, found []report) []string {
	var out []string
	rest := slices.Clone(found)
	for _, w := range want {
		i := slices.IndexFunc(rest, w.matches)
		if i < 0 {
			out = append(out, fmt.Sprintf("not reported: %s", w))
			continue
		}
		rest = slices.Delete(rest, i, i+1)
	}
	for _, r := range rest {
		out = append(out, fmt.Sprintf("not expected: %s: %s (%s)\n\thint: %s", r.place, r.message, r.code, r.hint))
	}
	return out
}

// The comparison itself: each report answers one expectation, in every respect.
func TestDifferences(t *testing.T) {
	want := expectations(t, "a.yml", "x: 1\n# want TG1102 \"other\"\nmax: 1h  # want TG1101 at \"1h\" \"want integer\" hint \"3600\" want TG1101 \"again\"\n")
	require.Len(t, want, 3)
	at := func(line, column int) diag.Position { return diag.Position{File: "a.yml", Line: line, Column: column} }
	reports := func(change func(*report)) []report {
		first := report{place: at(3, 6), code: diag.WrongType, message: "t: max: want integer, got x", hint: "3600"}
		change(&first)
		return []report{first, {place: at(3, 1), code: diag.WrongType, message: "again"}, {place: at(3, 1), code: diag.UnknownField, message: "another"}}
	}
	assert.Empty(t, differences(want, reports(func(*report) {})))
	assert.Len(t, differences(want, nil), 3)
	assert.Len(t, differences(nil, reports(func(*report) {})), 3)
	for name, change := range map[string]func(*report){
		"line":    func(r *report) { r.place.Line = 1 },
		"column":  func(r *report) { r.place.Column = 1 },
		"file":    func(r *report) { r.place.File = "b.yml" },
		"code":    func(r *report) { r.code = diag.UnknownField },
		"message": func(r *report) { r.message = "want text" },
		"hint":    func(r *report) { r.hint = "" },
	} {
		assert.Len(t, differences(want, reports(change)), 2, name)
	}
	twice := reports(func(*report) {})
	assert.Len(t, differences(want, append(twice, twice[0])), 1)
}

// mistake is a tree with what it must make the program say.
type mistake struct {
	files map[string]string
	args  []string
	git   bool
	want  []expectation
}

// expectation is a report that there must be.
type expectation struct {
	place   diag.Position // without column: any column
	code    diag.Code
	message *regexp.Regexp
	hint    *regexp.Regexp // nil: any, or none
}

func (e expectation) matches(r report) bool {
	at := r.place
	if e.place.Column == 0 {
		at.Column = 0
	}
	return at == e.place && r.code == e.code && e.message.MatchString(r.message) && (e.hint == nil || e.hint.MatchString(r.hint))
}

func (e expectation) String() string {
	s := fmt.Sprintf("%s: %s %q", e.place, e.code, e.message)
	if e.hint != nil {
		s += fmt.Sprintf(" hint %q", e.hint)
	}
	return s
}

func newMistake(t *testing.T, base, archive *txtar.Archive) *mistake {
	m := &mistake{files: map[string]string{}, args: []string{"morphed", "-J", "--offline", "-p", "parameters.yml"}}
	for _, f := range base.Files {
		m.files[f.Name] = string(f.Data)
	}
	for _, f := range archive.Files {
		text := string(f.Data)
		switch f.Name {
		case "args":
			m.args = strings.Fields(text)
		case "git":
			m.git = true
		case "want":
			for line := range strings.Lines(text) {
				m.want = append(m.want, placedExpectation(t, line))
			}
		case "none":
			for name := range strings.FieldsSeq(text) {
				delete(m.files, name)
			}
		default:
			m.files[f.Name] = text
			m.want = append(m.want, expectations(t, f.Name, text)...)
		}
	}
	return m
}

var wantComment = regexp.MustCompile(`^(.*)# want (TG\d{4} .*)$`)

// expectations reads the comments of a file.
func expectations(t *testing.T, name, text string) []expectation {
	lines := strings.Split(text, "\n")
	var out []expectation
	for i, line := range lines {
		c := wantComment.FindStringSubmatch(line)
		if c == nil {
			continue
		}
		about, at := c[1], i
		for strings.TrimSpace(about) == "" && at+1 < len(lines) {
			at++
			about = lines[at]
			if c := wantComment.FindStringSubmatch(about); c != nil {
				about = c[1]
			}
		}
		for rest := c[2]; rest != ""; {
			var e expectation
			e, rest = parseExpectation(t, strings.TrimPrefix(rest, "want "), about)
			e.place.File, e.place.Line = name, at+1
			out = append(out, e)
		}
	}
	return out
}

// placedExpectation reads a line of the section "want".
func placedExpectation(t *testing.T, line string) expectation {
	place, rest, ok := strings.Cut(strings.TrimSpace(line), ": ")
	if !ok {
		t.Fatalf("want PLACE: CODE \"MESSAGE\", got %s", line)
	}
	e, rest := parseExpectation(t, rest, "")
	if rest != "" {
		t.Fatalf("more than one expectation in %s", line)
	}
	e.place = parsePlace(place)
	return e
}

// parseExpectation reads one expectation about a line and gives what follows.
func parseExpectation(t *testing.T, text, line string) (expectation, string) {
	var e expectation
	word, rest, _ := strings.Cut(text, " ")
	e.code = diag.Code(word)
	quoted := func() string {
		q, err := strconv.QuotedPrefix(rest)
		if err != nil {
			t.Fatalf("want a quoted string, got %s", rest)
		}
		rest = strings.TrimSpace(rest[len(q):])
		s, _ := strconv.Unquote(q)
		return s
	}
	if after, ok := strings.CutPrefix(rest, "at "); ok {
		rest = after
		text := quoted()
		i := strings.Index(line, text)
		if i < 0 {
			t.Fatalf("%q is not on the line %q", text, line)
		}
		e.place.Column = len([]rune(line[:i])) + 1
	}
	e.message = regexp.MustCompile(quoted())
	if after, ok := strings.CutPrefix(rest, "hint "); ok {
		rest = after
		e.hint = regexp.MustCompile(quoted())
	}
	return e, rest
}

// run runs the program on the tree, in a directory of its own.
func (m *mistake) run(t *testing.T) (code int, stdout, stderr string) {
	dir := t.TempDir()
	for name, text := range m.files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
	}
	if m.git {
		commit(t, dir)
	}
	var out, errs bytes.Buffer
	app := &cli.App{
		Registry: cli.Standard(), Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Dir: dir,
		Env: func(name string) string {
			return map[string]string{"TASKCLUSTER_ROOT_URL": "https://tc.example.com", "TASKGRAPH_PYTHON": "nowhere"}[name]
		},
		Clock: func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) },
	}
	start := time.Now()
	code = app.Run(t.Context(), m.args)
	assert.Less(t, time.Since(start), 20*time.Second, "a mistake must not take long to find")
	return code, out.String(), errs.String()
}

// commit makes a repository of a directory, and gives the revision.
func commit(t *testing.T, dir string) (revision string) {
	t.Helper()
	for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"add", "-A"}, {"commit", "-q", "-m", "all"}, {"rev-parse", "HEAD"}} {
		cmd := exec.Command("git", append([]string{"-c", "user.name=test", "-c", "user.email=test@example.com"}, args...)...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		revision = strings.TrimSpace(string(out))
	}
	return revision
}

// report is what the program said about one mistake.
type report struct {
	place   diag.Position
	warning bool
	message string // with "warning: ", label and path
	code    diag.Code
	hint    string
}

var (
	reportLine = regexp.MustCompile(`^(?:([^ :]+(?::\d+)*): )?(warning: )?(.*) \((TG\d{4})\)$`)
	anyCode    = regexp.MustCompile(`\(TG\d{4}\)`)
)

// parseReports reads what the program wrote, in the form that all errors have, and sees to it that they have it.
func parseReports(t *testing.T, stderr string) []report {
	var out []report
	var errors []string
	for line := range strings.Lines(stderr) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, " ") {
			if hint, ok := strings.CutPrefix(line, "  hint: "); ok && len(out) > 0 {
				out[len(out)-1].hint = hint
			}
			assert.NotRegexp(t, anyCode, line)
			continue
		}
		m := reportLine.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("this is no diagnostic: %s", line)
			continue
		}
		r := report{warning: m[2] != "", message: m[2] + m[3], code: diag.Code(m[4]), place: parsePlace(m[1])}
		assert.NotRegexp(t, anyCode, r.message, "the code comes once")
		assert.NotRegexp(t, `\.$`, r.message, "no full stop")
		assert.NotEqual(t, diag.Unclassified, r.code, line)
		if !r.warning {
			assert.NotContains(t, errors, line, "reported once")
			errors = append(errors, line)
		}
		out = append(out, r)
	}
	return out
}

// parsePlace reads file, file:line or file:line:column.
func parsePlace(s string) diag.Position {
	parts := strings.Split(s, ":")
	p := diag.Position{File: parts[0]}
	if len(parts) > 1 {
		p.Line, _ = strconv.Atoi(parts[1])
	}
	if len(parts) > 2 {
		p.Column, _ = strconv.Atoi(parts[2])
	}
	return p
}

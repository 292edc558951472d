package star_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
)

// Texts that are made to hurt the parser or the compiler end with an error, or work, and end soon.
func TestTexts(t *testing.T) {
	const n = 200 << 10 // just below what a file may have
	repeat := func(s string, bytes int) string { return strings.Repeat(s, bytes/len(s)) }
	nested := func() string {
		var b strings.Builder
		for i := range 99 {
			b.WriteString(strings.Repeat(" ", i) + "if 1:\n")
		}
		return b.String() + strings.Repeat(" ", 99) + "pass\n"
	}()
	for name, text := range map[string]string{
		"too large":     repeat("# comment\n", 300<<10),
		"parens":        "x = " + repeat("(", n),
		"brackets":      "x = " + repeat("[", 90) + repeat("]", 90),
		"in strings":    "x = \"" + repeat("(", n) + "\"",
		"in comments":   "# " + repeat("(", n) + "\nx = 1",
		"open string":   "x = '''" + repeat("(", n),
		"minus":         "x = " + repeat("-", n) + "1",
		"not":           "x = " + repeat("not ", n) + "1",
		"lambda":        "x = " + repeat("lambda:", n) + "1",
		"else":          "x = " + repeat("1 if 1 else ", n) + "1",
		"sum":           "x = " + repeat("1+", n) + "1",
		"texts":         "x = " + repeat("'a'+", n) + "'a'",
		"calls":         "x = f" + repeat("()", n),
		"dots":          "x = f" + repeat(".a", n),
		"index":         "x = f" + repeat("[0]", n),
		"and":           "x = " + repeat("1 and ", n) + "1",
		"comparisons":   "x = " + repeat("1 == 1 and ", n) + "1",
		"blocks":        nested,
		"statements":    repeat("x = 1;", n),
		"definitions":   repeat("def f(): pass\n", n),
		"zero bytes":    repeat("\x00", n),
		"not UTF-8":     repeat("\xff", n),
		"backslashes":   repeat("\\\n", n),
		"tuple targets": repeat("a,", n) + "a = 1",
		"assignments":   "x = 1\ndef f():\n    y = 1\n" + repeat("    y += y\n", n),
		"escapes":       "x = '" + repeat("\\", n) + "'",
		"loads":         repeat("load('g.star', 'g')\n", n),
		"comprehension": "x = [1 " + repeat("for a in [1] ", n) + "]",
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			_, _, err := withStar(text+"\ndef f(config, task):\n    return task\n").graph(t, taskgraph.FullTaskSet)
			assert.Less(t, time.Since(began), 20*time.Second)
			for _, d := range diag.Flatten(err) {
				assert.Contains(t, []diag.Code{diag.BadStar, diag.StarFailed, diag.StarLimit, diag.BadStarFunction}, d.Code, "%s", d)
			}
		})
	}
	_, _, err := withStar("x = '''\n(((("+strings.Repeat("(", 200)+"\n'''\nY = (((1)))\ndef f(config, task):\n    return task\n").graph(t, taskgraph.FullTaskSet)
	require.NoError(t, err, "brackets in texts do not count")
}

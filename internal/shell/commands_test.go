package shell

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCommands(t *testing.T) {
	env := func(name string) string {
		return map[string]string{"A": "one", "TWO": "two words", "EDGE": " x "}[name]
	}
	for script, want := range map[string]string{
		`a b  c`:                           "a|b|c",
		"a\nb;c && d || e | f & g":         "a / b / c / d / e / f / g",
		`a 'b c' "d e" f\ g ''`:            "a|b c|d e|f g|",
		`a $A ${A}x "$TWO" $TWO '$A'`:      "a|one|onex|two words|two|words|$A",
		`a x$EDGE"y"`:                      "a|x|x|y",
		`a ${B:-c} $B "$B" "\$A \" \\ \x"`: `a|c||$A " \ \x`,
		"a \\\n b":                         "a|b",
		"X=1 Y='2 3' a Z=4":                "[X=1 Y=2 3] a|Z=4",
		`a >out 2>&1 <in b >> c d`:         "a|b|d",
		`a 2 > x`:                          "a|2",
		"a # comment ; b\nc#d":             "a / c#d",
		`(cd x; a)`:                        "cd|x / a",
		`a $(b 'c)') d`:                    "a||d?",
		"a $(date) b":                      "a||b?",
		"a \"x$(date +$(y))\" `b`":         "a|x|?",
		`a $ b$`:                           "a|$|b$",
		`a "b`:                             "error", `a 'b`: "error", `a $(b`: "error", `a ${b`: "error", "a `b": "error",
		"":  "",
		"=": "=",
	} {
		got, err := Commands(script, env)
		if want == "error" {
			assert.ErrorIs(t, err, ErrUnfinished, script)
			continue
		}
		require.NoError(t, err, script)
		var parts []string
		for _, c := range got {
			text := strings.Join(c.Words, "|")
			if len(c.Env) > 0 {
				text = "[" + strings.Join(c.Env, " ") + "] " + text
			}
			if c.Unknown {
				text += "?"
			}
			parts = append(parts, text)
		}
		assert.Equal(t, want, strings.Join(parts, " / "), script)
	}
}

func FuzzCommands(f *testing.F) {
	for _, s := range []string{"a 'b' && c", "$(a", "`", "${A:-b}", "a\\", "2>&1", "\"\\"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, script string) {
		_, _ = Commands(script, func(string) string { return "x y" })
	})
}

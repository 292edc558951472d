package reference

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestInside(t *testing.T) {
	for form, want := range map[string]string{
		"map":                                ".",
		"string or map":                      ".",
		"list of maps":                       "[].",
		"list of strings or maps":            "[].",
		"map of maps":                        ".<name>.",
		"map of lists of strings or maps":    ".<name>[].",
		"boolean or list of integers or map": ".",
		"boolean or map of maps":             ".<name>.",
		"anything":                           ".",
	} {
		assert.Equal(t, want, inside(form)+".", form)
	}
}

func TestTextThatMarkdownWouldChange(t *testing.T) {
	assert.Equal(t, `\<name> and \*two\* \_words\_ here`, prose("<name> and *two*\n _words_   here"))
	assert.Equal(t, "| a \\| b | c |\n", func() string { var x table; x.row("a | b", "c"); return x.String() }())
	assert.Equal(t, "a\n```text\nb\n```\nc", indentedToText("a\n  b\nc"))
	assert.Equal(t, "a\n```text\nb\n```", indentedToText("a\n  b"))
}

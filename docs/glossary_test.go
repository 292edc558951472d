package docs

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

var emphasis = regexp.MustCompile(`\*([^*\n]+)\*`)

// TestGlossary makes sure that the glossary defines each word once, in order; that the words that its definitions
// emphasize are defined there; and that other pages use what it defines.
func TestGlossary(t *testing.T) {
	const name = "docs/concepts/glossary.md"
	text := read(t, name)
	sections := strings.Split(text, "\n### ")[1:]
	definitions := map[string]string{}
	var order []string
	for _, s := range sections {
		term, definition, _ := strings.Cut(s, "\n")
		assert.NotContains(t, definitions, term, "defined twice")
		assert.NotEmpty(t, strings.TrimSpace(definition), term)
		definitions[term] = definition
		order = append(order, term)
	}
	assert.True(t, slices.IsSortedFunc(order, func(a, b string) int { return strings.Compare(a, b) }), "the words are not in order: %q", order)

	for term, definition := range definitions {
		for _, m := range emphasis.FindAllStringSubmatch(definition, -1) {
			_, known := definitions[singular(m[1])]
			_, exact := definitions[m[1]]
			assert.True(t, known || exact, "%s: %q is not defined", term, m[1])
		}
	}

	var rest strings.Builder
	for _, page := range pages(t) {
		if page != name && strings.HasPrefix(page, "docs/") {
			rest.WriteString(strings.ToLower(strings.Join(strings.Fields(plain(read(t, page))), " ")))
		}
	}
	for term := range definitions {
		word := strings.ToLower(term)
		several := strings.TrimSuffix(word, "y") + "ies"
		assert.True(t, strings.Contains(rest.String(), word) || strings.Contains(rest.String(), several), "no page but the glossary uses the word %q", term)
	}
}

// singular gives the singular of a word, for those that the glossary has.
func singular(word string) string {
	if stem, ok := strings.CutSuffix(word, "ies"); ok {
		return stem + "y"
	}
	return strings.TrimSuffix(word, "s")
}

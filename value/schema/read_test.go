package schema_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
	"github.com/taskgraph-go/decision/value/schema"
)

// read gives a document with positions.
func read(t testing.TB, text string) (value.Value, *diag.Sources) {
	t.Helper()
	sources := &diag.Sources{}
	v, err := (&value.Reader{Sources: sources}).YAML("doc.yml", []byte(text))
	require.NoError(t, err)
	return v, sources
}

// validate gives what is wrong with a document, one a line: line:column, path, message, code and hint.
func validate(t testing.TB, s *schema.Schema, text string) string {
	t.Helper()
	v, sources := read(t, text)
	var lines []string
	for _, d := range s.Validate(v) {
		at := sources.Position(d.Pos)
		line := fmt.Sprintf("%d:%d: ", at.Line, at.Column)
		if d.Path != "" {
			line += d.Path + ": "
		}
		line += fmt.Sprintf("%s (%s)", d.Message, d.Code)
		for _, r := range d.Related {
			where := sources.Position(r.Pos)
			line += fmt.Sprintf(" [%d:%d: %s]", where.Line, where.Column, r.Message)
		}
		if d.Hint != "" {
			line += " " + d.Hint
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

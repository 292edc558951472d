package parameters

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
	"github.com/taskgraph-go/decision/value/schema"
)

func checked(changes []any, strict bool, extensions ...Extension) []string {
	var out []string
	for _, d := range New("p.yml", complete(changes...)).Check(extensions, strict) {
		out = append(out, fmt.Sprintf("%s: %s: %s", d.Where.File, d.Path, d.Code))
	}
	return out
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name    string
		changes []any
		strict  bool
		want    []string
	}{
		{"complete", nil, true, nil},
		{"code review", []any{"code-review", value.MapOf("phabricator-build-target", "x")}, true, nil},
		{"no code review", []any{"code-review", nil}, true, nil},
		{"kinds", []any{"enable_always_target", []string{"docker-image"}}, true, nil},
		{"nullable", []any{"base_ref", nil, "version", nil}, true, nil},
		{"level", []any{"level", 3}, false, []string{"p.yml: level: TG1101"}},
		{"bool", []any{"build_number", true}, false, []string{"p.yml: build_number: TG1101"}},
		{"null", []any{"files_changed", nil}, false, []string{"p.yml: files_changed: TG1101"}},
		{"list", []any{"existing_tasks", []string{"a"}}, false, []string{"p.yml: existing_tasks: TG1101"}},
		{"nested", []any{"code-review", value.MapOf("other", "y", "phabricator-build-target", "x")}, false, []string{`p.yml: code-review: TG1102`}},
		{"unknown, not strict", []any{"xyz", 10}, false, nil},
		{"unknown, strict", []any{"head_refs", 10, "abc", 1}, true, []string{`p.yml: : TG1202`, `p.yml: : TG1202`}},
	} {
		assert.Equal(t, c.want, checked(c.changes, c.strict), c.name)
	}
}

func TestCheckMissing(t *testing.T) {
	found := New("p.yml", value.MapOf("project", "x")).Check(nil, true)
	var codes []diag.Code
	for _, d := range found {
		codes = append(codes, d.Code)
	}
	codes = slices.Compact(codes)
	assert.Equal(t, []diag.Code{diag.UnknownParameter}, codes)
	assert.Len(t, found, 22, "all that have no default but project")
}

func TestCheckHints(t *testing.T) {
	found := New("p.yml", complete("level", 3)).Check(nil, false)
	require.Len(t, found, 1)
	assert.Equal(t, `put it in quotes: level: "3"`, found[0].Hint)
	found = New("p.yml", complete("version", 1.10)).Check(nil, false)
	require.Len(t, found, 1)
	assert.Equal(t, "put it in quotes", found[0].Hint, "which number it was is lost")
	found = New("p.yml", complete("head_refs", 3)).Check(nil, true)
	require.Len(t, found, 1)
	assert.Equal(t, `unknown parameter "head_refs"`, found[0].Message)
	assert.Contains(t, found[0].Hint, `did you mean "head_ref"?`)
	found = New("p.yml", complete("build_date", "3")).Check(nil, true)
	require.Len(t, found, 1)
	assert.Equal(t, "leave the quotes out: 3", found[0].Hint)
}

func TestExtension(t *testing.T) {
	closed := schema.MustCompile("ext.yml", []byte("type: object\nadditionalProperties: false\nrequired: [foo]\nproperties: {foo: {type: string}, bar: {type: boolean}}"))
	e := Extension{Schema: closed}
	assert.Nil(t, checked([]any{"foo", "1", "bar", true}, true, e))
	assert.Nil(t, checked([]any{"foo", "1"}, true, e))
	assert.Equal(t, []string{`p.yml: : TG1202`}, checked(nil, true, e))
	assert.Equal(t, []string{`p.yml: foo: TG1101`}, checked([]any{"foo", 1}, false, e))
	assert.Equal(t, []string{`p.yml: : TG1202`}, checked([]any{"foo", "1", "baz", 1}, true, e))

	names := Extension{Names: []string{"anything"}}
	assert.Nil(t, checked([]any{"anything", 1}, true, names), "declared without a schema")
	assert.Nil(t, checked([]any{"anything", 1, "foo", "x"}, true, names, e), "several extensions")
}

func TestBaseNames(t *testing.T) {
	names := BaseNames()
	assert.Len(t, names, 28)
	assert.Contains(t, names, "code-review")
	assert.True(t, slices.IsSorted(names))
}

package schemas_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/parameters/schemas"
	"github.com/taskgraph-go/decision/value"
	"github.com/taskgraph-go/decision/value/schema"
)

func TestDocumentsAreValid(t *testing.T) {
	require.NoError(t, schema.NewSet(os.DirFS(".")).Check())
	assert.Equal(t, []string{"parameters"}, schemas.Names())
	for _, f := range schemas.Load("parameters").Doc().Fields {
		assert.NotEmpty(t, f.Description, f.Name)
	}
}

// validate gives what is wrong with a document, one a line.
func validate(t *testing.T, text []byte) string {
	t.Helper()
	sources := &diag.Sources{}
	v, err := (&value.Reader{Sources: sources}).YAML("doc.yml", text)
	require.NoError(t, err)
	var lines []string
	for _, d := range schemas.Load("parameters").Validate(v) {
		lines = append(lines, fmt.Sprintf("%d: %s: %s", sources.Position(d.Pos).Line, d.Path, d.Message))
	}
	return strings.Join(lines, "\n")
}

const complete = `base_repository: https://example.com/a
base_rev: a
build_date: 1
build_number: 1
do_not_optimize: []
enable_always_target: true
existing_tasks: {}
files_changed: []
filters: []
head_ref: a
head_repository: https://example.com/a
head_rev: a
head_tag: ''
level: '3'
moz_build_date: '20240101000000'
optimize_target_tasks: true
owner: a@example.com
project: a
pushdate: 1
pushlog_id: '1'
repository_type: git
target_tasks_method: default
tasks_for: github-push
`

func TestParameters(t *testing.T) {
	for _, c := range []struct{ add, want string }{
		{"", ""},
		{"own: [1]\nversion:\nnext_version:\nbase_ref:\noptimize_strategies:\ncode-review:", ""},
		{"level: 3", "24: level: want string, got 3"},
		{"build_date: '1'", `24: build_date: want integer, got "1"`},
		{"enable_always_target: [docker-image]", ""},
		{"enable_always_target: docker-image", `24: enable_always_target: want boolean or list, got "docker-image"`},
		{"existing_tasks: []", "24: existing_tasks: want map, got a list"},
		{"existing_tasks: {a: 1}", "24: existing_tasks.a: want string, got 1"},
		{"files_changed:", "24: files_changed: want list, got null"},
		{"code-review: {phabricator-build-target: a, other: b}", `24: code-review: unknown field "other"`},
		{"code-review: {}", `24: code-review: missing field "phabricator-build-target"`},
	} {
		assert.Equal(t, c.want, validate(t, []byte(complete+c.add)), c.add)
	}
	assert.Equal(t, `1: : missing field "base_repository"`, validate(t, []byte(strings.SplitN(complete, "\n", 2)[1])))
}

// The parameters of every project that the reference makes a graph of are valid, but for those that are left out
// because they have defaults.
func TestSharedParameters(t *testing.T) {
	root := filepath.Join("..", "..", "..", "shared")
	var all []string
	for _, pattern := range []string{"corpus/*/want/*/parameters.yml", "features/*/want/*/parameters.yml"} {
		found, _ := filepath.Glob(filepath.Join(root, pattern))
		all = append(all, found...)
	}
	if len(all) == 0 {
		t.Skip("no shared projects here")
	}
	for _, path := range all {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for line := range strings.Lines(validate(t, text)) {
			assert.Contains(t, line, "missing field", path)
		}
	}
}

// The mistakes that the reference's schema finds are found where they stand.
func TestSharedMistakes(t *testing.T) {
	root := filepath.Join("..", "..", "..", "shared", "errors")
	if _, err := os.Stat(root); err != nil {
		t.Skip("no shared mistakes here")
	}
	for _, c := range []struct{ project, field, want string }{
		{"225-params-level-number", "level", "want string, got 3"},
		{"228-params-existing-type", "existing_tasks", "want map, got a list"},
		{"229-params-files-type", "files_changed", "want list, got null"},
		{"232-params-code-review", "code-review", `unknown field "other"`},
		{"233-params-always-target", "enable_always_target", "want boolean or list, got"},
	} {
		files, _ := filepath.Glob(filepath.Join(root, c.project, "params", "*.yml"))
		require.NotEmpty(t, files, c.project)
		text, err := os.ReadFile(files[0])
		require.NoError(t, err)
		line := 0
		for i, l := range strings.Split(string(text), "\n") {
			if strings.HasPrefix(l, c.field+":") {
				line = i + 1
			}
		}
		got := validate(t, text)
		assert.Contains(t, got, ": "+c.field+": "+c.want, c.project)
		at := 0
		fmt.Sscanf(got, "%d:", &at)
		assert.True(t, at == line || at == line+1, "%s: line %d, the field is in line %d", c.project, at, line)
	}
}

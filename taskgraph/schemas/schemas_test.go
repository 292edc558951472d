package schemas_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph/schemas"
	"github.com/taskgraph-go/decision/value"
	"github.com/taskgraph-go/decision/value/schema"
)

func TestDocumentsAreValid(t *testing.T) {
	require.NoError(t, schema.NewSet(os.DirFS(".")).Check())
	assert.Equal(t, []string{"config", "kind"}, schemas.Names())
	var visit func(path string, d schema.Doc)
	visit = func(path string, d schema.Doc) {
		assert.NotEmpty(t, d.Description, path)
		for _, f := range d.Fields {
			visit(path+"."+f.Name, f)
		}
	}
	for _, name := range schemas.Names() {
		visit(name, schemas.Load(name).Doc())
	}
}

// validate gives what is wrong with a document, one a line.
func validate(t *testing.T, name string, text []byte) string {
	t.Helper()
	sources := &diag.Sources{}
	v, err := (&value.Reader{Sources: sources}).YAML("doc.yml", text)
	require.NoError(t, err)
	var lines []string
	for _, d := range schemas.Load(name).Validate(v) {
		lines = append(lines, fmt.Sprintf("%d: %s: %s", sources.Position(d.Pos).Line, d.Path, d.Message))
	}
	return strings.Join(lines, "\n")
}

const config = `trust-domain: fx
task-priority: low
workers: {aliases: {}}
taskgraph: {repositories: {demo: {name: Demo}}}
`

func TestConfig(t *testing.T) {
	for _, c := range []struct{ add, want string }{
		{"", ""},
		{"own: {1: x}\nindex:\ntreeherder:\ndocker-image-dir: images", ""},
		{"1: x", "5: : want a string as key, got 1"},
		{"trust-domain:", "5: trust-domain: want string, got null"},
		{"task-priority: {by-project: {a: {by-level: {3: high, default: low}}}}", ""},
		{"task-priority: {by-owner: {me: low}}", "5: task-priority: want string, got a map"},
		{"task-priority: {by-project: {a: urgent}}", `5: task-priority.by-project.a: "urgent" is not allowed`},
		{"task-deadline-after: {by-anything: [1]}", ""},
		{"task-expires-after: 5", "5: task-expires-after: want string, got 5"},
		{"workers: {aliases: {a: {provisioner: {by-level: {3: a, default: b}}, implementation: c, os: d, worker-type: e}}}", ""},
		{"workers: {aliases: {a: {provisioner: b, implementation: c, worker-type: e, extra: f}}}",
			"5: workers.aliases.a: unknown field \"extra\"\n5: workers.aliases.a: missing field \"os\""},
		{"workers: {alias: {}}", "5: workers: unknown field \"alias\"\n5: workers: missing field \"aliases\""},
		{"taskgraph: {repositories: {}}", "5: taskgraph.repositories: want at least 1 field, got 0"},
		{"taskgraph: {repositories: {a: {nam: x}}}", `5: taskgraph.repositories.a: missing field "name"`},
		{"taskgraph: {repositories: {a: {name: x, own: 1}}, run: {use-caches: true}, disabled-actions: [a]}", ""},
		{"taskgraph: {repositories: {a: {name: x}}, run: {use-caches: [maven]}}", `5: taskgraph.run.use-caches[0]: "maven" is not allowed`},
		{"taskgraph: {repositories: {a: {name: x}}, registr: a:b}", `5: taskgraph: unknown field "registr"`},
		{"index: {products: demo}", `5: index.products: want list or map, got "demo"`},
		{"treeherder: {group-names: [a]}", "5: treeherder.group-names: want map, got a list"},
	} {
		assert.Equal(t, c.want, validate(t, "config", []byte(config+c.add)), c.add)
	}
	assert.Equal(t, "1: : want map, got a list", validate(t, "config", []byte("- a")))
	assert.Equal(t, `1: : missing field "task-priority"
1: : missing field "taskgraph"
1: : missing field "trust-domain"
1: : missing field "workers"`, validate(t, "config", []byte("{}")))
}

func TestKind(t *testing.T) {
	for _, c := range []struct{ doc, want string }{
		{"{}", ""},
		{"tasks: {a: {}, 1: {}, null: {}}\ntask-defaults:\nown: 1", ""},
		{"", "1: : want map, got null"},
		{"transforms: a", `1: transforms: want list, got "a"`},
		{"transforms: [a, 1]", "1: transforms[1]: want string, got 1"},
		{"kind-dependencies:", "1: kind-dependencies: want list, got null"},
		{"kind-dependencies: {a: b}", "1: kind-dependencies: want list, got a map"},
		{"tasks: [a]", "1: tasks: want map, got a list"},
		{"tasks: {a: }", "1: tasks.a: want map, got null"},
		{"tasks-from: a.yml", `1: tasks-from: want list, got "a.yml"`},
		{"job-defaults: 1\njobs: 1\njobs-from: 1", "1: job-defaults: want map, got 1\n2: jobs: want map, got 1\n3: jobs-from: want list, got 1"},
		{"loader: 1", "1: loader: want string, got 1"},
		{"loader: mine:loader\ntasks: [a]\ntasks-from: b", ""},
		{"loader: taskgraph.loader.transform:loader\ntransforms: []", ""},
		{"loader: taskgraph.loader.transform:loader", `1: : missing field "transforms"`},
		{"loader: taskgraph.loader.default:loader", ""},
	} {
		assert.Equal(t, c.want, validate(t, "kind", []byte(c.doc)), c.doc)
	}
}

func shared(t *testing.T, sub string) string {
	dir := filepath.Join("..", "..", "..", "shared", sub)
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no shared projects here")
	}
	return dir
}

// Every file of a project that the reference makes a graph of is valid.
func TestSharedProjects(t *testing.T) {
	count := map[string]int{}
	for _, sub := range []string{"corpus", "features"} {
		err := filepath.WalkDir(shared(t, sub), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			name := map[string]string{"kind.yml": "kind", "config.yml": "config"}[d.Name()]
			if name == "" || d.IsDir() || name == "config" && filepath.Base(filepath.Dir(path)) != "taskcluster" {
				return nil
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			count[name]++
			assert.Empty(t, validate(t, name, text), path)
			return nil
		})
		require.NoError(t, err)
	}
	assert.Greater(t, count["kind"], 100)
	assert.Greater(t, count["config"], 50)
}

// So are the files of this repository and of its examples.
func TestOwnProjects(t *testing.T) {
	root := filepath.Join("..", "..")
	for pattern, name := range map[string]string{
		"config.yml": "config", "kinds/*/kind.yml": "kind",
		"examples/*/taskcluster/config.yml": "config", "examples/*/taskcluster/kinds/*/kind.yml": "kind",
	} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		for _, path := range files {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Empty(t, validate(t, name, text), path)
		}
	}
}

// The mistakes that the reference's schema finds in real files are found where they stand.
func TestSharedMistakes(t *testing.T) {
	root := shared(t, "errors")
	for _, c := range []struct{ project, want string }{
		{"022-config-no-trust-domain", `1: : missing field "trust-domain"`},
		{"024-config-priority-keyed-by", `10: task-priority: want string, got a map`},
		{"027-config-repository-name", `14: taskgraph.repositories.demo: missing field "name"`},
		{"028-config-alias-missing-os", `48: workers.aliases.bitbar: missing field "os"`},
		{"029-config-alias-unknown-field", `51: workers.aliases.bitbar: unknown field "extra"`},
		{"033-config-not-a-map", "1: : want map, got a list"},
	} {
		text, err := os.ReadFile(filepath.Join(root, c.project, "tree", "taskcluster", "config.yml"))
		require.NoError(t, err)
		assert.Equal(t, c.want, validate(t, "config", text), c.project)
	}
	for project, want := range map[string]string{
		"010-yaml-empty-kind":       "1: : want map, got null",
		"039-transform-missing-key": `1: : missing field "transforms"`,
	} {
		kinds, _ := filepath.Glob(filepath.Join(root, project, "tree", "taskcluster", "kinds", "*", "kind.yml"))
		var all []string
		for _, kind := range kinds {
			text, err := os.ReadFile(kind)
			require.NoError(t, err)
			all = append(all, validate(t, "kind", text))
		}
		assert.Contains(t, all, want, project)
	}
}

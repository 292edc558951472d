package star_test

import (
	"context"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/extension/star"
	"github.com/taskgraph-go/decision/taskgraph"
)

// libraryProject has the tests of the library as its tree.
func libraryProject(t *testing.T) *taskgraph.Project {
	t.Helper()
	tree := fstest.MapFS{"taskcluster/config.yml": {Data: []byte(config)}}
	require.NoError(t, fs.WalkDir(os.DirFS("testdata"), "library", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(os.DirFS("testdata"), name)
		tree[name] = &fstest.MapFile{Data: text}
		return err
	}))
	p, err := taskgraph.Open(context.Background(), taskgraph.Options{Tree: tree, Root: "taskcluster", Registry: standard(), Files: files{}})
	require.NoError(t, err)
	t.Cleanup(func() { p.Close() })
	return p
}

// The library is tested in its own language.
func TestLibrary(t *testing.T) {
	p := libraryProject(t)
	files, err := star.TestFiles(p, []string{"."})
	require.NoError(t, err)
	require.Equal(t, []string{"library/test_tasks.star", "library/test_values.star"}, files)
	results := star.RunTests(t.Context(), p, files, nil)
	assert.Greater(t, len(results), 15)
	for _, r := range results {
		if r.Err != nil {
			t.Errorf("%s\n%s", r, printedWith(p.Sources, r.Err))
		}
	}
}

// Every function of the library has a docstring, and a test of that name or one that loads it.
func TestLibraryIsTested(t *testing.T) {
	modules, err := star.Library()
	require.NoError(t, err)
	var tests strings.Builder
	for _, name := range []string{"values", "tasks"} {
		text, err := os.ReadFile("testdata/library/test_" + name + ".star")
		require.NoError(t, err)
		tests.Write(text)
	}
	for _, m := range modules {
		assert.NotEmpty(t, m.Doc, m.Name)
		for _, f := range m.Functions {
			assert.NotEmpty(t, f.Doc, f.Name)
			assert.Regexp(t, `\b`+regexp.QuoteMeta(f.Name)+`\(`, tests.String(), "%s: %s has no test", m.Name, f.Name)
		}
	}
}

func TestRunTests(t *testing.T) {
	f := tree{
		"ci/test_a.star":              "load(\"@taskgraph//testing.star\", \"assert\")\ndef test_b():\n    print(\"seen\")\n    assert.eq(1, 2)\ndef test_a():\n    pass\ndef helper():\n    fail(\"never\")\ndef test_args(x):\n    pass\ndef test_nothing():\n    assert.fails(lambda: 1)\ndef test_other_message():\n    assert.fails(lambda: fail(\"x\"), \"y\")\ndef test_loop():\n    for i in range(1 << 50):\n        pass\n",
		"ci/test_broken.star":         "def test_x(:\n",
		"ci/other.star":               "def test_other():\n    pass\n",
		"ci/.hidden/test_h.star":      "def test_h():\n    pass\n",
		"ci/node_modules/test_n.star": "def test_n():\n    pass\n",
	}
	p, err := f.open(t, standard())
	require.NoError(t, err)
	files, err := star.TestFiles(p.Project, []string{"ci", "ci/other.star", "ci/test_a.star"})
	require.NoError(t, err)
	assert.Equal(t, []string{"ci/other.star", "ci/test_a.star", "ci/test_broken.star"}, files)
	var got []string
	for _, r := range star.RunTests(t.Context(), p.Project, files, nil) {
		line := r.String()
		if r.Err != nil {
			line += " | " + r.Err.Error() + " | " + strings.Join(r.Printed, ",")
		}
		got = append(got, line)
	}
	assert.Equal(t, []string{
		"ok   ci/other.star: test_other",
		"FAIL ci/test_a.star: test_b | ci/test_a.star:4:14: got 1, want 2 (TG3030) | seen",
		"ok   ci/test_a.star: test_a",
		"FAIL ci/test_a.star: test_args | ci/test_a.star:9:1: a test gets nothing, but test_args takes (x) (TG2021) | ",
		`FAIL ci/test_a.star: test_nothing | ci/test_a.star:12:17: nothing failed, want a failure with "" (TG3030) | `,
		`FAIL ci/test_a.star: test_other_message | ci/test_a.star:14:17: failed with "x", want "y" (TG3030) | `,
		"FAIL ci/test_a.star: test_loop | ci/test_a.star:16:5: the call takes more than 10000000 steps (TG3031) | ",
		"FAIL ci/test_broken.star | ci/test_broken.star:1:13: got ':', want ')' (TG2020) | ",
	}, got)
	chosen := star.RunTests(t.Context(), p.Project, files[:2], func(name string) bool { return name == "test_a" })
	require.Len(t, chosen, 1)
	assert.NoError(t, chosen[0].Err)

	for _, bad := range []string{"nowhere", "../x", "taskcluster/config.yml"} {
		_, err = star.TestFiles(p.Project, []string{bad})
		assert.Error(t, err, bad)
	}
}

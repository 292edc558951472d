package parameters

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
)

func TestFormatSpec(t *testing.T) {
	for spec, want := range map[string]string{
		"":                                  "defaults",
		"foo/bar.yaml":                      "bar",
		"foo/bar.yml":                       "bar",
		"/bar.json":                         "bar",
		"bar":                               "bar",
		"dir.d/bar":                         "bar",
		"a.b.yml":                           "a.b",
		".yml":                              ".yml",
		"..yml":                             "..yml",
		"foo/bar.yml.gz":                    "bar",
		"http://example.org/bar.yml?id=0":   "bar",
		"https://example.org/x/bar.json.gz": "bar",
		"task-id=123":                       "task-id=123",
		"project=autoland":                  "project=autoland",
		"index=foo.v2.bar.latest":           "index=foo.v2.bar.latest",
	} {
		assert.Equal(t, want, FormatSpec(spec), spec)
	}
}

func TestExpand(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b.yml", "a.json", "c.yml.gz", "notes.txt", "d.yaml", "e.json.gz"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o644))
	}
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "sub.yml"), 0o755))
	got, err := Expand("", []string{"first.yml", dir, "task-id=x", ""})
	require.NoError(t, err)
	assert.Equal(t, []string{
		"first.yml", filepath.Join(dir, "a.json"), filepath.Join(dir, "b.yml"), filepath.Join(dir, "c.yml.gz"), filepath.Join(dir, "e.json.gz"), "task-id=x", "",
	}, got)

	_, err = Expand("", []string{filepath.Join(dir, "sub.yml")})
	assert.ErrorContains(t, err, "there are no parameters in the directory")
	assert.Equal(t, diag.ExitInput, diag.ExitCode(err))
	got, err = Expand("", nil)
	require.NoError(t, err)
	assert.Empty(t, got)
}

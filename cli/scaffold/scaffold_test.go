package scaffold_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/taskgraph-go/decision/cli/scaffold"
)

func TestDefaultsFollowFromTheRepository(t *testing.T) {
	for _, address := range []string{
		"https://github.com/Example/my.app", "https://github.com/Example/my.app.git", "git@github.com:Example/my.app.git",
		"ssh://git@github.com/Example/my.app", "https://somebody:secret@github.com/Example/my.app",
	} {
		a := scaffold.Answers{Repository: address}
		a.SetDefaults()
		require.NoError(t, a.Check(), address)
		assert.Equal(t, scaffold.Answers{Repository: "https://github.com/Example/my.app", Project: "my.app", TrustDomain: "example", Level: "1", Branch: "main", Version: "latest"}, a)
		assert.Equal(t, "my_app", a.Slug())
		assert.Equal(t, "my-app", a.CacheName())
	}
	given := scaffold.Answers{Repository: "https://github.com/a/b", Project: "p", TrustDomain: "t", Level: "2", Branch: "b", Version: "v1.0.0"}
	same := given
	same.SetDefaults()
	assert.Equal(t, given, same)
}

func TestSlug(t *testing.T) {
	for project, want := range map[string]string{"app": "app", "My-App": "my_app", "a.b--c": "a_b_c", "2048": "repo_2048", "_": "repo_", "-x-": "x"} {
		assert.Equal(t, want, (&scaffold.Answers{Project: project}).Slug(), project)
	}
}

func TestBadAnswers(t *testing.T) {
	long := strings.Repeat("x", 101)
	for _, c := range []struct {
		change func(*scaffold.Answers)
		flag   string
		values []string
	}{
		{func(a *scaffold.Answers) {}, "", []string{""}},
		{nil, "repository", []string{"x", "/tmp/x", "https://gitlab.com/a/b", "https://github.com/a", "https://github.com/a/b/tree/main", "https://gist.github.com/a/b", "https://github.com/a b/c", "https://hg.mozilla.org/a/b"}},
		{nil, "project", []string{"a b", "a/b", `a\b`, "..", ".", "a\nb", "ä", `"`, "${x}", "[[x]]", long}},
		{nil, "trust-domain", []string{"a b", "a.b", "a/b", "a'", strings.Repeat("x", 31)}},
		{nil, "level", []string{"0", "4", "one", "3 "}},
		{nil, "branch", []string{"a b", "-x", "/x", "x/", "a..b", "a//b", "x.lock", "x/.y", "$(x)", "'", long + long}},
	} {
		for _, bad := range c.values {
			a := answers()
			for _, q := range scaffold.Questions {
				if q.Flag == c.flag {
					*q.Answer(&a) = bad
				}
			}
			if c.flag == "" {
				require.NoError(t, a.Check())
				continue
			}
			assert.ErrorContains(t, a.Check(), "--"+c.flag+": want ", bad)
			_, err := scaffold.Files(a)
			assert.Error(t, err, bad)
		}
	}
	assert.ErrorContains(t, (&scaffold.Answers{}).Check(), "--repository: the address of the repository is not known")
}

// No field is left open, and what should be YAML is, whatever the names.
func TestFiles(t *testing.T) {
	for _, starlark := range []bool{false, true} {
		for _, project := range []string{"greeter", "2048", "true", "null", "a.b-c"} {
			a := answers()
			a.Project, a.TrustDomain, a.Branch, a.Starlark = project, "1e3", "no", starlark
			files, err := scaffold.Files(a)
			require.NoError(t, err)
			for _, f := range files {
				assert.NotContains(t, string(f.Text), "[[", f.Name)
				assert.True(t, strings.HasSuffix(string(f.Text), "\n") && !strings.HasSuffix(string(f.Text), "\n\n"), f.Name)
				for line := range strings.Lines(string(f.Text)) {
					assert.Equal(t, strings.TrimRight(line, " \t\n")+"\n", line, f.Name)
				}
				if !strings.HasSuffix(f.Name, ".yml") {
					continue
				}
				var doc map[string]any
				require.NoError(t, yaml.Unmarshal(f.Text, &doc), f.Name)
				switch f.Name {
				case "taskcluster/config.yml":
					assert.Equal(t, "1e3", doc["trust-domain"])
					assert.Equal(t, map[string]any{"name": project}, dig(doc, "taskgraph", "repositories", a.Slug()))
				case "taskcluster/test/parameters/push.yml":
					assert.Equal(t, project, doc["project"])
					assert.Equal(t, "no", doc["base_ref"])
				}
			}
		}
	}
}

// snapshot gives all files below a directory with their texts and modes.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dir, name)
		info, err := d.Info()
		if err != nil {
			return err
		}
		text := ""
		if info.Mode().IsRegular() {
			b, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			text = string(b)
		}
		all[filepath.ToSlash(rel)] = info.Mode().String() + " " + text
		return nil
	}))
	return all
}

// before gives a directory with a setup and other things.
func before(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{".taskcluster.yml": "old", "taskcluster/config.yml": "old", "taskcluster/kinds/lint/kind.yml": "old", "README.md": "mine"} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	}
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "taskcluster", "empty"), 0o755))
	return dir
}

func TestWrite(t *testing.T) {
	files, err := scaffold.Files(answers())
	require.NoError(t, err)
	dir := before(t)
	existing, err := scaffold.Existing(dir, files)
	require.NoError(t, err)
	assert.Equal(t, []string{".taskcluster.yml", "taskcluster/config.yml", "taskcluster/kinds/lint/kind.yml"}, existing)
	require.NoError(t, scaffold.Write(dir, files))
	got := snapshot(t, dir)
	assert.Equal(t, "-rw------- mine", got["README.md"])
	delete(got, "README.md")
	assert.Len(t, got, len(files), "nothing of the old setup is left, nor of the work")
	for _, f := range files {
		assert.Equal(t, f.Mode.String()+" "+string(f.Text), got[f.Name], f.Name)
	}
	again, err := scaffold.Existing(dir, files)
	require.NoError(t, err)
	assert.Len(t, again, len(files))
}

func TestWriteIntoNothing(t *testing.T) {
	files, err := scaffold.Files(answers())
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "taskcluster"), 0o755))
	existing, err := scaffold.Existing(dir, files)
	require.NoError(t, err)
	assert.Empty(t, existing, "an empty directory is nothing to lose")
	require.NoError(t, scaffold.Write(dir, files))
	assert.Len(t, snapshot(t, dir), len(files))
	assert.Error(t, scaffold.Write(filepath.Join(dir, "missing"), files))
}

// A link in the place of the directory is replaced, and what it leads to stays.
func TestWriteOverLink(t *testing.T) {
	files, err := scaffold.Files(answers())
	require.NoError(t, err)
	dir, other := t.TempDir(), before(t)
	if err := os.Symlink(other, filepath.Join(dir, "taskcluster")); err != nil {
		t.Skip("no symbolic links here")
	}
	existing, err := scaffold.Existing(dir, files)
	require.NoError(t, err)
	assert.Equal(t, []string{"taskcluster"}, existing)
	was := snapshot(t, other)
	require.NoError(t, scaffold.Write(dir, files))
	assert.Equal(t, was, snapshot(t, other))
	assert.Len(t, snapshot(t, dir), len(files))
}

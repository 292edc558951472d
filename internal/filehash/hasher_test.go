package filehash

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/sourcetree"
	"github.com/taskgraph-go/decision/value"
)

// tree has what patterns are tried on. The name of each file is its content too.
func tree(t *testing.T, tracked []string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range tracked {
		file := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(name), 0o644))
	}
	return dir
}

var tracked = []string{
	"README", "a/b/c.txt", "a/b/d.txt", "a/e.txt", "a.txt", "a-b/x", "ab/c", "ab/d/e/f", "script.sh", "scripts/build.sh", "scripts/misc/build.sh", "z",
}

func open(t *testing.T, dir string, names []string) *Hasher {
	t.Helper()
	d, err := sourcetree.Open(dir)
	require.NoError(t, err)
	t.Cleanup(func() { d.Close() })
	return New(d, func() ([]string, error) { return names, nil })
}

func patterns(s ...string) []value.Value {
	out := make([]value.Value, len(s))
	for i, p := range s {
		out[i] = value.NewString(p)
	}
	return out
}

// matched are pattern sets, the files they match, and the digest that the reference gives.
var matched = []struct {
	patterns []string
	files    []string
	want     string
}{
	{patterns: []string{"README"}, files: []string{"README"}, want: "36fe6dbf4ceb4d2ddb360c4c4e46e193b6f09da0aa43ecc3ebfa4425b80f2721"},
	{patterns: []string{"z", "README", "z"}, files: []string{"README", "z"}, want: "03ece366ebcd4e37ec50cbd7631987c0906e44049a60d3512aea537562e89edf"},
	{patterns: []string{"a"}, files: []string{"a/b/c.txt", "a/b/d.txt", "a/e.txt"}, want: "e6fe79fb861bf03243022f6e36800f4afe371d15b1a8b3797637029348cdbe27"},
	{patterns: []string{"a/**", "a/b"}, files: []string{"a/b/c.txt", "a/b/d.txt", "a/e.txt"}, want: "e6fe79fb861bf03243022f6e36800f4afe371d15b1a8b3797637029348cdbe27"},
	{patterns: []string{"a/*.txt"}, files: []string{"a/e.txt"}, want: "3034b38804d624552e62b0c9d9b43f156d53c1aaf4d87eafbb11c6b9587fb25d"},
	{patterns: []string{"a*"}, files: []string{"a-b/x", "a.txt", "a/b/c.txt", "a/b/d.txt", "a/e.txt", "ab/c", "ab/d/e/f"}, want: "bd8b35c590e60b64e8386f95efa915c02d5a13b64510010c668c97ce8d17f788"},
	{patterns: []string{"**/build.sh"}, files: []string{"scripts/build.sh", "scripts/misc/build.sh"}, want: "b88e05c67a240107274d3eeb71ec52a49d824bbafdc16337e2bbf99711d1ced0"},
	{patterns: []string{"script*/**/*.sh", "ab/*"}, files: []string{"ab/c", "ab/d/e/f", "scripts/build.sh", "scripts/misc/build.sh"}, want: "f2f61fd0bf0b2b7df78cc10aa30eaf8d1e24121ee616fdaf9485dfab0ff7e05f"},
	{patterns: []string{"**"}, files: tracked, want: "f32b0767d6fda1e85edb18affa81cf100a61e928a4dedeae04d1f7172b309b70"},
	{patterns: []string{""}, files: tracked, want: "f32b0767d6fda1e85edb18affa81cf100a61e928a4dedeae04d1f7172b309b70"},
	{patterns: nil, files: nil, want: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
}

func TestPaths(t *testing.T) {
	h := open(t, tree(t, tracked), tracked)
	for _, m := range matched {
		got, err := h.Paths(patterns(m.patterns...))
		require.NoError(t, err, m.patterns)
		all := sha256.New()
		for _, name := range open(t, ".", m.files).sorted(t) {
			fmt.Fprintf(all, "%x %s\n", sha256.Sum256([]byte(name)), name)
		}
		assert.Equal(t, hex.EncodeToString(all.Sum(nil)), got, m.patterns)
		assert.Equal(t, m.want, got, m.patterns)
	}
}

func (h *Hasher) sorted(t *testing.T) []string {
	names, err := h.tracked()
	require.NoError(t, err)
	return names
}

// TestPathsAreTheReferences compares with the Python reference where TASKGRAPH_REFERENCE names the directory that holds
// its package.
func TestPathsAreTheReferences(t *testing.T) {
	packages := os.Getenv("TASKGRAPH_REFERENCE")
	if packages == "" {
		t.Skip("TASKGRAPH_REFERENCE does not name the reference's package directory")
	}
	const script = `
import json, sys, types
sys.dont_write_bytecode = True
packages, root, tracked, patterns = sys.argv[1:]
sys.path.insert(0, packages)
sys.modules["taskgraph"] = types.ModuleType("taskgraph")
sys.modules["taskgraph"].__path__ = [packages + "/taskgraph"]
vcs = sys.modules["taskgraph.util.vcs"] = types.ModuleType("taskgraph.util.vcs")
class Repository:
    path = root
    def get_tracked_files(self, base):
        return json.loads(tracked)
repository = Repository()
vcs.get_repository = lambda path: repository
from taskgraph.util.hash import hash_paths
print(hash_paths(root, json.loads(patterns)))
`
	dir := tree(t, tracked)
	for _, m := range matched {
		if m.patterns == nil {
			m.patterns = []string{}
		}
		names, _ := json.Marshal(tracked)
		encoded, _ := json.Marshal(m.patterns)
		out, err := exec.Command("python3", "-c", script, packages, dir, string(names), string(encoded)).CombinedOutput()
		require.NoError(t, err, "%s", out)
		if !assert.Equal(t, m.want, strings.TrimSpace(string(out)), m.patterns) {
			fmt.Printf("GOLDEN\t%q\t%s", m.patterns, out)
		}
	}
}

func TestMistakes(t *testing.T) {
	names := append([]string{`"a/\303\274.txt"`, "gone", "link-out", "loop", "module"}, tracked...)
	dir := tree(t, append([]string{"module/x", "scripts/new.sh"}, tracked...))
	for name, target := range map[string]string{"link-out": "/etc/hosts", "loop": "loop"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Skip("no symbolic links here:", err)
		}
	}
	var sources diag.Sources
	src := sources.Add("kind.yml", []byte(strings.Repeat("x\n", 50)))
	for _, c := range []struct {
		pattern, want, hint string
	}{
		{"nothing-like-this", `"nothing-like-this" did not match anything: no tracked file has that name or stands in a directory of that name`, ""},
		{"scripts/biuld.sh", `"scripts/biuld.sh" did not match anything: no tracked file has that name or stands in a directory of that name`, `did you mean "scripts/build.sh"?`},
		{"scrpits/misc", `"scrpits/misc" did not match anything: no tracked file has that name or stands in a directory of that name`, ""},
		{"elsewhere/c.txt", `"elsewhere/c.txt" did not match anything: no tracked file has that name or stands in a directory of that name`, `did you mean "a/b/c.txt"?`},
		{"a/", `"a/" did not match anything: no tracked file has that name or stands in a directory of that name`, `write "a": names are relative to the root of the repository, and that of a directory has no slash at its end`},
		{"./a/e.txt", `"./a/e.txt" did not match anything: no tracked file has that name or stands in a directory of that name`, `write "a/e.txt": names are relative to the root of the repository, and that of a directory has no slash at its end`},
		{"/z", `"/z" did not match anything: no tracked file has that name or stands in a directory of that name`, `write "z": names are relative to the root of the repository, and that of a directory has no slash at its end`},
		{"scripts/new.sh", `"scripts/new.sh" did not match anything: no tracked file has that name or stands in a directory of that name`, `"scripts/new.sh" exists but is not committed; only what is committed counts`},
		{"../x", `"../x" did not match anything: no tracked file has that name or stands in a directory of that name`, `did you mean "a-b/x"?`},
		{"a/*.md", `"a/*.md" did not match anything among the tracked files`, "* stays within one directory, ** crosses any number of them"},
		{`"a/**`, `"\"a/**" matches the tracked file "a/\303\274.txt", whose name git writes in quotes; such files cannot be resources`, "narrow the pattern, or rename the file"},
		{"gone", `"gone" matches "gone", which is tracked but missing in the work tree`, "restore the file, or commit that it is gone"},
		{"mod*", `"mod*" matches "module", which is tracked as one thing but is a directory: a submodule, or a link to a directory`, "narrow the pattern so that it leaves that out"},
		{"link-*", `"link-*" matches the symbolic link "link-out", which leads out of the repository`, ""},
		{"loop", `"loop" matches "loop", which cannot be read: resolve loop: too many symbolic links in a row`, ""},
	} {
		h := open(t, dir, names)
		_, err := h.Paths([]value.Value{value.NewString("README"), value.NewString(c.pattern).At(src.At(7, 1))})
		all := diag.Sorted(diag.Flatten(err), &sources)
		if assert.Len(t, all, 1, c.pattern) {
			assert.Equal(t, "kind.yml:7:1: "+c.want+" (TG3014)", all[0].Error())
			assert.Equal(t, c.hint, all[0].Hint, c.pattern)
		}
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	h := open(t, tree(t, tracked), append([]string{"gone1", "gone2"}, tracked...))
	_, err := h.Paths([]value.Value{value.NewString("x"), value.NewString("y/*"), value.NewInt(1), value.NewString("gone*"), value.NewString("z")})
	assert.Len(t, diag.Flatten(err), 5)
}

func TestListingFails(t *testing.T) {
	calls := 0
	h := New(fstest.MapFS{}, func() ([]string, error) { calls++; return nil, errors.New("no repository") })
	for range 2 {
		_, err := h.Paths(patterns("a"))
		assert.EqualError(t, err, "cannot list the tracked files: no repository (TG3014)")
	}
	assert.Equal(t, 1, calls)
}

func TestQuotedNamesDoNotMatchDirectories(t *testing.T) {
	h := open(t, tree(t, tracked), append([]string{`"a/\303\274.txt"`}, tracked...))
	with, err := h.Paths(patterns("a"))
	require.NoError(t, err)
	without, err := open(t, tree(t, tracked), tracked).Paths(patterns("a"))
	require.NoError(t, err)
	assert.Equal(t, without, with)
}

func TestLinksAreFollowed(t *testing.T) {
	content := fstest.MapFS{"d/real": {Data: []byte("x")}, "link": {Data: []byte("d/real"), Mode: fs.ModeSymlink}, "copy": {Data: []byte("x")}}
	h := New(content, func() ([]string, error) { return []string{"copy", "d/real", "link"}, nil })
	link, err := h.Sum("link")
	require.NoError(t, err)
	real, err := h.Sum("d/real")
	require.NoError(t, err)
	assert.Equal(t, real, link)
	assert.Equal(t, "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881", link)
}

// counting counts how often files are opened.
type counting struct {
	fstest.MapFS
	opened atomic.Int64
	atOnce atomic.Int64
	most   atomic.Int64
}

func (c *counting) Open(name string) (fs.File, error) {
	c.opened.Add(1)
	n := c.atOnce.Add(1)
	defer c.atOnce.Add(-1)
	for m := c.most.Load(); n > m && !c.most.CompareAndSwap(m, n); m = c.most.Load() {
	}
	return c.MapFS.Open(name)
}

func TestFilesAreReadOnce(t *testing.T) {
	c := &counting{MapFS: fstest.MapFS{}}
	var names []string
	for i := range 100 {
		name := fmt.Sprintf("d%d/f%d", i%10, i)
		c.MapFS[name] = &fstest.MapFile{Data: []byte(name)}
		names = append(names, name)
	}
	listed := 0
	h := New(c, func() ([]string, error) { listed++; return names, nil })
	var wg sync.WaitGroup
	digests := make([]string, 16)
	for i := range digests {
		wg.Go(func() { digests[i], _ = h.Paths(patterns("**", fmt.Sprintf("d%d", i%10))) })
	}
	wg.Wait()
	for _, d := range digests {
		assert.Equal(t, digests[0], d)
		assert.Len(t, d, 64)
	}
	assert.EqualValues(t, 100, c.opened.Load())
	assert.LessOrEqual(t, c.most.Load(), int64(readers))
	assert.Equal(t, 1, listed)
	assert.False(t, strings.HasPrefix(names[1], "d0"), "the list itself is not sorted in place")
}

func BenchmarkPaths(b *testing.B) {
	content := fstest.MapFS{}
	var names []string
	for i := range 20000 {
		name := fmt.Sprintf("dir%02d/sub%02d/file%d", i%50, i%7, i)
		names = append(names, name)
	}
	content[names[0]] = &fstest.MapFile{}
	h := New(content, func() ([]string, error) { return names, nil })
	for b.Loop() {
		h.Paths(patterns(names[0]))
	}
}

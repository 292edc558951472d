package sourcetree

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// links is a tree with every kind of link: name to content, or to the target after "->".
func links(t *testing.T) (string, *Dir) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tree")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "a/b"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a/b/file"), []byte("text"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "..", "secret"), []byte("secret"), 0o644))
	for name, target := range map[string]string{
		"dir": "a", "deep": "dir/b", "a/up": "../a/b/file", "a/b/top": "../..", "chain": "deep/file", "loop": "loop",
		"ping": "pong", "pong": "ping", "broken": "nothing", "out": "../secret", "out2": "a/../../secret",
		"abs": filepath.Join(dir, "a"), "back": "../tree/a", "slash": "a/",
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Skip("no symbolic links here:", err)
		}
	}
	tree, err := Open(dir)
	require.NoError(t, err)
	t.Cleanup(func() { tree.Close() })
	return dir, tree
}

func TestResolve(t *testing.T) {
	dir, tree := links(t)
	for name, tr := range map[string]Tree{"Dir": tree, "os.DirFS": os.DirFS(dir).(fs.ReadLinkFS)} {
		t.Run(name, func(t *testing.T) {
			for _, c := range []struct {
				name, want string
				err        error
			}{
				{name: ".", want: "."},
				{name: "", want: "."},
				{name: "a/b/file", want: "a/b/file"},
				{name: "./a//b/../b/file", want: "a/b/file"},
				{name: "nothing/../a", want: "a"},
				{name: "dir", want: "a"},
				{name: "dir/b/file", want: "a/b/file"},
				{name: "deep/file", want: "a/b/file"},
				{name: "chain", want: "a/b/file"},
				{name: "slash", want: "a"},
				{name: "a/up", want: "a/b/file"},
				{name: "a/b/top", want: "."},
				{name: "a/b/top/a/b/top/dir", want: "a"},
				{name: "a/b/file/x", err: fs.ErrNotExist},
				{name: "nothing", err: fs.ErrNotExist},
				{name: "broken", err: fs.ErrNotExist},
				{name: "loop", err: ErrLoop},
				{name: "ping/x", err: ErrLoop},
				{name: "out", err: ErrOutside},
				{name: "out2", err: ErrOutside},
				{name: "abs", err: ErrOutside},
				{name: "abs/b", err: ErrOutside},
				{name: "back", err: ErrOutside},
				{name: "..", err: ErrOutside},
				{name: "../tree/a", err: ErrOutside},
				{name: "/a", err: ErrOutside},
			} {
				got, info, err := Resolve(tr, c.name)
				if c.err != nil {
					assert.ErrorIs(t, err, c.err, c.name)
					continue
				}
				if assert.NoError(t, err, c.name) {
					assert.Equal(t, c.want, got, c.name)
					assert.Zero(t, info.Mode()&fs.ModeSymlink, c.name)
				}
			}
		})
	}
}

func TestDirDoesNotOpenWhatIsOutside(t *testing.T) {
	_, tree := links(t)
	for _, name := range []string{"out", "out2", "abs", "back", "../secret", "/etc/hostname"} {
		_, err := tree.Open(name)
		assert.Error(t, err, name)
		_, err = tree.ReadFile(name)
		assert.Error(t, err, name)
	}
}

func TestDirReads(t *testing.T) {
	_, tree := links(t)
	f, err := tree.Open("a/b/file")
	require.NoError(t, err)
	text, err := io.ReadAll(f)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	assert.Equal(t, "text", string(text))
	entries, err := tree.ReadDir("a")
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	assert.Equal(t, []string{"b", "up"}, names)
	missing, err := tree.Open("nothing")
	assert.Error(t, err)
	assert.True(t, missing == nil, "no half-nil file")
	info, err := tree.Stat("dir")
	require.NoError(t, err)
	assert.True(t, info.IsDir())
	target, err := tree.ReadLink("dir")
	require.NoError(t, err)
	assert.Equal(t, "a", target)
}

// TestDirBelow reads more directories than stay open, twice, with a link in each that leads to another one and one that leads out.
func TestDirBelow(t *testing.T) {
	outside, inside := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(outside, "secret"), nil, 0o644))
	const dirs = maxBelow + 4
	name := func(n int) string { return "a/" + strconv.Itoa(n%dirs) }
	for n := range dirs {
		dir := filepath.Join(inside, filepath.FromSlash(name(n)))
		require.NoError(t, os.MkdirAll(dir, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), []byte(strconv.Itoa(n)), 0o644))
		require.NoError(t, os.Symlink(filepath.FromSlash("../"+strconv.Itoa((n+1)%dirs)+"/file"), filepath.Join(dir, "next")))
		require.NoError(t, os.Symlink(filepath.Join(outside, "secret"), filepath.Join(dir, "out")))
	}
	tree, err := Open(inside)
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for n := range dirs {
				for file, want := range map[string]int{"file": n, "next": (n + 1) % dirs} {
					text, err := tree.ReadFile(name(n) + "/" + file)
					assert.NoError(t, err)
					assert.Equal(t, strconv.Itoa(want), string(text))
				}
				info, err := tree.Lstat(name(n) + "/next")
				assert.NoError(t, err)
				assert.Equal(t, fs.ModeSymlink, info.Mode().Type())
				_, err = tree.ReadFile(name(n) + "/out")
				assert.ErrorContains(t, err, name(n)+"/out")
				_, err = tree.Open(name(n) + "/nothing")
				assert.ErrorIs(t, err, fs.ErrNotExist)
				assert.ErrorContains(t, err, name(n)+"/nothing")
			}
		})
	}
	wg.Wait()
	require.NoError(t, tree.Close())
	_, err = tree.ReadFile(name(0) + "/file")
	assert.Error(t, err)
}

func TestDirOfNamesThatAreNotUTF8(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("such names are not possible everywhere")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "n\xffme"), []byte("x"), 0o644); err != nil {
		t.Skip("such names are not possible here:", err)
	}
	tree, err := Open(dir)
	require.NoError(t, err)
	defer tree.Close()
	name, _, err := Resolve(tree, "n\xffme")
	require.NoError(t, err)
	text, err := tree.ReadFile(name)
	require.NoError(t, err)
	assert.Equal(t, "x", string(text))
}

func TestMapFSIsATree(t *testing.T) {
	var tree Tree = fstest.MapFS{"a/file": {}, "link": {Data: []byte("a/file"), Mode: fs.ModeSymlink | 0o777}}
	name, _, err := Resolve(tree, "link")
	require.NoError(t, err)
	assert.Equal(t, "a/file", name)
}

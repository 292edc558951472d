package vcs

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// planted fills a sandbox with files of every sort and commits them.
func planted(s sandbox) {
	s.write("dir/plain", "plain\r\ntext\n")
	s.write("dir/sub/deep", strings.Repeat("x", 1<<17))
	s.write("dir-b/file", "\x00binary\n\n")
	s.write("empty", "")
	s.write("naïve \"file\".txt", "quoted")
	s.write("script", "#!/bin/sh\n")
	require.NoError(s.t, os.Chmod(filepath.Join(s.dir, "script"), 0o755))
	for name, target := range map[string]string{
		"link": "dir/plain", "dir/up": "../dir-b", "loop": "loop", "out": "../elsewhere", "abs": "/etc/passwd", "dangling": "nowhere",
	} {
		require.NoError(s.t, os.Symlink(target, filepath.Join(s.dir, name)))
	}
	s.commit("everything")
}

func openTree(t *testing.T, s sandbox, rev string) *Tree {
	tree, err := s.open().ReadTree(t.Context(), rev)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, tree.Close()) })
	return tree
}

func TestReadTree(t *testing.T) {
	both(t, func(t *testing.T, s sandbox) {
		planted(s)
		s.write("dir/plain", "changed since")
		s.remove("empty")
		tree := openTree(t, s, "")

		for name, want := range map[string]string{
			"dir/plain": "plain\r\ntext\n", "empty": "", "dir-b/file": "\x00binary\n\n", "link": "plain\r\ntext\n",
			"dir/up/file": "\x00binary\n\n", "naïve \"file\".txt": "quoted", "dir/sub/deep": strings.Repeat("x", 1<<17),
		} {
			got, err := fs.ReadFile(tree, name)
			require.NoError(t, err, name)
			assert.Equal(t, want, string(got), name)
		}

		modes := map[string]fs.FileMode{"script": 0o755, "empty": 0o644, "dir": fs.ModeDir | 0o755, "link": 0o644, "dir/up": fs.ModeDir | 0o755}
		for name, want := range modes {
			info, err := fs.Stat(tree, name)
			require.NoError(t, err, name)
			assert.Equal(t, want, info.Mode(), name)
		}
		info, err := tree.Lstat("link")
		require.NoError(t, err)
		assert.Equal(t, fs.ModeSymlink|0o777, info.Mode())
		assert.EqualValues(t, len("dir/plain"), info.Size())
		target, err := tree.ReadLink("link")
		require.NoError(t, err)
		assert.Equal(t, "dir/plain", target)

		for name, want := range map[string]error{
			"nowhere": fs.ErrNotExist, "dir/nothing": fs.ErrNotExist, "empty/x": fs.ErrNotExist, "di": fs.ErrNotExist,
			"dangling": fs.ErrNotExist, "loop": errTooMany, "out": errLeavesTree, "abs": errLeavesTree,
			"../x": fs.ErrInvalid, "/x": fs.ErrInvalid, "": fs.ErrInvalid, "dir": errIsDir,
		} {
			_, err := tree.ReadFile(name)
			assert.ErrorIs(t, err, want, name)
		}
		_, err = tree.ReadDir("empty")
		assert.ErrorIs(t, err, errNotDir)
		_, err = tree.ReadLink("empty")
		assert.ErrorIs(t, err, fs.ErrInvalid)
	})
}

func TestReadDir(t *testing.T) {
	both(t, func(t *testing.T, s sandbox) {
		planted(s)
		tree := openTree(t, s, "")
		list, err := fs.ReadDir(tree, ".")
		require.NoError(t, err)
		var names []string
		for _, e := range list {
			names = append(names, fs.FormatDirEntry(e))
		}
		assert.Equal(t, []string{
			"L abs", "L dangling", "d dir/", "d dir-b/", "- empty", "- first", "L link", "L loop", "- naïve \"file\".txt", "L out", "- script",
		}, names)

		var walked []string
		require.NoError(t, fs.WalkDir(tree, "dir", func(path string, d fs.DirEntry, err error) error {
			walked = append(walked, path)
			return err
		}))
		assert.Equal(t, []string{"dir", "dir/plain", "dir/sub", "dir/sub/deep", "dir/up"}, walked)
	})
}

// TestTreeIsAFileSystem lets the standard library look for what a file system must not do.
func TestTreeIsAFileSystem(t *testing.T) {
	both(t, func(t *testing.T, s sandbox) {
		s.write("a/b/c", "c")
		s.write("a-b", "")
		s.write("a0", "x")
		s.commit("files")
		require.NoError(t, fstest.TestFS(openTree(t, s, ""), "first", "a/b/c", "a-b", "a0"))
	})
}

func TestReadTreeAtRevision(t *testing.T) {
	both(t, func(t *testing.T, s sandbox) {
		old, err := s.open().HeadRev(t.Context())
		require.NoError(t, err)
		s.write("first", "changed")
		s.commit("change")
		got, err := openTree(t, s, old).ReadFile("first")
		require.NoError(t, err)
		assert.Equal(t, "1\n", string(got))
		now, err := os.ReadFile(filepath.Join(s.dir, "first"))
		require.NoError(t, err)
		assert.Equal(t, "changed", string(now), "the checkout is as it was")

		_, err = s.open().ReadTree(t.Context(), "nowhere")
		assert.Error(t, err)
		_, err = s.open().ReadTree(t.Context(), "--help")
		assert.ErrorContains(t, err, "begins with a dash")
	})
}

func TestReadTreeConcurrently(t *testing.T) {
	both(t, func(t *testing.T, s sandbox) {
		for i := range 20 {
			s.write(fmt.Sprintf("f%d", i), strings.Repeat(fmt.Sprint(i), i*100))
		}
		s.commit("files")
		tree := openTree(t, s, "")
		var wait sync.WaitGroup
		for i := range 20 {
			wait.Go(func() {
				got, err := tree.ReadFile(fmt.Sprintf("f%d", i))
				assert.NoError(t, err)
				assert.Equal(t, strings.Repeat(fmt.Sprint(i), i*100), string(got))
				info, err := tree.Stat(fmt.Sprintf("f%d", i))
				if assert.NoError(t, err) {
					assert.EqualValues(t, len(got), info.Size())
				}
			})
		}
		wait.Wait()
	})
}

func TestClosedTree(t *testing.T) {
	both(t, func(t *testing.T, s sandbox) {
		tree, err := s.open().ReadTree(t.Context(), "")
		require.NoError(t, err)
		file, err := tree.Open("first")
		require.NoError(t, err)
		require.NoError(t, tree.Close())
		require.NoError(t, tree.Close())
		_, err = tree.ReadFile("first")
		assert.ErrorIs(t, err, errClosed)
		buf := make([]byte, 2)
		_, err = file.Read(buf)
		require.NoError(t, err)
		assert.Equal(t, "1\n", string(buf))
	})
}

func TestTreeEndsWithContext(t *testing.T) {
	both(t, func(t *testing.T, s sandbox) {
		ctx, cancel := context.WithCancel(t.Context())
		tree, err := s.open().ReadTree(ctx, "")
		require.NoError(t, err)
		_, err = tree.ReadFile("first")
		require.NoError(t, err)
		cancel()
		_, err = tree.ReadFile("first")
		assert.ErrorIs(t, err, context.Canceled)
		assert.NoError(t, tree.Close())
	})
}

func TestMissingObject(t *testing.T) {
	s := newSandbox(t, "git")
	s.write("second", "2")
	s.commit("second")
	id := s.run("rev-parse", "HEAD:first")
	tree := openTree(t, s, "")
	require.NoError(t, os.Remove(filepath.Join(s.dir, ".git", "objects", id[:2], id[2:])))
	_, err := tree.ReadFile("first")
	assert.ErrorIs(t, err, errMissing)
	_, err = tree.Stat("first")
	assert.ErrorIs(t, err, errMissing)
	got, err := tree.ReadFile("second")
	require.NoError(t, err, "the conversation goes on")
	assert.Equal(t, "2", string(got))
}

func TestSubmodule(t *testing.T) {
	s, inner := newSandbox(t, "git"), newSandbox(t, "git")
	s.run("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner.dir, "mod")
	s.commit("module")
	tree := openTree(t, s, "")
	info, err := tree.Stat("mod")
	require.NoError(t, err)
	assert.True(t, info.IsDir())
	list, err := tree.ReadDir("mod")
	require.NoError(t, err)
	assert.Empty(t, list)
	_, err = tree.ReadFile("mod/first")
	assert.ErrorIs(t, err, fs.ErrNotExist)
	files, err := s.open().TrackedFiles(t.Context(), "")
	require.NoError(t, err)
	assert.Contains(t, files, "mod", "as git lists it")
}

func TestTrackedFiles(t *testing.T) {
	both(t, func(t *testing.T, s sandbox) {
		planted(s)
		s.write("untracked", "")
		ctx, r := t.Context(), s.open()
		files, err := r.TrackedFiles(ctx, "")
		require.NoError(t, err)
		assert.Equal(t, []string{
			"abs", "dangling", "dir-b/file", "dir/plain", "dir/sub/deep", "dir/up", "empty", "first", "link", "loop", "naïve \"file\".txt", "out", "script",
		}, files)
		for _, paths := range [][]string{{"dir"}, {filepath.Join(s.dir, "dir")}, {"dir/"}, {"./dir/../dir"}} {
			files, err = r.TrackedFiles(ctx, "", paths...)
			require.NoError(t, err)
			assert.Equal(t, []string{"dir/plain", "dir/sub/deep", "dir/up"}, files, paths)
		}
		files, err = r.TrackedFiles(ctx, "", "empty", "dir/sub", "nothing")
		require.NoError(t, err)
		assert.Equal(t, []string{"dir/sub/deep", "empty"}, files)
		files, err = r.TrackedFiles(ctx, "", s.dir)
		require.NoError(t, err)
		assert.Len(t, files, 13)
		link := filepath.Join(t.TempDir(), "link")
		require.NoError(t, os.Symlink(s.dir, link))
		files, err = r.TrackedFiles(ctx, "", link)
		require.NoError(t, err)
		assert.Len(t, files, 13, "the same place by another name")
		_, err = r.TrackedFiles(ctx, "", t.TempDir())
		assert.ErrorContains(t, err, "outside of the repository")
	})
}

// TestQuotedFiles compares our quoting with git's own.
func TestQuotedFiles(t *testing.T) {
	for _, quotePath := range []string{"", "true", "false"} {
		t.Run("core.quotePath="+quotePath, func(t *testing.T) {
			s := newSandbox(t, "git")
			for _, name := range []string{"naïve", "a\"b", "back\\slash", "tab\t", "nl\n", "bell\a\b\v\f\r", "esc\x1b\x7f", "\xff\xfe", "plain name", "日本/語", "dir\x01/x"} {
				s.write(name, "")
			}
			s.commit("names")
			if quotePath != "" {
				s.run("config", "core.quotePath", quotePath)
			}
			r := s.open()
			got, err := r.QuotedFiles(t.Context(), "")
			require.NoError(t, err)
			assert.Equal(t, strings.Split(s.run("ls-tree", "-r", "--name-only", "HEAD"), "\n"), got)

			exact, err := r.TrackedFiles(t.Context(), "")
			require.NoError(t, err)
			assert.Equal(t, strings.Split(strings.TrimSuffix(s.run("ls-tree", "-r", "-z", "--name-only", "HEAD"), "\x00"), "\x00"), exact)
		})
	}
}

func TestQuotedChanges(t *testing.T) {
	s := newSandbox(t, "git")
	s.write("naïve", "")
	head := s.commit("name")
	files, err := s.open().ChangedFiles(t.Context(), Change{Rev: head})
	require.NoError(t, err)
	assert.Equal(t, []string{`"na\303\257ve"`}, files, "as the reference has it")
}

// TestListedOnce counts the programs that are run.
func TestListedOnce(t *testing.T) {
	s := newSandbox(t, "git")
	trace := filepath.Join(t.TempDir(), "trace")
	r := s.openWith(Options{Env: []string{"GIT_TRACE=" + trace}})
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			_, err := r.TrackedFiles(t.Context(), "")
			assert.NoError(t, err)
			_, err = r.QuotedFiles(t.Context(), "HEAD", "first")
			assert.NoError(t, err)
		})
	}
	wait.Wait()
	text, err := os.ReadFile(trace)
	require.NoError(t, err)
	assert.Equal(t, 1, strings.Count(string(text), "git ls-tree"), "%s", text)
}

func TestFailedListingIsTriedAgain(t *testing.T) {
	s := newSandbox(t, "git")
	r := s.open()
	_, err := r.TrackedFiles(t.Context(), "later")
	require.Error(t, err)
	s.run("tag", "later")
	files, err := r.TrackedFiles(t.Context(), "later")
	require.NoError(t, err)
	assert.Equal(t, []string{"first"}, files)
}

func TestWithinMatchesWholeSteps(t *testing.T) {
	names := []string{"a", "a-b", "a/b", "ab"}
	got, err := within(names, "/r", []string{"a"})
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "a/b"}, got)
	assert.True(t, slices.IsSorted(names))
}

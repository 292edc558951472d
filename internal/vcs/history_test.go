package vcs

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHistory(t *testing.T) {
	both(t, func(t *testing.T, s sandbox) {
		ctx, r := t.Context(), s.open()
		root, err := r.HeadRev(ctx)
		require.NoError(t, err)
		s.write("a", "")
		s.write("first", "changed")
		left := s.commit("left")
		if s.tool == "git" {
			s.run("checkout", "-q", "-b", "right", root)
		} else {
			s.run("update", "-q", root)
		}
		s.write("b", "")
		right := s.commit("right")

		for rev, want := range map[string]string{left: left, left[:12]: left, strings.Repeat("d", 40): "", "no-such": ""} {
			got, err := r.Commit(ctx, rev)
			require.NoError(t, err)
			assert.Equal(t, want, got, rev)
		}
		parent, err := r.Parent(ctx, left)
		require.NoError(t, err)
		assert.Equal(t, root, parent)
		parent, err = r.Parent(ctx, root)
		require.NoError(t, err)
		assert.Empty(t, parent)

		for _, c := range []struct {
			base, head string
			want       bool
		}{{root, left, true}, {left, left, true}, {left, root, false}, {left, right, false}} {
			got, err := r.IsAncestor(ctx, c.base, c.head)
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		}
		files, err := r.DifferingFiles(ctx, left, right)
		require.NoError(t, err)
		assert.ElementsMatch(t, []string{"a", "b", "first"}, files)
		files, err = r.DifferingFiles(ctx, left, left)
		require.NoError(t, err)
		assert.Empty(t, files)

		for _, bad := range []string{"-x", "--output=x"} {
			_, err := r.Commit(ctx, bad)
			assert.ErrorContains(t, err, "begins with a dash")
		}
	})
}

func TestFetch(t *testing.T) {
	s := newSandbox(t, "git")
	s.write("a", "")
	second := s.commit("second")
	s.write("b", "")
	third := s.commit("third")
	url := "file://" + s.dir
	clone := sandbox{t, "git", filepath.Join(t.TempDir(), "clone")}
	s.run("clone", "-q", "--depth=1", url, clone.dir)
	ctx, r := t.Context(), clone.open()

	at, err := r.Commit(ctx, second)
	require.NoError(t, err)
	require.Empty(t, at)
	require.ErrorIs(t, clone.openWith(Options{Offline: true}).Fetch(ctx, Fetch{Remote: url, Rev: second}), ErrNoFetch)
	require.NoError(t, r.Fetch(ctx, Fetch{Remote: url, Rev: second, Depth: 1}))
	at, err = r.Commit(ctx, second)
	require.NoError(t, err)
	assert.Equal(t, second, at)
	head, err := r.HeadRev(ctx)
	require.NoError(t, err)
	assert.Equal(t, third, head, "the checkout stays")
	shallow, err := r.IsShallow(ctx)
	require.NoError(t, err)
	assert.True(t, shallow)
	require.NoError(t, r.Fetch(ctx, Fetch{Remote: url, Rev: third, Deepen: 10}))
	shallow, err = r.IsShallow(ctx)
	require.NoError(t, err)
	assert.False(t, shallow)

	rev, err := r.RemoteRev(ctx, url, "refs/heads/main")
	require.NoError(t, err)
	assert.Equal(t, third, rev)
	rev, err = r.RemoteRev(ctx, url, "refs/heads/none")
	require.NoError(t, err)
	assert.Empty(t, rev)
	_, err = r.RemoteRev(ctx, url+"/none", "refs/heads/main")
	assert.Error(t, err)
	assert.Error(t, r.Fetch(ctx, Fetch{Remote: url, Rev: strings.Repeat("d", 40)}))
	assert.ErrorContains(t, r.Fetch(ctx, Fetch{Remote: "--upload-pack=x", Rev: third}), "begins with a dash")
	assert.Error(t, r.Fetch(ctx, Fetch{Remote: "ext::sh -c true", Rev: third}), "git allows no such transport")

	require.ErrorIs(t, newSandbox(t, "hg").open().Fetch(ctx, Fetch{}), ErrNoFetch)
}

func TestNote(t *testing.T) {
	s := newSandbox(t, "git")
	url := "file://" + s.dir
	clone := sandbox{t, "git", filepath.Join(t.TempDir(), "clone")}
	s.run("clone", "-q", url, clone.dir)
	ctx, r := t.Context(), clone.open()
	const ref = "refs/notes/extra"
	_, ok, err := r.Note(ctx, url, ref, "")
	require.NoError(t, err)
	assert.False(t, ok, "there is no such ref")
	s.run("notes", "--ref=extra", "add", "-m", "hello", "HEAD")
	text, ok, err := r.Note(ctx, url, ref, "")
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Equal(t, "hello", text)
	s.write("b", "")
	clone.write("b", "")
	clone.commit("another")
	_, ok, err = r.Note(ctx, url, ref, "HEAD")
	require.NoError(t, err)
	assert.False(t, ok, "the note is on another commit")
	_, _, err = r.Note(ctx, url+"/none", ref, "")
	assert.Error(t, err)
	text, ok, err = clone.openWith(Options{Offline: true}).Note(ctx, url+"/none", ref, "HEAD~1")
	require.NoError(t, err)
	assert.True(t, ok, "what was fetched is still there")
	assert.Equal(t, "hello", text)

	_, ok, err = newSandbox(t, "hg").open().Note(ctx, "", ref, "")
	require.NoError(t, err)
	assert.False(t, ok)
}

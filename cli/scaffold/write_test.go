package scaffold

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Wherever moving fails, all is as it was.
func TestWriteIsAllOrNothing(t *testing.T) {
	files := []File{{".taskcluster.yml", 0o644, []byte("new")}, {"taskcluster/config.yml", 0o644, []byte("new")}}
	failed := errors.New("it failed")
	for bad := 1; ; bad++ {
		dir := t.TempDir()
		require.NoError(t, os.MkdirAll(filepath.Join(dir, "taskcluster", "kinds"), 0o755))
		for _, name := range []string{".taskcluster.yml", "taskcluster/config.yml", "taskcluster/kinds/x"} {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("old"), 0o644))
		}
		n := 0
		err := write(dir, files, func(from, to string) error {
			if n++; n == bad {
				return failed
			}
			return os.Rename(from, to)
		})
		if err == nil {
			assert.Equal(t, 5, bad, "four moves were tried")
			return
		}
		require.ErrorIs(t, err, failed)
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		assert.Len(t, entries, 2, "nothing else is left")
		for _, name := range []string{".taskcluster.yml", "taskcluster/config.yml", "taskcluster/kinds/x"} {
			text, err := os.ReadFile(filepath.Join(dir, name))
			require.NoError(t, err)
			assert.Equal(t, "old", string(text), "%s after move %d", name, bad)
		}
	}
}

// What cannot be put back is not thrown away either.
func TestWriteKeepsWhatCannotBePutBack(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a"), []byte("old"), 0o644))
	n := 0
	err := write(dir, []File{{"a", 0o644, []byte("new")}}, func(from, to string) error {
		if n++; n > 1 {
			return errors.New("it failed")
		}
		return os.Rename(from, to)
	})
	require.ErrorContains(t, err, "cannot be put back, it is in "+dir)
	kept, err := filepath.Glob(filepath.Join(dir, ".taskgraph-init-*", "old", "a"))
	require.NoError(t, err)
	assert.Len(t, kept, 1)
}

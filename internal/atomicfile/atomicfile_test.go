package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWrite(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	put := func(text string, err error) error {
		return Write(name, func(w io.Writer) error {
			_, werr := io.WriteString(w, text)
			return errors.Join(werr, err)
		})
	}
	require.NoError(t, put("one", nil))
	failed := errors.New("failed")
	require.ErrorIs(t, put("half", failed), failed)
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Equal(t, "one", string(text))
	entries, err := os.ReadDir(filepath.Dir(name))
	require.NoError(t, err)
	assert.Len(t, entries, 1, "nothing is left behind")
}

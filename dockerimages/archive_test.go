package dockerimages

import (
	"archive/tar"
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestArchivesCanBeRead(t *testing.T) {
	var b bytes.Buffer
	a := archiver{w: &b}
	long := strings.Repeat("long/", 60)
	require.NoError(t, a.add("short", 0o100755, 3, strings.NewReader("abc and what came later")))
	require.NoError(t, a.add(long, 0o644, 0, strings.NewReader("")))
	require.NoError(t, a.close())
	assert.Zero(t, b.Len()%recordSize)
	r := tar.NewReader(&b)
	h, err := r.Next()
	require.NoError(t, err)
	assert.Equal(t, "short", h.Name)
	assert.EqualValues(t, 0o755, h.Mode)
	assert.Equal(t, tar.FormatGNU, h.Format)
	content, err := io.ReadAll(r)
	require.NoError(t, err)
	assert.Equal(t, "abc", string(content))
	h, err = r.Next()
	require.NoError(t, err)
	assert.Equal(t, long, h.Name)
	assert.EqualValues(t, epoch, h.ModTime.Unix())
	_, err = r.Next()
	assert.Equal(t, io.EOF, err)
}

func TestHeader(t *testing.T) {
	var b bytes.Buffer
	a := archiver{w: &b}
	require.NoError(t, a.writeHeader("name", '0', 0o644, 5, epoch))
	want := "name" + strings.Repeat("\x00", 96) + "0000644\x000000000\x000000000\x0000000000005\x0012641340600\x00" + "010036\x00 0" +
		strings.Repeat("\x00", 100) + "ustar  \x00" + strings.Repeat("\x00", 64) + "0000000\x000000000\x00" + strings.Repeat("\x00", 155+12)
	assert.Equal(t, want, b.String())
}

func TestSizesBeyondOctal(t *testing.T) {
	field := make([]byte, 12)
	octal(field, 1<<33-1)
	assert.Equal(t, "77777777777\x00", string(field))
	octal(field, 1<<33)
	assert.Equal(t, "\x80\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00", string(field))
}

func TestFilesThatShrink(t *testing.T) {
	a := archiver{w: io.Discard}
	assert.ErrorIs(t, a.add("name", 0o644, 5, strings.NewReader("abc")), io.ErrUnexpectedEOF)
}

func TestCompareNames(t *testing.T) {
	sorted := []string{"", "A", "a", "a-b", "a/b", "ab", "é", "\ud7ff", "\x80", "\xff", "\xff\xff", "\uffee", "\U0001f680"}
	for i, a := range sorted {
		for j, b := range sorted {
			got := compareNames(a, b)
			switch {
			case i < j:
				assert.Negative(t, got, "%q %q", a, b)
			case i > j:
				assert.Positive(t, got, "%q %q", a, b)
			default:
				assert.Zero(t, got, "%q", a)
			}
		}
	}
}

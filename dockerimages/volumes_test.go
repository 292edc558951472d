package dockerimages

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestVolumes(t *testing.T) {
	const at = imageDir + "/Dockerfile"
	for _, c := range []struct {
		name, text string
		want       []string
		err        string
	}{
		{name: "none", text: "FROM x\nRUN VOLUME /a\n"},
		{name: "empty"},
		{name: "one", text: "VOLUME /a", want: []string{"/a"}},
		{name: "several, sorted, each once", text: "VOLUME /b /a\nVOLUME /c\nVOLUME /a\n", want: []string{"/a", "/b", "/c"}},
		{name: "indented, with CRLF", text: "  \tVOLUME  /a \t/b\r\n", want: []string{"/a", "/b"}},
		{name: "a tab does not do", text: "VOLUME\t/a\n"},
		{name: "capitals", text: "volume /a\nVolume /b\n"},
		{name: "a word alone", text: "VOLUME\nVOLUME \nVOLUMES /a\n"},
		{name: "quotes and backslashes stay", text: "VOLUME \"/a\" '/b' \\\nVOLUME /c\\d\n", want: []string{"\"/a\"", "'/b'", "/c\\d", "\\"}},
		{name: "no arguments", text: "# %ARG A\nVOLUME $A ${A}\n", want: []string{"$A", "${A}"}},
		{name: "carriage returns separate volumes, not lines", text: "VOLUME /a\rVOLUME /b\n", want: []string{"/a", "/b", "VOLUME"}},
		{name: "only ASCII space separates", text: "VOLUME /a\u00a0/b\x1c/c\v/d\n", want: []string{"/a\u00a0/b\x1c/c", "/d"}},
		{name: "not at the start", text: "# VOLUME /a\n"},
		{name: "other lines need not be UTF-8", text: "RUN \xff\nVOLUME /a\n", want: []string{"/a"}},
		{name: "brackets further on", text: "VOLUME /a [b]\n", want: []string{"/a", "[b]"}},
		{
			name: "lists", text: "FROM x\n VOLUME  [\"/a\"]\nVOLUME /b\nVOLUME []\r\n",
			err: at + ":2:10: cannot read a VOLUME in the form of a list (TG3013)\n  hint: write each volume without brackets, quotes and commas, as in: VOLUME /one /two\n" +
				at + ":4:8: cannot read a VOLUME in the form of a list (TG3013)\n  hint: write each volume without brackets, quotes and commas, as in: VOLUME /one /two",
		},
		{name: "not UTF-8", text: "VOLUME /a /\xff\n", err: at + ":1:8: the VOLUME is not UTF-8 (TG3013)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			images, sources := open(t, plant(t, dockerFile(c.text)), nil)
			got, err := images.Volumes(imageDir)
			if c.err != "" {
				assert.Equal(t, c.err, messages(err, sources))
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

package transforms

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
)

var wanted = regexp.MustCompile(`# want "((?:[^"\\]|\\.)*)"`)

// TestMistakes runs the cases of testdata/mistakes, one mistake each. A comment `# want "text"` stands on the line that the
// error must point at; the error must hold the text.
func TestMistakes(t *testing.T) {
	files, err := filepath.Glob("testdata/mistakes/*.yml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		lines := strings.Split(string(text), "\n")
		for v := range document(t, file, string(text)).List().Values() {
			c := v.Map()
			name := c.Str("name")
			t.Run(strings.TrimSuffix(filepath.Base(file), ".yml")+": "+name, func(t *testing.T) {
				want := map[string]string{}
				first := sources.Position(c.KeyPos("name")).Line
				for i := first; i < len(lines) && !strings.HasPrefix(lines[i], "- name:"); i++ {
					if m := wanted.FindStringSubmatch(lines[i]); m != nil {
						want[fmt.Sprintf("%s:%d", file, i+1)] = strings.ReplaceAll(m[1], `\"`, `"`)
					}
				}
				require.NotEmpty(t, want, "the case expects nothing")
				b := newBench(t, c)
				b.run(c.At("transforms").List(), stubs(c))
				err := b.errs.Err(sources)
				require.Error(t, err)
				for _, d := range diag.Flatten(err) {
					place := fmt.Sprintf("%s:%d", d.Where.File, d.Where.Line)
					text, ok := want[place]
					if assert.True(t, ok, "unexpected: %v (hint: %s)", d, d.Hint) {
						assert.Contains(t, d.Error()+" "+d.Hint, text)
						delete(want, place)
					}
				}
				assert.Empty(t, want, "expected and not found")
			})
		}
	}
}

package tcyml

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/slugid"
	"github.com/taskgraph-go/decision/value"
)

const fixtures = "../../../shared/fixtures/taskcluster-yml"

func readJSON(t *testing.T, name string) value.Value {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(fixtures, name))
	require.NoError(t, err)
	v, err := (&value.Reader{}).JSON(name, text)
	require.NoError(t, err)
	return v
}

// plain gives a value as encoding/json reads it.
func plain(t *testing.T, v value.Value) any {
	t.Helper()
	text, err := value.CompactJSON(v)
	require.NoError(t, err)
	var out any
	require.NoError(t, json.Unmarshal([]byte(text), &out))
	return out
}

// Real files render to what the JavaScript implementation made of them, however many processors there are.
func TestFixtures(t *testing.T) {
	if _, err := os.Stat(filepath.Join(fixtures, "index.json")); err != nil {
		t.Skip("the fixtures are not here")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	cases := readJSON(t, "index.json").Map().At("cases").List()
	require.NotZero(t, cases.Len())
	for c := range cases.Values() {
		for _, processors := range []int{1, 4} {
			runtime.GOMAXPROCS(processors)
			name := c.Map().Str("context")
			text, err := os.ReadFile(filepath.Join(fixtures, c.Map().Str("template")))
			require.NoError(t, err)
			file, err := Read(c.Map().Str("template"), text, nil)
			require.NoError(t, err, name)
			text, err = os.ReadFile(filepath.Join(fixtures, name))
			require.NoError(t, err)
			event, err := ReadEvent(name, text, &value.Reader{Sources: &diag.Sources{}})
			require.NoError(t, err, name)
			want := readJSON(t, c.Map().Str("expected")).Map()
			got, err := file.Render(event, Options{Slugid: func(label string) string {
				if id := want.At("slugids").Map().Str(label); id != "" {
					return id
				}
				return slugid.Derived("", label) // of a task or a group that the file leaves without one
			}})
			require.NoError(t, err, name)
			assert.Equal(t, plain(t, want.At("result")), plain(t, got.Document.Value()), name)
			for _, d := range file.checkRendered(got, Event{}) {
				t.Errorf("%s: %v", name, d)
			}
		}
	}
}

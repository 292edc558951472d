package tcyml

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	jsone "github.com/json-e/json-e/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/value"
)

// Real files render to what the official implementation in Go makes of them, for every event, or both refuse.
func TestCorpus(t *testing.T) {
	files, err := filepath.Glob("../../../shared/corpus/*/tree/.taskcluster.yml")
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skip("the corpus is not here")
	}
	compared := 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		file, err := Read(name, text, nil)
		require.NoError(t, err)
		template := plain(t, file.doc)
		for _, e := range Events(Facts{Repository: "https://github.com/mozilla-releng/" + filepath.Base(filepath.Dir(filepath.Dir(name)))}) {
			context := plain(t, e.Variables.Value()).(map[string]any)
			context["tasks_for"], context["taskcluster_root_url"], context["now"] = e.TasksFor, "https://tc.example.com", "2026-01-02T03:04:05.000Z"
			e.Variables.Set("now", value.NewString("2026-01-02T03:04:05.000Z"))
			id := func(label string) string { return "id of " + label }
			context["as_slugid"] = jsone.WrapFunction(id)
			want, wantErr := jsone.Render(template, context)
			got, err := file.Render(e, Options{RootURL: "https://tc.example.com", Slugid: id})
			if wantErr != nil {
				assert.Error(t, err, "%s for %s: %v", name, e.Name, wantErr)
				continue
			}
			if !assert.NoError(t, err, "%s for %s", name, e.Name) {
				continue
			}
			wantText, err := json.Marshal(want)
			require.NoError(t, err)
			gotText, err := json.Marshal(plain(t, got.Document.Value()))
			require.NoError(t, err)
			assert.JSONEq(t, string(wantText), string(gotText), "%s for %s", name, e.Name)
			compared++
		}
	}
	t.Log(len(files), "files,", compared, "renderings")
	assert.Greater(t, compared, len(files))
}

package actions_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/actions"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// shared is where the corpus, the features and the schemas of the services are, beside the repository.
const shared = "../../shared"

// TestCorpus compares actions.json with the reference's, to the byte, for every set of parameters of every tree.
func TestCorpus(t *testing.T) {
	var wants []string
	for _, pattern := range []string{"corpus/*/want/*/actions.json", "features/*/want/*/actions.json"} {
		found, err := filepath.Glob(filepath.Join(shared, pattern))
		require.NoError(t, err)
		wants = append(wants, found...)
	}
	if len(wants) == 0 {
		t.Skip("no corpus here")
	}
	var compiled *jsonschema.Schema
	if text, err := os.ReadFile(filepath.Join(shared, "schemas/common/action-schema-v1.json")); err == nil {
		compiled = jsonschema.MustCompileString("action-schema-v1.json", strings.Replace(string(text), `"$id": "taskcluster:/schemas/common/action-schema-v1.json",`, "", 1)) // the library goes round and round over such an address
	}
	compared := 0
	for _, want := range wants {
		dir := filepath.Dir(want)
		tree := filepath.Join(dir, "../../tree")
		t.Run(filepath.Join(filepath.Base(filepath.Join(dir, "../..")), filepath.Base(dir)), func(t *testing.T) {
			text, err := os.ReadFile(want)
			require.NoError(t, err)
			params, err := parameters.Load(t.Context(), filepath.Join(dir, "parameters.yml"), parameters.Options{Offline: true})
			require.NoError(t, err)
			root := "taskcluster"
			project, err := taskgraph.Open(t.Context(), taskgraph.Options{Tree: os.DirFS(tree), Root: root, Registry: standard()})
			require.NoError(t, err)
			defer project.Close()
			doc, err := actions.Document(project, params, "DECISIONTASKIDAAAAAAAAA")
			require.NoError(t, err)
			got, err := value.AppendJSON(nil, doc.Value(), value.JSONStyle{Indent: 2, SortKeys: true}, 0)
			require.NoError(t, err)
			assert.Equal(t, string(trimNewline(text)), string(got))
			if compiled != nil {
				assert.NoError(t, compiled.Validate(plain(t, got)))
			}
			compared++
		})
	}
	t.Logf("compared %d", compared)
}

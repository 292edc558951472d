package schemas_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/cron/schemas"
	"github.com/taskgraph-go/decision/value"
	"github.com/taskgraph-go/decision/value/schema"
)

func TestDocumentsAreValid(t *testing.T) {
	require.NoError(t, schema.NewSet(os.DirFS(".")).Check())
	assert.Equal(t, []string{"cron"}, schemas.Names())
	var visit func(path string, d schema.Doc)
	visit = func(path string, d schema.Doc) {
		assert.NotEmpty(t, d.Description, path)
		for _, f := range d.Fields {
			visit(path+"."+f.Name, f)
		}
	}
	visit("cron", schemas.Load("cron").Doc())
}

// This repository's own jobs are valid.
func TestOwnJobs(t *testing.T) {
	text, err := os.ReadFile("../../.cron.yml")
	require.NoError(t, err)
	v, err := (&value.Reader{}).YAML(".cron.yml", text)
	require.NoError(t, err)
	assert.Empty(t, schemas.Load("cron").Validate(v))
}

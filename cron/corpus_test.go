package cron_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/cron"
)

// Every job of real repositories can be read, and makes one decision task of the repository's own .taskcluster.yml.
func TestRealRepositories(t *testing.T) {
	root := filepath.Join("..", "..", "shared", "corpus")
	if _, err := os.Stat(root); err != nil {
		t.Skip("no shared projects here")
	}
	documents, decisions := 0, 0
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != cron.FileName || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		doc := mustParse(t, string(text))
		documents++
		template, err := os.ReadFile(filepath.Join(filepath.Dir(path), ".taskcluster.yml"))
		if err != nil {
			return nil
		}
		for _, job := range doc.Jobs() {
			if job.Decision == nil {
				continue
			}
			o, s, r := example(t, string(text))
			r.files[".taskcluster.yml"], o.Force = string(template), job.Name
			o.Project.URL, o.Project.Name = "https://github.com/org/"+filepath.Base(filepath.Dir(filepath.Dir(path))), "app"
			require.NoError(t, run(t, o).Err(o.Reader.Sources), "%s: %s", path, job.Name)
			require.Len(t, s.created, 1)
			for _, definition := range s.tasks {
				assert.Contains(t, definition, "--target-tasks-method="+job.Decision.TargetTasksMethod, path)
			}
			o.Clock = func() time.Time { return o.Created.Add(11 * time.Minute) }
			result := run(t, o)
			require.NoError(t, result.Err(o.Reader.Sources), "%s: %s", path, job.Name)
			assert.Equal(t, []string{job.Name + " existed"}, outcomes(result), path)
			decisions++
		}
		return nil
	}))
	assert.Greater(t, documents, 5)
	assert.Greater(t, decisions, 10)
	t.Log(documents, "documents,", decisions, "decision tasks")
}

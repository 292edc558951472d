package bench

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

func TestParameterSets(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sets")
	require.NoError(t, WriteParameterSets(dir, 20, 1))
	all := files(t, dir)
	require.Len(t, all, 20)
	distinctValues := map[string]map[any]bool{}
	for name, data := range all {
		var params map[string]any
		require.NoError(t, yaml.Unmarshal([]byte(data), &params), name)
		for _, key := range []string{"base_repository", "base_rev", "head_ref", "head_rev", "level", "moz_build_date", "owner", "project", "pushlog_id", "tasks_for"} {
			require.IsType(t, "", params[key], "%s: %s", name, key)
			if distinctValues[key] == nil {
				distinctValues[key] = map[any]bool{}
			}
			distinctValues[key][params[key]] = true
		}
		assert.Len(t, params["head_rev"], 40, name)
		assert.NotEmpty(t, params["files_changed"], name)
		assert.Len(t, params, 27, name)
	}
	assert.Len(t, distinctValues["project"], 5)
	assert.Len(t, distinctValues["level"], 2)
	assert.Len(t, distinctValues["tasks_for"], 3)
	assert.Len(t, distinctValues["head_rev"], 20)

	again := filepath.Join(t.TempDir(), "sets")
	require.NoError(t, WriteParameterSets(again, 20, 1))
	assert.Equal(t, all, files(t, again))
	assert.ErrorContains(t, WriteParameterSets(again, 0, 1), "at least one")
}

func TestMainParameters(t *testing.T) {
	var params struct {
		Files   []string `yaml:"files_changed"`
		Level   string
		Project string
	}
	data := files(t, written(t, MinTasks, 1))[MainParameters]
	require.NoError(t, yaml.Unmarshal([]byte(data), &params))
	assert.Greater(t, len(params.Files), 50)
	assert.Equal(t, "3", params.Level)
	assert.Equal(t, "bench", params.Project)
}

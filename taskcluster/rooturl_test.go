package taskcluster

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
)

func environment(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

func TestRootURL(t *testing.T) {
	const proxy, root = "http://taskcluster", "https://tc.example.com"
	for _, c := range []struct {
		name   string
		env    map[string]string
		public bool
		want   string
	}{
		{"deployment", map[string]string{"TASKCLUSTER_ROOT_URL": root}, false, root},
		{"slash", map[string]string{"TASKCLUSTER_ROOT_URL": root + "//"}, false, root},
		{"proxy first", map[string]string{"TASKCLUSTER_ROOT_URL": root, "TASKCLUSTER_PROXY_URL": proxy + "/"}, false, proxy},
		{"proxy alone", map[string]string{"TASKCLUSTER_PROXY_URL": proxy}, false, proxy},
		{"public", map[string]string{"TASKCLUSTER_ROOT_URL": root, "TASKCLUSTER_PROXY_URL": proxy}, true, root},
		{"empty proxy", map[string]string{"TASKCLUSTER_ROOT_URL": root, "TASKCLUSTER_PROXY_URL": ""}, false, root},
	} {
		got, err := RootURL(environment(c.env), c.public)
		require.NoError(t, err, c.name)
		assert.Equal(t, c.want, got, c.name)
	}
}

func TestNoRootURL(t *testing.T) {
	for _, env := range []map[string]string{{}, {"TASK_ID": "abc"}, {"TASKCLUSTER_ROOT_URL": ""}} {
		_, err := RootURL(environment(env), false)
		assert.ErrorContains(t, err, "TASKCLUSTER_ROOT_URL is not set")
		assert.Equal(t, diag.ExitNetwork, diag.ExitCode(err))
	}
	_, err := RootURL(environment(map[string]string{"TASKCLUSTER_PROXY_URL": "http://taskcluster"}), true)
	assert.Error(t, err, "a proxy is no public address")
	_, err = FromEnvironment(environment(nil))
	assert.Error(t, err)
}

// TestURLs follows the cases that all official libraries share.
func TestURLs(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "shared", "vectors", "taskcluster-urls-tests.json"))
	if err != nil {
		t.Skip(err)
	}
	var spec struct {
		RootURLs map[string][]string
		Tests    []struct {
			Function string
			ArgSets  [][]string
			Expected map[string]string
		}
	}
	require.NoError(t, json.Unmarshal(text, &spec))
	functions := map[string]func(root string, a []string) string{
		"api":    func(root string, a []string) string { return APIURL(root, a[0], a[1], a[2]) },
		"docs":   func(root string, a []string) string { return DocsURL(root, a[0]) },
		"schema": func(root string, a []string) string { return SchemaURL(root, a[0], a[1]) },
		"ui":     func(root string, a []string) string { return UIURL(root, a[0]) },
	}
	checked := 0
	for _, test := range spec.Tests {
		f, ok := functions[test.Function]
		if !ok {
			continue
		}
		for cluster, roots := range spec.RootURLs {
			for _, root := range roots {
				for _, args := range test.ArgSets {
					assert.Equal(t, test.Expected[cluster], f(root, args), "%s(%q, %q)", test.Function, root, args)
					checked++
				}
			}
		}
	}
	assert.NotZero(t, checked)
}

func TestOurURLs(t *testing.T) {
	const root = "https://tc.example.com"
	assert.Equal(t, root+"/api/queue/v1/task/abc/artifacts/public/parameters.yml", ArtifactURL(root, "abc", "public/parameters.yml"))
	assert.Equal(t, root+"/api/queue/v1/task/abc", TaskURL(root, "abc"))
	assert.Equal(t, root+"/api/index/v1/task/a.b.c", IndexURL(root, "a.b.c"))
}

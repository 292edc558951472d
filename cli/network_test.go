package cli_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/cli"
	"github.com/taskgraph-go/decision/diag"
)

const decisionTask = "fdtgsD5DQUmAQZEaGMvQ4Q"

// oneTask is a tree with one task, which shows the parameter "project" in its tags.
const oneTask = `-- taskcluster/kinds/test/kind.yml --
loader: taskgraph.loader.transform:loader
transforms: [taskgraph.transforms.task]
tasks:
  unit: {description: a test, worker-type: succeed}
`

// newTree writes a tree, completed from testdata/base.txtar, and gives its directory.
func newTree(t *testing.T, archive string) string {
	t.Helper()
	base, err := txtar.ParseFile("testdata/base.txtar")
	require.NoError(t, err)
	dir := t.TempDir()
	for _, f := range append(base.Files, txtar.Parse([]byte(archive)).Files...) {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, f.Data, 0o644))
	}
	return dir
}

// call runs the program in a directory, for a deployment of Taskcluster.
func call(ctx context.Context, dir, rootURL string, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	app := &cli.App{
		Registry: cli.Standard(), Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Dir: dir,
		Env: func(name string) string { return map[string]string{"TASKCLUSTER_ROOT_URL": rootURL}[name] },
	}
	code = app.Run(ctx, args)
	return code, out.String(), errs.String()
}

// deployment serves what the program asks of Taskcluster: parameters of a decision task, and an index.
func deployment(t *testing.T) *httptest.Server {
	params, err := txtar.ParseFile("testdata/base.txtar")
	require.NoError(t, err)
	var text []byte
	for _, f := range params.Files {
		if f.Name == "parameters.yml" {
			text = bytes.ReplaceAll(f.Data, []byte("\nproject: demo\n"), []byte("\nproject: elsewhere\n"))
		}
	}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	answer := func(w http.ResponseWriter, status int, body any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		assert.NoError(t, json.NewEncoder(w).Encode(body))
	}
	mux.HandleFunc("GET /api/index/v1/task/{path}", func(w http.ResponseWriter, r *http.Request) {
		switch r.PathValue("path") {
		case "demo.v2.elsewhere.latest.taskgraph.decision", "some.index.path":
			answer(w, 200, map[string]any{"namespace": r.PathValue("path"), "taskId": decisionTask, "rank": 0, "data": map[string]any{}, "expires": "2100-01-01T00:00:00.000Z"})
		default:
			answer(w, 404, map[string]any{"code": "ResourceNotFound", "message": "Indexed task not found"})
		}
	})
	mux.HandleFunc("GET /api/queue/v1/task/{id}/artifacts/{name...}", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("id") != decisionTask || r.PathValue("name") != "public/parameters.yml" {
			answer(w, 404, map[string]any{"code": "ResourceNotFound", "message": "Artifact not found"})
			return
		}
		w.Header().Set("Location", server.URL+"/store/parameters.yml")
		answer(w, 303, map[string]any{"storageType": "s3", "url": server.URL + "/store/parameters.yml"})
	})
	mux.HandleFunc("GET /store/{file}", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("file") == "parameters.yml" {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, err := z.Write(text)
			assert.NoError(t, errors.Join(err, z.Close()))
			return
		}
		http.NotFound(w, r)
	})
	mux.HandleFunc("POST /api/index/v1/tasks/indexes", func(w http.ResponseWriter, r *http.Request) {
		var asked struct{ Indexes []string }
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&asked))
		found := []any{}
		for _, path := range asked.Indexes {
			if path == "demo.unit.latest" {
				found = append(found, map[string]any{"namespace": path, "taskId": "AAAAAAAAAAAAAAAAAAAAAA", "rank": 0, "data": nil, "expires": "2100-01-01T00:00:00.000Z"})
			}
		}
		answer(w, 200, map[string]any{"tasks": found})
	})
	mux.HandleFunc("POST /api/queue/v1/tasks/status", func(w http.ResponseWriter, r *http.Request) {
		var asked struct{ TaskIDs []string }
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&asked))
		known := []any{}
		for _, id := range asked.TaskIDs {
			known = append(known, map[string]any{"taskId": id, "status": map[string]any{
				"taskId": id, "state": "completed", "expires": "2100-01-01T00:00:00.000Z", "deadline": "2026-01-01T00:00:00.000Z", "provisionerId": "p",
				"workerType": "w", "taskQueueId": "p/w", "schedulerId": "-", "projectId": "none", "taskGroupId": id, "priority": "low", "retriesLeft": 5, "runs": []any{},
			}})
		}
		answer(w, 200, map[string]any{"statuses": known})
	})
	return server
}

func TestParametersFromTaskcluster(t *testing.T) {
	server := deployment(t)
	dir := newTree(t, oneTask)
	for _, spec := range []string{
		"task-id=" + decisionTask, "project=elsewhere", "index=some.index.path", server.URL + "/store/parameters.yml",
	} {
		code, stdout, stderr := call(t.Context(), dir, server.URL, "full", "-J", "-p", spec)
		require.Equal(t, diag.ExitOK, code, stderr)
		assert.Contains(t, stdout, `"project": "elsewhere"`, spec)
		assert.Empty(t, stderr)

		code, stdout, stderr = call(t.Context(), dir, server.URL, "full", "-J", "--offline", "-p", spec)
		assert.Equal(t, diag.ExitNetwork, code)
		assert.Empty(t, stdout)
		assert.Contains(t, stderr, "cannot be had offline")
	}
	for spec, want := range map[string]string{
		"task-id=AAAAAAAAAAAAAAAAAAAAAA":      `artifact "public/parameters.yml" of task AAAAAAAAAAAAAAAAAAAAAA: 404 ResourceNotFound: Artifact not found (TG5001)`,
		"project=nowhere":                     `index path "demo.v2.nowhere.latest.taskgraph.decision": 404 ResourceNotFound: Indexed task not found (TG5001)`,
		"index=no.such.path":                  `index path "no.such.path": 404 ResourceNotFound: Indexed task not found (TG5001)`,
		server.URL + "/store/parameters.json": `404 Not Found (TG5001)`,
	} {
		code, stdout, stderr := call(t.Context(), dir, server.URL, "full", "-J", "-p", spec)
		assert.Equal(t, diag.ExitNetwork, code)
		assert.Empty(t, stdout)
		assert.Contains(t, stderr, want)
	}

	// Nobody says where Taskcluster is.
	code, _, stderr := call(t.Context(), dir, "", "full", "-p", "task-id="+decisionTask)
	assert.NotEqual(t, diag.ExitOK, code)
	assert.Contains(t, stderr, "TASKCLUSTER_ROOT_URL")
	assert.NotContains(t, stderr, "TG0001")
}

func TestMistakeInDownloadedParameters(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.WriteString(w, "project: demo\nlevel: 3\n")
		assert.NoError(t, err)
	}))
	defer server.Close()
	code, _, stderr := call(t.Context(), newTree(t, oneTask), server.URL, "full", "-p", server.URL+"/parameters.yml")
	assert.Equal(t, diag.ExitInput, code)
	assert.Contains(t, stderr, server.URL+"/parameters.yml:2:8: level: want string, got 3 (TG1101)")
}

// The index is asked for what index-search names, and only then.
func TestIndexFromTaskcluster(t *testing.T) {
	server := deployment(t)
	dir := newTree(t, `-- taskcluster/kinds/test/kind.yml --
loader: taskgraph.loader.transform:loader
transforms: [taskgraph.transforms.task]
task-defaults: {description: a test, worker-type: succeed}
tasks:
  unit: {optimization: {index-search: [demo.other, demo.unit.latest]}}
  ui: {optimization: {index-search: [demo.ui.latest]}}
`)
	code, stdout, stderr := call(t.Context(), dir, server.URL, "optimized", "-p", "parameters.yml")
	require.Equal(t, diag.ExitOK, code, stderr)
	assert.Equal(t, "test-ui\n", stdout)

	code, stdout, _ = call(t.Context(), dir, "https://nowhere.invalid", "target-graph", "-p", "parameters.yml")
	assert.Equal(t, diag.ExitOK, code, "no phase before the optimization asks")
	assert.Equal(t, "test-ui\ntest-unit\n", stdout)
}

func TestInterrupted(t *testing.T) {
	var asked atomic.Int32
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		cancel()
		<-r.Context().Done()
	}))
	defer server.Close()
	dir := newTree(t, oneTask)
	for _, args := range [][]string{
		{"full", "-p", server.URL + "/parameters.yml"},
		{"full", "-p", server.URL + "/parameters.yml", "-p", "parameters.yml"},
		{"full", "-p", "parameters.yml"},
		{"kind-graph", "-p", server.URL + "/parameters.yml"},
	} {
		code, _, stderr := call(ctx, dir, server.URL, args...)
		assert.Equal(t, 130, code, args)
		assert.Equal(t, "taskgraph: interrupted\n", stderr, args)
	}
	assert.EqualValues(t, 1, asked.Load())
}

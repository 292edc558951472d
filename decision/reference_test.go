package decision_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/cli"
	"github.com/taskgraph-go/decision/diag"
)

const decisionTaskID = "fdtgsD5DQUmAQZEaGMvQ4Q"

// referenceProgram gives the reference's program, which TASKGRAPH_REFERENCE_PROGRAM names.
func referenceProgram(t *testing.T) string {
	t.Helper()
	program := os.Getenv("TASKGRAPH_REFERENCE_PROGRAM")
	if program == "" {
		t.Skip("TASKGRAPH_REFERENCE_PROGRAM does not name the reference's program")
	}
	return program
}

// decide runs the decision task in a directory and gives its artifacts and what it says.
func decide(t *testing.T, dir string, args ...string) (map[string]string, string, int) {
	t.Helper()
	var errs bytes.Buffer
	app := &cli.App{Registry: cli.Standard(), Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: &errs, Dir: dir, Clock: func() time.Time { return time.Unix(1767323045, 0) }, Env: func(name string) string {
		return map[string]string{"TASK_ID": decisionTaskID, "TASKCLUSTER_ROOT_URL": "https://tc.example.com"}[name]
	}}
	code := app.Run(t.Context(), append([]string{"decision", "--offline", "--dry-run"}, args...))
	return artifacts(t, dir), errs.String(), code
}

// artifacts reads the artifacts in a directory and takes them away.
func artifacts(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, where := range []string{"artifacts", "docker-contexts"} {
		files, err := os.ReadDir(filepath.Join(dir, where))
		if os.IsNotExist(err) {
			continue
		}
		require.NoError(t, err)
		for _, f := range files {
			text, err := os.ReadFile(filepath.Join(dir, where, f.Name()))
			require.NoError(t, err)
			out[f.Name()] = string(text)
		}
		require.NoError(t, os.RemoveAll(filepath.Join(dir, where)))
	}
	return out
}

// byReference runs the reference's decision task. It fails where it would create tasks, after all artifacts are written.
func byReference(t *testing.T, program, dir string, args ...string) (map[string]string, string) {
	t.Helper()
	cmd := exec.Command(program, append([]string{"decision"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), append(quiet, "TASK_ID="+decisionTaskID, "TASKCLUSTER_ROOT_URL=https://tc.example.com", "TASKCLUSTER_PROXY_URL=http://127.0.0.1:1")...)
	out, _ := cmd.CombinedOutput()
	return artifacts(t, dir), string(out)
}

// pushArgs are the flags for a push to a history.
func (h *upstream) pushArgs(tasksFor, base, baseRef, head string) []string {
	return []string{
		"--project=demo", "--pushlog-id=17", "--pushdate=1700000000", "--owner=dev", "--level=3", "--repository-type=git", "--tasks-for=" + tasksFor,
		"--base-repository=" + h.url(), "--base-ref=" + baseRef, "--base-rev=" + h.commits[base],
		"--head-repository=" + h.url(), "--head-ref=" + baseRef, "--head-rev=" + h.commits[head], "--head-tag=" + map[bool]string{true: head}[strings.HasPrefix(head, "v")],
	}
}

// TestParametersOfTheReference holds the parameters of pushes against those that the reference makes in the same clone.
// Where they differ on purpose, the case says what the reference does.
func TestParametersOfTheReference(t *testing.T) {
	program := referenceProgram(t)
	h := newHistory(t)
	for _, c := range []struct {
		name, tasksFor, base, baseRef, head string
		depth                               int
		reference                           string // what it has of files_changed, or "fails"; "" is the same
	}{
		{"push", "github-push", "c2", "main", "c4", 0, ""},
		{"push, shallow", "github-push", "c2", "main", "c4", 3, ""},
		{"push, base not there", "github-push", "c2", "main", "c4", 1, "fails"},
		{"merge", "github-push", "c4", "main", "merge", 0, "dir/c f f"}, // leaves out what the merge changed itself
		{"merge, shallow", "github-push", "c4", "main", "merge", 3, ""},
		{"force push", "github-push", "old", "topic", "new", 0, "u"}, // and what the old tip had
		{"force push back", "github-push", "c4", "main", "c3", 0, "nothing"},
		{"new branch", "github-push", "null", "feature", "f2", 0, ""},
		{"new branch, shallow", "github-push", "null", "feature", "f2", 1, ""},
		{"tag", "github-push", "null", "", "v1", 0, ""},
		{"pull request", "github-pull-request", "c4", "main", "f2", 0, ""},
		{"pull request up to date", "github-pull-request", "c2", "main", "f2", 0, ""},
		{"no base", "github-push", "", "main", "new", 0, "nothing"},
		{"cron", "cron", "c4", "main", "c4", 0, ""},
		{"release", "github-release", "c3", "main", "v1", 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := h.clone(t, c.head, c.depth)
			put(t, dir, config, "taskcluster/config.yml")
			put(t, dir, "version: 1\ntasks: []\n", ".taskcluster.yml")
			put(t, dir, "4.5.6\n", "version.txt")
			args := h.pushArgs(c.tasksFor, c.base, c.baseRef, c.head)
			theirs, said := byReference(t, program, dir, args...)
			ours, errs, _ := decide(t, dir, args...)
			require.NotEmpty(t, ours["parameters.yml"], errs)
			if c.reference == "fails" {
				assert.Empty(t, theirs["parameters.yml"])
				return
			}
			require.NotEmpty(t, theirs["parameters.yml"], said)
			if c.reference == "" {
				assert.Equal(t, theirs["parameters.yml"], ours["parameters.yml"])
				return
			}
			files := "files_changed: []\nfilters:"
			if c.reference != "nothing" {
				files = "files_changed:\n- " + strings.ReplaceAll(c.reference, " ", "\n- ") + "\nfilters:"
			}
			assert.Contains(t, theirs["parameters.yml"], files, "then there is no difference any more")
			assert.NotContains(t, ours["parameters.yml"], files)
		})
	}
}

func TestParametersOfTheReferenceMercurial(t *testing.T) {
	program := referenceProgram(t)
	if _, err := exec.LookPath("hg"); err != nil {
		t.Skip("hg is not installed")
	}
	dir := t.TempDir()
	tool(t, dir, "hg", "init")
	commit := func(message string, files ...string) string {
		put(t, dir, message, files...)
		tool(t, dir, "hg", "commit", "-q", "-A", "-m", message, "-d", "0 0")
		return tool(t, dir, "hg", "log", "-r", ".", "-T", "{node}")
	}
	put(t, dir, config, "taskcluster/config.yml")
	put(t, dir, "version: 1\ntasks: []\n", ".taskcluster.yml")
	first := commit("first", "a")
	commit("second", "b", "a")
	third := commit("third", "b", "c")
	last := commit("no bug - DONTBUILD", "d")
	for _, c := range []struct{ base, head, tasksFor string }{{first, third, "hg-push"}, {third, last, "hg-push"}, {first, last, "cron"}, {last, last, "cron"}, {strings.Repeat("0", 40), third, "hg-push"}} {
		tool(t, dir, "hg", "update", "-q", c.head)
		args := []string{
			"--project=demo", "--pushlog-id=17", "--pushdate=1700000000", "--owner=dev@example.com", "--level=3", "--repository-type=hg", "--tasks-for=" + c.tasksFor,
			"--base-repository=https://hg.mozilla.org/demo", "--base-rev=" + c.base, "--head-repository=https://hg.mozilla.org/demo", "--head-ref=default", "--head-rev=" + c.head,
		}
		theirs, said := byReference(t, program, dir, args...)
		ours, errs, _ := decide(t, dir, args...)
		require.NotEmpty(t, theirs["parameters.yml"], said)
		require.NotEmpty(t, ours["parameters.yml"], errs)
		if strings.Trim(c.base, "0") == "" { // theirs has a file for each commit that changed it
			assert.NotEqual(t, theirs["parameters.yml"], ours["parameters.yml"])
			continue
		}
		assert.Equal(t, theirs["parameters.yml"], ours["parameters.yml"])
	}
}

// TestArtifactsOfTheReference holds all artifacts against those of the reference: what holds no task ids to the byte, the
// others with ids replaced by labels.
func TestArtifactsOfTheReference(t *testing.T) {
	program := referenceProgram(t)
	runTask := os.Getenv("TASKGRAPH_RUN_TASK_DIR")
	if runTask == "" {
		t.Skip("TASKGRAPH_RUN_TASK_DIR does not name the reference's run-task, which digests cover")
	}
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS("../docs/tutorials/greeter")))
	text, err := os.ReadFile("../.taskcluster.yml")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".taskcluster.yml"), text, 0o644))
	git(t, dir, "init", "-q", "-b", "main", "--template=")
	git(t, dir, "add", "-A")
	git(t, dir, "commit", "-q", "-m", "first")
	h := &upstream{dir: dir, commits: map[string]string{"null": strings.Repeat("0", 40), "head": git(t, dir, "rev-parse", "HEAD")}}
	args := h.pushArgs("github-push", "null", "main", "head")
	for i, a := range args {
		args[i] = strings.ReplaceAll(a, h.url(), "https://github.com/example-org/greeter")
	}
	theirs, said := byReference(t, program, dir, append(args, "--offline")...)
	require.NotEmpty(t, theirs["label-to-taskid.json"], said)
	ours, errs, code := decide(t, dir, append(args, "--run-task-dir", runTask)...)
	require.Equal(t, diag.ExitOK, code, errs)
	for _, name := range []string{"parameters.yml", "full-task-graph.json", "runnable-jobs.json", "run-task", "fetch-content"} {
		assert.Equal(t, theirs[name], ours[name], name)
	}
	labels := func(files map[string]string) map[string]string {
		var ids map[string]string
		require.NoError(t, json.Unmarshal([]byte(files["label-to-taskid.json"]), &ids))
		return ids
	}
	assert.Equal(t, slices.Sorted(maps.Keys(labels(theirs))), slices.Sorted(maps.Keys(labels(ours))))
	named := func(files map[string]string, name string) any {
		text := files[name]
		for label, id := range labels(files) {
			text = strings.ReplaceAll(text, id, "id of "+label)
		}
		var doc any
		require.NoError(t, json.Unmarshal([]byte(text), &doc))
		sortDependencies(doc)
		return doc
	}
	assert.True(t, reflect.DeepEqual(named(theirs, "task-graph.json"), named(ours, "task-graph.json")), "task-graph.json")
	assert.ElementsMatch(t, named(theirs, "target-tasks.json"), named(ours, "target-tasks.json"))
	assert.Len(t, ours["task-graph.json"], len(theirs["task-graph.json"]), "written in the same form")

	verdicts := func(log string) []string {
		var out []string
		for line := range strings.Lines(log) {
			if _, verdict, ok := strings.Cut(line, "optimize: "); ok {
				out = append(out, verdict)
			}
		}
		slices.Sort(out)
		return out
	}
	assert.Equal(t, verdicts(theirs["optimizations.log"]), verdicts(ours["optimizations.log"]))
	for name := range theirs {
		assert.Contains(t, ours, name)
	}
}

// sortDependencies puts the dependencies of definitions in order: they are sorted by task ids, which differ.
func sortDependencies(v any) {
	tasks, _ := v.(map[string]any)
	for _, task := range tasks {
		t, _ := task.(map[string]any)
		def, _ := t["task"].(map[string]any)
		deps, _ := def["dependencies"].([]any)
		slices.SortFunc(deps, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
	}
}

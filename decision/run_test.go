package decision_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/cli"
	"github.com/taskgraph-go/decision/decision"
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
)

// kinds are a graph with every outcome of optimization.
var kinds = map[string]string{
	"taskcluster/config.yml": config + "treeherder: {group-names: {B: Builds}}\n",
	"taskcluster/kinds/build/kind.yml": `task-defaults: {description: build it, worker-type: b, worker: {docker-image: debian, max-run-time: 600}, run: {using: run-task, command: make, checkout: false}}
tasks:
  linux: {treeherder: {symbol: B(l), platform: linux/opt, kind: build, tier: 1}}
  mac: {when: {files-changed: [mac/**]}}
  old: {optimization: {index-search: [demo.old]}}
  never: {run-on-projects: []}
`,
}

// runner runs decision tasks in a place.
type runner struct {
	*place
	env       map[string]string
	submitter decision.Submitter
	said      string
	printed   string
}

func newRunner(t *testing.T, files map[string]string) *runner {
	t.Helper()
	all := maps.Clone(kinds)
	maps.Copy(all, files)
	all["index.json"] = `{"demo.old": {"taskId": "JAZPCupvRJG7mR3XUfr4Sw", "state": "completed", "expires": "2099-01-01T00:00:00.000Z"}}`
	p := newPlace(t, "first", all)
	put(t, p.dir, "more", "README.md")
	git(t, p.dir, "add", "-A")
	git(t, p.dir, "commit", "-q", "-m", "second")
	p.push.BaseRev, p.push.HeadRev = p.rev, git(t, p.dir, "rev-parse", "HEAD")
	return &runner{place: p, submitter: &submitter{}, env: map[string]string{"TASK_ID": decisionTaskID, "TASKCLUSTER_ROOT_URL": "https://tc.example.com"}}
}

func (r *runner) run(t *testing.T, args ...string) int {
	t.Helper()
	var out, errs bytes.Buffer
	app := &cli.App{Registry: r.registry, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Dir: r.dir, Submitter: r.submitter,
		Clock: func() time.Time { return time.Unix(1767323045, 0) }, Env: func(name string) string { return r.env[name] }}
	p := r.push
	code := app.Run(t.Context(), append([]string{"decision", "--offline", "--index", "index.json", "--project", p.Project, "--owner", p.Owner, "--level", p.Level, "--pushdate", "1700000000",
		"--tasks-for", p.TasksFor, "--repository-type", p.RepositoryType, "--base-repository", p.BaseRepository, "--base-rev", p.BaseRev, "--head-repository", p.HeadRepository,
		"--head-ref", p.HeadRef, "--head-rev", p.HeadRev}, args...))
	r.said, r.printed = errs.String(), out.String()
	return code
}

var everything = []string{
	"actions.json", "fetch-content", "full-task-graph.json", "label-to-taskid.json", "optimizations.json", "optimizations.log", "parameters.yml", "run-task", "runnable-jobs.json", "target-tasks.json",
	"task-graph.json",
}

func TestRun(t *testing.T) {
	r := newRunner(t, nil)
	require.Equal(t, diag.ExitOK, r.run(t), r.said)
	files := artifacts(t, r.dir)
	assert.Equal(t, everything, slices.Sorted(maps.Keys(files)), "and nothing left over")
	assert.Equal(t, "decided on 1 of 4 tasks for 3 targets, created all; artifacts are in artifacts\n", r.printed)
	var offered struct {
		Actions []struct{ Name string }
		Version int
	}
	require.NoError(t, json.Unmarshal([]byte(files["actions.json"]), &offered))
	assert.Equal(t, 1, offered.Version)
	assert.Equal(t, "retrigger", offered.Actions[0].Name)
	assert.Equal(t, "[\n  \"build-linux\",\n  \"build-mac\",\n  \"build-old\"\n]", files["target-tasks.json"])
	assert.Equal(t, `{
  "build-linux": {
    "groupName": "Builds",
    "groupSymbol": "B",
    "platform": "linux",
    "symbol": "l"
  }
}`, strings.ReplaceAll(files["runnable-jobs.json"], "    \"collection\": {\n      \"opt\": true\n    },\n", ""))
	assert.Equal(t, `optimize: build-linux kept because of never
optimize: build-mac removed because of skip-unless-changed (skip-unless-changed)
optimize: build-old replaced with JAZPCupvRJG7mR3XUfr4Sw because of index-search (index-search)
`, files["optimizations.log"])
	var verdicts struct {
		Version int
		Tasks   map[string]map[string]string
	}
	require.NoError(t, json.Unmarshal([]byte(files["optimizations.json"]), &verdicts))
	assert.Equal(t, 1, verdicts.Version)
	old := verdicts.Tasks["build-old"]
	assert.Equal(t, [3]string{"replaced", "index-search (index-search)", "JAZPCupvRJG7mR3XUfr4Sw"}, [3]string{old["outcome"], old["reason"], old["taskId"]})
	assert.Equal(t, "removed", verdicts.Tasks["build-mac"]["outcome"])
	linux := taskgraph.TaskID(decisionTaskID, "build-linux")
	assert.Equal(t, "{\n  \"build-linux\": \""+linux+"\",\n  \"build-old\": \"JAZPCupvRJG7mR3XUfr4Sw\"\n}", files["label-to-taskid.json"])
	assert.True(t, strings.HasPrefix(files["task-graph.json"], "{\n  \""+linux+"\": {\n    \"attributes\": {"), files["task-graph.json"][:100])
	assert.Contains(t, files["task-graph.json"], `"parent": "`+decisionTaskID+`"`)

	// The same again, however many processors there are.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, n := range []int{1, 2, 8} {
		runtime.GOMAXPROCS(n)
		require.Equal(t, diag.ExitOK, r.run(t), r.said)
		assert.Equal(t, files, artifacts(t, r.dir))
	}
	// Other ids in another decision task.
	r.env["TASK_ID"] = "JAZPCupvRJG7mR3XUfr4Sw"
	require.Equal(t, diag.ExitOK, r.run(t))
	assert.NotContains(t, artifacts(t, r.dir)["task-graph.json"], linux)
	delete(r.env, "TASK_ID")
	assert.Equal(t, diag.ExitUsage, r.run(t))
	assert.Contains(t, r.said, "TASK_ID is not set")
	require.Equal(t, diag.ExitOK, r.run(t, "--dry-run"), r.said)
}

// A tree whose tasks need run-task is told so, once.
func TestStandin(t *testing.T) {
	r := newRunner(t, nil)
	require.Equal(t, diag.ExitOK, r.run(t))
	assert.Equal(t, 1, strings.Count(r.said, "stand-in"), r.said)
	assert.Contains(t, r.said, "1 of the tasks, such as build-linux, need run-task")

	for _, name := range []string{"run-task", "fetch-content", "hgrc", "robustcheckout.py"} {
		put(t, r.dir, "this is "+name+"\n", "tools/"+name)
	}
	require.Equal(t, diag.ExitOK, r.run(t, "--run-task-dir", "tools"))
	assert.NotContains(t, r.said, "stand-in")
	assert.Equal(t, "this is fetch-content\n", artifacts(t, r.dir)["fetch-content"])

	require.Equal(t, diag.ExitOK, r.run(t, "--target-tasks-method", "nothing"))
	assert.NotContains(t, r.said, "stand-in", "no task, no need")
}

// submitter notes what it is to create.
type submitter struct {
	got *decision.Submission
	err error
}

func (s *submitter) Submit(_ context.Context, got *decision.Submission) error {
	s.got = got
	return s.err
}

func TestSubmission(t *testing.T) {
	r := newRunner(t, nil)
	s := &submitter{}
	r.submitter = s
	require.Equal(t, diag.ExitOK, r.run(t, "--dry-run"))
	assert.True(t, s.got.DryRun, "a dry run does everything but create")
	assert.Contains(t, r.printed, "created none")

	require.Equal(t, diag.ExitOK, r.run(t), r.said)
	assert.False(t, s.got.DryRun)
	assert.Equal(t, decisionTaskID, s.got.DecisionTaskID)
	assert.Equal(t, 1, s.got.Graph.Len())
	assert.Equal(t, "JAZPCupvRJG7mR3XUfr4Sw", s.got.LabelToTaskID["build-old"])
	assert.Equal(t, "demo", s.got.Params.Project())
	assert.Equal(t, "demo", s.got.Project.Config.TrustDomain())
	assert.FileExists(t, filepath.Join(s.got.Artifacts, "task-graph.json"))
	assert.Equal(t, "decided on 1 of 4 tasks for 3 targets, created all; artifacts are in artifacts\n", r.printed)

	s.err = diag.Errorf(diag.Submission, 0, "the queue refuses")
	assert.Equal(t, diag.ExitSubmission, r.run(t))
	assert.Contains(t, r.said, "the queue refuses (TG6001)")
	assert.Equal(t, everything, slices.Sorted(maps.Keys(artifacts(t, r.dir))), "all is there to see what was to be created")
}

// A phase that fails leaves the artifacts of the phases before it.
func TestFailuresLeaveArtifacts(t *testing.T) {
	first := []string{"actions.json", "parameters.yml"}
	full := append([]string{"full-task-graph.json", "runnable-jobs.json"}, first...)
	targets := append([]string{"target-tasks.json"}, full...)
	optimized := append([]string{"optimizations.json", "optimizations.log"}, targets...)
	broken := errors.New("it broke")
	for name, c := range map[string]struct {
		files map[string]string
		args  []string
		edit  func(*taskgraph.Registry)
		code  int
		left  []string
	}{
		"config":     {files: map[string]string{"taskcluster/config.yml": "{}"}, code: diag.ExitInput},
		"parameters": {args: []string{"--head-rev=none"}, code: diag.ExitInput},
		"kind":       {files: map[string]string{"taskcluster/kinds/bad/kind.yml": "tasks: ["}, code: diag.ExitInput, left: first},
		"graph":      {files: map[string]string{"taskcluster/kinds/bad/kind.yml": "loader: taskgraph.loader.transform:loader\ntransforms: [taskgraph.transforms.task]\ntasks: {a: {description: d, worker-type: succeed, dependencies: {x: nothing}}}"}, code: diag.ExitGeneration, left: first},
		"full verification": {edit: func(r *taskgraph.Registry) {
			r.Verifications.Add("own", taskgraph.Verification{Phase: taskgraph.FullTaskGraph, Check: func(_ *taskgraph.VerifyConfig, report func(error)) {
				report(diag.Errorf(diag.Verification, 0, "not so"))
			}})
		}, code: diag.ExitVerification, left: first},
		"targets": {args: []string{"--target-tasks-method=none"}, code: diag.ExitGeneration, left: full},
		"optimization": {edit: func(r *taskgraph.Registry) {
			r.Verifications.Add("own", taskgraph.Verification{Phase: taskgraph.OptimizedTaskGraph, Check: func(_ *taskgraph.VerifyConfig, report func(error)) {
				report(diag.Errorf(diag.Verification, 0, "not so"))
			}})
		}, code: diag.ExitVerification, left: targets},
		"morph": {edit: func(r *taskgraph.Registry) {
			r.Morphs.Add("own", func(*taskgraph.MorphConfig) error { return broken })
		}, code: diag.ExitInternal, left: optimized},
		"a bug": {edit: func(r *taskgraph.Registry) {
			r.Morphs.Add("own", func(*taskgraph.MorphConfig) error { panic("it broke") })
		}, code: diag.ExitInternal, left: optimized},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRunner(t, c.files)
			if c.edit != nil {
				c.edit(r.registry)
			}
			assert.Equal(t, c.code, r.run(t, c.args...), r.said)
			assert.ElementsMatch(t, c.left, slices.Collect(maps.Keys(artifacts(t, r.dir))))
			if name == "full verification" {
				assert.Equal(t, diag.ExitOK, r.run(t, "--no-verify"), r.said)
			}
		})
	}
}

func TestUnwritableArtifacts(t *testing.T) {
	r := newRunner(t, nil)
	put(t, r.dir, "in the way", "artifacts")
	assert.NotEqual(t, diag.ExitOK, r.run(t))
	assert.Contains(t, r.said, "artifacts: cannot be made: not a directory (TG0002)")
	assert.Equal(t, diag.ExitOK, r.run(t, "--artifacts", "other/place"), r.said)
	assert.FileExists(t, filepath.Join(r.dir, "other/place/task-graph.json"))
	require.NoError(t, os.Remove(filepath.Join(r.dir, "other/place/task-graph.json")))
	require.NoError(t, os.MkdirAll(filepath.Join(r.dir, "other/place/task-graph.json/x"), 0o755))
	assert.NotEqual(t, diag.ExitOK, r.run(t, "--artifacts", "other/place"))
	assert.Contains(t, r.said, "task-graph.json: cannot be written: ")
}

package decision_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/cli"
	"github.com/taskgraph-go/decision/decision"
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/vcs"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// config is the smallest graph config.
const config = `trust-domain: demo
task-priority: low
taskgraph: {repositories: {demo: {name: Demo}}}
workers: {aliases: {b: {provisioner: demo, implementation: docker-worker, os: linux, worker-type: linux}}}
`

// place is a checkout with a tree in it, for which parameters are made.
type place struct {
	dir      string
	rev      string
	registry *taskgraph.Registry
	push     decision.Push
	services decision.Services
	pauses   int
	log      bytes.Buffer
}

// newPlace makes a checkout with files in it.
func newPlace(t *testing.T, message string, files map[string]string) *place {
	t.Helper()
	p := &place{dir: t.TempDir(), registry: cli.Standard()}
	git(t, p.dir, "init", "-q", "-b", "main", "--template=")
	put(t, p.dir, config, "taskcluster/config.yml")
	for name, text := range files {
		put(t, p.dir, text, name)
	}
	git(t, p.dir, "add", "-A")
	git(t, p.dir, "commit", "-q", "-m", message)
	p.rev = git(t, p.dir, "rev-parse", "HEAD")
	p.push = decision.Push{
		Project: "demo", PushlogID: "17", Pushdate: 1700000000, Owner: "dev@example.com", Level: "3", TasksFor: "github-push", RepositoryType: "git",
		BaseRepository: "https://github.com/example-org/demo", BaseRef: "main", BaseRev: vcs.NullRevision,
		HeadRepository: "https://github.com/example-org/demo", HeadRef: "main", HeadRev: p.rev,
	}
	return p
}

// parameters makes the parameters.
func (p *place) parameters(t *testing.T) (*parameters.Params, error) {
	t.Helper()
	project, err := taskgraph.Open(t.Context(), taskgraph.Options{Tree: os.DirFS(p.dir), Root: "taskcluster", Registry: p.registry})
	if err != nil {
		return nil, err
	}
	defer project.Close()
	repo, err := vcs.Find(p.dir, vcs.Options{Env: quiet})
	require.NoError(t, err)
	p.log.Reset()
	return decision.Parameters(t.Context(), decision.ParameterOptions{
		Push: p.push, Project: project, Repository: repo, Dir: p.dir, Log: slog.New(slog.NewTextHandler(&p.log, nil)),
		Clock:    func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600)) },
		Services: p.services, Pause: func(context.Context, time.Duration) error { p.pauses++; return nil },
	})
}

// get makes the parameters, which must be right.
func (p *place) get(t *testing.T) *parameters.Params {
	t.Helper()
	params, err := p.parameters(t)
	require.NoError(t, err)
	return params
}

func TestParameters(t *testing.T) {
	p := newPlace(t, "first", map[string]string{"version.txt": "1.2.3\n", "a": ""})
	params := p.get(t)
	assert.Equal(t, "1.2.3", params.At("version").Str())
	assert.Equal(t, []string{"a", "taskcluster/config.yml", "version.txt"}, params.FilesChanged())
	assert.Equal(t, "20231114221320", params.At("moz_build_date").Str())
	assert.Equal(t, int64(1700000000), params.BuildDate())
	assert.Equal(t, "default", params.TargetTasksMethod())
	assert.Contains(t, p.log.String(), `msg="found the changed files" files=3 method="all files" certainty="may list more" reason="no revision before: the branch or tag is new"`)

	p.push.Pushdate, p.push.Owner = 0, "ffxbld"
	params = p.get(t)
	assert.Equal(t, "ffxbld@noreply.mozilla.org", params.At("owner").Str(), "an owner that is no address gets one")
	assert.Equal(t, "20260102020405", params.At("moz_build_date").Str(), "in UTC")
	assert.Zero(t, params.Pushdate())

	assert.NotContains(t, p.log.String(), "not at the revision")
	git(t, p.dir, "commit", "-q", "--allow-empty", "-m", "later")
	p.get(t)
	assert.Contains(t, p.log.String(), "the checkout is not at the revision that was pushed")

	p.push.TargetTasksMethod, p.push.OptimizeTargetTasks = "codereview", new(false)
	params = p.get(t)
	assert.Equal(t, "codereview", params.TargetTasksMethod())
	assert.False(t, params.OptimizeTargetTasks())
}

// A commit that says so builds nothing, when it is pushed.
func TestDontBuild(t *testing.T) {
	p := newPlace(t, "docs only\n\nDONTBUILD", nil)
	p.push.TargetTasksMethod = "codereview"
	for tasksFor, want := range map[string]string{"github-push": "nothing", "hg-push": "nothing", "github-pull-request": "codereview", "cron": "codereview"} {
		p.push.TasksFor = tasksFor
		assert.Equal(t, want, p.get(t).TargetTasksMethod(), tasksFor)
	}
	// A message in an unknown encoding says nothing.
	file := filepath.Join(t.TempDir(), "message")
	require.NoError(t, os.WriteFile(file, []byte("DONTBUILD \xff"), 0o644))
	git(t, p.dir, "-c", "i18n.commitEncoding=x-unknown", "commit", "-q", "--amend", "-F", file)
	p.push.HeadRev, p.push.TasksFor = git(t, p.dir, "rev-parse", "HEAD"), "github-push"
	assert.Equal(t, "codereview", p.get(t).TargetTasksMethod())
}

func TestProjectParameters(t *testing.T) {
	more := config + "project-parameters:\n  demo: {optimize_target_tasks: false}\n  default: {build_number: 3}\n"
	p := newPlace(t, "first", map[string]string{"taskcluster/config.yml": more})
	p.registry.ProjectParameters.Add("demo", value.MapOf("target_tasks_method", "codereview", "build_number", 7))
	params := p.get(t)
	assert.Equal(t, "codereview", params.TargetTasksMethod(), "registered")
	assert.False(t, params.OptimizeTargetTasks(), "in the graph config")
	n, _ := params.At("build_number").AsInt()
	assert.Equal(t, int64(7), n, "another project's default plays no part")

	p.push.Project = "other"
	params = p.get(t)
	assert.Equal(t, "default", params.TargetTasksMethod())
	n, _ = params.At("build_number").AsInt()
	assert.Equal(t, int64(3), n)

	p.push.TargetTasksMethod = "nothing"
	assert.Equal(t, "nothing", p.get(t).TargetTasksMethod(), "the command line wins")

	for text, want := range map[string]string{
		"project-parameters: 3":                "taskcluster/config.yml:5:21: project-parameters: want map, got 3 (TG1101)",
		"project-parameters: {other: 3}":       "taskcluster/config.yml:5:29: project-parameters.other: want map, got 3 (TG1101)",
		"project-parameters: {other: {xy: 3}}": `taskcluster/config.yml:5:30: unknown parameter "xy" (TG1202)`,
	} {
		put(t, p.dir, config+text+"\n", "taskcluster/config.yml")
		_, err := p.parameters(t)
		assert.EqualError(t, err, want)
	}
}

func TestHook(t *testing.T) {
	more := strings.Replace(config, "taskgraph: {", "taskgraph: {decision-parameters: 'demo:change', ", 1)
	p := newPlace(t, "first", map[string]string{"taskcluster/config.yml": more})
	_, err := p.parameters(t)
	// What is not registered is looked for in the tree's own Python, which may not be there either.
	require.ErrorContains(t, err, "taskcluster/config.yml:3:34: taskgraph.decision-parameters: ")
	assert.ErrorContains(t, err, `hook "demo:change"`)

	p.registry.ParameterHooks.Add("demo:change", func(cfg *taskgraph.ParameterHookConfig) error {
		assert.Equal(t, "demo", cfg.Graph.TrustDomain())
		assert.Equal(t, "main", cfg.Params.Str("head_ref"))
		cfg.Params.Set("target_tasks_method", value.NewString("nothing"))
		cfg.Params.Set("level", value.NewString("1"))
		return nil
	})
	params := p.get(t)
	assert.Equal(t, "nothing", params.TargetTasksMethod())
	assert.Equal(t, "1", params.Level())

	for name, hook := range map[string]taskgraph.ParameterHook{
		"fails": func(*taskgraph.ParameterHookConfig) error {
			return diag.Errorf(diag.BadParameters, 0, "no such release")
		},
		"wrong": func(cfg *taskgraph.ParameterHookConfig) error {
			cfg.Params.Set("level", value.NewInt(3))
			cfg.Params.Set("projct", value.NewString("x"))
			return nil
		},
		"broken": func(*taskgraph.ParameterHookConfig) error { panic("it broke") },
	} {
		p.registry = cli.Standard()
		p.registry.ParameterHooks.Add("demo:change", hook)
		_, err := p.parameters(t)
		switch name {
		case "fails":
			assert.EqualError(t, err, "taskcluster/config.yml:3:34: taskgraph.decision-parameters: no such release (TG1201)")
		case "wrong":
			assert.EqualError(t, err, "command line: level: want string, got 3 (TG1101)\ncommand line: unknown parameter \"projct\" (TG1202)")
		case "broken":
			assert.ErrorContains(t, err, "bug: demo:change: it broke")
		}
	}
}

func TestOverrideByFile(t *testing.T) {
	p := newPlace(t, "first", nil)
	file := filepath.Join(p.dir, "try_task_config.json")
	try := func(text string) (*parameters.Params, error) {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
		return p.parameters(t)
	}
	params, err := try(`{"version": 2, "parameters": {"target_tasks_method": "nothing", "existing_tasks": {"a": "b"}}}`)
	require.NoError(t, err)
	assert.Equal(t, "default", params.TargetTasksMethod(), "it is not allowed")

	p.push.AllowParameterOverride = true
	params, err = try(`{"version": 2, "parameters": {"target_tasks_method": "nothing", "existing_tasks": {"a": "b"}}}`)
	require.NoError(t, err)
	assert.Equal(t, "nothing", params.TargetTasksMethod())
	assert.Equal(t, "b", params.At("existing_tasks").Map().Str("a"))

	for text, want := range map[string]string{
		`{"version": 2, "parameters": {"level": 3}}`:      "try_task_config.json:1:40: level: want string, got 3 (TG1101)",
		`{"version": 2, "parameters": {"lvel": "3"}}`:     `try_task_config.json:1:31: unknown parameter "lvel" (TG1202)`,
		`{"version": 2, "parameters": []}`:                "try_task_config.json:1:30: parameters: want a map of parameters, got a list (TG1101)",
		`{"version": 2}`:                                  `try_task_config.json:1:1: missing field "parameters" (TG1103)`,
		`{"version": 2, "parameters": {}, "tasks": []}`:   `try_task_config.json:1:34: unknown field "tasks" (TG1102)`,
		`{"version": 2, "parameters": {"strict": false}}`: `try_task_config.json:1:31: a parameter cannot be called "strict" (TG1201)`,
		`{"version": 3}`:                                  "try_task_config.json:1:13: version: unknown version 3 (TG1104)",
		`{"version": "2", "parameters": {}}`:              `try_task_config.json:1:13: version: unknown version "2" (TG1104)`,
		`[]`:                                              "try_task_config.json:1:1: want a map, got a list (TG1101)",
		`{"version": 1, "tasks": "build"}`:                `try_task_config.json:1:25: tasks: want a list of labels, got "build" (TG1101)`,
		`{`:                                               "TG1006",
		`{"tasks": ["build"]}`:                            `try_task_config.json:1:1: unknown parameter "try_task_config"`,
		`{"version": 2, "parameters": {"files_changed": ["a", 1]}}`: "try_task_config.json:1:54: files_changed[1]: want string, got 1 (TG1101)",
	} {
		_, err := try(text)
		assert.ErrorContains(t, err, want, text)
	}

	// Version 1 is for projects that declare what it sets.
	p.registry.ParameterExtensions = append(p.registry.ParameterExtensions, parameters.Extension{Names: []string{"try_task_config", "try_mode"}})
	params, err = try(`{"tasks": ["build"], "env": {"A": "1"}}`)
	require.NoError(t, err)
	assert.Equal(t, "try_task_config", params.At("try_mode").Str())
	assert.Equal(t, []string{"build"}, params.At("try_task_config").Map().At("tasks").List().Strings())
	assert.False(t, params.At("try_task_config").Map().Has("version"))
	assert.False(t, params.OptimizeTargetTasks(), "what was asked for runs")

	require.NoError(t, os.Rename(file, filepath.Join(p.dir, "other.json")))
	p.push.TryTaskConfigFile = "other.json"
	assert.Equal(t, "try_task_config", p.get(t).At("try_mode").Str())
}

// TestFilesOutside has links in the tree that lead to files of the machine, which are none of a push's business.
func TestFilesOutside(t *testing.T) {
	p := newPlace(t, "first", map[string]string{"inside.json": `{"version": 2.0, "parameters": {"build_number": 7}}`, "inside.txt": "7.7"})
	outside := t.TempDir()
	put(t, outside, "secret", "file")
	link := func(to, name string) {
		_ = os.Remove(filepath.Join(p.dir, name))
		require.NoError(t, os.Symlink(to, filepath.Join(p.dir, name)))
	}
	p.push.AllowParameterOverride = true
	link("inside.txt", "version.txt")
	link("inside.json", "try_task_config.json")
	params := p.get(t)
	assert.Equal(t, "7.7", params.At("version").Str())
	n, _ := params.At("build_number").AsInt()
	assert.Equal(t, int64(7), n, "version 2.0 is version 2")

	link(filepath.Join(outside, "file"), "try_task_config.json")
	_, err := p.parameters(t)
	assert.ErrorContains(t, err, "try_task_config.json: cannot be read: leads out of the repository (TG1001)")
	assert.NotContains(t, err.Error(), "secret")
	p.push.TryTaskConfigFile = filepath.Join(p.dir, "inside.json")
	p.get(t)
	link("../"+filepath.Base(outside)+"/file", "version.txt")
	_, err = p.parameters(t)
	assert.ErrorContains(t, err, "version.txt: cannot be read: leads out of the repository (TG1001)")
}

func TestOverrideByNote(t *testing.T) {
	p := newPlace(t, "first", nil)
	remote := t.TempDir()
	git(t, remote, "clone", "-q", "--bare", p.dir, remote)
	p.push.HeadRepository, p.push.AllowParameterOverride = "file://"+remote, true
	note := func(text string) {
		git(t, remote, "notes", "--ref=decision-parameters", "add", "-f", "-m", text, p.rev)
	}
	assert.Equal(t, "default", p.get(t).TargetTasksMethod(), "there is no note")

	note(`{"target_tasks_method": "nothing"}`)
	assert.Equal(t, "nothing", p.get(t).TargetTasksMethod())
	assert.Contains(t, p.log.String(), `msg="parameters are changed" by=refs/notes/decision-parameters`)
	note(`{"level": 3}`)
	_, err := p.parameters(t)
	assert.EqualError(t, err, "refs/notes/decision-parameters:1:11: level: want string, got 3 (TG1101)")
	note(`["level"]`)
	_, err = p.parameters(t)
	assert.EqualError(t, err, "refs/notes/decision-parameters:1:1: want a map of parameters, got a list (TG1101)")
	note(`{`)
	_, err = p.parameters(t)
	assert.ErrorContains(t, err, "TG1006")

	p.push.AllowParameterOverride = false
	assert.Equal(t, "default", p.get(t).TargetTasksMethod(), "it is not allowed")
	p.push.AllowParameterOverride, p.push.HeadRepository = true, "file://"+remote+"/none"
	_, err = p.parameters(t)
	assert.ErrorContains(t, err, "refs/notes/decision-parameters: cannot read the note", "a repository that does not answer is no answer")
}

func TestWrongParameters(t *testing.T) {
	p := newPlace(t, "first", map[string]string{"version.txt": "\xff\n"})
	_, err := p.parameters(t)
	assert.ErrorContains(t, err, "version.txt: want text in UTF-8 (TG1001)")

	p = newPlace(t, "first", nil)
	p.push.HeadRev = "none"
	_, err = p.parameters(t)
	assert.ErrorContains(t, err, `head_rev: the checkout has no revision "none" (TG1201)`)
	p.push.HeadRev = "--all"
	_, err = p.parameters(t)
	assert.ErrorContains(t, err, "is no revision: it begins with a dash")
	p.push.HeadRev, p.push.BaseRev = "-x", "--output=x"
	_, err = p.parameters(t)
	assert.ErrorContains(t, err, `base_rev: "--output=x" is no revision: it begins with a dash (TG1201)`)
	assert.ErrorContains(t, err, `head_rev: "-x" is no revision`)
	p.push.HeadRev = ""
	_, err = p.parameters(t)
	assert.ErrorContains(t, err, "head_rev: no revision is given (TG1201)")
	p.push.HeadRev = p.rev
	p.push.BaseRev, p.push.RepositoryType = vcs.NullRevision, "hg"
	p.get(t)
	assert.Contains(t, p.log.String(), "the checkout is of another kind than --repository-type says")
}

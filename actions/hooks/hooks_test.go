package hooks

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskcluster/tcyml"
	"github.com/taskgraph-go/decision/taskgraph"
)

const config = `trust-domain: demo
task-priority: low
workers: {aliases: {}}
taskgraph: {repositories: {demo: {name: demo}}}
hooks:
  owner: ci@example.com
  repositories:
    - {url: https://github.com/org/app, project: app, level: 3, cron: true, pull-request-actions: true}
    - {url: https://github.com/org/try, project: try, level: 1}
  cron: {provisioner: infra, worker-type: cron, image: example/image, notify: [ops@example.com]}
`

const file = `version: 1
tasks:
  - $let:
      head: {$if: 'tasks_for in ["action", "pr-action"]', then: '${push.revision}', else: ''}
    in:
      taskQueueId: demo-${repository.level}/decision
      schedulerId: demo-level-${repository.level}
      priority: very-low
      routes:
        - index.demo.v2.${repository.project}.revision.${head}.taskgraph.actions.${ownTaskId}
      scopes:
        - {$if: 'tasks_for == "action"', then: '${action.repo_scope}', else: 'assume:repo:${repository.base_url[8:]}:pr-action:${action.action_perm}'}
      payload: {}
`

// project opens a tree with a config.yml and a .taskcluster.yml, whose registry has an action with a permission of its own.
func project(t *testing.T, config, file string) *taskgraph.Project {
	t.Helper()
	r := taskgraph.NewRegistry()
	r.Actions.Add("ship", &taskgraph.Action{Name: "ship", Title: "Ship", Symbol: "ship", Permission: "release", Run: func(*taskgraph.ActionArgs) error { return nil }})
	tree := fstest.MapFS{"taskcluster/config.yml": {Data: []byte(config)}}
	if file != "" {
		tree[tcyml.FileName] = &fstest.MapFile{Data: []byte(file)}
	}
	p, err := taskgraph.Open(t.Context(), taskgraph.Options{Tree: tree, Root: "taskcluster", Registry: r})
	require.NoError(t, err)
	return p
}

func render(t *testing.T, config, file string) (*State, *Settings) {
	t.Helper()
	p := project(t, config, file)
	s, err := NewSettings(p)
	require.NoError(t, err)
	state, err := Render(p, s)
	require.NoError(t, err)
	return state, s
}

func TestRenderMakesAHookForEachLevelAndPermission(t *testing.T) {
	state, _ := render(t, config, file)
	var names []string
	for _, h := range state.Hooks {
		names = append(names, h.Name())
	}
	at := "/" + state.Hash
	assert.Len(t, state.Hash, 10)
	assert.Equal(t, []string{
		"project-demo/cron-task-org-app",
		"project-demo/in-tree-action-1-generic" + at, "project-demo/in-tree-action-1-release" + at,
		"project-demo/in-tree-action-3-generic" + at, "project-demo/in-tree-action-3-release" + at,
		"project-demo/in-tree-pr-action-1-generic" + at, "project-demo/in-tree-pr-action-1-release" + at,
	}, names)
}

func TestRolesHoldWhatTheirHooksNeed(t *testing.T) {
	state, _ := render(t, config, file)
	roles := map[string][]string{}
	for _, r := range state.Roles {
		roles[r.ID] = r.Scopes
	}
	assert.Equal(t, []string{
		"assume:repo:github.com/org/app:action:release", "queue:create-task:project:none", "queue:create-task:very-low:demo-3/decision",
		"queue:route:index.demo.v2.app.revision.*", "queue:scheduler-id:demo-level-3",
	}, roles["hook-id:project-demo/in-tree-action-3-release/*"])
	assert.Contains(t, roles["hook-id:project-demo/in-tree-action-1-generic/*"], "assume:repo:github.com/org/try:action:generic")
	assert.NotContains(t, strings.Join(roles["hook-id:project-demo/in-tree-action-1-generic/*"], " "), "org/app")
	assert.Contains(t, roles["hook-id:project-demo/cron-task-org-app"], "assume:repo:github.com/org/app:cron:*")
}

// A file that asks for more than the permission of its hook would make the roles of all hooks greater.
func TestHooksGiveTheScopesOfTheirPermissionOnly(t *testing.T) {
	p := project(t, config, strings.Replace(file, "'${action.repo_scope}'", "'assume:repo:github.com/org/app:action:release'", 1))
	s, err := NewSettings(p)
	require.NoError(t, err)
	_, err = Render(p, s)
	require.ErrorContains(t, err, "permission generic")
	assert.ErrorContains(t, err, "asks for scope assume:repo:github.com/org/app:action:release")
	assert.NotContains(t, err.Error(), "as action with permission release at level 3")
}

func TestBadInputIsRefused(t *testing.T) {
	for name, c := range map[string]struct{ config, file, want string }{
		"no hooks":         {config[:strings.Index(config, "hooks:")], file, "no repository that hooks are for"},
		"an address":       {strings.Replace(config, "https://github.com/org/app", "git@github.com:org/app", 1), file, `want the address of a repository`},
		"a final slash":    {strings.Replace(config, "org/app,", "org/app/,", 1), file, `want the address of a repository`},
		"twice":            {strings.Replace(config, "org/try", "org/app", 1), file, "listed twice"},
		"retention":        {config + "  retention: for ever\n", file, "want a duration"},
		"cron without":     {strings.Replace(config, "  cron:", "  #", 1), file, "where cron tasks run is not said"},
		"no owner":         {strings.Replace(config, "  owner: ci@example.com\n", "", 1), file, "nobody is told"},
		"no file":          {config, "", "cannot be read"},
		"version 0":        {config, "version: 0\ntasks: []\n", "want version 1"},
		"tasks as JSON-e":  {config, "version: 1\ntasks: {$if: 'true', then: []}\n", "want a list of tasks"},
		"no JSON":          {config, "version: 1\ntasks: [{x: 2020-01-01}]\n", ""},
		"broken JSON-e":    {config, "version: 1\ntasks: [{$eval: nope}]\n", ".taskcluster.yml:2:17: in.$eval: as action with permission generic at level 1: unknown variable \"nope\""},
		"a bomb":           {config, "version: 1\ntasks: [{$let: {a: {$map: {$eval: 'range(0, 99999)'}, 'each(x)': {$map: {$eval: 'range(0, 99999)'}, 'each(y)': 1}}}, in: {}}]\n", "TG1004"},
		"a list of a list": {config, "version: 1\ntasks: [[]]\n", "want a map"},
	} {
		t.Run(name, func(t *testing.T) {
			p := project(t, c.config, c.file)
			s, err := NewSettings(p)
			if err == nil {
				_, err = Render(p, s)
			}
			require.Error(t, err)
			assert.ErrorContains(t, err, c.want)
			for _, d := range diag.Flatten(err) {
				assert.NotEmpty(t, d.Where.File, "%s", d)
			}
		})
	}
}

// deployment is one in memory.
type deployment struct {
	hooks map[string]Hook
	roles map[string]Role
	fired map[string]time.Time
	fail  map[string]bool
	calls []string
}

func newDeployment() *deployment {
	return &deployment{hooks: map[string]Hook{}, roles: map[string]Role{}, fired: map[string]time.Time{}, fail: map[string]bool{}}
}

func (d *deployment) call(what, name string) error {
	d.calls = append(d.calls, what+" "+name)
	if d.fail[name] {
		return errors.New("403 InsufficientScopes")
	}
	return nil
}

func (d *deployment) Hooks(_ context.Context, group string) (out []Hook, err error) {
	for _, h := range d.hooks {
		if h.Group == group {
			out = append(out, h)
		}
	}
	return out, nil
}
func (d *deployment) LastFired(_ context.Context, h Hook) (time.Time, error) {
	return d.fired[h.ID], nil
}
func (d *deployment) CreateHook(_ context.Context, h Hook) error {
	d.hooks[h.Name()] = h
	return d.call("create", h.Name())
}
func (d *deployment) UpdateHook(_ context.Context, h Hook) error {
	d.hooks[h.Name()] = h
	return d.call("update", h.Name())
}
func (d *deployment) RemoveHook(_ context.Context, h Hook) error {
	delete(d.hooks, h.Name())
	return d.call("remove", h.Name())
}
func (d *deployment) Roles(_ context.Context, prefix string) (out []Role, err error) {
	for id, r := range d.roles {
		if strings.HasPrefix(id, prefix) {
			out = append(out, r)
		}
	}
	return out, nil
}
func (d *deployment) CreateRole(_ context.Context, r Role) error {
	d.roles[r.ID] = r
	return d.call("create", r.ID)
}
func (d *deployment) UpdateRole(_ context.Context, r Role) error {
	d.roles[r.ID] = r
	return d.call("update", r.ID)
}
func (d *deployment) RemoveRole(_ context.Context, r Role) error {
	delete(d.roles, r.ID)
	return d.call("remove", r.ID)
}

// apply brings a deployment to the state of a tree and gives the verbs and names of what was done.
func (d *deployment) apply(t *testing.T, config, file string, now time.Time) (*Plan, []string) {
	t.Helper()
	state, s := render(t, config, file)
	plan, err := Compare(t.Context(), state, s, d, now)
	require.NoError(t, err)
	d.calls = nil
	require.NoError(t, plan.Apply(t.Context(), d, func(Change, error) {}))
	return plan, d.calls
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestApplyTwiceDoesNothingTheSecondTime(t *testing.T) {
	d := newDeployment()
	_, calls := d.apply(t, config, file, noon)
	assert.Len(t, calls, 14)
	assert.True(t, slices.IsSortedFunc(calls, func(a, b string) int { // roles come first
		return strings.Compare(map[bool]string{true: "a", false: "b"}[strings.Contains(a, "hook-id:")], map[bool]string{true: "a", false: "b"}[strings.Contains(b, "hook-id:")])
	}))
	_, calls = d.apply(t, config, file, noon.Add(time.Hour))
	assert.Empty(t, calls)
}

func TestHooksOfOlderFilesAreKeptForTheirRetention(t *testing.T) {
	d := newDeployment()
	old, _ := render(t, config, file)
	d.apply(t, config, file, noon)
	changed := strings.Replace(file, "very-low", "low", 1)

	plan, calls := d.apply(t, config, changed, noon)
	assert.Len(t, plan.Kept, 6)
	assert.Equal(t, 6, count(calls, "create project-demo/in-tree"))
	assert.Equal(t, 6, count(calls, "update project-demo/in-tree"), "the old ones are marked")
	assert.Zero(t, count(calls, "remove"))
	_, calls = d.apply(t, config, changed, noon.AddDate(0, 0, 30))
	assert.Empty(t, calls)

	d.fired["in-tree-action-3-generic/"+old.Hash] = noon.AddDate(0, 0, 40)
	plan, calls = d.apply(t, config, changed, noon.AddDate(0, 0, 61))
	assert.Equal(t, 5, count(calls, "remove"))
	assert.Equal(t, []string{"project-demo/in-tree-action-3-generic/" + old.Hash + ": of an older .taskcluster.yml, but fired on 2026-04-10; kept until 2026-06-09"}, plan.Kept)

	// The file becomes what it was.
	_, calls = d.apply(t, config, file, noon.AddDate(0, 0, 62))
	assert.Contains(t, calls, "update project-demo/in-tree-action-3-generic/"+old.Hash)
	assert.NotContains(t, d.hooks["project-demo/in-tree-action-3-generic/"+old.Hash].description(), outdated)
}

func count(calls []string, prefix string) (n int) {
	for _, c := range calls {
		if strings.HasPrefix(c, prefix) {
			n++
		}
	}
	return n
}

func TestWhatOthersMadeIsLeft(t *testing.T) {
	d := newDeployment()
	other := strings.NewReplacer("org/app", "org/other", "org/try", "org/other-try").Replace(config)
	d.apply(t, other, file, noon)
	theirs := maps.Clone(d.hooks)
	// The same file in another repository has the same hash: its hooks are there already, as somebody else's.
	plan, _ := d.apply(t, config, file, noon)
	assert.Len(t, plan.Foreign, 6)
	for name, h := range theirs {
		assert.Equal(t, h, d.hooks[name])
	}
	// Roles serve both.
	role := d.roles["hook-id:project-demo/in-tree-action-3-generic/*"]
	assert.Subset(t, role.Scopes, []string{"assume:repo:github.com/org/app:action:generic", "assume:repo:github.com/org/other:action:generic"})
	_, calls := d.apply(t, other, file, noon)
	assert.Empty(t, calls)
	_, calls = d.apply(t, config, file, noon)
	assert.Empty(t, calls)

	// With other files each repository has hooks of its own, and takes its scopes out of roles when it leaves.
	changed := file + "# \n"
	plan, _ = d.apply(t, config, changed, noon)
	assert.Empty(t, plan.Foreign)
	alone := strings.Replace(config, "    - {url: https://github.com/org/try, project: try, level: 1}\n", "", 1)
	d.apply(t, alone, changed, noon.AddDate(1, 0, 0))
	d.apply(t, alone, changed, noon.AddDate(2, 0, 0))
	for name, h := range theirs {
		assert.Equal(t, h, d.hooks[name])
	}
	assert.Subset(t, d.roles["hook-id:project-demo/in-tree-action-1-generic/*"].Scopes, []string{"assume:repo:github.com/org/other-try:action:generic"})
}

func TestNothingIsRemovedAfterAFailure(t *testing.T) {
	d := newDeployment()
	d.apply(t, config, file, noon)
	without := strings.Replace(config, "cron: true, ", "", 1)
	state, s := render(t, without, strings.Replace(file, "very-low", "low", 1))
	plan, err := Compare(t.Context(), state, s, d, noon)
	require.NoError(t, err)
	d.fail["project-demo/in-tree-action-3-release/"+state.Hash] = true
	var failed []string
	err = plan.Apply(t.Context(), d, func(c Change, err error) {
		if err != nil {
			failed = append(failed, string(c.Verb)+" "+c.Name)
		}
	})
	require.ErrorContains(t, err, "changes failed")
	assert.Equal(t, []string{"create hook project-demo/in-tree-action-3-release/" + state.Hash, "remove hook project-demo/cron-task-org-app",
		"remove role hook-id:project-demo/cron-task-org-app"}, failed)
	assert.Contains(t, d.hooks, "project-demo/cron-task-org-app")
}

func TestTriggerSchemaHoldsTheInputOfThePermission(t *testing.T) {
	state, _ := render(t, config+"  action-input:\n    release: {type: object, required: [version]}\n", file)
	for _, h := range state.Hooks {
		at := h.Definition
		for _, key := range []string{"triggerSchema", "properties", "user", "properties", "input"} {
			at = at.At(key).Map()
		}
		if strings.Contains(h.ID, "release") {
			assert.Equal(t, []string{"version"}, at.At("required").List().Strings(), h.ID)
		} else if strings.Contains(h.ID, "action") {
			assert.Equal(t, 2, at.At("anyOf").List().Len(), h.ID)
		}
	}
}

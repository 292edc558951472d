package hooks

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/taskgraph-go/decision/actions"
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskcluster/scopes"
	"github.com/taskgraph-go/decision/taskcluster/tcyml"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// State is what a deployment holds for a repository, or should.
type State struct {
	Hooks []Hook // by id
	Roles []Role // by id
	// Hash is that of the .taskcluster.yml that the hooks are of.
	Hash string
}

// Hook is a hook as the service has it.
type Hook struct {
	Group, ID string
	// Definition is the body of the request that makes it.
	Definition *value.Map
}

// Name gives group and id.
func (h Hook) Name() string { return h.Group + "/" + h.ID }

// Role is a role as the service has it.
type Role struct {
	ID, Description string
	Scopes          []string // sorted
}

// mark begins the descriptions of what this program owns.
const mark = "*DO NOT EDIT* - made by `taskgraph hooks apply`"

// Render works out what there should be for a project.
func Render(p *taskgraph.Project, s *Settings) (*State, error) {
	t, err := readTemplate(p)
	if err != nil {
		return nil, err
	}
	out := &State{Hash: t.hash}
	var errs diag.List
	add := func(kind family, level int, permission string) {
		hook := s.actionHook(t, kind, level, permission)
		role, err := s.actionRole(hook, kind, level, permission, p.Sources)
		if err != nil {
			for _, d := range diag.Flatten(diag.Placed(err, t.task.Pos(), "tasks[0]")) {
				d.Message = fmt.Sprintf("as %s with permission %s at level %d: %s", kind.tasksFor, permission, level, d.Message)
				errs.Add(d.InFile(tcyml.FileName))
			}
			return
		}
		out.Hooks, out.Roles = append(out.Hooks, hook), append(out.Roles, role)
	}
	for _, level := range s.levels() {
		for _, permission := range s.Permissions {
			add(ofPushes, level, permission)
		}
	}
	if slices.ContainsFunc(s.Repositories, func(r Repository) bool { return r.PullRequestActions }) {
		for _, permission := range s.Permissions {
			add(ofPullRequests, 1, permission)
		}
	}
	for _, r := range s.Repositories {
		if r.Cron {
			hook, role := s.cronHook(r)
			out.Hooks, out.Roles = append(out.Hooks, hook), append(out.Roles, role)
		}
	}
	slices.SortFunc(out.Hooks, func(a, b Hook) int { return strings.Compare(a.Name(), b.Name()) })
	slices.SortFunc(out.Roles, func(a, b Role) int { return strings.Compare(a.ID, b.ID) })
	return out, errs.Err(p.Sources)
}

// levels gives the levels that pushes have, sorted.
func (s *Settings) levels() []int {
	var out []int
	for _, r := range s.Repositories {
		out = append(out, r.Level)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// family sets the hooks for actions on pushes apart from those on pull requests, whose code anybody may have written.
type family struct {
	prefix   string // of the hooks' ids
	tasksFor string // what .taskcluster.yml sees; the repositories' roles are called the same
	address  string // which address of the payload names the repository whose role the action has
}

var (
	ofPushes       = family{actions.PushHooks, "action", "url"}
	ofPullRequests = family{actions.PullRequestHooks, "pr-action", "base_url"}
)

// id gives the id of a hook for a file with this hash.
func (f family) id(level int, permission, hash string) string {
	return actions.HookID(f.prefix, strconv.Itoa(level), permission, hash)
}

// group gives the hook group of the trust domain.
func (s *Settings) group() string { return actions.HookGroupID(s.TrustDomain) }

// actionHook makes the hook for the actions of a permission.
func (s *Settings) actionHook(t *template, kind family, level int, permission string) Hook {
	h := Hook{Group: s.group(), ID: kind.id(level, permission, t.hash)}
	description := fmt.Sprintf("%s\n\nRuns actions with permission `%s` on pushes of level %d, in the form that `%s` has with hash %s.",
		s.owned(), permission, level, tcyml.FileName, t.hash)
	h.Definition = s.definition(h, description, nil, s.actionTask(t, kind, permission), s.triggerSchema(permission))
	return h
}

// owned begins the description of what these settings own: it names the repositories, so that those of others in the same trust domain
// can be told apart.
func (s *Settings) owned() string {
	var urls []string
	for _, r := range s.Repositories {
		urls = append(urls, r.URL)
	}
	slices.Sort(urls)
	return mark + " for " + strings.Join(urls, ", ") + "."
}

// definition gives the body of the request that makes a hook.
func (s *Settings) definition(h Hook, description string, schedule []string, task, schema value.Value) *value.Map {
	return value.MapOf(
		"hookGroupId", h.Group,
		"hookId", h.ID,
		"metadata", value.MapOf("name", h.Name(), "description", description, "owner", s.Owner, "emailOnError", true),
		"schedule", value.NewStrings(schedule...),
		"bindings", value.NewList(),
		"task", task,
		"triggerSchema", schema,
	)
}

// actionTask puts the first task of the file into the context of an action. The permission is fixed here, so that nobody who triggers
// the hook can choose another one. The address of the repository is the caller's; but the hook's role has the scopes of the
// right repositories only.
func (s *Settings) actionTask(t *template, kind family, permission string) value.Value {
	action := value.NewMap(8)
	for _, field := range []string{"name", "title", "description", "taskGroupId", "symbol", "cb_name"} {
		action.Set(field, value.NewString("${payload.decision.action."+field+"}"))
	}
	// 8 is the length of https://. A pull request comes from another repository than the one that it is meant for.
	action.Set("repo_scope", value.NewString("assume:repo:${payload.decision.repository."+kind.address+"[8:]}:action:"+permission))
	action.Set("action_perm", value.NewString(permission))
	eval := func(expression string) *value.Map { return value.MapOf("$eval", expression) }
	return value.MapOf(
		"$let", value.MapOf(
			"tasks_for", kind.tasksFor,
			"action", action,
			"push", eval("payload.decision.push"),
			"repository", eval("payload.decision.repository"),
			"input", eval("payload.user.input"),
			"parameters", eval("payload.decision['parameters']"),
			"taskId", eval("payload.user.taskId"),
			"taskGroupId", eval("payload.user.taskGroupId"),
			"ownTaskId", eval("taskId"),
		),
		"in", t.task,
	).Value()
}

// triggerSchema says what a hook for actions is called with: what the decision task put into actions.json, and what the person
// who pressed the button chose.
func (s *Settings) triggerSchema(permission string) value.Value {
	text := func() *value.Map { return value.MapOf("type", "string") }
	object := func(required []string, properties *value.Map) *value.Map {
		return value.MapOf("type", "object", "properties", properties, "required", required, "additionalProperties", false)
	}
	fields := func(names ...string) *value.Map {
		m := value.NewMap(len(names))
		for _, n := range names {
			m.Set(n, text().Value())
		}
		return m
	}
	push := fields("owner", "revision", "pushlog_id", "base_revision", "branch", "base_branch")
	repository := fields("url", "project", "level", "base_url")
	repository.Set("url", value.MapOf("type", "string", "pattern", `[^/]$`).Value())
	actionFields := []string{"name", "title", "description", "taskGroupId", "cb_name", "symbol"}
	input, ok := s.Inputs[permission]
	if !ok {
		input = value.MapOf("anyOf", value.NewList(value.MapOf("type", "object").Value(), value.MapOf("type", "null").Value())).Value()
	}
	return object([]string{"decision", "user"}, value.MapOf(
		"decision", object([]string{"action", "push", "repository"}, value.MapOf(
			"action", object(actionFields, fields(actionFields...)),
			"push", object([]string{"owner", "revision", "pushlog_id"}, push),
			"repository", object([]string{"url", "project", "level"}, repository),
			"parameters", value.MapOf("type", "object", "additionalProperties", true),
		)),
		"user", object([]string{"input", "taskId", "taskGroupId"}, value.MapOf(
			"input", input,
			"taskId", value.MapOf("anyOf", value.NewList(text().Value(), value.MapOf("type", "null").Value())),
			"taskGroupId", text(),
		)),
	)).Value()
}

// actionRole makes the role of the hooks of a permission, whatever the hash: it may act as each repository whose pushes have just this
// level, for this permission, and may create the task.
func (s *Settings) actionRole(hook Hook, kind family, level int, permission string, sources *diag.Sources) (Role, error) {
	role := Role{ID: "hook-id:" + s.group() + "/" + kind.id(level, permission, "*"),
		Description: fmt.Sprintf("%s\n\nLets the hooks for actions with permission `%s` at level %d act as the repositories of this level.", s.owned(), permission, level)}
	var all []string
	for _, r := range s.Repositories {
		if r.Level != level && kind == ofPushes || kind == ofPullRequests && !r.PullRequestActions {
			continue
		}
		own := fmt.Sprintf("assume:%s:%s:%s", r.Role(), kind.tasksFor, permission)
		all = append(all, own)
		needed, err := neededScopes(hook.Definition.At("task"), r, level, sources)
		if err != nil {
			return role, err
		}
		for _, scope := range needed {
			if strings.HasPrefix(scope, "assume:") && scope != own {
				return role, diag.Errorf(diag.BadTemplate, 0, "the task asks for scope %s, but a hook with this permission gives %s only", scope, own)
			}
			all = append(all, scope)
		}
	}
	role.Scopes = scopes.Normalize(all)
	return role, nil
}

// cronHook makes the hook that looks at .cron.yml every quarter of an hour, and its role.
func (s *Settings) cronHook(r Repository) (Hook, Role) {
	_, path, _ := strings.Cut(r.URL, "://")
	_, path, _ = strings.Cut(path, "/")
	h := Hook{Group: s.group(), ID: "cron-task-" + strings.NewReplacer("/", "-", ".", "-", "~", "-").Replace(path)}
	command := []string{"taskgraph", "cron", "--repository-url", r.URL, "--repository-type", r.Type, "--project", r.Project, "--level", strconv.Itoa(r.Level),
		"--branch", r.Branch, "--trust-domain", s.TrustDomain}
	routes := make([]string, 0, len(s.Cron.Notify))
	for _, address := range s.Cron.Notify {
		routes = append(routes, "notify.email."+address+".on-failed", "notify.email."+address+".on-exception")
	}
	// A job may also trigger an action of the newest push, once: it looks at what the hook was fired for.
	actionHooks := fmt.Sprintf("%s/%s-%d-*", s.group(), ofPushes.prefix, r.Level)
	own := []string{"assume:" + r.Role() + ":cron:*", "hooks:list-last-fires:" + actionHooks, "hooks:trigger-hook:" + actionHooks}
	queue := s.Cron.Provisioner + "/" + s.Cron.WorkerType
	task := value.MapOf(
		"taskQueueId", queue,
		"schedulerId", "cron",
		"priority", "highest",
		"created", value.MapOf("$fromNow", "0 seconds"),
		"deadline", value.MapOf("$fromNow", "1 hour"),
		"expires", value.MapOf("$fromNow", "7 days"),
		"retries", 5,
		"routes", routes,
		"scopes", own,
		"metadata", value.MapOf(
			"name", "Cron task of "+r.Project,
			"description", "Looks at `.cron.yml` and creates the decision tasks and actions that are due.",
			"owner", s.Owner,
			"source", r.URL,
		),
		"payload", value.MapOf(
			"image", s.Cron.Image,
			"command", command,
			"maxRunTime", 600,
			"env", value.MapOf("TASKCLUSTER_PROXY_URL", "http://taskcluster"),
			"features", value.MapOf("taskclusterProxy", true),
		),
	)
	description := fmt.Sprintf("%s\n\nLooks at `.cron.yml` of %s every quarter of an hour.", s.owned(), r.URL)
	h.Definition = s.definition(h, description, []string{"0 0,15,30,45 * * * *"}, task.Value(), value.MapOf("type", "object", "additionalProperties", false).Value())
	needed := append(slices.Clone(own), "queue:create-task:highest:"+queue, "queue:create-task:project:none", "queue:scheduler-id:cron")
	if len(routes) > 0 {
		needed = append(needed, "queue:route:notify.email.*")
	}
	return h, Role{ID: "hook-id:" + h.Name(), Scopes: scopes.Normalize(needed),
		Description: fmt.Sprintf("%s\n\nLets the cron hook act as the cron jobs of %s.", s.owned(), r.URL)}
}

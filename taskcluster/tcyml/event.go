package tcyml

import (
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/slugid"
	"github.com/taskgraph-go/decision/value"
)

// Event is something that happened, for which .taskcluster.yml may make tasks.
type Event struct {
	// Name is what people call it, such as pull-request.
	Name string
	// TasksFor is what the file calls it, such as github-pull-request.
	TasksFor string
	// Variables are what the file sees besides tasks_for: event for what GitHub reports, and for others what the hook
	// gets.
	Variables *value.Map
	// Role is the scope that stands for the role whose scopes the tasks get, assume:repo:REPOSITORY:CONTEXT. It is "" where
	// it is not known, and has a star for a repository that is not known.
	Role string
}

// Facts are what the events that are built in are about. What is "" has a default.
type Facts struct {
	Repository string // https://github.com/example-org/example
	Branch     string // main
	Tag        string // v1.0.0
	Rev        string // the revision that was pushed
	BaseRev    string // the one before
	Person     string // dev
	Email      string // dev@example.com
}

// anyRepository stands in a role for a repository that is not known.
const anyRepository = "*"

func (f Facts) orDefaults() Facts {
	for _, d := range []struct {
		field    *string
		fallback string
	}{
		{&f.Repository, "https://github.com/example-org/example"}, {&f.Branch, "main"}, {&f.Tag, "v1.0.0"},
		{&f.Rev, "2b3d1f0c4a5968778695a4b3c2d1e0f10f1e2d3c"}, {&f.BaseRev, "9c8b7a6f5e4d3c2b1a0f9e8d7c6b5a4f3e2d1c0b"},
		{&f.Person, "dev"}, {&f.Email, "dev@example.com"},
	} {
		if *d.field == "" {
			*d.field = d.fallback
		}
	}
	f.Repository = strings.TrimSuffix(strings.TrimSuffix(f.Repository, "/"), ".git")
	return f
}

// path gives host, owner and name, as roles have them: github.com/example-org/example.
func (f Facts) path() string {
	_, path, found := strings.Cut(f.Repository, "://")
	if !found {
		path = f.Repository
	}
	return path
}

// names gives the owner and the name of the repository.
func (f Facts) names() (owner, name string) {
	parts := strings.Split(f.path(), "/")
	name = parts[len(parts)-1]
	if len(parts) > 2 {
		owner = parts[len(parts)-2]
	}
	return owner, name
}

// builtin are the events that are built in, in the order in which they are tried.
var builtin = []struct {
	name string
	make func(f Facts) Event
}{
	{"push", push},
	{"branch", func(f Facts) Event {
		f.Branch = "feature/example"
		return push(f)
	}},
	{"tag", tag},
	{"pull-request", func(f Facts) Event { return pullRequest(f, "github-pull-request") }},
	{"pull-request-untrusted", func(f Facts) Event { return pullRequest(f, "github-pull-request-untrusted") }},
	{"release", release},
	{"issue-comment", issueComment},
	{"cron", cron},
	{"action", action},
}

// Names gives the names of the events that are built in.
func Names() []string {
	names := make([]string, len(builtin))
	for i, b := range builtin {
		names[i] = b.name
	}
	return names
}

// Find gives the event with a name that is built in.
func Find(name string, f Facts) (Event, error) {
	for _, b := range builtin {
		if b.name == name {
			e := b.make(f.orDefaults())
			e.Name = name
			if f.Repository == "" {
				e.Role = strings.Replace(e.Role, f.orDefaults().path(), anyRepository, 1)
			}
			return e, nil
		}
	}
	return Event{}, diag.Errorf(diag.UnknownName, 0, "unknown event %q", name).WithHint("%s", diag.DidYouMean(name, Names()))
}

// Events gives all events that are built in.
func Events(f Facts) []Event {
	var out []Event
	for _, name := range Names() {
		if e, err := Find(name, f); err == nil {
			out = append(out, e)
		}
	}
	return out
}

func push(f Facts) Event { return pushOf(f, "refs/heads/"+f.Branch, f.BaseRev, "branch:"+f.Branch) }

func tag(f Facts) Event {
	return pushOf(f, "refs/tags/"+f.Tag, strings.Repeat("0", 40), "tag:"+f.Tag)
}

func pushOf(f Facts, ref, before, role string) Event {
	commit := value.MapOf(
		"id", f.Rev, "tree_id", f.Rev, "distinct", true, "message", "An example", "timestamp", "2026-01-02T03:04:05Z", "url", f.Repository+"/commit/"+f.Rev,
		"author", value.MapOf("name", f.Person, "email", f.Email, "username", f.Person), "committer", value.MapOf("name", f.Person, "email", f.Email, "username", f.Person),
		"added", []string{}, "removed", []string{}, "modified", []string{"README.md"},
	)
	return Event{TasksFor: "github-push", Role: f.role(role), Variables: value.MapOf("event", value.MapOf(
		"ref", ref, "before", before, "after", f.Rev, "base_ref", nil, "created", before != f.BaseRev, "deleted", false, "forced", false,
		"compare", f.Repository+"/compare/"+before[:min(12, len(before))]+"..."+f.Rev[:min(12, len(f.Rev))], "commits", value.NewList(commit.Value()), "head_commit", commit,
		"repository", f.repository(f.Repository, 1), "pusher", value.MapOf("name", f.Person, "email", f.Email), "sender", f.person(), "organization", f.organization(), "installation", f.installation(),
	))}
}

func pullRequest(f Facts, tasksFor string) Event {
	_, name := f.names()
	fork := "https://github.com/" + f.Person + "/" + name
	side := func(ref, sha, owner string, repository *value.Map) *value.Map {
		return value.MapOf("ref", ref, "sha", sha, "label", owner+":"+ref, "user", f.person(), "repo", repository)
	}
	owner, _ := f.names()
	pull := value.MapOf(
		"id", 2, "number", 7, "state", "open", "draft", false, "locked", false, "merged", false, "title", "An example", "body", "", "labels", value.NewList(),
		"url", "https://api.github.com/repos/"+owner+"/"+name+"/pulls/7", "html_url", f.Repository+"/pull/7", "user", f.person(), "author_association", "CONTRIBUTOR",
		"head", side("feature/example", f.Rev, f.Person, f.repository(fork, 3)), "base", side(f.Branch, f.BaseRev, owner, f.repository(f.Repository, 1)),
		"merge_commit_sha", f.Rev, "commits", 1, "changed_files", 1, "created_at", "2026-01-02T03:04:05Z", "updated_at", "2026-01-02T03:04:05Z",
	)
	return Event{TasksFor: tasksFor, Role: f.role(strings.TrimPrefix(tasksFor, "github-")), Variables: value.MapOf("event", value.MapOf(
		"action", "opened", "number", 7, "pull_request", pull, "repository", f.repository(f.Repository, 1), "sender", f.person(), "organization", f.organization(), "installation", f.installation(),
	))}
}

func release(f Facts) Event {
	return Event{TasksFor: "github-release", Role: f.role("release:published"), Variables: value.MapOf("event", value.MapOf(
		"action", "published", "release", value.MapOf(
			"id", 5, "tag_name", f.Tag, "target_commitish", f.Branch, "name", f.Tag, "body", "", "draft", false, "prerelease", false, "author", f.person(),
			"html_url", f.Repository+"/releases/tag/"+f.Tag, "created_at", "2026-01-02T03:04:05Z", "published_at", "2026-01-02T03:04:05Z", "assets", value.NewList(),
		),
		"repository", f.repository(f.Repository, 1), "sender", f.person(), "organization", f.organization(), "installation", f.installation(),
	))}
}

func issueComment(f Facts) Event {
	e := pullRequest(f, "github-issue-comment")
	e.Role = f.role("pull-request")
	body := e.Variables.EditMap("event")
	body.Set("action", value.NewString("created"))
	body.Set("taskcluster_comment", value.NewString("run"))
	body.Set("issue", value.MapOf("number", 7, "title", "An example", "html_url", f.Repository+"/pull/7", "user", f.person(), "state", "open", "pull_request",
		value.MapOf("html_url", f.Repository+"/pull/7")).Value())
	body.Set("comment", value.MapOf("id", 6, "body", "/taskcluster run", "user", f.person(), "html_url", f.Repository+"/pull/7#issuecomment-6").Value())
	return e
}

// hook gives the variables of a task that a hook makes.
func (f Facts) hook(name string) *value.Map {
	_, project := f.names()
	return value.MapOf(
		"ownTaskId", slugid.Derived(name, f.Rev),
		"repository", value.MapOf("url", f.Repository, "project", project, "level", 3),
		"push", value.MapOf("branch", f.Branch, "revision", f.Rev, "owner", f.Email, "pushlog_id", "0", "pushdate", 0),
	)
}

func cron(f Facts) Event {
	vars := f.hook("cron")
	vars.Set("cron", value.MapOf("task_id", slugid.Derived("cron task", f.Rev), "job_name", "nightly", "job_symbol", "N", "quoted_args", "--target-tasks-method=nightly").Value())
	return Event{TasksFor: "cron", Variables: vars, Role: f.role("cron:nightly")}
}

func action(f Facts) Event {
	group := slugid.Derived("decision", f.Rev)
	vars := f.hook("action")
	vars.Set("taskGroupId", value.NewString(group))
	vars.Set("taskId", value.NewString(slugid.Derived("task", f.Rev)))
	vars.Set("input", value.NewMap(0).Value())
	vars.Set("clientId", value.NewString("github/1|"+f.Person))
	vars.Set("action", value.MapOf("name", "retrigger", "title", "Retrigger", "description", "Run the task again", "taskGroupId", group, "symbol", "rt",
		"action_perm", "generic", "cb_name", "retrigger", "repo_scope", f.role("action:generic")).Value())
	return Event{TasksFor: "action", Variables: vars, Role: f.role("action:generic")}
}

func (f Facts) role(context string) string { return "assume:repo:" + f.path() + ":" + context }

func (f Facts) person() *value.Map {
	return value.MapOf("id", 1, "login", f.Person, "type", "User", "html_url", "https://github.com/"+f.Person)
}

func (f Facts) organization() *value.Map {
	owner, _ := f.names()
	return value.MapOf("id", 4, "login", owner)
}

func (f Facts) installation() *value.Map { return value.MapOf("id", 8) }

// repository gives what GitHub says about a repository.
func (f Facts) repository(url string, id int) *value.Map {
	other := f
	other.Repository = url
	owner, name := other.names()
	return value.MapOf(
		"id", id, "name", name, "full_name", owner+"/"+name, "private", false, "fork", url != f.Repository, "default_branch", "main", "archived", false,
		"owner", value.MapOf("id", 4, "login", owner, "name", owner), "description", "", "visibility", "public", "stargazers_count", 0,
		"html_url", url, "url", "https://api.github.com/repos/"+owner+"/"+name, "clone_url", url+".git", "git_url", "git://github.com/"+owner+"/"+name+".git",
		"ssh_url", "git@github.com:"+owner+"/"+name+".git", "master_branch", "main",
	)
}

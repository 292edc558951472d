package hooks

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/taskgraph-go/decision/actions"
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/duration"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// Settings are what the hooks of a repository depend on besides its .taskcluster.yml.
type Settings struct {
	TrustDomain string
	// Owner is the address that hears of hooks that fail.
	Owner string
	// Repositories are where the tree is pushed to, at which level.
	Repositories []Repository
	// Permissions name what actions need, sorted; each has hooks of its own.
	Permissions []string
	// Inputs are the JSON Schemas of the input of actions, by permission. An action without one takes an object or nothing.
	Inputs map[string]value.Value
	// Retention is how long a hook of an older .taskcluster.yml is kept after it was last fired.
	Retention time.Duration
	// Cron says where cron tasks run; nil where there is no cron.
	Cron *CronSettings
}

// Repository is a place that the tree is pushed to.
type Repository struct {
	// URL is its address, such as https://github.com/example/app.
	URL string
	// Project is its name in parameters.
	Project string
	// Level is how much its pushes are trusted, from 1 to 3.
	Level int
	// Type is git or hg.
	Type string
	// Branch is what cron builds; "" means the default of the repository's type: main or default.
	Branch string
	// Cron says that .cron.yml is looked at every quarter of an hour.
	Cron bool
	// PullRequestActions says that pull requests have actions, too, at level 1.
	PullRequestActions bool
	// Pos is where the graph config has it.
	Pos diag.Pos
}

// Role gives the start of the names of the repository's roles, such as repo:github.com/example/app.
func (r Repository) Role() string {
	_, path, _ := strings.Cut(r.URL, "://")
	return "repo:" + path
}

// CronSettings say how the tasks run that look at .cron.yml.
type CronSettings struct {
	Provisioner, WorkerType string
	// Image is the docker image, which holds this program and git, as the payload has it.
	Image value.Value
	// Notify are addresses that hear of failures.
	Notify []string
}

// defaultRetention is how long hooks of an older file are kept.
const defaultRetention = 60 * 24 * time.Hour

// maxRetention is a hundred years, in seconds.
const maxRetention = 100 * 365 * 24 * 3600

// NewSettings reads the section hooks of a project's graph config. The permissions are those of the actions that the project's
// registry has; generic is always there.
func NewSettings(p *taskgraph.Project) (*Settings, error) {
	doc := p.Config.Map()
	section := doc.At("hooks").Map()
	s := &Settings{TrustDomain: p.Config.TrustDomain(), Owner: section.Str("owner"), Retention: defaultRetention, Inputs: map[string]value.Value{}}
	if section.At("repositories").List().Len() == 0 {
		return nil, p.Resolve(diag.Errorf(diag.BadConfig, doc.KeyPos("hooks"), "no repository that hooks are for").WithPath("hooks.repositories").
			InFile(p.Root + "/config.yml").WithHint("list where the tree is pushed to: hooks: {repositories: [{url: https://github.com/org/name, project: name, level: 3}]}"))
	}
	var errs diag.List
	if s.Owner == "" {
		errs.Add(diag.Errorf(diag.MissingField, doc.KeyPos("hooks"), "nobody is told of hooks that fail").WithPath("hooks.owner"))
	}
	if v := section.At("retention"); v.IsString() {
		seconds, err := duration.Parse(v.Str())
		if err != nil || seconds < 0 || seconds > maxRetention {
			errs.Add(diag.Errorf(diag.BadConfig, v.Pos(), "want a duration such as 60 days, got %s", v.Describe()).WithPath("hooks.retention"))
		} else {
			s.Retention = time.Duration(seconds) * time.Second
		}
	}
	seen := map[string]diag.Pos{}
	for i := range section.At("repositories").List().Len() {
		r, err := newRepository(section.At("repositories").List().At(i))
		if err != nil {
			errs.Add(err)
			continue
		}
		if first, twice := seen[r.URL]; twice {
			errs.Add(diag.Errorf(diag.BadConfig, r.Pos, "repository %s is listed twice", r.URL).WithPath("hooks.repositories").WithRelated(first, "here, too"))
			continue
		}
		seen[r.URL] = r.Pos
		s.Repositories = append(s.Repositories, r)
	}
	permissions := map[string]bool{actions.GenericPermission: true}
	for _, a := range p.Registry.Actions.All() {
		permissions[cmp.Or(a.Permission, actions.GenericPermission)] = true
	}
	for name, v := range section.At("action-input").Map().All() {
		s.Inputs[name] = v
		permissions[name] = true
	}
	s.Permissions = slices.Sorted(maps.Keys(permissions))
	if slices.ContainsFunc(s.Repositories, func(r Repository) bool { return r.Cron }) {
		c := section.At("cron").Map()
		if c == nil {
			errs.Add(diag.Errorf(diag.MissingField, doc.KeyPos("hooks"), "where cron tasks run is not said, but a repository has cron").WithPath("hooks.cron").
				WithHint("add cron: {provisioner: ..., worker-type: ..., image: ...} to hooks"))
		} else {
			s.Cron = &CronSettings{Provisioner: c.Str("provisioner"), WorkerType: c.Str("worker-type"), Image: c.At("image"), Notify: c.At("notify").List().Strings()}
		}
	}
	for _, d := range diag.Flatten(errs.Err(p.Sources)) {
		d.InFile(p.Root + "/config.yml")
	}
	return s, errs.Err(p.Sources)
}

// newRepository reads an entry of hooks.repositories, whose fields the schema has checked.
func newRepository(v value.Value) (Repository, error) {
	m := v.Map()
	r := Repository{URL: m.Str("url"), Project: m.Str("project"), Type: cmp.Or(m.Str("type"), "git"), Branch: m.Str("branch"), Cron: m.At("cron").IsTrue(),
		PullRequestActions: m.At("pull-request-actions").IsTrue(), Pos: m.At("url").Pos()}
	level, _ := m.At("level").AsInt()
	r.Level = int(level)
	if r.Branch == "" {
		r.Branch = map[string]string{"git": "main", "hg": "default"}[r.Type]
	}
	// Scopes and the trigger schema are made of the address, so it must be just what tasks report.
	u, err := url.Parse(r.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") == "" || strings.HasSuffix(u.Path, "/") || u.RawQuery != "" || u.Fragment != "" ||
		u.User != nil || strings.HasSuffix(u.Path, ".git") || strings.ContainsAny(r.URL, "* ") {
		return r, diag.Errorf(diag.BadConfig, r.Pos, "want the address of a repository, such as https://github.com/org/name, got %q", r.URL).WithPath("hooks.repositories.url")
	}
	return r, nil
}

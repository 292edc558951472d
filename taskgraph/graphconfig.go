package taskgraph

import (
	"sync"
	"sync/atomic"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// GraphConfig is a repository's config.yml: what holds for all of its kinds. It is safe for
// concurrent use, and nothing changes it but [Project.ReplaceConfig].
type GraphConfig struct {
	doc     atomic.Pointer[value.Map]
	project *Project

	mu          sync.Mutex
	aliases     map[string]aliasAnswer
	workerTypes map[[2]string]workerTypeAnswer
	byProject   map[[2]string]keyedAnswer
}

type aliasAnswer struct {
	config *value.Map
	err    error
}

type workerTypeAnswer struct {
	provisioner, workerType string
	err                     error
}

type keyedAnswer struct {
	v   value.Value
	err error
}

func newGraphConfig(doc *value.Map, project *Project) *GraphConfig {
	c := &GraphConfig{project: project}
	c.replace(doc)
	return c
}

// replace has another document in the place of the one that is there.
func (c *GraphConfig) replace(doc *value.Map) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.doc.Store(doc)
	c.aliases, c.workerTypes, c.byProject = map[string]aliasAnswer{}, map[[2]string]workerTypeAnswer{}, map[[2]string]keyedAnswer{}
}

// Map gives the document.
func (c *GraphConfig) Map() *value.Map { return c.doc.Load() }

// Get gives a top-level value and whether it is there.
func (c *GraphConfig) Get(name string) (value.Value, bool) { return c.Map().Get(name) }

// Taskgraph gives a value of the taskgraph section, null where it is absent.
func (c *GraphConfig) Taskgraph(name string) value.Value {
	return c.Map().At("taskgraph").Map().At(name)
}

// TrustDomain names the set of projects that trust each other's artifacts; it begins scopes, routes and caches.
func (c *GraphConfig) TrustDomain() string { return c.Map().Str("trust-domain") }

// CachedTaskPrefix begins the index paths of cached tasks: the trust domain unless the config says otherwise.
func (c *GraphConfig) CachedTaskPrefix() string {
	if s, ok := c.Taskgraph("cached-task-prefix").AsString(); ok {
		return s
	}
	return c.TrustDomain()
}

// CachePullRequests says whether tasks of pull requests may fill a cache of their own.
func (c *GraphConfig) CachePullRequests() bool {
	v := c.Taskgraph("cache-pull-requests")
	_, set := c.Map().At("taskgraph").Map().Get("cache-pull-requests")
	return !set || v.Truthy()
}

// ExpiresAfter is how long tasks of level 1 and their artifacts are kept unless they say otherwise.
func (c *GraphConfig) ExpiresAfter() value.Value {
	if v := c.Map().At("task-expires-after"); v.IsString() {
		return v
	}
	return value.NewString("28 days")
}

// forProject resolves a top-level value that may be keyed by project, once for each project.
func (c *GraphConfig) forProject(field, project string) (value.Value, error) {
	key := [2]string{field, project}
	c.mu.Lock()
	defer c.mu.Unlock()
	a, ok := c.byProject[key]
	if !ok {
		a.v, a.err = value.EvaluateKeyedBy(c.Map().At(field), value.Keyed{Item: "config.yml: " + field, Attr: attr("project", project)})
		c.byProject[key] = a
	}
	return a.v, a.err
}

// Priority gives the default priority of a project's tasks.
func (c *GraphConfig) Priority(project string) (value.Value, error) {
	return c.forProject("task-priority", project)
}

// DeadlineAfter gives the default deadline of a project's tasks, relative to their creation.
func (c *GraphConfig) DeadlineAfter(project string) (value.Value, error) {
	if !c.Map().Has("task-deadline-after") {
		return value.NewString("1 day"), nil
	}
	return c.forProject("task-deadline-after", project)
}

func attr(name, text string) func(string) (value.Value, bool) {
	return func(n string) (value.Value, bool) { return value.NewString(text), n == name }
}

// builtinWorkerTypes need no alias; their provisioners and worker types are fixed.
var builtinWorkerTypes = map[string][2]string{
	"always-optimized": {"invalid", "always-optimized"},
	"succeed":          {"built-in", "succeed"},
}

// alias gives the configuration of a worker alias. The keys of workers.aliases are patterns, as those of a by-* value.
// The caller holds c.mu.
func (c *GraphConfig) alias(name string, pos diag.Pos) (*value.Map, error) {
	a, ok := c.aliases[name]
	if !ok {
		aliases := c.Map().At("workers").Map().At("aliases")
		v, err := value.EvaluateKeyedBy(value.MapOf("by-worker-type", aliases).Value(), value.Keyed{Item: "workers.aliases", Attr: attr("worker-type", name)})
		a.config = v.Map()
		a.err = unknownWorkerType(name, v, err, aliases.Map())
		c.aliases[name] = a
	}
	if a.err != nil {
		return nil, diag.Placed(a.err, pos, "")
	}
	return a.config, nil
}

// unknownWorkerType says why a worker type has no alias: nil when it has one, which is v. err is that of the look-up.
func unknownWorkerType(name string, v value.Value, err error, aliases *value.Map) error {
	if err == nil && v.Map() != nil {
		return nil
	}
	for _, d := range diag.Flatten(err) {
		if d.Pos != 0 { // the key of an alias is no pattern
			d.Path = "workers.aliases"
			return d
		}
		if len(d.Related) > 0 {
			many := diag.Errorf(diag.BadWorker, 0, "several worker aliases match the worker type %q", name)
			many.Related = d.Related
			return many
		}
	}
	return diag.Errorf(diag.BadWorker, 0, "unknown worker type %q", name).
		WithHint("%s", diag.DidYouMean(name, append(aliases.Keys(), "always-optimized", "succeed")))
}

// Implementation gives the worker implementation and the operating system of a worker type's workers. The operating
// system is "" where it is not known. pos is where the worker type was asked for.
func (c *GraphConfig) Implementation(workerType string, pos diag.Pos) (implementation, os string, err error) {
	if _, ok := builtinWorkerTypes[workerType]; ok {
		return workerType, "", nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	a, err := c.alias(workerType, pos)
	if err != nil {
		return "", "", err
	}
	return a.Str("implementation"), a.Str("os"), nil
}

// WorkerType gives the provisioner and worker type that an alias stands for at a level.
func (c *GraphConfig) WorkerType(alias, level string, pos diag.Pos) (provisioner, workerType string, err error) {
	if b, ok := builtinWorkerTypes[alias]; ok {
		return b[0], b[1], nil
	}
	key := [2]string{alias, level}
	c.mu.Lock()
	defer c.mu.Unlock()
	if a, ok := c.workerTypes[key]; ok {
		return a.provisioner, a.workerType, a.err
	}
	a, err := c.alias(alias, pos)
	if err != nil {
		return "", "", err
	}
	var out workerTypeAnswer
	out.provisioner, err = c.aliasField(a, alias, "provisioner", level)
	if err == nil {
		out.workerType, err = c.aliasField(a, alias, "worker-type", level)
	}
	out.err = err
	c.workerTypes[key] = out
	return out.provisioner, out.workerType, out.err
}

// aliasField gives a field of a worker alias at a level, with {alias}, {level} and {trust-domain} filled in.
func (c *GraphConfig) aliasField(config *value.Map, alias, field, level string) (string, error) {
	path := "workers.aliases." + alias + "." + field
	v, err := value.EvaluateKeyedBy(config.At(field), value.Keyed{Item: path, Attr: attr("level", level)})
	if err != nil {
		return "", diag.Placed(err, config.KeyPos(field), path)
	}
	s, ok := v.AsString()
	if !ok {
		return "", diag.Errorf(diag.WrongType, v.Pos(), "want a string, got %s", v.Describe()).WithPath(path)
	}
	names := value.MapOf("alias", alias, "level", level, "trust-domain", c.TrustDomain())
	s, err = value.Format(s, names.Get)
	return s, diag.Placed(value.WithNames(err, names.Keys()), v.Pos(), path)
}

// Repository is one repository that tasks may check out.
type Repository struct {
	Prefix         string // begins the environment variables and flags of its checkout
	Name           string
	BaseRepository string
	HeadRepository string
	HeadRef        string
	HeadRev        *string // nil where only the ref is known
	Type           string  // git or hg
	Path           string  // below the checkout of the main one
	SSHSecretName  *string // nil where no key is needed
}

// GroupNames gives the treeherder groups, symbol to name.
func (c *GraphConfig) GroupNames() *value.Map {
	return c.Map().At("treeherder").Map().At("group-names").Map()
}

// Products gives the index products, nil where the config has no index section.
func (c *GraphConfig) Products() []string {
	return c.Map().At("index").Map().At("products").List().Strings()
}

// DisabledActions gives the callbacks of actions that actions.json leaves out.
func (c *GraphConfig) DisabledActions() []string {
	return c.Taskgraph("disabled-actions").List().Strings()
}

// DockerImageKind names the kind of docker images.
func (c *GraphConfig) DockerImageKind() string {
	if s, ok := c.Map().At("docker-image-kind").AsString(); ok {
		return s
	}
	return "docker-image"
}

package transforms

import (
	"strconv"
	"sync"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/duration"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// taskBuild has what is the same for all tasks of a kind.
type taskBuild struct {
	cfg     *taskgraph.Config
	level   string
	project value.Value
	owner   value.Value
	source  value.Value
	parent  value.Value
	expires value.Value
	tags    *value.Map // those of every task, with a place for the label
	link    string     // suffix of descriptions, for tasks that Treeherder shows
	// deadline and priority are those of tasks that do not say.
	deadline, priority func() (value.Value, error)
	// created is when tasks come into being.
	created value.Value
}

// buildTask makes the task definition, the attributes and the dependencies of a task description.
func buildTask(cfg *taskgraph.Config) (taskgraph.Each, error) {
	p := cfg.Params
	b := &taskBuild{cfg: cfg, level: p.At("level").Str(), project: value.NewString(p.BlankText("project")), owner: p.BlankAt("owner"), parent: value.NewString(cfg.Project.Environment("TASK_ID")),
		created: value.MapOf("relative-datestamp", "0 seconds").Value(), expires: value.NewString("1 year"), link: " ([Treeherder push](https://treeherder.mozilla.org/#/jobs?repo=" + treeherderProject(p, true) + "&revision=" + p.BlankText("head_rev") + "))"}
	b.tags = value.NewKeys("createdForUser", "kind", "label", "project", "trust-domain").Map(
		b.owner, value.NewString(cfg.Kind), value.Value{}, b.project, value.NewString(cfg.Graph.TrustDomain()))
	b.tags.Freeze()
	if _, err := strconv.Atoi(b.level); err != nil {
		return nil, diag.Errorf(diag.BadParameters, p.At("level").Pos(), "want a number in quotes, got %s", p.At("level").Describe()).WithPath("level")
	}
	var err error
	b.source, err = p.Blank("page of "+cfg.Path, func(p *parameters.Params) (value.Value, error) {
		url, err := p.FileURL(cfg.Path, true)
		return value.NewString(url), err
	})
	if err != nil {
		return nil, err
	}
	b.created.Map().Freeze()
	b.deadline = sync.OnceValues(func() (value.Value, error) { return defaultDeadline(cfg) })
	b.priority = sync.OnceValues(func() (value.Value, error) {
		return p.Blank("default priority", func(p *parameters.Params) (value.Value, error) { return cfg.Graph.Priority(p.Project()) })
	})
	if b.level == "1" {
		b.expires = cfg.Graph.ExpiresAfter()
	}
	return b.build, nil
}

// datestamp gives {"relative-datestamp": duration}, the same one for the same duration. The reference reads durations
// when it creates the tasks only, which is late to learn of a mistake.
func (b *taskBuild) datestamp(after value.Value, path string) (value.Value, error) {
	stamp := func() value.Value {
		m := value.MapOf("relative-datestamp", after)
		m.Freeze()
		return m.Value().At(after.Pos())
	}
	text, ok := after.AsString()
	if !ok || value.HasBlank(text) {
		return stamp(), nil
	}
	type key struct {
		text string
		pos  diag.Pos
	}
	v, err := taskgraph.MemoErr(b.cfg, key{text, after.Pos()}, func() (value.Value, error) {
		_, err := duration.Parse(text)
		return stamp(), err
	})
	return v, diag.Placed(err, after.Pos(), path)
}

// workers is the provisioner and the worker type that tasks of an alias have.
type workers struct{ provisioner, workerType, both value.Value }

// workersOf gives those of a task.
func (b *taskBuild) workersOf(cfg *taskgraph.Config, alias value.Value) (*workers, error) {
	type key struct {
		alias string
		pos   diag.Pos
	}
	return taskgraph.MemoErr(cfg, key{alias.Str(), alias.Pos()}, func() (*workers, error) {
		provisioner, workerType, err := cfg.Graph.WorkerType(alias.Str(), b.level, alias.Pos())
		at := func(s string) value.Value { return value.NewString(s).At(alias.Pos()) }
		return &workers{at(provisioner), at(workerType), at(provisioner + "/" + workerType)}, err
	})
}

func (b *taskBuild) build(cfg *taskgraph.Config, stub *value.Map, yield func(*value.Map)) error {
	label := stub.At("label")
	alias := stub.At("worker-type")
	workers, err := b.workersOf(cfg, alias)
	if err != nil {
		return err
	}
	stub.Set("worker-type", workers.both)
	scopes, err := b.scopes(stub)
	if err != nil {
		return err
	}
	extra := editMapOrNew(stub, "extra")
	extra.Set("parent", b.parent)
	stub.SetDefault("expires-after", b.expires)
	if !stub.Has("deadline-after") {
		v, err := b.deadline()
		if err != nil {
			return err
		}
		stub.Set("deadline-after", v)
	}
	priority, ok := stub.Get("priority")
	if !ok {
		if priority, err = b.priority(); err != nil {
			return err
		}
	}
	tags := editMapOrNew(stub, "tags")
	tags.Update(b.tags)
	tags.Set("label", label)

	description := stub.At("description")
	deadline, err := b.datestamp(stub.At("deadline-after"), "deadline-after")
	if err != nil {
		return err
	}
	expires, err := b.datestamp(stub.At("expires-after"), "expires-after")
	if err != nil {
		return err
	}
	full := description
	if extra.At("treeherder").Truthy() {
		full = value.NewString(description.Str() + b.link).At(description.Pos())
	}
	metadata := metadataKeys.MapNear(stub, full, label, b.owner, b.source)
	editListOrNew(stub, "routes")
	def := definitionKeys.MapNear(stub,
		workers.provisioner, workers.workerType, stub.At("routes"), b.created, deadline, expires,
		scopes.Value(), metadata.Value(), extra.Value(), tags.Value(), priority, noMap)
	if v := stub.At("requires"); v.Truthy() {
		def.Set("requires", v)
	}

	if cfg.Params.RepositoryType() == "git" {
		// Every task of a git repository reports to GitHub.
		def.EditList("routes").Append(checks)
	}
	implementation := stub.At("worker").Map().Str("implementation")
	builder, err := cfg.Registry.PayloadBuilders.Find(implementation, stub.At("worker").Pos(), diag.BadWorker)
	if err != nil {
		return err
	}
	if err := builder.Build(cfg, stub, def); err != nil {
		return err
	}
	attributes, err := b.attributes(cfg, stub)
	if err != nil {
		return err
	}
	ifDeps, err := ifDependencies(stub)
	if err != nil {
		return err
	}
	yield(builtKeys.MapNear(stub, label, description, def.Value(), mapOrEmpty(stub.At("dependencies")), ifDeps,
		listOrEmpty(stub.At("soft-dependencies")), attributes, stub.At("optimization")))
	return nil
}

var (
	one    = value.NewString("1")
	checks = value.NewString("checks")
)

// The keys of what is made of every task.
var (
	metadataKeys   = value.NewKeys("description", "name", "owner", "source")
	definitionKeys = value.NewKeys("provisionerId", "workerType", "routes", "created", "deadline", "expires", "scopes", "metadata", "extra", "tags", "priority", "payload")
	builtKeys      = value.NewKeys("label", "description", "task", "dependencies", "if-dependencies", "soft-dependencies", "attributes", "optimization")
	attributeKeys  = value.NewKeys("run_on_projects", "run_on_tasks_for", "always_target")
)

// defaultDeadline gives when tasks expire that do not say, relative to their creation.
func defaultDeadline(cfg *taskgraph.Config) (value.Value, error) {
	isDuration := func(v value.Value) bool {
		_, err := duration.Parse(v.Str())
		return v.IsString() && err == nil
	}
	return cfg.Params.BlankWhere("default deadline", isDuration, func(p *parameters.Params) (value.Value, error) { return cfg.Graph.DeadlineAfter(p.Project()) })
}

// scopes fills {level} and {project} in.
func (b *taskBuild) scopes(stub *value.Map) (*value.List, error) {
	list := stub.At("scopes").List()
	out := value.NewListNear(stub, list.Len()+4)
	for v := range list.Values() {
		s, err := value.Format(v.Str(), func(name string) (value.Value, bool) {
			switch name {
			case "level":
				return value.NewString(b.level), true
			case "project":
				return b.project, true
			}
			return value.Value{}, false
		})
		if err != nil {
			return nil, value.WithNames(at(err, v, "scopes"), []string{"level", "project"})
		}
		out.Append(value.NewString(s).At(v.Pos()))
	}
	return out, nil
}

// attributes gives the task's attributes with those that target task methods look at.
func (b *taskBuild) attributes(cfg *taskgraph.Config, stub *value.Map) (value.Value, error) {
	attributes := editMapOrNew(stub, "attributes")
	projects, ok := stub.Get("run-on-projects")
	if value.IsKeyedBy(projects) {
		platform := attributes.At("build_platform")
		v, err := value.EvaluateKeyedBy(projects, value.Keyed{Item: "`run-on-projects` in `" + stub.Str("label") + "`", Attr: func(name string) (value.Value, bool) {
			if name == "build-platform" {
				return platform, !platform.IsNull()
			}
			return stub.Get(name)
		}})
		if err != nil {
			return v, at(err, projects, "run-on-projects")
		}
		projects = v
	} else if !ok {
		projects = all
	}
	tasksFor, ok := stub.Get("run-on-tasks-for")
	if !ok {
		tasksFor = all
	}
	attributes.Update(attributeKeys.MapNear(stub, projects, tasksFor, stub.At("always-target")))
	if v := stub.At("run-on-git-branches"); v.Truthy() {
		attributes.Set("run_on_git_branches", v)
	}
	if v := stub.At("shipping-phase"); !v.IsNull() {
		attributes.Set("shipping_phase", v)
	} else {
		attributes.SetDefault("shipping_phase", value.Value{})
	}
	return attributes.Value(), nil
}

// all is the value of run_on_projects and run_on_tasks_for of tasks that do not say.
var all = value.NewStrings("all").Value()

// ifDependencies gives the labels of the dependencies that if-dependencies names.
func ifDependencies(stub *value.Map) (value.Value, error) {
	names := stub.At("if-dependencies")
	if !names.Truthy() {
		return noList, nil
	}
	dependencies := stub.At("dependencies").Map()
	labels := value.NewList()
	var errs []*diag.Diagnostic
	for v := range names.List().Values() {
		label, ok := dependencies.Get(v.Str())
		if !ok {
			errs = append(errs, diag.Errorf(diag.BadTask, v.Pos(), "%q is not a dependency", v.Str()).WithPath("if-dependencies").
				WithHint("%s", diag.DidYouMean(v.Str(), dependencies.Keys())))
			continue
		}
		labels.Append(label)
	}
	return labels.Value(), invalid(errs)
}

var (
	noList = value.NewList().Value()
	noMap  = value.NewMap(0).Value()
)

func listOrEmpty(v value.Value) value.Value {
	if v.List() == nil {
		return noList
	}
	return v
}

func mapOrEmpty(v value.Value) value.Value {
	if v.Map() == nil {
		return noMap
	}
	return v
}

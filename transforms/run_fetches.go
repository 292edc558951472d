package transforms

import (
	"cmp"
	"path"
	"slices"
	"strings"
	"unsafe"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// fetchTargets is what the fetches of a kind's tasks can name.
type fetchTargets struct {
	artifacts map[string]string     // label of a fetch or toolchain task: its artifact
	aliases   map[string]string     // kind-alias: label
	env       map[string]*value.Map // label: environment for who uses it
	listed    map[string]string     // kind-alias of an alias that stands in a list: label
	prefixes  map[string]string     // label of a task of this kind: prefix of its artifacts
}

// useFetches turns the fetches of tasks into dependencies and the MOZ_FETCHES variable, from which fetch-content knows
// what to download and unpack before the task's command runs. Tasks come out after those of the same kind that they
// depend on.
func useFetches(cfg *taskgraph.Config, stubs []*value.Map) ([]*value.Map, taskgraph.Each, error) {
	t := newFetchTargets(len(stubs))
	own := cfg.Kind == "toolchain" || cfg.Kind == "fetch"
	for _, stub := range stubs {
		label := stub.Str("label")
		t.prefixes[label] = ArtifactPrefix(stub.At("attributes").Map())
		if own {
			run := stub.At("run").Map()
			t.add(cfg.Kind, label, run.At("toolchain-artifact"), run.At(cfg.Kind+"-alias"))
		}
	}
	t.addDependencies(cfg)
	ordered, err := orderTasks(cfg, stubs)
	return ordered, t.use, err
}

// useFetchesEarly is for tasks that need none of their own kind.
func useFetchesEarly(cfg *taskgraph.Config) (taskgraph.Each, error) {
	if cfg.Kind == "toolchain" || cfg.Kind == "fetch" {
		return nil, errNeedsPlan
	}
	t := newFetchTargets(0)
	t.addDependencies(cfg)
	return func(cfg *taskgraph.Config, stub *value.Map, yield func(*value.Map)) error {
		if !stub.At("label").IsString() {
			return errNeedsPlan
		}
		for e := range stub.At("dependencies").Map().Entries() {
			if label := e.Value.Str(); strings.HasPrefix(label, cfg.Kind) && cfg.Deps.Task(label) == nil {
				return errNeedsPlan
			}
		}
		return t.use(cfg, stub, yield)
	}, nil
}

// use replaces the fetches of a task.
func (t *fetchTargets) use(cfg *taskgraph.Config, stub *value.Map, yield func(*value.Map)) error {
	fetches, _ := stub.Delete("fetches")
	if fetches.Truthy() {
		if err := t.resolve(cfg, stub, fetches.Map()); err != nil {
			return err
		}
	}
	yield(stub)
	return nil
}

func newFetchTargets(stubs int) *fetchTargets {
	return &fetchTargets{artifacts: map[string]string{}, aliases: map[string]string{}, env: map[string]*value.Map{}, listed: map[string]string{}, prefixes: make(map[string]string, stubs)}
}

// addDependencies adds the tasks of kinds that the kind depends on.
func (t *fetchTargets) addDependencies(cfg *taskgraph.Config) {
	for _, dep := range cfg.Deps.All() {
		if dep.Kind == "fetch" || dep.Kind == "toolchain" {
			t.add(dep.Kind, dep.Label, dep.Attribute(dep.Kind+"-artifact"), dep.Attribute(dep.Kind+"-alias"))
			if env := dep.Attribute(dep.Kind + "-env").Map(); env.Len() > 0 {
				t.env[dep.Label] = env
			}
		}
	}
}

func (t *fetchTargets) add(kind, label string, artifact, alias value.Value) {
	if s := artifact.Str(); s != "" {
		t.artifacts[label] = s
	}
	// An alias in a list can be claimed, but as in the reference nothing can be fetched by it.
	switch {
	case alias.Str() != "":
		t.aliases[kind+"-"+alias.Str()] = label
	case alias.List() != nil:
		for _, a := range alias.List().Strings() {
			t.listed[kind+"-"+a] = label
		}
	}
}

// resolved is what a task gets for its fetches.
type resolved struct {
	dependencies []value.Value // labels of fetch and toolchain tasks
	env          *value.Map
	text         value.Value // MOZ_FETCHES
	private      []string    // directories of artifacts that are not public, sorted
	errs         []*diag.Diagnostic
}

// resolve makes the dependencies, scopes and environment of one task's fetches.
func (t *fetchTargets) resolve(cfg *taskgraph.Config, stub, fetches *value.Map) error {
	dependencies := editMapOrNew(stub, "dependencies")
	var room [len(sourcesKey{})]source
	sources, err := t.sources(room[:0], cfg, dependencies, fetches)
	if err != nil {
		return err
	}
	var r *resolved
	if key, ok := sourcesKeyOf(sources); ok {
		r = taskgraph.Memo(cfg, key, func() *resolved { return t.all(cfg, sources) })
	} else {
		r = t.all(cfg, sources)
	}
	if len(r.errs) > 0 {
		return invalid(r.errs)
	}
	for _, label := range r.dependencies {
		dependencies.Set(label.Str(), label)
	}
	worker := stub.EditMap("worker")
	if len(r.private) > 0 {
		// Private artifacts come through the proxy, with a scope for each directory.
		worker.Set("taskcluster-proxy", value.NewBool(true))
		scopes := editListOrNew(stub, "scopes")
		for _, dir := range r.private {
			if scope := "queue:get-artifact:" + dir + "/*"; !scopes.ContainsString(scope) {
				scopes.AppendStrings(scope)
			}
		}
	}
	env := editMapOrNew(worker, "env")
	env.Update(r.env)
	env.Set("MOZ_FETCHES", r.text)
	env.SetDefault("MOZ_FETCHES_DIR", fetchesDir)
	return nil
}

var fetchesDir = value.NewString("fetches")

// source is what a task fetches from one dependency, or from tasks of the kind fetch or toolchain.
type source struct {
	kind   string // or another name of a dependency
	list   value.Value
	prefix string // of the dependency's artifacts
}

// sourcesKey stands for sources.
type sourcesKey [4]struct {
	kind   string
	list   unsafe.Pointer
	prefix string
}

// sourcesKeyOf gives the key of sources, unless they are too many.
func sourcesKeyOf(sources []source) (key sourcesKey, ok bool) {
	if len(sources) > len(key) {
		return key, false
	}
	for i, s := range sources {
		key[i].kind, key[i].list, key[i].prefix = s.kind, s.list.Identity(), s.prefix
	}
	return key, true
}

// sources appends what a task fetches, by the names of where from, to an empty slice.
func (t *fetchTargets) sources(sources []source, cfg *taskgraph.Config, dependencies, fetches *value.Map) ([]source, error) {
	var errs []*diag.Diagnostic
	fail := func(d *diag.Diagnostic) { errs = append(errs, d) }
	for kind, list := range fetches.All() {
		if kind == "fetch" || kind == "toolchain" {
			sources = append(sources, source{kind: kind, list: list})
			continue
		}
		dep := dependencies.At(kind)
		if !dep.IsString() {
			fail(diag.Errorf(diag.MissingFetch, fetches.KeyPos(kind), "cannot fetch artifacts of %q: the task has no dependency with that name", kind).
				WithPath("fetches."+kind).WithHint("%s", diag.DidYouMean(kind, append(dependencies.Keys(), "fetch", "toolchain"))))
			continue
		}
		prefix, ok := t.prefixes[dep.Str()]
		if !ok {
			depTask := cfg.Deps.Task(dep.Str())
			if depTask == nil {
				if !cfg.Failed(dep.Str()) {
					fail(diag.Errorf(diag.MissingFetch, fetches.KeyPos(kind), "cannot fetch artifacts of %q: there is no task %q in the kinds that this kind depends on", kind, dep.Str()).
						WithPath("fetches."+kind).WithHint("%s", diag.DidYouMean(dep.Str(), cfg.Deps.Labels())).WithRelated(dep.Pos(), "the dependency"))
				}
				continue
			}
			prefix = ArtifactPrefix(depTask.Attributes)
		}
		sources = append(sources, source{kind, list, prefix})
	}
	slices.SortFunc(sources, func(a, b source) int { return cmp.Compare(a.kind, b.kind) })
	return sources, invalid(errs)
}

// all works out what tasks with these fetches get.
func (t *fetchTargets) all(cfg *taskgraph.Config, sources []source) *resolved {
	r := &resolved{env: value.NewMap(0)}
	var list []value.Value
	for _, s := range sources {
		kind := s.kind
		for _, e := range sortedFetches(s.list.List()) {
			if kind != "fetch" && kind != "toolchain" {
				artifact := s.prefix + "/" + e.name
				list = append(list, e.document(artifact, kind))
				r.private = addPrivate(r.private, artifact)
				continue
			}
			label := kind + "-" + e.name
			if l, ok := t.aliases[label]; ok {
				label = l
			}
			artifact, ok := t.artifacts[label]
			if !ok {
				if !cfg.Failed(label) {
					r.errs = append(r.errs, t.missing(kind, e))
				}
				continue
			}
			if extra := t.env[label]; extra != nil {
				r.env.Update(extra)
			}
			r.dependencies = append(r.dependencies, value.NewString(label).At(e.pos))
			list = append(list, e.document(artifact, label))
			r.private = addPrivate(r.private, artifact)
		}
	}
	slices.Sort(r.private)
	text, err := value.SortedJSON(value.NewList(list...).Value())
	r.errs = append(r.errs, diag.Flatten(err)...)
	r.text = taskReference(text)
	return r
}

// addPrivate adds the directory of an artifact that is not public, once.
func addPrivate(dirs []string, artifact string) []string {
	if strings.HasPrefix(artifact, "public/") {
		return dirs
	}
	dir := path.Dir(artifact)
	if !strings.Contains(artifact, "/") {
		dir = ""
	}
	if slices.Contains(dirs, dir) {
		return dirs
	}
	return append(dirs, dir)
}

// missing says that nothing provides a fetch, and what is near.
func (t *fetchTargets) missing(kind string, e fetchEntry) *diag.Diagnostic {
	var names []string
	for _, all := range []map[string]string{t.artifacts, t.aliases} {
		for label := range all {
			if n, ok := strings.CutPrefix(label, kind+"-"); ok {
				names = append(names, n)
			}
		}
	}
	if label, ok := t.listed[kind+"-"+e.name]; ok {
		return diag.Errorf(diag.MissingFetch, e.pos, "%q is one of several aliases of %q, and only a single alias can be fetched by", e.name, label).
			WithPath("fetches."+kind).WithHint("fetch %q, or make %s-alias a string", strings.TrimPrefix(label, kind+"-"), kind)
	}
	return diag.Errorf(diag.MissingFetch, e.pos, "there is no %s task for %q", kind, e.name).WithPath("fetches."+kind).
		WithHint("%s", cmp.Or(diag.DidYouMean(e.name, names), "is the kind "+kind+" among the kind-dependencies?"))
}

// fetchEntry is one entry of fetches: a name, or a map with more.
type fetchEntry struct {
	name string
	pos  diag.Pos
	more *value.Map
}

// sortedFetches gives the entries by name; those with the same name stay in order.
func sortedFetches(list *value.List) []fetchEntry {
	out := make([]fetchEntry, 0, list.Len())
	for v := range list.Values() {
		e := fetchEntry{name: v.Str(), pos: v.Pos(), more: v.Map()}
		if e.more != nil {
			e.name = e.more.Str("artifact")
			e.pos = e.more.At("artifact").Pos()
		}
		out = append(out, e)
	}
	slices.SortStableFunc(out, func(a, b fetchEntry) int { return cmp.Compare(a.name, b.name) })
	return out
}

// document is what fetch-content reads.
func (e fetchEntry) document(artifact, task string) value.Value {
	extract := value.NewBool(true)
	if v, ok := e.more.Get("extract"); ok {
		extract = v
	}
	var m *value.Map
	if dest := e.more.At("dest"); dest.IsNull() {
		m = fetchKeys.Map(value.NewString(artifact), value.NewString("<"+task+">"), extract)
	} else {
		m = fetchIntoKeys.Map(value.NewString(artifact), value.NewString("<"+task+">"), extract, dest)
	}
	if v := e.more.At("verify-hash"); v.Truthy() {
		m.Set("verify-hash", v)
	}
	return m.Value()
}

var (
	fetchKeys     = value.NewKeys("artifact", "task", "extract")
	fetchIntoKeys = value.NewKeys("artifact", "task", "extract", "dest")
)

// taskReference gives {"task-reference": text}.
func taskReference(text string) value.Value {
	return referenceKeys.Map(value.NewString(text)).Value()
}

var referenceKeys = value.NewKeys("task-reference")

// editMapOrNew gives the map at a key, to be changed; a null there counts as absent.
func editMapOrNew(m *value.Map, key string) *value.Map {
	if m.Has(key) && m.At(key).IsNull() {
		m.Set(key, value.NewMap(0).Value())
	}
	return m.EditMap(key)
}

// editListOrNew gives the list at a key, to be changed; a null there counts as absent.
func editListOrNew(m *value.Map, key string) *value.List {
	if m.Has(key) && m.At(key).IsNull() {
		m.Set(key, value.NewList().Value())
	}
	return m.EditList(key)
}

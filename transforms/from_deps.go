package transforms

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// fromDepsSequence makes of one task as many as there are groups of the dependencies that it asks for.
func fromDepsSequence() taskgraph.Sequence {
	return taskgraph.Sequence{
		validateStep("from-deps"),
		{Name: "from_deps", Begin: beginFromDeps, Expands: true},
	}
}

func beginFromDeps(cfg *taskgraph.Config) (taskgraph.Each, error) {
	kinds := cfg.Map.At("kind-dependencies")
	upstream := newUpstream(cfg.Deps)
	return func(cfg *taskgraph.Config, stub *value.Map, yield func(*value.Map)) error {
		v, _ := stub.Delete("from-deps")
		f, err := newFollower(cfg, stub, v, kinds, upstream)
		if err != nil {
			return err
		}
		groups, err := f.groups()
		if err != nil {
			return err
		}
		for _, group := range groups {
			task, err := f.follow(group)
			if err != nil {
				return err
			}
			yield(task)
		}
		return nil
	}, nil
}

// upstream is the tasks of the kinds that a kind depends on.
type upstream struct {
	deps   *taskgraph.Dependencies
	runs   [][]*taskgraph.Task // the tasks in order, cut where the kind changes
	places func() map[*taskgraph.Task]int
}

func newUpstream(deps *taskgraph.Dependencies) *upstream {
	u := &upstream{deps: deps}
	for rest := deps.All(); len(rest) > 0; {
		n := slices.IndexFunc(rest, func(t *taskgraph.Task) bool { return t.Kind != rest[0].Kind })
		if n < 0 {
			n = len(rest)
		}
		u.runs, rest = append(u.runs, rest[:n:n]), rest[n:]
	}
	u.places = sync.OnceValue(func() map[*taskgraph.Task]int {
		m := make(map[*taskgraph.Task]int, len(deps.All()))
		for i, t := range deps.All() {
			m[t] = i
		}
		return m
	})
	return u
}

// matching gives the tasks of some kinds that have some attributes.
func (u *upstream) matching(kinds []string, with *value.Map) []*taskgraph.Task {
	var out []*taskgraph.Task
	for _, run := range u.runs {
		if !slices.Contains(kinds, run[0].Kind) {
			continue
		}
		if with.Len() == 0 {
			out = append(out, run...)
			continue
		}
		for _, t := range run {
			if AttributesMatch(t.Attributes, with) {
				out = append(out, t)
			}
		}
	}
	return out
}

// named gives those of the tasks that dependencies lead to, in the order of the tasks.
func (u *upstream) named(dependencies *value.Map) []*taskgraph.Task {
	var out []*taskgraph.Task
	for _, label := range dependencies.All() {
		if t := u.deps.Task(label.Str()); t != nil {
			out = append(out, t)
		}
	}
	if len(out) > 1 {
		places := u.places()
		slices.SortFunc(out, func(a, b *taskgraph.Task) int { return cmp.Compare(places[a], places[b]) })
		out = slices.Compact(out)
	}
	return out
}

// AttributesMatch says whether attributes are as wanted: equal, or one of a list.
func AttributesMatch(attributes, want *value.Map) bool {
	for e := range want.Entries() {
		v, ok := attributes.GetKey(e.Key)
		if !ok {
			return false
		}
		if list := e.Value.List(); list != nil && !list.Contains(v) || list == nil && !value.Equal(v, e.Value) {
			return false
		}
	}
	return true
}

// follower makes the tasks of one task's from-deps section.
type follower struct {
	cfg      *taskgraph.Config
	stub     *value.Map // the task, without its from-deps
	section  *value.Map
	pos      diag.Pos
	upstream *upstream
	kinds    []string
	deps     []*taskgraph.Task // what is wanted of the kinds

	setName        taskgraph.SetName // nil keeps the name
	copyAttributes bool
	uniqueKinds    bool
	fetches        *value.Map
	fixedFetches   map[string]bool        // kinds whose fetches are the same for all tasks
	formatted      map[string]value.Value // fetches of the other kinds, by the kind and what was filled in
}

func newFollower(cfg *taskgraph.Config, stub *value.Map, v, kindDependencies value.Value, u *upstream) (*follower, error) {
	f := &follower{cfg: cfg, stub: stub, section: v.Map(), pos: v.Pos(), upstream: u, uniqueKinds: true, fixedFetches: map[string]bool{}, formatted: map[string]value.Value{}}
	wanted := f.section.At("kinds")
	if wanted.IsNull() {
		wanted = kindDependencies
	}
	var errs []*diag.Diagnostic
	for k := range wanted.List().Values() {
		if !kindDependencies.List().ContainsString(k.Str()) {
			errs = append(errs, diag.Errorf(diag.BadDeps, k.Pos(), "kind %q is none of the kind-dependencies", k.Str()).WithPath("from-deps.kinds").
				WithHint("%s", diag.DidYouMean(k.Str(), kindDependencies.List().Strings())))
		}
		f.kinds = append(f.kinds, k.Str())
	}
	if len(f.kinds) == 0 {
		errs = append(errs, diag.Errorf(diag.BadDeps, f.pos, "there is no kind to take dependencies from").WithPath("from-deps").
			WithHint("list them under kind-dependencies in kind.yml"))
	}
	if setName, ok := f.section.Get("set-name"); !ok || setName.Truthy() {
		name, pos := "strip-kind", f.pos
		if ok {
			name, pos = setName.Str(), setName.Pos()
		}
		if ok && !setName.IsString() {
			errs = append(errs, diag.Errorf(diag.BadDeps, pos, "want the name of a set-name function, got %s", setName.Describe()).
				WithPath("from-deps.set-name").WithHint("valid: %s, or false to keep the name", strings.Join(cfg.Registry.SetNames.Names(), ", ")))
		} else {
			var err error
			if f.setName, err = cfg.Registry.SetNames.Find(name, pos, diag.BadDeps); err != nil {
				errs = append(errs, diag.Flatten(at(err, setName, "from-deps.set-name"))...)
			}
		}
	}
	if err := invalid(errs); err != nil {
		return nil, err
	}
	f.copyAttributes = f.section.At("copy-attributes").Truthy()
	if unique, ok := f.section.Get("unique-kinds"); ok {
		f.uniqueKinds = unique.Truthy()
	}
	f.fetches = f.section.At("fetches").Map()
	for kind, entries := range f.fetches.All() {
		f.fixedFetches[kind] = true
		for entry := range entries.List().Values() {
			if hasBraces(entry.Map().At("artifact")) || hasBraces(entry.Map().At("dest")) {
				f.fixedFetches[kind] = false
			}
		}
	}
	f.deps = u.matching(f.kinds, f.section.At("with-attributes").Map())
	return f, nil
}

// groups gives what a task is to be made of each.
func (f *follower) groups() ([][]*taskgraph.Task, error) {
	const where = "from-deps.group-by"
	by := f.section.At("group-by")
	name, pos := "single", f.pos
	var arg value.Value
	hasArg := false
	switch {
	case by.IsString():
		name, pos = by.Str(), by.Pos()
	case by.Map().Len() == 1:
		e := by.Map().Entry(0)
		name, pos, arg, hasArg = e.Key.KeyText(), e.Key.Pos(), e.Value.Or(e.Key.Pos()), true
	case !by.IsNull():
		return nil, diag.Errorf(diag.BadDeps, by.Pos(), "want a group-by function, or a map of one function to its argument, got %s", by.Describe()).WithPath(where)
	}
	g, err := f.cfg.Registry.GroupBys.Find(name, pos, diag.BadDeps)
	switch {
	case err != nil:
		return nil, at(err, by, where)
	case hasArg && g.Schema == nil:
		return nil, diag.Errorf(diag.BadDeps, pos, "group-by %s takes no argument", name).WithPath(where).WithHint("group-by: %s", name)
	case !hasArg && g.Schema != nil && !g.Optional:
		return nil, diag.Errorf(diag.BadDeps, pos, "group-by %s needs an argument", name).WithPath(where).WithHint("group-by: {%s: ...}", name)
	case hasArg:
		found := g.Schema.Validate(arg)
		for _, d := range found {
			d.Path = joinPath(where+"."+name, d.Path)
		}
		if err := invalid(found); err != nil {
			return nil, err
		}
	}
	groups, err := g.Group(f.cfg, f.deps, arg)
	if err != nil {
		return nil, diag.Placed(err, pos, where)
	}
	return groups, nil
}

// follow makes the task of a group.
func (f *follower) follow(group []*taskgraph.Task) (*value.Map, error) {
	primary, err := f.primary(group)
	if err != nil {
		return nil, err
	}
	task := f.stub.Copy()
	dependencies, err := mapAt(task, "dependencies")
	if err != nil {
		return nil, err
	}
	for _, dep := range group {
		name := dep.Label
		if f.uniqueKinds {
			name = dep.Kind
		}
		dependencies.Set(name, value.NewString(dep.Label).At(f.pos))
	}
	attributes, err := mapAt(task, "attributes")
	if err != nil {
		return nil, err
	}
	if f.copyAttributes {
		own := attributes
		attributes = primary.Attributes.Copy()
		own.Set("primary-kind-dependency", value.NewString(primary.Kind))
		own.Set("primary-dependency-label", value.NewString(primary.Label))
		attributes.Update(own)
		task.Set("attributes", attributes.Value())
	} else {
		attributes.Set("primary-kind-dependency", value.NewString(primary.Kind))
		attributes.Set("primary-dependency-label", value.NewString(primary.Label))
	}
	if f.setName != nil {
		name, err := f.setName(f.cfg, f.deps, primary, primary.Kind)
		if err != nil {
			return nil, diag.Placed(err, f.pos, "from-deps.set-name")
		}
		task.Set("name", value.NewString(name).At(f.stub.At("name").Or(f.pos).Pos()))
	}
	if f.fetches.Len() > 0 {
		if err := f.addFetches(task); err != nil {
			return nil, err
		}
	}
	return task, nil
}

// primary gives the task of a group that the new task is named for: the first one of the first kind that the group has.
// It fails where a group has two tasks of a kind that must not.
func (f *follower) primary(group []*taskgraph.Task) (*taskgraph.Task, error) {
	if len(group) == 0 {
		return nil, diag.Errorf(diag.BadDeps, f.pos, "no dependency matches, so that there is nothing to make a task of").WithPath("from-deps")
	}
	first := map[string]*taskgraph.Task{}
	for _, t := range group {
		if other, again := first[t.Kind]; again {
			if f.uniqueKinds {
				return nil, diag.Errorf(diag.BadDeps, f.pos, "a group has two tasks of kind %s: %q and %q", t.Kind, other.Label, t.Label).WithPath("from-deps").
					WithHint("set unique-kinds: false, or group so that each group has one task of a kind")
			}
			continue
		}
		first[t.Kind] = t
	}
	for _, kind := range f.kinds {
		if t := first[kind]; t != nil {
			return t, nil
		}
	}
	return nil, diag.Errorf(diag.BadDeps, f.pos, "a group has no task of the kinds %s", strings.Join(f.kinds, ", ")).WithPath("from-deps")
}

// addFetches adds what the section's fetches take from each of the task's dependencies.
func (f *follower) addFetches(task *value.Map) error {
	fetches, err := mapAt(task, "fetches")
	if err != nil {
		return err
	}
	for _, dep := range f.upstream.named(task.At("dependencies").Map()) {
		entries, ok := f.fetches.Get(dep.Kind)
		if !ok {
			continue
		}
		if !f.fixedFetches[dep.Kind] {
			if entries, err = f.formatFetches(entries, dep); err != nil {
				return err
			}
		}
		name := dep.Label
		if f.uniqueKinds {
			name = dep.Kind
		}
		fetches.Set(name, entries)
	}
	return nil
}

// formatFetches fills the attributes of a task into the entries of its fetches. What comes out the same for several tasks is one list.
func (f *follower) formatFetches(entries value.Value, dep *taskgraph.Task) (value.Value, error) {
	var texts []value.Value // in the order of the entries
	of := dep.Kind
	for entry := range entries.List().Values() {
		for _, key := range fetchTexts {
			v, ok := entry.Map().Get(key)
			if !ok || !hasBraces(v) {
				continue
			}
			s, err := value.Format(v.Str(), dep.Attributes.Get)
			if err != nil {
				return v, value.WithNames(at(err, v, "from-deps.fetches."+dep.Kind+"."+key), dep.Attributes.Keys())
			}
			texts = append(texts, value.NewString(s).At(v.Pos()))
			of += "\x00" + strconv.Itoa(len(s)) + s
		}
	}
	if made, ok := f.formatted[of]; ok {
		return made, nil
	}
	list := value.NewList()
	for entry := range entries.List().Values() {
		m := entry.Map().Copy()
		for _, key := range fetchTexts {
			if hasBraces(m.At(key)) {
				m.Set(key, texts[0])
				texts = texts[1:]
			}
		}
		list.Append(m.Value().At(entry.Pos()))
	}
	list.Freeze()
	made := list.Value().At(entries.Pos())
	f.formatted[of] = made
	return made, nil
}

// fetchTexts are the fields of a fetch that attributes are filled into.
var fetchTexts = [...]string{"artifact", "dest"}

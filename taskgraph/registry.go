package taskgraph

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/value"
	"github.com/taskgraph-go/decision/value/schema"
)

// Registry holds everything that the phases use by name.
//
// A program fills it from one goroutine, before it opens a project. [Open] works with a copy, to which the project's
// extensions add what the tree brings; from then on it is read-only and shared by many goroutines. Registering a name
// twice, or something that is not complete, is a programming error and panics with the places.
//
// What is registered lives as long as the registry, so it keeps nothing between calls but what never changes. Unless its
// own comment says otherwise it is called by several goroutines at the same time: kinds load in parallel, batches of a
// kind's stubs do, and several generations may share one project. Its result must be the same whatever the order of the
// calls; clock, environment and network are not for it to ask, and files it reads by [Project.ReadFile],
// [Config.Document] or [Project.Document].
//
// An error of a registered function is reported with those of the others of its phase. One that [diag.Errorf] makes has a
// code and a position; any other error is taken over with the place that the phase knows, mostly that of the task. A panic
// is reported as a fault of the program.
//
// The zero value is not usable: see [NewRegistry].
type Registry struct {
	Loaders          *Set[Loader]              // kind.yml: loader
	Transforms       *Set[Sequence]            // kind.yml: transforms
	RunHandlers      *Set[RunHandler]          // run.using, by RunName
	PayloadBuilders  *Set[PayloadBuilder]      // worker.implementation
	IndexBuilders    *Set[IndexBuilder]        // index.type
	FetchBuilders    *Set[FetchBuilder]        // fetch.type
	GroupBys         *Set[GroupBy]             // from-deps.group-by
	SetNames         *Set[SetName]             // from-deps.set-name
	ContextProviders *Set[ContextProvider]     // task-context.from-custom
	Strategies       *Set[Strategy]            // optimization
	StrategySets     *Set[map[string]Strategy] // parameter optimize_strategies
	TargetMethods    *Set[TargetMethod]        // parameter target_tasks_method
	Filters          *Set[Filter]              // parameter filters
	Morphs           *Set[Morph]               // applied in order of registration
	Verifications    *Set[Verification]        // checked in order of registration

	Actions        *Set[*Action]       // actions.json
	ParameterHooks *Set[ParameterHook] // config.yml: taskgraph.decision-parameters

	// ProjectParameters are set for the decision tasks of a project, by its name; those named default for all other projects.
	ProjectParameters *Set[*value.Map]
	// ParameterExtensions are what the repository adds to the base parameters. Defaults are taken in this order, later
	// ones before earlier ones.
	ParameterExtensions []parameters.Extension
	// Extensions bring code of a tree's own into the tree's project, in this order. None may be nil.
	Extensions []Extension

	caches  func(cfg *Config, task, desc *value.Map) error
	trusted bool     // see [Registry.Contain]
	altered []string // what is no set, and was changed by work that was left for later

	later   *later       // nil where nothing is registered later
	strayed *atomic.Bool // whether a fallback of a set has given anything
}

// NewRegistry gives a registry that holds nothing.
func NewRegistry() *Registry {
	r := &Registry{
		Loaders:          newSet[Loader]("loader", present[Loader]),
		Transforms:       newSet[Sequence]("transform", Sequence.mistake),
		RunHandlers:      newSet[RunHandler]("run handler", RunHandler.mistake),
		PayloadBuilders:  newSet[PayloadBuilder]("payload builder", PayloadBuilder.mistake),
		IndexBuilders:    newSet[IndexBuilder]("index type", present[IndexBuilder]),
		FetchBuilders:    newSet[FetchBuilder]("fetch builder", FetchBuilder.mistake),
		GroupBys:         newSet[GroupBy]("group-by function", GroupBy.mistake),
		SetNames:         newSet[SetName]("set-name function", present[SetName]),
		ContextProviders: newSet[ContextProvider]("context provider", present[ContextProvider]),
		Strategies:       newSet[Strategy]("optimization strategy", strategyMistake),
		StrategySets:     newSet[map[string]Strategy]("set of optimization strategies", strategySetMistake),
		TargetMethods:    newSet[TargetMethod]("target task method", present[TargetMethod]),
		Filters:          newSet[Filter]("filter", present[Filter]),
		Morphs:           newSet[Morph]("morph", present[Morph]),
		Verifications:    newSet[Verification]("verification", Verification.mistake),
		Actions:          newSet[*Action]("action", (*Action).mistake),
		ParameterHooks:   newSet[ParameterHook]("decision-parameters hook", present[ParameterHook]),

		ProjectParameters: newSet[*value.Map]("set of parameters", present[*value.Map]),
	}
	r.watch()
	return r
}

// watch has fallbacks say that they have given something.
func (r *Registry) watch() {
	r.strayed = new(atomic.Bool)
	r.Loaders.strayed, r.Transforms.strayed, r.RunHandlers.strayed, r.PayloadBuilders.strayed, r.IndexBuilders.strayed = r.strayed, r.strayed, r.strayed, r.strayed, r.strayed
	r.FetchBuilders.strayed, r.GroupBys.strayed, r.SetNames.strayed, r.ContextProviders.strayed = r.strayed, r.strayed, r.strayed, r.strayed
	r.Strategies.strayed, r.StrategySets.strayed = r.strayed, r.strayed
}

// hasStrayed says whether anything that was looked up was not registered, but given by a fallback: code of a tree that gets tasks.
func (r *Registry) hasStrayed() bool { return r.strayed.Load() }

// Clone gives a registry that holds the same and can be added to without changing this one.
func (r *Registry) Clone() *Registry {
	c := &Registry{
		Loaders: r.Loaders.clone(), Transforms: r.Transforms.clone(), RunHandlers: r.RunHandlers.clone(), PayloadBuilders: r.PayloadBuilders.clone(),
		IndexBuilders: r.IndexBuilders.clone(), FetchBuilders: r.FetchBuilders.clone(), GroupBys: r.GroupBys.clone(), SetNames: r.SetNames.clone(),
		ContextProviders: r.ContextProviders.clone(), Strategies: r.Strategies.clone(), StrategySets: r.StrategySets.clone(), TargetMethods: r.TargetMethods.clone(),
		Filters: r.Filters.clone(), Morphs: r.Morphs.clone(), Verifications: r.Verifications.clone(), Actions: r.Actions.clone(), ParameterHooks: r.ParameterHooks.clone(),
		ProjectParameters: r.ProjectParameters.clone(), caches: r.caches, trusted: r.trusted,
		ParameterExtensions: slices.Clone(r.ParameterExtensions), Extensions: slices.Clone(r.Extensions),
	}
	c.watch()
	return c
}

// Contain says that the handlers and builders which are registered until the result is called keep no part of a stub, as
// [Step.Contained] wants it of the steps that call them, and that strategies, morphs and verifications look at nothing in a definition that may
// be blank until it is written. It is for what comes with the program.
func (r *Registry) Contain() (end func()) {
	r.trusted = true
	ends := []func(){r.RunHandlers.contain(), r.PayloadBuilders.contain(), r.IndexBuilders.contain(), r.ContextProviders.contain(),
		r.GroupBys.contain(), r.SetNames.contain(), r.Loaders.contain(), r.Transforms.contain(), r.FetchBuilders.contain(),
		r.Strategies.contain(), r.StrategySets.contain(), r.Morphs.contain(), r.Verifications.contain()}
	return func() {
		for _, end := range ends {
			end()
		}
	}
}

// contained says whether what steps call keeps no part of a stub. What fallbacks find is code that runs elsewhere; what is registered
// later may be anything.
func (r *Registry) contained() bool {
	return r.trusted && r.Caches() == nil && r.RunHandlers.contained() && r.PayloadBuilders.contained() && r.IndexBuilders.contained() &&
		r.ContextProviders.contained() && r.GroupBys.contained() && r.SetNames.contained()
}

// builtIn says whether all that is registered for kinds comes with the program. The tree's own code may still be found by fallbacks.
func (r *Registry) builtIn() bool {
	return r.contained() && r.Loaders.contained() && r.Transforms.contained() && r.FetchBuilders.contained()
}

// changesPhases says whether the tree has verifications of its own, or something of the phases after the full task graph, under names that
// are registered.
func (r *Registry) changesPhases() bool {
	return r.later != nil || len(r.Verifications.changed)+len(r.Filters.changed)+len(r.TargetMethods.changed)+len(r.Strategies.changed)+len(r.StrategySets.changed) > 0
}

// alone gives the registry without fallbacks: kinds find in it what is registered, and nothing else.
func (r *Registry) alone() *Registry {
	b := *r
	b.Loaders, b.Transforms, b.FetchBuilders = r.Loaders.alone(), r.Transforms.alone(), r.FetchBuilders.alone()
	b.RunHandlers, b.PayloadBuilders, b.IndexBuilders = r.RunHandlers.alone(), r.PayloadBuilders.alone(), r.IndexBuilders.alone()
	b.ContextProviders, b.GroupBys, b.SetNames = r.ContextProviders.alone(), r.GroupBys.alone(), r.SetNames.alone()
	return &b
}

// alone gives the set without fallbacks.
func (s *Set[T]) alone() *Set[T] {
	c := *s
	c.rest = nil
	return &c
}

// SetCaches has support give desc the caches that run-task uses for a task, in the place of what is built in. It is for the code of a
// tree that has caches of its own.
func (r *Registry) SetCaches(support func(cfg *Config, task, desc *value.Map) error) {
	r.caches, r.altered = support, append(r.altered, "caches")
}

// Caches gives what [Registry.SetCaches] set, nil where nothing was.
func (r *Registry) Caches() func(cfg *Config, task, desc *value.Map) error {
	if l := r.later; l != nil && l.ended.Load() && l.err == nil {
		return l.final.caches
	}
	return r.caches
}

// Set is what is registered for one extension point, in order of registration. Like the [Registry] that it is part of it is
// for one goroutine while it is filled, and for any number of them afterwards.
type Set[T any] struct {
	what    string
	mistake func(T) string // what an item lacks, "" for nothing
	names   []string
	items   map[string]T
	sites   map[string]string
	rest    []fallback[T]
	foreign bool // something was added, or replaced, that may keep parts of stubs

	changed map[string]bool // names that Add or Replace changed since this set was made of another one
	later   *later          // what it waits for; nil where nothing is added to it
	final   *Set[T]         // what it is then
	used    *used[T]        // where it does not wait
	strayed *atomic.Bool    // set when a fallback gives something; nil where that does not matter
}

func newSet[T any](what string, mistake func(T) string) *Set[T] {
	return &Set[T]{what: what, mistake: mistake, items: map[string]T{}, sites: map[string]string{}, changed: map[string]bool{}}
}

// Add registers an item. It panics when the name is empty or taken, and when the item is not complete: when it is nil or lacks
// the function that it is about. The message has the file and line of the caller, and those of the first registration
// where there are two. What is there stays as it was.
func (s *Set[T]) Add(name string, item T) {
	site := "unknown place"
	if _, file, line, ok := runtime.Caller(1); ok {
		site = fmt.Sprintf("%s:%d", file, line)
	}
	if first, taken := s.sites[name]; taken {
		panic(fmt.Sprintf("duplicate %s %q: registered at %s and at %s", s.what, name, first, site))
	}
	if name == "" {
		panic(fmt.Sprintf("%s without a name at %s", s.what, site))
	}
	if mistake := s.mistake(item); mistake != "" {
		panic(fmt.Sprintf("%s %q %s: registered at %s", s.what, name, mistake, site))
	}
	s.names, s.items[name], s.sites[name], s.changed[name] = append(s.names, name), item, site, true
	s.foreign = true
}

func (s *Set[T]) contain() (end func()) {
	before := s.foreign
	return func() { s.foreign = before }
}

func (s *Set[T]) contained() bool { return !s.foreign && s.later == nil }

// Replace registers an item in the place of the one that has the name, if there is one. It is for the code of a tree, which may
// put its own in the place of what is built in. It panics when the item is not complete.
func (s *Set[T]) Replace(name string, item T) {
	if mistake := s.mistake(item); mistake != "" {
		panic(fmt.Sprintf("%s %q %s", s.what, name, mistake))
	}
	if _, taken := s.items[name]; !taken {
		s.names, s.sites[name] = append(s.names, name), "the tree"
	}
	s.items[name], s.changed[name] = item, true
	s.foreign = true
}

func (s *Set[T]) clone() *Set[T] {
	s = s.whole()
	return &Set[T]{what: s.what, mistake: s.mistake, names: slices.Clone(s.names), items: maps.Clone(s.items), sites: maps.Clone(s.sites), rest: slices.Clone(s.rest),
		foreign: s.foreign, changed: map[string]bool{}}
}

// fallback is a function that is asked for names that are not registered.
type fallback[T any] struct {
	find    func(name string) (item T, ok bool, err error)
	settled bool // not before kinds are certain
}

// Fallback adds a function that is asked for what is not registered: for names that say themselves where the code is, such as
// the path of a file in the tree. It says whether the name is one of that form. Functions are asked in the order in which they
// were added, perhaps several times for one name and by several goroutines.
func (s *Set[T]) Fallback(find func(name string) (item T, ok bool, err error)) {
	s.rest = append(s.rest, fallback[T]{find: find})
}

// SettledFallback is [Set.Fallback] for a function that may do more than compute: for a kind it is asked when it is certain that this
// counts. See [Config.Settled].
func (s *Set[T]) SettledFallback(find func(name string) (item T, ok bool, err error)) {
	s.rest = append(s.rest, fallback[T]{find, true})
}

// Get gives the item with a name and whether there is one. It asks no fallback.
func (s *Set[T]) Get(name string) (T, bool) {
	if s.used != nil {
		if item, ok := s.used.early(name, func() (T, bool) { item, ok := s.items[name]; return item, ok }); ok {
			return item, true
		}
	}
	item, ok := s.whole().items[name]
	return item, ok
}

// Lookup gives the item with a name, registered or from a fallback, and whether there is one. The error is that of a
// fallback that knows the name's form but cannot give the item, or of what [Registry.Later] left for later.
func (s *Set[T]) Lookup(name string) (T, bool, error) {
	var none T
	used := s.used
	if used != nil {
		if item, ok := used.early(name, func() (T, bool) { return s.quick(name) }); ok {
			return item, true, nil
		}
	}
	if s = s.whole(); s.later != nil {
		return none, false, s.later.failure()
	}
	if item, ok := s.items[name]; ok {
		return item, true, nil
	}
	for _, f := range s.rest {
		if f.settled && used != nil {
			if err := used.settled(); err != nil {
				return none, false, err
			}
		}
		if item, ok, err := s.stray(f, name); ok || err != nil {
			return item, ok, err
		}
	}
	return none, false, nil
}

// stray asks a fallback.
func (s *Set[T]) stray(f fallback[T], name string) (T, bool, error) {
	item, ok, err := f.find(name)
	if ok && s.strayed != nil {
		s.strayed.Store(true)
	}
	return item, ok, err
}

// quick gives the item with a name, registered or from a fallback that need not wait for anything.
func (s *Set[T]) quick(name string) (T, bool) {
	if item, ok := s.items[name]; ok {
		return item, true
	}
	for _, f := range s.rest {
		if f.settled {
			break
		}
		if item, ok, err := s.stray(f, name); ok || err != nil {
			return item, ok && err == nil
		}
	}
	var none T
	return none, false
}

// Find gives the item with a name, as [Set.Lookup] does, or a diagnostic at pos that offers the nearest one.
func (s *Set[T]) Find(name string, pos diag.Pos, code diag.Code) (T, error) {
	item, ok, err := s.Lookup(name)
	if ok && err == nil {
		return item, nil
	}
	var none T
	if err != nil {
		return none, diag.Placed(err, pos, "")
	}
	return none, diag.Errorf(code, pos, "unknown %s %q", s.what, name).WithHint("%s", diag.DidYouMean(name, s.whole().names))
}

// Names gives the registered names, sorted.
func (s *Set[T]) Names() []string { return slices.Sorted(maps.Keys(s.whole().items)) }

// All gives names and items in order of registration.
func (s *Set[T]) All() iter.Seq2[string, T] {
	return func(yield func(string, T) bool) {
		s := s.whole()
		for _, n := range s.names {
			if !yield(n, s.items[n]) {
				return
			}
		}
	}
}

// A Loader gives the stubs of a kind: where its tasks come from. It is called once for a kind and generation, and the
// stubs are taken one after the other before any transform sees one. Each stub is a map that nobody else has. An error
// beside a stub, or alone, is reported; the loader may go on. It may also set defaults in cfg.Map, the kind's own
// configuration, for the transforms to see: a frozen map is copied and set anew.
type Loader func(cfg *LoadConfig) iter.Seq2[*value.Map, error]

// LoadConfig is what a loader gets. It is the loader's alone.
type LoadConfig struct {
	*Config
	// Transforms are the names of the kind's transforms, as in kind.yml. A loader may replace the list: what it
	// leaves there is applied to the stubs.
	Transforms []value.Value
}

// A Transform turns a whole stream of stubs into another, in order. It yields an error for what is wrong, together with
// the stub that it is about or nil, and may go on with the other stubs. It is called once for a kind and generation; the
// stubs are its own.
type Transform func(cfg *Config, stubs iter.Seq2[*value.Map, error]) iter.Seq2[*value.Map, error]

// An Each turns one stub into none, one or several, which it passes to yield. The stub is its own to change and to
// pass on; a second one made of it begins with [value.Map.Copy]. It must not depend on other stubs: stubs are worked on
// by several goroutines. An error drops what the stub would have become; the other stubs go on.
type Each func(cfg *Config, stub *value.Map, yield func(*value.Map)) error

// Step is one transform of a [Sequence]: exactly one of Each, Begin, Plan, All and For is set.
type Step struct {
	// Name is what messages call the step. It is not empty.
	Name string
	// Each sees one stub at a time.
	Each Each
	// Begin makes an Each for one kind in one generation, which may share what is computed once. The Each is called by
	// several goroutines. An error stops the kind.
	Begin func(cfg *Config) (Each, error)
	// Plan sees all stubs before any is worked on. It may put them into another order or leave some out, and makes the
	// Each for the others. It must not change them.
	Plan func(cfg *Config, stubs []*value.Map) ([]*value.Map, Each, error)
	// Early, beside Plan, makes an Each that needs to see no stub but its own, so that nothing waits. Where it cannot, because of the kind or
	// of a stub, an error says so, which nobody sees: the kind begins anew, with Plan.
	Early func(cfg *Config) (Each, error)
	// All sees the whole stream, in order. Nothing else is done for the kind meanwhile, so prefer the others.
	All Transform
	// For gives the steps that this one stands for in one kind, where they depend on it: code that is looked up in the kind's
	// directory, say. They have no For themselves.
	For func(cfg *Config) (Sequence, error)
	// Expands says that one stub may become many, so that the work should be cut anew afterwards.
	Expands bool
	// Contained says that the step keeps no part of a stub when it has passed it on or dropped it, but for what [value.Value.Kept] gives:
	// not in a closure, nor by [Memo]. The memory of stubs is then used again at once.
	Contained bool
	// Alike gives one stub for all that Each makes of a stub, with blanks for the number where they differ, and how many they are, in
	// their order: see [value.NewNumberBlank]. The stub itself stays as it is. Where there is none, or fewer than two, the number is 0.
	// What a task is made of is then worked out once, if all steps that follow are Blind.
	Alike func(cfg *Config, stub *value.Map) (like *value.Map, last int)
	// Blind says that the step takes stubs with blanks for a number: where it looks into a text that may have one, the result is right for all
	// numbers, or it fails, and the stubs come one by one.
	Blind bool
	// Join gives the step that does the work of this one and then of the next, and whether there is such a step. nil joins
	// nothing. It is for steps that are cheaper together, such as those that run in another program.
	Join func(next Step) (Step, bool)
}

// Sequence is what a name in a kind's transforms stands for: steps, each of which gets what the one before made. It has
// at least one.
type Sequence []Step

// RunName is the name of the run handler for run.using on a worker implementation.
func RunName(using, implementation string) string { return using + " on " + implementation }

// RunHandler makes a task description of a run description, for one run.using on one worker implementation. It is
// registered under its [RunName].
type RunHandler struct {
	// Schema checks the run section after Defaults were filled in; nil checks nothing.
	Schema *schema.Schema
	// Defaults are set in the run section where they are absent. They must be frozen, or nil.
	Defaults *value.Map
	// Run changes desc, the description to be, by what task, a copy of it that has the run section, asks for. It
	// may change task, too. In both, worker.implementation and worker.os are set; desc has attributes, dependencies,
	// soft-dependencies, routes, scopes and extra in any case. Its run section is dropped afterwards.
	Run func(cfg *Config, task, desc *value.Map) error
}

// PayloadBuilder makes the payload for a worker implementation, and is registered under that name.
type PayloadBuilder struct {
	// Schema checks the worker section; nil checks nothing. The section has the field implementation, and os where
	// the worker alias says it.
	Schema *schema.Schema
	// Build sets the payload of def, the definition to be, and whatever else must change there, such as scopes and
	// routes. task is the task description; what Build changes there, such as attributes and dependencies, counts as well.
	Build func(cfg *Config, task, def *value.Map) error
}

// IndexBuilder adds the routes of one index type to a task description, whose index section it reads.
type IndexBuilder func(cfg *Config, task *value.Map) error

// FetchBuilder makes the command of a fetch task.
type FetchBuilder struct {
	// Schema checks the fetch section; nil checks nothing.
	Schema *schema.Schema
	// Build gives the command for the fetch section of the task with a name.
	Build func(cfg *Config, name string, fetch *value.Map) (*FetchCommand, error)
}

// FetchCommand is what a [FetchBuilder] gives.
type FetchCommand struct {
	// Command is what the task runs; strings in it may be task references.
	Command *value.List
	// ArtifactName is the file that the command leaves in the artifact directory.
	ArtifactName string
	// Env is the command's environment; nil is none.
	Env *value.Map
	// DigestData is all that the artifact depends on. A task with the same data is found in the index and not run again.
	DigestData []string
	// Secret is the path of a secret that the task reads; may be empty.
	Secret string
}

// GroupBy cuts the dependencies of a kind into groups; a task is made of each.
type GroupBy struct {
	// Schema checks the argument; nil where none is taken, which then is an error to give.
	Schema *schema.Schema
	// Optional says that the argument may be left out; then it is null.
	Optional bool
	// Group gives the groups, none of them empty. tasks are those that from-deps chose, in the order of kinds, then of
	// definition; the slice is shared and must not be changed.
	Group func(cfg *Config, tasks []*Task, arg value.Value) ([][]*Task, error)
}

// SetName names the task that is made of a group. all are the tasks that from-deps chose, of every group; primary is
// the one of the group that the task follows, and primaryKind its kind.
type SetName func(cfg *Config, all []*Task, primary *Task, primaryKind string) (string, error)

// ContextProvider gives values for task-context, under the names that texts use. nil gives none. The stub is for reading.
type ContextProvider func(cfg *Config, stub *value.Map) (*value.Map, error)

// Strategy decides whether a task is optimized. One generation asks it about one task at a time, but several generations
// may do so at once: see [PreparedStrategy] for what belongs to one of them, and [BatchStrategy] for one that is asked about many. An error is
// reported for the task.
type Strategy interface {
	// Description is what logs and reports call it, behind the name that it is registered under; may be empty.
	Description() string
	// Remove says whether the task is not needed. It is asked for tasks that nothing needs any more, dependents first.
	Remove(ctx context.Context, args StrategyArgs) (bool, error)
	// Replace says whether another task stands in for this one. It is asked for tasks that stay and whose dependencies
	// are all replaced or removed, dependencies first.
	Replace(ctx context.Context, args StrategyArgs) (Replacement, error)
}

// StrategyArgs is what a strategy gets.
type StrategyArgs struct {
	Task   *Task
	Params *parameters.Params
	// Arg is the argument of the strategy in the task's optimization.
	Arg value.Value
	// Deadline, for Replace, is the latest deadline of the tasks that depend on this one, "" where there is none,
	// in the form 2006-01-02T15:04:05.000Z.
	Deadline string
	// Index answers look-ups that were made in batches.
	Index *IndexAnswers
}

// Replacement is a strategy's answer: keep the task (the zero value), replace it, or drop it.
type Replacement struct {
	TaskID string // the task that stands in
	Drop   bool   // replaced by nothing
	Why    string // why a task is kept that might have been replaced; may be empty
}

// A PreparedStrategy works out what it needs, such as which patterns match the changed files, once for each
// generation that uses it. What Prepare gives is for one goroutine.
type PreparedStrategy interface {
	Strategy
	// Prepare gives the strategy that is used in the place of this one.
	Prepare(p *parameters.Params) (Strategy, error)
}

// An IndexStrategy looks tasks up in the index. The paths of all tasks are looked up at once before any Replace, which
// finds what was found in [StrategyArgs].Index.
type IndexStrategy interface {
	Strategy
	// IndexPaths gives the paths for an argument, without "index." at the start.
	IndexPaths(arg value.Value) []string
}

// TargetMethod chooses the target tasks among those of a graph without edges, in any order. [StandardFilter] says of a task
// what most methods begin with: whether it says itself that it should run. A task that was not offered is an error.
type TargetMethod func(cfg *Selection) ([]*Task, error)

// Filter narrows the target tasks down: those that it gives go on to the next filter. The same holds as for a
// [TargetMethod].
type Filter func(cfg *Selection) ([]*Task, error)

// Selection is what a filter or a target task method gets. All of it is read-only.
type Selection struct {
	// Tasks are what can be chosen from, without edges.
	Tasks    *TaskGraph
	Params   *parameters.Params
	Graph    *GraphConfig
	Registry *Registry
}

// Morph changes the optimized graph without changing what it means. Morphs run one after the other; each sees what those
// before did. The first error ends the generation.
type Morph func(cfg *MorphConfig) error

// Verification checks a phase. Verifications of a phase may run at the same time.
type Verification struct {
	// Phase says after which phase it checks, and so what there is to check.
	Phase Phase
	// Projects limits it to some projects; none, or "all" among them, means every project.
	Projects []string
	// Check reports what is wrong, as much of it as it can. A report of a warning, as [diag.Warnf] makes it, stops
	// nothing; any other error stops the generation once all verifications of the phase are done. [diag.Verification] is
	// the code for rules of a repository's own. report may be called by several goroutines, until Check returns.
	Check func(cfg *VerifyConfig, report func(error))

	steady bool // it finds the same in all graphs that are made of the same drafts for the same level
}

// VerifyConfig is what a verification gets. All of it is read-only, and what its phase has not reached is nil.
type VerifyConfig struct {
	Project *Project
	Graph   *GraphConfig
	Params  *parameters.Params
	// Kinds are there after the phase of kinds, and Tasks after those that make a graph.
	Kinds map[string]*Kind
	Tasks *TaskGraph
	// Unoptimized says that nothing was to be optimized.
	Unoptimized bool

	cache partsCache
}

package taskgraph

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"runtime"
	"slices"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/value"
	"github.com/taskgraph-go/decision/value/schema"
)

// Registry holds everything that the phases use by name. It is filled before the first generation and read-only
// afterwards; then it may be shared by many goroutines. Registering a name twice, or something that is not
// complete, is a programming error and panics with both places. The zero value is not usable: see [NewRegistry].
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

	// ParameterExtensions are what the repository adds to the base parameters.
	ParameterExtensions []parameters.Extension
	// Extensions bring code of a tree's own into the tree's project, in this order.
	Extensions []Extension
}

// NewRegistry gives a registry that holds nothing.
func NewRegistry() *Registry {
	return &Registry{
		Loaders:          newSet[Loader]("loader"),
		Transforms:       newSet[Sequence]("transform"),
		RunHandlers:      newSet[RunHandler]("run handler"),
		PayloadBuilders:  newSet[PayloadBuilder]("payload builder"),
		IndexBuilders:    newSet[IndexBuilder]("index type"),
		FetchBuilders:    newSet[FetchBuilder]("fetch builder"),
		GroupBys:         newSet[GroupBy]("group-by function"),
		SetNames:         newSet[SetName]("set-name function"),
		ContextProviders: newSet[ContextProvider]("context provider"),
		Strategies:       newSet[Strategy]("optimization strategy"),
		StrategySets:     newSet[map[string]Strategy]("set of optimization strategies"),
		TargetMethods:    newSet[TargetMethod]("target task method"),
		Filters:          newSet[Filter]("filter"),
		Morphs:           newSet[Morph]("morph"),
		Verifications:    newSet[Verification]("verification"),
		Actions:          newSet[*Action]("action"),
		ParameterHooks:   newSet[ParameterHook]("decision-parameters hook"),
	}
}

// Clone gives a registry that holds the same and can be added to without changing this one.
func (r *Registry) Clone() *Registry {
	return &Registry{
		Loaders: r.Loaders.clone(), Transforms: r.Transforms.clone(), RunHandlers: r.RunHandlers.clone(), PayloadBuilders: r.PayloadBuilders.clone(),
		IndexBuilders: r.IndexBuilders.clone(), FetchBuilders: r.FetchBuilders.clone(), GroupBys: r.GroupBys.clone(), SetNames: r.SetNames.clone(),
		ContextProviders: r.ContextProviders.clone(), Strategies: r.Strategies.clone(), StrategySets: r.StrategySets.clone(), TargetMethods: r.TargetMethods.clone(),
		Filters: r.Filters.clone(), Morphs: r.Morphs.clone(), Verifications: r.Verifications.clone(), Actions: r.Actions.clone(), ParameterHooks: r.ParameterHooks.clone(),
		ParameterExtensions: slices.Clone(r.ParameterExtensions), Extensions: slices.Clone(r.Extensions),
	}
}

// Set is what is registered for one extension point, in order of registration.
type Set[T any] struct {
	what  string
	names []string
	items map[string]T
	sites map[string]string
	rest  []func(name string) (T, bool, error)
}

func newSet[T any](what string) *Set[T] {
	return &Set[T]{what: what, items: map[string]T{}, sites: map[string]string{}}
}

// Add registers an item. It panics when the name is taken.
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
	s.names, s.items[name], s.sites[name] = append(s.names, name), item, site
}

func (s *Set[T]) clone() *Set[T] {
	return &Set[T]{what: s.what, names: slices.Clone(s.names), items: maps.Clone(s.items), sites: maps.Clone(s.sites), rest: slices.Clone(s.rest)}
}

// Fallback adds a function that is asked for what is not registered: for names that say themselves where the code is, such as
// the path of a file in the tree. It says whether the name is one of that form. Functions are asked in the order in which they
// were added, perhaps several times for one name and by several goroutines.
func (s *Set[T]) Fallback(find func(name string) (item T, ok bool, err error)) {
	s.rest = append(s.rest, find)
}

// Get gives the item with a name and whether there is one. It asks no fallback.
func (s *Set[T]) Get(name string) (T, bool) {
	item, ok := s.items[name]
	return item, ok
}

// Lookup gives the item with a name, registered or from a fallback, and whether there is one. The error is that of a
// fallback that knows the name's form but cannot give the item.
func (s *Set[T]) Lookup(name string) (T, bool, error) {
	if item, ok := s.items[name]; ok {
		return item, true, nil
	}
	for _, find := range s.rest {
		if item, ok, err := find(name); ok || err != nil {
			return item, ok, err
		}
	}
	var none T
	return none, false, nil
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
	return none, diag.Errorf(code, pos, "unknown %s %q", s.what, name).WithHint("%s", diag.DidYouMean(name, s.names))
}

// Names gives the registered names, sorted.
func (s *Set[T]) Names() []string { return slices.Sorted(maps.Keys(s.items)) }

// All gives names and items in order of registration.
func (s *Set[T]) All() iter.Seq2[string, T] {
	return func(yield func(string, T) bool) {
		for _, n := range s.names {
			if !yield(n, s.items[n]) {
				return
			}
		}
	}
}

// A Loader gives the stubs of a kind: where its tasks come from. It may also set defaults in the kind's own
// configuration, which the transforms see.
type Loader func(cfg *LoadConfig) iter.Seq2[*value.Map, error]

// LoadConfig is what a loader gets.
type LoadConfig struct {
	*Config
	// Transforms are the names of the kind's transforms; a loader may change them.
	Transforms []value.Value
}

// A Transform turns a stream of stubs into another. It yields an error for what is wrong and may go on with the
// other stubs.
type Transform func(cfg *Config, stubs iter.Seq2[*value.Map, error]) iter.Seq2[*value.Map, error]

// An Each turns one stub into none, one or several, which it passes to yield. The stub is its own to change and to
// pass on. It must not depend on other stubs: stubs are worked on in parallel.
type Each func(cfg *Config, stub *value.Map, yield func(*value.Map)) error

// Step is one transform of a [Sequence]: exactly one of Each, Begin, Plan and All is set.
type Step struct {
	Name string
	Each Each
	// Begin makes an Each for one kind in one generation, which may share what is computed once.
	Begin func(cfg *Config) (Each, error)
	// Plan sees all stubs before any is worked on. It may put them into another order or leave some out, and makes the
	// Each for the others. It must not change them.
	Plan func(cfg *Config, stubs []*value.Map) ([]*value.Map, Each, error)
	// All sees the whole stream, in order.
	All Transform
	// Expands says that one stub may become many, so that the work should be cut anew afterwards.
	Expands bool
}

// Sequence is what a name in a kind's transforms stands for: steps, each of which gets what the one before made.
type Sequence []Step

// RunName is the name of the run handler for run.using on a worker implementation.
func RunName(using, implementation string) string { return using + " on " + implementation }

// RunHandler makes a task description of a run description, for one run.using on one worker implementation.
type RunHandler struct {
	// Schema checks the run section after Defaults were filled in; nil checks nothing.
	Schema *schema.Schema
	// Defaults are set in the run section where they are absent.
	Defaults *value.Map
	// Run changes desc, the description to be, by what task, a copy of it that has the run section, asks for. It
	// may change task, too.
	Run func(cfg *Config, task, desc *value.Map) error
}

// PayloadBuilder makes the payload for a worker implementation.
type PayloadBuilder struct {
	// Schema checks the worker section; nil checks nothing.
	Schema *schema.Schema
	// Build sets the payload of def, the definition to be, and whatever else must change there, such as scopes.
	Build func(cfg *Config, task, def *value.Map) error
}

// IndexBuilder adds the routes of one index type to a task description.
type IndexBuilder func(cfg *Config, task *value.Map) error

// FetchBuilder makes the command of a fetch task.
type FetchBuilder struct {
	Schema *schema.Schema // checks the fetch section
	Build  func(cfg *Config, name string, fetch *value.Map) (*FetchCommand, error)
}

// FetchCommand is what a [FetchBuilder] gives.
type FetchCommand struct {
	Command      *value.List
	ArtifactName string
	Env          *value.Map
	DigestData   []string
	Secret       string // path of a secret that the task reads; may be empty
}

// GroupBy cuts the dependencies of a kind into groups; a task is made of each.
type GroupBy struct {
	Schema *schema.Schema // checks the argument; nil where none is taken
	Group  func(cfg *Config, tasks []*Task, arg value.Value) ([][]*Task, error)
}

// SetName names the task that is made of a group.
type SetName func(cfg *Config, group []*Task, primary *Task, primaryKind string) (string, error)

// ContextProvider gives values for task-context.
type ContextProvider func(cfg *Config, stub *value.Map) (*value.Map, error)

// Strategy decides whether a task is optimized.
type Strategy interface {
	// Description is what logs and reports call it.
	Description() string
	// Remove says whether the task is not needed.
	Remove(ctx context.Context, args StrategyArgs) (bool, error)
	// Replace says whether another task stands in for this one.
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
// generation.
type PreparedStrategy interface {
	Strategy
	// Prepare gives the strategy that is used in the place of this one.
	Prepare(p *parameters.Params) (Strategy, error)
}

// An IndexStrategy looks tasks up in the index. The paths of all tasks are looked up at once before any Replace.
type IndexStrategy interface {
	Strategy
	IndexPaths(arg value.Value) []string
}

// TargetMethod chooses the target tasks among those of a graph without edges.
type TargetMethod func(cfg *Selection) ([]*Task, error)

// Filter narrows the target tasks down.
type Filter func(cfg *Selection) ([]*Task, error)

// Selection is what a filter or a target task method gets.
type Selection struct {
	Tasks    *TaskGraph // without edges
	Params   *parameters.Params
	Graph    *GraphConfig
	Registry *Registry
}

// Morph changes the optimized graph without changing what it means.
type Morph func(cfg *MorphConfig) error

// Verification checks a phase. It reports what is wrong, as much of it as it can; a report of a warning stops nothing.
// Verifications of a phase may run at the same time.
type Verification struct {
	Phase Phase
	// Projects limits it to some projects, nil to none.
	Projects []string
	Check    func(cfg *VerifyConfig, report func(error))
}

// VerifyConfig is what a verification gets; what its phase has not reached is nil.
type VerifyConfig struct {
	Project *Project
	Graph   *GraphConfig
	Params  *parameters.Params
	Kinds   map[string]*Kind
	Tasks   *TaskGraph
	// Unoptimized says that nothing was to be optimized.
	Unoptimized bool

	cache partsCache
}

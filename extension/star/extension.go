package star

import (
	"context"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// Extension brings the Starlark code of a tree into its project: what taskgraph.extensions of the graph config declares, under the
// names there, and what documents name by path. Declared functions are looked up at once, so that mistakes are found whatever is
// generated; others when a kind uses them.
func Extension(ctx context.Context, p *taskgraph.Project) (io.Closer, error) {
	rt := newRuntime(ctx, p)
	section := p.Config.Taskgraph("extensions").Map()
	rt.setLimits(section.At("limits").Map())
	d := &declaration{rt: rt, ctx: ctx, section: section, registry: p.Registry}
	d.fallbacks()
	for name, v := range d.entries("transforms") {
		full := name
		if !strings.Contains(full, ":") {
			full += ":transforms"
		}
		if d.free(full, v, p.Registry.Transforms) && d.check(v, transformSignature) {
			p.Registry.Transforms.Add(full, rt.transform(v.Str(), v.Pos(), rt.configDirs))
		}
	}
	for name, v := range d.entries("loaders") {
		if d.free(name, v, p.Registry.Loaders) && d.check(v, loaderSignature) {
			p.Registry.Loaders.Add(name, rt.loader(v.Str(), v.Pos(), rt.configDirs))
		}
	}
	for name, v := range d.entries("target-tasks") {
		if d.free(name, v, p.Registry.TargetMethods) && d.check(v, targetSignature) {
			p.Registry.TargetMethods.Add(name, rt.targetMethod(d.finder(v, targetSignature)))
		}
	}
	for name, v := range d.entries("group-by") {
		if d.free(name, v, p.Registry.GroupBys) && d.check(v, groupBySignature) {
			p.Registry.GroupBys.Add(name, rt.groupBy(rt.forKind(v.Str(), v.Pos(), rt.configDirs, groupBySignature)))
		}
	}
	for name, v := range d.entries("task-context") {
		if d.free(name, v, p.Registry.ContextProviders) && d.check(v, contextSignature) {
			p.Registry.ContextProviders.Add(name, rt.contextProvider(rt.forKind(v.Str(), v.Pos(), rt.configDirs, contextSignature)))
		}
	}
	for name, v := range d.entries("strategies") {
		if d.free(name, v, p.Registry.Strategies) {
			d.strategy(name, v)
		}
	}
	for name, v := range d.entries("verifications") {
		if d.free(name, v, p.Registry.Verifications) {
			d.verification(name, v)
		}
	}
	for name, v := range d.entries("actions") {
		if d.free(name, v, p.Registry.Actions) {
			d.action(name, v.Map())
		}
	}
	return rt, d.errs.Err(nil)
}

// setLimits takes the limits of the graph config, whose schema bounds them.
func (rt *runtime) setLimits(m *value.Map) {
	if n, ok := m.At("steps").AsInt(); ok {
		rt.limits.Steps = uint64(n)
	}
	if n, ok := m.At("memory").AsInt(); ok {
		rt.limits.Memory = n << 20
	}
	if n, ok := m.At("seconds").AsInt(); ok {
		rt.limits.Time = time.Duration(n) * time.Second
	}
}

// configDirs are where the paths of the graph config, and of parameters, are looked up.
func (rt *runtime) configDirs(*taskgraph.Config) []string { return []string{rt.project.Root, "."} }

// kindDirs are where the paths of a kind are looked up.
func (rt *runtime) kindDirs(cfg *taskgraph.Config) []string {
	return []string{cfg.Path, rt.project.Root, "."}
}

// forKind gives what looks a function up for a kind.
func (rt *runtime) forKind(name string, pos diag.Pos, dirs func(*taskgraph.Config) []string, want signature) func(context.Context, *taskgraph.Config) (*function, error) {
	return func(ctx context.Context, cfg *taskgraph.Config) (*function, error) {
		return rt.function(ctx, name, pos, dirs(cfg), want)
	}
}

// declaration is the work of registering what the graph config declares.
type declaration struct {
	rt       *runtime
	ctx      context.Context
	section  *value.Map
	registry *taskgraph.Registry
	errs     diag.List
}

// fallbacks let documents name functions by path.
func (d *declaration) fallbacks() {
	rt, r := d.rt, d.registry
	r.Transforms.Fallback(func(name string) (taskgraph.Sequence, bool, error) {
		if !isRef(name) {
			return nil, false, nil
		}
		return rt.transform(name, 0, rt.kindDirs), true, nil
	})
	r.Loaders.Fallback(func(name string) (taskgraph.Loader, bool, error) {
		if !isRef(name) && !strings.HasSuffix(name, ".star") {
			return nil, false, nil
		}
		return rt.loader(name, 0, rt.kindDirs), true, nil
	})
	r.TargetMethods.Fallback(func(name string) (taskgraph.TargetMethod, bool, error) {
		if !isRef(name) {
			return nil, false, nil
		}
		return rt.targetMethod(rt.finder(name, 0, targetSignature)), true, nil
	})
	r.GroupBys.Fallback(func(name string) (taskgraph.GroupBy, bool, error) {
		if !isRef(name) {
			return taskgraph.GroupBy{}, false, nil
		}
		return rt.groupBy(rt.forKind(name, 0, rt.kindDirs, groupBySignature)), true, nil
	})
	r.ContextProviders.Fallback(func(name string) (taskgraph.ContextProvider, bool, error) {
		if !isRef(name) {
			return nil, false, nil
		}
		return rt.contextProvider(rt.forKind(name, 0, rt.kindDirs, contextSignature)), true, nil
	})
	r.Strategies.Fallback(func(name string) (taskgraph.Strategy, bool, error) {
		if !isRef(name) {
			return nil, false, nil
		}
		return &strategy{rt: rt, remove: rt.finder(name, 0, removeSignature)}, true, nil
	})
}

// entries gives what a part of the section declares, in order.
func (d *declaration) entries(part string) func(yield func(string, value.Value) bool) {
	return func(yield func(string, value.Value) bool) {
		for e := range d.section.At(part).Map().Entries() {
			if !yield(e.Key.KeyText(), e.Value.Or(e.Key.Pos())) {
				return
			}
		}
	}
}

// names is what a set of the registry can be asked for.
type names interface{ Names() []string }

// free says whether a name can be registered, and reports it if not.
func (d *declaration) free(name string, v value.Value, set names) bool {
	switch {
	case name == "":
		d.errs.Add(diag.Errorf(diag.BadExtension, v.Pos(), "a name must not be empty").WithPath("taskgraph.extensions"))
	case slices.Contains(set.Names(), name):
		d.errs.Add(diag.Errorf(diag.BadExtension, v.Pos(), "the name %q is taken", name).WithPath("taskgraph.extensions"))
	default:
		return true
	}
	return false
}

// finder gives what looks a function of the graph config up.
func (d *declaration) finder(v value.Value, want signature) finder {
	return d.rt.finder(v.Str(), v.Pos(), want)
}

func (rt *runtime) finder(name string, pos diag.Pos, want signature) finder {
	return func(ctx context.Context) (*function, error) {
		return rt.function(ctx, name, pos, rt.configDirs(nil), want)
	}
}

// check says whether a function is there and can be called, and reports it if not.
func (d *declaration) check(v value.Value, want signature) bool {
	_, err := d.finder(v, want)(d.ctx)
	d.errs.Add(err)
	return err == nil
}

// optional gives a finder for a function that may be declared, nil where it is not.
func (d *declaration) optional(v value.Value, want signature) (finder, bool) {
	if v.IsNull() {
		return nil, true
	}
	return d.finder(v, want), d.check(v, want)
}

func (d *declaration) strategy(name string, v value.Value) {
	remove, replace := v, value.Value{}
	s := &strategy{rt: d.rt}
	if m := v.Map(); m != nil {
		remove, replace, s.description = m.At("remove"), m.At("replace"), m.Str("description")
	}
	var ok, ok2 bool
	s.remove, ok = d.optional(remove, removeSignature)
	s.replace, ok2 = d.optional(replace, replaceSignature)
	if ok && ok2 {
		d.registry.Strategies.Add(name, s)
	}
}

func (d *declaration) verification(name string, v value.Value) {
	check, phase := v, taskgraph.FullTaskGraph
	var projects []string
	if m := v.Map(); m != nil {
		check = m.At("check")
		for p := taskgraph.GraphConfigPhase; p <= taskgraph.MorphedTaskGraph; p++ {
			if m.Str("phase") == p.String() {
				phase = p
			}
		}
		projects = m.At("projects").List().Strings()
	}
	if d.check(check, verificationSignature) {
		d.registry.Verifications.Add(name, d.rt.verification(phase, projects, d.finder(check, verificationSignature)))
	}
}

// sortedKeys gives the keys of a map, sorted.
func sortedKeys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }

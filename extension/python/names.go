package python

import (
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// fallbacks adds what is asked for names that are not registered: those of the form "module:object", and those that the tree's modules
// registered when they were imported.
func (b *bridge) fallbacks() {
	r := b.project.Registry
	r.Loaders.SettledFallback(func(name string) (taskgraph.Loader, bool, error) {
		ok, err := b.object(name, "loader", diag.UnknownLoader)
		return b.loader(name), ok, err
	})
	r.Transforms.SettledFallback(func(name string) (taskgraph.Sequence, bool, error) {
		ok, err := b.object(name, "transform", diag.UnknownTransform)
		if !ok || err != nil {
			return nil, ok, err
		}
		b.steps.LoadOrStore(name, []string{name})
		return b.sequence(name), true, nil
	})
	r.StrategySets.Fallback(b.strategySet)
	r.ParameterHooks.Fallback(func(name string) (taskgraph.ParameterHook, bool, error) {
		ok, err := b.object(name, "decision-parameters hook", diag.UnknownName)
		return b.parameterHook(name), ok, err
	})
	r.RunHandlers.SettledFallback(func(name string) (taskgraph.RunHandler, bool, error) {
		using, implementation, ok := strings.Cut(name, " on ")
		if !ok || !b.hasRun(using, implementation) {
			return taskgraph.RunHandler{}, false, nil
		}
		return b.runHandler(using, implementation), true, nil
	})
	r.PayloadBuilders.SettledFallback(func(name string) (taskgraph.PayloadBuilder, bool, error) {
		return b.payloadBuilder(name), b.has("payload", name) != nil, nil
	})
	r.IndexBuilders.SettledFallback(func(name string) (taskgraph.IndexBuilder, bool, error) {
		return b.indexBuilder(name), b.has("index", name) != nil, nil
	})
	r.GroupBys.SettledFallback(func(name string) (taskgraph.GroupBy, bool, error) {
		return b.groupBy(name), b.has("group-by", name) != nil, nil
	})
	r.SetNames.SettledFallback(func(name string) (taskgraph.SetName, bool, error) {
		return b.setName(name), b.has("set-name", name) != nil, nil
	})
	r.ContextProviders.SettledFallback(func(name string) (taskgraph.ContextProvider, bool, error) {
		return b.contextProvider(name), b.has("context", name) != nil, nil
	})
	r.Strategies.Fallback(func(name string) (taskgraph.Strategy, bool, error) {
		if registered := b.has("strategy", name); registered != nil {
			return b.strategy(r, registered, name), true, nil
		}
		return nil, false, nil
	})
	r.TargetMethods.Fallback(func(name string) (taskgraph.TargetMethod, bool, error) {
		return b.selection("target", name), b.has("target", name) != nil, nil
	})
	r.Filters.Fallback(func(name string) (taskgraph.Filter, bool, error) {
		return b.selection("filter", name), b.has("filter", name) != nil, nil
	})
}

// object says whether a name is that of a Python object that can be had. Without Python, names of the reference's own are
// left to be reported as unknown.
func (b *bridge) object(name, what string, code diag.Code) (bool, error) {
	module, _, ok := splitName(name)
	if !ok {
		return false, nil
	}
	own := module == "taskgraph" || strings.HasPrefix(module, "taskgraph.")
	m, err := b.imported()
	if err != nil {
		found := diag.Flatten(err)
		if len(found) == 1 && found[0].Code == diag.NeedsPython {
			if own {
				return false, nil
			}
			d := *found[0]
			d.Message = what + " " + quote(name) + " is the tree's own Python: " + d.Message
			return false, &d
		}
		return false, err
	}
	wrong, asked := m.wrong[name]
	if !asked {
		if m, err = b.importNames([]string{name}); err != nil {
			return false, err
		}
		wrong = m.wrong[name]
	}
	if wrong.Len() == 0 {
		return true, nil
	}
	detail := func(i int) string {
		if i < wrong.Len() {
			return wrong.At(i).Str()
		}
		return ""
	}
	if own && detail(0) == "module" {
		return false, nil
	}
	switch detail(0) {
	case "module":
		return false, diag.Errorf(code, 0, "unknown %s %q: there is no Python module %q", what, name, detail(1)).
			WithHint("%s", diag.DidYouMean(detail(1), wrong.At(2).List().Strings()))
	case "attribute":
		return false, diag.Errorf(code, 0, "unknown %s %q: module %q has no %q", what, name, module, detail(1)).
			WithHint("%s", diag.DidYouMean(detail(1), wrong.At(2).List().Strings()))
	case "type":
		return false, diag.Errorf(code, 0, "%s %q cannot be called: it is a %s", what, name, detail(1))
	}
	x := readException(wrong.At(1).List())
	d := x.diagnostic(b.project)
	// The same for all that the module has, so that it is reported once.
	d.Message, d.Stage = "module "+quote(module)+" cannot be imported: "+d.Message, ""
	return false, d
}

func quote(name string) string { return value.NewString(name).Describe() }

// has gives all that is registered where the tree's modules registered a name, or the reference one that is not built in; else nil.
func (b *bridge) has(registry, name string) *value.Map {
	registered := b.registrations()
	for e := range registered.At(registry).List().Values() {
		if e.List().Len() > 0 && e.List().At(0).Str() == name {
			return registered
		}
	}
	return nil
}

func (b *bridge) hasRun(using, implementation string) bool {
	for e := range b.registrations().At("run").List().Values() {
		if e.List().Len() == 3 && e.List().At(0).Str() == using && e.List().At(1).Str() == implementation {
			return true
		}
	}
	return false
}

// registrations gives what is registered, nil where the tree has no Python. Errors are those of the kinds that name some.
func (b *bridge) registrations() *value.Map {
	if !b.needed() {
		return nil
	}
	m, err := b.imported()
	if err != nil {
		return nil
	}
	return m.registered
}

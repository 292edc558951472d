package taskgraph

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// runStrategy is a strategy as one optimization uses it.
type runStrategy struct {
	Strategy
	by    string                         // what verdicts and logs call it
	paths func(arg value.Value) []string // the index paths to look up beforehand; nil for none
	batch Batch                          // what answers; nil where the strategy itself does
	mixed bool                           // it asks others, of which some are asked in batches
}

// runStrategies are the strategies that one optimization may use, each prepared when it is first asked for.
type runStrategies struct {
	g        *Generator
	override map[string]Strategy // what the parameter optimize_strategies puts in the place of others
	ready    map[string]*runStrategy
}

// strategies gives what tasks may name: what is registered, and the set that the environment variable
// TASKGRAPH_OPTIMIZE_STRATEGIES or else the parameter optimize_strategies chooses.
func (g *Generator) strategies() (*runStrategies, error) {
	s := &runStrategies{g: g, ready: map[string]*runStrategy{}}
	param := g.params.At("optimize_strategies")
	name, source := g.project.Environment("TASKGRAPH_OPTIMIZE_STRATEGIES"), "TASKGRAPH_OPTIMIZE_STRATEGIES"
	pos := diag.Pos(0)
	if name == "" {
		name, source, pos = param.Str(), "optimize_strategies", param.Pos()
	}
	if name == "" {
		return s, nil
	}
	set, err := g.project.Registry.StrategySets.Find(name, pos, diag.UnknownName)
	if err != nil {
		err = inTree(err, "set of optimization strategies", name)
		if pos == 0 && source != "optimize_strategies" {
			return nil, diag.Flatten(err)[0].WithPath(source)
		}
		return nil, g.inParameters(err, source)
	}
	s.override = set
	return s, nil
}

// find gives the strategy with a name, or a diagnostic at pos.
func (s *runStrategies) find(name string, pos diag.Pos) (*runStrategy, error) {
	if r, ok := s.ready[name]; ok {
		return r, nil
	}
	strategy, ok := s.override[name]
	if !ok {
		var err error
		if strategy, ok, err = s.g.project.Registry.Strategies.Lookup(name); err != nil {
			return nil, diag.Placed(err, pos, "optimization")
		} else if !ok {
			names := slices.AppendSeq(s.g.project.Registry.Strategies.Names(), maps.Keys(s.override))
			return nil, diag.Errorf(diag.UnknownName, pos, "unknown optimization strategy %q", name).WithPath("optimization").
				WithHint("%s", diag.DidYouMean(name, names))
		}
	}
	r := &runStrategy{Strategy: strategy, by: name}
	if d := strategy.Description(); d != "" {
		r.by = fmt.Sprintf("%s (%s)", name, d)
	}
	if p, ok := strategy.(PreparedStrategy); ok {
		var err error
		if r.Strategy, err = p.Prepare(s.g.params); err != nil {
			return nil, err
		}
	}
	if i, ok := r.Strategy.(IndexStrategy); ok {
		r.paths = i.IndexPaths
	}
	if b, ok := r.Strategy.(BatchStrategy); ok {
		r.batch = b.Batch()
	}
	r.mixed = isMixed(r.Strategy)
	s.ready[name] = r
	return r, nil
}

// never gives the strategy for tasks that ask for none.
func (s *runStrategies) never() (*runStrategy, error) {
	if _, ok := s.override["never"]; !ok {
		if _, ok := s.g.project.Registry.Strategies.Get("never"); !ok {
			return &runStrategy{Strategy: keep{}, by: "never"}, nil
		}
	}
	r, err := s.find("never", 0)
	if err != nil {
		return nil, err
	}
	unnamed := *r
	unnamed.by, _, _ = strings.Cut(r.by, " ")
	return &unnamed, nil
}

// isMixed says whether a strategy asks others that could be asked in batches.
func isMixed(s Strategy) bool {
	c, ok := s.(CompositeStrategy)
	return ok && slices.ContainsFunc(c.Of(), func(member Strategy) bool {
		_, batch := member.(BatchStrategy)
		return batch || isMixed(member)
	})
}

// keep stands for the strategy never where a registry has none of that name.
type keep struct{}

func (keep) Pure()                                                      {}
func (keep) Description() string                                        { return "" }
func (keep) Remove(context.Context, StrategyArgs) (bool, error)         { return false, nil }
func (keep) Replace(context.Context, StrategyArgs) (Replacement, error) { return Replacement{}, nil }

package optimizers

import (
	"context"
	"strings"

	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// Split gives each of a composite's strategies its argument, of the argument of the composite. What it gives no
// argument is not asked. A nil Split gives all of them the whole argument.
type Split func(arg value.Value, of []taskgraph.Strategy) []value.Value

// composite is what [Any], [All], [Not] and [Alias] have in common: other strategies, to which it hands on arguments,
// preparations and index paths.
type composite struct {
	of    []taskgraph.Strategy
	split Split
}

// Of gives the strategies that are asked.
func (c *composite) Of() []taskgraph.Strategy { return c.of }

// answers gives what each strategy makes of its share of the arguments, up to where yield says that it is enough.
func answers[T any](c *composite, args taskgraph.StrategyArgs, ask func(taskgraph.Strategy, taskgraph.StrategyArgs) (T, error), yield func(T) bool) error {
	shares := c.shares(args.Arg)
	for i, s := range c.of[:len(shares)] {
		args.Arg = shares[i]
		answer, err := ask(s, args)
		if err != nil {
			return err
		}
		if !yield(answer) {
			return nil
		}
	}
	return nil
}

// shares gives the arguments of as many strategies as there are arguments for.
func (c *composite) shares(arg value.Value) []value.Value {
	if c.split == nil {
		shares := make([]value.Value, len(c.of))
		for i := range shares {
			shares[i] = arg
		}
		return shares
	}
	shares := c.split(arg, c.of)
	return shares[:min(len(shares), len(c.of))]
}

// removals asks the strategies whether to remove a task.
func (c *composite) removals(ctx context.Context, args taskgraph.StrategyArgs, yield func(bool) bool) error {
	return answers(c, args, func(s taskgraph.Strategy, a taskgraph.StrategyArgs) (bool, error) { return s.Remove(ctx, a) }, yield)
}

// replacements asks the strategies what replaces a task.
func (c *composite) replacements(ctx context.Context, args taskgraph.StrategyArgs, yield func(taskgraph.Replacement) bool) error {
	return answers(c, args, func(s taskgraph.Strategy, a taskgraph.StrategyArgs) (taskgraph.Replacement, error) {
		return s.Replace(ctx, a)
	}, yield)
}

// IndexPaths gives the paths that the strategies look up.
func (c *composite) IndexPaths(arg value.Value) []string {
	var paths []string
	for i, share := range c.shares(arg) {
		if s, ok := c.of[i].(taskgraph.IndexStrategy); ok {
			paths = append(paths, s.IndexPaths(share)...)
		}
	}
	return paths
}

// prepare gives the composite of the prepared strategies.
func (c *composite) prepare(p *parameters.Params) (*composite, error) {
	out := &composite{of: make([]taskgraph.Strategy, len(c.of)), split: c.split}
	for i, s := range c.of {
		out.of[i] = s
		if ps, ok := s.(taskgraph.PreparedStrategy); ok {
			var err error
			if out.of[i], err = ps.Prepare(p); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// describe joins the descriptions of the strategies.
func (c *composite) describe(word string) string {
	parts := make([]string, len(c.of))
	for i, s := range c.of {
		parts[i] = s.Description()
	}
	return strings.Join(parts, word)
}

// replaces says whether a strategy's answer is to replace the task, by another or by nothing.
func replaces(r taskgraph.Replacement) bool { return r.TaskID != "" || r.Drop }

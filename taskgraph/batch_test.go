package taskgraph

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/value"
)

// moody answers by the task and by what it was asked before, so that another order, or another question, makes another graph.
type moody struct {
	asked []string
	trips int
}

// answer answers one question of one of the strategies that share the state.
func (m *moody) answer(name string, step OptimizationStep, args StrategyArgs) Answer {
	m.asked = append(m.asked, fmt.Sprintf("%d %s %s %s %s", step, name, args.Task.Label, args.Deadline, args.Arg.Describe()))
	h := fnv.New32a()
	h.Write([]byte(strings.Join(m.asked, "\n")))
	a := Answer{Asked: true}
	switch n := h.Sum32() % 17; {
	case n == 0:
		a.Err = errors.New("no answer for " + args.Task.Label)
	case n < 11:
		a.Drop = step == Removal
		if n < 5 || step == Replacing {
			a.Drop, a.TaskID = step == Removal || n%2 == 0, ""
		}
		if step == Replacing && n%2 == 1 {
			a.TaskID = "r" + args.Task.Label
		}
	}
	return a
}

// moodyStrategy asks one question at a time.
type moodyStrategy struct {
	*moody
	name string
}

func (s moodyStrategy) Description() string { return "" }
func (s moodyStrategy) Remove(_ context.Context, args StrategyArgs) (bool, error) {
	a := s.answer(s.name, Removal, args)
	return a.Drop, a.Err
}
func (s moodyStrategy) Replace(_ context.Context, args StrategyArgs) (Replacement, error) {
	a := s.answer(s.name, Replacing, args)
	return a.Replacement, a.Err
}

// moodyBatch is asked many at once.
type moodyBatch struct{ moodyStrategy }

func (s moodyBatch) Batch() Batch { return s.moody }

func (m *moody) Ask(_ context.Context, step OptimizationStep, questions []Question) ([]Answer, error) {
	m.trips++
	var answers []Answer
	for i, q := range questions {
		a := Answer{}
		ask := true
		for _, n := range q.After {
			if n >= i {
				return nil, errors.New("a condition on a later question")
			}
			ask = ask && answers[n].Asked && answers[n].Err == nil && (answers[n].Drop || answers[n].TaskID != "")
		}
		if ask {
			a = m.answer(q.Strategy.(moodyBatch).name, step, q.Args)
		}
		answers = append(answers, a)
	}
	return answers, nil
}

// both asks two strategies.
type both struct {
	fixedStrategy
	of []Strategy
}

func (b both) Of() []Strategy { return b.of }
func (b both) Remove(ctx context.Context, args StrategyArgs) (bool, error) {
	for _, s := range b.of {
		if remove, err := s.Remove(ctx, args); !remove || err != nil {
			return false, err
		}
	}
	return true, nil
}

type pureStrategy struct{ fixedStrategy }

func (pureStrategy) Pure() {}
func (pureStrategy) Remove(_ context.Context, args StrategyArgs) (bool, error) {
	if args.Arg.Str() == "err" {
		return false, errors.New("pure, but wrong")
	}
	return args.Arg.Str() == "remove", nil
}
func (pureStrategy) Replace(_ context.Context, args StrategyArgs) (Replacement, error) {
	if args.Arg.Str() == "replace" {
		return Replacement{TaskID: "p" + args.Task.Label}, nil
	}
	return Replacement{}, nil
}

// moodyTarget gives a random graph in which most tasks have a strategy that is asked.
func moodyTarget(r *rand.Rand, n int) (*targetGraph, []any) {
	target, params := randomTarget(r, n)
	conditions := r.IntN(3) // graphs without if-dependencies, with a few, and with many
	for _, t := range target.graph.tasks {
		if r.IntN(2) < 2-conditions {
			t.IfDependencies = emptyList
		}
		switch r.IntN(16) {
		case 0:
			opt("pure", "remove")(t)
		case 1:
			opt("pure", "replace")(t)
		case 2:
			opt("pure", "keep")(t)
		case 3:
			opt("both", t.Label)(t)
		case 4:
			opt("pure", "err")(t)
		case 5, 6, 7, 8, 9:
			opt("one", t.Label)(t)
		case 10, 11, 12, 13:
			opt("two", t.Label)(t)
		}
		if r.IntN(20) == 0 {
			t.Task.Set("deadline", value.NewInt(5)) // nothing that depends on what this depends on can be replaced
		} else {
			t.Task.Set("deadline", value.NewString(fmt.Sprintf("2026-01-%02dT00:00:00.000Z", 1+r.IntN(28))))
		}
	}
	return target, params
}

// TestBatchesAskTheSame sees that strategies in batches are asked exactly what they would be asked one by one.
func TestBatchesAskTheSame(t *testing.T) {
	trips, questions := 0, 0
	for seed := range uint64(4000) {
		var outcomes []string
		for _, batch := range []bool{false, true} {
			r := rand.New(rand.NewPCG(seed, 7))
			target, params := moodyTarget(r, 1+r.IntN(40))
			g := testGenerator(t, GeneratorOptions{}, params...)
			m := &moody{}
			named := func(name string) Strategy {
				if s := (moodyStrategy{m, name}); !batch {
					return s
				} else {
					return moodyBatch{s}
				}
			}
			set := g.project.Registry.Strategies
			set.Add("one", named("one"))
			set.Add("two", named("two"))
			set.Add("pure", pureStrategy{})
			set.Add("both", both{of: []Strategy{fixedStrategy{remove: true}, named("third")}})
			o, err := g.optimize(t.Context(), target)
			text := strings.Join(m.asked, "\n") + "\n" + fmt.Sprint(err)
			if err == nil {
				for _, v := range o.Verdicts {
					text += "\n" + v.String()
				}
			}
			outcomes = append(outcomes, text)
			if batch {
				trips, questions = trips+m.trips, questions+len(m.asked)
			}
		}
		require.Equal(t, outcomes[0], outcomes[1], "seed %d", seed)
	}
	t.Logf("%d questions in %d trips", questions, trips)
	assert.Less(t, trips*2, questions)
}

// TestBatchesAreLarge counts the trips for graphs of common shapes.
func TestBatchesAreLarge(t *testing.T) {
	const n = 2000
	always := func(i int) func(*Task) { return opt("one", fmt.Sprint(i)) }
	for name, c := range map[string]struct {
		of    func(i int) *Task
		trips int
	}{
		"tasks that do not depend on each other": {func(i int) *Task { return task(fmt.Sprintf("t%04d", i), "", always(i)) }, 8},
		"pairs, next to each other": {func(i int) *Task {
			if i%2 == 0 {
				return task(fmt.Sprintf("t%04d", i), "", always(i))
			}
			return task(fmt.Sprintf("t%04d", i), fmt.Sprintf("dep:t%04d", i-1), always(i))
		}, 8},
		"a chain": {func(i int) *Task {
			if i == 0 {
				return task("t0000", "", always(i))
			}
			return task(fmt.Sprintf("t%04d", i), fmt.Sprintf("dep:t%04d", i-1), always(i))
		}, 8},
		"every other one with a strategy in Go": {func(i int) *Task {
			if i%2 == 0 {
				return task(fmt.Sprintf("t%04d", i), "", opt("pure", "remove"))
			}
			return task(fmt.Sprintf("t%04d", i), fmt.Sprintf("dep:t%04d", i-1), always(i))
		}, 8},
	} {
		t.Run(name, func(t *testing.T) {
			var tasks []*Task
			for i := range n {
				tasks = append(tasks, c.of(i))
			}
			g := testGenerator(t, GeneratorOptions{})
			m := &moody{}
			g.project.Registry.Strategies.Add("one", moodyBatch{moodyStrategy{m, "one"}})
			g.project.Registry.Strategies.Add("pure", pureStrategy{})
			_, err := g.optimize(t.Context(), allOf(tasks...))
			_ = err // some have no answer
			assert.LessOrEqual(t, m.trips, c.trips)
			assert.Positive(t, m.trips)
		})
	}
}

// gone answers nothing.
type goneBatch struct{ moodyStrategy }

func (s goneBatch) Batch() Batch { return s }
func (s goneBatch) Ask(context.Context, OptimizationStep, []Question) ([]Answer, error) {
	return nil, errors.New("it is gone")
}

func TestBatchThatDoesNotAnswer(t *testing.T) {
	g := testGenerator(t, GeneratorOptions{})
	g.project.Registry.Strategies.Add("one", goneBatch{moodyStrategy{&moody{}, "one"}})
	_, err := g.optimize(t.Context(), triangle(opt("one", nil), opt("one", nil), opt("one", nil)))
	assert.Equal(t, []string{"taskcluster/test/kind.yml: t3: it is gone (TG0001)"}, messages(err), "once")
}

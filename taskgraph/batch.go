package taskgraph

import (
	"context"
	"slices"
)

// A BatchStrategy is asked about many tasks at once, because a single question is dear: it works in another program, say. It is asked the
// same questions as any other, in the same order.
type BatchStrategy interface {
	Strategy
	// Batch gives what answers in the place of this strategy, and of others that give the same. It must be comparable, and is asked by one
	// goroutine.
	Batch() Batch
}

// A CompositeStrategy asks other strategies about a task, one after the other, until it knows enough.
type CompositeStrategy interface {
	Strategy
	// Of gives the others.
	Of() []Strategy
}

// A Batch answers questions to strategies.
type Batch interface {
	// Ask answers questions in their order, one answer for each. The error says why there are no answers at all.
	Ask(ctx context.Context, step OptimizationStep, questions []Question) ([]Answer, error)
}

// OptimizationStep is what strategies are asked for.
type OptimizationStep uint8

// The steps, in order.
const (
	Removal   OptimizationStep = iota // [Strategy].Remove
	Replacing                         // [Strategy].Replace
)

// Question is a question to a strategy.
type Question struct {
	Strategy Strategy
	Args     StrategyArgs
	// After are the numbers of earlier questions in the batch. This one is to be asked only if all of them were asked, and the
	// answers are to remove or replace the tasks.
	After []int
}

// Answer is the answer to a question.
type Answer struct {
	Asked bool // whether the strategy was asked
	// Replacement is the answer of Replace; for Remove it has Drop alone.
	Replacement
	Err error // the strategy's own
}

// A PureStrategy computes its answers from its arguments, and does nothing else. It may be asked about tasks whose answer turns out not to
// matter, to find out what others have to be asked.
type PureStrategy interface {
	Strategy
	Pure()
}

// Batches are limited in what they hold.
const (
	maxQuestions = 512
	maxAfter     = 1 << 14
)

// fate is what can be said ahead of a task at a step.
type fate struct {
	kind  fateKind
	after []int // for conditional
}

type fateKind uint8

const (
	stays       fateKind = iota
	gone                 // removed or, in replacement, replaced
	conditional          // gone if the answers to some questions say so, and else it stays
	murky                // nothing can be said yet
)

// foresight asks strategies in batches. It goes ahead of a walk over the tasks from a question that has to be asked, and finds those that
// follow: the same, in the same order, as if the walk asked one after the other. Where whether a task is asked about depends on answers of
// the batch, that goes along as a condition; where it depends on anything else that is not known, the batch ends.
type foresight struct {
	o       *optimizer
	step    OptimizationStep
	order   []int32
	answers map[int32]Answer
	// past gives the fate of a task that the walk has passed, or of which it is known before.
	past func(id int32) (f fate, known bool)
	// before calls yield with the tasks on whose fate it depends whether a task is asked about.
	before func(id int32, yield func(int32) bool)
	// unasked gives the fate of a task for which no strategy is asked once all before it are gone.
	unasked func(id int32) (f fateKind, ok bool)
	// ask gives what a strategy is asked; ok is false where that is not known.
	ask func(id int32) (args StrategyArgs, ok bool)

	batch     Batch // at work
	ahead     map[int32]fate
	asked     []int32
	questions []Question
	afters    int
}

// answer gives a strategy's answer about the task at a place in the order, about which it has to be asked.
func (f *foresight) answer(ctx context.Context, at int, args StrategyArgs) (Answer, error) {
	id := f.order[at]
	strategy := f.o.plans[id]
	if strategy.batch == nil {
		return single(ctx, strategy.Strategy, f.step, args), nil
	}
	a, ok := f.answers[id]
	if !ok || !a.Asked {
		if err := f.look(ctx, at, args); err != nil {
			return Answer{}, err
		}
		a = f.answers[id]
	}
	delete(f.answers, id)
	return a, nil
}

// single asks a strategy about one task.
func single(ctx context.Context, s Strategy, step OptimizationStep, args StrategyArgs) Answer {
	a := Answer{Asked: true}
	if step == Removal {
		a.Drop, a.Err = s.Remove(ctx, args)
	} else {
		a.Replacement, a.Err = s.Replace(ctx, args)
	}
	return a
}

// look asks the questions of a batch, the first of which is about the task at a place in the order.
func (f *foresight) look(ctx context.Context, at int, args StrategyArgs) error {
	first := f.order[at]
	f.batch, f.ahead, f.asked, f.questions, f.afters = f.o.plans[first].batch, map[int32]fate{}, f.asked[:0], f.questions[:0], 0
	f.add(first, args, nil)
	f.ahead[first] = f.answered(first, fate{kind: conditional, after: []int{0}})
	f.before(first, func(other int32) bool {
		if was, _ := f.past(other); was.kind == murky { // it may become one whose removal is put off
			f.ahead[first] = was
		}
		return true
	})
	if was, _ := f.past(first); was.kind == gone { // whatever the answer
		f.ahead[first] = was
	}
	for _, id := range f.order[at+1:] {
		fate, more := f.foresee(ctx, id)
		if !more {
			break
		}
		f.ahead[id] = fate
	}
	answers, err := f.batch.Ask(ctx, f.step, f.questions)
	if err != nil {
		return err
	}
	for i, id := range f.asked {
		f.answers[id] = answers[i]
	}
	return nil
}

func (f *foresight) add(id int32, args StrategyArgs, after []int) {
	f.asked = append(f.asked, id)
	f.questions = append(f.questions, Question{Strategy: f.o.plans[id].Strategy, Args: args, After: after})
	f.afters += len(after)
}

// answered gives the fate of a task about which a strategy is asked, from the one that it has if it is asked. One with if-dependencies that the
// strategy does not remove may be removed later.
func (f *foresight) answered(id int32, asked fate) fate {
	if f.step == Removal && f.o.graph.tasks[id].IfDependencies.Len() > 0 {
		return fate{kind: murky}
	}
	return asked
}

// foresee gives the fate of a task, and adds the question about it if there is one. more is false where the batch ends before it.
func (f *foresight) foresee(ctx context.Context, id int32) (_ fate, more bool) {
	done, known := f.past(id)
	if known && done.kind == stays {
		return done, true
	}
	result := func(asked fate) (fate, bool) {
		if known {
			return done, true
		}
		return asked, true
	}
	var after []int
	unclear, kept := false, false
	f.before(id, func(other int32) bool {
		was, ok := f.ahead[other]
		if !ok {
			was, _ = f.past(other)
		}
		switch was.kind {
		case stays:
			kept = true
			return false
		case conditional:
			after = append(after, was.after...)
		case murky:
			unclear = true
		}
		return true
	})
	if kept {
		return result(fate{kind: stays})
	}
	if len(after) > 1 {
		slices.Sort(after)
		after = slices.Compact(after)
	}
	if_ := func(kind fateKind) fate {
		switch {
		case unclear:
			return fate{kind: murky}
		case kind == gone && len(after) > 0:
			return fate{kind: conditional, after: after}
		}
		return fate{kind: kind}
	}
	if kind, ok := f.unasked(id); ok {
		return result(if_(kind))
	}
	plan := f.o.plans[id]
	_, pure := plan.Strategy.(PureStrategy)
	same := plan.batch == f.batch
	if same && unclear || plan.mixed { // the latter asks by itself, in its turn
		return fate{}, false
	}
	if !same && !pure {
		return result(fate{kind: murky})
	}
	args, ok := f.ask(id)
	switch {
	case same && (!ok || len(f.questions) == maxQuestions || f.afters+len(after) > maxAfter):
		return fate{}, false
	case same:
		n := len(f.questions)
		f.add(id, args, after)
		return result(f.answered(id, fate{kind: conditional, after: []int{n}}))
	case !ok:
		return result(fate{kind: murky})
	}
	a := single(ctx, plan.Strategy, f.step, args)
	switch {
	case a.Err != nil:
		return result(fate{kind: murky})
	case a.Drop || a.TaskID != "":
		return result(if_(gone))
	}
	return result(f.answered(id, fate{kind: stays}))
}

// removalForesight gives the foresight for the removal.
func (o *optimizer) removalForesight(order []int32, p *pruning, passed []bool) *foresight {
	f := &foresight{o: o, step: Removal, order: order, answers: map[int32]Answer{}}
	f.past = func(id int32) (fate, bool) {
		switch {
		case o.locked[id]:
			return fate{kind: stays}, true
		case !passed[id]:
			return fate{}, false
		case p.candidate[id]:
			return fate{kind: murky}, true
		case o.removed[id]:
			return fate{kind: gone}, true
		}
		return fate{kind: stays}, true
	}
	f.before = func(id int32, yield func(int32) bool) {
		for _, d := range o.graph.graph.Dependents(id) {
			if !yield(d) {
				return
			}
		}
	}
	f.unasked = func(id int32) (fateKind, bool) { return gone, !o.requested[id] }
	f.ask = func(id int32) (StrategyArgs, bool) { return o.arguments(id), true }
	return f
}

// replacingForesight gives the foresight for the replacement.
func (o *optimizer) replacingForesight(order []int32, d *deadlines, answers *IndexAnswers, passed []bool) *foresight {
	f := &foresight{o: o, step: Replacing, order: order, answers: map[int32]Answer{}}
	f.past = func(id int32) (fate, bool) {
		switch {
		case o.removed[id] || o.replaced[id]:
			return fate{kind: gone}, true
		case passed[id] || o.locked[id]:
			return fate{kind: stays}, true
		}
		return fate{}, false
	}
	f.before = func(id int32, yield func(int32) bool) {
		for _, e := range o.graph.graph.Links(id) {
			if !yield(e.To) {
				return
			}
		}
	}
	f.unasked = func(id int32) (fateKind, bool) { return gone, o.existing[o.graph.tasks[id].Label] != "" }
	f.ask = func(id int32) (StrategyArgs, bool) {
		deadline, ok := d.known(o.graph.graph.Dependents(id))
		args := o.arguments(id)
		args.Deadline, args.Index = deadline, answers
		return args, ok
	}
	return f
}

// arguments gives what every strategy gets.
func (o *optimizer) arguments(id int32) StrategyArgs {
	t := o.graph.tasks[id]
	if o.g.project.Registry.hasStrayed() {
		t = t.whole(newNumbering())
	}
	return StrategyArgs{Task: t, Params: o.g.params, Arg: o.plans[id].arg}
}

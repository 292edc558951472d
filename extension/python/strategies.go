package python

import (
	"context"
	"errors"
	"fmt"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// strategySet gives a set of strategies that a name "module:object" leads to.
func (b *bridge) strategySet(name string) (map[string]taskgraph.Strategy, bool, error) {
	ok, err := b.object(name, "set of optimization strategies", diag.UnknownName)
	if !ok || err != nil {
		return nil, ok, err
	}
	v, err := b.nameSet(name)
	if err != nil {
		return nil, false, err
	}
	set := map[string]taskgraph.Strategy{}
	for e := range v.Map().Entries() {
		set[e.Key.KeyText()] = &strategy{bridge: b, set: name, name: e.Key.KeyText(), description: e.Value.Str()}
	}
	return set, true, nil
}

// strategy gives a strategy that is registered in Python. One that is the reference's own search in the index is ours.
func (b *bridge) strategy(r *taskgraph.Registry, registered *value.Map, name string) taskgraph.Strategy {
	if registered.At("index search").List().ContainsString(name) {
		if builtIn, ok := r.Strategies.Get("index-search"); ok {
			return builtIn
		}
	}
	return &strategy{bridge: b, name: name, description: registered.At("strategy description").Map().Str(name)}
}

// strategy is an optimization strategy that runs in Python, for one set of parameters once it is prepared.
type strategy struct {
	bridge                 *bridge
	set, name, description string
	session                *session
}

var (
	_ taskgraph.PreparedStrategy = (*strategy)(nil)
	_ taskgraph.BatchStrategy    = (*strategy)(nil)
	_ taskgraph.Batch            = (*session)(nil)
)

func (s *strategy) Description() string { return s.description }

func (s *strategy) Prepare(p *parameters.Params) (taskgraph.Strategy, error) {
	ready := *s
	var err error
	ready.session, err = s.bridge.ofParams(p)
	return &ready, err
}

// Batch gives the session: what strategies keep in their modules they keep in common.
func (s *strategy) Batch() taskgraph.Batch { return s.session }

func (s *strategy) Remove(ctx context.Context, args taskgraph.StrategyArgs) (bool, error) {
	a, err := s.ask(ctx, taskgraph.Removal, args)
	return a.Drop, err
}

func (s *strategy) Replace(ctx context.Context, args taskgraph.StrategyArgs) (taskgraph.Replacement, error) {
	a, err := s.ask(ctx, taskgraph.Replacing, args)
	return a.Replacement, err
}

// ask asks about one task.
func (s *strategy) ask(ctx context.Context, step taskgraph.OptimizationStep, args taskgraph.StrategyArgs) (taskgraph.Answer, error) {
	answers, err := s.session.Ask(ctx, step, []taskgraph.Question{{Strategy: s, Args: args}})
	if err != nil {
		return taskgraph.Answer{}, err
	}
	return answers[0], answers[0].Err
}

// verbs are what the steps are called.
var verbs = map[taskgraph.OptimizationStep]string{taskgraph.Removal: "remove", taskgraph.Replacing: "replace"}

// Ask has Python answer questions in one trip.
func (s *session) Ask(_ context.Context, step taskgraph.OptimizationStep, questions []taskgraph.Question) ([]taskgraph.Answer, error) {
	for _, q := range questions {
		if _, ok := q.Strategy.(*strategy); !ok {
			return nil, errBadMessage
		}
	}
	answers := make([]taskgraph.Answer, 0, len(questions))
	take := func(list *value.List) error {
		for v := range list.Values() {
			a, err := s.readAnswer(v)
			if err != nil {
				return err
			}
			answers = append(answers, a)
		}
		return nil
	}
	v, err := s.call(call{op: "ask",
		args: []argument{text(verbs[step]), func(w *writer) { s.writeQuestions(w, questions) }},
		output: func(payload []byte) error {
			v, err := readMessage(payload)
			if err != nil {
				return err
			}
			return take(v.List())
		},
	})
	if err == nil {
		err = take(v.List())
	}
	if err == nil && len(answers) != len(questions) {
		err = errBadMessage
	}
	if err != nil {
		return nil, aboutAll(s.bridge.after(err), len(questions))
	}
	return answers, nil
}

// aboutAll says of an error that it may be about any of the tasks that were asked about.
func aboutAll(err error, n int) error {
	if n == 1 {
		return err
	}
	var out []error
	for _, d := range diag.Flatten(err) {
		c := *d
		c.Message += fmt.Sprintf(", when it was asked about this task and %d more", n-1)
		out = append(out, &c)
	}
	return errors.Join(out...)
}

// writeQuestions writes questions as a list. The caller holds the lock.
func (s *session) writeQuestions(w *writer, questions []taskgraph.Question) {
	w.header(codeList, len(questions))
	at := len(w.path)
	w.path = append(w.path, step{}, step{index: 3})
	for i, q := range questions {
		asked := q.Strategy.(*strategy)
		w.path[at].index = i
		w.header(codeList, 6)
		w.str(asked.set)
		w.str(asked.name)
		w.int(int64(s.number(q.Args.Task)))
		w.value(q.Args.Arg)
		optionalText(w, q.Args.Deadline)
		w.header(codeList, len(q.After))
		for _, n := range q.After {
			w.int(int64(n))
		}
	}
	w.path = w.path[:at]
}

// readAnswer gives the answer to a question: null where it was not asked, a boolean, a task id, or an exception.
func (s *session) readAnswer(v value.Value) (taskgraph.Answer, error) {
	switch v.Kind() {
	case value.Null:
		return taskgraph.Answer{}, nil
	case value.Bool:
		return taskgraph.Answer{Asked: true, Replacement: taskgraph.Replacement{Drop: v.IsTrue()}}, nil
	case value.String:
		return taskgraph.Answer{Asked: true, Replacement: taskgraph.Replacement{TaskID: v.Str()}}, nil
	case value.ListKind:
		return taskgraph.Answer{Asked: true, Err: s.bridge.after(readException(v.List()))}, nil
	}
	return taskgraph.Answer{}, diag.Errorf(diag.NotRepresentable, 0, "an optimization strategy gave %s", v.Describe())
}

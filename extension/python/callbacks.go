package python

import (
	"sync"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
	"github.com/taskgraph-go/decision/value/schema"
)

// inSession calls Python for a kind.
func (b *bridge) inSession(cfg *taskgraph.Config, stub *value.Map, c call) (value.Value, error) {
	s, err := b.ofKind(cfg)
	if err != nil {
		return value.Value{}, err
	}
	v, err := s.call(c)
	if err != nil {
		return v, b.inKind(err, cfg, stub)
	}
	return v, nil
}

// runHandler gives the handler of a run.using that runs in Python, with its defaults and its schema.
func (b *bridge) runHandler(using, implementation string) taskgraph.RunHandler {
	return taskgraph.RunHandler{Run: func(cfg *taskgraph.Config, task, desc *value.Map) error {
		return b.change(cfg, "run", task, desc, text(using), text(implementation))
	}}
}

// caches gives a description the caches of a task, where the tree changed which there are, or what they are called.
func (b *bridge) caches(cfg *taskgraph.Config, task, desc *value.Map) error {
	return b.change(cfg, "caches", task, desc)
}

// change has Python change a task and what is made of it, which come after other arguments.
func (b *bridge) change(cfg *taskgraph.Config, op string, task, made *value.Map, args ...argument) error {
	v, err := b.inSession(cfg, task, call{op: op, args: append(args, dict(task), dict(made))})
	if err != nil {
		return err
	}
	if v.List().Len() != 2 {
		return errBadMessage
	}
	for i, m := range []*value.Map{task, made} {
		made := v.List().At(i).Map()
		if made == nil {
			return errBadMessage
		}
		replaceMap(m, made)
	}
	return nil
}

// replaceMap gives a map the entries of another one, in their order, and keeps what is the same.
func replaceMap(m, made *value.Map) {
	out, same := graftMap(m, made)
	if same {
		return
	}
	for _, key := range m.Keys() {
		m.Delete(key)
	}
	for e := range out.Entries() {
		m.SetKey(e.Key, e.Value)
	}
}

// payloadBuilder gives the builder of a payload that runs in Python. Its schema is checked there, too.
func (b *bridge) payloadBuilder(implementation string) taskgraph.PayloadBuilder {
	return taskgraph.PayloadBuilder{Build: func(cfg *taskgraph.Config, task, def *value.Map) error {
		return b.change(cfg, "payload", task, def, text(implementation))
	}}
}

// indexBuilder gives what adds the routes of an index type, in Python.
func (b *bridge) indexBuilder(name string) taskgraph.IndexBuilder {
	return func(cfg *taskgraph.Config, task *value.Map) error {
		v, err := b.inSession(cfg, task, call{op: "index", args: []argument{text(name), dict(task)}})
		if err != nil {
			return err
		}
		if v.Map() == nil {
			return diag.Errorf(diag.BadIndex, 0, "index type %q gave %s in the place of the task", name, v.Describe())
		}
		replaceMap(task, v.Map())
		return nil
	}
}

// anything is a schema that leaves the check to Python.
var anything = sync.OnceValue(func() *schema.Schema {
	s, err := schema.Compile("anything.yml", []byte("description: Python checks it."))
	if err != nil {
		panic(err)
	}
	return s
})

// groupBy gives a group-by function that runs in Python.
func (b *bridge) groupBy(name string) taskgraph.GroupBy {
	return taskgraph.GroupBy{Schema: anything(), Optional: true, Group: func(cfg *taskgraph.Config, tasks []*taskgraph.Task, arg value.Value) ([][]*taskgraph.Task, error) {
		s, err := b.ofKind(cfg)
		if err != nil {
			return nil, err
		}
		args := value.NewList()
		if !arg.IsNull() {
			args.Append(arg)
		}
		v, err := s.call(call{op: "group-by", args: []argument{text(name), s.listNumbers(tasks), document(args.Value())}})
		if err != nil {
			return nil, b.inKind(err, cfg, nil)
		}
		var groups [][]*taskgraph.Task
		for group := range v.List().Values() {
			var members []*taskgraph.Task
			for n := range group.List().Values() {
				t, err := s.task(n)
				if err != nil {
					return nil, err
				}
				members = append(members, t)
			}
			groups = append(groups, members)
		}
		return groups, nil
	}}
}

// setName gives a set-name function that runs in Python.
func (b *bridge) setName(name string) taskgraph.SetName {
	return func(cfg *taskgraph.Config, group []*taskgraph.Task, primary *taskgraph.Task, primaryKind string) (string, error) {
		s, err := b.ofKind(cfg)
		if err != nil {
			return "", err
		}
		v, err := s.call(call{op: "set-name", args: []argument{
			text(name), s.listNumbers(group), func(w *writer) { w.int(int64(s.number(primary))) }, text(primaryKind),
		}})
		if err != nil {
			return "", b.inKind(err, cfg, nil)
		}
		text, ok := v.AsString()
		if !ok {
			return "", diag.Errorf(diag.BadDeps, 0, "set-name %s gave %s, which is no name", name, v.Describe())
		}
		return text, nil
	}
}

// contextProvider gives a provider of values for task-context that runs in Python.
func (b *bridge) contextProvider(name string) taskgraph.ContextProvider {
	return func(cfg *taskgraph.Config, stub *value.Map) (*value.Map, error) {
		v, err := b.inSession(cfg, stub, call{op: "context", args: []argument{text(name), dict(stub)}})
		if err != nil {
			return nil, err
		}
		if v.Map() == nil {
			return nil, diag.Errorf(diag.WrongType, 0, "the context %s is %s, which is no map", name, v.Describe())
		}
		return v.Map(), nil
	}
}

// parameterHook gives a function that changes the parameters of a decision task, in Python.
func (b *bridge) parameterHook(name string) taskgraph.ParameterHook {
	return func(cfg *taskgraph.ParameterHookConfig) error {
		s, err := b.ofNothing()
		if err != nil {
			return err
		}
		defer s.close()
		v, err := s.call(call{op: "decision-parameters", args: []argument{text(name), dict(cfg.Params)}})
		if err != nil {
			return b.after(err)
		}
		if v.Map() == nil {
			return errBadMessage
		}
		replaceMap(cfg.Params, v.Map())
		return nil
	}
}

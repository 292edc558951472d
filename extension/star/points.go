package star

import (
	"context"
	"fmt"

	"go.starlark.net/starlark"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
	"github.com/taskgraph-go/decision/value/schema"
)

// The signatures of the other extension points. The last parameters may be left out where least says so.
var (
	targetSignature       = signature{params: []string{"tasks", "params", "graph_config"}, least: 1, result: true}
	removeSignature       = signature{params: []string{"task", "params", "arg"}, least: 1, result: true}
	replaceSignature      = signature{params: []string{"task", "params", "deadline", "arg"}, least: 1, result: true}
	groupBySignature      = signature{params: []string{"config", "tasks", "arg"}, least: 2, result: true}
	contextSignature      = signature{params: []string{"config", "task"}, least: 1, result: true}
	verificationSignature = signature{params: []string{"tasks", "params", "graph_config"}, least: 1}
)

// finder gives a function when it is first needed.
type finder func(ctx context.Context) (*function, error)

// targetMethod gives a target task method.
func (rt *runtime) targetMethod(find finder) taskgraph.TargetMethod {
	return func(s *taskgraph.Selection) ([]*taskgraph.Task, error) {
		f, err := find(rt.ctx)
		if err != nil {
			return nil, err
		}
		var chosen []*taskgraph.Task
		tasks := graphTasks(s.Tasks)
		args := starlark.Tuple{tasks, frozen(s.Params.Map()), frozen(s.Graph.Map())}
		err = f.call(rt.ctx, seen{selection: s}, rt.limits.forTasks(tasks.Len()), args, func(thread *starlark.Thread, x starlark.Value) error {
			chosen, err = tasksOf(x, tasks.find, tasks.labels)
			return err
		})
		return chosen, err
	}
}

// tasksOf gives the tasks that a function chose: a list of labels or of tasks.
func tasksOf(x starlark.Value, find func(string) *taskgraph.Task, labels func() []string) ([]*taskgraph.Task, error) {
	const want = "a list of labels or of tasks"
	all, ok := x.(starlark.Iterable)
	if !ok || formOf(x) == mapping {
		return nil, returned(want, x)
	}
	var out []*taskgraph.Task
	for item := range starlark.Elements(all) {
		switch item := item.(type) {
		case *Task:
			out = append(out, item.t)
		case starlark.String:
			t := find(string(item))
			if t == nil {
				return nil, &badResult{what: fmt.Sprintf("returned %q, which is no task", string(item)), hint: diag.DidYouMean(string(item), labels())}
			}
			out = append(out, t)
		default:
			return nil, &badResult{what: "returned a list that holds " + describe(item) + ", want labels or tasks"}
		}
	}
	return out, nil
}

// strategy is an optimization strategy: remove, replace, or both.
type strategy struct {
	rt              *runtime
	description     string
	remove, replace finder // nil: keep
}

var _ taskgraph.Strategy = (*strategy)(nil)

// Description is what the graph config says about the strategy.
func (s *strategy) Description() string { return s.description }

// Remove asks the function that says whether a task is not needed.
func (s *strategy) Remove(ctx context.Context, args taskgraph.StrategyArgs) (remove bool, err error) {
	if s.remove == nil {
		return false, nil
	}
	f, err := s.remove(ctx)
	if err != nil {
		return false, err
	}
	err = f.call(ctx, seen{}, s.rt.limits, starlark.Tuple{&Task{args.Task}, frozen(args.Params.Map()), view(args.Arg, true)}, func(thread *starlark.Thread, x starlark.Value) error {
		b, ok := x.(starlark.Bool)
		if !ok {
			return returned("True or False", x)
		}
		remove = bool(b)
		return nil
	})
	return remove, err
}

// Replace asks the function that says which task stands in for another one.
func (s *strategy) Replace(ctx context.Context, args taskgraph.StrategyArgs) (out taskgraph.Replacement, err error) {
	if s.replace == nil {
		return out, nil
	}
	f, err := s.replace(ctx)
	if err != nil {
		return out, err
	}
	var deadline starlark.Value = starlark.None
	if args.Deadline != "" {
		deadline = starlark.String(args.Deadline)
	}
	values := starlark.Tuple{&Task{args.Task}, frozen(args.Params.Map()), deadline, view(args.Arg, true)}
	err = f.call(ctx, seen{}, s.rt.limits, values, func(thread *starlark.Thread, x starlark.Value) error {
		switch x := x.(type) {
		case starlark.String:
			if x == "" {
				return returned("a task id, True, False or None", x)
			}
			out.TaskID = string(x)
		case starlark.Bool:
			out.Drop = bool(x)
		case starlark.NoneType:
		default:
			return returned("a task id, True, False or None", x)
		}
		return nil
	})
	return out, err
}

// anything is the schema of arguments that only the function itself can check.
var anything = schema.MustCompile("argument.yml", []byte("{}"))

// groupBy gives a function that groups dependencies.
func (rt *runtime) groupBy(find func(ctx context.Context, cfg *taskgraph.Config) (*function, error)) taskgraph.GroupBy {
	return taskgraph.GroupBy{Schema: anything, Optional: true, Group: func(cfg *taskgraph.Config, tasks []*taskgraph.Task, arg value.Value) (groups [][]*taskgraph.Task, err error) {
		f, err := find(cfg.Context, cfg)
		if err != nil {
			return nil, err
		}
		if f.n < 3 && !arg.IsNull() {
			return nil, diag.Errorf(diag.BadDeps, arg.Pos(), "%s takes no argument", f.ref)
		}
		known := map[string]*taskgraph.Task{}
		list := make([]starlark.Value, len(tasks))
		for i, t := range tasks {
			list[i], known[t.Label] = &Task{t}, t
		}
		limits := rt.limits.forTasks(len(tasks))
		err = f.call(cfg.Context, seen{cfg: cfg}, limits, starlark.Tuple{newConfig(cfg), starlark.NewList(list), view(arg, true)}, func(thread *starlark.Thread, x starlark.Value) error {
			all, ok := x.(starlark.Iterable)
			if !ok || formOf(x) == mapping {
				return returned("a list of lists of tasks", x)
			}
			for item := range starlark.Elements(all) {
				group, err := tasksOf(item, func(label string) *taskgraph.Task { return known[label] }, func() []string { return nil })
				if err != nil {
					return err
				}
				if len(group) == 0 {
					return &badResult{what: "returned a group without tasks"}
				}
				groups = append(groups, group)
			}
			return nil
		})
		return groups, err
	}}
}

// contextProvider gives a function that gives values for task-context.
func (rt *runtime) contextProvider(find func(ctx context.Context, cfg *taskgraph.Config) (*function, error)) taskgraph.ContextProvider {
	return func(cfg *taskgraph.Config, stub *value.Map) (m *value.Map, err error) {
		f, err := find(cfg.Context, cfg)
		if err != nil {
			return nil, err
		}
		stub.Freeze()
		task := frozen(stub.Copy())
		err = f.call(cfg.Context, seen{cfg: cfg}, rt.limits, starlark.Tuple{newConfig(cfg), task}, func(thread *starlark.Thread, x starlark.Value) error {
			if formOf(x) != mapping {
				return returned("a dict", x)
			}
			v, err := document(thread, x)
			if err != nil {
				return unfit("a dict that cannot be used", err)
			}
			m = v.Map()
			return nil
		})
		return m, err
	}
}

// verification gives a verification of a phase.
func (rt *runtime) verification(phase taskgraph.Phase, projects []string, find finder) taskgraph.Verification {
	return taskgraph.Verification{Phase: phase, Projects: projects, Check: func(cfg *taskgraph.VerifyConfig, report func(error)) {
		f, err := find(rt.ctx)
		if err != nil {
			report(err)
			return
		}
		var subject starlark.Value = starlark.None
		n, lookup := 0, func(string) *taskgraph.Task { return nil }
		switch {
		case cfg.Tasks != nil:
			tasks := graphTasks(cfg.Tasks)
			subject, n, lookup = tasks, tasks.Len(), tasks.find
		case cfg.Kinds != nil:
			kinds := starlark.NewDict(len(cfg.Kinds))
			for _, name := range sortedKeys(cfg.Kinds) {
				kinds.SetKey(starlark.String(name), frozen(cfg.Kinds[name].Map)) // a text has a hash, and nobody iterates yet
			}
			kinds.Freeze()
			subject = kinds
		}
		args := starlark.Tuple{subject, frozen(cfg.Params.Map()), frozen(cfg.Graph.Map())}
		err = f.call(rt.ctx, seen{}, rt.limits.forTasks(n), args, func(thread *starlark.Thread, x starlark.Value) error {
			return mistakes(thread, x, f, lookup, report)
		})
		if err != nil {
			for _, d := range diag.Flatten(err) {
				if d.Code == diag.StarFailed {
					d.Code = diag.Verification
				}
				report(d)
			}
		}
	}}
}

// mistakes reports what a verification returned: None, or a list of texts and dicts that say what is wrong.
func mistakes(thread *starlark.Thread, x starlark.Value, f *function, lookup func(string) *taskgraph.Task, report func(error)) error {
	const want = "None, or a list of messages"
	if x == starlark.None {
		return nil
	}
	all, ok := x.(starlark.Iterable)
	if !ok || formOf(x) == mapping {
		return returned(want, x)
	}
	for item := range starlark.Elements(all) {
		d := diag.Errorf(diag.Verification, f.pos, "")
		switch item := item.(type) {
		case starlark.String:
			d.Message = string(item)
		case dictLike:
			v, err := document(thread, item)
			if err != nil {
				return unfit("a mistake that cannot be shown", err)
			}
			for e := range v.Map().Entries() {
				switch key := e.Key.KeyText(); key {
				case "message":
					d.Message = e.Value.Str()
				case "hint":
					d.Hint = e.Value.Str()
				case "path":
					d.Path = e.Value.Str()
				case "warning":
					if e.Value.Truthy() {
						d.Severity = diag.Warning
					}
				case "label":
					d.Label = e.Value.Str()
					if t := lookup(d.Label); t != nil {
						d.Kind = t.Kind
						if t.Pos != 0 {
							d.Pos = t.Pos
							d.WithRelated(f.pos, "checked here")
						}
					}
				default:
					return &badResult{what: fmt.Sprintf("returned a mistake with the key %q", key), hint: diag.DidYouMean(key, []string{"hint", "label", "message", "path", "warning"})}
				}
			}
		default:
			return &badResult{what: "returned a list that holds " + describe(item) + ", want messages"}
		}
		if d.Message == "" {
			return &badResult{what: "returned a mistake without a message"}
		}
		report(d)
	}
	return nil
}

package star

import (
	"iter"

	"go.starlark.net/starlark"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// transformSignature is that of a transform. One whose second parameter is called tasks gets all tasks of the kind at once.
var transformSignature = signature{params: []string{"config", "task"}, least: 2, result: true}

// transform gives the sequence for a transform, which is looked up for each kind.
func (rt *runtime) transform(name string, pos diag.Pos, dirs func(*taskgraph.Config) []string) taskgraph.Sequence {
	return taskgraph.Sequence{{Name: name, For: func(cfg *taskgraph.Config) (taskgraph.Sequence, error) {
		at := pos
		for v := range cfg.Map.At("transforms").List().Values() {
			if pos == 0 && v.Str() == name {
				at = v.Pos()
				break
			}
		}
		f, err := rt.function(cfg.Context, name, at, dirs(cfg), transformSignature)
		if err != nil {
			return nil, err
		}
		return taskgraph.Sequence{f.step()}, nil
	}}}
}

// step makes a step of a transform.
func (f *function) step() taskgraph.Step {
	if f.fn.NumParams() > 1 {
		if second, _ := f.fn.Param(1); second == "tasks" {
			return taskgraph.Step{Name: f.ref, All: f.all}
		}
	}
	return taskgraph.Step{Name: f.ref, Begin: func(cfg *taskgraph.Config) (taskgraph.Each, error) {
		config := newConfig(cfg)
		return func(cfg *taskgraph.Config, stub *value.Map, yield func(*value.Map)) error {
			return f.each(cfg, config, stub, yield)
		}, nil
	}}
}

const wantTask = "a task, a list of tasks, or None"

// each calls a transform for one task.
func (f *function) each(cfg *taskgraph.Config, config *Config, stub *value.Map, yield func(*value.Map)) error {
	task := &Dict{m: stub, own: true}
	pos := taskgraph.StubPos(stub)
	var one *value.Map
	var more []*value.Map
	err := f.call(cfg.Context, seen{cfg: cfg}, f.rt.limits, starlark.Tuple{config, task}, func(thread *starlark.Thread, x starlark.Value) (err error) {
		switch {
		case x == starlark.None:
		case x == starlark.Value(task):
			if _, err = task.document(newConverter(thread)); err != nil {
				return unfit("a task that cannot be one", err)
			}
			one = task.m
		case formOf(x) == mapping:
			one, err = stubOf(thread, x)
		case formOf(x) == sequence || formOf(x) == tuple:
			more, err = stubsOf(thread, x, wantTask)
		default:
			err = returned(wantTask, x)
		}
		return err
	})
	if err != nil {
		return about(err, pos)
	}
	if one != nil {
		place(one, pos)
		yield(one)
	}
	for _, m := range more {
		place(m, pos)
		yield(m)
	}
	return nil
}

// place gives the name and the label of a task that code made the place of the task that it was made of, so that later mistakes
// can be shown there.
func place(m *value.Map, pos diag.Pos) {
	for _, key := range [...]string{"label", "name"} {
		if v, ok := m.Get(key); ok && m.KeyPos(key) == 0 && pos != 0 {
			m.Set(key, v.At(pos))
		}
	}
}

// stubOf gives a task that a function made. It shares nothing that can be changed.
func stubOf(thread *starlark.Thread, x starlark.Value) (*value.Map, error) {
	v, err := document(thread, x)
	if err != nil {
		return nil, unfit("a task that cannot be one", err)
	}
	if v.Map() == nil {
		return nil, returned("a task", x)
	}
	return v.Map().Copy(), nil
}

// stubsOf gives the tasks of a list.
func stubsOf(thread *starlark.Thread, x starlark.Value, want string) ([]*value.Map, error) {
	all, ok := x.(starlark.Indexable)
	if !ok || formOf(x) == plain {
		return nil, returned(want, x)
	}
	out := make([]*value.Map, 0, all.Len())
	for i := range all.Len() {
		item := all.Index(i)
		if item == starlark.None {
			return nil, &badResult{what: "returned a list that holds None", hint: "leave out what is not wanted"}
		}
		if formOf(item) != mapping {
			return nil, &badResult{what: "returned a list that holds " + describe(item) + ", want tasks only"}
		}
		m, err := stubOf(thread, item)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// about adds where the task was defined to an error.
func about(err error, pos diag.Pos) error {
	if pos == 0 {
		return err
	}
	for _, d := range diag.Flatten(err) {
		if d.Pos != pos {
			d.WithRelated(pos, "the task")
		}
	}
	return err
}

// all calls a transform for all tasks of a kind at once.
func (f *function) all(cfg *taskgraph.Config, stubs iter.Seq2[*value.Map, error]) iter.Seq2[*value.Map, error] {
	return func(yield func(*value.Map, error) bool) {
		var tasks []starlark.Value
		for stub, err := range stubs {
			if err != nil {
				if !yield(stub, err) {
					return
				}
				continue
			}
			tasks = append(tasks, &Dict{m: stub, own: true})
		}
		f.yieldAll(cfg, len(tasks), starlark.Tuple{newConfig(cfg), starlark.NewList(tasks)}, yield)
	}
}

// yieldAll calls the function, with limits for n tasks, and yields the tasks that it gives, or its error.
func (f *function) yieldAll(cfg *taskgraph.Config, n int, args starlark.Tuple, yield func(*value.Map, error) bool) {
	var out []*value.Map
	err := f.call(cfg.Context, seen{cfg: cfg}, f.rt.limits.forTasks(n), args, func(thread *starlark.Thread, x starlark.Value) (err error) {
		out, err = stubsOf(thread, x, "a list of tasks")
		return err
	})
	if err != nil {
		yield(nil, err)
		return
	}
	for _, m := range out {
		if !yield(m, nil) {
			return
		}
	}
}

// loaderSignature is that of a loader.
var loaderSignature = signature{params: []string{"config"}, least: 1, result: true}

// loader gives a loader, which is looked up for each kind.
func (rt *runtime) loader(name string, pos diag.Pos, dirs func(*taskgraph.Config) []string) taskgraph.Loader {
	return func(cfg *taskgraph.LoadConfig) iter.Seq2[*value.Map, error] {
		return func(yield func(*value.Map, error) bool) {
			at := pos
			if v := cfg.Map.At("loader"); v.Str() == name {
				at = v.Pos()
			}
			f, err := rt.function(cfg.Context, name, at, dirs(cfg.Config), loaderSignature)
			if err != nil {
				yield(nil, err)
				return
			}
			f.yieldAll(cfg.Config, 1000, starlark.Tuple{newConfig(cfg.Config)}, yield)
		}
	}
}

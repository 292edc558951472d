package transforms

import (
	"iter"
	"maps"
	"slices"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// cachedTasksSequence lets tasks that have a cache section be replaced by earlier ones that made the same from the same.
// What a task depends on is in cache.digest-data; the digests of the tasks that it depends on are added.
func cachedTasksSequence() taskgraph.Sequence {
	return taskgraph.Sequence{{Name: "cache_task", All: cacheTasks}}
}

func cacheTasks(cfg *taskgraph.Config, stubs iter.Seq2[*value.Map, error]) iter.Seq2[*value.Map, error] {
	return func(yield func(*value.Map, error) bool) {
		var tasks []*value.Map
		for stub, err := range stubs {
			if err != nil {
				if !yield(stub, err) {
					return
				}
				continue
			}
			tasks = append(tasks, stub)
		}
		if cfg.Fast {
			// No digests; nothing says yet what a task would be cached by.
			for _, task := range tasks {
				task.Delete("cache")
				if !yield(task, nil) {
					return
				}
			}
			return
		}
		tasks, err := orderTasks(cfg, tasks)
		if err != nil && !yield(nil, err) {
			return
		}
		results := map[string]string{}
		for _, dep := range cfg.Deps.All() {
			if r, ok := dep.Attributes.Get("cached_task"); ok {
				m := r.Map()
				results[dep.Label] = cachedResult{m.Str("type"), m.Str("name"), m.Str("digest")}.String()
			}
		}
		exists := func(label string) bool {
			return cfg.Deps.Task(label) != nil || slices.ContainsFunc(tasks, func(t *value.Map) bool { return t.Str("label") == label })
		}
		for _, task := range tasks {
			if !yield(task, cacheTask(cfg, task, results, exists)) {
				return
			}
		}
	}
}

// cacheTask makes a task with a cache section a cached one and adds its result to those of the tasks before it, by label.
func cacheTask(cfg *taskgraph.Config, task *value.Map, results map[string]string, exists func(label string) bool) error {
	v, _ := task.Delete("cache")
	if v.IsNull() {
		return nil
	}
	cache := v.Map()
	for _, key := range [...]string{"type", "name"} {
		if s := cache.At(key); !s.IsString() {
			return diag.Errorf(diag.WrongType, s.Or(v.Pos()).Pos(), "want a string, got %s", s.Describe()).WithPath("cache." + key)
		}
	}
	data, err := digestData(cache.At("digest-data").Or(v.Pos()))
	if err != nil {
		return err
	}
	var parents []string
	for e := range task.At("dependencies").Map().Entries() {
		label := e.Value.Str()
		r, ok := results[label]
		if !ok && !cfg.Failed(label) {
			return uncachedParent(task, e, results, exists(label))
		}
		parents = append(parents, r)
	}
	slices.Sort(parents)
	data = append(data, parents...)
	// The chain of trust adds to what a task uploads.
	if trust := task.At("worker").Map().At("chain-of-trust"); trust.Truthy() {
		data = append(data, value.PyStr(trust))
	}
	r := newCachedResult(cache.Str("type"), cache.Str("name"), data)
	if err := addOptimization(cfg, task, r); err != nil {
		return err
	}
	results[task.Str("label")] = r.String()
	return nil
}

func digestData(v value.Value) ([]string, error) {
	list := v.List()
	if list == nil {
		return nil, diag.Errorf(diag.WrongType, v.Pos(), "want a list of strings, got %s", v.Describe()).WithPath("cache.digest-data")
	}
	data := make([]string, 0, list.Len()+4)
	for item := range list.Values() {
		s, ok := item.AsString()
		if !ok {
			return nil, diag.Errorf(diag.WrongType, item.Or(v.Pos()).Pos(), "want a string, got %s", item.Describe()).WithPath("cache.digest-data")
		}
		data = append(data, s)
	}
	return data, nil
}

// uncachedParent says that a cached task depends on a task that is not cached, or that there is no such task.
func uncachedParent(task *value.Map, dependency value.Entry, results map[string]string, exists bool) error {
	label := dependency.Value.Str()
	pos := dependency.Value.Or(dependency.Key.Pos()).Or(task.KeyPos("label")).Pos()
	path := "dependencies." + dependency.Key.KeyText()
	if exists {
		return diag.Errorf(diag.BadOptimize, pos, "a cached task can only depend on cached tasks, and %q is none", label).WithPath(path)
	}
	d := diag.Errorf(diag.MissingDep, pos, "there is no task %q in this kind and those that it depends on", label).WithPath(path)
	if near := diag.Nearest(label, slices.Collect(maps.Keys(results))); near != "" {
		d.WithHint("did you mean %q?", near)
	}
	return d
}

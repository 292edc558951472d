package transforms

import (
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/transforms/schemas"
	"github.com/taskgraph-go/decision/value"
)

// simpleHandlers registers run.using index-search and always-optimized: tasks that never run.
func simpleHandlers(r *taskgraph.Registry) {
	r.RunHandlers.Add(taskgraph.RunName("index-search", "always-optimized"), taskgraph.RunHandler{Schema: schemas.Load("index-search"), Run: indexSearch})
	r.RunHandlers.Add(taskgraph.RunName("always-optimized", "always-optimized"), taskgraph.RunHandler{
		Schema: schemas.Load("always-optimized"), Run: func(*taskgraph.Config, *value.Map, *value.Map) error { return nil },
	})
}

// indexSearch makes a task that stands for one of another graph, found in the index. The paths may name parameters.
func indexSearch(cfg *taskgraph.Config, task, desc *value.Map) error {
	paths := value.NewList()
	for v := range task.At("run").Map().At("index-search").List().Values() {
		path, err := value.Format(v.Str(), cfg.Params.Get)
		if err != nil {
			return value.WithNames(at(err, v, "run.index-search"), cfg.Params.Map().Keys())
		}
		paths.Append(value.NewString(path).At(v.Pos()))
	}
	desc.Set("optimization", value.MapOf("index-search", paths).Value())
	return nil
}

package loaders

import "github.com/taskgraph-go/decision/taskgraph"

// Register adds the built-in loaders under the names that kinds use.
func Register(r *taskgraph.Registry) {
	defer r.Contain()()
	r.Loaders.Add(taskgraph.DefaultLoader, Default)
	r.Loaders.Add("taskgraph.loader.transform:loader", Transform)
}

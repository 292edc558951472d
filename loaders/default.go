package loaders

import (
	"iter"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// defaultTransforms make a task of the description of a run. Most kinds end with them.
var defaultTransforms = [...]string{"taskgraph.transforms.run:transforms", "taskgraph.transforms.task:transforms"}

// Default loads what [Transform] loads and adds the run and task transforms after the kind's own. It is an error for
// the kind to list one of them itself.
func Default(cfg *taskgraph.LoadConfig) iter.Seq2[*value.Map, error] {
	return func(yield func(*value.Map, error) bool) {
		for _, v := range cfg.Transforms {
			for _, name := range defaultTransforms {
				if v.Str() != name {
					continue
				}
				err := diag.Errorf(diag.MutuallyExcluded, v.Pos(), "transform %q is already added by the default loader", name).WithPath("transforms").
					WithHint("leave it out, or set loader: taskgraph.loader.transform:loader")
				if !yield(nil, err) {
					return
				}
			}
		}
		for _, name := range defaultTransforms {
			cfg.Transforms = append(cfg.Transforms, value.NewString(name))
		}
		Transform(cfg)(yield)
	}
}

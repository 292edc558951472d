package transforms

import (
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// codeReviewSequence makes a task wait for what code review is about: it gets a soft dependency on each task of the
// kind-dependencies whose attribute code-review is true.
func codeReviewSequence() taskgraph.Sequence {
	return taskgraph.Sequence{{Name: "add_dependencies", Begin: addReviewDependencies}}
}

func addReviewDependencies(cfg *taskgraph.Config) (taskgraph.Each, error) {
	var labels []value.Value
	for _, dep := range cfg.Deps.All() {
		if dep.Attribute("code-review").IsTrue() {
			labels = append(labels, value.NewString(dep.Label))
		}
	}
	return func(_ *taskgraph.Config, stub *value.Map, yield func(*value.Map)) error {
		list, err := listAt(stub, "soft-dependencies")
		if err != nil {
			return err
		}
		list.Append(labels...)
		yield(stub)
		return nil
	}, nil
}

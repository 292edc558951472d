package optimizers

import (
	"errors"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
)

// Register registers the built-in strategies.
func Register(r *taskgraph.Registry) {
	defer r.Contain()()
	r.Strategies.Add("never", Never{})
	r.Strategies.Add("always", Always{})
	r.Strategies.Add("index-search", IndexSearch{})
	r.Strategies.Add("skip-unless-changed", SkipUnlessChanged{})
}

// Named gives registered strategies by name, for composites. The error names all that are not registered.
func Named(r *taskgraph.Registry, names ...string) ([]taskgraph.Strategy, error) {
	found := make([]taskgraph.Strategy, 0, len(names))
	var errs []error
	for _, name := range names {
		s, err := r.Strategies.Find(name, 0, diag.UnknownName)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		found = append(found, s)
	}
	return found, errors.Join(errs...)
}

package parameters

import (
	"context"
	"slices"

	"github.com/taskgraph-go/decision/value"
)

// fromCheckout are the base parameters whose defaults version control knows.
var fromCheckout = []string{"base_repository", "files_changed", "head_ref", "head_repository", "head_rev", "project", "repository_type"}

// baseDefaults gives the defaults of the base parameters in the order of the reference. Version control and
// version.txt are only asked when given lacks something that they know.
func (o *Options) baseDefaults(ctx context.Context, given *value.Map) (*value.Map, error) {
	tree := o.Checkout
	if tree == nil {
		tree = NewCheckout(".", o.Offline)
	}
	found := &push{}
	if slices.ContainsFunc(fromCheckout, func(name string) bool { return !given.Has(name) }) {
		var err error
		if found, err = tree.look(ctx); err != nil {
			return nil, err
		}
	}
	version := value.Value{}
	if !given.Has("version") {
		text, ok, err := tree.Version()
		if err != nil {
			return nil, err
		}
		if ok {
			version = value.NewString(text)
		}
	}
	ref := found.branch
	if ref == "" {
		ref = found.rev
	}
	now := o.now()
	return value.MapOf(
		"base_repository", found.url,
		"base_ref", "",
		"base_rev", "",
		"build_date", now.Unix(),
		"build_number", 1,
		"do_not_optimize", []string{},
		"enable_always_target", true,
		"existing_tasks", value.NewMap(0),
		"files_changed", found.files,
		"filters", []string{"target_tasks_method"},
		"head_ref", ref,
		"head_repository", found.url,
		"head_rev", found.rev,
		"head_tag", "",
		"level", "3",
		"moz_build_date", now.Format("20060102150405"), // local time, unlike that of a push
		"next_version", nil,
		"optimize_strategies", nil,
		"optimize_target_tasks", true,
		"owner", "nobody@mozilla.com",
		"project", found.project,
		"pushdate", now.Unix(),
		"pushlog_id", "0",
		"repository_type", found.tool,
		"target_tasks_method", "default",
		"tasks_for", "",
		"version", version,
	), nil
}

// fill adds the defaults of what is missing: those of the base parameters, and of extensions.
func (o *Options) fill(given, defaults *value.Map, extensions []Extension) error {
	root := "."
	if o.Checkout != nil {
		root = o.Checkout.root
	}
	for _, e := range extensions {
		if e.Defaults == nil {
			continue
		}
		more, err := e.Defaults(DefaultsContext{Root: root, Now: o.now()})
		if err != nil {
			return err
		}
		defaults.Update(more)
	}
	for name, v := range defaults.All() {
		given.SetDefault(name, v)
	}
	return nil
}

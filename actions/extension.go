package actions

import (
	"context"
	"io"
	"slices"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// Extension registers the actions that a project turns on under actions in config.yml.
func Extension(_ context.Context, p *taskgraph.Project) (io.Closer, error) {
	section := p.Config.Map().At("actions").Map()
	var errs diag.List
	made := map[string][]callback{}
	for _, o := range optional {
		v := section.At(o.name)
		if v.Kind() == value.Bool && !v.IsTrue() || v.IsNull() {
			continue
		}
		found, err := o.make(settings{v.Map()}, p.Config)
		if err != nil {
			errs.Add(diag.Placed(err, v.Or(section.KeyPos(o.name)).Pos(), "actions."+o.name))
			continue
		}
		made[o.name] = found
	}
	if len(made) == 0 {
		return nil, errs.Err(p.Sources)
	}
	// After those of the tree's code, whose callbacks they must not have.
	errs.Add(p.Registry.After(func(r *taskgraph.Registry) error {
		var taken diag.List
		for _, o := range optional {
			for _, named := range made[o.name] {
				if _, has := r.Actions.Get(named.callback); has {
					taken.Add(diag.Errorf(diag.BadAction, section.KeyPos(o.name), "there is an action with the callback %q already", named.callback).WithPath("actions." + o.name))
					continue
				}
				r.Actions.Add(named.callback, named.action)
			}
		}
		return taken.Err(p.Sources)
	}))
	return nil, errs.Err(p.Sources)
}

// callback is an action under the name of its callback.
type callback struct {
	callback string
	action   *taskgraph.Action
}

// optional are the keys of the section actions, and what each of them turns on.
var optional = []struct {
	name string
	make func(s settings, config *taskgraph.GraphConfig) ([]callback, error)
}{
	{"backfill", newBackfill},
	{"create-interactive", newInteractive},
	{"purge-caches", newPurgeCaches},
	{"run-missing-tests", newMissingTests},
	{"confirm-failures", newConfirmFailures},
	{"release-promotion", newPromotion},
	{"custom", newCustom},
}

// settings are what a project says about an action. The schema has checked it; nothing is said where it is nil.
type settings struct{ m *value.Map }

func (s settings) text(name, otherwise string) string {
	if v, ok := s.m.At(name).AsString(); ok {
		return v
	}
	return otherwise
}

func (s settings) number(name string, otherwise int) int {
	if n, ok := s.m.At(name).AsInt(); ok {
		return int(n)
	}
	return otherwise
}

func (s settings) texts(name string, otherwise ...string) []string {
	if l := s.m.At(name).List(); l != nil {
		return l.Strings()
	}
	return otherwise
}

// apply sets what any action may have set.
func (s settings) apply(a *taskgraph.Action) *taskgraph.Action {
	a.Permission = s.text("permission", a.Permission)
	a.Order = s.number("order", a.Order)
	if l := s.m.At("context").List(); l != nil {
		a.Context = func(*parameters.Params) (*value.List, error) { return l, nil }
	}
	if s.m.Has("projects") {
		projects, before := s.texts("projects"), a.Available
		a.Available = func(params *parameters.Params) (bool, error) {
			if !slices.Contains(projects, params.Project()) || before == nil {
				return slices.Contains(projects, params.Project()), nil
			}
			return before(params)
		}
	}
	return a
}

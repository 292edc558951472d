package star

import (
	"context"
	"strings"
	"unicode/utf8"

	"go.starlark.net/starlark"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// The signatures of the functions of an action.
var (
	availableSignature = signature{params: []string{"params", "graph_config"}, least: 1, result: true}
	schemaSignature    = signature{params: []string{"graph_config"}, least: 0, result: true}
	runSignature       = signature{params: []string{"config", "action"}, least: 1, result: true}
)

// maxSymbol is how many characters the symbol of an action may have.
const maxSymbol = 25

// action declares an action. What its functions but run say is asked for when actions.json is written, and again before it runs.
func (d *declaration) action(callback string, m *value.Map) {
	a := &taskgraph.Action{
		Name: callback, Title: m.Str("title"), Description: m.Str("description"), Symbol: m.Str("symbol"), Permission: m.Str("permission"), Order: 10000,
	}
	if name := m.Str("name"); name != "" {
		a.Name = name
	}
	if order, ok := m.At("order").AsInt(); ok {
		a.Order = int(order)
	}
	ok := true
	if utf8.RuneCountInString(a.Symbol) > maxSymbol && !strings.Contains(a.Symbol, "${") {
		d.errs.Add(diag.Errorf(diag.BadExtension, m.At("symbol").Pos(), "want at most %d characters, got %q", maxSymbol, a.Symbol).WithPath("taskgraph.extensions.actions." + callback + ".symbol"))
		ok = false
	}
	available, fine := d.optional(m.At("available"), availableSignature)
	if ok = ok && fine; available != nil {
		a.Available = func(params *parameters.Params) (offered bool, err error) {
			err = d.ask(available, starlark.Tuple{frozen(params.Map()), frozen(d.rt.project.Config.Map())}, func(thread *starlark.Thread, x starlark.Value) error {
				b, isBool := x.(starlark.Bool)
				if !isBool {
					return returned("True or False", x)
				}
				offered = bool(b)
				return nil
			})
			return offered, err
		}
	}
	switch v := m.At("context"); {
	case v.IsString():
		find, fine := d.optional(v, availableSignature)
		ok = ok && fine
		a.Context = func(params *parameters.Params) (list *value.List, err error) {
			err = d.ask(find, starlark.Tuple{frozen(params.Map()), frozen(d.rt.project.Config.Map())}, func(thread *starlark.Thread, x starlark.Value) error {
				list, err = tagsOf(thread, x)
				return err
			})
			return list, err
		}
	case v.List() != nil:
		a.Context = func(*parameters.Params) (*value.List, error) { return v.List(), nil }
	}
	switch v := m.At("schema"); {
	case v.IsString():
		find, fine := d.optional(v, schemaSignature)
		ok = ok && fine
		a.Schema = func(graph *taskgraph.GraphConfig) (out value.Value, err error) {
			err = d.ask(find, starlark.Tuple{frozen(graph.Map())}, func(thread *starlark.Thread, x starlark.Value) error {
				if x != starlark.None && formOf(x) != mapping {
					return returned("a JSON Schema, or None", x)
				}
				var bad error
				if out, bad = document(thread, x); bad != nil {
					return unfit("a schema that cannot be one", bad)
				}
				return nil
			})
			return out, err
		}
	case !v.IsNull():
		a.Schema = func(*taskgraph.GraphConfig) (value.Value, error) { return v, nil }
	}
	run := m.At("run")
	ok = d.check(run, runSignature) && ok
	find := d.finder(run, runSignature)
	a.Run = func(args *taskgraph.ActionArgs) error { return d.rt.runAction(find, args) }
	if ok {
		d.registry.Actions.Add(callback, a)
	}
}

// ask calls a function of an action.
func (d *declaration) ask(find finder, args starlark.Tuple, use func(*starlark.Thread, starlark.Value) error) error {
	var ctx context.Context = d.rt.ctx
	f, err := find(ctx)
	if err != nil {
		return err
	}
	return f.call(ctx, seen{}, d.rt.limits, args, use)
}

// tagsOf gives the context of an action: a list of maps of tags, null for the task group.
func tagsOf(thread *starlark.Thread, x starlark.Value) (*value.List, error) {
	const want = "a list of dicts of tags, or None"
	if x == starlark.None {
		return nil, nil
	}
	v, err := document(thread, x)
	if err != nil || v.List() == nil {
		return nil, returned(want, x)
	}
	for item := range v.List().Values() {
		if item.Map() == nil {
			return nil, returned(want, x)
		}
	}
	return v.List(), nil
}

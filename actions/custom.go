package actions

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskcluster/actionlist"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
	"github.com/taskgraph-go/decision/value/jsone"
)

// newCustom gives the actions that a project makes itself of an input and a change.
func newCustom(s settings, config *taskgraph.GraphConfig) ([]callback, error) {
	var out []callback
	var errs diag.List
	for name, v := range s.m.All() {
		own := settings{v.Map()}
		c := &custom{name: name, labels: own.m.At("labels"), change: own.m.At("change"), times: own.m.At("times")}
		forGroup := own.m.At("context").List().Len() == 0
		if forGroup && c.labels.IsNull() {
			errs.Add(diag.Errorf(diag.BadConfig, v.Pos(), "the action is for the whole group and does not say which tasks to create").WithPath("actions.custom." + name).
				WithHint("add labels, or a context"))
			continue
		}
		schema := own.m.At("schema")
		if !schema.IsNull() {
			if err := actionlist.CheckSchema(schema); err != nil {
				errs.Add(diag.Placed(err, schema.Pos(), "actions.custom."+name+".schema"))
				continue
			}
		}
		a := own.apply(&taskgraph.Action{
			Name: name, Title: own.text("title", name), Description: own.text("description", ""), Symbol: own.text("symbol", name[:min(len(name), 25)]), Order: 10000,
			Run: c.run,
		})
		if !schema.IsNull() {
			a.Schema = func(*taskgraph.GraphConfig) (value.Value, error) { return schema, nil }
		}
		if err := check(name, a); err != nil {
			errs.Add(diag.Placed(err, v.Pos(), "actions.custom."+name))
			continue
		}
		out = append(out, callback{name, a})
	}
	return out, errs.Err(nil)
}

// custom is an action that config.yml describes.
type custom struct {
	name                  string
	labels, change, times value.Value
}

func (c *custom) run(args *taskgraph.ActionArgs) error {
	push, err := args.Push(args.Context)
	if err != nil {
		return err
	}
	vars := value.MapOf("input", args.Input, "parameters", args.Params.Map(), "label", nil, "now", args.Clock().UTC().Format(taskcluster.TimeFormat))
	var labels []string
	if args.Task != nil {
		label := args.Task.At("metadata").Map().Str("name")
		labels = []string{label}
		vars.Set("label", value.NewString(label))
	}
	if !c.labels.IsNull() {
		v, err := c.render(c.labels, vars, "labels")
		if err != nil {
			return err
		}
		list := v.List()
		if list == nil || slices.ContainsFunc(slices.Collect(list.Values()), func(v value.Value) bool { return !v.IsString() }) {
			return diag.Errorf(diag.BadConfig, c.labels.Pos(), "want a list of labels, got %s", v.Describe()).WithPath(c.path("labels"))
		}
		labels = list.Strings()
	}
	n := 1
	if !c.times.IsNull() {
		v, err := c.render(c.times, vars, "times")
		if err != nil {
			return err
		}
		many, ok := v.AsInt()
		if !ok || many < 1 || many > maxTimes {
			return diag.Errorf(diag.BadConfig, c.times.Pos(), "want a number from 1 to %d, got %s", maxTimes, v.Describe()).WithPath(c.path("times"))
		}
		n = int(many)
	}
	var suffixes []string
	for i := range n {
		suffix := strconv.Itoa(i)
		suffixes = append(suffixes, suffix)
		if _, err := args.Tasks.Create(args.Context, taskgraph.TaskRequest{From: push, Labels: labels, Suffix: suffix, Change: func(t *taskgraph.Task) error {
			if !slices.Contains(labels, t.Label) || c.change.IsNull() {
				return nil
			}
			return c.merge(t, vars)
		}}); err != nil {
			return err
		}
	}
	return args.Tasks.Combine(args.Context, suffixes)
}

// maxTimes is how often an action creates a task.
const maxTimes = 100

func (c *custom) path(field string) string { return "actions.custom." + c.name + "." + field }

func (c *custom) render(template value.Value, vars *value.Map, field string) (value.Value, error) {
	v, err := jsone.Render(template, vars, jsone.Options{})
	return v, diag.Placed(err, template.Pos(), c.path(field))
}

// merge changes a definition.
func (c *custom) merge(t *taskgraph.Task, vars *value.Map) error {
	own := vars.Copy()
	own.Set("label", value.NewString(t.Label))
	own.Set("task", t.Task.Copy().Value())
	v, err := c.render(c.change, own, "change")
	if err != nil {
		return err
	}
	if v.Map() == nil {
		return diag.Errorf(diag.BadConfig, c.change.Pos(), "want a map to merge into the definition, got %s", v.Describe()).WithPath(c.path("change"))
	}
	merged := value.Merge(t.Task, v.Map())
	// The definition keeps the order of its keys, and what merging would only append to stays as it is where nothing is said.
	for name, x := range merged.All() {
		t.Task.Set(name, x)
	}
	return nil
}

// parametersWith gives parameters of which some have other values.
func parametersWith(params *parameters.Params, change *value.Map) *parameters.Params {
	values := params.Map().Copy()
	values.Update(change)
	return parameters.New(cmp.Or(params.Spec(), "action"), values)
}

package actions

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// backfillTask is the action of each push that backfill triggers.
const backfillTask = "backfill-task"

// newBackfill gives the action that runs a task on earlier pushes, and the one that it triggers on each of them. That way
// the tasks are created by the code, and with the scopes, of the push that they are of.
func newBackfill(s settings, _ *taskgraph.GraphConfig) ([]callback, error) {
	depth, most := s.number("depth", 19), s.number("max-depth", 25)
	if depth > most {
		return nil, diag.Errorf(diag.BadConfig, s.m.At("depth").Pos(), "the depth %d is more than max-depth, which is %d", depth, most).WithPath("actions.backfill")
	}
	variable := s.text("manifests-variable", "MOZHARNESS_TEST_PATHS")
	input := value.MapOf("type", "object", "additionalProperties", false, "properties", value.MapOf(
		"depth", value.MapOf("type", "integer", "default", depth, "minimum", 1, "maximum", most, "title", "Depth",
			"description", "The number of previous pushes before the current push to attempt to trigger this task on."),
		"inclusive", value.MapOf("type", "boolean", "default", false, "title", "Inclusive Range", "description", "If true, the backfill will also retrigger the task on the selected push."),
		"times", value.MapOf("type", "integer", "default", 1, "minimum", 1, "maximum", 10, "title", "Times", "description", "The number of times to execute each job you are backfilling."),
		"retrigger", value.MapOf("type", "boolean", "default", true, "title", "Retrigger", "description", "If false, the task won't retrigger on pushes that have already ran it."),
	))
	task := value.MapOf("type", "object", "additionalProperties", false, "required", []string{"label"}, "properties", value.MapOf(
		"label", value.MapOf("type", "string", "description", "A task label"),
		"revision", value.MapOf("type", "string", "description", "Revision of the original push from where we backfill."),
		"symbol", value.MapOf("type", "string", "description", "Symbol to be used by the scheduled task."),
		"test_manifests", value.MapOf("type", []string{"array", "object"}, "description", "An array of test manifest paths"),
		"times", value.MapOf("type", "integer", "default", 1, "minimum", 1, "maximum", 10, "title", "Times", "description", "The number of times to execute each job you are backfilling."),
		"retrigger", value.MapOf("type", "boolean", "default", true, "title", "Retrigger", "description", "If false, the task won't retrigger on pushes that have already ran it."),
	))
	b := &backfill{depth: depth, variable: variable}
	return []callback{
		{"backfill", s.apply(&taskgraph.Action{
			Name: "backfill", Title: "Backfill", Symbol: "Bk", Order: 200, Permission: "backfill",
			Description: "Given a task schedule it on previous pushes in the same project.",
			Context:     ForTasks(value.NewMap(0)), Schema: fixed(input), Run: b.run,
		})},
		{backfillTask, settings{without(s.m, "context", "order")}.apply(&taskgraph.Action{
			Name: backfillTask, Title: "Backfill task on a push", Symbol: backfillTask, Order: 500, Permission: "backfill",
			Description: "Given a task label, schedule it on a specific push.",
			Schema:      fixed(task), Run: b.task,
		})},
	}, nil
}

// fixed gives a schema that does not depend on the graph config.
func fixed(schema *value.Map) func(*taskgraph.GraphConfig) (value.Value, error) {
	schema.Freeze()
	return func(*taskgraph.GraphConfig) (value.Value, error) { return schema.Value(), nil }
}

// without gives settings without some.
func without(m *value.Map, names ...string) *value.Map {
	if m == nil {
		return nil
	}
	m = m.Copy()
	for _, name := range names {
		m.Delete(name)
	}
	return m
}

type backfill struct {
	depth    int
	variable string
}

// run triggers the action of each earlier push.
func (b *backfill) run(args *taskgraph.ActionArgs) error {
	given := args.Input.Map()
	depth := b.depth
	if n, ok := given.At("depth").AsInt(); ok {
		depth = int(n)
	}
	pushes, err := args.Pushes.Before(args.Context, args.Params, depth, given.At("inclusive").Truthy())
	if err != nil {
		return err
	}
	input := b.input(args, given)
	var errs diag.List
	for _, p := range pushes {
		path := decisionPath(args.Graph.TrustDomain(), args.Params.RepositoryType(), args.Params.Project(), p.ID, p.Revision)
		decision, err := args.Index.Find(args.Context, path)
		if taskcluster.IsNotFound(err) {
			// Decision tasks fail often enough.
			args.Log.Warn("a push has no decision task and is left out", "push", p.ID, "revision", p.Revision, "path", path)
			continue
		}
		if err == nil {
			_, err = args.Hooks.Trigger(args.Context, decision, "", backfillTask, input)
		}
		if err != nil {
			if args.Context.Err() != nil {
				return args.Context.Err()
			}
			args.Log.Error("a push could not be backfilled", "push", p.ID, "revision", p.Revision, "error", err)
			errs.Add(fmt.Errorf("push %s (%s): %w", p.Revision, p.ID, err))
			continue
		}
		args.Log.Info("backfilled a push", "push", p.ID, "revision", p.Revision)
	}
	return errs.Err(args.Project.Sources)
}

// input gives what the action of each earlier push gets.
func (b *backfill) input(args *taskgraph.ActionArgs, given *value.Map) value.Value {
	again := true
	if v, ok := given.At("retrigger").AsBool(); ok {
		again = v
	}
	input := value.MapOf("label", args.Task.At("metadata").Map().Str("name"), "revision", args.Params.HeadRev(), "times", times(given), "retrigger", again)
	if symbol, ok := args.Task.At("extra").Map().At("treeherder").Map().At("symbol").AsString(); ok {
		input.Set("symbol", value.NewString(symbol))
	}
	// The very same tests are to run on the older push.
	if text, ok := args.Task.At("payload").Map().At("env").Map().At(b.variable).AsString(); ok {
		if manifests, err := (&value.Reader{}).JSON(b.variable, []byte(text)); err == nil && (manifests.Map() != nil || manifests.List() != nil) {
			input.Set("test_manifests", manifests)
		}
	}
	return input.Value()
}

// task creates the task in this push.
func (b *backfill) task(args *taskgraph.ActionArgs) error {
	push, err := args.Push(args.Context)
	if err != nil {
		return err
	}
	input := args.Input.Map()
	label := input.Str("label")
	if again, ok := input.At("retrigger").AsBool(); ok && !again && push.LabelToTaskID[label] != "" {
		args.Log.Info("the push has the task already", "label", label)
		return nil
	}
	label, err = inGraph(push.Full, label)
	if err != nil {
		return err
	}
	_, err = args.Tasks.Create(args.Context, taskgraph.TaskRequest{From: push, Labels: []string{label}, Suffix: "0", Change: func(t *taskgraph.Task) error {
		if t.Label != label {
			return nil
		}
		return b.change(t, input)
	}})
	if err != nil {
		return err
	}
	return args.Tasks.Combine(args.Context, []string{"0"})
}

// inGraph gives the label that a task has in another push, where the tests may be cut into other chunks.
func inGraph(full *taskgraph.TaskGraph, label string) (string, error) {
	if full.Task(label) != nil {
		return label, nil
	}
	missing := diag.Errorf(diag.ActionFailed, 0, "the push has no task %q", label).WithHint("%s", diag.DidYouMean(label, labelsIn(full)))
	i := strings.LastIndexByte(label, '-')
	if i < 0 || strings.Trim(label[i+1:], "0123456789") != "" || label[i+1:] == "" {
		return "", missing
	}
	for _, other := range []string{label[:i], label[:i] + "-1"} {
		if full.Task(other) != nil {
			return other, nil
		}
	}
	return "", missing
}

// change makes the task the one that is asked for.
func (b *backfill) change(t *taskgraph.Task, input *value.Map) error {
	if n := times(input); n > 1 {
		t.Attributes.Set("task_duplicates", value.NewInt(int64(n)))
	}
	manifests, ok := input.Get("test_manifests")
	if !ok {
		return nil
	}
	text, err := value.SortedJSON(manifests)
	if err != nil {
		return err
	}
	t.Attributes.Set("test_manifests", manifests)
	env := edit(t.Task, "payload", "env")
	metadata, tags, treeherder := edit(t.Task, "metadata"), edit(t.Task, "tags"), edit(t.Task, "extra", "treeherder")
	if env == nil || metadata == nil || tags == nil || treeherder == nil {
		return errors.New("payload.env, metadata, tags or extra.treeherder of the task is no map")
	}
	env.Set(b.variable, value.NewString(text))
	metadata.Set("name", value.NewString(input.Str("label")))
	suffix := "-" + input.Str("revision")[:min(11, len(input.Str("revision")))] + "-bk"
	symbol := treeherder.Str("symbol")
	if s := input.Str("symbol"); s != "" {
		symbol = s
	}
	if !strings.HasSuffix(symbol, suffix) {
		treeherder.Set("symbol", value.NewString(symbol+suffix))
	}
	if group := treeherder.Str("groupSymbol"); group != "" && !strings.HasSuffix(group, "-bk") {
		treeherder.Set("groupSymbol", value.NewString(group+"-bk"))
	}
	tags.Set("action", value.NewString(backfillTask))
	return nil
}

// edit gives the map at a path, to be changed; nil where something else stands there.
func edit(m *value.Map, path ...string) *value.Map {
	for _, key := range path {
		if m = m.EditMap(key); m == nil {
			return nil
		}
	}
	return m
}

// kindIn says whether a task is of one of the kinds.
func kindIn(t *taskgraph.Task, kinds []string) bool { return slices.Contains(kinds, t.Kind) }

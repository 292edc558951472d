package star_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

const (
	groupID = "AAAAAAAAQAqAAAAAAAAAAA"
	idOfA   = "BAAAAAAAQAqAAAAAAAAAAA"
	oldIDA  = "CAAAAAAAQAqAAAAAAAAAAA"
	idOfB   = "DAAAAAAAQAqAAAAAAAAAAA"
	otherID = "EAAAAAAAQAqAAAAAAAAAAA" // of the group, and of no label
)

// services write down what an action does.
type services struct {
	taskgraph.ActionTasks
	taskgraph.ActionQueue
	calls  []string
	refuse string // the call that fails
}

func (s *services) call(format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	s.calls = append(s.calls, text)
	if text == s.refuse {
		return errors.New("refused: " + text)
	}
	return nil
}

func (s *services) Create(_ context.Context, r taskgraph.TaskRequest) (map[string]string, error) {
	return nil, s.call("create %s %v", r.Suffix, r.Labels)
}

func (s *services) Combine(_ context.Context, suffixes []string) error {
	return s.call("combine %v", suffixes)
}

func (s *services) Rerun(_ context.Context, id string) error { return s.call("rerun %s", id) }

func (s *services) Cancel(_ context.Context, id string) error { return s.call("cancel %s", id) }

func (s *services) State(_ context.Context, id string) (string, error) {
	return map[string]string{idOfA: "failed", otherID: "exception"}[id], nil
}

func (s *services) GroupStates(context.Context, string) (map[string]string, error) {
	return map[string]string{otherID: "exception"}, s.call("group")
}

// runStar runs the function run of an action in Starlark.
func runStar(t *testing.T, code string, s *services, change func(*taskgraph.ActionArgs)) error {
	t.Helper()
	f := tree{
		"taskcluster/kinds/test/kind.yml": three, "taskcluster/kinds/test/full.star": full,
		"taskcluster/config.yml":  extended(`actions: {again: {title: Again, description: "", symbol: a, run: "star/a.star:run"}}`),
		"taskcluster/star/a.star": code,
	}
	p, err := f.open(t, standard())
	require.NoError(t, err)
	graph, err := p.Generator(params(), taskgraph.GeneratorOptions{}).Graph(t.Context(), taskgraph.FullTaskGraph)
	require.NoError(t, err)
	again, ok := p.Registry.Actions.Get("again")
	require.True(t, ok)
	args := &taskgraph.ActionArgs{
		Context: t.Context(), Project: p.Project, Graph: p.Config, Params: params("level", "3"), TaskGroupID: groupID, Tasks: s, Queue: s,
		Log: slog.New(slog.NewTextHandler(&bytes.Buffer{}, nil)),
		Push: func(context.Context) (*taskgraph.PushGraph, error) {
			return &taskgraph.PushGraph{DecisionTaskID: groupID, Full: graph, LabelToTaskID: map[string]string{"test-a": idOfA, "test-b": idOfB},
				TaskIDs: map[string][]string{"test-a": {oldIDA, idOfA}, "test-b": {idOfB}}}, nil
		},
	}
	if change != nil {
		change(args)
	}
	return p.Resolve(again.Run(args))
}

func TestRunAction(t *testing.T) {
	for name, c := range map[string]struct {
		returns string
		want    []string
	}{
		"nothing":     {"None", nil},
		"empty":       {`[]`, nil},
		"no labels":   {`{"create": [], "times": 2}`, nil},
		"create":      {`{"create": ["test-c", "test-a", "test-c"]}`, []string{"create 0 [test-c test-a]", "combine [0]"}},
		"times":       {`[{"create": ["test-a"], "times": 2}, {"create": [action.tasks["test-b"]]}]`, []string{"create 0 [test-a]", "create 1 [test-a]", "create 2 [test-b]", "combine [0 1 2]"}},
		"rerun":       {`{"rerun": ["test-a"]}`, []string{"rerun " + idOfA}},
		"need not":    {`{"rerun": ["test-b"]}`, nil},
		"an id":       {`{"cancel": action.label_to_task_ids["test-a"]}`, []string{"cancel " + oldIDA, "cancel " + idOfA}},
		"of no label": {`({"rerun": ("` + otherID + `",)},)`, []string{"group", "rerun " + otherID}},
		"in order":    {`[{"cancel": ["test-b"]}, {"create": ["test-b"]}, {"rerun": ["test-a"]}]`, []string{"cancel " + idOfB, "create 0 [test-b]", "rerun " + idOfA, "combine [0]"}},
		"chosen":      {`{"create": [t for t in action.tasks.values() if t.attributes["os"] == "mac"]}`, []string{"create 0 [test-b]", "combine [0]"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &services{}
			require.NoError(t, runStar(t, "def run(config, action):\n    return "+c.returns+"\n", s, nil))
			assert.Equal(t, c.want, s.calls)
		})
	}
}

// What the function gets says all about the request.
func TestActionSubject(t *testing.T) {
	code := `
def run(config, action):
    fail(repr([config.params["level"], config.graph_config["trust-domain"], action.input, action.task_id, action.task_group_id,
        action.task and action.task["metadata"], action.label, action.tasks.keys(), action.label_to_task_ids]))
`
	err := runStar(t, code, &services{}, nil)
	assert.ErrorContains(t, err, `["3", "test", None, None, "`+groupID+`", None, None, ["test-a", "test-b", "test-c"], {"test-a": ["`+oldIDA+`", "`+idOfA+`"], "test-b": ["`+idOfB+`"]}]`)
	of := func(id, name string) func(*taskgraph.ActionArgs) {
		return func(args *taskgraph.ActionArgs) {
			args.TaskID, args.Input = id, value.MapOf("n", 1).Value()
			args.Task = value.MapOf("metadata", value.MapOf("name", name))
		}
	}
	assert.ErrorContains(t, runStar(t, code, &services{}, of(oldIDA, "renamed")), `["3", "test", {"n": 1}, "`+oldIDA+`", "`+groupID+`", {"name": "renamed"}, "test-a", [`)
	assert.ErrorContains(t, runStar(t, code, &services{}, of(otherID, "test-c")), `{"name": "test-c"}, "test-c", [`)
	assert.ErrorContains(t, runStar(t, code, &services{}, of(otherID, "Decision Task")), `{"name": "Decision Task"}, None, [`)
	for _, change := range []string{`action.input["n"] = 2`, `action.task["a"] = 2`, `action.label_to_task_ids["x"] = []`, `config.params["level"] = "1"`, `action.label = "x"`} {
		assert.Error(t, runStar(t, "def run(config, action):\n    "+change+"\n    return None\n", &services{}, of(idOfA, "test-a")), change)
	}
}

func TestActionMistakes(t *testing.T) {
	for name, c := range map[string]struct {
		returns string
		want    []string
	}{
		"text":             {`"test-a"`, []string{`run returned "test-a", want a dict, a list of dicts, or None`}},
		"endless":          {`range(1 << 40)`, []string{"run returned a range, want a dict"}},
		"function":         {`run`, []string{"run returned a function, want a dict"}},
		"list of texts":    {`["test-a"]`, []string{`0: run returned a list that holds "test-a", want dicts`}},
		"many dicts":       {`[{}] * 1001`, []string{"run returned 1001 dicts, want at most 1000"}},
		"unknown key":      {`{"creat": ["test-a"]}`, []string{`run returned a dict with the key "creat"`, `did you mean "create"? valid: cancel, create, rerun, times`}},
		"key is no text":   {`{1: ["test-a"]}`, []string{"run returned a dict with the key 1"}},
		"nothing to do":    {`{}`, []string{"with 0 of the keys cancel, create and rerun, want one"}},
		"two things":       {`{"rerun": ["test-a"], "cancel": ["test-b"]}`, []string{"with 2 of the keys", "a dict for each, in a list"}},
		"times alone":      {`{"rerun": ["test-a"], "times": 2}`, []string{"times: run returned times beside rerun, which is only for create"}},
		"no list":          {`{"create": "test-a"}`, []string{`create: run returned "test-a", want a list of tasks, labels or task ids`}},
		"no labels":        {`{"create": range(1 << 40)}`, []string{"create.0: run returned a list that holds 0, want tasks, labels or task ids"}},
		"empty label":      {`{"rerun": [""]}`, []string{"rerun.0: run returned a list that holds \"\""}},
		"zero times":       {`{"create": ["test-a"], "times": 0}`, []string{"times: run returned 0, want an integer from 1 to 100"}},
		"endless times":    {`{"create": ["test-a"], "times": 1 << 70}`, []string{"want an integer from 1 to 100"}},
		"times is a text":  {`{"create": ["test-a"], "times": "2"}`, []string{`times: run returned "2", want an integer`}},
		"times is a bool":  {`{"create": ["test-a"], "times": True}`, []string{`times: run returned True, want an integer`}},
		"many tasks":       {`[{"cancel": ["test-a"] * 30000}, {"cancel": ["test-a"] * 30000}]`, []string{"1.cancel: run names more than 50000 tasks"}},
		"unknown label":    {`{"create": ["tset-a"]}`, []string{`create: run returned "tset-a", which is no task in the graph of the push`, `did you mean "test-a"?`}},
		"id to create":     {`{"create": ["` + idOfA + `"]}`, []string{"which is no task in the graph of the push"}},
		"never created":    {`{"rerun": ["test-c"]}`, []string{`rerun: run returned "test-c", which was not created for the push`, "create makes it"}},
		"unknown to rerun": {`{"rerun": ["tset-a"]}`, []string{`run returned "tset-a", which is neither the label nor the id of a task of the push`, `did you mean "test-a"?`}},
		"id of others":     {`{"cancel": ["FAAAAAAAQAqAAAAAAAAAAA"]}`, []string{"which is neither the label nor the id of a task of the push"}},
		"all at once":      {`[{"create": ["x"], "tims": 1}, 1, {"cancel": ["y"]}, {"create": ["z"]}]`, []string{`0: run returned a dict with the key "tims"`, "1: run returned a list that holds 1", `2.cancel: run returned "y"`, `3.create: run returned "z"`}},
		"one right":        {`[{"create": ["test-a"]}, {"cancel": ["y"]}]`, []string{`1.cancel: run returned "y"`}},
		"thousand":         {`[{"x": 1, "y": 2, "z": i} for i in range(1000)]`, []string{`0: run returned a dict with the key "x"`}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &services{}
			err := runStar(t, "def run(config, action):\n    return "+c.returns+"\n", s, nil)
			require.Error(t, err)
			text := printed(err)
			for _, want := range c.want {
				assert.Contains(t, text, want)
			}
			assert.Contains(t, text, "taskcluster/star/a.star:1:1: ")
			assert.LessOrEqual(t, len(diag.Flatten(err)), 60)
			for _, d := range diag.Flatten(err) {
				assert.Equal(t, diag.StarResult, d.Code)
			}
			assert.Empty(t, strings.ReplaceAll(strings.Join(s.calls, " "), "group", ""), "nothing is done where anything is wrong")
		})
	}
}

func TestActionFails(t *testing.T) {
	const all = "def run(config, action):\n    return [{\"create\": [\"test-a\"]}, {\"rerun\": [\"test-a\"]}, {\"cancel\": [\"test-b\"]}]\n"
	for _, call := range []string{"create 0 [test-a]", "rerun " + idOfA, "cancel " + idOfB, "combine [0]"} {
		s := &services{refuse: call}
		assert.ErrorContains(t, runStar(t, all, s, nil), "refused: "+call)
		assert.Equal(t, call, s.calls[len(s.calls)-1], "nothing comes after what fails")
	}
	assert.ErrorContains(t, runStar(t, "def run(config, action):\n    return {\"rerun\": [\""+otherID+"\"]}\n", &services{refuse: "group"}, nil), "refused: group")
	assert.ErrorContains(t, runStar(t, all, &services{}, func(args *taskgraph.ActionArgs) {
		args.Push = func(context.Context) (*taskgraph.PushGraph, error) { return nil, errors.New("no push") }
	}), "no push")
	err := runStar(t, "def run(config, action):\n    fail(\"only on\", action.input[\"x\"])\n    return None\n", &services{}, func(args *taskgraph.ActionArgs) { args.Input = value.MapOf("x", "fridays").Value() })
	assert.ErrorContains(t, err, "taskcluster/star/a.star:2:9: only on fridays (TG3030)")
	err = runStar(t, "def run(config, action):\n    return action.lable\n", &services{}, nil)
	assert.ErrorContains(t, err, "taskcluster/star/a.star:2:18: ")
}

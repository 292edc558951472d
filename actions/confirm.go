package actions

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// newConfirmFailures gives the action that runs the tests that failed in a task again.
func newConfirmFailures(s settings, _ *taskgraph.GraphConfig) ([]callback, error) {
	c := &confirmation{
		suffix: s.text("suffix", "-cf"), artifact: s.text("artifact", "errorsummary.log"), suiteAttribute: s.text("suite-attribute", "unittest_suite"),
		paths: s.text("paths-variable", "MOZHARNESS_TEST_PATHS"), confirm: s.text("confirm-variable", "MOZHARNESS_CONFIRM_PATHS"),
		repeat: s.texts("repeat-suites"), most: s.number("max-tests", 10),
	}
	text := func(description string) *value.Map { return value.MapOf("type", "string", "description", description) }
	schema := value.MapOf("type", "object", "additionalProperties", false, "properties", value.MapOf(
		"label", text("A task label, in the place of that of the task."),
		"suite", text("The suite of the test."),
		"test_path", text("A test to run, in the place of those that failed."),
		"test_group", text("The group of the test."),
		"repeat_args", text("Arguments for the command, in the place of --repeat."),
	))
	return []callback{{"confirm-failures", s.apply(&taskgraph.Action{
		Name: "confirm-failures", Title: "Confirm failures in job", Symbol: "cf", Order: 150,
		Description: "Re-run Tests for original manifest, directories or tests for failing tests.",
		Context:     ForTasks(value.MapOf("kind", "test")), Schema: fixed(schema), Run: c.run,
	})}}, nil
}

type confirmation struct {
	suffix, artifact, suiteAttribute, paths, confirm string
	repeat                                           []string
	most                                             int
}

// failure is a test that failed, "" for its whole group.
type failure struct{ group, test string }

func (c *confirmation) run(args *taskgraph.ActionArgs) error {
	push, err := args.Push(args.Context)
	if err != nil {
		return err
	}
	input := args.Input.Map()
	label := cmp.Or(input.Str("label"), args.Task.At("metadata").Map().Str("name"))
	original := push.Full.Task(label)
	if original == nil {
		return diag.Errorf(diag.ActionFailed, 0, "task %q is not in the graph of the push", label)
	}
	again := label + c.suffix
	if push.Full.Task(again) == nil {
		return diag.Errorf(diag.ActionFailed, 0, "the push has no task %q, which would confirm failures of %q", again, label)
	}
	suite := cmp.Or(input.Str("suite"), original.Attribute(c.suiteAttribute).Str())
	var failures []failure
	if test := input.Str("test_path"); test != "" {
		failures = []failure{{input.Str("test_group"), test}}
	} else if failures, err = c.failures(args); err != nil {
		return err
	}
	if len(failures) == 0 {
		args.Log.Info("nothing says which tests failed: the task runs again as a whole", "label", label)
		return createTimes(args, push, []string{label}, 1)
	}
	var suffixes []string
	for i, f := range failures {
		suffix := strconv.Itoa(i)
		suffixes = append(suffixes, suffix)
		_, err := args.Tasks.Create(args.Context, taskgraph.TaskRequest{From: push, Labels: []string{again}, Suffix: suffix, Change: func(t *taskgraph.Task) error {
			if t.Label != again {
				return nil
			}
			return c.change(t, suite, f, input.Str("repeat_args"))
		}})
		if err != nil {
			return err
		}
	}
	return args.Tasks.Combine(args.Context, suffixes)
}

// failures gives the tests that failed, as the artifacts of the task's newest run list them: a JSON object on each line. What
// is known to fail now and then does not count.
func (c *confirmation) failures(args *taskgraph.ActionArgs) ([]failure, error) {
	names, err := args.Queue.Artifacts(args.Context, args.TaskID)
	if err != nil {
		return nil, err
	}
	var out []failure
	for _, name := range names {
		if !strings.HasSuffix(name, c.artifact) {
			continue
		}
		text, err := args.Queue.Artifact(args.Context, args.TaskID, name)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(text)) {
			// A log may break off in the middle of a line.
			entry, err := (&value.Reader{}).JSON(name, []byte(strings.TrimSpace(line)))
			if err != nil {
				continue
			}
			m := entry.Map()
			test, status := m.Str("test"), m.At("status")
			expected := m.At("expected").List().Contains(status) || value.Equal(status, m.At("expected")) || m.At("known_intermittent").List().Contains(status)
			if test == "" || status.IsNull() || expected {
				continue
			}
			f := failure{m.Str("group"), test}
			if !slices.Contains(out, f) {
				out = append(out, f)
			}
			if len(out) == c.most {
				args.Log.Warn("more tests failed than are run again", "most", c.most)
				return out, nil
			}
		}
	}
	return out, nil
}

// change makes a task that confirms a failure.
func (c *confirmation) change(t *taskgraph.Task, suite string, f failure, repeat string) error {
	payload, env := edit(t.Task, "payload"), edit(t.Task, "payload", "env")
	if payload == nil || env == nil {
		return diag.Errorf(diag.WrongType, t.Pos, "the payload of the task is no map with an environment")
	}
	set := func(name, path string) error {
		text, err := value.SortedJSON(value.MapOf(suite, []string{path}).Value())
		if err == nil {
			env.Set(name, value.NewString(text))
		}
		return err
	}
	if f.group != "" {
		if err := set(c.paths, f.group); err != nil {
			return err
		}
	}
	if err := set(c.confirm, f.test); err != nil {
		return err
	}
	var more []string
	switch {
	case repeat != "":
		more = strings.Fields(repeat)
	case slices.Contains(c.repeat, suite) && strings.HasSuffix(f.test, "/"):
		more = []string{"--repeat=2"}
	case slices.Contains(c.repeat, suite):
		more = []string{"--repeat=4"}
	}
	if len(more) > 0 {
		payload.Set("command", addArguments(payload.At("command"), more))
	}
	return nil
}

// addArguments gives a command with more arguments: of a list of words, or of one that holds the whole command as a text, a
// reference or a list.
func addArguments(command value.Value, more []string) value.Value {
	list := command.List()
	if list.Len() != 1 {
		if list == nil {
			return command
		}
		out := list.Copy()
		out.AppendStrings(more...)
		return out.Value()
	}
	only, text := list.At(0), " "+strings.Join(more, " ")
	switch {
	case only.IsString():
		only = value.NewString(only.Str() + text)
	case only.List() != nil:
		inner := only.List().Copy()
		inner.AppendStrings(more...)
		only = inner.Value()
	case only.Map().At("task-reference").IsString():
		only = value.MapOf("task-reference", only.Map().Str("task-reference")+text).Value()
	}
	return value.NewList(only).Value()
}

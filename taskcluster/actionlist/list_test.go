package actionlist_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskcluster/actionlist"
	"github.com/taskgraph-go/decision/value"
)

const document = `{"version": 1, "variables": {"who": "me"}, "actions": [
  {"name": "old", "title": "Old", "description": "", "kind": "task", "task": {}, "context": [{}]},
  {"name": "again", "title": "Again (decision)", "description": "", "kind": "hook", "hookGroupId": "g", "hookId": "a/1", "hookPayload": {}, "context": [{"kind": "decision-task"}, {"kind": "cron-task", "level": "3"}]},
  {"name": "again", "title": "Again", "description": "", "kind": "hook", "hookGroupId": "g", "hookId": "a/2", "context": [{}], "schema": {"type": "object", "properties": {"n": {"type": "integer"}}},
   "hookPayload": {"n": {"$eval": "input.n"}, "task": {"$eval": "taskId"}, "group": "${taskGroupId}", "who": "${who}", "text": "<&>", "now": "${now}"}, "extra": {"actionPerm": "few"}},
  {"name": "all", "title": "All", "description": "", "kind": "hook", "hookGroupId": "g", "hookId": "a/3", "hookPayload": {}}
]}`

func parse(text string) (*actionlist.List, error) {
	return actionlist.Parse(&value.Reader{Sources: &diag.Sources{}}, "actions.json", []byte(text))
}

func TestFind(t *testing.T) {
	list, err := parse(document)
	require.NoError(t, err)
	for _, c := range []struct {
		name      string
		tags      *value.Map
		want, err string
	}{
		{name: "again", tags: value.MapOf("kind", "decision-task"), want: "Again (decision)"},
		{name: "again", tags: value.MapOf("kind", "cron-task", "level", "3", "more", "x"), want: "Again (decision)"},
		{name: "again", tags: value.MapOf("kind", "cron-task", "level", "1"), want: "Again"},
		{name: "again", tags: value.NewMap(0), want: "Again"},
		{name: "all", want: "All"},
		{name: "agian", tags: value.NewMap(0), err: `there is no action "agian"`},
		{name: "again", err: `the action "again" is not offered for the task group`},
		{name: "all", tags: value.NewMap(0), err: `the action "all" is not offered for this task`},
		{name: "old", tags: value.NewMap(0), err: `the action "old" is not offered for this task`},
	} {
		a, err := list.Find(c.name, c.tags)
		if c.err != "" {
			assert.ErrorContains(t, err, c.err)
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, c.want, a.Title)
	}
}

func TestParseMistakes(t *testing.T) {
	for text, want := range map[string]string{
		`{`:                             "actions.json:1:2",
		`[]`:                            "want a map with version, variables and actions, got a list",
		`{"version": 2, "actions": []}`: "version: want version 1, got 2",
		`{"version": 1}`:                "actions: want a list, got null",
		`{"version": 1, "variables": 3, "actions": []}`:                                   "variables: want a map, got 3",
		`{"version": 1, "actions": [{"title": "x", "kind": "hook", "hookId": "b"}]}`:      "actions.0.hookGroupId: want a string, got null",
		`{"version": 1, "actions": [{"title": "x", "kind": "x", "context": [{"a": 1}]}]}`: "actions.0.context.0.a: want a string, got 1",
		`{"version": 1, "actions": [{"title": "x", "kind": "x", "context": {}}]}`:         "actions.0.context: want a list, got a map",
	} {
		_, err := parse(text)
		assert.ErrorContains(t, err, want, text)
	}
}

// service is a deployment with one decision task.
type service struct {
	scopes   []string
	expanded map[string][]string
	refuse   error
	fired    []string
}

func (s *service) Task(context.Context, string) ([]byte, error) {
	return json.Marshal(map[string]any{"scopes": s.scopes})
}

func (s *service) ExpandScopes(_ context.Context, scopes []string) ([]string, error) {
	var out []string
	for _, x := range scopes {
		out = append(append(out, x), s.expanded[x]...)
	}
	return out, nil
}

func (s *service) TriggerHook(_ context.Context, group, id string, payload []byte) (string, error) {
	if s.refuse != nil {
		return "", s.refuse
	}
	s.fired = append(s.fired, group+"/"+id+" "+string(payload))
	return "task", nil
}

func TestTrigger(t *testing.T) {
	list, err := parse(document)
	require.NoError(t, err)
	action, err := list.Find("again", value.NewMap(0))
	require.NoError(t, err)
	request := actionlist.Request{Action: action, TaskGroupID: "G", TaskID: "T", Input: value.MapOf("n", 3).Value(), Now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	s := &service{scopes: []string{"assume:repo:x"}, expanded: map[string][]string{"assume:repo:x": {"in-tree:hook-action:g/a/*"}}}
	id, err := list.Trigger(t.Context(), s, request)
	require.NoError(t, err)
	assert.Equal(t, "task", id)
	require.Len(t, s.fired, 1)
	assert.JSONEq(t, `{"n": 3, "task": "T", "group": "G", "who": "me", "text": "<&>", "now": "2026-01-02T03:04:05.000Z"}`, s.fired[0][len("g/a/2 "):])

	// The decision task must vouch for the hook, and the input must be right, before anything is triggered.
	for _, scopes := range [][]string{nil, {"in-tree:hook-action:g/a/1"}, {"in-tree:hook-action:g/a/2x"}, {"hooks:trigger-hook:g/*"}} {
		s := &service{scopes: scopes}
		_, err := list.Trigger(t.Context(), s, request)
		assert.ErrorContains(t, err, "has no scope for the hook that it names: in-tree:hook-action:g/a/2")
		assert.Empty(t, s.fired)
	}
	bad := request
	bad.Input, s.fired = value.MapOf("n", "x").Value(), nil
	_, err = list.Trigger(t.Context(), s, bad)
	assert.ErrorContains(t, err, "expected integer, but got string")
	assert.Empty(t, s.fired)
	s.refuse = &taskcluster.Error{Status: 403, Code: "InsufficientScopes", Message: "You need:\n\nhooks:trigger-hook:g/a/2\n\n---\n\n* method: triggerHook"}
	_, err = list.Trigger(t.Context(), s, request)
	assert.ErrorContains(t, err, "the hook g/a/2 could not be triggered: 403 InsufficientScopes: You need:")
	assert.Equal(t, []diag.Related{{Message: "hooks:trigger-hook:g/a/2"}}, diag.Flatten(err)[0].Related)
}

// The limit on effort is for schemas that were made to hurt, not for long lists.
func TestLongLists(t *testing.T) {
	labels := value.NewList()
	for i := range 5_000 {
		labels.AppendStrings(fmt.Sprintf("test-%d", i))
	}
	schema := value.MapOf("type", "array", "uniqueItems", true, "items", value.MapOf("type", "string", "enum", value.NewStrings(labels.Strings()[:50]...))).Value()
	wrong, err := actionlist.Mistakes(schema, labels.Value())
	require.NoError(t, err)
	assert.NotEmpty(t, wrong, "most are not in the enumeration")
	wrong, err = actionlist.Mistakes(schema, value.NewStrings(labels.Strings()[:50]...).Value())
	require.NoError(t, err)
	assert.Empty(t, wrong)
	for range 3 {
		for _, text := range labels.Strings() {
			labels.AppendStrings(text)
		}
	}
	_, err = actionlist.Mistakes(schema, labels.Value())
	assert.ErrorContains(t, err, "takes more than 50000 steps")
}

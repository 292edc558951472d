package cron_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/cron"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/value"
)

const decisionID = "DecisionTaskAAQAAAAAAA"

// actionsJSON has an action for tasks and two of one name for groups, of which the first counts.
const actionsJSON = `{
	"version": 1,
	"variables": {"level": "3"},
	"actions": [
		{"name": "purge", "kind": "hook", "context": [{}], "hookGroupId": "project-app", "hookId": "in-tree-action-3-task/0123456789", "hookPayload": {}},
		{"name": "purge", "kind": "hook", "context": [], "hookGroupId": "project-app", "hookId": "in-tree-action-3-generic/0123456789",
			"schema": {"type": "object", "required": ["caches"], "properties": {"caches": {"type": "array", "items": {"type": "string"}}, "dry": {"type": "boolean"}}, "additionalProperties": false},
			"hookPayload": {
				"decision": {"action": {"name": "purge", "taskGroupId": "${taskGroupId}", "cb_name": "purge-caches"}, "level": "${level}"},
				"user": {"input": {"$eval": "input"}, "taskId": {"$eval": "taskId"}, "taskGroupId": {"$eval": "taskGroupId"}}}},
		{"name": "purge", "kind": "task", "context": [], "task": {}},
		{"name": "old", "kind": "task", "context": [], "task": {}},
		{"name": "foreign", "kind": "hook", "context": [], "hookGroupId": "project-lib", "hookId": "release", "hookPayload": {}},
		{"name": "text", "kind": "hook", "context": [], "hookGroupId": "project-app", "hookId": "in-tree-action-3-generic/0123456789", "hookPayload": "a"},
		{"name": "remote", "kind": "hook", "context": [], "hookGroupId": "project-app", "hookId": "in-tree-action-3-generic/0123456789", "hookPayload": {},
			"schema": {"$ref": "file:///etc/passwd"}}
	]
}`

// actionJob is a document with one job that triggers an action.
func actionJob(fields string) string {
	return "jobs: [{name: a, when: [{}], job: {type: trigger-action, " + fields + "}}]"
}

func actionExample(t testing.TB, fields string) (cron.Options, *services) {
	t.Helper()
	o, s, _ := example(t, actionJob(fields))
	s.index["app.v2.app.revision."+oldRevision+".taskgraph.decision"] = decisionID
	s.artifacts[decisionID+"/public/actions.json"] = actionsJSON
	s.tasks[decisionID] = `{"scopes": ["assume:repo:example"]}`
	return o, s
}

func TestAction(t *testing.T) {
	o, s := actionExample(t, "action-name: purge, include-cron-input: true, extra-input: {caches: [a, b]}")
	o.Input = value.MapOf("caches", []string{"x"}, "dry", true)
	result := run(t, o)
	require.NoError(t, result.Err(nil))
	assert.Equal(t, []string{"a created"}, outcomes(result))
	assert.Equal(t, "action01AAAAAAQAAAAAAAA", result.Outcomes[0].TaskID)
	require.Len(t, s.triggered, 1)
	hook, payload, _ := strings.Cut(s.triggered[0], " ")
	assert.Equal(t, "project-app/in-tree-action-3-generic/0123456789", hook)
	assert.JSONEq(t, `{"decision": {"action": {"name": "purge", "taskGroupId": "DecisionTaskAAQAAAAAAA", "cb_name": "purge-caches"}, "level": "3"},
		"user": {"input": {"caches": ["a", "b"], "dry": true}, "taskId": null, "taskGroupId": "DecisionTaskAAQAAAAAAA"}}`, payload)

	o.DryRun = true
	result = run(t, o)
	require.NoError(t, result.Err(nil))
	assert.Equal(t, hook, result.Outcomes[0].Hook)
	assert.Len(t, s.triggered, 1)
}

// An action that an earlier try triggered in this quarter is not triggered again.
func TestActionOnce(t *testing.T) {
	env := func(group, callback, task, input string) string {
		return fmt.Sprintf(`{"payload": {"env": {"ACTION_TASK_GROUP_ID": %q, "ACTION_CALLBACK": %q, "ACTION_TASK_ID": %q, "ACTION_INPUT": %q}}}`, group, callback, task, input)
	}
	const input = `{"caches": ["a"]}`
	for name, c := range map[string]struct {
		created, result, task string
		force, again          bool
	}{
		"the same":            {"2026-01-05T10:00:00.000Z", "success", env(decisionID, "purge-caches", "null", input), false, false},
		"later":               {"2026-01-05T10:44:00.000Z", "success", env(decisionID, "purge-caches", "null", input), false, false},
		"quarter before":      {"2026-01-05T09:59:59.999Z", "success", env(decisionID, "purge-caches", "null", input), false, true},
		"failed":              {"2026-01-05T10:01:00.000Z", "error", env(decisionID, "purge-caches", "null", input), false, true},
		"another group":       {"2026-01-05T10:01:00.000Z", "success", env("OtherTaskAAAAAQAAAAAAA", "purge-caches", "null", input), false, true},
		"another action":      {"2026-01-05T10:01:00.000Z", "success", env(decisionID, "retrigger", "null", input), false, true},
		"another input":       {"2026-01-05T10:01:00.000Z", "success", env(decisionID, "purge-caches", "null", `{"caches": ["b"]}`), false, true},
		"no input":            {"2026-01-05T10:01:00.000Z", "success", env(decisionID, "purge-caches", "null", ""), false, true},
		"of a task":           {"2026-01-05T10:01:00.000Z", "success", env(decisionID, "purge-caches", `"x"`, input), false, true},
		"something else":      {"2026-01-05T10:01:00.000Z", "success", `{"payload": {}}`, false, true},
		"gone":                {"2026-01-05T10:01:00.000Z", "success", "", false, true},
		"forced before":       {"2026-01-05T10:07:00.000Z", "success", env(decisionID, "purge-caches", "null", input), true, true},
		"forced by this task": {"2026-01-05T10:07:30.000Z", "success", env(decisionID, "purge-caches", "null", input), true, false},
	} {
		o, s := actionExample(t, "action-name: purge, extra-input: {caches: [a]}")
		s.fires = []taskcluster.Fire{{TaskID: "nonsense", TaskCreateTime: "?", Result: "success"}, {TaskID: "FiredTaskAAAAAQAAAAAAA", TaskCreateTime: c.created, Result: c.result}}
		if s.tasks["FiredTaskAAAAAQAAAAAAA"] = c.task; c.task == "" {
			delete(s.tasks, "FiredTaskAAAAAQAAAAAAA")
		}
		if c.force {
			o.Force = "a"
		}
		result := run(t, o)
		require.NoError(t, result.Err(nil), name)
		if c.again {
			assert.Equal(t, []string{"a created"}, outcomes(result), name)
			assert.Len(t, s.triggered, 1, name)
		} else {
			assert.Equal(t, []string{"a existed"}, outcomes(result), name)
			assert.Equal(t, "FiredTaskAAAAAQAAAAAAA", result.Outcomes[0].TaskID, name)
			assert.Empty(t, s.triggered, name)
		}
	}
}

// Without the scope to look at earlier fires the first run goes on, and no other.
func TestActionForbidden(t *testing.T) {
	o, s := actionExample(t, "action-name: purge, extra-input: {caches: []}")
	s.noFires = refusal(403, "InsufficientScopes")
	require.NoError(t, run(t, o).Err(nil))
	assert.Len(t, s.triggered, 1)
	o.Retry = true
	err := run(t, o).Err(nil)
	assert.Contains(t, mistakes(err, nil), "may have triggered hook project-app/in-tree-action-3-generic/0123456789 already")
	assert.Contains(t, mistakes(err, nil), "give cron the scope hooks:list-last-fires:project-app/in-tree-action-3-generic/0123456789")
	assert.Len(t, s.triggered, 1)
	s.noFires = refusal(500, "InternalServerError")
	assert.ErrorContains(t, run(t, o).Err(nil), "the last fires of hook")
}

func TestActionWithoutTrustDomain(t *testing.T) {
	o, _ := actionExample(t, "action-name: purge, extra-input: {caches: []}")
	o.Project.TrustDomain = ""
	assert.Contains(t, mistakes(run(t, o).Err(nil), nil), "which is not known (TG1302) say --trust-domain")
}

func TestActionErrors(t *testing.T) {
	for name, c := range map[string]struct {
		fields string
		change func(*services)
		want   []string
	}{
		"unknown":       {"action-name: prge", nil, []string{`.cron.yml:1:15: a: the push has no action "prge" for the whole group (TG1302) did you mean "purge"? valid: foreign, old, purge, remote, text`}},
		"of a task":     {"action-name: old", nil, []string{`action "old" is of the kind "task", and only hooks can be triggered`}},
		"another hook":  {"action-name: foreign", nil, []string{"the decision task DecisionTaskAAQAAAAAAA lacks the scope in-tree:hook-action:project-lib/release"}},
		"no map":        {"action-name: text", nil, []string{`the payload of action "text" is "a" instead of a map`}},
		"no decision":   {"action-name: purge", func(s *services) { clear(s.index) }, []string{"finding the decision task of the push", "404"}},
		"no actions":    {"action-name: purge", func(s *services) { clear(s.artifacts) }, []string{"404"}},
		"no JSON":       {"action-name: purge", func(s *services) { s.artifacts[decisionID+"/public/actions.json"] = "{" }, []string{"TG1006"}},
		"version":       {"action-name: purge", func(s *services) { s.artifacts[decisionID+"/public/actions.json"] = `{"version": 2}` }, []string{"has version 2, and only 1 is known"}},
		"input":         {"action-name: purge", nil, []string{`input: the input of action "purge": missing properties: 'caches'`}},
		"wrong inputs":  {"action-name: purge, extra-input: {caches: [1, b, 2], other: 1}", nil, []string{"input/caches/0", "input/caches/2", "'other' not allowed"}},
		"remote schema": {"action-name: remote", nil, []string{`the schema of action "remote" cannot be used: a schema may refer to its own parts only`}},
		"scopes": {"action-name: purge, extra-input: {caches: []}", func(s *services) {
			s.tasks[decisionID] = `{"scopes": ["in-tree:hook-action:project-app/in-tree-action-3-generic/01234"]}`
		},
			[]string{"lacks the scope in-tree:hook-action:project-app/in-tree-action-3-generic/0123456789"}},
		"no such task": {"action-name: purge, extra-input: {caches: []}", func(s *services) { clear(s.tasks) }, []string{"404"}},
		"schema bomb": {"action-name: purge, extra-input: {caches: [" + strings.Repeat("a,", 20_000) + "]}", func(s *services) {
			s.artifacts[decisionID+"/public/actions.json"] = `{"version": 1, "actions": [{"name": "purge", "kind": "hook", "context": [], "hookGroupId": "project-app", "hookId": "in-tree-action-3-x",
				"schema": {"$ref": "#"}, "hookPayload": {}}]}`
		}, []string{"the schema of action"}},
		"many branches": {"action-name: purge, extra-input: {caches: []}", func(s *services) { s.artifacts[decisionID+"/public/actions.json"] = branching() }, []string{"input"}},
		"deep": {"action-name: purge, extra-input: " + strings.Repeat("{a: ", 40) + "1" + strings.Repeat("}", 40), func(s *services) {
			s.artifacts[decisionID+"/public/actions.json"] = withSchema(`{"properties": {"a": {"$ref": "#/definitions/two"}}, "definitions": {"two": {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}}}`)
		}, []string{"takes more than 50000 steps"}},
		"circle": {"action-name: purge", func(s *services) { s.artifacts[decisionID+"/public/actions.json"] = withSchema(`{"$ref": "#"}`) }, []string{"goes round in circles"}},
		"unique": {"action-name: purge, extra-input: {a: [" + strings.Repeat("a,", 20_000) + "]}", func(s *services) {
			s.artifacts[decisionID+"/public/actions.json"] = withSchema(`{"properties": {"a": {"uniqueItems": true}}}`)
		}, []string{"takes more than 50000 steps"}},
		"huge": {"action-name: purge", func(s *services) { s.artifacts[decisionID+"/public/actions.json"] = strings.Repeat(" ", 17<<20) }, []string{"TG1004"}},
		"template bomb": {"action-name: purge", func(s *services) {
			s.artifacts[decisionID+"/public/actions.json"] = `{"version": 1, "actions": [{"name": "purge", "kind": "hook", "context": [], "hookGroupId": "project-app", "hookId": "in-tree-action-3-x",
				"hookPayload": ` + strings.Repeat(`{"$map": [1,2,3,4,5,6,7,8,9,10], "each(x)": `, 12) + "1" + strings.Repeat("}", 12) + `}]}`
		}, []string{"TG1004"}},
	} {
		o, s := actionExample(t, c.fields)
		if c.change != nil {
			c.change(s)
		}
		var result *cron.Result
		atOnce(t, name, func() { result = run(t, o) })
		assert.Equal(t, []string{"a failed"}, outcomes(result), name)
		wrong := mistakes(result.Err(o.Reader.Sources), nil)
		for _, want := range c.want {
			assert.Contains(t, wrong, want, name)
		}
		assert.Empty(t, s.triggered, name)
	}
}

// branching gives actions with a schema that has to be gone through again and again, if nothing stops it.
func branching() string {
	defs := `"d0": {"type": "string"}`
	for i := range 25 {
		defs += fmt.Sprintf(`, "d%d": {"allOf": [{"$ref": "#/definitions/d%d"}, {"$ref": "#/definitions/d%d"}]}`, i+1, i, i)
	}
	return withSchema(`{"definitions": {` + defs + `}, "$ref": "#/definitions/d25"}`)
}

// withSchema gives actions of which one has a schema.
func withSchema(schema string) string {
	return `{"version": 1, "actions": [{"name": "purge", "kind": "hook", "context": [], "hookGroupId": "project-app", "hookId": "in-tree-action-3-x",
		"schema": ` + schema + `, "hookPayload": {}}]}`
}

// Schemas of every form that real actions have let valid input pass.
func TestActionInput(t *testing.T) {
	for schema, input := range map[string]string{
		`true`: "{a: 1}",
		`{"$id": "https://example.com/a.json", "id": "a", "properties": {"id": {"type": "string"}, "default": {}}, "default": {"id": "x"}}`:               "{id: x}",
		`{"anyOf": [{"type": "null"}, {"type": "object", "patternProperties": {"^a": {"type": "integer", "enum": [1, 2]}}}]}`:                             "{a1: 1, a2: 2}",
		`{"properties": {"l": {"type": "array", "uniqueItems": true, "items": [{"type": "string"}], "additionalItems": {"type": "integer"}}}}`:            "{l: [a, 1, 2]}",
		`{"definitions": {"a/b": {"type": "object"}}, "allOf": [{"$ref": "#/definitions/a~1b"}], "dependencies": {"a": ["b"], "b": {"required": ["a"]}}}`: "{a: 1, b: 2}",
	} {
		o, s := actionExample(t, "action-name: purge, extra-input: "+input)
		s.artifacts[decisionID+"/public/actions.json"] = withSchema(schema)
		require.NoError(t, run(t, o).Err(nil), schema)
		assert.Len(t, s.triggered, 1, schema)
	}
}

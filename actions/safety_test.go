package actions_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/actions"
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskcluster/actionlist"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// probe registers an action that only counts its runs.
func probe(ran *int, change func(*taskgraph.Action)) func(*taskgraph.Registry) {
	return func(r *taskgraph.Registry) {
		a := &taskgraph.Action{Name: "probe", Title: "Probe", Symbol: "p", Order: 1, Permission: "few", Run: func(*taskgraph.ActionArgs) error { *ran++; return nil }}
		change(a)
		r.Actions.Add("probe", a)
	}
}

// A task that the generic hook created cannot run the callback of an action for few.
func TestPermissions(t *testing.T) {
	const role = "assume:repo:github.com/example-org/demo:"
	for name, c := range map[string]struct {
		permission string
		params     []any
		scopes     []string
		want       string
	}{
		"its own":               {permission: "few", scopes: []string{role + "action:few"}},
		"generic":               {permission: "few", scopes: []string{role + "action:generic"}, want: "has the permission \"few\""},
		"generic by default":    {scopes: []string{role + "action:generic"}},
		"another for generic":   {scopes: []string{role + "action:few"}, want: "has the permission \"generic\""},
		"a star is no role":     {permission: "few", scopes: []string{role + "action:*", "assume:*", "*"}, want: "has neither the scope"},
		"a longer name":         {permission: "few", scopes: []string{role + "action:few-more"}, want: "has neither the scope"},
		"another repository":    {permission: "few", scopes: []string{"assume:repo:github.com/example-org/other:action:few"}, want: "has neither the scope"},
		"no scopes":             {permission: "few", want: "has neither the scope"},
		"pull request":          {permission: "few", params: []any{"head_repository", "https://github.com/someone/demo"}, scopes: []string{role + "pr-action:few"}},
		"pull request, generic": {permission: "few", params: []any{"head_repository", "https://github.com/someone/demo"}, scopes: []string{role + "pr-action:generic"}, want: "has neither the scope"},
		"pull request, head's":  {permission: "few", params: []any{"head_repository", "https://github.com/someone/demo"}, scopes: []string{role + "action:few"}, want: "has neither the scope"},
	} {
		t.Run(name, func(t *testing.T) {
			ran := 0
			w := newWorld(t, "tree.txtar", "", probe(&ran, func(a *taskgraph.Action) { a.Permission = c.permission }))
			p := w.push("D", c.params...)
			err := w.run("A", p, actions.Request{Callback: "probe"}, func(*actions.Options) { w.scopes = c.scopes })
			if c.want == "" {
				require.NoError(t, err)
				assert.Equal(t, 1, ran)
				return
			}
			assert.ErrorContains(t, err, c.want)
			assert.Equal(t, diag.NotPermitted, diag.Flatten(err)[0].Code)
			assert.Zero(t, ran)
		})
	}
}

func TestRefusals(t *testing.T) {
	tags := func(pairs ...any) func(*taskgraph.Action) {
		return func(a *taskgraph.Action) { a.Context = actions.ForTasks(value.MapOf(pairs...)) }
	}
	for name, c := range map[string]struct {
		change func(*taskgraph.Action)
		more   string
		req    actions.Request
		task   map[string]any // stands under the id "task"
		want   string
	}{
		"unknown callback":   {req: actions.Request{Callback: "prob"}, want: `unknown action "prob"`},
		"no callback":        {req: actions.Request{}, want: `unknown action ""`},
		"disabled":           {more: "-- taskcluster/config.yml --\ntrust-domain: demo\ntask-priority: low\ntaskgraph: {repositories: {demo: {name: Demo}}, disabled-actions: [probe]}\nworkers: {aliases: {linux: {provisioner: a, implementation: docker-worker, os: linux, worker-type: b}}}\ntreeherder: {group-names: {B: b, T: t}}\n", req: actions.Request{Callback: "probe"}, want: `the action "probe" is disabled`},
		"not available":      {change: func(a *taskgraph.Action) { a.Available = func(*parameters.Params) (bool, error) { return false, nil } }, req: actions.Request{Callback: "probe"}, want: "is not offered for this push"},
		"group is no id":     {req: actions.Request{Callback: "probe", TaskGroupID: "../../secret"}, want: `"../../secret" is not the id of a task group`},
		"task is no id":      {req: actions.Request{Callback: "probe", TaskID: "x"}, want: `"x" is not the id of a task`},
		"unknown task":       {change: tags(), req: actions.Request{Callback: "probe", TaskID: id("nobody")}, want: "404 ResourceNotFound"},
		"task elsewhere":     {change: tags(), req: actions.Request{Callback: "probe", TaskID: id("task")}, task: map[string]any{"taskGroupId": id("elsewhere")}, want: "is in group " + id("elsewhere")},
		"group action, too":  {req: actions.Request{Callback: "probe", TaskID: id("task")}, task: map[string]any{"taskGroupId": id("elsewhere")}, want: "is in group " + id("elsewhere")},
		"no task":            {change: tags(), req: actions.Request{Callback: "probe"}, want: "is for a task, and none is named"},
		"other tags":         {change: tags("kind", "test"), req: actions.Request{Callback: "probe", TaskID: id("task")}, task: map[string]any{"taskGroupId": id("D"), "tags": map[string]any{"kind": "build"}}, want: `the action "probe" is not for task`},
		"no tags":            {change: tags("kind", "test"), req: actions.Request{Callback: "probe", TaskID: id("task")}, task: map[string]any{"taskGroupId": id("D")}, want: `the action "probe" is not for task`},
		"input without need": {req: actions.Request{Callback: "probe", Input: input(t, `{"a": 1}`)}, want: "the action takes no input, got a map"},
		"input breaks schema": {change: func(a *taskgraph.Action) {
			a.Schema = schema(`{"type": "object", "properties": {"n": {"type": "integer", "maximum": 3}}}`)
		}, req: actions.Request{Callback: "probe", Input: input(t, `{"n": 4}`)}, want: "ACTION_INPUT: n: the input is not what the action takes: must be <= 3 but found 4"},
		"input of the wrong type": {change: func(a *taskgraph.Action) { a.Schema = schema(`{"type": "object"}`) }, req: actions.Request{Callback: "probe", Input: input(t, `"x"`)}, want: "expected object, but got string"},
		"required input":          {change: func(a *taskgraph.Action) { a.Schema = schema(`{"type": "object", "required": ["n"]}`) }, req: actions.Request{Callback: "probe"}, want: "the input is not what the action takes"},
		"schema is none":          {change: func(a *taskgraph.Action) { a.Schema = schema(`{"type": "objekt"}`) }, req: actions.Request{Callback: "probe", Input: input(t, `{}`)}, want: "the schema of the action's input cannot be used"},
		"permission with a slash": {change: func(a *taskgraph.Action) { a.Permission = "few/more" }, req: actions.Request{Callback: "probe"}, want: "a permission has no slash"},
	} {
		t.Run(name, func(t *testing.T) {
			ran := 0
			if c.change == nil {
				c.change = func(*taskgraph.Action) {}
			}
			w := newWorld(t, "tree.txtar", c.more, probe(&ran, func(a *taskgraph.Action) { a.Permission = ""; c.change(a) }))
			change := func(*actions.Options) {}
			var p push
			if name != "permission with a slash" { // which cannot be offered either
				p = w.push("D")
			} else {
				p.id = id("D")
				p.params = parameters.New("D", value.MapOf("head_repository", "https://github.com/example-org/demo", "base_repository", "https://github.com/example-org/demo"))
				change = func(o *actions.Options) { o.Params = p.params }
			}
			if c.task != nil {
				w.tasks[id("task")] = c.task
			}
			err := w.run("A", p, c.req, change)
			assert.ErrorContains(t, err, c.want)
			assert.Zero(t, ran)
			assert.NotEqual(t, diag.ExitInternal, diag.ExitCode(err))
		})
	}
}

func schema(text string) func(*taskgraph.GraphConfig) (value.Value, error) {
	return func(*taskgraph.GraphConfig) (value.Value, error) {
		return (&value.Reader{}).JSON("schema", []byte(text))
	}
}

// Who has nothing to say may say so in two ways.
func TestEmptyInput(t *testing.T) {
	for _, c := range []struct{ schema, input, want string }{
		{`{"type": "object"}`, `null`, `{}`},
		{`{"type": "object"}`, `{}`, `{}`},
		{`{"type": "null"}`, `{}`, `null`},
		{`{"type": ["object", "null"]}`, `null`, `null`},
		{`null`, `{}`, `null`},
		{`null`, `null`, `null`},
		{`true`, `null`, `null`},
	} {
		got, err := actionlist.CheckInput(input(t, c.schema), input(t, c.input))
		require.NoError(t, err, "%v", c)
		text, err := value.SortedJSON(got)
		require.NoError(t, err)
		assert.Equal(t, c.want, text, "%v", c)
	}
	_, err := actionlist.CheckInput(input(t, `false`), input(t, `{}`))
	assert.Error(t, err)
}

func TestAllMistakesAtOnce(t *testing.T) {
	reader := &value.Reader{Sources: &diag.Sources{}}
	in, err := actionlist.ParseInput(reader, "input.json", []byte("{\n \"a\": 1,\n \"b\": {\"c\": [true]}\n}"))
	require.NoError(t, err)
	_, err = actionlist.CheckInput(input(t, `{"properties": {"a": {"type": "string"}, "b": {"properties": {"c": {"items": {"type": "string"}}}}}}`), in)
	var l diag.List
	l.Add(err)
	err = l.Err(reader.Sources)
	assert.ErrorContains(t, err, "input.json:2:7: a: the input is not what the action takes: expected string, but got number")
	assert.ErrorContains(t, err, "input.json:3:14: b.c.0: the input is not what the action takes: expected string, but got boolean")
}

// What is made to last for ever, or to fill the memory, ends in an error within a second.
func TestBombs(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 50) + "1" + strings.Repeat("}", 50)
	branches := `{"$ref": "#/definitions/n"},{"$ref": "#/definitions/n"},{"$ref": "#/definitions/n"}`
	for name, f := range map[string]func() error{
		"nested input": func() error {
			_, err := actionlist.ParseInput(&value.Reader{}, "input", []byte(strings.Repeat("[", 100_000)))
			return err
		},
		"long input": func() error {
			_, err := actionlist.ParseInput(&value.Reader{}, "input", []byte(`"`+strings.Repeat("a", 2<<20)+`"`))
			return err
		},
		"schema that branches for ever": func() error {
			s := `{"definitions": {"n": {"properties": {"a": {"anyOf": [` + branches + `,{"const": 2}]}}, "required": ["b"]}}, "$ref": "#/definitions/n"}`
			_, err := actionlist.CheckInput(input(t, s), input(t, deep))
			return err
		},
		"schema that refers to itself": func() error {
			_, err := actionlist.CheckInput(input(t, `{"$ref": "#"}`), input(t, `{"a": 1}`))
			return err
		},
		"schema with an address of its own": func() error {
			_, err := actionlist.CheckInput(input(t, `{"properties": {"a": {"$id": "urn:x:/y", "type": "string"}}}`), input(t, `{"a": 1}`))
			return err
		},
		"schema elsewhere": func() error {
			_, err := actionlist.CheckInput(input(t, `{"properties": {"a": {"$ref": "file:///etc/passwd"}}}`), input(t, `{"a": 1}`))
			return err
		},
		"large schema": func() error {
			_, err := actionlist.CheckInput(input(t, `{"enum": ["`+strings.Repeat("a", 300_000)+`"]}`), input(t, `{}`))
			return err
		},
		"huge number": func() error {
			in, err := actionlist.ParseInput(&value.Reader{}, "input", []byte(`{"n": 1e400000000}`))
			if err == nil {
				_, err = actionlist.CheckInput(input(t, `{"properties": {"n": {"multipleOf": 3}}}`), in)
			}
			return err
		},
		"payload that doubles": func() error {
			template := `"x"`
			for range 40 {
				template = `{"$let": {"a": ` + template + `}, "in": "${a}${a}${a}${a}"}`
			}
			return payload(t, template)
		},
		"payload that maps for ever": func() error {
			list := "[0,1,2,3,4,5,6,7,8,9]"
			template := `1`
			for _, v := range "abcdefghij" {
				template = `{"$map": ` + list + `, "each(` + string(v) + `)": ` + template + `}`
			}
			return payload(t, template)
		},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			err := f()
			assert.Error(t, err)
			assert.Less(t, time.Since(start), 10*time.Second, "whatever else the machine does")
			assert.NotEmpty(t, diag.Flatten(err), "a diagnostic, not %v", err)
		})
	}
}

func payload(t *testing.T, template string) error {
	text := `{"version": 1, "variables": {}, "actions": [{"name": "x", "title": "x", "description": "", "kind": "hook", "hookGroupId": "g", "hookId": "h", "hookPayload": ` + template + `}]}`
	list, err := actionlist.Parse(&value.Reader{}, "actions.json", []byte(text))
	if err != nil {
		return err
	}
	a, err := list.Find("x", nil)
	require.NoError(t, err)
	_, err = list.Payload(actionlist.Request{Action: a, TaskGroupID: id("D")})
	return err
}

func TestRequestFromEnvironment(t *testing.T) {
	read := func(env map[string]string) (actions.Request, error) {
		return actions.RequestFromEnvironment(func(name string) string { return env[name] }, &value.Reader{Sources: &diag.Sources{}})
	}
	req, err := read(map[string]string{"ACTION_CALLBACK": "rerun", "ACTION_TASK_GROUP_ID": "G", "ACTION_TASK_ID": `"T"`, "ACTION_INPUT": `{"a": 1}`})
	require.NoError(t, err)
	assert.Equal(t, []string{"rerun", "G", "T"}, []string{req.Callback, req.TaskGroupID, req.TaskID})
	assert.True(t, value.Equal(input(t, `{"a": 1}`), req.Input))

	req, err = read(map[string]string{"ACTION_CALLBACK": "cancel-all", "ACTION_TASK_GROUP_ID": "G", "ACTION_TASK_ID": "null"})
	require.NoError(t, err)
	assert.Empty(t, req.TaskID)
	assert.True(t, req.Input.IsNull())

	_, err = read(map[string]string{"ACTION_TASK_ID": "[1]", "ACTION_INPUT": "{"})
	for _, want := range []string{"ACTION_CALLBACK is not set", "ACTION_TASK_GROUP_ID is not set", "ACTION_TASK_ID:1:1: want a task id or null, got a list", "ACTION_INPUT:1:"} {
		assert.ErrorContains(t, err, want)
	}
}

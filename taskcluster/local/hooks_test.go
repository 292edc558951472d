package local

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/taskcluster/slugid-go/slugid"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tchooks"
)

const hookTemplate = `{
	"provisionerId": "local", "workerType": "linux", "schedulerId": "hooks",
	"metadata": {"name": "n", "description": "by ${firedBy}", "owner": "o@example.com", "source": "https://example.com/"},
	"payload": {"$json": {"$eval": "payload"}},
	"extra": {"id": {"$eval": "taskId"}, "now": {"$eval": "now"}, "who": {"$if": "firedBy == 'triggerHook'", "then": {"$eval": "clientId"}}}
}`

// scheduled is a template that needs no payload.
var scheduled = strings.Replace(hookTemplate, `{"$json": {"$eval": "payload"}}`, `{}`, 1)

func hookRequest(template string, edit ...func(*tchooks.HookCreationRequest)) *tchooks.HookCreationRequest {
	req := &tchooks.HookCreationRequest{Task: json.RawMessage(template), Metadata: tchooks.HookMetadata{Name: "n", Description: "d", Owner: "o@example.com"}}
	for _, f := range edit {
		f(req)
	}
	return req
}

// hookWorld has roles for hooks of the group g.
func hookWorld(t *testing.T) *world {
	return newWorld(t, func(o *Options) {
		o.Roles = map[string][]string{
			"hook-id:g/*": {"queue:create-task:project:none", "queue:scheduler-id:hooks", "queue:create-task:lowest:local/linux"},
		}
	})
}

func trigger(h *tchooks.Hooks, group, id, payload string) (string, error) {
	body := tchooks.TriggerHookRequest(payload)
	r, err := h.TriggerHook(group, id, &body)
	if err != nil {
		return "", err
	}
	var o object
	if err := json.Unmarshal([]byte(*r), &o); err != nil {
		return "", err
	}
	return text(o, "taskId"), nil
}

var anything = json.RawMessage(`{"type": "object"}`)

func TestHooks(t *testing.T) {
	w := hookWorld(t)
	h := w.root().hooks
	req := hookRequest(strings.Replace(hookTemplate, `{"$json": {"$eval": "payload"}}`, `{"$eval": "payload"}`, 1), func(r *tchooks.HookCreationRequest) {
		r.TriggerSchema = json.RawMessage(`{"type": "object", "properties": {"n": {"type": "integer"}, "d": {"type": "string", "default": "x"}}, "required": ["n"], "additionalProperties": false}`)
	})
	made, err := h.CreateHook("g", "h/1", req)
	require.NoError(t, err)
	assert.Equal(t, "h/1", made.HookID)
	_, err = h.CreateHook("g", "h/1", req)
	require.NoError(t, err, "the same again")
	_, err = h.CreateHook("g", "h/1", hookRequest(`{}`))
	refused(t, err, 409, "RequestConflict")
	_, err = w.with("hooks:modify-hook:g/x").hooks.CreateHook("g", "x", hookRequest(`{}`))
	assert.Contains(t, refused(t, err, 403, "InsufficientScopes").Message, "assume:hook-id:g/x")
	_, err = w.with("hooks:modify-hook:g/x", "assume:hook-id:g/x").hooks.CreateHook("g", "x", hookRequest(`{}`))
	require.NoError(t, err)

	me := w.as(w.NamedCredentials("me", "hooks:trigger-hook:g/*")).hooks
	id, err := trigger(me, "g", "h/1", `{"n": 1}`)
	require.NoError(t, err)
	def, err := w.root().queue.Task(id)
	require.NoError(t, err)
	assert.JSONEq(t, `{"n": 1}`, string(def.Payload), "defaults of the schema are not filled in")
	now := newStamp(w.clock.now())
	assert.JSONEq(t, fmt.Sprintf(`{"id": %q, "now": %q, "who": "me"}`, id, now), string(def.Extra))
	assert.Equal(t, "by triggerHook", def.Metadata.Description)
	assert.Equal(t, now.String(), newStamp(time.Time(def.Created)).String())
	assert.Equal(t, newStamp(now.AddDate(0, 0, 1)).String(), newStamp(time.Time(def.Deadline)).String())
	assert.Equal(t, newStamp(now.AddDate(0, 1, 0)).String(), newStamp(time.Time(def.Expires)).String())
	assert.Equal(t, id, def.TaskGroupID)

	for _, bad := range []string{`{}`, `{"n": "1"}`, `{"n": 1, "m": 2}`} {
		_, err = trigger(me, "g", "h/1", bad)
		refused(t, err, 400, "InputError")
	}
	_, err = trigger(w.with("hooks:trigger-hook:g/other").hooks, "g", "h/1", `{"n": 1}`)
	refused(t, err, 403, "InsufficientScopes")
	_, err = trigger(me, "g", "none", `{}`)
	refused(t, err, 404, "ResourceNotFound")

	fires, err := w.as(nil).hooks.ListLastFires("g", "h/1", "", "")
	require.NoError(t, err)
	require.Len(t, fires.LastFires, 1)
	assert.Equal(t, id, fires.LastFires[0].TaskID)
	assert.Equal(t, "pending", fires.LastFires[0].TaskState)
	status, err := w.as(nil).hooks.GetHookStatus("g", "h/1")
	require.NoError(t, err)
	assert.Contains(t, string(status.LastFire), `"success"`)

	groups, err := w.as(nil).hooks.ListHookGroups()
	require.NoError(t, err)
	assert.Equal(t, []string{"g"}, groups.Groups)
	list, err := w.as(nil).hooks.ListHooks("g")
	require.NoError(t, err)
	assert.Len(t, list.Hooks, 2)
	_, err = w.as(nil).hooks.ListHooks("none")
	refused(t, err, 404, "ResourceNotFound")
	require.NoError(t, h.RemoveHook("g", "h/1"))
	_, err = h.Hook("g", "h/1")
	refused(t, err, 404, "ResourceNotFound")
	_, err = h.ListLastFires("g", "h/1", "", "")
	refused(t, err, 404, "ResourceNotFound")
	_, err = h.UpdateHook("g", "h/1", req)
	refused(t, err, 404, "ResourceNotFound")
}

// Templates render as in the services: JSON in texts is not escaped for HTML, and maps keep their order.
func TestHookTemplates(t *testing.T) {
	w := hookWorld(t)
	template := strings.Replace(scheduled, `"payload": {}`, `"payload": {"env": {"$json": {"$eval": "payload"}}, "sorted": {"$sort": {"$eval": "payload.list"}, "by(x)": "x[0]"}}`, 1)
	_, err := w.root().hooks.CreateHook("g", "h", hookRequest(template, func(r *tchooks.HookCreationRequest) { r.TriggerSchema = anything }))
	require.NoError(t, err)
	id, err := trigger(w.root().hooks, "g", "h", `{"a": "<&>", "list": [["b", 1], ["a", 1], ["a", 0], ["a", 2]]}`)
	require.NoError(t, err)
	def, err := w.root().queue.Task(id)
	require.NoError(t, err)
	var got object
	require.NoError(t, json.Unmarshal(def.Payload, &got))
	assert.Equal(t, `{"a":"<&>","list":[["b",1],["a",1],["a",0],["a",2]]}`, got["env"])
	assert.Equal(t, []any{[]any{"a", 1.0}, []any{"a", 0.0}, []any{"a", 2.0}, []any{"b", 1.0}}, got["sorted"])
}

// What may be wrong with a hook shows when it is made or when it is fired.
func TestHooksThatFail(t *testing.T) {
	w := hookWorld(t)
	h := w.root().hooks
	for name, edit := range map[string]func(*tchooks.HookCreationRequest){
		"schema":   func(r *tchooks.HookCreationRequest) { r.TriggerSchema = json.RawMessage(`{"type": "thing"}`) },
		"schedule": func(r *tchooks.HookCreationRequest) { r.Schedule = []string{"* * *"} },
		"group":    func(r *tchooks.HookCreationRequest) { r.HookGroupID = "other" },
		"id":       func(r *tchooks.HookCreationRequest) { r.HookID = "other" },
	} {
		_, err := h.CreateHook("g", name, hookRequest(`{}`, edit))
		refused(t, err, 400, "InputError")
	}
	for name, c := range map[string]struct{ template, code, says string }{
		"syntax":  {`{"$eval": "1 +"}`, "InputError", "the hook cannot fire"},
		"unknown": {`{"$eval": "nothing"}`, "InputError", "the hook cannot fire"},
		"bomb":    {`{"$map": {"$eval": "range(0, 1000000000)"}, "each(x)": {"$eval": "x"}}`, "InputError", "the hook cannot fire"},
		"text":    {`{"$eval": "'text'"}`, "InputError", "no object"},
		"schema":  {`{"workerType": "x"}`, "InputError", "was refused: InputValidationError"},
		"scopes":  {strings.Replace(scheduled, `"linux"`, `"windows"`, 1), "InsufficientScopes", "the role `hook-id:g/scopes` has not the scopes"},
		"times":   {strings.Replace(scheduled, `"payload"`, `"deadline": "2001-01-01T00:00:00.000Z", "payload"`, 1), "InputError", "was refused: InputError"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.CreateHook("g", name, hookRequest(c.template))
			require.NoError(t, err)
			_, err = trigger(h, "g", name, `{}`)
			status := 400
			if c.code == "InsufficientScopes" {
				status = 403
			}
			assert.Contains(t, refused(t, err, status, c.code).Message, c.says)
			st, err := h.GetHookStatus("g", name)
			require.NoError(t, err)
			assert.Contains(t, string(st.LastFire), `"error"`)
		})
	}
	_, err := h.CreateHook("g", "none", hookRequest(`{"$if": "false", "then": {}}`))
	require.NoError(t, err)
	id, err := trigger(h, "g", "none", `{}`)
	require.NoError(t, err)
	assert.Empty(t, id)
	_, err = trigger(h, "g", "none", `{"x": 1}`)
	refused(t, err, 400, "InputError") // by default a trigger says nothing
}

func TestTriggerTokens(t *testing.T) {
	w := hookWorld(t)
	h := w.root().hooks
	_, err := h.CreateHook("g", "h", hookRequest(scheduled))
	require.NoError(t, err)
	token, err := h.GetTriggerToken("g", "h")
	require.NoError(t, err)
	fire := func(token string) error {
		body := tchooks.TriggerHookRequest(`{}`)
		r, err := w.as(nil).hooks.TriggerHookWithToken("g", "h", token, &body)
		if err == nil {
			var o object
			require.NoError(t, json.Unmarshal([]byte(*r), &o))
			def, err := w.root().queue.Task(text(o, "taskId"))
			require.NoError(t, err)
			assert.Equal(t, "by triggerHookWithToken", def.Metadata.Description)
		}
		return err
	}
	require.NoError(t, fire(token.Token))
	refused(t, fire("other"), 401, "AuthenticationFailed")
	again, err := h.ResetTriggerToken("g", "h")
	require.NoError(t, err)
	refused(t, fire(token.Token), 401, "AuthenticationFailed")
	require.NoError(t, fire(again.Token))
	_, err = h.UpdateHook("g", "h", hookRequest(scheduled))
	require.NoError(t, err)
	require.NoError(t, fire(again.Token), "the token stays")
	_, err = w.with("hooks:get-trigger-token:g/other").hooks.GetTriggerToken("g", "h")
	refused(t, err, 403, "InsufficientScopes")
}

// A caller can choose the id of the task.
func TestTriggerWithTaskID(t *testing.T) {
	w := hookWorld(t)
	_, err := w.root().hooks.CreateHook("g", "h", hookRequest(scheduled, func(r *tchooks.HookCreationRequest) { r.TriggerSchema = anything }))
	require.NoError(t, err)
	want := slugid.Nice()
	id, err := trigger(w.root().hooks, "g", "h", `{"taskId": "`+want+`"}`)
	require.NoError(t, err)
	assert.Equal(t, want, id)
}

func TestSchedule(t *testing.T) {
	w := hookWorld(t)
	h := w.root().hooks
	_, err := h.CreateHook("g", "h", hookRequest(scheduled, func(r *tchooks.HookCreationRequest) { r.Schedule = []string{"0 0 * * * *", "0 30 12 * * *"} }))
	require.NoError(t, err)
	next := func() time.Time {
		st, err := h.GetHookStatus("g", "h")
		require.NoError(t, err)
		return time.Time(st.NextScheduledDate)
	}
	first := next()
	assert.Zero(t, first.Second())
	assert.LessOrEqual(t, first.Sub(w.clock.now()), time.Hour)
	fired := func() int {
		fires, err := h.ListLastFires("g", "h", "", "")
		if err != nil {
			refused(t, err, 404, "ResourceNotFound")
			return 0
		}
		return len(fires.LastFires)
	}
	assert.Zero(t, fired())
	w.clock.advance(first.Sub(w.clock.now()) + time.Second)
	assert.Equal(t, 1, fired())
	fires, err := h.ListLastFires("g", "h", "", "")
	require.NoError(t, err)
	def, err := w.root().queue.Task(fires.LastFires[0].TaskID)
	require.NoError(t, err)
	assert.Equal(t, "by schedule", def.Metadata.Description)
	assert.Equal(t, first.UnixMilli(), time.Time(def.Created).UnixMilli(), "the time at which it should have been")
	assert.True(t, next().After(first))
	w.clock.advance(3 * time.Hour)
	w.Settle()
	assert.Equal(t, 2, fired(), "what was missed is not made up for, and is too old to be created")
	assert.True(t, next().After(w.clock.now()))
	require.NoError(t, h.RemoveHook("g", "h"))
	w.clock.advance(2 * time.Hour)
	w.Settle()
	assert.Zero(t, fired())
}

// The owner is told of a scheduled fire that fails.
func TestFailedSchedule(t *testing.T) {
	w := hookWorld(t)
	_, err := w.root().hooks.CreateHook("other", "h", hookRequest(scheduled, func(r *tchooks.HookCreationRequest) { r.Schedule = []string{"0 * * * *"} }))
	require.NoError(t, err)
	w.clock.advance(61 * time.Minute)
	w.Settle()
	sent := w.Notifications()
	require.Len(t, sent, 1)
	assert.Equal(t, "o@example.com", sent[0].Address)
	assert.Contains(t, sent[0].Message["content"], "InsufficientScopes")
}

func TestSchedules(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse(time.DateTime, s)
		require.NoError(t, err)
		return v
	}
	for _, c := range []struct{ pattern, after, want string }{
		{"* * * * *", "2024-01-01 00:00:00", "2024-01-01 00:01:00"},
		{"* * * * * *", "2024-01-01 00:00:00", "2024-01-01 00:00:01"},
		{"0 0 * * *", "2024-02-28 12:00:00", "2024-02-29 00:00:00"},
		{"0 0 29 2 *", "2024-03-01 00:00:00", "2028-02-29 00:00:00"},
		{"30 */6 * * *", "2024-01-01 06:30:00", "2024-01-01 12:30:00"},
		{"0 12 * * mon-fri", "2024-01-05 12:00:00", "2024-01-08 12:00:00"},
		{"0 12 * * 7", "2024-01-05 12:00:00", "2024-01-07 12:00:00"},
		{"0 0 1,15 * 1", "2024-01-02 00:00:00", "2024-01-08 00:00:00"},
		{"0 0 13 * 5", "2024-01-06 00:00:00", "2024-01-12 00:00:00"},
		{"15 10 1 JAN *", "2024-01-01 10:15:00", "2025-01-01 10:15:00"},
		{"0 5/10 3 * * *", "2024-01-01 03:05:00", "2024-01-01 03:15:00"},
		{"@daily", "2024-01-01 03:05:00", "2024-01-02 00:00:00"},
	} {
		s, err := parseSchedule(c.pattern)
		require.NoError(t, err, c.pattern)
		assert.Equal(t, c.want, s.next(at(c.after)).Format(time.DateTime), c.pattern)
	}
	for _, bad := range []string{"", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "a * * * *", "5-1 * * * *", "*/0 * * * *", "*/x * * * *", "0 0 31 2 *", "1-2-3 * * * *", "- * * * *", "99999999999999999999 * * * *"} {
		_, err := parseSchedule(bad)
		assert.Error(t, err, bad)
	}
}

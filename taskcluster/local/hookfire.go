package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/taskgraph-go/decision/value"
	"github.com/taskgraph-go/decision/value/jsone"
)

// triggerHook makes the handler of both ways to trigger a hook.
func triggerHook(withToken bool) handler {
	return func(c *call) (any, error) {
		c.s.mu.Lock()
		defer c.s.mu.Unlock()
		h, err := c.findHook()
		if err != nil {
			return nil, err
		}
		context := object{"firedBy": "triggerHook", "payload": c.input}
		if withToken {
			if !sameText(c.params["token"], h.Token) {
				return nil, refuse("AuthenticationFailed", "another token")
			}
			context["firedBy"] = "triggerHookWithToken"
		} else {
			context["clientId"] = c.clientID()
		}
		// Defaults of the schema are not filled in, whatever the manual says.
		var doc any
		if err := json.Unmarshal(h.TriggerSchema, &doc); err != nil {
			return nil, err
		}
		trigger, err := compileSchema(doc)
		if err != nil {
			return nil, err
		}
		if wrong := trigger.check(c.input); wrong != nil {
			return nil, refuse("InputError", "%s", strings.Join(wrong, "; "))
		}
		taskID := c.s.o.NewID()
		if chosen := text(c.data(), "taskId"); slugText().MatchString(chosen) {
			taskID = chosen
		}
		t, err := c.s.fire(&h, context, taskID, c.now, c.now)
		if f, ok := errors.AsType[*failure](err); ok {
			if f.code == "InsufficientScopes" {
				return nil, refuse("InsufficientScopes", "the role `hook-id:%s` has not the scopes for the task:\n\n%s", h.key(), f.message)
			}
			return nil, refuse("InputError", "the task of the hook was refused: %s\n\n%s", f.code, f.message)
		}
		if err != nil {
			return nil, refuse("InputError", "the hook cannot fire:\n\n%v", err)
		}
		if t == nil {
			return object{}, nil
		}
		return object{"taskId": t.id, "status": object{"taskId": t.id}}, nil
	}
}

var slugText = sync.OnceValue(func() *regexp.Regexp { return patterns()["queue"]["taskId"] })

// fire renders the template of a hook and creates the task, with the scopes of the hook's role. It gives nil for a
// template that makes none. What comes of it is noted.
func (s *Server) fire(h *hook, context object, taskID string, created, now time.Time) (*task, error) {
	note := lastFire{FiredBy: text(context, "firedBy"), TaskID: taskID, Time: newStamp(now), Result: "error"}
	def, err := h.render(context, taskID, created)
	if err == nil && def == nil {
		return nil, nil
	}
	var t *task
	if err == nil {
		t, err = s.createFor(assume+"hook-id:"+h.key(), taskID, def, now)
	}
	if err == nil {
		note.Result = "success"
	} else {
		note.Error = err.Error()
		if f, ok := errors.AsType[*failure](err); ok {
			note.Error = string(mustJSON(object{"code": f.code, "message": f.message}))
		}
	}
	s.fired(h, note)
	return t, err
}

// render makes the definition of a task, or nil.
func (h *hook) render(context object, taskID string, created time.Time) (object, error) {
	all := object{"now": newStamp(created).String(), "taskId": taskID}
	maps.Copy(all, context)
	rendered, err := renderTemplate(h.Task, all)
	if err != nil || rendered == nil {
		return nil, err
	}
	def, ok := rendered.(object)
	if !ok {
		return nil, fmt.Errorf("the template makes no object but %s", mustJSON(rendered))
	}
	for field, at := range map[string]time.Time{"created": created, "deadline": created.AddDate(0, 0, 1), "expires": created.AddDate(0, 1, 0)} {
		if text(def, field) == "" {
			def[field] = newStamp(at).String()
		}
	}
	if text(def, "taskGroupId") == "" {
		def["taskGroupId"] = taskID
	}
	return def, nil
}

// renderTemplate renders JSON-e.
func renderTemplate(template json.RawMessage, context object) (any, error) {
	reader := &value.Reader{}
	parsed, err := reader.JSON("task", template)
	if err != nil {
		return nil, err
	}
	variables, err := reader.JSON("context", mustJSON(context))
	if err != nil {
		return nil, err
	}
	rendered, err := jsone.Render(parsed, variables.Map(), jsone.Options{})
	if err != nil {
		return nil, err
	}
	text, err := value.CompactJSON(rendered)
	if err != nil {
		return nil, err
	}
	var out any
	err = json.Unmarshal([]byte(text), &out)
	return out, err
}

// createFor creates a task with the scopes of a role, as the createTask call does.
func (s *Server) createFor(scope, taskID string, def object, now time.Time) (*task, error) {
	var r *route
	for _, candidate := range s.api["queue"]["PUT"] {
		if candidate.name == "createTask" {
			r = candidate
		}
	}
	if r == nil {
		return nil, errors.New("the queue has no createTask")
	}
	r.input.fill(def)
	if wrong := r.input.check(def); wrong != nil {
		return nil, refuse("InputValidationError", "Schema Validation Failed:\n  %s", strings.Join(wrong, "\n  "))
	}
	if err := completeQueueID(def); err != nil {
		return nil, err
	}
	if text(def, "projectId") == "" {
		def["projectId"] = "none"
	}
	texts, lists := createParams(def)
	need, err := r.scopes.render(scopeParams{texts, lists})
	if err != nil {
		return nil, err
	}
	have := s.directory.Load().roles.expand([]string{scope, assume + "anonymous"})
	if rest, missing := need.missing(have); missing {
		return nil, refuse("InsufficientScopes", "missing the following scopes:\n\n```\n%s\n```", pretty(rest.data()))
	}
	t, err := s.newTask(taskID, def, now)
	if err != nil {
		return nil, err
	}
	return s.insertTask(t, now)
}

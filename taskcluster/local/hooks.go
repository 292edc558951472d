package local

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/taskcluster/slugid-go/slugid"
)

// hook is a row of the hooks service.
type hook struct {
	GroupID       string          `json:"hookGroupId"`
	ID            string          `json:"hookId"`
	Metadata      json.RawMessage `json:"metadata"`
	Task          json.RawMessage `json:"task"` // the template
	Bindings      json.RawMessage `json:"bindings"`
	Schedule      []string        `json:"schedule"`
	TriggerSchema json.RawMessage `json:"triggerSchema"`
	Token         string          `json:"triggerToken"`
	NextTaskID    string          `json:"nextTaskId"`
	Next          stamp           `json:"nextScheduledDate"`
}

// lastFire is what came of firing a hook.
type lastFire struct {
	FiredBy string `json:"firedBy"`
	TaskID  string `json:"taskId"`
	Time    stamp  `json:"taskCreateTime"`
	Result  string `json:"result"` // success or error
	Error   string `json:"error"`
}

type hookState struct {
	hooks *table[hook]       // by group and id
	fires *table[[]lastFire] // by group and id, the newest first
}

// maxFires is how many fires of a hook are remembered.
const maxFires = 100

func hookKey(groupID, id string) string { return groupID + "/" + id }

func (h *hook) key() string { return hookKey(h.GroupID, h.ID) }

func (s *Server) loadHooks() (err error) {
	if s.hooks.hooks, err = newTable[hook](s.journal, "hooks"); err != nil {
		return err
	}
	if s.hooks.fires, err = newTable[[]lastFire](s.journal, "fires"); err != nil {
		return err
	}
	for key, h := range s.hooks.hooks.rows {
		if len(h.Schedule) > 0 {
			s.due.add(h.Next.Time, dueHook, key)
		}
	}
	return nil
}

func (h *hook) definition() object {
	return object{
		"hookGroupId": h.GroupID, "hookId": h.ID, "metadata": h.Metadata, "task": h.Task, "bindings": h.Bindings,
		"schedule": orEmpty(h.Schedule), "triggerSchema": h.TriggerSchema,
	}
}

// findHook gives the hook that a call is about, or refuses.
func (c *call) findHook() (hook, error) {
	h, ok := c.s.hooks.hooks.rows[hookKey(c.params["hookGroupId"], c.params["hookId"])]
	if !ok {
		return h, refuse("ResourceNotFound", "there is no such hook")
	}
	return h, nil
}

func listHookGroups(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	groups := []string{}
	for _, h := range c.s.hooks.hooks.rows {
		groups = append(groups, h.GroupID)
	}
	slices.Sort(groups)
	return object{"groups": slices.Compact(groups)}, nil
}

func listHooks(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	found := []object{}
	for _, key := range sortedKeys(c.s.hooks.hooks.rows) {
		if h := c.s.hooks.hooks.rows[key]; h.GroupID == c.params["hookGroupId"] {
			found = append(found, h.definition())
		}
	}
	if len(found) == 0 {
		return nil, refuse("ResourceNotFound", "there is no hook in this group")
	}
	return object{"hooks": found}, nil
}

func getHook(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	h, err := c.findHook()
	if err != nil {
		return nil, err
	}
	return h.definition(), nil
}

// hookOf reads and checks a definition.
func (c *call) hookOf() (hook, error) {
	in := c.data()
	h := hook{GroupID: c.params["hookGroupId"], ID: c.params["hookId"], Schedule: texts(in, "schedule")}
	for _, id := range []struct{ field, want, what string }{{"hookGroupId", h.GroupID, "Hook Group Ids"}, {"hookId", h.ID, "Hook Ids"}} {
		if said := text(in, id.field); said != "" && said != id.want {
			return h, refuse("InputError", "%s of body and path differ", id.what)
		}
	}
	for _, p := range h.Schedule {
		if _, err := parseSchedule(p); err != nil {
			return h, refuse("InputError", "%v in %s", err, p)
		}
	}
	trigger := in["triggerSchema"]
	if trigger == nil {
		trigger = object{"type": "object", "additionalProperties": false}
	}
	if _, err := compileSchema(trigger); err != nil {
		return h, refuse("InputError", "triggerSchema is no JSON Schema:\n%v", err)
	}
	bindings := in["bindings"]
	if bindings == nil {
		bindings = []any{}
	}
	h.Metadata, h.Task, h.Bindings, h.TriggerSchema = mustJSON(in["metadata"]), mustJSON(in["task"]), mustJSON(bindings), mustJSON(trigger)
	h.Next = newStamp(nextFire(h.Schedule, c.now))
	h.NextTaskID = c.s.o.NewID()
	return h, nil
}

func createHook(c *call) (any, error) {
	h, err := c.hookOf()
	if err != nil {
		return nil, err
	}
	h.Token = slugid.Nice()
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if old, ok := c.s.hooks.hooks.rows[h.key()]; ok {
		if string(mustJSON(old.definition())) != string(mustJSON(h.definition())) {
			return nil, refuse("RequestConflict", "there is a hook `%s` already, which differs", h.key())
		}
		return old.definition(), nil
	}
	c.s.keepHook(h)
	return h.definition(), nil
}

// keepHook stores a hook and sees that it fires in time.
func (s *Server) keepHook(h hook) {
	s.hooks.hooks.set(h.key(), h)
	if len(h.Schedule) > 0 {
		s.due.add(h.Next.Time, dueHook, h.key())
	}
}

func updateHook(c *call) (any, error) {
	h, err := c.hookOf()
	if err != nil {
		return nil, err
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	old, err := c.findHook()
	if err != nil {
		return nil, err
	}
	if c.data()["bindings"] == nil {
		h.Bindings = old.Bindings
	}
	h.Token = old.Token
	c.s.keepHook(h)
	return h.definition(), nil
}

func removeHook(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	key := hookKey(c.params["hookGroupId"], c.params["hookId"])
	c.s.hooks.hooks.delete(key)
	c.s.hooks.fires.delete(key)
	return object{}, nil
}

func getTriggerToken(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	h, err := c.findHook()
	if err != nil {
		return nil, err
	}
	return object{"token": h.Token}, nil
}

func resetTriggerToken(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	h, err := c.findHook()
	if err != nil {
		return nil, err
	}
	h.Token = slugid.Nice()
	c.s.hooks.hooks.set(h.key(), h)
	return object{"token": h.Token}, nil
}

func getHookStatus(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	h, err := c.findHook()
	if err != nil {
		return nil, err
	}
	reply := object{"lastFire": object{"result": "no-fire"}}
	if fires := c.s.hooks.fires.rows[h.key()]; len(fires) > 0 {
		last := fires[0]
		if last.Result == "success" {
			reply["lastFire"] = object{"result": last.Result, "taskId": last.TaskID, "time": last.Time}
		} else {
			said := object{}
			if json.Unmarshal([]byte(last.Error), &said) != nil || len(said) == 0 {
				said = object{"message": last.Error}
			}
			reply["lastFire"] = object{"result": last.Result, "error": said, "time": last.Time}
		}
	}
	if len(h.Schedule) > 0 {
		reply["nextScheduledDate"] = h.Next
	}
	return reply, nil
}

func listLastFires(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	group, id := c.params["hookGroupId"], c.params["hookId"]
	rows, token, err := page(c, c.s.hooks.fires.rows[hookKey(group, id)])
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, refuse("ResourceNotFound", "there is no such hook, or it never fired")
	}
	out := make([]object, len(rows))
	for i, f := range rows {
		state := "unknown"
		if t := c.s.queue.tasks[f.TaskID]; t != nil {
			state = t.state()
		}
		out[i] = object{"hookGroupId": group, "hookId": id, "firedBy": f.FiredBy, "taskId": f.TaskID, "taskCreateTime": f.Time, "result": f.Result, "error": f.Error, "taskState": state}
	}
	return paged(object{"lastFires": out}, token), nil
}

// fired notes what came of firing a hook.
func (s *Server) fired(h *hook, f lastFire) {
	all := append([]lastFire{f}, s.hooks.fires.rows[h.key()]...)
	s.hooks.fires.set(h.key(), all[:min(len(all), maxFires)])
}

// fireScheduled fires a hook whose time has come. Times that passed meanwhile are not made up for.
func (s *Server) fireScheduled(e dueEntry, now time.Time) {
	h, ok := s.hooks.hooks.rows[e.id]
	if !ok || !h.Next.Equal(e.at) || len(h.Schedule) == 0 {
		return
	}
	if _, err := s.fire(&h, object{"firedBy": "schedule"}, h.NextTaskID, h.Next.Time, now); err != nil {
		s.log.Debug("a hook failed", "hook", h.key(), "error", err)
		var about struct {
			Owner        string `json:"owner"`
			Name         string `json:"name"`
			EmailOnError *bool  `json:"emailOnError"`
		}
		if json.Unmarshal(h.Metadata, &about) == nil && (about.EmailOnError == nil || *about.EmailOnError) {
			s.send(Notification{Kind: "email", Address: about.Owner, Time: newStamp(now).Time, Message: map[string]any{
				"address": about.Owner, "subject": "a scheduled hook failed: " + h.key(), "content": strings.TrimSpace(err.Error()),
			}})
		}
	}
	h.NextTaskID, h.Next = s.o.NewID(), newStamp(nextFire(h.Schedule, now))
	s.keepHook(h)
}

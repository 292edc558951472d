package local

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// Notification is a message that somebody would have got.
type Notification struct {
	Kind    string         `json:"kind"`    // email, pulse, matrix or slack
	Address string         `json:"address"` // of the email, routing key, room or channel
	Time    time.Time      `json:"time"`
	TaskID  string         `json:"taskId,omitempty"` // of the task whose route asked for it
	On      string         `json:"on,omitempty"`     // what happened to the task
	Message map[string]any `json:"message"`          // the request, or what extra.notify of the task says
}

// notifyState is what the notify service recorded.
type notifyState struct {
	sent   *table[Notification] // by number
	denied *table[bool]         // by kind and address
}

// notificationsPath is where the recorded messages can be listed. The real service has no such thing.
const notificationsPath = "/local/notifications"

const maxNotifications = 100_000

func (s *Server) loadNotify() (err error) {
	if s.notify.sent, err = newTable[Notification](s.journal, "notifications"); err != nil {
		return err
	}
	s.notify.denied, err = newTable[bool](s.journal, "denylist")
	return err
}

// Notifications gives everything that was sent, in order.
func (s *Server) Notifications() []Notification {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []Notification{}
	for _, key := range sortedKeys(s.notify.sent.rows) {
		all = append(all, s.notify.sent.rows[key])
	}
	return all
}

// send records a message. Beyond a limit the newest are dropped.
func (s *Server) send(n Notification) {
	if count := len(s.notify.sent.rows); count < maxNotifications {
		key := strconv.Itoa(count)
		s.notify.sent.set(strings.Repeat("0", 8-min(len(key), 8))+key, n)
	}
}

// notifyCall makes the handler of a call that sends something to the address in a field.
func notifyCall(kind, denyKind, field string) handler {
	return func(c *call) (any, error) {
		in := c.data()
		to := text(in, field)
		if err := c.authorize(map[string]string{field: to}, nil); err != nil {
			return nil, err
		}
		c.s.mu.Lock()
		defer c.s.mu.Unlock()
		if c.s.notify.denied.rows[denyKind+"\n"+to] {
			return nil, refuse("DenylistedAddress", "%s %s is on the denylist", denyKind, to)
		}
		c.s.send(Notification{Kind: kind, Address: to, Time: newStamp(c.now).Time, Message: in})
		return &answer{status: 200, body: object{}}, nil
	}
}

func changeDenylist(add bool) handler {
	return func(c *call) (any, error) {
		key := text(c.data(), "notificationType") + "\n" + text(c.data(), "notificationAddress")
		c.s.mu.Lock()
		defer c.s.mu.Unlock()
		if add {
			c.s.notify.denied.set(key, true)
		} else {
			c.s.notify.denied.delete(key)
		}
		return &answer{status: 200, body: object{}}, nil
	}
}

func listDenylist(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	rows, token, err := page(c, sortedKeys(c.s.notify.denied.rows))
	out := make([]object, len(rows))
	for i, key := range rows {
		kind, address, _ := strings.Cut(key, "\n")
		out[i] = object{"notificationType": kind, "notificationAddress": address}
	}
	return paged(object{"addresses": out}, token), err
}

// notifyKinds are the kinds of routes for notifications, and what their messages count as.
var notifyKinds = map[string]string{"email": "email", "pulse": "pulse", "matrix-room": "matrix", "slack-channel": "slack"}

// notifyTask records what the routes of a task ask for when something happens to it: it is defined, pending, running,
// or has ended with one of the three states. Who cancels a task or lets its deadline pass knows, and is not told.
func (s *Server) notifyTask(t *task, event string, now time.Time) {
	for _, route := range t.Routes {
		rest, ok := strings.CutPrefix(route, "notify.")
		if !ok {
			continue
		}
		kind, rest, _ := strings.Cut(rest, ".")
		i := strings.LastIndex(rest, ".on-")
		known := notifyKinds[kind]
		if i <= 0 || known == "" || !s.listens(t, rest[i+len(".on-"):], event) || s.notify.denied.rows[kind+"\n"+rest[:i]] {
			continue
		}
		var said struct {
			Extra struct {
				Notify map[string]any `json:"notify"`
			} `json:"extra"`
		}
		_ = json.Unmarshal(t.text, &said) // what is no object says nothing
		if said.Extra.Notify == nil {
			said.Extra.Notify = map[string]any{}
		}
		s.send(Notification{Kind: known, Address: rest[:i], Time: newStamp(now).Time, TaskID: t.id, On: event, Message: said.Extra.Notify})
	}
}

// listens says whether a route for some filter wants to hear of an event.
func (s *Server) listens(t *task, filter, event string) bool {
	ended := event == completed || event == failed || event == exception
	if event == exception {
		switch t.last().ReasonResolved {
		case "canceled", "deadline-exceeded":
			return false
		}
	}
	switch filter {
	case "any", "resolved":
		return ended
	case "transition":
		return true
	}
	return filter == event
}

package transforms

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// notifySequence turns a task's notify section, or the older notifications, into the routes and the extra content by
// which the notify service sends messages about it.
func notifySequence() taskgraph.Sequence {
	return taskgraph.Sequence{
		validateStep("notify"),
		{Name: "add_notifications", Begin: addNotifications},
	}
}

// notifyKeys names, for each type of recipient, the field that goes into the route.
var notifyKeys = map[string]string{"email": "address", "matrix-room": "room-id", "pulse": "routing-key", "slack-channel": "channel-id"}

func addNotifications(cfg *taskgraph.Config) (taskgraph.Each, error) {
	// What {config[...]} can reach in the texts.
	config := value.MapOf("kind", cfg.Kind, "path", cfg.Path, "config", cfg.Map, "params", cfg.Params.Map(),
		"graph_config", cfg.Graph.Map(), "write_artifacts", cfg.WriteArtifacts).Value()
	return func(cfg *taskgraph.Config, stub *value.Map, yield func(*value.Map)) error {
		n := &notification{cfg: cfg, stub: stub, config: config}
		old, _ := stub.Delete("notifications")
		notify, _ := stub.Delete("notify")
		recipients, content := notify.Map().At("recipients"), notify.Map().At("content")
		if old.Truthy() {
			var err error
			if recipients, content, err = n.legacy(old); err != nil {
				return err
			}
		} else if !notify.Truthy() {
			yield(stub)
			return nil
		}
		if err := n.addRoutes(recipients.List()); err != nil {
			return err
		}
		if err := n.addContent(content); err != nil {
			return err
		}
		yield(stub)
		return nil
	}, nil
}

// notification is the work on one task.
type notification struct {
	cfg    *taskgraph.Config
	stub   *value.Map
	config value.Value
}

// lookup gives what texts may name: {task[...]}, the task as it is, and {config[...]}.
func (n *notification) lookup(name string) (value.Value, bool) {
	switch name {
	case "task":
		return n.stub.Value(), true
	case "config":
		return n.config, true
	}
	return value.Value{}, false
}

// byProject resolves a value that may be keyed by project or level, or by a field of the map that holds it.
func (n *notification) byProject(m *value.Map, key, path string) (value.Value, error) {
	v := m.At(key)
	out, err := value.EvaluateKeyedBy(v, value.Keyed{
		Item: "`" + key + "` in `" + n.cfg.Kind + "-" + n.stub.Str("name") + "`",
		Attr: func(name string) (value.Value, bool) {
			switch name {
			case "project", "level":
				return n.cfg.Params.At(name), true
			}
			return m.Get(name)
		},
	})
	if err != nil {
		return v, at(err, v, path)
	}
	return out.Or(v.Pos()), nil
}

// legacy gives the recipients and the content that a notifications section stands for: one mail for each address and
// status.
func (n *notification) legacy(old value.Value) (recipients, content value.Value, err error) {
	m := old.Map()
	emails, err := n.byProject(m, "emails", "notifications.emails")
	if err != nil {
		return recipients, content, err
	}
	statuses := m.At("status-types").List()
	if m.At("status-types").IsNull() {
		statuses = value.NewStrings("on-completed")
	}
	list := value.NewList()
	for address := range emails.List().Values() {
		for status := range statuses.Values() {
			list.Append(value.MapOf("type", "email", "address", address, "status-type", status).Value())
		}
	}
	message, ok := m.Get("message")
	if !ok {
		message = m.At("subject")
	}
	content = value.MapOf("email", value.MapOf("subject", m.At("subject"), "content", message)).Value()
	return list.Value(), content, nil
}

// addRoutes adds a route for each recipient.
func (n *notification) addRoutes(recipients *value.List) error {
	routes, err := listAt(n.stub, "routes")
	if err != nil {
		return err
	}
	for recipient := range recipients.Values() {
		formatted, err := n.format(recipient, "notify.recipients")
		if err != nil {
			return err
		}
		r := formatted.Map()
		typ := r.Str("type")
		target := r.At(notifyKeys[typ])
		if typ == "email" {
			if target, err = n.byProject(r, "address", "notify.recipients"); err != nil {
				return err
			}
		}
		status := "on-completed"
		if v := r.At("status-type"); !v.IsNull() {
			status = v.Str()
		}
		routes.Append(value.NewString("notify." + typ + "." + value.PyStr(target) + "." + status).At(target.Pos()))
	}
	return nil
}

// addContent puts the messages where the notify service looks for them: each field of a channel other than mail under
// the channel's name and its own in one word, such as matrixFormattedBody.
func (n *notification) addContent(content value.Value) error {
	if content.IsNull() {
		return nil
	}
	formatted, err := n.format(content, "notify.content")
	if err != nil {
		return err
	}
	extra, err := mapAt(n.stub, "extra")
	if err != nil {
		return err
	}
	out := value.NewMap(4)
	if email, ok := formatted.Map().Get("email"); ok {
		out.Set("email", email)
	}
	for channel, fields := range formatted.Map().All() {
		if channel == "email" {
			continue
		}
		for name, v := range fields.Map().All() {
			key := channel
			for word := range strings.SplitSeq(name, "-") {
				key += capitalize(word)
			}
			out.Set(key, v)
		}
	}
	extra.Set("notify", out.Value().At(content.Pos()))
	return nil
}

func capitalize(word string) string {
	first, size := utf8.DecodeRuneInString(word)
	if size == 0 {
		return ""
	}
	return string(unicode.ToTitle(first)) + strings.ToLower(word[size:])
}

// format expands the strings in maps and in maps inside them. Lists and keys stay as they are.
func (n *notification) format(v value.Value, path string) (value.Value, error) {
	switch v.Kind() {
	case value.String:
		if !bracesIn(v.Str()) {
			return v, nil
		}
		s, err := value.Format(v.Str(), n.lookup)
		if err != nil {
			return v, value.WithNames(at(err, v, path), []string{"task", "config"})
		}
		return value.NewString(s).At(v.Pos()), nil
	case value.MapKind:
		out := v.Map().Copy()
		for i := range out.Len() {
			e := out.Entry(i)
			f, err := n.format(e.Value, path+"."+e.Key.KeyText())
			if err != nil {
				return v, err
			}
			if !value.Same(e.Value, f) {
				out.SetAt(i, f)
			}
		}
		return out.Value().At(v.Pos()), nil
	}
	return v, nil
}

package tcyml

import (
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// ReadEvent gives the event that a document in JSON or YAML describes: all variables, among them tasks_for, or what
// GitHub sends, of which it finds out what it is.
func ReadEvent(name string, text []byte, reader *value.Reader) (Event, error) {
	read := reader.YAML
	if strings.HasSuffix(name, ".json") {
		read = reader.JSON
	}
	doc, err := read(name, text)
	if err != nil {
		return Event{}, err
	}
	m := doc.Map()
	if m == nil {
		return Event{}, diag.Errorf(diag.WrongType, doc.Pos(), "want a map, got %s", doc.Describe()).InFile(name)
	}
	e := Event{Name: name, Variables: m.Copy()}
	if v, ok := m.Get("tasks_for"); ok {
		if e.TasksFor = v.Str(); e.TasksFor == "" {
			return e, diag.Errorf(diag.WrongType, v.Pos(), "want the name of an event, got %s", v.Describe()).WithPath("tasks_for").InFile(name)
		}
		e.Variables.Delete("tasks_for")
		return e, nil
	}
	e.Variables = value.MapOf("event", m)
	switch {
	case m.Has("pull_request"):
		e.TasksFor = "github-pull-request"
	case m.Has("release"):
		e.TasksFor = "github-release"
	case m.Has("comment") && m.Has("issue"):
		e.TasksFor = "github-issue-comment"
	case m.Has("ref") && m.Has("after"):
		e.TasksFor = "github-push"
	default:
		return e, diag.Errorf(diag.MissingField, doc.Pos(), "this is none of the events that GitHub sends for tasks").InFile(name).
			WithHint("give all variables, with tasks_for among them")
	}
	return e, nil
}

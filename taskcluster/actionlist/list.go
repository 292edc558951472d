package actionlist

import (
	"fmt"
	"slices"
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// Limits are those of actions.json.
var Limits = value.Limits{Bytes: 4 << 20, Depth: 100, Nodes: 200_000}

// List is what a decision task offers. It is immutable.
type List struct {
	Actions   []*Action // in the order in which they are offered
	Variables *value.Map
}

// Action is an entry of a list.
type Action struct {
	Name, Title, Description string
	// Kind is hook; others are not understood, and never apply.
	Kind string
	// Context has the sets of tags that a task must have; none means that the action is for the group.
	Context []*value.Map
	// Schema is that of the input, null where there is none.
	Schema               value.Value
	HookGroupID, HookID  string
	HookPayload          value.Value
	Permission, Callback string // "" where the list does not say
	pos                  diag.Pos
}

// Parse reads actions.json.
func Parse(r *value.Reader, name string, text []byte) (*List, error) {
	reader := *r
	reader.Limits = Limits
	doc, err := reader.JSON(name, text)
	if err != nil {
		return nil, err
	}
	var errs diag.List
	wrong := func(v value.Value, path, format string, args ...any) {
		errs.Add(diag.Errorf(diag.NotOffered, v.Pos(), format, args...).WithPath(path).InFile(name))
	}
	m := doc.Map()
	if m == nil {
		wrong(doc, "", "want a map with version, variables and actions, got %s", doc.Describe())
		return nil, errs.Err(r.Sources)
	}
	if n, ok := m.At("version").AsInt(); !ok || n != 1 {
		wrong(m.At("version").Or(doc.Pos()), "version", "want version 1, got %s", m.At("version").Describe())
	}
	list := &List{Variables: m.At("variables").Map()}
	if v := m.At("variables"); v.Map() == nil && !v.IsNull() {
		wrong(v, "variables", "want a map, got %s", v.Describe())
	}
	entries := m.At("actions").List()
	if entries == nil {
		wrong(m.At("actions").Or(doc.Pos()), "actions", "want a list, got %s", m.At("actions").Describe())
	}
	for i, v := range entries.All() {
		path := fmt.Sprintf("actions.%d", i)
		if v.Map() == nil {
			wrong(v, path, "want a map, got %s", v.Describe())
			continue
		}
		list.Actions = append(list.Actions, parseAction(v, path, wrong))
	}
	if err := errs.Err(r.Sources); err != nil {
		return nil, err
	}
	return list, nil
}

func parseAction(v value.Value, path string, wrong func(v value.Value, path, format string, args ...any)) *Action {
	m := v.Map()
	text := func(name string, required bool) string {
		x, there := m.Get(name)
		if there && !x.IsString() || !there && required {
			wrong(x.Or(v.Pos()), path+"."+name, "want a string, got %s", x.Describe())
		}
		return x.Str()
	}
	a := &Action{pos: v.Pos(), Name: text("name", false), Title: text("title", true), Description: text("description", false), Kind: text("kind", true), Schema: m.At("schema")}
	context := m.At("context")
	if context.List() == nil && !context.IsNull() {
		wrong(context, path+".context", "want a list, got %s", context.Describe())
	}
	for i, set := range context.List().All() {
		at := fmt.Sprintf("%s.context.%d", path, i)
		if set.Map() == nil {
			wrong(set, at, "want a map of tags, got %s", set.Describe())
			continue
		}
		for tag, want := range set.Map().All() {
			if !want.IsString() {
				wrong(want, at+"."+tag, "want a string, got %s", want.Describe())
			}
		}
		a.Context = append(a.Context, set.Map())
	}
	if a.Kind == "hook" {
		a.HookGroupID, a.HookID, a.HookPayload = text("hookGroupId", true), text("hookId", true), m.At("hookPayload")
	}
	a.Permission = m.At("extra").Map().Str("actionPerm")
	a.Callback = a.HookPayload.Map().At("decision").Map().At("action").Map().Str("cb_name")
	return a
}

// AppliesTo says whether the action is for a task with these tags; nil stands for the whole group.
func (a *Action) AppliesTo(tags *value.Map) bool {
	if a.Kind != "hook" {
		return false
	}
	return Applies(a.Context, tags)
}

// Applies says whether a context is for a task with these tags, which must hold all of one of its sets; nil stands for the whole
// group, which a context without sets is for.
func Applies(context []*value.Map, tags *value.Map) bool {
	if tags == nil {
		return len(context) == 0
	}
	return slices.ContainsFunc(context, func(set *value.Map) bool {
		for tag, want := range set.All() {
			if got, ok := tags.Get(tag); !ok || !value.Equal(got, want) {
				return false
			}
		}
		return true
	})
}

// Find gives the first action with a name that is for a task with these tags; nil stands for the whole group.
func (l *List) Find(name string, tags *value.Map) (*Action, error) {
	var names []string
	var others []*Action
	for _, a := range l.Actions {
		if a.Name == name && a.AppliesTo(tags) {
			return a, nil
		}
		if a.Name == name {
			others = append(others, a)
		}
		if a.Name != "" && a.AppliesTo(tags) && !slices.Contains(names, a.Name) {
			names = append(names, a.Name)
		}
	}
	where := "for the task group"
	if tags != nil {
		where = "for this task"
	}
	if len(others) == 0 {
		return nil, diag.Errorf(diag.NotOffered, 0, "there is no action %q", name).WithHint("%s", diag.DidYouMean(name, names))
	}
	d := diag.Errorf(diag.NotOffered, 0, "the action %q is not offered %s", name, where)
	for _, a := range others {
		if a.Kind != "hook" {
			return nil, d.WithHint("it is of kind %s, and only hook is understood", a.Kind)
		}
	}
	if tags == nil {
		return nil, d.WithHint("it is for tasks: name one with --task")
	}
	var wants []string
	for _, a := range others {
		for _, set := range a.Context {
			wants = append(wants, tagText(set))
		}
	}
	if len(wants) == 0 {
		return nil, d.WithHint("it is for the task group as a whole: leave the task out")
	}
	return nil, d.WithHint("it is for tasks with the tags %s; this one has %s", strings.Join(wants, " or "), tagText(tags))
}

// tagText writes tags for people.
func tagText(tags *value.Map) string {
	text, err := value.SortedJSON(tags.Value())
	if err != nil {
		return "{...}"
	}
	return text
}

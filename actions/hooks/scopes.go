package hooks

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
	"github.com/taskgraph-go/decision/value/jsone"
)

// unknown stands for text that is known only when the hook is triggered: a scope that holds it is cut there and ends in a star. It is a
// letter that nobody uses.
const unknown = "\uE007"

// neededScopes gives what it takes to create the task that a hook's template makes for a repository: the template is rendered with what is
// known beforehand, and unknown text for the rest.
func neededScopes(task value.Value, r Repository, level int, sources *diag.Sources) ([]string, error) {
	text := func(n int) string { return strings.Repeat(unknown, n) }
	texts := func(lengths map[string]int) *value.Map {
		m := value.NewMap(len(lengths))
		for _, name := range slices.Sorted(maps.Keys(lengths)) {
			m.Set(name, value.NewString(text(lengths[name])))
		}
		return m
	}
	push := texts(map[string]int{"owner": 10, "revision": 40, "pushlog_id": 5, "base_revision": 40})
	push.Set("branch", value.NewString(r.Branch))
	push.Set("base_branch", value.NewString(r.Branch))
	user := texts(map[string]int{"taskId": 22, "taskGroupId": 22})
	user.Set("input", value.NewMap(0).Value())
	context := value.MapOf(
		"taskId", text(22), "firedBy", "triggerHook", "clientId", text(10), "now", "2026-01-01T00:00:00.000Z",
		"payload", value.MapOf(
			"decision", value.MapOf(
				"action", texts(map[string]int{"name": 10, "title": 10, "description": 10, "taskGroupId": 22, "cb_name": 10, "symbol": 2}),
				"push", push,
				"repository", value.MapOf("url", r.URL, "base_url", r.URL, "project", r.Project, "level", fmt.Sprint(level)),
				"parameters", value.NewMap(0),
			),
			"user", user,
		),
	)
	rendered, err := jsone.Render(task, context, jsone.Options{Sources: sources, Limits: jsone.Limits{Steps: 100_000}})
	if err != nil {
		return nil, err
	}
	def := rendered.Map()
	if def == nil {
		return nil, nil // the file makes no task of this
	}
	needed := map[string]bool{}
	add := func(scope string) {
		if before, _, cut := strings.Cut(scope, unknown); cut {
			scope = before + "*"
		}
		needed[scope] = true
	}
	for _, scope := range def.At("scopes").List().Strings() {
		add(scope)
	}
	for _, route := range def.At("routes").List().Strings() {
		add("queue:route:" + route)
	}
	queue := cmp.Or(def.Str("taskQueueId"), def.Str("provisionerId")+"/"+def.Str("workerType"))
	priority := cmp.Or(def.Str("priority"), "lowest")
	if priority == "normal" { // an old name
		priority = "lowest"
	}
	add("queue:create-task:" + priority + ":" + queue)
	add("queue:create-task:project:" + cmp.Or(def.Str("projectId"), "none"))
	add("queue:scheduler-id:" + cmp.Or(def.Str("schedulerId"), "-"))
	return slices.Sorted(maps.Keys(needed)), nil
}

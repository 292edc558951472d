package hooks

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	jsone "github.com/json-e/json-e/v4"

	"github.com/taskgraph-go/decision/value"
)

// unknown stands for text that is known only when the hook is triggered: a scope that holds it is cut there and ends in a star. It is a
// letter that nobody uses.
const unknown = "\uE007"

// neededScopes gives what it takes to create the task that a hook's template makes for a repository: the template is rendered with what is
// known beforehand, and unknown text for the rest.
func neededScopes(task value.Value, r Repository, level int) ([]string, error) {
	text := func(n int) string { return strings.Repeat(unknown, n) }
	context := map[string]any{
		"taskId": text(22), "firedBy": "triggerHook", "clientId": text(10),
		"payload": map[string]any{
			"decision": map[string]any{
				"action": map[string]any{
					"name": text(10), "title": text(10), "description": text(10), "taskGroupId": text(22), "cb_name": text(10), "symbol": text(2),
				},
				"push":       map[string]any{"owner": text(10), "revision": text(40), "pushlog_id": text(5), "base_revision": text(40), "branch": r.Branch, "base_branch": r.Branch},
				"repository": map[string]any{"url": r.URL, "base_url": r.URL, "project": r.Project, "level": fmt.Sprint(level)},
				"parameters": map[string]any{},
			},
			"user": map[string]any{"input": map[string]any{}, "taskId": text(22), "taskGroupId": text(22)},
		},
	}
	encoded, err := value.CompactJSON(task)
	if err != nil {
		return nil, err
	}
	var form any
	if err := json.Unmarshal([]byte(encoded), &form); err != nil {
		return nil, err
	}
	rendered, err := jsone.Render(form, context)
	if err != nil {
		return nil, fmt.Errorf("cannot be rendered: %w", err)
	}
	def, ok := rendered.(map[string]any)
	if !ok {
		return nil, nil // the file makes no task of this
	}
	scopes := map[string]bool{}
	add := func(scope string) {
		if before, _, cut := strings.Cut(scope, unknown); cut {
			scope = before + "*"
		}
		scopes[scope] = true
	}
	str := func(name, absent string) string {
		if s, ok := def[name].(string); ok && s != "" {
			return s
		}
		return absent
	}
	for _, scope := range list(def["scopes"]) {
		add(scope)
	}
	for _, route := range list(def["routes"]) {
		add("queue:route:" + route)
	}
	queue := str("taskQueueId", "")
	if queue == "" {
		queue = str("provisionerId", "") + "/" + str("workerType", "")
	}
	priority := str("priority", "lowest")
	if priority == "normal" { // an old name
		priority = "lowest"
	}
	add("queue:create-task:" + priority + ":" + queue)
	add("queue:create-task:project:" + str("projectId", "none"))
	add("queue:scheduler-id:" + str("schedulerId", "-"))
	return slices.Sorted(maps.Keys(scopes)), nil
}

// list gives the strings of a list.
func list(v any) []string {
	items, _ := v.([]any)
	var out []string
	for _, i := range items {
		if s, ok := i.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// minimal gives the scopes sorted, without those that another one covers.
func minimal(scopes map[string]bool) []string {
	sorted := slices.Sorted(maps.Keys(scopes))
	return slices.DeleteFunc(sorted, func(scope string) bool {
		for other := range scopes {
			if prefix, star := strings.CutSuffix(other, "*"); star && other != scope && strings.HasPrefix(scope, prefix) {
				return true
			}
		}
		return false
	})
}

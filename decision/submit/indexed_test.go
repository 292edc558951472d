package submit

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/taskcluster/slugid-go/slugid"

	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// push is a push that is decided about several times, while the index changes.
type push struct {
	ids map[string]string // by label, of what the index holds
}

// graph gives the graph of two images, and of tasks that need them. The payload of some mentions what they need.
func (p push) graph(change ...func(def *value.Map)) (*taskgraph.TaskGraph, map[string]string) {
	all := map[string]string{}
	id := func(label string) string {
		if known := p.ids[label]; known != "" {
			all[label] = known
		} else {
			all[label] = taskgraph.TaskID(decisionID, label)
		}
		return all[label]
	}
	var tasks []*taskgraph.Task
	add := func(label string, mention bool, deps ...string) {
		if all[id(label)] = ""; p.ids[label] != "" {
			return
		}
		t := task(label)
		def := t.Task.Copy()
		edges, ids := value.NewMap(0), value.NewList()
		for _, d := range deps {
			edges.Set(d, value.NewString(id(d)))
			ids.AppendStrings(id(d))
			if mention {
				def.EditMap("payload").EditMap("env").Set(d, value.NewString(fmt.Sprintf(`[{"task":%q},{"task":%q}]`, id(d), id(d))))
			}
		}
		def.Set("dependencies", ids.Value())
		for _, f := range change {
			f(def)
		}
		def.Freeze()
		t.Dependencies, t.Task = edges, def
		tasks = append(tasks, t)
	}
	add("one", false)
	add("two", false)
	add("uses-one", false, "one")
	add("uses-both", false, "one", "two")
	add("mentions-one", true, "one")
	add("mentions-both", true, "two", "one")
	for key, v := range all {
		if v == "" {
			delete(all, key)
		}
	}
	return graphOf(tasks...), all
}

func (p push) run(t *testing.T, q *fakeQueue, change ...func(def *value.Map)) *Result {
	graph, ids := p.graph(change...)
	return run(t, q, graph, func(o *Options) { o.LabelToTaskID = ids })
}

// The index may change between two runs of a decision task. What the first run created stays as it is, and the rest is created.
func TestIndexChangesBetweenRuns(t *testing.T) {
	a, b, c := slugid.Nice(), slugid.Nice(), slugid.Nice()
	states := []push{{}, {map[string]string{"one": a}}, {map[string]string{"one": b}}, {map[string]string{"one": a, "two": b}}, {map[string]string{"one": b, "two": a}},
		{map[string]string{"one": c, "two": c}}, {map[string]string{"two": c}}}
	for i, first := range states {
		for j, second := range states {
			q := newFakeQueue(t)
			for _, id := range []string{a, b, c} {
				q.tasks[id] = map[string]any{}
			}
			require.NoError(t, first.run(t, q).Err(nil))
			before, err := json.Marshal(q.tasks[taskgraph.TaskID(decisionID, "mentions-both")])
			require.NoError(t, err)
			r := second.run(t, q)
			if i == 5 != (j == 5) {
				assert.Error(t, r.Err(nil), "%d %d: two that were one can not be told apart", i, j)
				continue
			}
			require.NoError(t, r.Err(nil), "%d %d", i, j)
			after, err := json.Marshal(q.tasks[taskgraph.TaskID(decisionID, "mentions-both")])
			require.NoError(t, err)
			assert.Equal(t, string(before), string(after))
			for label, id := range map[string]string{"one": second.ids["one"], "two": second.ids["two"]} {
				if id == "" {
					assert.Contains(t, q.tasks, taskgraph.TaskID(decisionID, label), "%d %d: what is missing is created", i, j)
				}
			}
		}
	}
}

// Anything else that differs is a conflict.
func TestNotTheIndex(t *testing.T) {
	q := newFakeQueue(t)
	require.NoError(t, push{}.run(t, q).Err(nil))
	indexed := push{map[string]string{"one": slugid.Nice()}}
	replace := func(def *value.Map, id string) {
		if deps := def.EditList("dependencies"); deps.Len() == 1 {
			deps.SetAt(0, value.NewString(id))
		}
	}
	for name, change := range map[string]func(*value.Map){
		"another text":         func(def *value.Map) { def.EditMap("payload").Set("image", value.NewString("y")) },
		"another number":       func(def *value.Map) { def.EditMap("payload").Set("maxRunTime", value.NewInt(61)) },
		"one dependency more":  func(def *value.Map) { def.EditList("dependencies").AppendStrings(slugid.Nice()) },
		"another length":       func(def *value.Map) { def.EditMap("payload").EditMap("env").Set("one", value.NewString("x")) },
		"an id where none was": func(def *value.Map) { def.EditMap("payload").Set("image", value.NewString(indexed.ids["one"])) },
		"another of our tasks": func(def *value.Map) { replace(def, taskgraph.TaskID(decisionID, "two")) },
		"a task of nobody":     func(def *value.Map) { replace(def, slugid.Nice()) },
		"two that were one": func(def *value.Map) {
			def.EditMap("payload").EditMap("env").Set("one", value.NewString(fmt.Sprintf(`[{"task":%q},{"task":%q}]`, indexed.ids["one"], taskgraph.TaskID(decisionID, "two"))))
		},
		"a task in other words": func(def *value.Map) {
			def.EditMap("payload").EditMap("env").Set("one", value.NewString(fmt.Sprintf(`[{"TASK":%q},{"task":%q}]`, indexed.ids["one"], indexed.ids["one"])))
		},
	} {
		graph, ids := indexed.graph(func(def *value.Map) {
			if def.At("dependencies").List().Len() > 0 {
				change(def)
			}
		})
		err := run(t, q, graph, func(o *Options) { o.LabelToTaskID = ids }).Err(nil)
		require.Error(t, err, name)
		assert.Contains(t, err.Error(), "exists already and differs", name)
	}
	graph, _ := indexed.graph()
	assert.Error(t, run(t, q, graph).Err(nil), "nothing is known of what is indexed")
}

package transforms

import (
	"strings"
	"unicode/utf8"

	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
	"github.com/taskgraph-go/decision/value/schema"
)

// groupBys registers the functions that from-deps.group-by can name.
func groupBys(r *taskgraph.Registry) {
	r.GroupBys.Add("single", taskgraph.GroupBy{Group: groupSingly})
	r.GroupBys.Add("all", taskgraph.GroupBy{Group: groupAll})
	r.GroupBys.Add("attribute", taskgraph.GroupBy{Group: groupByAttribute, Schema: schema.MustCompile("group-by-attribute.yml", []byte("type: string"))})
}

// groupSingly makes a group of each task.
func groupSingly(_ *taskgraph.Config, tasks []*taskgraph.Task, _ value.Value) ([][]*taskgraph.Task, error) {
	groups := make([][]*taskgraph.Task, len(tasks))
	for i := range tasks {
		groups[i] = tasks[i : i+1 : i+1]
	}
	return groups, nil
}

// groupAll makes one group of all tasks.
func groupAll(_ *taskgraph.Config, tasks []*taskgraph.Task, _ value.Value) ([][]*taskgraph.Task, error) {
	return [][]*taskgraph.Task{tasks}, nil
}

// groupByAttribute makes a group of all tasks with the same value of an attribute, in the order in which the values
// come up. Tasks without the attribute, or with an empty one, are in no group.
func groupByAttribute(_ *taskgraph.Config, tasks []*taskgraph.Task, arg value.Value) ([][]*taskgraph.Task, error) {
	var groups [][]*taskgraph.Task
	byText := map[string]int{}
	type other struct {
		v     value.Value
		group int
	}
	var others []other
	for _, t := range tasks {
		v := t.Attribute(arg.Str())
		if !v.Truthy() {
			continue
		}
		group := len(groups)
		if s, ok := v.AsString(); ok {
			if g, seen := byText[s]; seen {
				group = g
			} else {
				byText[s] = group
			}
		} else {
			for _, o := range others {
				if value.Equal(o.v, v) {
					group = o.group
					break
				}
			}
			if group == len(groups) {
				others = append(others, other{v, group})
			}
		}
		if group == len(groups) {
			groups = append(groups, nil)
		}
		groups[group] = append(groups[group], t)
	}
	return groups, nil
}

// setNames registers the functions that from-deps.set-name can name.
func setNames(r *taskgraph.Registry) {
	r.SetNames.Add("strip-kind", func(_ *taskgraph.Config, _ []*taskgraph.Task, primary *taskgraph.Task, kind string) (string, error) {
		return stripKind(primary.Label, kind), nil
	})
	r.SetNames.Add("retain-kind", func(_ *taskgraph.Config, _ []*taskgraph.Task, primary *taskgraph.Task, _ string) (string, error) {
		return primary.Label, nil
	})
}

// stripKind gives a label without the kind that it begins with and the character after that, whichever it is. A label
// that does not begin with the kind stays.
func stripKind(label, kind string) string {
	rest, ok := strings.CutPrefix(label, kind)
	if !ok {
		return label
	}
	_, size := utf8.DecodeRuneInString(rest)
	return rest[size:]
}

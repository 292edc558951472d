package transforms

import (
	"slices"
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// orderTasks puts the tasks of a kind into an order in which each comes after those of the kind that it depends on; among
// tasks that are ready at the same time, the order of definition decides. Of several tasks with one label the last
// one stays, at the place of the first. (The reference orders the same way but for ties, which fall out at random
// there.) Where tasks depend on each other in a loop, the error says so and the tasks outside of it are still given.
func orderTasks(cfg *taskgraph.Config, stubs []*value.Map) ([]*value.Map, error) {
	stubs, places, err := distinctLabels(cfg, stubs)
	if err != nil {
		return nil, err
	}
	waiting, dependents := linksWithin(cfg.Kind+"-", stubs, places)
	if dependents == nil {
		return stubs, nil
	}
	queue := make([]int32, 0, len(stubs))
	for i, n := range waiting {
		if n == 0 {
			queue = append(queue, int32(i))
		}
	}
	for next := 0; next < len(queue); next++ {
		for _, d := range dependents[queue[next]] {
			if waiting[d]--; waiting[d] == 0 {
				queue = append(queue, d)
			}
		}
	}
	ordered := make([]*value.Map, len(queue))
	for i, place := range queue {
		ordered[i] = stubs[place]
	}
	if len(queue) < len(stubs) {
		return ordered, loopAmong(stubs, waiting, places)
	}
	return ordered, nil
}

// distinctLabels gives the stubs without those whose label comes again, and the place of each label. The reference says
// nothing when it drops a task so.
func distinctLabels(cfg *taskgraph.Config, stubs []*value.Map) ([]*value.Map, map[string]int32, error) {
	places := make(map[string]int32, len(stubs))
	for i, stub := range stubs {
		label, ok := stub.At("label").AsString()
		if !ok {
			return nil, nil, diag.Errorf(diag.BadTask, stub.KeyPos("name"), "task %s has no label yet, which it is ordered by", stub.At("name").Describe()).
				WithHint("put the run transforms before this one")
		}
		places[label] = int32(i)
	}
	if len(places) == len(stubs) {
		return stubs, places, nil
	}
	clear(places)
	out := make([]*value.Map, 0, len(stubs))
	for _, stub := range stubs {
		label := stub.Str("label")
		if place, again := places[label]; again {
			cfg.Warn(diag.Errorf(diag.DuplicateLabel, labelPos(out[place]), "this task is dropped: another task of the kind has the label %q, too", label).
				WithRelated(labelPos(stub), "the one that stays"))
			out[place] = stub
			continue
		}
		places[label] = int32(len(out))
		out = append(out, stub)
	}
	return out, places, nil
}

// labelPos gives where a task's label comes from.
func labelPos(stub *value.Map) diag.Pos { return stub.At("label").Or(stub.KeyPos("label")).Pos() }

// linksWithin gives for each task how many tasks of the kind it depends on, and which depend on it, nil where there are
// no links at all. What begins like a label of the kind but is none belongs to another kind, or is missing, which is
// noticed when the graph is made.
func linksWithin(prefix string, stubs []*value.Map, places map[string]int32) (waiting []int32, dependents [][]int32) {
	var on []int32
	for i, stub := range stubs {
		on = on[:0]
		for e := range stub.At("dependencies").Map().Entries() {
			label := e.Value.Str()
			if !strings.HasPrefix(label, prefix) {
				continue
			}
			if place, ok := places[label]; ok && !slices.Contains(on, place) {
				on = append(on, place)
			}
		}
		if len(on) == 0 {
			continue
		}
		if dependents == nil {
			waiting, dependents = make([]int32, len(stubs)), make([][]int32, len(stubs))
		}
		waiting[i] = int32(len(on))
		for _, place := range on {
			dependents[place] = append(dependents[place], int32(i))
		}
	}
	return waiting, dependents
}

// loopAmong names one loop among the tasks that are still waiting for others.
func loopAmong(stubs []*value.Map, waiting []int32, places map[string]int32) error {
	// Whoever waits depends on somebody who waits, so that following these ends in a loop.
	at := int32(slices.IndexFunc(waiting, func(n int32) bool { return n > 0 }))
	type link struct {
		from int32
		pos  diag.Pos
		name string
	}
	var path []link
	seen := map[int32]int{}
	for {
		if first, ok := seen[at]; ok {
			path = path[first:]
			break
		}
		seen[at] = len(path)
		dependencies := stubs[at].At("dependencies").Map()
		for e := range dependencies.Entries() {
			if place, ok := places[e.Value.Str()]; ok && waiting[place] > 0 {
				path = append(path, link{at, e.Value.Or(e.Key.Pos()).Pos(), e.Key.KeyText()})
				at = place
				break
			}
		}
	}
	var labels []string
	for _, l := range path {
		labels = append(labels, stubs[l.from].Str("label"))
	}
	d := diag.Errorf(diag.TaskLoop, path[0].pos, "tasks depend on each other: %s -> %s", strings.Join(labels, " -> "), labels[0])
	d.Label = labels[0]
	for i, l := range path {
		d.WithRelated(l.pos, "%s depends on %s as %s", labels[i], labels[(i+1)%len(labels)], l.name)
	}
	return d
}

package taskgraph

import (
	"iter"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/taskgraph-go/decision/diag"
)

// TaskGraph is a set of tasks and the edges among them. It is immutable. Tasks are in the order of kinds, then of
// definition; their ids in the graph are their places in that order. The nodes' names are labels, in an optimized
// graph too: look tasks up by task id with [TaskGraph.ByID].
type TaskGraph struct {
	tasks []*Task // see open
	graph *Graph
	byID  map[string]int32
	open  *open          // nil where tasks are of no drafts
	whole func() []*Task // the tasks without blanks, once; nil where none is of a pattern
}

// all gives the tasks without blanks.
func (tg *TaskGraph) all() []*Task {
	switch {
	case tg.open != nil:
		return tg.open.filled()
	case tg.whole != nil:
		return tg.whole()
	}
	return tg.tasks
}

// NewTaskGraph gives a graph of the tasks. With edges, each dependency of a task that is itself one of the tasks
// becomes an edge; what leads elsewhere is left out. The labels must be distinct.
func NewTaskGraph(tasks []*Task, edges bool) *TaskGraph {
	names := make([]string, len(tasks))
	for i, t := range tasks {
		names[i] = t.Label
	}
	tg := &TaskGraph{tasks: tasks, graph: NewGraph(names), whole: wholeTasks(tasks)}
	if edges {
		tg = tg.linked()
	}
	return tg
}

// distinct says whether no two tasks have the same label.
func (tg *TaskGraph) distinct() bool { return len(tg.graph.ids()) == len(tg.tasks) }

// idsOf gives the ids of the tasks with the labels of some tasks, -1 where there is none. Those that come in the order of the graph are found
// at once.
func (tg *TaskGraph) idsOf(tasks []*Task) []int32 {
	out := make([]int32, len(tasks))
	next := 0
	for i, t := range tasks {
		for next < len(tg.tasks) && tg.tasks[next] != t {
			next++
		}
		if next < len(tg.tasks) {
			out[i] = int32(next)
			next++
			continue
		}
		id, ok := tg.graph.ids()[t.Label]
		if !ok {
			id = -1
		}
		out[i] = id
	}
	return out
}

// bare gives the graph of the same tasks without edges.
func (tg *TaskGraph) bare() *TaskGraph {
	return &TaskGraph{tasks: tg.tasks, graph: tg.graph.bare(), open: tg.open, whole: tg.whole}
}

// linked gives the graph of the same tasks with their edges.
func (tg *TaskGraph) linked() *TaskGraph {
	tasks, g := tg.tasks, tg.graph.bare()
	ids := g.ids()
	g.expect(func(node int) int { return tasks[node].Dependencies.Len() })
	inRanges(len(tasks), func(from, to int) {
		for i := from; i < to; i++ {
			for name, label := range tasks[i].Deps() {
				if to, ok := ids[label]; ok {
					g.out[i] = append(g.out[i], Edge{to, name})
				}
			}
		}
	})
	for _, edges := range g.out {
		g.count += len(edges)
	}
	return &TaskGraph{tasks: tasks, graph: g.finish(), whole: tg.whole}
}

// inRanges cuts the numbers from 0 to n into ranges, works on those at the same time, and gives their ends in order.
func inRanges(n int, work func(from, to int)) (ends []int) {
	workers := min(runtime.GOMAXPROCS(0), n/1024+1)
	var wg sync.WaitGroup
	for i := range workers {
		to := n * (i + 1) / workers
		wg.Go(func() { work(n*i/workers, to) })
		ends = append(ends, to)
	}
	wg.Wait()
	return ends
}

// tasksWhere gives the tasks of which something is true, in order. Each of the goroutines that find out has its own function for that.
func tasksWhere(tasks []*Task, right func() func(*Task) bool) (out []*Task) {
	marks := make([]bool, len(tasks))
	inRanges(len(tasks), func(from, to int) {
		right := right()
		for i, t := range tasks[from:to] {
			marks[from+i] = right(t)
		}
	})
	for i, t := range tasks {
		if marks[i] {
			out = append(out, t)
		}
	}
	return out
}

// subset gives the graph of the tasks for which keep is true and the edges among them.
func (tg *TaskGraph) subset(keep []bool, edges bool) *TaskGraph {
	tasks := make([]*Task, 0, len(tg.tasks))
	ids, kept := make([]int32, len(tg.tasks)), make([]int32, 0, len(tg.tasks))
	for i, t := range tg.tasks {
		ids[i] = -1
		if keep[i] {
			ids[i] = int32(len(tasks))
			tasks, kept = append(tasks, t), append(kept, int32(i))
		}
	}
	all := len(kept) == len(tg.tasks)
	switch {
	case all && edges:
		return &TaskGraph{tasks: tasks, graph: tg.graph, open: tg.open, whole: tg.whole}
	case all:
		return tg.bare()
	}
	sub := NewTaskGraph(tasks, false)
	sub.open = tg.open.subset(kept)
	if !edges {
		return sub
	}
	sub.graph.expect(func(node int) int { return len(tg.graph.Links(kept[node])) })
	for node, i := range kept {
		for _, e := range tg.graph.Links(i) {
			if to := ids[e.To]; to >= 0 {
				sub.graph.link(int32(node), to, e.Name)
			}
		}
	}
	sub.graph.finish()
	return sub
}

// Graph gives the edges. A node's id is the task's place in [TaskGraph.All].
func (tg *TaskGraph) Graph() *Graph { return tg.graph }

// Len gives the number of tasks.
func (tg *TaskGraph) Len() int { return len(tg.tasks) }

// All gives the tasks in order.
func (tg *TaskGraph) All() iter.Seq[*Task] { return slices.Values(tg.all()) }

// At gives the task with a node id.
func (tg *TaskGraph) At(id int32) *Task { return tg.all()[id] }

// Task gives the task with a label, nil where there is none.
func (tg *TaskGraph) Task(label string) *Task {
	if id, ok := tg.graph.ids()[label]; ok {
		return tg.all()[id]
	}
	return nil
}

// ByID gives the task with a task id, nil where there is none.
func (tg *TaskGraph) ByID(taskID string) *Task {
	if id, ok := tg.byID[taskID]; ok {
		return tg.all()[id]
	}
	return nil
}

// Sorted gives the tasks in the order of their keys, which are labels, or task ids where tasks have one.
func (tg *TaskGraph) Sorted() []*Task { return picked(tg.all(), tg.sorted()) }

// sorted gives the places of the tasks in that order.
func (tg *TaskGraph) sorted() []int32 {
	if !slices.ContainsFunc(tg.tasks, func(t *Task) bool { return t.TaskID != "" }) {
		return tg.graph.sorted()
	}
	keys := make([]string, len(tg.tasks))
	for i, t := range tg.tasks {
		keys[i] = t.Key()
	}
	return sortedPlaces(keys)
}

// Labels gives the labels, sorted.
func (tg *TaskGraph) Labels() []string { return picked(tg.graph.names, tg.graph.sorted()) }

// Where gives the graph of the tasks whose labels are to be kept, without edges.
func (tg *TaskGraph) Where(keep func(label string) bool) *TaskGraph {
	marks := make([]bool, len(tg.tasks))
	for i, label := range tg.graph.names {
		marks[i] = keep(label)
	}
	return tg.subset(marks, false)
}

// picked gives the items at some places.
func picked[T any](all []T, places []int32) []T {
	out := make([]T, len(places))
	for i, place := range places {
		out[i] = all[place]
	}
	return out
}

// sortedPlaces gives the places of keys in their order.
func sortedPlaces(keys []string) []int32 {
	type keyed struct {
		key   string
		place int32
	}
	compare := func(a, b keyed) int { return strings.Compare(a.key, b.key) }
	all := make([]keyed, len(keys))
	ends := inRanges(len(all), func(from, to int) {
		for i := from; i < to; i++ {
			all[i] = keyed{keys[i], int32(i)}
		}
		slices.SortFunc(all[from:to], compare)
	})
	for i := 1; i < len(ends); i++ {
		all = append(merge(all[:ends[i-1]], all[ends[i-1]:ends[i]], compare), all[ends[i]:]...)
	}
	out := make([]int32, len(all))
	for i := range all {
		out[i] = all[i].place
	}
	return out
}

// merge gives the items of two sorted slices, sorted.
func merge[T any](a, b []T, compare func(a, b T) int) []T {
	out := make([]T, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if compare(b[0], a[0]) < 0 {
			out, b = append(out, b[0]), b[1:]
		} else {
			out, a = append(out, a[0]), a[1:]
		}
	}
	return append(append(out, a...), b...)
}

// Key is the name under which a graph's document holds the task: its task id, or its label while it has none.
func (t *Task) Key() string {
	if t.TaskID != "" {
		return t.TaskID
	}
	return t.Label
}

// loopMistakes gives a diagnostic for each loop, which names where each of its tasks is defined.
func (tg *TaskGraph) loopMistakes() error {
	var found []*diag.Diagnostic
	for _, loop := range tg.graph.Loops() {
		first := tg.Task(loop.Nodes[0])
		d := diag.Errorf(diag.TaskLoop, first.Pos, "%s", loop.Error())
		for i, label := range loop.Nodes {
			t := tg.Task(label)
			next := loop.Nodes[(i+1)%len(loop.Nodes)]
			for name, dep := range t.Deps() {
				if dep == next {
					pos := t.Dependencies.KeyPos(name)
					if pos == 0 {
						pos = t.Pos
					}
					d.WithRelated(pos, "%s depends on %s as %s", label, next, name)
					break
				}
			}
		}
		found = append(found, d)
	}
	return &diag.Errors{All: found}
}

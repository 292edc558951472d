package submit

import (
	"strconv"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
)

// order is what has to happen before what.
type order struct {
	tasks      []*taskgraph.Task
	places     map[string]int32 // by task id
	dependents [][]int32
	open       []int32 // how many dependencies are still to be created
	height     []int32 // how many tasks follow each other after a task
	first      []int32 // place of the task's own job; its copies come after it
	jobs       int
}

// newOrder works out the order. The dependencies in the definitions count, which are what the queue looks at.
func newOrder(graph *taskgraph.TaskGraph) (*order, error) {
	n := graph.Len()
	o := &order{tasks: make([]*taskgraph.Task, 0, n), places: make(map[string]int32, n), dependents: make([][]int32, n),
		open: make([]int32, n), height: make([]int32, n), first: make([]int32, n)}
	var errs diag.List
	for t := range graph.All() {
		place := int32(len(o.tasks))
		o.places[t.TaskID], o.first[place] = place, int32(o.jobs)
		o.tasks = append(o.tasks, t)
		copies, err := copiesOf(t)
		errs.Add(err)
		o.jobs += 1 + copies
	}
	for i, t := range o.tasks {
		for v := range t.Task.At("dependencies").List().Values() {
			if on, ok := o.places[v.Str()]; ok && int(on) != i { // a task may wait for itself, which means for a person
				o.dependents[on] = append(o.dependents[on], int32(i))
				o.open[i]++
			}
		}
	}
	if err := errs.Err(nil); err != nil {
		return nil, err
	}
	return o, o.measure()
}

// measure works out the heights, and reports tasks that can never be created.
func (o *order) measure() error {
	open := append([]int32(nil), o.open...)
	queue := make([]int32, 0, len(open))
	for i, n := range open {
		if n == 0 {
			queue = append(queue, int32(i))
		}
	}
	for i := 0; i < len(queue); i++ {
		for _, d := range o.dependents[queue[i]] {
			if open[d]--; open[d] == 0 {
				queue = append(queue, d)
			}
		}
	}
	for i := len(queue) - 1; i >= 0; i-- {
		at := queue[i]
		for _, d := range o.dependents[at] {
			o.height[at] = max(o.height[at], o.height[d]+1)
		}
	}
	if len(queue) == len(open) {
		return nil
	}
	var errs diag.List
	for i, n := range open {
		if n > 0 {
			t := o.tasks[i]
			d := diag.Errorf(diag.TaskLoop, t.Pos, "depends on itself through other tasks, or on a task that does")
			d.Label, d.Kind = t.Label, t.Kind
			errs.Add(d)
		}
	}
	return errs.Err(nil)
}

// maxCopies is how often a task may be submitted.
const maxCopies = 10_000

// copiesOf gives how many copies a task wants beside itself. As in the reference a number below one is none.
func copiesOf(t *taskgraph.Task) (int, error) {
	v, ok := t.Attributes.Get("task_duplicates")
	if !ok {
		return 0, nil
	}
	n, whole := v.AsInt()
	if whole && n <= maxCopies {
		return int(max(n, 1)) - 1, nil
	}
	d := diag.Errorf(diag.BadTask, v.Pos(), "want how often to submit the task, at most %d times, got %s", maxCopies, v.Describe()).WithPath("attributes.task_duplicates")
	if d.Label, d.Kind = t.Label, t.Kind; d.Pos == 0 {
		d.Pos = t.Pos
	}
	return 0, d
}

// CopyID gives the task id of a copy of a task, from 1 on. As that of the task itself it is always the same one.
func CopyID(decisionTaskID, label string, n int) string {
	return taskgraph.TaskID(decisionTaskID, label+"\x00"+strconv.Itoa(n))
}

// job is a task, or a copy of one, to be created.
type job struct {
	place int32 // of the task
	copy  int32
}

// ready is a heap of the jobs that can be done, the most urgent one first: what the longest chain waits for, and then in
// the order of the graph.
type ready struct {
	order *order
	jobs  []job
}

func (r *ready) Len() int      { return len(r.jobs) }
func (r *ready) Swap(i, j int) { r.jobs[i], r.jobs[j] = r.jobs[j], r.jobs[i] }
func (r *ready) Push(x any)    { r.jobs = append(r.jobs, x.(job)) }
func (r *ready) Pop() any {
	last := len(r.jobs) - 1
	x := r.jobs[last]
	r.jobs = r.jobs[:last]
	return x
}

func (r *ready) Less(i, j int) bool {
	a, b := r.jobs[i], r.jobs[j]
	if x, y := r.urgency(a), r.urgency(b); x != y {
		return x > y
	}
	if a.place != b.place {
		return a.place < b.place
	}
	return a.copy < b.copy
}

// urgency is the height of a task. Nothing waits for a copy.
func (r *ready) urgency(j job) int32 {
	if j.copy > 0 {
		return 0
	}
	return r.order.height[j.place]
}

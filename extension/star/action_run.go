package star

import (
	"fmt"
	"slices"
	"strconv"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// What one run of an action may ask for.
const (
	maxSteps = 1000   // steps
	maxNamed = 50_000 // tasks that they name
	maxTimes = 100    // times that a step creates its tasks
	maxWrong = 50     // mistakes that are looked for
)

// step is one thing that a function wants an action to do: create, rerun or cancel tasks. Code in .star files does nothing
// itself, it says what is to be done.
type step struct {
	place string // in what the function returned
	verb  string
	tasks []string // labels, or task ids; task ids alone once they were looked up, but for what is created
	times int
}

// verbs are what a step can do, stepKeys all keys that it can have.
var (
	verbs    = []string{"cancel", "create", "rerun"}
	stepKeys = append([]string{"times"}, verbs...)
)

// runAction calls the function of an action and does what that returns, once all of it is known to be right.
func (rt *runtime) runAction(find finder, args *taskgraph.ActionArgs) error {
	f, err := find(args.Context)
	if err != nil {
		return err
	}
	push, err := args.Push(args.Context)
	if err != nil {
		return err
	}
	tasks := graphTasks(push.Full)
	config := starlarkstruct.FromStringDict(starlark.String("config"), starlark.StringDict{"params": frozen(args.Params.Map()), "graph_config": frozen(args.Graph.Map())})
	config.Freeze()
	p := &plan{args: args, push: push, f: f}
	err = f.call(args.Context, seen{}, rt.limits.forTasks(tasks.Len()), starlark.Tuple{config, p.subject(tasks)}, func(_ *starlark.Thread, x starlark.Value) error {
		p.read(x)
		return nil
	})
	if err != nil {
		return err
	}
	if err := p.lookUp(tasks); err != nil {
		return err
	}
	if err := p.errs.Err(rt.project.Sources); err != nil {
		return err
	}
	return p.do()
}

// plan is what an action is to do.
type plan struct {
	args     *taskgraph.ActionArgs
	push     *taskgraph.PushGraph
	f        *function
	steps    []*step
	named    int
	errs     diag.List
	mistakes int // how many there are in errs
}

// subject gives what the function gets to know about the request.
func (p *plan) subject(tasks *Tasks) starlark.Value {
	ids := value.NewMap(len(p.push.TaskIDs))
	for _, label := range sortedKeys(p.push.TaskIDs) {
		ids.Set(label, value.NewStrings(p.push.TaskIDs[label]...).Value())
	}
	ids.Freeze()
	fields := starlark.StringDict{
		"input": view(p.args.Input, true), "task_group_id": starlark.String(p.args.TaskGroupID),
		"task_id": starlark.None, "task": starlark.None, "label": starlark.None,
		"tasks": tasks, "label_to_task_ids": frozen(ids),
	}
	if p.args.TaskID != "" {
		fields["task_id"] = starlark.String(p.args.TaskID)
	}
	if p.args.Task != nil {
		fields["task"] = frozen(p.args.Task)
	}
	if label := p.label(); label != "" {
		fields["label"] = starlark.String(label)
	}
	out := starlarkstruct.FromStringDict(starlark.String("action"), fields)
	out.Freeze()
	return out
}

// label gives the label of the task that the action is for, "" where it is none of the graph.
func (p *plan) label() string {
	if p.args.TaskID == "" {
		return ""
	}
	for _, label := range sortedKeys(p.push.TaskIDs) {
		if slices.Contains(p.push.TaskIDs[label], p.args.TaskID) {
			return label
		}
	}
	if name := p.args.Task.At("metadata").Map().Str("name"); p.push.Full.Task(name) != nil {
		return name
	}
	return ""
}

// wrong reports a mistake in what the function returned.
func (p *plan) wrong(place, hint, format string, args ...any) {
	d := diag.Errorf(diag.StarResult, p.f.pos, "%s %s", p.f.fn.Name(), fmt.Sprintf(format, args...)).WithPath(place)
	d.Hint = hint
	p.errs.Add(d)
	p.mistakes++
}

// read takes the steps from what the function returned: None, one, or a list of them.
func (p *plan) read(x starlark.Value) {
	if x == starlark.None {
		return
	}
	if one, ok := x.(dictLike); ok && formOf(x) == mapping {
		p.step("", one)
		return
	}
	all, ok := x.(starlark.Indexable)
	if form := formOf(x); !ok || form != sequence && form != tuple {
		p.wrong("", "", "returned %s, want a dict, a list of dicts, or None", describe(x))
		return
	}
	if all.Len() > maxSteps {
		p.wrong("", "", "returned %d dicts, want at most %d", all.Len(), maxSteps)
		return
	}
	for i := range all.Len() {
		if one, ok := all.Index(i).(dictLike); ok && formOf(all.Index(i)) == mapping {
			p.step(strconv.Itoa(i), one)
		} else {
			p.wrong(strconv.Itoa(i), "", "returned a list that holds %s, want dicts", describe(all.Index(i)))
		}
		if p.mistakes > maxWrong {
			return
		}
	}
}

// step reads one dict.
func (p *plan) step(place string, d dictLike) {
	s := &step{place: place, times: 1}
	iter := d.Iterate()
	defer iter.Done()
	before := p.mistakes
	var found []string
	var key starlark.Value
	timed := false
	for iter.Next(&key) {
		x, _, _ := d.Get(key) // it was just there
		name, _ := starlark.AsString(key)
		switch {
		case slices.Contains(verbs, name):
			found = append(found, name)
			s.verb, s.tasks = name, p.names(under(place, name), x)
		case name == "times":
			timed = true
			var n int
			if i, ok := x.(starlark.Int); !ok || starlark.AsInt(i, &n) != nil || n < 1 || n > maxTimes {
				p.wrong(under(place, name), "", "returned %s, want an integer from 1 to %d", describe(x), maxTimes)
			}
			s.times = n
		case name == "":
			p.wrong(place, diag.DidYouMean("", stepKeys), "returned a dict with the key %s", describe(key))
		default:
			p.wrong(place, diag.DidYouMean(name, stepKeys), "returned a dict with the key %q", name)
		}
		if p.mistakes > before+maxWrong {
			return
		}
	}
	switch {
	case p.mistakes > before:
	case len(found) != 1:
		p.wrong(place, "a dict for each, in a list, does one after the other", "returned a dict with %d of the keys cancel, create and rerun, want one", len(found))
	case timed && s.verb != "create":
		p.wrong(under(place, "times"), "", "returned times beside %s, which is only for create", s.verb)
	default:
		p.steps = append(p.steps, s)
	}
}

// names reads labels, task ids or tasks, each once. After the first that is none it goes no further.
func (p *plan) names(place string, x starlark.Value) []string {
	all, ok := x.(starlark.Iterable)
	if !ok || formOf(x) == mapping {
		p.wrong(place, "", "returned %s, want a list of tasks, labels or task ids", describe(x))
		return nil
	}
	var out []string
	have := map[string]bool{}
	i := -1
	for item := range starlark.Elements(all) {
		i++
		if p.named++; p.named > maxNamed {
			p.wrong(place, "", "names more than %d tasks", maxNamed)
			return nil
		}
		name, ok := starlark.AsString(item)
		if t, isTask := item.(*Task); isTask {
			name, ok = t.t.Label, true
		}
		if !ok || name == "" {
			p.wrong(under(place, strconv.Itoa(i)), "", "returned a list that holds %s, want tasks, labels or task ids", describe(item))
			return nil
		}
		if !have[name] {
			have[name] = true
			out = append(out, name)
		}
	}
	return out
}

func under(place, key string) string {
	if place == "" {
		return key
	}
	return place + "." + key
}

// lookUp makes sure that all named tasks are there, and are those of this push or group.
func (p *plan) lookUp(tasks *Tasks) error {
	known := map[string]bool{p.args.TaskID: true}
	for _, ids := range p.push.TaskIDs {
		for _, id := range ids {
			known[id] = true
		}
	}
	grouped := false
	for _, s := range p.steps {
		for i, name := range s.tasks {
			if p.mistakes > maxWrong {
				return nil
			}
			inGraph := p.push.Full.Task(name) != nil
			if s.verb == "create" {
				if !inGraph {
					p.wrong(under(s.place, s.verb), diag.DidYouMean(name, tasks.labels()), "returned %q, which is no task in the graph of the push", name)
				}
				continue
			}
			if id, ok := p.push.LabelToTaskID[name]; ok {
				s.tasks[i] = id
				continue
			}
			if inGraph {
				p.wrong(under(s.place, s.verb), "create makes it", "returned %q, which was not created for the push", name)
				continue
			}
			if !known[name] && !grouped && len(name) == len(p.args.TaskGroupID) { // it may be the id of another task of the group
				grouped = true
				states, err := p.args.Queue.GroupStates(p.args.Context, p.args.TaskGroupID)
				if err != nil {
					return err
				}
				for id := range states {
					known[id] = true
				}
			}
			if !known[name] {
				p.wrong(under(s.place, s.verb), diag.DidYouMean(name, sortedKeys(p.push.LabelToTaskID)), "returned %q, which is neither the label nor the id of a task of the push", name)
			}
		}
	}
	return nil
}

// do does all steps in order. What they create is told together, at the end.
func (p *plan) do() error {
	var suffixes []string
	for _, s := range p.steps {
		for range s.times {
			if s.verb != "create" || len(s.tasks) == 0 {
				break
			}
			suffix := strconv.Itoa(len(suffixes))
			suffixes = append(suffixes, suffix)
			if _, err := p.args.Tasks.Create(p.args.Context, taskgraph.TaskRequest{From: p.push, Labels: s.tasks, Suffix: suffix}); err != nil {
				return err
			}
			p.args.Log.Info("created tasks", "labels", s.tasks)
		}
		for _, id := range s.tasks {
			var err error
			switch s.verb {
			case "rerun":
				err = p.rerun(id)
			case "cancel":
				p.args.Log.Info("cancelling a task", "task", id)
				err = p.args.Queue.Cancel(p.args.Context, id)
			}
			if err != nil {
				return err
			}
		}
	}
	if len(suffixes) == 0 {
		return nil
	}
	return p.args.Tasks.Combine(p.args.Context, suffixes)
}

// rerun runs a task again if it failed: the queue refuses others.
func (p *plan) rerun(id string) error {
	state, err := p.args.Queue.State(p.args.Context, id)
	switch {
	case err != nil:
		return err
	case state == "failed" || state == "exception":
		p.args.Log.Info("running a task again", "task", id)
		return p.args.Queue.Rerun(p.args.Context, id)
	}
	p.args.Log.Warn("a task need not run again", "task", id, "state", state)
	return nil
}

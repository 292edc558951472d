package taskgraph

import (
	"context"
	"time"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/duration"
)

// replace finds tasks that exist already and can stand in, dependencies first: a task can only be replaced when all
// that it depends on is replaced or removed.
//
// As in the reference, tasks that were removed take part: their labels may stand for tasks that exist, and the
// deadlines of removed dependents count.
func (o *optimizer) replace(ctx context.Context) error {
	order, err := o.graph.graph.Postorder()
	if err != nil {
		return o.graph.loopMistakes()
	}
	answers, err := o.lookUps.wait()
	if err != nil {
		return err
	}
	deadlines := o.newDeadlines()
	counts := map[string]int{}
	passed := make([]bool, len(o.plans))
	foresight := o.replacingForesight(order, deadlines, answers, passed)
	for at, id := range order {
		passed[id] = true
		v := &o.verdicts[id]
		if o.locked[id] {
			v.Replacement = byLock
			continue
		}
		if o.unreplaced(id) {
			v.Replacement = byUnreplaced
			continue
		}
		t := o.graph.tasks[id]
		if stand := o.existing[t.Label]; stand != "" {
			o.replaced[id], v.TaskID, v.Replacement = true, stand, byExisting
			counts[byExisting]++
			continue
		}
		deadline, ok := deadlines.latest(o.graph.graph.Dependents(id))
		if !ok {
			continue
		}
		plan := o.plans[id]
		args := o.arguments(id)
		args.Deadline, args.Index = deadline, answers
		r, err := foresight.answer(ctx, at, args)
		if err != nil { // there are no answers any more
			o.report(t, err)
			return nil
		}
		if r.Err != nil {
			o.report(t, r.Err)
			continue
		}
		v.Replacement = plan.by
		switch {
		case r.TaskID != "":
			o.replaced[id], v.TaskID = true, r.TaskID
			counts[plan.by]++
		case r.Drop:
			o.removed[id], v.Removal = true, plan.by
			counts[plan.by]++
		case r.Why != "":
			v.Replacement = plan.by + ": " + r.Why
		}
	}
	for i := range o.verdicts {
		switch {
		case o.removed[i]:
			o.verdicts[i].Outcome = Removed
		case o.replaced[i]:
			o.verdicts[i].Outcome = Replaced
		}
	}
	count(o.g.project.Log, Replaced, counts)
	return nil
}

// unreplaced says whether a task depends on one that is neither replaced nor removed.
func (o *optimizer) unreplaced(id int32) bool {
	for _, e := range o.graph.graph.Links(id) {
		if !o.replaced[e.To] && !o.removed[e.To] {
			return true
		}
	}
	return false
}

// deadlines gives the deadlines of tasks as they were if the tasks were created now.
type deadlines struct {
	o        *optimizer
	now      time.Time
	resolved map[string]string // by duration
	texts    []string          // by place of the task; "" is not known yet
	bad      []bool
}

func (o *optimizer) newDeadlines() *deadlines {
	n := o.graph.Len()
	return &deadlines{o: o, now: o.g.opts.Clock().UTC(), resolved: map[string]string{}, texts: make([]string, n), bad: make([]bool, n)}
}

// latest gives the latest deadline of some tasks, "" for none. ok is false, and the errors are reported, where one
// of them has none that can be told.
func (d *deadlines) latest(ids []int32) (deadline string, ok bool) {
	ok = true
	for _, id := range ids {
		if d.texts[id] == "" && !d.bad[id] {
			var err error
			if d.texts[id], err = d.of(d.o.graph.tasks[id]); err != nil {
				d.bad[id] = true
				d.o.report(d.o.graph.tasks[id], err)
			}
		}
		ok = ok && !d.bad[id]
		deadline = max(deadline, d.texts[id])
	}
	return deadline, ok
}

// known gives the latest deadline of some tasks, if all can be told, and reports nothing.
func (d *deadlines) known(ids []int32) (deadline string, ok bool) {
	for _, id := range ids {
		if d.texts[id] == "" {
			var err error
			if d.texts[id], err = d.of(d.o.graph.tasks[id]); err != nil {
				return "", false
			}
		}
		deadline = max(deadline, d.texts[id])
	}
	return deadline, true
}

// of gives the deadline of a task.
func (d *deadlines) of(t *Task) (string, error) {
	v := t.Task.At("deadline")
	if s, ok := v.AsString(); ok && s != "" {
		return s, nil
	}
	after, relative := v.Map().Get("relative-datestamp")
	if v.IsNull() || !relative || v.Map().Len() != 1 {
		return "", diag.Errorf(diag.BadTask, v.Pos(), "want a time or a relative-datestamp, got %s", v.Describe()).WithPath("deadline")
	}
	text, ok := after.AsString()
	if !ok {
		return "", diag.Errorf(diag.WrongType, after.Pos(), "want a duration such as \"1 day\", got %s", after.Describe()).WithPath("deadline.relative-datestamp")
	}
	if at, ok := d.resolved[text]; ok {
		return at, nil
	}
	at, err := duration.FromNow(d.now, text)
	if err != nil {
		return "", diag.Placed(err, after.Pos(), "deadline.relative-datestamp")
	}
	d.resolved[text] = at
	return at, nil
}

package taskgraph

import "context"

// remove takes away the tasks that are not needed, dependents first, so that whether something still depends on a task
// is known when its turn comes.
//
// A task with if-dependencies is only wanted where one of those stays, which is not known yet at its turn. It becomes a
// candidate for pruning, and so does, in its wake, what would be removed were it not for the candidate. A candidate
// stops being one when an if-dependency of its stays; the others are removed at the end.
func (o *optimizer) remove(ctx context.Context) error {
	order, err := o.graph.graph.Preorder()
	if err != nil {
		return o.graph.loopMistakes()
	}
	p := &pruning{optimizer: o, candidate: make([]bool, len(o.plans))}
	counts := map[string]int{}
	passed := make([]bool, len(o.plans))
	foresight := o.removalForesight(order, p, passed)
	for at, id := range order {
		passed[id] = true
		t := o.graph.tasks[id]
		needed := p.look(id, t)
		v := &o.verdicts[id]
		removable, reason := false, byLock
		switch {
		case o.locked[id]:
		case needed:
			reason = byDependents
		case !o.requested[id]:
			// It is here only for tasks that are gone.
			removable, reason = true, byNobody
		default:
			reason = o.plans[id].by
			answer, err := foresight.answer(ctx, at, o.arguments(id))
			if err != nil { // there are no answers any more
				o.report(t, err)
				return nil
			}
			if removable = answer.Drop; answer.Err != nil {
				o.report(t, answer.Err)
			} else if !removable && t.IfDependencies.Len() > 0 {
				p.candidate[id] = true
				v.Removal = reason
				continue
			}
		}
		switch {
		case !removable:
			v.Removal = reason
			p.rescue()
		case len(p.waiting) > 0:
			p.candidate[id] = true
		default:
			o.removed[id] = true
			v.Removal = reason
			counts[reason]++
		}
	}
	for _, id := range order {
		if !p.candidate[id] {
			continue
		}
		if p.needed(id) {
			p.candidate[id] = false
			o.verdicts[id].Removal = byDependents
			continue
		}
		o.removed[id] = true
		o.verdicts[id].Removal = byPruning
		counts[byPruning]++
	}
	count(o.g.project.Log, Removed, counts)
	return nil
}

// pruning decides about tasks with if-dependencies.
type pruning struct {
	*optimizer
	candidate []bool
	waiting   []int32 // the candidates that depend on the task at hand and do not need it unless it stays anyhow
}

// look finds the candidates that wait for a task, and says whether any other task that is not removed depends on it.
func (p *pruning) look(id int32, t *Task) (needed bool) {
	p.waiting = p.waiting[:0]
	for _, d := range p.graph.graph.Dependents(id) {
		switch {
		case p.candidate[d] && p.isOrMayBeIf(d, t.Label):
			p.waiting = append(p.waiting, d)
		case !p.removed[d]:
			needed = true
		}
	}
	return needed
}

// isOrMayBeIf says whether a candidate has a task among its if-dependencies, or is a candidate only in the wake of
// another one.
func (p *pruning) isOrMayBeIf(candidate int32, label string) bool {
	ifs := p.graph.tasks[candidate].IfDependencies
	return ifs.Len() == 0 || ifs.ContainsString(label)
}

// rescue keeps the candidates that wait for the task at hand, which stays, and in turn those that depend on them. A
// task that is a candidate only in the wake of another one stays a candidate.
func (p *pruning) rescue() {
	for len(p.waiting) > 0 {
		id := p.waiting[len(p.waiting)-1]
		p.waiting = p.waiting[:len(p.waiting)-1]
		if !p.candidate[id] || p.graph.tasks[id].IfDependencies.Len() == 0 {
			continue
		}
		p.candidate[id] = false
		if v := &p.verdicts[id]; v.Removal == "" {
			v.Removal = byIf
		}
		for _, d := range p.graph.graph.Dependents(id) {
			if p.candidate[d] {
				p.waiting = append(p.waiting, d)
			}
		}
	}
}

// needed says whether a task that stays depends on a candidate: in a triangle the candidate's dependent may have been
// rescued by its other dependency. The candidate's own dependents must have been decided on. (The reference lets a task
// stay for this reason and removes what that depends on; then it fails.)
func (p *pruning) needed(id int32) bool {
	for _, d := range p.graph.graph.Dependents(id) {
		if !p.candidate[d] && !p.removed[d] {
			return true
		}
	}
	return false
}

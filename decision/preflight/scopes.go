package preflight

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unsafe"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskcluster/scopes"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// Scopes is what the auth service says. Implementations are safe for concurrent use.
type Scopes interface {
	// CurrentScopes gives the scopes that requests are made with, roles expanded.
	CurrentScopes(ctx context.Context) ([]string, error)
	// ExpandScopes gives what scopes amount to when the roles among them are expanded.
	ExpandScopes(ctx context.Context, scopes []string) ([]string, error)
}

var _ Scopes = (*taskcluster.Client)(nil)

// priorities are those of tasks, the highest first.
var priorities = []string{"highest", "very-high", "high", "medium", "low", "very-low", "lowest"}

// maxLabels is how many tasks a missing scope names.
const maxLabels = 5

// user is who needs a scope.
type user struct {
	pos    diag.Pos // of what needs it, in the first task; 0 for what all tasks need
	why    string   // what it is for, "" for a scope that tasks are given
	count  int
	labels []string // of the first tasks
}

func (u *user) merge(o *user) {
	u.count += o.count
	u.labels = append(u.labels, o.labels[:min(len(o.labels), maxLabels-min(maxLabels, len(u.labels)))]...)
}

// scopeList is a list of scopes that tasks share, and what their payloads need of it.
type scopeList struct {
	scopes []string
	needs  map[string]*user // by alternatives, joined with line breaks
}

// needs collects the scopes that creating tasks takes, and those that tasks themselves must have for their payloads.
type needs struct {
	scopes map[string]*user      // by scope, or by alternatives joined with line breaks
	lists  map[string]*scopeList // by scopes, joined with line breaks

	texts map[unsafe.Pointer]*scopeList // by the list as it is in memory
}

func newNeeds() *needs {
	return &needs{scopes: map[string]*user{}, lists: map[string]*scopeList{}, texts: map[unsafe.Pointer]*scopeList{}}
}

// need notes what creating a task takes.
func (p *part) need(def *value.Map) {
	n := p.needs
	for v := range def.At("scopes").List().Values() {
		n.add(p.task, v.Str(), v.Or(p.task.Pos).Pos(), "")
	}
	for v := range def.At("routes").List().Values() {
		n.add(p.task, "queue:route:"+v.Str(), v.Or(p.task.Pos).Pos(), "for the route")
	}
	project := cmp.Or(def.Str("projectId"), "none")
	n.add(p.task, "queue:create-task:project:"+project, def.At("projectId").Pos(), "for the project of tasks")
	n.add(p.task, "queue:scheduler-id:"+p.Group.SchedulerID, 0, "for the scheduler of the group")
	priority := def.At("priority")
	level := slices.Index(priorities, cmp.Or(priority.Str(), "lowest"))
	if level < 0 { // the schema says so
		return
	}
	var alternatives []string
	for i := level; i >= 0; i-- {
		alternatives = append(alternatives, "queue:create-task:"+priorities[i]+":"+pool(def))
	}
	n.add(p.task, strings.Join(alternatives, "\n"), def.At("workerType").Or(p.task.Pos).Pos(), "for the worker pool and priority")
}

// add notes that a task needs a scope.
func (n *needs) add(t *taskgraph.Task, scope string, pos diag.Pos, why string) {
	note(n.scopes, t, scope, pos, why)
}

func note(all map[string]*user, t *taskgraph.Task, scope string, pos diag.Pos, why string) {
	u := all[scope]
	if u == nil {
		u = &user{pos: pos, why: why}
		all[scope] = u
	}
	u.count++
	if len(u.labels) < maxLabels {
		u.labels = append(u.labels, t.Label)
	}
}

// own notes that a task must itself have one of some scopes.
func (n *needs) own(t *taskgraph.Task, list *value.List, alternatives []string) {
	id := list.Value().Identity()
	s := n.texts[id]
	if s == nil {
		texts := list.Strings()
		key := strings.Join(texts, "\n")
		if s = n.lists[key]; s == nil {
			s = &scopeList{scopes: texts, needs: map[string]*user{}}
			n.lists[key] = s
		}
		if id != nil {
			n.texts[id] = s
		}
	}
	note(s.needs, t, strings.Join(alternatives, "\n"), t.Pos, "for the payload")
}

// merge adds what later tasks need.
func (n *needs) merge(o *needs) {
	mergeUsers(n.scopes, o.scopes)
	for key, list := range o.lists {
		if mine := n.lists[key]; mine != nil {
			mergeUsers(mine.needs, list.needs)
		} else {
			n.lists[key] = list
		}
	}
}

func mergeUsers(into, from map[string]*user) {
	for scope, u := range from {
		if mine := into[scope]; mine != nil {
			mine.merge(u)
		} else {
			into[scope] = u
		}
	}
}

// ownScopes are the scopes of whoever submits.
type ownScopes struct {
	set   scopes.Set
	known bool
}

// own asks for the scopes of whoever submits. They stay unknown where the deployment does not let everybody ask.
func (c *check) own(ctx context.Context) (o ownScopes) {
	if c.Scopes == nil {
		return o
	}
	all, err := c.Scopes.CurrentScopes(ctx)
	if taskcluster.IsForbidden(err) {
		c.Log.Warn("the scopes of this task are not checked, because it may not ask for them", "error", err)
		return o
	}
	c.errs.Add(err)
	return ownScopes{scopes.NewSet(all...), err == nil}
}

// missing reports scopes that whoever submits lacks.
func (c *check) missing(n *needs, own ownScopes) {
	if !own.known {
		return
	}
	if c.Seal {
		scope := "queue:seal-task-group:" + c.Group.SchedulerID + "/" + c.Group.ID()
		if !own.set.Satisfies(scope) {
			c.errs.Add(diag.Errorf(diag.MissingScope, 0, "the scope %q is missing, which is needed to seal the task group", scope))
		}
	}
	for scope, u := range n.scopes {
		alternatives := strings.Split(scope, "\n")
		if own.set.SatisfiesAny(alternatives...) {
			continue
		}
		why := "which tasks are given"
		if u.why != "" {
			why = "which is needed " + u.why
		}
		d := diag.Errorf(diag.MissingScope, u.pos, "the scope %q is missing, %s: %s", alternatives[0], why, u.tasks())
		if len(alternatives) > 1 {
			d.WithRelated(0, "or that of a higher priority, up to %q", alternatives[len(alternatives)-1])
		}
		d.Stage = stage
		c.errs.Add(d.WithHint("the role that the decision task runs with grants its scopes"))
	}
}

// payloads reports tasks that lack scopes for what their payloads ask for.
func (c *check) payloads(ctx context.Context, n *needs) {
	for _, key := range slices.Sorted(maps.Keys(n.lists)) {
		list := n.lists[key]
		set, ok, err := c.expanded(ctx, list.scopes)
		if err != nil {
			c.errs.Add(err)
			return
		}
		for scope, u := range list.needs {
			alternatives := strings.Split(scope, "\n")
			if !ok || set.SatisfiesAny(alternatives...) {
				continue
			}
			d := diag.Errorf(diag.MissingScope, u.pos, "the payload needs the scope %q, which is not among the task's own: %s", alternatives[0], u.tasks()).WithPath("scopes")
			if len(alternatives) > 1 {
				d.WithRelated(0, "or %q", alternatives[1])
			}
			d.Stage = stage
			c.errs.Add(d)
		}
	}
}

// expanded gives the set of the scopes of a task. Where there are roles among them the auth service is asked; ok is false
// where that cannot be done.
func (c *check) expanded(ctx context.Context, all []string) (set scopes.Set, ok bool, err error) {
	if !slices.ContainsFunc(all, scopes.IsRole) {
		return scopes.NewSet(all...), true, nil
	}
	if c.Scopes == nil {
		return set, false, nil
	}
	more, err := c.Scopes.ExpandScopes(ctx, all)
	if taskcluster.IsForbidden(err) {
		return set, false, nil
	}
	return scopes.NewSet(more...), err == nil, err
}

// tasks names the tasks.
func (u *user) tasks() string {
	text := strings.Join(u.labels, ", ")
	if more := u.count - len(u.labels); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

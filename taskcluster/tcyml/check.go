package tcyml

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/slugid"
	"github.com/taskgraph-go/decision/taskcluster/tcyml/schemas"
	"github.com/taskgraph-go/decision/value"
)

// Outcome is what a file makes of one event, as far as it can be told.
type Outcome struct {
	Event Event
	Tasks []Task
	// Bad says that something is wrong, Refused that the file's policy lets the event make no tasks, Unserved that what comes out is
	// wrong, but that the event is one of a hook and the file knows of no such hooks.
	Bad, Refused, Unserved bool
}

// Check renders the file for events and looks at what comes out: whether it is what the services take, and whether tasks
// ask for no scopes but those of the event's role. Everything that is wrong is reported, at the place in the file where it
// comes from, with the events for which it happens.
func (f *File) Check(events []Event, o Options) ([]Outcome, error) {
	var errs diag.List
	var out []Outcome
	for _, e := range events {
		result := Outcome{Event: e}
		if !f.admits(e) {
			result.Refused = true
			out = append(out, result)
			continue
		}
		r, err := f.Render(e, o)
		found := diag.Flatten(err)
		if err == nil {
			result.Tasks = r.Tasks
			found = f.checkRendered(r, e)
		}
		if len(found) > 0 && !f.serves(e) {
			result.Unserved, result.Tasks, found = true, nil, nil
		}
		for _, d := range found {
			c := *d
			c.Label = e.Name
			c.InFile(f.name)
			result.Bad = result.Bad || c.Severity == diag.Error
			errs.Add(&c)
		}
		out = append(out, result)
	}
	if len(out) > 1 && !slices.ContainsFunc(out, func(o Outcome) bool { return o.Bad || len(o.Tasks) > 0 }) {
		errs.Add(diag.Errorf(diag.BadTemplate, f.doc.Pos(), "no event makes a task").InFile(f.name))
	}
	return out, errs.Err(f.sources)
}

// serves says whether the file is rendered for an event at all, in earnest. What happens on GitHub is sent to every file; cron ticks and
// actions come from hooks, which somebody sets up for files that know what to do then: such a file names them.
func (f *File) serves(e Event) bool {
	word := "action"
	switch e.TasksFor {
	case "cron":
		word = e.TasksFor
	case "action", "pr-action":
	default:
		return true
	}
	return mentions(f.doc, word)
}

// mentions says whether a text or key in a value has a word in it.
func mentions(v value.Value, word string) bool {
	for key, item := range v.Map().All() {
		if strings.Contains(key, word) || mentions(item, word) {
			return true
		}
	}
	for item := range v.List().Values() {
		if mentions(item, word) {
			return true
		}
	}
	return strings.Contains(v.Str(), word)
}

// checkRendered looks at a rendered file.
func (f *File) checkRendered(r *Rendered, e Event) []*diag.Diagnostic {
	found := schemas.Load("taskcluster-yml").Validate(r.Document.Value())
	task := schemas.Load("task-definition")
	known := map[string]bool{}
	for i, t := range r.Tasks {
		path := fmt.Sprintf("tasks[%d]", i)
		add := func(pos diag.Pos, at, format string, args ...any) {
			if pos == 0 {
				pos = t.Definition.At("metadata").Pos()
			}
			found = append(found, diag.Errorf(diag.BadTask, pos, format, args...).WithPath(path+at))
		}
		for _, d := range task.Validate(t.Definition.Value().At(r.Document.At("tasks").List().At(i).Pos())) {
			d.Path = strings.TrimSuffix(path+"."+d.Path, ".")
			found = append(found, d)
		}
		if !slugid.Valid(t.ID) {
			add(r.Document.At("tasks").List().At(i).Map().At("taskId").Pos(), ".taskId", "%q is no task id; as_slugid makes one", t.ID)
		}
		if known[t.ID] {
			add(r.Document.At("tasks").List().At(i).Map().At("taskId").Pos(), ".taskId", "two tasks have the id %q", t.ID)
		}
		known[t.ID] = true
		checkQueue(t.Definition, add)
		checkTimes(t.Definition, add)
		checkScopes(t.Definition, e, add)
	}
	return found
}

// checkQueue finds tasks that no worker would take.
func checkQueue(def *value.Map, add func(diag.Pos, string, string, ...any)) {
	queue, provisioner, worker := def.At("taskQueueId"), def.At("provisionerId"), def.At("workerType")
	switch {
	case queue.IsNull() && (provisioner.IsNull() || worker.IsNull()):
		add(provisioner.Or(worker.Pos()).Pos(), "", "a task needs a taskQueueId, or a provisionerId and a workerType")
	case queue.IsString() && provisioner.IsString() && worker.IsString() && queue.Str() != provisioner.Str()+"/"+worker.Str():
		add(queue.Pos(), ".taskQueueId", "%q does not agree with provisionerId and workerType, which are %q and %q", queue.Str(), provisioner.Str(), worker.Str())
	}
}

// maxDeadline is how far away a deadline may be.
const maxDeadline = 5 * 24 * time.Hour

// checkTimes finds times that the queue does not take.
func checkTimes(def *value.Map, add func(diag.Pos, string, string, ...any)) {
	at := func(name string) (time.Time, bool) {
		t, err := time.Parse(time.RFC3339Nano, def.Str(name))
		return t, err == nil
	}
	created, okC := at("created")
	deadline, okD := at("deadline")
	expires, okE := at("expires")
	switch {
	case okC && okD && deadline.Before(created):
		add(def.At("deadline").Pos(), ".deadline", "the deadline, %s, is before the task is created, %s", def.Str("deadline"), def.Str("created"))
	case okC && okD && deadline.Sub(created) > maxDeadline:
		add(def.At("deadline").Pos(), ".deadline", "the deadline is more than 5 days after the task is created")
	}
	if okD && okE && expires.Before(deadline) {
		add(def.At("expires").Pos(), ".expires", "the task expires before its deadline")
	}
}

// checkScopes finds scopes that the task cannot be given: those of another repository's role, or of another event's.
func checkScopes(def *value.Map, e Event, add func(diag.Pos, string, string, ...any)) {
	for i, v := range def.At("scopes").List().All() {
		scope := v.Str()
		if strings.HasSuffix(scope, "**") {
			add(v.Pos(), fmt.Sprintf(".scopes[%d]", i), "the scope %q ends in more than one star", scope)
		}
		if e.Role == "" || !strings.HasPrefix(scope, "assume:repo:") {
			continue
		}
		if !e.grants(scope) {
			add(v.Pos(), fmt.Sprintf(".scopes[%d]", i), "the scope %q is not that of this event, which is %q: the task could not be created", scope, e.Role)
		}
	}
}

// grants says whether a scope for a role is that of the event.
func (e Event) grants(scope string) bool {
	before, after, unknown := strings.Cut(e.Role, anyRepository)
	if !unknown {
		return scope == e.Role
	}
	return strings.HasPrefix(scope, before) && strings.HasSuffix(scope, after)
}

// admits says whether the policy of the file lets an event make tasks.
func (f *File) admits(e Event) bool {
	policy := f.doc.Map().At("policy").Map()
	switch e.TasksFor {
	case "github-issue-comment":
		return policy.Has("allowComments")
	case "github-pull-request-untrusted":
		return policy.Str("pullRequests") == "public_restricted"
	}
	return true
}

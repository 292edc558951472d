package submit

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskgraph"
)

// State is what became of a task.
type State int

// The states.
const (
	NotTried State = iota // the submission ended before its turn
	Created               // it was created, or was there in this very form; in a dry run it would have been
	Existed               // an earlier run of the decision task created it, at another time
	Failed                // it could not be created
	Skipped               // something that it depends on could not be created
)

// String names the state as logs do.
func (s State) String() string {
	return [...]string{"not tried", "created", "existed", "failed", "skipped"}[s]
}

// Outcome is what became of one task, or of one of its copies.
type Outcome struct {
	Task    *taskgraph.Task
	TaskID  string
	Copy    int // 0 for the task itself, from 1 on for those that its attribute task_duplicates asks for
	State   State
	Err     error  // why it failed
	Because string // the label of the task whose failure is why this one was skipped
}

// Result is what became of all tasks.
type Result struct {
	// Now is the moment that times were relative to at first.
	Now time.Time
	// Outcomes has the tasks in the order of the graph, each followed by its copies.
	Outcomes []Outcome
	// Sealed says that the task group takes no more tasks.
	Sealed bool

	sealing error
}

// Count gives how many tasks ended in a state, copies included.
func (r *Result) Count(s State) int {
	n := 0
	for i := range r.Outcomes {
		if r.Outcomes[i].State == s {
			n++
		}
	}
	return n
}

// maxNamed is how many skipped tasks an error names.
const maxNamed = 10

// Err gives all failures as one error, nil where there is none: each with the label and what the service said, and with
// the tasks that were skipped because of it.
func (r *Result) Err(sources *diag.Sources) error {
	var errs diag.List
	skipped := map[string][]string{}
	for i := range r.Outcomes {
		if o := &r.Outcomes[i]; o.State == Skipped && o.Copy == 0 {
			skipped[o.Because] = append(skipped[o.Because], o.Task.Label)
		}
	}
	untried := 0
	for i := range r.Outcomes {
		o := &r.Outcomes[i]
		switch o.State {
		case NotTried:
			untried++
		case Failed:
			for _, d := range failureOf(o) {
				if o.Copy == 0 {
					d.Related = append(d.Related, skips(o.Task.Label, skipped[o.Task.Label])...)
				}
				errs.Add(d)
			}
		}
	}
	if untried > 0 {
		errs.Add(diag.Errorf(diag.NotSubmitted, 0, "%d tasks were not tried because the queue does not answer as it should", untried).
			WithHint("run the decision task again: it creates what is missing"))
	}
	errs.Add(r.sealing)
	return errs.Err(sources)
}

func skips(label string, skipped []string) []diag.Related {
	if len(skipped) == 0 {
		return nil
	}
	named := skipped[:min(len(skipped), maxNamed)]
	text := fmt.Sprintf("skipped because %s failed: %s", label, strings.Join(named, ", "))
	if more := len(skipped) - len(named); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return []diag.Related{{Message: text}}
}

// failureOf gives the diagnostics for a task that could not be created.
func failureOf(o *Outcome) []*diag.Diagnostic {
	what := ""
	if o.Copy > 0 {
		what = fmt.Sprintf("copy %d: ", o.Copy)
	}
	var found []*diag.Diagnostic
	if refusal, ok := errors.AsType[*taskcluster.Error](o.Err); ok {
		d := diag.Errorf(diag.Submission, 0, "%scould not be created: %w", what, o.Err)
		for _, line := range refusal.Details() {
			d.Related = append(d.Related, diag.Related{Message: line})
		}
		found = append(found, d)
	} else if known, ok := errors.AsType[*diag.Errors](o.Err); ok {
		for _, d := range known.All {
			c := *d
			found = append(found, &c)
		}
	} else if known, ok := errors.AsType[*diag.Diagnostic](o.Err); ok {
		c := *known
		found = append(found, &c)
	} else {
		found = append(found, diag.Errorf(diag.Submission, 0, "%scould not be created: %w", what, o.Err))
	}
	for _, d := range found {
		if d.Label, d.Kind = o.Task.Label, o.Task.Kind; d.Pos == 0 {
			d.Pos = o.Task.Pos
		}
	}
	return found
}

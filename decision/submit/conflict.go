package submit

import (
	"context"
	"time"

	"github.com/taskgraph-go/decision/decision/definition"
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/value"
)

// compare says whether the task that the queue has is the one that was to be created, from an earlier run of the
// decision task, perhaps. refused is what the queue said to it.
func (w *worker) compare(ctx context.Context, taskID string, relative *value.Map, refused error) (State, error) {
	text, err := w.Queue.Task(ctx, taskID)
	if taskcluster.IsNotFound(err) { // the conflict is another one, such as with the group
		return Failed, refused
	}
	if err != nil {
		return Failed, diag.Errorf(diag.Submission, 0, "could not be created: %v; and the queue does not say what is there: %w", refused, err)
	}
	theirs, err := (&value.Reader{}).JSON("task "+taskID, text)
	if err != nil || theirs.Map() == nil {
		return Failed, diag.Errorf(diag.Submission, 0, "could not be created: %v; and what the queue says is there is no task", refused)
	}
	found, err := definition.Differences(relative, theirs.Map())
	if err != nil {
		return Failed, err
	}
	if len(found) == 1 && found[0].Path == "priority" {
		// The priority of a task can be changed, and only that.
		w.Log.Warn("a task of an earlier run has another priority by now", "taskId", taskID, "ours", found[0].Ours.Str(), "theirs", found[0].Theirs.Str())
		return Existed, nil
	}
	if len(found) == 0 {
		if then, ok := definition.Moment(relative, theirs.Map()); ok {
			w.adopt(then)
		}
		return Existed, nil
	}
	if stood, ok := w.otherAnswers(relative, theirs.Map(), found); ok {
		w.Log.Info("a task of an earlier run depends on what the index held then", "taskId", taskID, "others", len(stood))
		return Existed, nil
	}
	return Failed, conflict(taskID, found)
}

// adopt takes over the moment of an earlier run that did not come far, if it is recent enough. What that run created is then
// recognized without a conflict, and what is missing gets the times that it would have got.
func (s *submission) adopt(then time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if age := s.Clock().Sub(then); then.Before(s.now) && age < renewal {
		s.now = then
	}
}

// maxDifferences is how many differences an error lists.
const maxDifferences = 10

// conflict says how the task that the queue has differs.
func conflict(taskID string, found []definition.Difference) error {
	d := diag.Errorf(diag.TaskConflict, 0, "task %s exists already and differs: %s", taskID, found[0]).
		WithHint("an earlier run of this decision task created it from another tree or other parameters: start a new decision task")
	if pos := found[0].Ours.Pos(); pos != 0 {
		d.Pos = pos
	}
	for i, f := range found[1:] {
		if i == maxDifferences {
			d.Related = append(d.Related, diag.Related{Message: "..."})
			break
		}
		d.Related = append(d.Related, diag.Related{Message: f.String()})
	}
	return d
}

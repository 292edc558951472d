package actions

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// Submitter creates the tasks of a graph.
type Submitter interface {
	// Submit creates every task. Its error says which tasks could not be created, and why.
	Submit(ctx context.Context, s *Submission) error
}

// Submission is a graph that is ready to be created. It is read-only.
type Submission struct {
	// TaskGroupID is the group of the tasks, whose decision task those depend on that depend on nothing else in the graph.
	TaskGroupID string
	SchedulerID string
	// Graph has the tasks, with their ids, and the dependencies among them.
	Graph *taskgraph.TaskGraph
	// Seed is what the ids of copies of tasks are derived from.
	Seed string
}

// submitter gives what creates tasks.
func (w *work) submitter() Submitter {
	if w.Submitter != nil && !w.Trial {
		return w.Submitter
	}
	return oneByOne{w}
}

// oneByOne creates tasks one after the other, or prints them in a trial.
type oneByOne struct{ *work }

func (s oneByOne) Submit(ctx context.Context, sub *Submission) error {
	order, err := sub.Graph.Graph().Postorder()
	if err != nil {
		return err
	}
	failed := map[string]bool{}
	var errs diag.List
	for _, place := range order {
		t := sub.Graph.At(place)
		def, needs := complete(sub, t)
		if slices.ContainsFunc(needs, func(id string) bool { return failed[id] }) {
			failed[t.TaskID] = true
			continue
		}
		for i := range copies(t) {
			id := t.TaskID
			if i > 0 {
				id = taskgraph.TaskID(sub.Seed, fmt.Sprintf("%s\x00%d", t.Label, i))
			}
			if err := s.create(ctx, id, t.Label, def); err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				failed[t.TaskID] = true
				errs.Add(err)
				break
			}
		}
	}
	return errs.Err(s.Project.Sources)
}

// complete gives the definition of a task with what makes it part of a group, and the tasks of the graph that it depends on.
func complete(sub *Submission, t *taskgraph.Task) (*value.Map, []string) {
	def := t.Task.Copy()
	var needs []string
	for v := range def.At("dependencies").List().Values() {
		if sub.Graph.ByID(v.Str()) != nil {
			needs = append(needs, v.Str())
		}
	}
	if len(needs) == 0 {
		def.SetDefault("dependencies", value.NewList().Value())
		def.EditList("dependencies").AppendStrings(sub.TaskGroupID)
	}
	def.Set("taskGroupId", value.NewString(sub.TaskGroupID))
	def.Set("schedulerId", value.NewString(sub.SchedulerID))
	return def, needs
}

// maxCopies is how often a task may be asked for at once.
const maxCopies = 100

// copies gives how often a task is to be created.
func copies(t *taskgraph.Task) int {
	n, ok := t.Attribute("task_duplicates").AsInt()
	if !ok {
		return 1
	}
	return int(min(max(n, 1), maxCopies))
}

// create creates one task, or prints it in a trial.
func (w *work) create(ctx context.Context, taskID, label string, definition *value.Map) error {
	def, err := resolve(definition, w.Clock().UTC().Truncate(time.Millisecond))
	if err != nil {
		return err
	}
	if w.Trial {
		text, err := value.AppendJSON(nil, value.NewList(value.NewString(taskID), def.Value()).Value(), value.JSONStyle{Indent: 2, SortKeys: true}, 0)
		if err == nil {
			_, err = w.Out.Write(append(text, '\n'))
		}
		return err
	}
	text, err := value.AppendJSON(nil, def.Value(), value.JSONStyle{}, 0)
	if err != nil {
		return err
	}
	w.Log.Info("creating a task", "task", taskID, "label", label)
	if err := w.Services.CreateTask(ctx, taskID, text); err != nil {
		d := diag.Errorf(diag.Submission, 0, "task %s could not be created: %w", taskID, err)
		d.Label = label
		return d
	}
	return nil
}

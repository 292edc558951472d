package actions

import (
	"context"

	"github.com/taskgraph-go/decision/decision/definition"
	"github.com/taskgraph-go/decision/decision/submit"
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// submit creates the tasks of a graph in a group, or prints them in a trial. The ids of copies are derived from seed.
func (w *work) submit(ctx context.Context, graph *taskgraph.TaskGraph, group definition.Group, seed string) error {
	if w.Trial {
		return w.print(graph, group)
	}
	result, err := submit.Run(ctx, submit.Options{Graph: graph, Group: group, Queue: submitQueue{w.Services}, Clock: w.Clock, CopySeed: seed, Log: w.Log})
	if err != nil {
		return err
	}
	return result.Err(w.Project.Sources)
}

// submitQueue never seals: a push's group stays open for actions.
type submitQueue struct{ Services }

func (submitQueue) SealTaskGroup(context.Context, string) error { return nil }

var _ submit.Queue = submitQueue{}

// print writes what would be created, dependencies first.
func (w *work) print(graph *taskgraph.TaskGraph, group definition.Group) error {
	order, err := graph.Graph().Postorder()
	if err != nil {
		return err
	}
	for _, place := range order {
		t := graph.At(place)
		if err := w.printOne(t.TaskID, group.Complete(t, func(id string) bool { return graph.ByID(id) != nil })); err != nil {
			return err
		}
	}
	return nil
}

// printOne writes a task that would be created, as the reference does.
func (w *work) printOne(taskID string, def *value.Map) error {
	def, err := definition.NewResolver(w.Clock()).Definition(def)
	if err != nil {
		return err
	}
	text, err := value.AppendJSON(nil, value.NewList(value.NewString(taskID), def.Value()).Value(), value.JSONStyle{Indent: 2, SortKeys: true}, 0)
	if err == nil {
		_, err = w.Out.Write(append(text, '\n'))
	}
	return err
}

// create creates one task of a definition. An earlier run of this action task may have done so.
func (w *work) create(ctx context.Context, taskID string, relative *value.Map) error {
	if w.Trial {
		return w.printOne(taskID, relative)
	}
	label := relative.At("metadata").Map().Str("name")
	def, err := definition.NewResolver(w.Clock()).Definition(relative)
	if err != nil {
		return err
	}
	text, err := value.AppendJSON(nil, def.Value(), value.JSONStyle{}, 0)
	if err != nil {
		return err
	}
	w.Log.Info("creating a task", "task", taskID, "label", label)
	err = w.Services.CreateTask(ctx, taskID, text)
	if taskcluster.IsConflict(err) {
		if theirs, found := (queue{w.runner}).Definition(ctx, taskID); found == nil {
			if differences, found := definition.Differences(relative, theirs); found == nil && len(differences) == 0 {
				return nil
			}
		}
	}
	if err != nil {
		d := diag.Errorf(diag.Submission, 0, "task %s could not be created: %w", taskID, err)
		d.Label = label
		return d
	}
	return nil
}

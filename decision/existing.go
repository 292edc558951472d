package decision

import (
	"context"
	"slices"
	"time"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// Services are what finds the decision task of a push again. A [taskcluster.Client] is one.
type Services interface {
	// FindTask gives the id of the task at an index path. The error satisfies [taskcluster.IsNotFound] where there is none.
	FindTask(ctx context.Context, path string) (string, error)
	// Artifact gives the content of an artifact of a task's newest run.
	Artifact(ctx context.Context, taskID, name string) ([]byte, error)
}

var _ Services = (*taskcluster.Client)(nil)

// The push's own decision task may still be at work when cron begins.
const (
	pushTries = 4
	pushPause = 5 * time.Minute
)

// existing gives the tasks of the push that this decision may use instead of creating them again: those that the push's own decision task
// created, but for the kinds that are to be rebuilt.
func (o *ParameterOptions) existing(ctx context.Context) (*value.Map, error) {
	if o.Services == nil {
		return nil, diag.Errorf(diag.Network, 0, "without a network the tasks of the push cannot be included").WithHint("leave --include-push-tasks out")
	}
	path := taskcluster.DecisionPath(o.Project.Config.TrustDomain(), o.Push.Project, o.Push.HeadRev)
	id := ""
	for try := 1; ; try++ {
		var err error
		if id, err = o.Services.FindTask(ctx, path); err == nil {
			break
		}
		if !taskcluster.IsNotFound(err) || try == pushTries {
			return nil, err
		}
		o.Log.Info("the push has no decision task yet", "path", path, "again in", pushPause)
		if err := o.pause(ctx, pushPause); err != nil {
			return nil, err
		}
	}
	text, err := o.Services.Artifact(ctx, id, "public/label-to-taskid.json")
	if err != nil {
		return nil, err
	}
	ids, err := o.Reader.JSON(id+"/public/label-to-taskid.json", text)
	if err != nil {
		return nil, err
	}
	text, err = o.Services.Artifact(ctx, id, "public/full-task-graph.json")
	if err != nil {
		return nil, err
	}
	graph, err := taskgraph.ParseTaskGraph(o.Reader, id+"/public/full-task-graph.json", text)
	if err != nil {
		return nil, err
	}
	out := value.NewMap(ids.Map().Len())
	for label, v := range ids.Map().All() {
		if t := graph.Task(label); t != nil && !slices.Contains(o.Push.RebuildKinds, t.Kind) {
			out.Set(label, v)
		}
	}
	o.Log.Info("including tasks of the push", "decision task", id, "tasks", out.Len(), "rebuilding", o.Push.RebuildKinds)
	return out, nil
}

// pause waits, or ends with the context.
func (o *ParameterOptions) pause(ctx context.Context, d time.Duration) error {
	if o.Pause != nil {
		return o.Pause(ctx, d)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

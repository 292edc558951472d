package cli

import (
	"context"
	"time"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/value"
)

// deployment says where the deployment is that the environment names, and who asks.
func (a *App) deployment() (taskcluster.Options, error) {
	o, err := taskcluster.FromEnvironment(a.Env)
	o.Log = a.log
	return o, err
}

// services gives the deployment that the environment names.
func (a *App) services() (*taskcluster.Client, error) {
	o, err := a.deployment()
	if err != nil {
		return nil, err
	}
	return taskcluster.NewClient(o), nil
}

// created gives the time when a task was created.
func created(ctx context.Context, client *taskcluster.Client, taskID string) (time.Time, error) {
	text, err := client.Task(ctx, taskID)
	if err != nil {
		return time.Time{}, diag.Errorf(diag.Network, 0, "asking when task %s was created: %w", taskID, err)
	}
	v, err := (&value.Reader{}).JSON("task "+taskID, text)
	if err != nil {
		return time.Time{}, err
	}
	at, err := time.Parse(time.RFC3339Nano, v.Map().Str("created"))
	if err != nil {
		return time.Time{}, diag.Errorf(diag.Network, 0, "when task %s was created is no time: %s", taskID, v.Map().At("created").Describe())
	}
	return at, nil
}

package actions

import (
	"context"

	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskcluster/actionlist"
)

// Services is the deployment that actions work on. Implementations are safe for concurrent use and try again what may pass.
type Services interface {
	actionlist.Services
	taskcluster.Index
	TaskQueue
	TaskFinder
	// CurrentScopes gives the scopes of this task, roles expanded.
	CurrentScopes(ctx context.Context) ([]string, error)
	// PurgeCache makes the workers of a pool drop a cache.
	PurgeCache(ctx context.Context, workerPoolID, cache string) error
}

// TaskQueue works on tasks.
type TaskQueue interface {
	// CreateTask creates a task of a definition in JSON. It may be asked again for the same.
	CreateTask(ctx context.Context, taskID string, definition []byte) error
	// TaskState gives how a task fares.
	TaskState(ctx context.Context, taskID string) (string, error)
	// RerunTask runs a task again, CancelTask ends one. The error of a task past its deadline satisfies [taskcluster.IsConflict].
	RerunTask(ctx context.Context, taskID string) error
	CancelTask(ctx context.Context, taskID string) error
	// GroupStates gives how each task of a group fares.
	GroupStates(ctx context.Context, taskGroupID string) (map[string]string, error)
}

// TaskFinder finds tasks and what they left. Where there is nothing the error satisfies [taskcluster.IsNotFound].
type TaskFinder interface {
	FindTask(ctx context.Context, path string) (string, error)
	ListTasks(ctx context.Context, namespace string) ([]string, error)
	ArtifactReader
	ListArtifacts(ctx context.Context, taskID string) ([]string, error)
}

// TaskReader reads the definitions of tasks, as JSON.
type TaskReader interface {
	Task(ctx context.Context, taskID string) ([]byte, error)
}

// ArtifactReader reads what tasks left.
type ArtifactReader interface {
	Artifact(ctx context.Context, taskID, name string) ([]byte, error)
}

var _ Services = (*taskcluster.Client)(nil)

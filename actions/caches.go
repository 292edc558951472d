package actions

import (
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// newPurgeCaches gives the action that empties the caches that a task uses.
func newPurgeCaches(s settings, _ *taskgraph.GraphConfig) ([]callback, error) {
	return []callback{{"purge-cache", s.apply(&taskgraph.Action{
		Name: "purge-cache", Title: "Purge Worker Caches", Symbol: "purge-cache", Order: 450, Permission: "purge-caches",
		Description: "Purge any caches associated with this task across all workers of the same workertype as the task.",
		Context:     ForTasks(value.MapOf("worker-implementation", "docker-worker")),
		Run:         purgeCaches,
	})}}, nil
}

func purgeCaches(args *taskgraph.ActionArgs) error {
	names := args.Task.At("payload").Map().At("cache").Map().Keys()
	for v := range args.Task.At("payload").Map().At("mounts").List().Values() { // generic-worker
		if name := v.Map().Str("cacheName"); name != "" {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		args.Log.Info("the task uses no caches", "task", args.TaskID)
		return nil
	}
	pool := args.Task.Str("taskQueueId")
	if pool == "" {
		pool = args.Task.Str("provisionerId") + "/" + args.Task.Str("workerType")
	}
	for _, name := range sortedSet(names) {
		if err := args.Caches.Purge(args.Context, pool, name); err != nil {
			return err
		}
	}
	return nil
}

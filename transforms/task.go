package transforms

import (
	"unsafe"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/transforms/schemas"
	"github.com/taskgraph-go/decision/value"
)

// taskSequence turns task descriptions into task definitions, with what a graph needs beside them.
func taskSequence() taskgraph.Sequence {
	return taskgraph.Sequence{
		{Name: "set_implementation", Each: setTaskImplementation},
		{Name: "set_defaults", Each: setTaskDefaults},
		{Name: "task_name_from_label", Each: setLabel},
		{Name: "validate task", Begin: validateTask},
		{Name: "process_treeherder_metadata", Each: treeherderMetadata},
		{Name: "add_index_routes", Begin: indexRoutes},
		{Name: "build_task", Begin: buildTask},
		{Name: "chain_of_trust", Each: chainOfTrust},
	}
}

// setTaskImplementation takes the worker implementation and operating system from the worker type, unless an earlier
// transform has set them.
func setTaskImplementation(cfg *taskgraph.Config, stub *value.Map, yield func(*value.Map)) error {
	worker, err := mapAt(stub, "worker")
	if err != nil {
		return err
	}
	if !worker.Has("implementation") {
		workerType := stub.At("worker-type")
		if !workerType.IsString() {
			// Without it nothing can be said about the worker. The check of the description reports that, with what else is wrong.
			stub.Delete("worker")
			yield(stub)
			return nil
		}
		implementation, os, err := cfg.Graph.Implementation(workerType.Str(), workerType.Pos())
		if err != nil {
			return err
		}
		tags, err := mapAt(stub, "tags")
		if err != nil {
			return err
		}
		tags.Set("worker-implementation", value.NewString(implementation))
		worker.Set("implementation", value.NewString(implementation))
		if os != "" {
			tags.Set("os", value.NewString(os))
			worker.Set("os", value.NewString(os))
		}
	}
	yield(stub)
	return nil
}

// setTaskDefaults fills in what the schemas of task and worker require.
func setTaskDefaults(cfg *taskgraph.Config, stub *value.Map, yield func(*value.Map)) error {
	stub.SetDefaults(taskDefaults)
	if !stub.Has("worker") {
		yield(stub)
		return nil
	}
	worker := stub.EditMap("worker")
	switch worker.Str("implementation") {
	case "docker-worker":
		worker.SetDefaults(dockerDefaults)
		if caches := worker.At("caches"); caches.List().Len() > 0 {
			worker.Set("caches", trusting(cfg, caches).At(caches.Pos()))
		}
	case "generic-worker":
		worker.SetDefaults(genericDefaults)
	case "scriptworker-signing", "beetmover", "beetmover-push-to-release", "beetmover-maven":
		worker.SetDefault("max-run-time", value.NewInt(600))
	case "push-apk":
		worker.SetDefault("commit", no)
	}
	yield(stub)
	return nil
}

// trusting gives caches that untrusted tasks use, too, where they do not say otherwise.
func trusting(cfg *taskgraph.Config, caches value.Value) value.Value {
	type key struct{ caches unsafe.Pointer }
	return taskgraph.Memo(cfg, key{caches.Identity()}, func() value.Value {
		all := caches.List().Copy()
		for i, c := range caches.List().All() {
			if c.Map() != nil && !c.Map().Has("skip-untrusted") {
				all.EditMap(i).Set("skip-untrusted", no)
			}
		}
		return all.Value()
	})
}

// What tasks and workers have where they do not say otherwise.
var (
	no              = value.NewBool(false)
	taskDefaults    = value.NewKeys("always-target", "optimization", "needs-sccache").Map(no, value.Value{}, no)
	dockerDefaults  = value.NewKeys("chain-of-trust", "taskcluster-proxy", "allow-ptrace", "loopback-video", "volumes", "env").Map(no, no, no, no, noList, noMap)
	genericDefaults = value.NewKeys("env", "os-groups", "chain-of-trust").Map(noMap, noList, no)
)

// validateTask checks the task description and its worker section.
func validateTask(*taskgraph.Config) (taskgraph.Each, error) {
	task := schemas.Load("task")
	return func(cfg *taskgraph.Config, stub *value.Map, yield func(*value.Map)) error {
		found := checker(cfg, task).Validate(stub.Value())
		if worker, ok := stub.Get("worker"); ok {
			found = append(found, workerMistakes(cfg, worker)...)
		}
		if err := invalid(found); err != nil {
			return err
		}
		yield(stub)
		return nil
	}, nil
}

// workerMistakes gives what is wrong with a worker section by the schema of its implementation.
func workerMistakes(cfg *taskgraph.Config, worker value.Value) []*diag.Diagnostic {
	implementation := worker.Map().At("implementation")
	builder, err := cfg.Registry.PayloadBuilders.Find(implementation.Str(), implementation.Pos(), diag.BadWorker)
	if err != nil {
		return diag.Flatten(err)
	}
	if builder.Schema == nil {
		return nil
	}
	found := checker(cfg, builder.Schema).Validate(worker)
	for _, d := range found {
		d.Path = joinPath("worker", d.Path)
	}
	return found
}

// chainOfTrust records the docker image as an input of a task whose artifacts are signed.
func chainOfTrust(_ *taskgraph.Config, stub *value.Map, yield func(*value.Map)) error {
	features := stub.At("task").Map().At("payload").Map().At("features").Map()
	if features.At("chainOfTrust").Truthy() && stub.At("dependencies").Map().At("docker-image").Truthy() {
		stub.EditMap("task").EditMap("extra").EditMap("chainOfTrust").EditMap("inputs").Set("docker-image", imageReference)
	}
	yield(stub)
	return nil
}

// imageReference stands for the task id of the image that a task runs in.
var imageReference = taskReference("<docker-image>")

package transforms

import (
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/transforms/schemas"
)

// Register adds everything of this package to a registry: the transforms, and the handlers, builders and functions
// that they look up by name.
func Register(r *taskgraph.Registry) {
	defer r.Contain()()
	for _, t := range []struct {
		name     string
		sequence taskgraph.Sequence
	}{
		{"cached_tasks", cachedTasksSequence()},
		{"chunking", chunkingSequence()},
		{"code_review", codeReviewSequence()},
		{"docker_image", dockerImageSequence()},
		{"fetch", fetchSequence()},
		{"from_deps", fromDepsSequence()},
		{"job", runSequence()}, // what run was called in old trees
		{"matrix", matrixSequence()},
		{"notify", notifySequence()},
		{"run", runSequence()},
		{"task", taskSequence()},
		{"task_context", taskContextSequence()},
	} {
		for i := range t.sequence {
			t.sequence[i].Contained = true
		}
		r.Transforms.Add("taskgraph.transforms."+t.name+":transforms", t.sequence)
	}

	runTaskHandlers(r)
	toolchainHandlers(r)
	simpleHandlers(r)

	r.PayloadBuilders.Add("docker-worker", taskgraph.PayloadBuilder{Schema: schemas.Load("docker-worker"), Build: dockerPayload})
	r.PayloadBuilders.Add("generic-worker", taskgraph.PayloadBuilder{Schema: schemas.Load("generic-worker"), Build: genericPayload})
	r.PayloadBuilders.Add("beetmover", taskgraph.PayloadBuilder{Schema: schemas.Load("beetmover"), Build: beetmoverPayload})
	r.PayloadBuilders.Add("invalid", taskgraph.PayloadBuilder{Schema: schemas.Load("invalid"), Build: invalidPayload})
	r.PayloadBuilders.Add("always-optimized", taskgraph.PayloadBuilder{Schema: schemas.Load("always-optimized-payload"), Build: emptyPayload})
	r.PayloadBuilders.Add("succeed", taskgraph.PayloadBuilder{Schema: schemas.Load("succeed"), Build: emptyPayload})
	r.IndexBuilders.Add("generic", genericIndex)
	fetchBuilders(r)
	groupBys(r)
	setNames(r)
}

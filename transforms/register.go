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
		blind    bool
	}{
		{"cached_tasks", cachedTasksSequence(), false},
		{"chunking", chunkingSequence(), false},
		{"code_review", codeReviewSequence(), false},
		{"docker_image", dockerImageSequence(), false},
		{"fetch", fetchSequence(), false},
		{"from_deps", fromDepsSequence(), false},
		{"job", runSequence(), true}, // what run was called in old trees
		{"matrix", matrixSequence(), false},
		{"notify", notifySequence(), false},
		{"run", runSequence(), true},
		{"task", taskSequence(), true},
		{"task_context", taskContextSequence(), true},
	} {
		for i := range t.sequence {
			t.sequence[i].Contained, t.sequence[i].Blind = true, t.blind
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

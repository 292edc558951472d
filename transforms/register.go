package transforms

import (
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/transforms/schemas"
)

// Register adds everything of this package to a registry: the transforms, and the handlers, builders and functions
// that they look up by name.
func Register(r *taskgraph.Registry) {
	for name, sequence := range map[string]taskgraph.Sequence{
		"cached_tasks": cachedTasksSequence(),
		"chunking":     chunkingSequence(),
		"code_review":  codeReviewSequence(),
		"docker_image": dockerImageSequence(),
		"fetch":        fetchSequence(),
		"from_deps":    fromDepsSequence(),
		"matrix":       matrixSequence(),
		"notify":       notifySequence(),
		"run":          runSequence(),
		"job":          runSequence(), // its name in old trees
		"task":         taskSequence(),
		"task_context": taskContextSequence(),
	} {
		r.Transforms.Add("taskgraph.transforms."+name+":transforms", sequence)
	}

	runTaskHandlers(r)
	toolchainHandlers(r)
	simpleHandlers(r)

	for name, build := range map[string]taskgraph.PayloadBuilder{
		"docker-worker":    {Schema: schemas.Load("docker-worker"), Build: dockerPayload},
		"generic-worker":   {Schema: schemas.Load("generic-worker"), Build: genericPayload},
		"beetmover":        {Schema: schemas.Load("beetmover"), Build: beetmoverPayload},
		"invalid":          {Schema: schemas.Load("invalid"), Build: invalidPayload},
		"always-optimized": {Schema: schemas.Load("always-optimized-payload"), Build: emptyPayload},
		"succeed":          {Schema: schemas.Load("succeed"), Build: emptyPayload},
	} {
		r.PayloadBuilders.Add(name, build)
	}
	r.IndexBuilders.Add("generic", genericIndex)
	fetchBuilders(r)
	groupBys(r)
	setNames(r)
}

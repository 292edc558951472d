// Package schemas holds the JSON Schema documents of the descriptions that transforms read: of whole tasks (task,
// run, docker-image, fetch), of the run section for each way to run a task (run-task, toolchain, index-search,
// always-optimized), of the worker section for each implementation (docker-worker, generic-worker, beetmover, invalid,
// always-optimized-payload, succeed), of the fetch section for each type (fetch-static-url, fetch-git), and of what single
// transforms look at (chunking, matrix, from-deps, task-context, notify).
//
// They accept what the reference accepts, with one difference: where it lets null or a missing field pass only to
// stumble over it a step later, whatever else the task says, they refuse it where it stands.
package schemas

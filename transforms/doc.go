// Package transforms has the built-in transforms, run handlers, payload builders and what goes with them. [Register]
// puts them into a registry under the names that kinds use, such as taskgraph.transforms.run:transforms.
//
// The usual chain makes a task definition in three stages, each with a JSON Schema in schemas:
//
//	run description  -- run -->  task description  -- task -->  task definition
//
// A run description says how to run something at a high level; the handler for its run.using and the implementation
// of its worker writes the commands, caches and environment. A task description has a worker section; the payload
// builder of the worker's implementation makes the payload.
//
// Every transform here follows the reference in what it makes of valid input, to the byte where strings are
// concerned. Where the reference only stumbles, docs/compatibility.md says what happens instead.
package transforms

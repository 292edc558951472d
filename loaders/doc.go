// Package loaders has the built-in loaders: where the stubs of a kind come from.
//
//	loader: taskgraph.loader.default:loader     the tasks of kind.yml, with the run and task transforms added
//	loader: taskgraph.loader.transform:loader   the same tasks, with the kind's own transforms only
//
// A stub is what stands under a task's name in kind.yml or in a file that tasks-from names, merged onto the
// defaults of its kind and file. Two fields are added: task-from, the file that defines the task, and name.
package loaders

// Package star lets a tree bring code along that is written in Starlark, a small dialect of Python: transforms, loaders, target task
// methods, optimization strategies, groups of dependencies, values for task-context, verifications and actions. It needs neither a
// compiler nor an interpreter beside the program.
//
//	registry := taskgraph.NewRegistry()
//	registry.Extensions = append(registry.Extensions, star.Extension)
//
// A kind then names a function by its path, ./transforms/add_env.star:add_env, or by a name that the graph config declares under
// taskgraph.extensions.
//
// What holds of the code in .star files:
//
//   - It sees the tree that the graph is made for, perhaps a revision, and nothing else: no clock, no environment, no other files, no
//     network. Everything that it does is the same at any time and with any number of processors.
//   - What a file defines is frozen when it was loaded, once. Functions keep nothing between calls, so that they run for many tasks at
//     the same time.
//   - Documents are seen through [Dict] and [List], which copy what is changed and nothing else. Order, types and positions survive.
//   - Every call has limits on its steps and on its memory. Since the interpreter counts only steps, operations whose cost does not
//     follow from the text are replaced by guarded ones before a file is compiled; see instrument.go.
//   - A mistake is a diagnostic with the place in the .star file, and where it has to do with a document that in the document. A panic of
//     the interpreter is such a mistake, too.
//
// The standard library is in the directory library. Its docstrings are its reference. Package star does not run programs in other
// dialects, such as the build files of Bazel.
package star

// Package parameters holds what a graph is made from besides the tree: facts about the push, such as its
// revision and the files it changed, and choices about the graph, such as the method that selects target tasks.
//
// [Params] is an immutable map of them in the order of the document they came from, so that a message can point at
// the line that is to blame. Reading one costs a look-up; those that every graph has are fields.
//
//	p, err := parameters.Load(ctx, "task-id=fdtgsD5DQUmAQZEaGMvQ4Q", parameters.Options{Env: os.Getenv})
//	p.Project()                        // "autoland"
//	p.At("target_tasks_method").Str()  // any parameter
//
// Parameters come from a file, a URL, a decision task, or from nowhere: see [Load]. Where they need not be
// complete, what is missing is filled in from the checkout and the clock. The base parameters and their types are
// those of the reference; a project may declare more with an [Extension].
//
// What is made with parameters often serves others, too: [Params.Draft] takes notice of what is read, and leaves blank what nobody looks
// at.
//
// The parameters of a push, from which a decision task works, are made in package decision.
package parameters

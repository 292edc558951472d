// Package taskgraph is the heart of the program: it turns the kinds of a repository into a graph of tasks.
//
// A [Project] is a tree that was read: its graph config, its kinds, the documents they name. A [Generator] is
// one generation from it, for one set of parameters. It yields the phases lazily and remembers them:
//
//	parameters -> kind graph -> full task set -> full task graph -> target task set -> target task graph
//	-> optimized task graph (+ label to task id) -> morphed task graph
//
// What the phases use by name (loaders, transforms, run handlers, payload builders, strategies, target task
// methods, filters, morphs, verifications and so on) comes from an explicit [Registry], and nothing built in is
// privileged. This package has the built-in filters, target task methods, morphs and verifications, which
// [RegisterStandard] registers; all else comes from other packages.
//
//	project, err := taskgraph.Open(ctx, taskgraph.Options{Root: "taskcluster", Registry: registry})
//	g := project.Generator(params)
//	full, err := g.FullTaskGraph(ctx)
//	for task := range full.All() {
//		fmt.Println(task.Label)
//	}
//
// Results do not depend on parallelism: kinds load as soon as the kinds that they depend on are there, and
// results are merged in the order of kinds, then of definition.
//
// Generations for different parameters can have the tasks of kinds in common, as [Drafts] in which only a revision, an owner or a date is
// blank: then kinds are made again only where they read something else of the parameters. Tasks that differ by a number only, as chunks do, are
// made once as well, and where only the last graph is wanted they stay one pattern until they are written. Code of a tree sees
// neither, and nobody sees a task with blanks.
//
// A Project and everything that a Generator gave is immutable and may be used by many goroutines.
package taskgraph

// Package preflight finds out before the first task is created what the queue and the workers would say about the tasks of a
// graph: all of it at once, with the place in the tree where that is known.
//
//	err := preflight.Run(ctx, preflight.Options{
//		Graph: graph, Group: group, Config: project.Config, Level: "1",
//		Scopes: taskcluster.NewClient(options), Clock: time.Now, Sources: project.Sources,
//	})
//
// It looks at the definitions as they will be submitted: see package definition. What it checks:
//
//   - each definition against the queue's schema, and the rules beside it: the worker pool, times, routes, how many
//     dependencies, how many bytes;
//   - each payload against the schema of its worker, where it is known which one that is: from the tags that the
//     transforms set, or from the worker aliases of the graph config;
//   - that what tasks depend on is still there when it is needed, and that artifacts do not outlive their task;
//   - that tasks have the scopes that their payload asks for, such as those of caches;
//   - that whoever submits has all the scopes that creating the tasks takes, where the auth service can be asked.
//
// It creates nothing, and does not ask whether tasks outside of the graph exist.
package preflight

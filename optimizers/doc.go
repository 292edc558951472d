// Package optimizers holds the strategies by which tasks are left out of a graph, and what combines them.
//
// A task names its strategy, with an argument:
//
//	optimization:
//	    skip-unless-changed: ["src/**"]
//
// The strategies are never, always, index-search and skip-unless-changed. [Any], [All], [Not] and [Alias] make new ones
// of them, which a program of one's own registers beside:
//
//	r := taskgraph.NewRegistry()
//	optimizers.Register(r)
//	of, err := optimizers.Named(r, "skip-unless-changed", "index-search")
//	r.Strategies.Add("either", optimizers.Any(nil, of...))
//
// When strategies are asked, and what becomes of the answers, is not decided here but in package taskgraph.
package optimizers

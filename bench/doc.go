// Package bench makes synthetic projects of any number of tasks, to measure the pipeline with.
//
// A project is a complete tree: graph config, kinds, docker contexts, toolchain scripts and parameters. Its tasks are
// made by the same means, are about as big and depend on each other in the same way as those of a browser's
// repository: docker images, fetches and toolchains that are cached by digest; builds that fetch them, with
// keyed-by fields, index routes and Treeherder symbols; test suites that a matrix and chunking spread over the builds;
// and tasks that from-deps makes of builds and tests. [ShapeOf] says how many there are of each kind.
//
//	err := bench.Write(dir, 40_000, 1)                     // the full task graph has exactly 40,000 tasks
//	err = bench.WriteParameterSets(dir+"/params/sets", 20, 1) // 20 pushes, no two alike
//
// The same arguments always write the same bytes. The tree is no git repository yet, because digests of toolchains
// cover tracked files only: whoever generates from it commits it first.
//
// The command bench/cmd/bench measures a built taskgraph on such projects; README.md says how to read its figures.
package bench

// Command bench measures taskgraph on synthetic projects.
//
//	go run ./bench/cmd/bench [-n 1000,10000,40000,100000] [-bin FILE] [-runs 3] [-sets 20] [-json FILE] [-baseline FILE]
//	go run ./bench/cmd/bench -n 40000 -write DIR
//
// For every number of tasks it writes and commits a project of package bench, runs `taskgraph full -J` and
// `taskgraph morphed -J` on it as processes of their own, and times how long encoding/json needs to encode the same
// full graph from maps: the yardstick, by which figures of different machines can be compared. With -baseline it exits
// with status 1 where a figure that does not depend on the machine has become worse than a file of earlier results says.
// bench/README.md explains the figures.
package main

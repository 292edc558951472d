// Package cli is the command line: one file a command, usable from a program of your own that registers more than
// what is built in:
//
//	func main() {
//		registry := cli.Standard()
//		registry.Transforms.Add("example.transforms:env", taskgraph.Sequence{{Name: "env", Each: addEnv}})
//		os.Exit(cli.Main(registry))
//	}
//
// What a command prints as its result goes to stdout; everything else, errors and logs, to stderr. Each family of
// failures has its exit code: see the package diag.
package cli

// Command go-transforms is taskgraph with what the kinds beside it need: an example of a repository's own program.
package main

import (
	"os"

	"github.com/taskgraph-go/decision/cli"
	"github.com/taskgraph-go/decision/taskgraph"
)

func main() { os.Exit(cli.Main(registry())) }

// registry gives what is built in and what this repository adds, each under the name that YAML uses.
func registry() *taskgraph.Registry {
	r := cli.Standard()
	r.Transforms.Add("example.platforms:transforms", platforms)
	r.RunHandlers.Add(taskgraph.RunName("make", "docker-worker"), makeHandler)
	r.TargetMethods.Add("nightly", nightly)
	r.Strategies.Add("skip-if-only", skipIfOnly{})
	return r
}

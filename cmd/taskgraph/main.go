// Command taskgraph generates task graphs from the kinds of a repository. See the package cli for its commands.
package main

import (
	"os"

	"github.com/taskgraph-go/decision/cli"
)

func main() { os.Exit(cli.Main(cli.Standard())) }

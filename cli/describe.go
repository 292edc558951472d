package cli

import (
	"github.com/spf13/cobra"

	"github.com/taskgraph-go/decision/taskgraph"
)

// Describe gives the commands of a program with a registry, for documentation to be made of them. They are not for
// running: see [Main] and [App.Run].
func Describe(registry *taskgraph.Registry) *cobra.Command {
	root := (&App{Registry: registry}).command()
	root.InitDefaultCompletionCmd()
	return root
}

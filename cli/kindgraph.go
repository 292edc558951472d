package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taskgraph-go/decision/taskgraph"
)

// kindGraphCommand prints how kinds depend on each other.
func (a *App) kindGraphCommand() *cobra.Command {
	o := &generateOptions{}
	cmd := &cobra.Command{
		Use:   "kind-graph",
		Short: "Show how kinds depend on each other, as a Mermaid flowchart",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			s, err := a.start(ctx, o)
			if err != nil {
				return err
			}
			var spec string
			if len(o.parameters) > 0 {
				spec = o.parameters[0]
			}
			g, err := s.generator(ctx, spec)
			if err != nil {
				return err
			}
			kg, err := g.KindGraph(ctx)
			if err != nil {
				return err
			}
			return a.writeOutput(o.output, func(w io.Writer) error {
				_, err := io.WriteString(w, mermaid(kg))
				return err
			})
		},
	}
	f := cmd.Flags()
	f.StringVarP(&o.root, "root", "r", "", "directory of config.yml and the kinds (default: taskcluster, here or in a directory above)")
	f.StringArrayVarP(&o.parameters, "parameters", "p", nil, "parameters to generate with")
	f.StringVarP(&o.output, "output-file", "o", "", "write to this file")
	f.StringArrayVarP(&o.targetKinds, "target-kind", "k", nil, "only this kind and what it depends on; may be given several times")
	f.BoolVar(&o.offline, "offline", false, "no network")
	return cmd
}

// mermaid writes the graph of the kinds; an arrow leads from a kind to those that depend on it.
func mermaid(kg *taskgraph.KindGraph) string {
	id := func(name string) string { return strings.ReplaceAll(name, "-", "_") }
	var b strings.Builder
	b.WriteString("flowchart TD\n")
	for i := range kg.Graph.Len() {
		name := kg.Graph.Name(int32(i))
		fmt.Fprintf(&b, "    %s[%s]\n", id(name), name)
	}
	var arrows [][2]string
	for i := range kg.Graph.Len() {
		for _, e := range kg.Graph.Links(int32(i)) {
			arrows = append(arrows, [2]string{kg.Graph.Name(int32(i)), kg.Graph.Name(e.To)})
		}
	}
	slices.SortFunc(arrows, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	for _, arrow := range arrows {
		fmt.Fprintf(&b, "    %s --> %s\n", id(arrow[1]), id(arrow[0]))
	}
	return b.String()
}

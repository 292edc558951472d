package cli

import (
	"context"
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
		Args:  noArguments,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.kindGraph(cmd.Context(), o) },
	}
	f := cmd.Flags()
	o.sourceFlags(f)
	f.StringVarP(&o.output, "output-file", "o", "", "write to this `file`")
	f.StringArrayVarP(&o.targetKinds, "target-kind", "k", nil, "only this `kind` and what it depends on; may be given several times")
	a.completeFlags(cmd, o)
	return cmd
}

func (a *App) kindGraph(ctx context.Context, o *generateOptions) error {
	specs, err := a.specs(o)
	if err != nil {
		return err
	}
	if len(specs) > 1 {
		return usage("kind-graph takes one set of parameters, got %d", len(specs))
	}
	s, err := a.start(ctx, o)
	if err != nil {
		return err
	}
	defer a.close(s.project)
	g, err := s.generator(ctx, s.project, specs[0], a.memory.made)
	if err != nil {
		return err
	}
	kg, err := g.KindGraph(ctx)
	if err != nil {
		return err
	}
	return a.writeOutput(fileFor(o.output, specs[0], false), func(w io.Writer) error {
		_, err := io.WriteString(w, mermaid(kg))
		return err
	})
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

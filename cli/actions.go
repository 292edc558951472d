package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/taskgraph-go/decision/actions"
	"github.com/taskgraph-go/decision/internal/slugid"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskcluster/actionlist"
	"github.com/taskgraph-go/decision/value"
)

// actionsOptions are the flags of the command that lists actions.
type actionsOptions struct {
	generateOptions
	decision string
}

// actionsCommand lists the actions that a push offers.
func (a *App) actionsCommand() *cobra.Command {
	o := &actionsOptions{}
	cmd := &cobra.Command{
		Use:   "actions",
		Short: "Show the actions that a push offers",
		Long: `A decision task leaves actions.json, which says what people can do to the push afterwards. This shows what stands
there for parameters of your choice: for each action its name, what it is for (the tags that a task must have, or the
whole group), the permission that its hook has, and its title. With -J it is the very document.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.listActions(cmd.Context(), o) },
	}
	f := cmd.Flags()
	o.sourceFlags(f)
	f.Lookup("parameters").Usage = "`parameters` of the push"
	f.BoolVarP(&o.json, "json", "J", false, "print actions.json")
	f.StringVarP(&o.output, "output-file", "o", "", "write to this `file`")
	f.StringVar(&o.decision, "decision-task-id", "", "`id` of the decision task, which stands in the document (default: that of -p task-id=ID, or $TASK_ID)")
	a.completeFlags(cmd, &o.generateOptions)
	return cmd
}

// listActions shows actions.
func (a *App) listActions(ctx context.Context, o *actionsOptions) error {
	if len(o.parameters) > 1 {
		return usage("actions takes one --parameters")
	}
	spec := ""
	if len(o.parameters) == 1 {
		spec = o.parameters[0]
	}
	s, err := a.start(ctx, &o.generateOptions)
	if err != nil {
		return err
	}
	defer a.close(s.project)
	g, err := s.generator(ctx, s.project, spec, a.memory.made)
	if err != nil {
		return err
	}
	if err := g.Ready(ctx); err != nil {
		return err
	}
	if o.decision == "" {
		o.decision, _ = strings.CutPrefix(spec, "task-id=")
		if !slugid.Valid(o.decision) {
			o.decision = a.Env(taskcluster.TaskIDVariable)
		}
	}
	if o.decision == "" {
		o.decision = previewTaskID
	}
	doc, err := actions.Document(s.project, g.Params(), o.decision)
	if err != nil {
		return err
	}
	text, err := prettyJSON(doc.Value())
	if err != nil {
		return err
	}
	return a.writeOutput(o.output, func(w io.Writer) error {
		if o.json {
			_, err := w.Write(text)
			return err
		}
		list, err := actionlist.Parse(&s.reader, "actions.json", text)
		if err != nil {
			return err
		}
		return printActions(w, list)
	})
}

// printActions writes a line for each action.
func printActions(w io.Writer, list *actionlist.List) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, action := range list.Actions {
		name := action.Name
		if action.Callback != "" && action.Callback != name {
			name += " (" + action.Callback + ")"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", name, contextText(action.Context), action.Permission, action.Title)
	}
	return table.Flush()
}

// contextText says what an action is for.
func contextText(context []*value.Map) string {
	if len(context) == 0 {
		return "group"
	}
	var sets []string
	for _, set := range context {
		var tags []string
		for tag, want := range set.All() {
			tags = append(tags, tag+"="+want.Str())
		}
		if len(tags) == 0 {
			return "any task"
		}
		sets = append(sets, strings.Join(tags, ","))
	}
	return "tasks " + strings.Join(sets, " or ")
}

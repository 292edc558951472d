package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/taskgraph-go/decision/actions/hooks"
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// hooksOptions are the flags of the commands about hooks.
type hooksOptions struct {
	root, output string
	yaml, yes    bool
	exitCode     bool
}

// hooksCommand is about the hooks and roles that actions and cron need.
func (a *App) hooksCommand() *cobra.Command {
	o := &hooksOptions{}
	parent := &cobra.Command{
		Use:   "hooks",
		Short: "Show, compare and make the hooks and roles that actions and cron need",
		Long: `A Taskcluster deployment runs actions and cron jobs through hooks. These commands work out which hooks and roles the
repository needs, from .taskcluster.yml, its actions and the section hooks of config.yml, and bring a deployment to
that state. What others made is never touched; hooks for older versions of .taskcluster.yml stay until they have not been
used for a while.

The deployment is the one that TASKCLUSTER_ROOT_URL, TASKCLUSTER_CLIENT_ID and TASKCLUSTER_ACCESS_TOKEN name.`,
		Args: unknownCommand,
		RunE: showHelp,
	}
	parent.PersistentFlags().StringVarP(&o.root, "root", "r", "", "`directory` of config.yml and the kinds (default: taskcluster, here or above)")
	render := &cobra.Command{
		Use:   "render",
		Short: "Print the hooks and roles that there should be, as JSON",
		Args:  noArguments,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.renderHooks(cmd.Context(), o) },
	}
	render.Flags().StringVarP(&o.output, "output-file", "o", "", "write to this `file`")
	render.Flags().BoolVarP(&o.yaml, "yaml", "Y", false, "print YAML")
	compare := &cobra.Command{
		Use:   "diff",
		Short: "Show what differs in the deployment",
		Args:  noArguments,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.diffHooks(cmd.Context(), o) },
	}
	compare.Flags().BoolVar(&o.exitCode, "exit-code", false, "end with status 1 where anything differs")
	apply := &cobra.Command{
		Use:   "apply",
		Short: "Make the deployment as it should be: show what differs, ask, do it",
		Args:  noArguments,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.applyHooks(cmd.Context(), o) },
	}
	apply.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	parent.AddCommand(render, compare, apply)
	return parent
}

// hooksState works out what hooks there should be.
func (a *App) hooksState(ctx context.Context, o *hooksOptions) (*hooks.State, *hooks.Settings, error) {
	g := &generateOptions{root: o.root}
	place, err := a.locate(o.root, true)
	if err != nil {
		return nil, nil, err
	}
	project, err := a.open(ctx, place, g)
	if err != nil {
		return nil, nil, err
	}
	defer a.close(project)
	if err := project.Ready(ctx); err != nil {
		return nil, nil, err
	}
	settings, err := hooks.NewSettings(project)
	if err != nil {
		return nil, nil, err
	}
	state, err := hooks.Render(project, settings)
	return state, settings, err
}

func (a *App) renderHooks(ctx context.Context, o *hooksOptions) error {
	state, _, err := a.hooksState(ctx, o)
	if err != nil {
		return err
	}
	return a.writeOutput(o.output, func(w io.Writer) error {
		text, err := hooksText(state.Document(), o.yaml)
		if err != nil {
			return err
		}
		_, err = io.WriteString(w, text)
		return err
	})
}

// hooksText gives a document as it is shown.
func hooksText(m *value.Map, yaml bool) (string, error) {
	if m == nil {
		return "", nil
	}
	if yaml {
		text, err := value.AppendYAML(nil, m.Value(), false)
		return string(text), err
	}
	text, err := prettyJSON(m.Value())
	return string(text), err
}

// planHooks compares a deployment with what there should be, and shows what differs.
func (a *App) planHooks(ctx context.Context, o *hooksOptions) (*hooks.Plan, hooks.Deployment, error) {
	state, settings, err := a.hooksState(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	client, err := a.services()
	if err != nil {
		return nil, nil, err
	}
	service := hooks.Service{Client: client}
	plan, err := hooks.Compare(ctx, state, settings, service, a.now())
	if err != nil {
		return nil, nil, err
	}
	for _, k := range plan.Kept {
		a.note("kept: %s", k)
	}
	for _, c := range plan.Changes {
		if err := a.showChange(c); err != nil {
			return nil, nil, err
		}
	}
	if len(plan.Changes) == 0 && len(plan.Foreign) == 0 {
		a.note("%s: nothing differs", client.RootURL())
	}
	return plan, service, nil
}

// showChange prints a change.
func (a *App) showChange(c hooks.Change) error {
	before, err := hooksText(c.Before, false)
	if err != nil {
		return err
	}
	after, err := hooksText(c.After, false)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(a.out, "%s %s\n", c.Verb, c.Name); err != nil || c.Verb != hooks.Update {
		return err
	}
	text := diff.Diff("there", []byte(before), "wanted", []byte(after))
	_, lines, _ := strings.Cut(string(text), "\n") // without the line that names a program
	_, err = io.WriteString(a.out, lines)
	return err
}

// foreign says which hooks are somebody else's.
func foreign(plan *hooks.Plan) error {
	if len(plan.Foreign) == 0 {
		return nil
	}
	return diag.Errorf(diag.Network, 0, "these hooks are there, but were not made by this command for this repository: %s", strings.Join(plan.Foreign, ", ")).
		WithHint("remove them first, if they are not needed by anybody else")
}

func (a *App) diffHooks(ctx context.Context, o *hooksOptions) error {
	plan, _, err := a.planHooks(ctx, o)
	if err != nil {
		return err
	}
	if err := foreign(plan); err != nil {
		return err
	}
	if o.exitCode && len(plan.Changes) > 0 {
		return reported{1}
	}
	return nil
}

func (a *App) applyHooks(ctx context.Context, o *hooksOptions) error {
	plan, service, err := a.planHooks(ctx, o)
	if err != nil {
		return err
	}
	if len(plan.Changes) == 0 {
		return foreign(plan)
	}
	if !o.yes {
		if err := a.confirm(ctx, fmt.Sprintf("Make these %d changes?", len(plan.Changes))); err != nil {
			return err
		}
	}
	made := 0
	err = plan.Apply(ctx, service, func(c hooks.Change, err error) {
		if err != nil {
			fmt.Fprintf(a.Stderr, "cannot %s %s: %v\n", c.Verb, c.Name, err)
			return
		}
		made++
	})
	if err != nil {
		if errors.Is(err, context.Canceled) {
			return err
		}
		return diag.Errorf(diag.Network, 0, "%w", err).WithHint("the same command goes on where this one stopped")
	}
	a.note("made %d changes", made)
	return foreign(plan)
}

// confirm asks a question on the terminal; anything but yes ends the command.
func (a *App) confirm(ctx context.Context, question string) error {
	if !isTerminal(a.Stdin) {
		return usage("nobody can be asked here: give --yes to make the changes")
	}
	answer, err := newAsker(ctx, a.Stdin, a.Stderr).line(question + " [y/N] ")
	if err != nil && !errors.Is(err, errNoAnswer) {
		return err
	}
	if answer = strings.ToLower(answer); answer != "y" && answer != "yes" {
		a.note("nothing was changed")
		return reported{1}
	}
	return nil
}

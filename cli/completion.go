package cli

import (
	"context"
	"io"
	"log/slog"
	"slices"

	"github.com/spf13/cobra"
)

// completeFlags lets shells complete the values of flags: kinds from the tree, and files and directories of the right
// sort.
func (a *App) completeFlags(cmd *cobra.Command, o *generateOptions) {
	complete := func(flag string, values cobra.CompletionFunc) {
		if cmd.Flags().Lookup(flag) == nil {
			return
		}
		if err := cmd.RegisterFlagCompletionFunc(flag, values); err != nil {
			panic(err) // no user can bring that about: the flag is there, and this is called once
		}
	}
	files := func(extensions ...string) cobra.CompletionFunc {
		return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return extensions, cobra.ShellCompDirectiveFilterFileExt
		}
	}
	directories := func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	complete("root", directories)
	complete("run-task-dir", directories)
	complete("parameters", files("yml", "json", "gz"))
	complete("index", files("json"))
	complete("target-kind", func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return a.kindNames(cmd.Context(), o), cobra.ShellCompDirectiveNoFileComp
	})
	for _, flag := range []string{"tasks-regex", "exclude-key", "max-workers", "diff"} {
		complete(flag, cobra.NoFileCompletions)
	}
}

// kindNames gives the names of the kinds that were not asked for yet, none where the tree cannot be read: a completion
// is no place for errors.
func (a *App) kindNames(ctx context.Context, o *generateOptions) []string {
	a.log = slog.New(slog.NewTextHandler(io.Discard, nil))
	place, err := a.locate(o.root, true)
	if err != nil {
		return nil
	}
	project, err := a.open(ctx, place, o)
	if err != nil {
		return nil
	}
	defer project.Close()
	names, _ := project.KindNames()
	return slices.DeleteFunc(names, func(name string) bool { return slices.Contains(o.targetKinds, name) })
}

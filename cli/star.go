package cli

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/extension/star"
	"github.com/taskgraph-go/decision/internal/pyre"
)

// starOptions are the flags of star test.
type starOptions struct {
	root, run string
	workers   int
}

// starCommand gives the commands for code in Starlark.
func (a *App) starCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "star",
		Short: "Work on the Starlark code of the tree",
		Args:  unknownCommand,
		RunE:  showHelp,
	}
	o := &starOptions{}
	test := &cobra.Command{
		Use:   "test [PATH...]",
		Short: "Run the tests of Starlark code",
		Long: `Runs the tests in Starlark files: the functions called test_* in files called test_*.star.

A path is such a file, any other .star file, or a directory, below which files are looked for. Without one that is the directory of
config.yml. A test fails when the function fails; then the exit code is 4. What it prints is shown then, or with --verbose.`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.starTest(cmd.Context(), o, args) },
	}
	test.Flags().StringVarP(&o.root, "root", "r", "", "`directory` of config.yml (default: taskcluster, here or in a directory above)")
	test.Flags().StringVar(&o.run, "run", "", "run only the tests in whose names this `pattern` is found, a regular expression of Python")
	test.Flags().IntVarP(&o.workers, "max-workers", "j", 0, "use this `number` of processors (default: all)")
	cmd.AddCommand(test)
	return cmd
}

// starTest runs the tests of Starlark code.
func (a *App) starTest(ctx context.Context, o *starOptions, args []string) error {
	if o.workers < 0 {
		return usage("--max-workers must not be negative")
	}
	var choose func(string) bool
	if o.run != "" {
		re, err := pyre.Compile(o.run)
		if err != nil {
			return usage("--run: %s", diag.Flatten(err)[0].Message)
		}
		choose = func(name string) bool {
			found, err := re.Search(name)
			return err == nil && found
		}
	}
	place, err := a.locate(o.root, true)
	if err != nil {
		return err
	}
	paths := []string{place.root}
	if len(args) > 0 {
		paths = nil
	}
	for _, arg := range args {
		rel, err := filepath.Rel(place.top, a.path(arg))
		if err != nil || rel == ".." || strings.HasPrefix(filepath.ToSlash(rel), "../") {
			return usage("%s is not in the repository", arg)
		}
		paths = append(paths, path.Clean(filepath.ToSlash(rel)))
	}
	project, err := a.open(ctx, place, &generateOptions{workers: o.workers, root: o.root})
	if err != nil {
		return err
	}
	defer project.Close()
	files, err := star.TestFiles(project, paths)
	if err != nil {
		return afterReady(ctx, project, err)
	}
	results := star.RunTests(ctx, project, files, choose)
	if err := project.Ready(ctx); err != nil {
		return err
	}
	failed := 0
	for _, r := range results {
		if r.Err != nil {
			failed++
		}
		if r.Err == nil && a.quiet {
			continue
		}
		if _, err := fmt.Fprintln(a.out, r); err != nil {
			return err
		}
		if r.Err != nil || a.verbose {
			for _, line := range r.Printed {
				if _, err := fmt.Fprintf(a.out, "     | %s\n", strings.ReplaceAll(line, "\n", "\n     | ")); err != nil {
					return err
				}
			}
		}
		if r.Err != nil {
			diag.Printer{W: a.out, Sources: &a.sources, Verbose: a.verbose}.Print(r.Err)
		}
	}
	a.warn(project.Warnings())
	if len(results) == 0 {
		return usage("there are no tests: no function test_* in a file test_*.star among %s", strings.Join(paths, ", "))
	}
	if _, err := fmt.Fprintf(a.out, "%d passed, %d failed\n", len(results)-failed, failed); err != nil {
		return err
	}
	if failed > 0 {
		return reported{diag.ExitGeneration}
	}
	return nil
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taskgraph-go/decision/cli/scaffold"
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/vcs"
	"github.com/taskgraph-go/decision/taskgraph"
)

// initOptions are the flags of init.
type initOptions struct {
	answers       scaffold.Answers
	force, prompt bool
}

func (a *App) initCommand() *cobra.Command {
	o := &initOptions{}
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Give a repository its first task graph",
		Long: `init writes a setup that works into the repository: .taskcluster.yml, and in the directory taskcluster the
configuration, kinds that build and test, a Docker image, and a test of the graph. The repository is one of git that is
on GitHub.

What it has to know it takes from the remote repository, from the flags, or from you with --prompt. Where there is a setup
already, nothing is changed without --force or your consent: then the files of .taskcluster.yml and of the directory
taskcluster are replaced, all of them, and listed.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.initialize(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.BoolVarP(&o.force, "force", "f", false, "replace a setup that is there")
	f.BoolVar(&o.prompt, "prompt", false, "ask for what no flag says")
	f.StringVar(&o.answers.Repository, "repository", "", "`address` of the repository on GitHub (default: that of the remote origin)")
	f.StringVar(&o.answers.Project, "project", "", "`name` of the project (default: that of the repository)")
	f.StringVar(&o.answers.TrustDomain, "trust-domain", "", "`name` that begins those of worker pools, caches and index paths (default: the owner of the repository)")
	f.StringVar(&o.answers.Level, "level", "", "`level` of trust of pushes, 1 to 3 (default: 1)")
	f.StringVar(&o.answers.Branch, "branch", "", "`branch` whose pushes are built (default: that of the remote repository, or the current one)")
	return cmd
}

// initialize is the command init.
func (a *App) initialize(ctx context.Context, o *initOptions) error {
	repo, err := vcs.Find(a.Dir, vcs.Options{Offline: true})
	if err != nil {
		if errors.Is(err, vcs.ErrNoRepository) {
			return usage("%s is in no repository: make one with git init", a.Dir)
		}
		return err
	}
	if repo.Tool() != "git" {
		return usage("the repository at %s is one of Mercurial, and init knows git only", repo.Root())
	}
	asker := newAsker(ctx, a.Stdin, a.Stderr)
	if err := o.answer(ctx, repo, asker); err != nil {
		return err
	}
	if o.answers.Starlark, err = a.runsStarlark(ctx, o.answers); err != nil {
		return err
	}
	files, err := scaffold.Files(o.answers)
	if err != nil {
		return usageError{err}
	}
	existing, err := scaffold.Existing(repo.Root(), files)
	if err != nil {
		return unreadableSetup(err)
	}
	if len(existing) > 0 && !o.force {
		if !o.prompt && !isTerminal(a.Stdin) {
			return diag.Errorf(diag.Unwritable, 0, "there is a setup already: %s", shortList(existing)).InFile(repo.Root()).
				WithHint("--force replaces all of it")
		}
		if err := a.consent(asker, existing); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := scaffold.Write(repo.Root(), files); err != nil {
		return unwritable(repo.Root(), err)
	}
	if err := a.reportSetup(files, existing); err != nil {
		return err
	}
	if url, err := repo.RemoteURL(ctx, ""); err != nil || url == "" {
		a.note("The repository has no remote yet: git remote add origin %s", o.answers.Repository)
	}
	return nil
}

func unreadableSetup(err error) error {
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return diag.Errorf(diag.Unreadable, 0, "cannot be read: %w", failed.Err).InFile(failed.Path)
	}
	return err
}

// answer completes the answers: from the repository, from whoever is asked, and by their defaults.
func (o *initOptions) answer(ctx context.Context, repo vcs.Repository, asker *asker) error {
	given := o.answers
	if given.Repository == "" {
		url, err := repo.RemoteURL(ctx, "")
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil && !o.prompt { // otherwise it is asked for
			return usage("the address of the repository is not known (%w): name it with --repository https://github.com/OWNER/NAME", err)
		}
		o.answers.Repository = url
	}
	if given.Branch == "" {
		o.answers.Branch = branchToBuild(ctx, repo)
	}
	o.answers.Version = releaseOf(debug.ReadBuildInfo())
	for _, q := range scaffold.Questions {
		usual := o.answers
		usual.SetDefaults() // with what was answered so far
		*q.Answer(&o.answers) = *q.Answer(&usual)
		if o.prompt && *q.Answer(&given) == "" {
			if err := asker.ask(q, &o.answers); err != nil {
				return err
			}
		}
		if err := q.Check(&o.answers); err != nil {
			return usageError{err}
		}
	}
	o.answers.SetDefaults()
	return nil
}

// branchToBuild gives the branch that clones of the remote repository begin with, or else the current one.
func branchToBuild(ctx context.Context, repo vcs.Repository) string {
	if name, err := repo.DefaultBranch(ctx); err == nil {
		if name = strings.TrimPrefix(strings.TrimPrefix(name, "refs/heads/"), "origin/"); name != "" {
			return name
		}
	}
	name, err := repo.Branch(ctx)
	if err != nil {
		return ""
	}
	return name
}

// module is the one of this program, in programs of others as well.
const module = "github.com/taskgraph-go/decision"

var release = regexp.MustCompile(`^v\d+\.\d+\.\d+$`)

// releaseOf gives the release that a program was built with, "" where it was none.
func releaseOf(info *debug.BuildInfo, ok bool) string {
	if !ok {
		return ""
	}
	for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
		if m.Path == module && m.Replace == nil && release.MatchString(m.Version) {
			return m.Version
		}
	}
	return ""
}

// runsStarlark says whether this program's registry takes the code in Starlark that the files would name.
func (a *App) runsStarlark(ctx context.Context, answers scaffold.Answers) (bool, error) {
	answers.Starlark = true
	files, err := scaffold.Files(answers)
	if err != nil {
		return false, usageError{err}
	}
	tree, err := scaffold.Tree(files)
	if err != nil {
		return false, err
	}
	p, err := taskgraph.Open(ctx, taskgraph.Options{Tree: tree, Root: "taskcluster", Registry: a.Registry, Environment: a.Env, Log: a.log})
	if err != nil {
		return false, err
	}
	defer p.Close()
	_, ok, err := p.Registry.Transforms.Lookup(scaffold.StarlarkTransform)
	return ok && err == nil, nil
}

// consent asks whether to replace what is there. The error is that of whoever does not want it.
func (a *App) consent(asker *asker, existing []string) error {
	fmt.Fprintf(a.Stderr, "There is a setup already, which would be replaced:\n\n  %s\n\n", strings.Join(existing, "\n  "))
	for question := "Replace it? [y/N]: "; ; question = "Please answer y or n: " {
		answer, err := asker.line(question)
		if err != nil {
			return err
		}
		switch strings.ToLower(answer) {
		case "y", "yes":
			return nil
		case "n", "no", "":
			fmt.Fprintln(a.Stderr, "taskgraph: nothing was changed")
			return reported{diag.ExitInternal}
		}
	}
}

// reportSetup prints what happened to which file.
func (a *App) reportSetup(files []scaffold.File, existing []string) error {
	names := slices.Clone(existing)
	written := map[string]bool{}
	for _, f := range files {
		written[f.Name] = true
		names = append(names, f.Name)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		_, there := slices.BinarySearch(existing, name)
		what := "created"
		switch {
		case !written[name]:
			what = "removed"
		case there:
			what = "replaced"
		}
		if _, err := fmt.Fprintf(a.out, "%-8s %s\n", what, name); err != nil {
			return err
		}
	}
	a.note("\nSee what it makes with: taskgraph full\nHow it goes on stands in %s", filepath.FromSlash("taskcluster/README.md"))
	return nil
}

// shortList gives the first few of many names.
func shortList(names []string) string {
	const few = 3
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more files", strings.Join(names[:few], ", "), len(names)-few)
}

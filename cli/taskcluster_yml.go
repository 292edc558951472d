package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/repourl"
	"github.com/taskgraph-go/decision/internal/vcs"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskcluster/tcyml"
	"github.com/taskgraph-go/decision/value"
)

// exampleRootURL stands for a deployment where none is set.
const exampleRootURL = "https://tc.example.com"

// eventOptions are the flags that say for which event the file is rendered.
type eventOptions struct {
	event    string
	tasksFor string
	builtin  map[string]*bool
	facts    tcyml.Facts
	json     bool
	tasks    bool
}

// taskclusterYMLCommand has the commands about .taskcluster.yml.
func (a *App) taskclusterYMLCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "taskcluster-yml",
		Short: "Render and check .taskcluster.yml",
		Long: `.taskcluster.yml says which events make tasks, above all the decision task. It is a JSON-e template, which the
services render; these commands do so here.`,
		Args: unknownCommand,
		RunE: showHelp,
	}
	cmd.AddCommand(a.renderTaskclusterYML(), a.checkTaskclusterYML())
	return cmd
}

func (a *App) renderTaskclusterYML() *cobra.Command {
	o := &eventOptions{}
	cmd := &cobra.Command{
		Use:   "render [FILE]",
		Short: "Show the tasks that an event makes",
		Long: `render prints what .taskcluster.yml renders to for an event: one that is built in, or one from a file in JSON or
YAML, which holds all variables, with tasks_for among them, or what GitHub sends to webhooks.

The events that are built in are about the repository here, or the one that the flags name.`,
		Args: o.file,
		RunE: func(cmd *cobra.Command, args []string) error { return a.renderEvent(cmd.Context(), o, args) },
	}
	o.eventFlags(cmd)
	f := cmd.Flags()
	f.BoolVarP(&o.json, "json", "J", false, "print JSON")
	f.BoolVar(&o.tasks, "tasks", false, "print the tasks as they are created, by their ids, instead of the file")
	return cmd
}

// eventFlags choose the event.
func (o *eventOptions) eventFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.event, "event", "", "render for the event in this `file`")
	f.StringVar(&o.tasksFor, "tasks-for", "", "what the event in the file is `called`, where it does not say so")
	o.builtin = map[string]*bool{}
	names := []string{"event"}
	for _, name := range tcyml.Names() {
		o.builtin[name] = f.Bool(name, false, "render for "+article(name))
		names = append(names, name)
	}
	o.factFlags(cmd)
	cmd.MarkFlagsMutuallyExclusive(names...)
}

func (a *App) checkTaskclusterYML() *cobra.Command {
	o := &eventOptions{}
	cmd := &cobra.Command{
		Use:   "check [FILE]",
		Short: "Render for every sort of event and say what is wrong",
		Long: `check renders .taskcluster.yml for every event that is built in, and looks at what comes out: whether the queue takes
the tasks, and whether they ask for other scopes than those that the event's role has. A file that mentions no cron or no
actions need not make sense for them.`,
		Args: o.file,
		RunE: func(cmd *cobra.Command, args []string) error { return a.checkEvents(cmd.Context(), o, args) },
	}
	o.factFlags(cmd)
	return cmd
}

// article gives a name of an event as part of a sentence.
func article(name string) string {
	words := strings.ReplaceAll(name, "-", " ")
	switch name {
	case "branch":
		return "a push to another branch"
	case "pull-request-untrusted":
		return "a pull request of somebody who is not trusted"
	case "issue-comment":
		return "a comment on a pull request"
	case "cron":
		return "a cron job"
	case "action":
		return "an action"
	}
	return "a " + words
}

func (o *eventOptions) file(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return fmt.Errorf("%s takes one file, got %d", cmd.Name(), len(args))
	}
	return nil
}

func (o *eventOptions) factFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.facts.Repository, "repository", "", "`address` of the repository that the events are about (default: that of the checkout)")
	f.StringVar(&o.facts.Branch, "on-branch", "", "`branch` that the events are about (default: the default branch)")
	f.StringVar(&o.facts.Rev, "revision", "", "`revision` that the events are about (default: that of the checkout)")
	f.StringVar(&o.facts.BaseRev, "base-revision", "", "`revision` before it")
}

// taskclusterFile reads the file that is named, or that of the repository.
func (a *App) taskclusterFile(args []string) (*tcyml.File, string, error) {
	dir, name := a.Dir, tcyml.FileName
	if len(args) == 1 {
		name = args[0]
		dir = filepath.Dir(a.path(name))
	} else if _, err := os.Stat(a.path(name)); err != nil {
		if repo, err := vcs.Find(a.Dir, vcs.Options{}); err == nil {
			dir = repo.Root()
			name = filepath.Join(dir, tcyml.FileName)
			if rel, err := filepath.Rel(a.Dir, name); err == nil {
				name = rel
			}
		}
	}
	text, err := os.ReadFile(a.path(name))
	if err != nil {
		return nil, dir, diag.Errorf(diag.Unreadable, 0, "cannot be read: %w", errors.Unwrap(err)).InFile(name)
	}
	file, err := tcyml.Read(name, text, &a.sources)
	return file, dir, err
}

// completeFacts fills in what the checkout says and the command line does not.
func (a *App) completeFacts(ctx context.Context, f *tcyml.Facts, dir string) {
	repo, err := vcs.Find(dir, vcs.Options{Offline: true})
	if err != nil {
		return
	}
	if f.Repository == "" {
		if url, err := repo.RemoteURL(ctx, ""); err == nil {
			if r, err := repourl.Parse(url); err == nil && r.Platform == repourl.GitHub {
				f.Repository = "https://" + r.Host + "/" + r.Path
			}
		}
	}
	if f.Branch == "" { // pushes are to the default branch, which is not always called main
		if name, err := repo.DefaultBranch(ctx); err == nil {
			f.Branch = strings.TrimPrefix(strings.TrimPrefix(name, "refs/heads/"), "origin/")
		}
	}
	if f.Rev == "" {
		if f.Rev, err = repo.HeadRev(ctx); err == nil && f.BaseRev == "" {
			if f.BaseRev, err = repo.Parent(ctx, f.Rev); err != nil || f.BaseRev == "" {
				f.BaseRev = vcs.NullRevision
			}
		}
	}
}

// renderingOptions give what every rendering gets.
func (a *App) renderingOptions() tcyml.Options {
	o := tcyml.Options{RootURL: a.Env(taskcluster.RootURLVariable), Now: a.now()}
	if o.RootURL == "" {
		o.RootURL = exampleRootURL
	}
	return o
}

// chosenEvent gives the event that the flags ask for.
func (a *App) chosenEvent(o *eventOptions) (tcyml.Event, error) {
	if o.event == "" {
		if o.tasksFor != "" {
			return tcyml.Event{}, usage("--tasks-for goes with --event FILE")
		}
		for _, name := range tcyml.Names() {
			if *o.builtin[name] {
				return tcyml.Find(name, o.facts)
			}
		}
		return tcyml.Event{}, usage("name an event: --event FILE, or one of --%s", strings.Join(tcyml.Names(), ", --"))
	}
	text, err := os.ReadFile(a.path(o.event))
	if err != nil {
		return tcyml.Event{}, diag.Errorf(diag.Unreadable, 0, "cannot be read: %w", errors.Unwrap(err)).InFile(o.event)
	}
	e, err := tcyml.ReadEvent(o.event, text, &value.Reader{Sources: &a.sources})
	if err != nil {
		if o.tasksFor == "" || e.Variables == nil {
			return e, err
		}
	}
	if o.tasksFor != "" {
		e.TasksFor = o.tasksFor
	}
	return e, nil
}

func (a *App) renderEvent(ctx context.Context, o *eventOptions, args []string) error {
	file, dir, err := a.taskclusterFile(args)
	if err != nil {
		return err
	}
	a.completeFacts(ctx, &o.facts, dir)
	event, err := a.chosenEvent(o)
	if err != nil {
		return err
	}
	rendered, err := file.Render(event, a.renderingOptions())
	if err != nil {
		return err
	}
	out := rendered.Document.Value()
	if o.tasks {
		tasks := value.NewMap(len(rendered.Tasks))
		for _, t := range rendered.Tasks {
			tasks.Set(t.ID, t.Definition.Value())
		}
		out = tasks.Value()
	}
	if len(rendered.Tasks) == 0 {
		a.note("%s makes no task", event.TasksFor)
	}
	var text []byte
	if o.json {
		text, err = prettyJSON(out)
	} else {
		text, err = value.YAMLStyle{Unicode: true}.Append(nil, out)
	}
	if err != nil {
		return err
	}
	_, err = a.out.Write(text)
	return err
}

func (a *App) checkEvents(ctx context.Context, o *eventOptions, args []string) error {
	file, dir, err := a.taskclusterFile(args)
	if err != nil {
		return err
	}
	a.completeFacts(ctx, &o.facts, dir)
	outcomes, err := file.Check(tcyml.Events(o.facts), a.renderingOptions())
	for _, r := range outcomes {
		what := "no task"
		switch {
		case r.Refused:
			what = "ruled out by the policy"
		case r.Unserved:
			what = "not served: the file does not mention it"
		case r.Bad:
			what = "wrong"
		case len(r.Tasks) == 1:
			what = "1 task: " + r.Tasks[0].Definition.At("metadata").Map().Str("name")
		case len(r.Tasks) > 1:
			what = fmt.Sprintf("%d tasks", len(r.Tasks))
		}
		if _, err := io.WriteString(a.out, fmt.Sprintf("%-24s%s\n", r.Event.Name, what)); err != nil {
			return err
		}
	}
	return err
}

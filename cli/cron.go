package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/taskgraph-go/decision/cron"
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/repourl"
	"github.com/taskgraph-go/decision/internal/vcs"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/value"
)

// Environment variables of cron tasks.
const (
	cronTimeVariable    = "CRON_TIME"
	hookPayloadVariable = "HOOK_PAYLOAD"
	runIDVariable       = "RUN_ID"
)

// cronOptions are the flags of cron. Names are those of the program that Mozilla's hooks run.
type cronOptions struct {
	project     cron.Project
	branch      string
	head        string
	push        cron.Push
	pushdate    int64
	checkout    string
	tokenSecret string
	force       string
	dryRun      bool
	json        bool
}

// cronCommand runs the jobs of .cron.yml that are due, and has the commands that say which are.
func (a *App) cronCommand() *cobra.Command {
	o := &cronOptions{}
	cmd := &cobra.Command{
		Use:   "cron",
		Short: "Run the jobs of .cron.yml that are due",
		Long: `cron is what a hook runs every quarter of an hour. It takes the newest push of a repository, reads .cron.yml there,
and for each job that is due creates a decision task as .taskcluster.yml says, or triggers an action of the push.

The time that counts is that of the task that runs this ($TASK_ID), rounded down to a quarter of an hour, in UTC. Outside
of a task it is $CRON_TIME, in seconds since 1970, or now. A job runs once in a quarter of an hour, however often this
is tried again. A job that fails keeps no other from running; all errors are printed at the end.

GitHub and servers of Mercurial are asked for the newest push and for files, and the program git about any other
repository. --checkout reads a clone instead.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.cron(cmd.Context(), cmd.Flags(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.project.URL, "repo-url", "", "`address` of the repository (default: that of the checkout)")
	f.StringVar(&o.project.URL, "repository-url", "", "the same as --repo-url")
	f.Lookup("repository-url").Hidden = true
	f.StringVar(&o.project.Name, "project", "", "`name` of the project (default: that of the repository)")
	f.StringVar(&o.project.Level, "level", "", "`level` that the repository is trusted at, 1 to 3")
	f.StringVar(&o.project.Type, "repository-type", "", "`git` or hg (default: that of the checkout)")
	f.StringVar(&o.project.TrustDomain, "trust-domain", "", "`name` that index paths begin with; actions need it")
	f.StringVar(&o.branch, "branch", "", "`branch` to run for (default: that of the repository)")
	f.StringVar(&o.head, "head-rev", "", "`revision` to run for (default: the newest of the branch)")
	f.StringVar(&o.push.BaseRevision, "base-rev", "", "`revision` before the push; needs --head-rev")
	f.StringVar(&o.push.PushlogID, "pushlog-id", "", "`number` of the push; needs --head-rev")
	f.Int64Var(&o.pushdate, "pushdate", 0, "time of the push, in `seconds` since 1970; needs --head-rev")
	f.StringVar(&o.push.Owner, "owner", "", "who is said to have pushed (default: cron); needs --head-rev")
	f.StringVar(&o.checkout, "checkout", "", "`directory` of a clone to read instead of asking a server")
	f.StringVar(&o.tokenSecret, "github-token-secret", "", "`name` of a secret with a token for GitHub, at the key token")
	f.StringVar(&o.force, "force-run", "", "run this `job`, due or not, for any project, and no other")
	f.BoolVar(&o.dryRun, "dry-run", false, "print what would be created, and create nothing")
	f.BoolVar(&o.dryRun, "no-create", false, "the same as --dry-run")
	f.Lookup("no-create").Hidden = true
	f.BoolVarP(&o.json, "json", "J", false, "print JSON, with the definitions of tasks")
	a.completeCronFlags(cmd)
	cmd.AddCommand(a.cronListCommand(), a.cronNextCommand(), a.cronSimulateCommand())
	return cmd
}

// completeCronFlags completes the flags that take one of a few values.
func (a *App) completeCronFlags(cmd *cobra.Command) {
	for flag, values := range map[string][]string{"repository-type": {"git", "hg"}, "level": {"1", "2", "3"}} {
		if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
			panic(err) // there is no such flag
		}
	}
}

// cron runs the command.
func (a *App) cron(ctx context.Context, flags *pflag.FlagSet, o *cronOptions) error {
	if o.head == "" {
		for _, name := range []string{"base-rev", "pushlog-id", "pushdate", "owner"} {
			if flags.Changed(name) {
				return usage("--%s says something about a push, and needs --head-rev", name)
			}
		}
	}
	if o.project.Level == "" && !o.dryRun {
		return usage("say --level: .taskcluster.yml decides by it what tasks may do")
	}
	deployment, err := a.deployment()
	if err != nil && !o.dryRun {
		return err
	}
	client := taskcluster.NewClient(deployment)
	run := cron.Options{
		Services: client, Render: cron.Renderer(&a.sources), TaskID: a.Env(taskcluster.TaskIDVariable), Branch: o.branch, Force: o.force, DryRun: o.dryRun,
		Reader: a.reader(), Clock: a.Clock, Log: a.log,
	}
	run.Retry = a.Env(runIDVariable) != "" && a.Env(runIDVariable) != "0"
	if run.RootURL, err = taskcluster.RootURL(a.Env, true); err != nil {
		return err
	}
	if run.Created, err = a.cronTime(ctx, client); err != nil {
		return err
	}
	if run.Repository, err = a.cronRepository(ctx, o, client); err != nil {
		return err
	}
	if g, ok := run.Repository.(cron.Git); ok {
		defer g.Remote.Close()
	}
	if run.Input, err = a.hookPayload(); err != nil {
		return err
	}
	if o.head != "" {
		if run.Push, err = o.pushAt(ctx, run.Repository, flags.Changed("pushdate")); err != nil {
			return err
		}
	}
	run.Project = o.project
	result, err := cron.Run(ctx, run)
	if err != nil {
		return err
	}
	if err := a.printCron(result, o); err != nil {
		return err
	}
	return result.Err(&a.sources)
}

// pushAt gives the push that the flags say.
func (o *cronOptions) pushAt(ctx context.Context, repository cron.Repository, dated bool) (*cron.Push, error) {
	p := o.push
	p.Revision, p.Branch = o.head, o.branch
	if dated {
		p.Pushdate = &o.pushdate
	}
	if o.branch == "" && o.project.Type == "git" {
		known, err := repository.Push(ctx, "", o.head)
		if err != nil {
			return nil, err
		}
		p.Branch = known.Branch
	}
	return &p, nil
}

// cronTime gives the time that counts: when the task that runs this was created.
func (a *App) cronTime(ctx context.Context, client *taskcluster.Client) (time.Time, error) {
	if id := a.Env(taskcluster.TaskIDVariable); id != "" {
		return created(ctx, client, id)
	}
	if text := a.Env(cronTimeVariable); text != "" {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return time.Time{}, usage("$%s: want seconds since 1970, got %q", cronTimeVariable, text)
		}
		return time.Unix(seconds, 0), nil
	}
	return a.now(), nil
}

// hookPayload gives what the hook was fired with.
func (a *App) hookPayload() (*value.Map, error) {
	text := a.Env(hookPayloadVariable)
	if text == "" {
		return nil, nil
	}
	name := "$" + hookPayloadVariable
	v, err := (&value.Reader{Sources: &a.sources, Limits: value.Limits{Bytes: 1 << 20, Depth: 100, Nodes: 100_000}}).JSON(name, []byte(text))
	if err != nil || v.IsNull() {
		return nil, err
	}
	if v.Map() == nil {
		return nil, diag.Errorf(diag.BadCron, v.Pos(), "want a map, got %s", v.Describe()).InFile(name)
	}
	return v.Map(), nil
}

// cronRepository gives the repository, and fills in what the flags leave to it.
func (a *App) cronRepository(ctx context.Context, o *cronOptions, client *taskcluster.Client) (cron.Repository, error) {
	if o.checkout != "" || o.project.URL == "" {
		return a.cronCheckout(ctx, o)
	}
	repo, parseErr := repourl.Parse(o.project.URL)
	if o.project.Type == "" && parseErr == nil {
		o.project.Type = repo.Tool()
	}
	if o.project.Name == "" {
		o.project.Name = lastName(o.project.URL)
	}
	switch {
	case o.project.Type == "hg":
		return &cron.Mercurial{URL: o.project.URL, Log: a.log}, nil
	case o.project.Type == "git" && parseErr == nil && repo.Platform == repourl.GitHub && strings.HasPrefix(o.project.URL, "https://"):
		g := &cron.GitHub{Repo: repo.Path, Log: a.log}
		if o.tokenSecret != "" {
			token, err := client.Secret(ctx, o.tokenSecret, "token")
			if err != nil {
				return nil, err
			}
			g.Token = token
		}
		return g, nil
	case o.project.Type == "git":
		remote, err := vcs.OpenRemote(ctx, o.project.URL, vcs.Options{})
		if err != nil {
			return nil, diag.Errorf(diag.Unreadable, 0, "%s cannot be asked: %w", o.project.URL, err)
		}
		return cron.Git{Remote: remote}, nil
	case o.project.Type == "":
		return nil, usage("which version control %s is for cannot be seen: say --repository-type", o.project.URL)
	}
	return nil, usage("--repository-type: want git or hg, got %q", o.project.Type)
}

// cronCheckout gives the clone that the flags name, or the one around.
func (a *App) cronCheckout(ctx context.Context, o *cronOptions) (cron.Repository, error) {
	dir := a.Dir
	if o.checkout != "" {
		dir = a.path(o.checkout)
	}
	repo, err := vcs.Find(dir, vcs.Options{})
	if err != nil {
		return nil, usage("which repository to run for is not known: say --repo-url (%s)", err)
	}
	if o.project.URL == "" {
		if o.project.URL, err = repo.RemoteURL(ctx, ""); err != nil {
			return nil, usage("the address of the repository is not known: say --repo-url")
		}
	}
	if o.project.Type == "" {
		o.project.Type = repo.Tool()
	}
	if o.project.Name == "" {
		o.project.Name = lastName(o.project.URL)
	}
	return cron.Checkout{VCS: repo}, nil
}

// lastName gives the last name in an address, which is what a project is called as a rule.
func lastName(address string) string {
	address = strings.TrimSuffix(strings.TrimRight(address, "/"), ".git")
	return address[strings.LastIndexAny(address, "/:")+1:]
}

// printCron says what became of the jobs.
func (a *App) printCron(result *cron.Result, o *cronOptions) error {
	if !o.json {
		for _, out := range result.Outcomes {
			state := out.State.String()
			if o.dryRun && out.State == cron.Created {
				state = "due"
			}
			if _, err := fmt.Fprintf(a.out, "%-8s %-22s %s\n", state, blank(out.TaskID), out.Job.Name); err != nil {
				return err
			}
		}
		return nil
	}
	jobs := value.NewList()
	for _, out := range result.Outcomes {
		m := value.MapOf("job", out.Job.Name, "state", out.State.String(), "taskId", out.TaskID)
		if out.Hook != "" {
			m.Set("hook", value.NewString(out.Hook))
			m.Set("payload", out.Definition.Value())
		} else if out.Definition != nil {
			m.Set("task", out.Definition.Value())
		}
		if out.Err != nil {
			m.Set("error", value.NewString(out.Err.Error()))
		}
		jobs.Append(m.Value())
	}
	return a.printJSON(value.MapOf("version", 1, "time", result.Quarter.Format(time.RFC3339), "dryRun", o.dryRun, "revision", result.Push.Revision, "jobs", jobs))
}

func blank(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// printJSON prints a result.
func (a *App) printJSON(m *value.Map) error {
	text, err := value.AppendJSON(nil, m.Value(), value.JSONStyle{Indent: 2}, 0)
	if err != nil {
		return err
	}
	_, err = a.out.Write(append(text, '\n'))
	return err
}

// readCron reads .cron.yml: the file that was named, or the one here or in a directory above.
func (a *App) readCron(name string) (*cron.Document, string, error) {
	if name == "" {
		name = cron.FileName
		for at := a.Dir; ; at = filepath.Dir(at) {
			file := filepath.Join(at, cron.FileName)
			if _, err := os.Stat(file); err == nil {
				if rel, err := filepath.Rel(a.Dir, file); err == nil {
					name = filepath.ToSlash(rel)
				}
				break
			}
			if at == filepath.Dir(at) {
				break
			}
		}
	}
	text, err := readAtMost(a.path(name), 2<<20)
	if err != nil {
		if failed := errors.Unwrap(err); failed != nil {
			err = failed
		}
		return nil, "", diag.Errorf(diag.Unreadable, 0, "cannot be read: %w", err).InFile(name)
	}
	doc, err := cron.Parse(a.reader(), name, text)
	return doc, filepath.Dir(a.path(name)), err
}

// readAtMost reads a file, or as much of it as shows that it is too large.
func readAtMost(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}

package cli

import (
	"bufio"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/taskgraph-go/decision/cron"
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/vcs"
	"github.com/taskgraph-go/decision/value"
)

// timetableOptions are the flags of the commands that say what runs when.
type timetableOptions struct {
	file     string
	project  string
	now      string
	from, to string
	count    int
	json     bool
}

func (o *timetableOptions) flags(f *pflag.FlagSet, project string) {
	f.StringVar(&o.file, "file", "", "read this `file` (default: .cron.yml, here or in a directory above)")
	f.StringVar(&o.project, "project", "", project)
	f.BoolVarP(&o.json, "json", "J", false, "print JSON")
}

// cronListCommand prints the jobs.
func (a *App) cronListCommand() *cobra.Command {
	o := &timetableOptions{}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the jobs of .cron.yml: what they are, for which projects, and when",
		Long:  "list prints the jobs in the order of their names, with the projects and the times (UTC) that each has.",
		Args:  noArguments,
		RunE:  func(*cobra.Command, []string) error { return a.cronList(o) },
	}
	o.flags(cmd.Flags(), "only jobs of this project, by its `name`, with their times there")
	return cmd
}

// cronNextCommand prints when jobs run next.
func (a *App) cronNextCommand() *cobra.Command {
	o := &timetableOptions{}
	cmd := &cobra.Command{
		Use:   "next [JOB]...",
		Short: "Show when the jobs of .cron.yml run next",
		Long: `next prints when each job runs next for a project, the earliest first, or only the jobs that are named. A quarter of an
hour that has just begun counts as the next one. Jobs that never run by themselves come last.

Times are UTC, as 2026-01-31, 2026-01-31T10:15 or 2026-01-31T10:15:00Z.`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.cronNext(cmd.Context(), o, args) },
	}
	f := cmd.Flags()
	o.flags(f, "`name` of the project (default: that of the repository)")
	f.StringVar(&o.now, "now", "", "the `time` to begin with (default: now)")
	f.IntVarP(&o.count, "count", "n", 1, "how often each job is shown")
	return cmd
}

// cronSimulateCommand prints what would run in a while.
func (a *App) cronSimulateCommand() *cobra.Command {
	o := &timetableOptions{}
	cmd := &cobra.Command{
		Use:   "simulate --from TIME --to TIME",
		Short: "Show what would run from one time to another",
		Long: `simulate prints each job that would run for a project, with its time, from one time on and before another.

Times are UTC, as 2026-01-31, 2026-01-31T10:15 or 2026-01-31T10:15:00Z.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.cronSimulate(cmd.Context(), o) },
	}
	f := cmd.Flags()
	o.flags(f, "`name` of the project (default: that of the repository)")
	f.StringVar(&o.from, "from", "", "the `time` to begin with")
	f.StringVar(&o.to, "to", "", "the `time` before which to end")
	return cmd
}

// parseTime reads a time of the command line.
func parseTime(flag, text string) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04", "2006-01-02T15:04:05", time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, usage("--%s: want a time as 2026-01-31 or 2026-01-31T10:15 or 2026-01-31T10:15:00Z, got %q", flag, text)
}

func (a *App) cronList(o *timetableOptions) error {
	doc, _, err := a.readCron(o.file)
	if err != nil {
		return err
	}
	var errs diag.List
	jobs := value.NewList()
	for _, j := range doc.Jobs() {
		if o.project != "" && !j.RunsOn(o.project) {
			continue
		}
		branches := j.Times()
		if o.project != "" {
			when, err := j.When(o.project)
			if err != nil {
				errs.Add(err)
				continue
			}
			branches = []cron.Branch{{Times: when}}
		}
		if o.json {
			jobs.Append(jobJSON(j, branches).Value())
			continue
		}
		if err := a.printJob(j, branches); err != nil {
			return err
		}
	}
	if err := errs.Err(&a.sources); err != nil {
		return err
	}
	if o.json {
		return a.printJSON(value.MapOf("version", 1, "jobs", jobs))
	}
	return nil
}

// about says what a job does.
func about(j *cron.Job) string {
	if j.Action != nil {
		return "action " + j.Action.Name
	}
	return "decision task with " + j.Decision.TargetTasksMethod
}

// printJob prints a job: a line with its name, and one for each time.
func (a *App) printJob(j *cron.Job, branches []cron.Branch) error {
	projects := ""
	if j.Projects != nil {
		projects = ", for " + strings.Join(j.Projects, ", ")
		if len(j.Projects) == 0 {
			projects = ", for no project"
		}
	}
	text := fmt.Sprintf("%s: %s%s\n", j.Name, about(j), projects)
	for _, b := range branches {
		where := ""
		if b.Project != "" {
			where = b.Project + ": "
		}
		for _, t := range b.Times {
			text += fmt.Sprintf("  %s%s\n", where, t)
		}
		if len(b.Times) == 0 {
			text += fmt.Sprintf("  %snever\n", where)
		}
	}
	_, err := a.out.Write([]byte(text))
	return err
}

func jobJSON(j *cron.Job, branches []cron.Branch) *value.Map {
	m := value.MapOf("name", j.Name)
	if j.Action != nil {
		m.Set("type", value.NewString("trigger-action"))
		m.Set("action", value.NewString(j.Action.Name))
	} else {
		m.Set("type", value.NewString("decision-task"))
		m.Set("targetTasksMethod", value.NewString(j.Decision.TargetTasksMethod))
		m.Set("symbol", value.NewString(j.Decision.Symbol))
	}
	if j.Projects != nil {
		m.Set("projects", value.NewStrings(j.Projects...).Value())
	}
	when := value.NewList()
	for _, b := range branches {
		for _, t := range b.Times {
			entry := value.NewMap(0)
			if b.Project != "" {
				entry.Set("project", value.NewString(b.Project))
			}
			for _, f := range []struct {
				key string
				n   int
			}{{"month", t.Month}, {"day", t.Day}, {"hour", t.Hour}, {"minute", t.Minute}} {
				if f.n >= 0 {
					entry.Set(f.key, value.NewInt(int64(f.n)))
				}
			}
			if t.Weekday >= 0 {
				entry.Set("weekday", value.NewString(time.Weekday(t.Weekday).String()))
			}
			when.Append(entry.Value())
		}
	}
	m.Set("when", when.Value())
	return m
}

// projectFor gives the project to work out times for: the one that was named, or else that of the repository around. It is
// needed only where something depends on it.
func (a *App) projectFor(ctx context.Context, o *timetableOptions, doc *cron.Document, dir string) (string, error) {
	if o.project != "" {
		return o.project, nil
	}
	needed := ""
	for _, j := range doc.Jobs() {
		if j.DependsOnProject() {
			needed = j.Name
			break
		}
	}
	if needed == "" {
		return "", nil
	}
	if repo, err := vcs.Find(dir, vcs.Options{Offline: true}); err == nil {
		if address, err := repo.RemoteURL(ctx, ""); err == nil && address != "" {
			name := lastName(address)
			a.note("for the project %s; --project chooses another one", name)
			return name, nil
		}
	}
	return "", usage("say --project: when the job %q runs depends on it", needed)
}

func (a *App) cronNext(ctx context.Context, o *timetableOptions, names []string) error {
	if o.count < 1 || o.count > 10_000 {
		return usage("--count: want 1 to 10000, got %d", o.count)
	}
	now := a.now()
	if o.now != "" {
		var err error
		if now, err = parseTime("now", o.now); err != nil {
			return err
		}
	}
	doc, dir, err := a.readCron(o.file)
	if err != nil {
		return err
	}
	project, err := a.projectFor(ctx, o, doc, dir)
	if err != nil {
		return err
	}
	jobs := doc.Jobs()
	if len(names) > 0 {
		var errs diag.List
		jobs = nil
		for _, name := range names {
			j, err := doc.Job(name)
			errs.Add(err)
			jobs = append(jobs, j)
		}
		if err := errs.Err(&a.sources); err != nil {
			return err
		}
	}
	due, never, err := cron.Upcoming(jobs, project, now, o.count)
	if err != nil {
		return a.resolved(err)
	}
	return a.printTimetable(o, project, slices.Values(due), never)
}

// resolved gives an error its places.
func (a *App) resolved(err error) error {
	var errs diag.List
	errs.Add(err)
	return errs.Err(&a.sources)
}

// maxSimulated is how long a simulation may last.
const maxSimulated = 20 * 366 * 24 * time.Hour

func (a *App) cronSimulate(ctx context.Context, o *timetableOptions) error {
	if o.from == "" || o.to == "" {
		return usage("simulate needs --from and --to")
	}
	from, err := parseTime("from", o.from)
	if err != nil {
		return err
	}
	to, err := parseTime("to", o.to)
	switch {
	case err != nil:
		return err
	case to.Before(from):
		return usage("--to %s is before --from %s", o.to, o.from)
	case to.Sub(from) > maxSimulated:
		return usage("at most 20 years are simulated")
	}
	doc, dir, err := a.readCron(o.file)
	if err != nil {
		return err
	}
	project, err := a.projectFor(ctx, o, doc, dir)
	if err != nil {
		return err
	}
	table, err := doc.Timetable(project)
	if err != nil {
		return a.resolved(err)
	}
	return a.printTimetable(o, project, table.Between(from, to), nil)
}

// printTimetable prints what is due, as it comes.
func (a *App) printTimetable(o *timetableOptions, project string, due iter.Seq[cron.Due], never []*cron.Job) error {
	w := bufio.NewWriter(a.out)
	if !o.json {
		for d := range due {
			if _, err := fmt.Fprintf(w, "%s %s\n", d.At.Format("2006-01-02T15:04Z"), d.Job.Name); err != nil {
				return err
			}
		}
		for _, j := range never {
			fmt.Fprintf(w, "%-17s %s\n", "never", j.Name)
		}
		return w.Flush()
	}
	runs := value.NewList()
	for d := range due {
		runs.Append(value.MapOf("time", d.At.Format(time.RFC3339), "job", d.Job.Name).Value())
	}
	out := value.MapOf("version", 1, "project", project, "runs", runs)
	if o.now != "" || o.count > 0 {
		names := value.NewList()
		for _, j := range never {
			names.AppendStrings(j.Name)
		}
		out.Set("never", names.Value())
	}
	return a.printJSON(out)
}

package cron

import (
	"slices"
	"strings"
	"time"

	"github.com/taskgraph-go/decision/cron/schemas"
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// FileName is where the jobs of a repository stand, at its root.
const FileName = ".cron.yml"

// limits keep a document that was made to hurt from doing so. The largest real ones have some hundred lines.
var limits = value.Limits{Bytes: 1 << 20, Depth: 50, Nodes: 50_000}

// Document is what .cron.yml says. It does not change and is safe for concurrent use.
type Document struct {
	jobs []*Job
}

// Job is one job of a document.
type Job struct {
	Name string
	// Projects are those for which the job runs, nil for all. An empty list is none.
	Projects []string
	// Decision or Action says what runs; the other one is nil.
	Decision *DecisionTask
	Action   *Action

	pos  diag.Pos
	when value.Value
}

// DecisionTask is a job that makes a graph.
type DecisionTask struct {
	Symbol              string // in Treeherder
	TargetTasksMethod   string
	OptimizeTargetTasks *bool // nil leaves it to the project
	IncludePushTasks    bool
	RebuildKinds        []string
	IncludeInput        bool
}

// Action is a job that triggers an action of the push.
type Action struct {
	Name         string
	IncludeInput bool
	ExtraInput   *value.Map // nil where there is none
}

// Parse reads a document. The error has everything that is wrong with it. Times that are keyed by the project are read when
// the project is known: see [Job.When].
func Parse(r *value.Reader, name string, text []byte) (*Document, error) {
	own := *r
	own.Limits = limits
	v, err := own.YAML(name, text)
	if err != nil {
		return nil, err
	}
	var errs diag.List
	for _, d := range schemas.Load("cron").Validate(v) {
		errs.Add(d)
	}
	doc := &Document{}
	first := map[string]diag.Pos{}
	for job := range v.Map().At("jobs").List().Values() {
		title := job.Map().At("name")
		if !title.IsString() {
			continue
		}
		if before, ok := first[title.Str()]; ok {
			errs.Add(diag.Errorf(diag.BadCron, title.Pos(), "two jobs are called %q, but only one could run", title.Str()).WithRelated(before, "the first one"))
			continue
		}
		first[title.Str()] = title.Pos()
		doc.jobs = append(doc.jobs, newJob(job.Map()))
	}
	if err := errs.Err(r.Sources); err != nil {
		return nil, err
	}
	slices.SortFunc(doc.jobs, func(a, b *Job) int { return strings.Compare(a.Name, b.Name) })
	return doc, nil
}

// newJob reads a job. What breaks the schema may be missing from it.
func newJob(m *value.Map) *Job {
	j := &Job{Name: m.Str("name"), pos: m.At("name").Pos(), when: m.At("when")}
	if list := m.At("run-on-projects").List(); list != nil {
		j.Projects = append([]string{}, list.Strings()...)
	}
	job := m.At("job").Map()
	if job.Str("type") == "trigger-action" {
		j.Action = &Action{Name: job.Str("action-name"), IncludeInput: job.At("include-cron-input").IsTrue(), ExtraInput: job.At("extra-input").Map()}
		return j
	}
	j.Decision = &DecisionTask{
		Symbol: job.Str("treeherder-symbol"), TargetTasksMethod: job.Str("target-tasks-method"), IncludePushTasks: job.Has("include-push-tasks"),
		RebuildKinds: job.At("rebuild-kinds").List().Strings(), IncludeInput: job.At("include-cron-input").IsTrue(),
	}
	if b, ok := job.At("optimize-target-tasks").AsBool(); ok {
		j.Decision.OptimizeTargetTasks = &b
	}
	return j
}

// Jobs gives the jobs in the order of their names, which is the order in which they run. The list is shared: do not change it.
func (d *Document) Jobs() []*Job { return d.jobs }

// Names gives the names of the jobs, sorted.
func (d *Document) Names() []string {
	names := make([]string, len(d.jobs))
	for i, j := range d.jobs {
		names[i] = j.Name
	}
	return names
}

// Job gives the job of a name, or an error that offers the nearest one.
func (d *Document) Job(name string) (*Job, error) {
	i, ok := slices.BinarySearchFunc(d.jobs, name, func(j *Job, name string) int { return strings.Compare(j.Name, name) })
	if !ok {
		return nil, diag.Errorf(diag.BadCron, 0, "there is no cron job %q", name).InFile(FileName).WithHint("%s", diag.DidYouMean(name, d.Names()))
	}
	return d.jobs[i], nil
}

// RunsOn says whether the job runs for a project at all.
func (j *Job) RunsOn(project string) bool {
	return j.Projects == nil || slices.Contains(j.Projects, project)
}

// DependsOnProject says whether something about the job depends on the project.
func (j *Job) DependsOnProject() bool { return j.Projects != nil || j.when.Map() != nil }

// When gives the times at which the job runs for a project: none where the job does not run for it. The error is that of
// times keyed by projects of which none fits.
func (j *Job) When(project string) ([]Time, error) {
	if !j.RunsOn(project) {
		return nil, nil
	}
	v, err := value.EvaluateKeyedBy(j.when, value.Keyed{Item: "when of the cron job " + j.Name, Attr: func(name string) (value.Value, bool) {
		return value.NewString(project), name == "project"
	}})
	if err != nil {
		return nil, diag.Placed(err, j.when.Pos(), "when")
	}
	return times(v), nil
}

// times reads a list of times.
func times(v value.Value) []Time {
	var out []Time
	for item := range v.List().Values() {
		m, t := item.Map(), Any
		for _, f := range []struct {
			key string
			to  *int
		}{{"month", &t.Month}, {"day", &t.Day}, {"hour", &t.Hour}, {"minute", &t.Minute}} {
			if n, ok := m.At(f.key).AsInt(); ok {
				*f.to = int(n)
			}
		}
		if day, ok := m.At("weekday").AsString(); ok {
			t.Weekday = weekday(day)
		}
		out = append(out, t)
	}
	return out
}

// weekday gives the number of a day, from 0 for Sunday.
func weekday(name string) int {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if strings.EqualFold(d.String(), name) {
			return int(d)
		}
	}
	return -2 // no day
}

// Branch is some times of a job with the projects that they are for.
type Branch struct {
	Project string // a name, a pattern, or default; "" for all projects
	Times   []Time
}

// Times gives all times of the job, as they are written.
func (j *Job) Times() []Branch {
	var out []Branch
	var add func(project string, v value.Value)
	add = func(project string, v value.Value) {
		if alternatives := v.Map().At("by-project").Map(); alternatives != nil {
			for name, next := range alternatives.All() {
				add(name, next)
			}
			return
		}
		out = append(out, Branch{project, times(v)})
	}
	add("", j.when)
	return out
}

package parameters

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// Params is a set of parameters. It is safe for concurrent use and does not change, but for what [Options].Later has yet to say: see
// [Params.Complete].
type Params struct {
	first  *known
	later  *later // nil where nothing more can come
	spec   string
	source string

	reading *Reading // takes notice of what is read; nil where nobody wants to know
}

// known is what parameters are, and what is worked out of them.
type known struct {
	values *value.Map

	project, level, tasksFor          string
	headRepository, headRev, headRef  string
	baseRepository, baseRev           string
	repositoryType, targetTasksMethod string
	buildDate, pushdate               int64
	filesChanged, filters, keep       []string
	optimizeTargetTasks               bool
	id                                func() string
	trees                             [2][2]func() (string, error) // addresses of the tree and of comm/, raw and pretty
}

// New makes parameters of values that were read from what spec stands for; "" stands for defaults. The values
// must not change afterwards. Nothing is checked: see [Params.Check].
func New(spec string, values *value.Map) *Params {
	p := &Params{spec: spec, source: spec}
	p.first = p.know(freeze(values))
	return p
}

// know works out what is read most.
func (p *Params) know(values *value.Map) *known {
	k := &known{
		values:  values,
		project: values.Str("project"), level: values.Str("level"), tasksFor: values.Str("tasks_for"),
		headRepository: values.Str("head_repository"), headRev: values.Str("head_rev"), headRef: values.Str("head_ref"),
		baseRepository: values.Str("base_repository"), baseRev: values.Str("base_rev"),
		repositoryType: values.Str("repository_type"), targetTasksMethod: values.Str("target_tasks_method"),
		filesChanged: values.At("files_changed").List().Strings(), filters: values.At("filters").List().Strings(),
		keep: values.At("do_not_optimize").List().Strings(), optimizeTargetTasks: values.At("optimize_target_tasks").IsTrue(),
	}
	k.buildDate, _ = values.At("build_date").AsInt()
	k.pushdate, _ = values.At("pushdate").AsInt()
	k.id = sync.OnceValue(k.digest)
	for comm, names := range treeParameters {
		for pretty := range k.trees[comm] {
			k.trees[comm][pretty] = sync.OnceValues(func() (string, error) { return p.treeURL(names[0], names[1], pretty) })
		}
	}
	return k
}

// Get gives a parameter and whether it is there.
func (p *Params) Get(name string) (value.Value, bool) { return p.with(name).values.Get(name) }

// At gives a parameter, null where it is absent.
func (p *Params) At(name string) value.Value { return p.with(name).values.At(name) }

// Require gives a parameter, or the error that there is none.
func (p *Params) Require(name string) (value.Value, error) {
	v, ok := p.Get(name)
	if !ok {
		return v, p.missing(name)
	}
	return v, nil
}

// Map gives all parameters, which are read-only.
func (p *Params) Map() *value.Map { return p.all().values }

// Spec gives what the parameters were asked for with, "" for defaults.
func (p *Params) Spec() string { return p.spec }

// Source gives the name of the document that the parameters were read from, for messages that have no position.
func (p *Params) Source() string {
	if p.source == "" {
		return "defaults"
	}
	return p.source
}

// The parameters that are read most. Each is empty where the parameter is absent or of another type.

// Project gives the short name of the repository.
func (p *Params) Project() string { return p.read("project").project }

// Level gives how far the push is trusted: "1", "2" or "3".
func (p *Params) Level() string { return p.read("level").level }

// TasksFor gives the event that the graph is made for, such as github-push.
func (p *Params) TasksFor() string { return p.read("tasks_for").tasksFor }

// HeadRepository gives the address of the repository that was pushed to.
func (p *Params) HeadRepository() string { return p.read("head_repository").headRepository }

// HeadRev gives the revision that the graph is made for.
func (p *Params) HeadRev() string { return p.read("head_rev").headRev }

// HeadRef gives the branch that was pushed.
func (p *Params) HeadRef() string { return p.read("head_ref").headRef }

// BaseRepository gives the address of the repository that the change is based on.
func (p *Params) BaseRepository() string { return p.read("base_repository").baseRepository }

// BaseRev gives the revision before the push.
func (p *Params) BaseRev() string { return p.read("base_rev").baseRev }

// RepositoryType gives the version control, "git" or "hg".
func (p *Params) RepositoryType() string { return p.read("repository_type").repositoryType }

// TargetTasksMethod gives the name of the function that selects the target tasks.
func (p *Params) TargetTasksMethod() string { return p.read("target_tasks_method").targetTasksMethod }

// BuildDate gives the time of the push in seconds since 1970.
func (p *Params) BuildDate() int64 { return p.read("build_date").buildDate }

// Pushdate gives the time of the push in seconds since 1970; 0 where a cron job or a person made the graph.
func (p *Params) Pushdate() int64 { return p.read("pushdate").pushdate }

// FilesChanged gives the files that the push changes. The list is shared: do not change it.
func (p *Params) FilesChanged() []string { return p.read("files_changed").filesChanged }

// Filters gives the names of the filters that select the target tasks. The list is shared: do not change it.
func (p *Params) Filters() []string { return p.read("filters").filters }

// DoNotOptimize gives the labels of tasks to keep. The list is shared: do not change it.
func (p *Params) DoNotOptimize() []string { return p.read("do_not_optimize").keep }

// OptimizeTargetTasks says whether target tasks may be optimized away.
func (p *Params) OptimizeTargetTasks() bool {
	return p.read("optimize_target_tasks").optimizeTargetTasks
}

// MozBuildDate gives the parameter moz_build_date as a time. Like the text it has no zone, which here is UTC.
func (p *Params) MozBuildDate() (time.Time, error) {
	v, err := p.Require("moz_build_date")
	if err != nil {
		return time.Time{}, err
	}
	t, err := time.Parse("20060102150405", v.Str())
	if err != nil {
		return time.Time{}, diag.Errorf(diag.BadParameters, v.Pos(), "want a time as YYYYMMDDhhmmss, got %s", v.Describe()).WithPath("moz_build_date")
	}
	return t, nil
}

// ID gives a short name of the values: 12 digits that are the same wherever all parameters are, "" where some have
// no form in JSON.
func (p *Params) ID() string { return p.all().id() }

// String names the parameters as the reference does in its log.
func (p *Params) String() string {
	return fmt.Sprintf("Parameters(id=%s) (from %s)", p.ID(), FormatSpec(p.spec))
}

func (p *Params) missing(name string) *diag.Diagnostic {
	return diag.Errorf(diag.UnknownParameter, 0, "there is no parameter %q", name).
		WithHint("%s", diag.DidYouMean(name, p.all().values.Keys())).InFile(p.Source())
}

// digest names the values, as the reference does: by the SHA-256 of their JSON in one line with sorted keys.
// Parameters that have no JSON, such as dates, have no such name there and none here.
func (k *known) digest() string {
	text, err := value.SortedJSON(k.values.Value())
	if err != nil {
		return ""
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])[:12]
}

package decision

import (
	"strings"

	"github.com/taskgraph-go/decision/diag"
)

// Push is what the command line of a decision task says about the push that it is for. Names and meanings are those of
// the parameters.
type Push struct {
	Project        string
	PushlogID      string
	Pushdate       int64 // seconds since 1970; 0 where it is not known
	Owner          string
	Level          string
	TasksFor       string
	RepositoryType string // git or hg

	BaseRepository string
	BaseRef        string
	BaseRev        string // "" where it is to be worked out, [vcs.NullRevision] where there is none
	HeadRepository string
	HeadRef        string
	HeadRev        string
	HeadTag        string

	// TargetTasksMethod wins over what the project says; "" leaves it to that.
	TargetTasksMethod string
	// OptimizeTargetTasks wins over the default; nil leaves it at that.
	OptimizeTargetTasks *bool
	// IncludePushTasks lets the decision use tasks that the push has already, found through its own decision task: what cron
	// asks for. Those of RebuildKinds are made anew.
	IncludePushTasks bool
	RebuildKinds     []string
	// AllowParameterOverride lets try_task_config.json, or a git note, change parameters.
	AllowParameterOverride bool
	// TryTaskConfigFile stands for try_task_config.json; "" is the file of that name.
	TryTaskConfigFile string
}

// checkRevisions refuses what version control would not take for a revision.
func (p *Push) checkRevisions() error {
	var wrong diag.List
	if p.HeadRev == "" {
		wrong.Add(diag.Errorf(diag.BadParameters, 0, "no revision is given").WithPath("head_rev").WithHint("--head-rev names the revision that is checked out"))
	}
	for path, rev := range map[string]string{"head_rev": p.HeadRev, "base_rev": p.BaseRev} { // the list is sorted
		if strings.HasPrefix(rev, "-") {
			wrong.Add(diag.Errorf(diag.BadParameters, 0, "%q is no revision: it begins with a dash", rev).WithPath(path))
		}
	}
	return wrong.Err(nil)
}

// isPullRequest says whether the push is a proposal to change another branch.
func (p *Push) isPullRequest() bool { return strings.HasPrefix(p.TasksFor, "github-pull-request") }

// isPush says whether somebody pushed to a branch.
func (p *Push) isPush() bool { return strings.HasSuffix(p.TasksFor, "-push") }

package decision

import "strings"

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

// isPullRequest says whether the push is a proposal to change another branch.
func (p *Push) isPullRequest() bool { return strings.HasPrefix(p.TasksFor, "github-pull-request") }

// isPush says whether somebody pushed to a branch.
func (p *Push) isPush() bool { return strings.HasSuffix(p.TasksFor, "-push") }

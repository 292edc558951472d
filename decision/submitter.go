package decision

import (
	"context"

	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
)

// Submitter creates the tasks that a decision task decided on.
type Submitter interface {
	// Submit creates every task of a submission, or in a dry run does everything but that. Its error says which tasks
	// could not be created, and why.
	Submit(ctx context.Context, s *Submission) error
}

// SchedulerID gives the scheduler of the tasks of a push.
func SchedulerID(config *taskgraph.GraphConfig, params *parameters.Params) string {
	return config.TrustDomain() + "-level-" + params.Level()
}

// Submission is a graph that is ready to be created. It is read-only.
type Submission struct {
	// DecisionTaskID is the task that decides: the group of all tasks, and what those depend on that depend on nothing else.
	// In a dry run it may be a word that stands for an id.
	DecisionTaskID string
	// DryRun says that nothing is to be created.
	DryRun bool
	// Graph has the tasks, with their ids, and the dependencies among them; LabelToTaskID also has those that are there
	// already.
	Graph         *taskgraph.TaskGraph
	LabelToTaskID map[string]string
	Params        *parameters.Params
	// Project is the tree: its graph config, and the text that positions of tasks lead to.
	Project *taskgraph.Project
	// Artifacts is the directory of the artifacts, all of which are written.
	Artifacts string
}

package definition

import (
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// Group is where the tasks of a graph go.
type Group struct {
	DecisionTaskID string // what tasks without a dependency in the graph depend on
	TaskGroupID    string // "" is the group of the decision task
	SchedulerID    string
}

// ID gives the id of the task group.
func (g Group) ID() string {
	if g.TaskGroupID == "" {
		return g.DecisionTaskID
	}
	return g.TaskGroupID
}

// Complete gives the definition of a task as a member of the group. Times stay relative.
//
// A task that depends on no other task of the graph gets a dependency on the decision task. All others have one
// indirectly. So nothing starts before the decision task has ended, and nothing at all where it fails half-way.
func (g Group) Complete(t *taskgraph.Task, inGraph func(taskID string) bool) *value.Map {
	def := t.Task.Copy()
	if !g.hasDependency(def.At("dependencies").List(), inGraph) {
		if deps := def.EditList("dependencies"); deps != nil {
			deps.AppendStrings(g.DecisionTaskID)
		}
	}
	def.Set("taskGroupId", value.NewString(g.ID()))
	def.Set("schedulerId", value.NewString(g.SchedulerID))
	def.Freeze()
	return def
}

// hasDependency says whether one of the dependencies is the decision task or in the graph.
func (g Group) hasDependency(deps *value.List, inGraph func(string) bool) bool {
	for v := range deps.Values() {
		if id := v.Str(); id == g.DecisionTaskID || inGraph(id) {
			return true
		}
	}
	return false
}

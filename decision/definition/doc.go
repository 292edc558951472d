// Package definition makes of a task of a graph what the queue gets: with the group and the scheduler, with a dependency
// on the decision task where there is no other in the graph, and with times instead of durations.
//
//	group := definition.Group{DecisionTaskID: id, TaskGroupID: id, SchedulerID: "app-level-1"}
//	def := group.Complete(task, inGraph)
//	def, err := definition.NewResolver(now).Definition(def)
//
// What is checked before submission and what is submitted both come from here, and so are the same.
//
// [Differences] compares a definition with the one that the queue has, of the same task made at another time.
//
// Definitions that go in are not changed; what comes out shares what it can with them.
package definition

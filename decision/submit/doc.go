// Package submit creates the tasks of a graph: in dependency order, many at a time, each of them once.
//
//	result, err := submit.Run(ctx, submit.Options{
//		Graph: graph, Group: definition.Group{DecisionTaskID: id, SchedulerID: "app-level-1"},
//		Queue: taskcluster.NewClient(options), Clock: time.Now,
//	})
//	if err == nil {
//		err = result.Err(sources)
//	}
//
// # Once
//
// The id of a task follows from the id of the decision task and the label, so that a decision task that died half-way
// and runs again asks for the same tasks. What is missing is created. A task that exists already is refused by the queue
// where its definition is not the same to the letter, and it cannot be, because clocks have moved. Then the definition
// that the queue has is compared with ours as it would have been at that time. Without a difference the task counts as
// created; with one it has failed, and the difference is said. It is none that the earlier run found other tasks in the index
// for those that a task depends on: the task stays as it is. Nothing needs to be kept between runs. From the first such task
// on the times of the earlier run are used for all, if that is not too long ago.
//
// # What holds
//
// All times are relative to one moment, which is renewed every ten minutes because the queue refuses tasks that were
// created long ago. A task is created after all that it depends on; those that most others wait for come first. Where a
// task fails, all that depends on it is skipped and the rest goes on. Where the queue does not answer at all, the
// rest is not tried. Trying again is what the client does.
package submit

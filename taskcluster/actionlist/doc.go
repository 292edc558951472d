// Package actionlist reads actions.json, in which a decision task offers actions, and triggers them as a user interface does.
//
//	list, err := actionlist.Parse(reader, "actions.json", text)
//	action, err := list.Find("retrigger", tags) // nil tags: for the whole group
//	id, err := list.Trigger(ctx, services, actionlist.Request{Action: action, TaskGroupID: group, TaskID: task, Input: input})
//
// The list may come from anywhere: it is read with limits on its size, its templates are rendered and its schemas applied with
// limits on time and memory, and a hook is triggered only where the decision task itself has the scope that vouches for it.
package actionlist

// Package actions is what people do to a push after its graph was made: it offers actions in actions.json, runs them in action
// tasks, and has the actions that come with the program.
//
// A decision task leaves public/actions.json, which [List] makes of the registry. A button renders an entry's payload, triggers
// the hook that it names, and the hook creates an action task, in which [Run] finds the callback again:
//
//	err := actions.Run(ctx, request, actions.Options{Project: project, Services: client, ...})
//
// # What keeps an action in its place
//
// The permission of an action is part of the name of its hook, and the hook's role is all that gives the action task its scopes.
// Before a callback runs, [Run] checks that the task has the role of that very permission, so that a hook for everybody cannot
// reach a callback for few; that the action is offered for the push; that the task it is for belongs to the group and has the tags
// that the action asks for; and that the input is what the schema allows.
//
// # Which actions there are
//
// [Register] adds those that every project has, under the names of the reference. [Extension] adds those that a project turns on
// under actions in config.yml.
package actions

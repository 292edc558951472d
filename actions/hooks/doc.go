// Package hooks makes the hooks and roles of a repository: what a Taskcluster deployment must hold so that action buttons
// and cron work, worked out from the repository's .taskcluster.yml, its actions and the section hooks of its graph config.
//
//	state, err := hooks.Render(project, settings)      // what there should be
//	plan, err := hooks.Compare(ctx, state, deployment)  // what differs
//	err = plan.Apply(ctx, deployment)                   // make it so
//
// For every level and permission there is a hook that runs actions. Its template is the first task of .taskcluster.yml in the
// context of an action, and its id ends in a hash of the file: what a push calls has the form that the file had then. A hook of an
// older file stays as long as somebody uses it. Roles hold what a hook may do: to act as the repository for this very permission, and
// what it takes to create the task.
//
// A deployment holds other people's hooks and roles, too. Ours say so in their description; nothing else is changed or
// removed. A role that several repositories share belongs to all of them: only scopes that name our repositories are ours.
package hooks

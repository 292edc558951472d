// Package cron runs the jobs of .cron.yml: graphs and actions that the clock starts instead of a push.
//
// A hook fires a cron task every quarter of an hour, and that calls [Run]. It takes the newest push, reads .cron.yml there, and
// for each job that is due creates a decision task from .taskcluster.yml, or triggers an action of the push:
//
//	result, err := cron.Run(ctx, cron.Options{
//		Project: cron.Project{URL: url, Name: "app", Level: "3", Type: "git", TrustDomain: "app"},
//		Repository: &cron.GitHub{Repo: "example/app"}, Services: client, Render: render,
//		Created: created, TaskID: id, RootURL: rootURL,
//	})
//	if err == nil {
//		err = result.Err(sources)
//	}
//
// A [Document] also says what would run when, without running anything: see [Document.Timetable] and [Next].
//
// # Time
//
// What counts is when the cron task was created, rounded down to a quarter of an hour in UTC. A task that waited for a worker, or
// that is run again, does the work of its own quarter. No time zone but UTC occurs anywhere.
//
// # Once
//
// The id of a decision task follows from the quarter, the project and the job's name, so that whatever is tried again, by the same
// cron task or another one, creates it once. The queue refuses a second definition that differs in its times alone; then what the
// queue has is compared with what this try would have made at that time, for that push. It counts as created if they are
// the same. Actions are looked for among the last fires of their hook before they are triggered.
//
// A job that is forced belongs to its cron task and not to the quarter: whoever forces it twice gets it twice, and a cron task that
// is run again does not.
//
// # Failures
//
// A job that fails does not keep others from running. All errors come together at the end.
package cron

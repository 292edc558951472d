// Package taskcluster speaks with the services of a Taskcluster deployment. It is a thin layer over the official
// client: it knows where the deployment is, looks things up in batches, waits and tries again as often as is
// sensible, ends with the context, and says in one line what a service did not like.
//
//	options, err := taskcluster.FromEnvironment(os.Getenv)
//	client := taskcluster.NewClient(options)
//	id, err := client.FindTask(ctx, "gecko.v2.autoland.latest.taskgraph.decision")
//	text, err := client.Artifact(ctx, id, "public/parameters.yml")
//
// Generating a graph needs only what [Index] offers: which tasks the index knows, and how those fared. A
// [Client] asks the services for that, a [FileIndex] what somebody wrote into a file, and [OfflineIndex] knows
// nothing. Nothing else of this repository tells them apart.
//
// Nothing here knows a deployment by name. Which one it is comes from the environment alone: see [RootURL].
package taskcluster

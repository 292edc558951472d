// Package tcyml renders .taskcluster.yml: the JSON-e template in a repository's root of which events make tasks, above all
// the decision task.
//
// A [File] is read as the service reads it, which is JavaScript's reading of YAML. [File.Render] gives what the service
// for GitHub makes of it for an [Event], or a hook for cron and actions. There is an event of every sort to try a file
// with: see [Events]. [File.Check] tries all of them and reports everything that is wrong, at its place in the file.
//
//	file, err := tcyml.Read(tcyml.FileName, text, sources)
//	event, err := tcyml.Find("push", tcyml.Facts{Repository: "https://github.com/org/repo"})
//	rendered, err := file.Render(event, tcyml.Options{RootURL: rootURL, Now: now})
//
// Files of version 1 are rendered. Version 0, which is no JSON-e template, is refused.
package tcyml

package taskgraph

import (
	"slices"

	"github.com/taskgraph-go/decision/value"
)

// addCodeReviewTask adds, where the parameter code-review is there, a task that ends when all tasks with the attribute
// code-review have ended, well or not. The code review bot listens for its route.
func addCodeReviewTask(c *MorphConfig) error {
	review := c.Params.At("code-review")
	if !review.Truthy() {
		return nil
	}
	dependencies := value.NewMap(8)
	var ids []string
	for t := range c.Tasks() {
		if t.Attribute("code-review").Truthy() {
			dependencies.Set(t.Label, value.NewString(t.TaskID))
			ids = append(ids, t.TaskID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	c.Project.Log.Info("added code review task")
	return c.Add(&Task{
		Kind:         "misc",
		Label:        "code-review",
		Dependencies: dependencies,
		Task: value.MapOf(
			"provisionerId", "built-in",
			"workerType", "succeed",
			"dependencies", ids,
			"requires", "all-resolved",
			"created", value.MapOf("relative-datestamp", "0 seconds"),
			"deadline", value.MapOf("relative-datestamp", "1 day"),
			"expires", value.MapOf("relative-datestamp", "1 day"),
			"metadata", value.MapOf(
				"name", "code-review",
				"description", "List all issues found in static analysis and linting tasks",
				"owner", c.Params.At("owner"),
				"source", morphSource(c.Project.Environment),
			),
			"scopes", []string{},
			"payload", value.MapOf(),
			"routes", []string{"project.relman.codereview.v1.try_ending"},
			"extra", value.MapOf("code-review", value.MapOf(
				"phabricator-build-target", review.Map().At("phabricator-build-target"),
				"repository", c.Params.At("head_repository"),
				"revision", c.Params.At("head_rev"),
			)),
		),
	})
}

// morphSource gives the source of tasks that no kind defines. It is the address that the reference gives, since the
// definition must be the same.
func morphSource(environment func(string) string) string {
	repository, revision := environment("TASKGRAPH_HEAD_REPOSITORY"), environment("TASKGRAPH_HEAD_REV")
	if repository == "" {
		repository = "https://github.com/taskcluster/taskgraph"
	}
	if revision == "" {
		revision = "default"
	}
	return repository + "/raw-file/" + revision + "/src/taskgraph/morph.py"
}

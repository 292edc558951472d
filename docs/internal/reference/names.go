package reference

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/taskgraph-go/decision/cli"
	"github.com/taskgraph-go/decision/taskgraph"
)

// extensionPoint is a set of a registry, with a line about each of the built-in names.
type extensionPoint struct {
	title, about string
	names        []string
	lines        map[string]string
	steps        func(name string) []string // of a sequence; nil for all else
}

// extensionPoints are the sets of a registry that hold anything, in the order in which a graph is made.
func extensionPoints(r *taskgraph.Registry) []extensionPoint {
	const (
		loader     = "taskgraph.loader."
		transforms = "taskgraph.transforms."
	)
	return []extensionPoint{
		{title: "Loaders", about: "`loader` in kind.yml. See [kinds and loaders](../concepts/kinds.md).", names: r.Loaders.Names(), lines: map[string]string{
			loader + "default:loader":   "The tasks of kind.yml and of the files in `tasks-from`; the transforms run and task come after those of the kind. What a kind without `loader` has.",
			loader + "transform:loader": "The same tasks, with no other transforms than those of the kind.",
		}},
		{title: "Transforms", about: "`transforms` in kind.yml. The part `:transforms` may be left out. The steps are what messages name behind `found by`.",
			names: r.Transforms.Names(), steps: func(name string) []string {
				sequence, _ := r.Transforms.Get(name)
				var steps []string
				for _, s := range sequence {
					steps = append(steps, s.Name)
				}
				return steps
			}, lines: map[string]string{
				transforms + "cached_tasks:transforms": "Lets a task with a `cache` section be replaced by an earlier one that made the same thing from the same input.",
				transforms + "chunking:transforms":     "Makes as many tasks of one as [`chunk`](schemas/chunking.md) says.",
				transforms + "code_review:transforms":  "Makes a task wait for all tasks of its kind-dependencies whose attribute code-review is true.",
				transforms + "docker_image:transforms": "Makes a task that builds an image of a [docker image description](schemas/docker-image.md).",
				transforms + "fetch:transforms":        "Makes a task that downloads something of a [fetch description](schemas/fetch.md).",
				transforms + "from_deps:transforms":    "Makes tasks that follow tasks of other kinds, as [`from-deps`](schemas/from-deps.md) says.",
				transforms + "job:transforms":          "An old name of `taskgraph.transforms.run`.",
				transforms + "matrix:transforms":       "Makes a task of each combination of the values in [`matrix`](schemas/matrix.md).",
				transforms + "notify:transforms":       "Makes routes and content of [`notify`](schemas/notify.md), by which people and programs are told how a task went.",
				transforms + "run:transforms":          "Makes a task description of a [run description](schemas/run.md).",
				transforms + "task:transforms":         "Makes a task definition of a [task description](schemas/task.md).",
				transforms + "task_context:transforms": "Fills in values that are known only when the graph is made, as [`task-context`](schemas/task-context.md) says.",
			}},
		{title: "Ways to run a task", about: "`run.using`, and the worker implementations that each works on.", names: r.RunHandlers.Names(), lines: map[string]string{
			taskgraph.RunName("always-optimized", "always-optimized"): "Nothing: the task only groups others and must be optimized away. [Fields](schemas/always-optimized.md).",
			taskgraph.RunName("index-search", "always-optimized"):     "Nothing: the task stands for one of another graph, which the index knows. [Fields](schemas/index-search.md).",
			taskgraph.RunName("run-task", "docker-worker"):            "A command, in a container, after checkouts, caches and fetches were prepared. [Fields](schemas/run-task.md).",
			taskgraph.RunName("run-task", "generic-worker"):           "The same on the machine itself, with a shell of Linux, macOS or Windows.",
			taskgraph.RunName("toolchain-script", "docker-worker"):    "A script of the tree that builds a tool, which is cached. [Fields](schemas/toolchain.md).",
			taskgraph.RunName("toolchain-script", "generic-worker"):   "The same on the machine itself.",
		}},
		{title: "Worker implementations", about: "`implementation` of a worker alias in config.yml. It decides about the fields of `worker`.", names: r.PayloadBuilders.Names(), lines: map[string]string{
			"always-optimized": "No worker: the task must be optimized away. [Fields](schemas/always-optimized-payload.md).",
			"beetmover":        "A scriptworker that copies artifacts to where releases are. [Fields](schemas/beetmover.md).",
			"docker-worker":    "Runs a command in a container. [Fields](schemas/docker-worker.md).",
			"generic-worker":   "Runs commands on the machine itself. [Fields](schemas/generic-worker.md).",
			"invalid":          "A task that must never be created: its payload says so. [Fields](schemas/invalid.md).",
			"succeed":          "No worker: the task succeeds at once, when its dependencies did. [Fields](schemas/succeed.md).",
		}},
		{title: "Index types", about: "`index.type` of a task.", names: r.IndexBuilders.Names(), lines: map[string]string{
			"generic": "Four paths of the product and the job: the latest task of the project, and the one of this push by date, by number and by revision.",
		}},
		{title: "Fetch types", about: "`fetch.type` of a task of the kind fetch.", names: r.FetchBuilders.Names(), lines: map[string]string{
			"git":        "One revision of a Git repository, as an archive. [Fields](schemas/fetch-git.md).",
			"static-url": "One file whose SHA-256 is known. [Fields](schemas/fetch-static-url.md).",
		}},
		{title: "Groups of dependencies", about: "`from-deps.group-by`.", names: r.GroupBys.Names(), lines: map[string]string{
			"all":       "One group of all.",
			"attribute": "A group for each value of the attribute that the argument names.",
			"single":    "A group of each.",
		}},
		{title: "Names from dependencies", about: "`from-deps.set-name`.", names: r.SetNames.Names(), lines: map[string]string{
			"retain-kind": "The label of the task that is followed.",
			"strip-kind":  "The same without its kind.",
		}},
		{title: "Optimization strategies", about: "`optimization` of a task. See [optimization](../concepts/optimization.md).", names: r.Strategies.Names(), lines: map[string]string{
			"always":              "Removes the task.",
			"index-search":        "Replaces the task by the first good one at the index paths in its argument.",
			"never":               "Keeps the task.",
			"skip-unless-changed": "Removes the task unless the push changes a file that matches a pattern in its argument.",
		}},
		{title: "Target task methods", about: "The parameter `target_tasks_method`.", names: r.TargetMethods.Names(), lines: map[string]string{
			"codereview": "Of what `default` chooses, the tasks with the attribute code-review.",
			"default":    "The tasks whose `run-on-projects`, `run-on-tasks-for`, `run-on-git-branches` and `shipping-phase` fit.",
			"nothing":    "No task.",
		}},
		{title: "Filters", about: "The parameter `filters`.", names: r.Filters.Names(), lines: map[string]string{
			"target_tasks_method": "What the parameter `target_tasks_method` chooses.",
		}},
		{title: "Morphs", about: "Applied to every optimized graph.", names: r.Morphs.Names(), lines: map[string]string{
			"add_code_review_task": "Adds a task that reports to the code review, where the parameter `code-review` is set.",
			"add_index_tasks":      "Adds index tasks for tasks with more than 64 routes, the most that the queue takes.",
		}},
		{title: "Verifications", about: "Checked at their phase, and reported as TG4xxx.", names: r.Verifications.Names(), lines: map[string]string{
			"verify_always_optimized":            "No always-optimized task is left after optimization.",
			"verify_caches_are_volumes":          "Caches lie on volumes that the image declares.",
			"verify_dependency_tiers":            "No task depends on one of a higher Treeherder tier.",
			"verify_disabled_actions":            "The actions that config.yml disables exist.",
			"verify_index_route":                 "Index routes are index paths.",
			"verify_routes_notification_filters": "Notification routes end with a filter that there is.",
			"verify_run_task_caches":             "Caches are named for the trust domain and the level, and those of run-task for the run-task program as well.",
			"verify_task_dependencies":           "No task has more dependencies than the queue takes.",
			"verify_task_graph_symbol":           "No two tasks have the same Treeherder platform, group and symbol.",
			"verify_task_identifiers":            "Worker types and provisioners are identifiers.",
			"verify_toolchain_alias":             "No two toolchains have the same alias.",
			"verify_trust_domain_v2_routes":      "No two tasks have the same index route.",
		}},
		{title: "Actions", about: "What every project offers on its pushes, by callback: `taskgraph.disabled-actions` leaves some out, and [`actions`](../how-to/actions.md) in config.yml turns more on.",
			names: r.Actions.Names(), lines: map[string]string{
				"add-new-jobs":         "For the group: creates tasks of the full task graph by their labels.",
				"cancel":               "For any task: cancels it.",
				"cancel-all":           "For the group: cancels all of its tasks that have not ended.",
				"rebuild-cached-tasks": "For the group: creates the tasks again whose results are cached.",
				"rerun":                "For any task of the push: runs it again under its id where it failed.",
				"retrigger":            "For tasks with the tag `retrigger: \"true\"`: creates the task again, several times and with what depends on it if the input says so.",
				"retrigger-decision":   "For decision, action and cron tasks: creates the task again of its definition.",
				"retrigger-disabled":   "For any task: what retrigger does, where the input forces it.",
				"retrigger-multiple":   "For the group: creates several tasks again, and reruns those that are not to be retriggered.",
			}},
	}
}

// names gives the page of the names that kinds, config.yml and parameters can use.
func names() (string, error) {
	r := cli.Standard()
	var out strings.Builder
	out.WriteString(generated("what cli.Standard registers"))
	out.WriteString("# Names\n\nWhat is registered by name in a program that registers nothing of its own, by where the name stands. A repository's\nown program can [register more](../how-to/extend-in-go.md).\n")
	var errs []error
	for _, x := range extensionPoints(r) {
		fmt.Fprintf(&out, "\n## %s\n\n%s\n\n", x.title, x.about)
		if described := slices.Sorted(maps.Keys(x.lines)); !slices.Equal(described, x.names) {
			errs = append(errs, fmt.Errorf("%s: described are %q, registered %q: see docs/internal/reference/names.go", x.title, described, x.names))
			continue
		}
		heads := []string{"name", "meaning"}
		if x.steps != nil {
			heads = append(heads, "steps")
		}
		t := newTable(heads...)
		for _, name := range x.names {
			cells := []string{code(name), x.lines[name]}
			if x.steps != nil {
				var steps []string
				for _, s := range x.steps(name) {
					steps = append(steps, code(s))
				}
				cells = append(cells, strings.Join(steps, ", "))
			}
			t.row(cells...)
		}
		out.WriteString(t.String())
	}
	return out.String(), errors.Join(errs...)
}

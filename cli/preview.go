package cli

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/taskgraph-go/decision/taskgraph"
)

// defaultRev is --diff without a revision.
const defaultRev = "default"

// previews are the commands that print a phase.
var previews = []struct {
	name, short, long string
	phase             taskgraph.Phase
}{
	{"tasks", "Show the full task set", "The full task set has all tasks that any kind defines, without edges between them.", taskgraph.FullTaskSet},
	{"full", "Show the full task graph", "The full task graph is the full task set with edges for dependencies.", taskgraph.FullTaskGraph},
	{"target", "Show the target task set", "The target task set has the tasks that the filters choose for these parameters, without edges.", taskgraph.TargetTaskSet},
	{"target-graph", "Show the target task graph", "The target task graph has the target tasks, those that are always targeted, and all that they depend on.", taskgraph.TargetTaskGraph},
	{"optimized", "Show the optimized task graph", "The optimized task graph is what is left of the target task graph when tasks that need not run are removed, or replaced with tasks that the index has.", taskgraph.OptimizedTaskGraph},
	{"morphed", "Show the morphed task graph", "The morphed task graph is the optimized one in the form that is submitted to Taskcluster.", taskgraph.MorphedTaskGraph},
}

func (a *App) previewCommands() []*cobra.Command {
	var out []*cobra.Command
	for _, p := range previews {
		opts := &generateOptions{phase: p.phase}
		cmd := &cobra.Command{
			Use:   p.name,
			Short: p.short,
			Long: p.long + `

Parameters come from a file (.yml or .json, or either with .gz), a directory of such files, a URL, task-id=ID
(of a decision task), project=NAME (its latest decision task) or index=PATH. Without -p they are made up
from the checkout. Several -p generate several graphs in one go.`,
			Args: opts.arguments,
			RunE: func(cmd *cobra.Command, _ []string) error {
				opts.diff = cmd.Flags().Changed("diff")
				return a.generate(cmd.Context(), opts)
			},
		}
		opts.flags(cmd)
		a.completeFlags(cmd, opts)
		out = append(out, cmd)
	}
	return out
}

// arguments takes the revision that follows --diff: in the reference a blank may stand between them.
func (o *generateOptions) arguments(cmd *cobra.Command, args []string) error {
	if len(args) == 1 && o.diffRev == defaultRev {
		o.diffRev = args[0]
		return nil
	}
	return noArguments(cmd, args)
}

// sourceFlags are about where tree and parameters come from.
func (o *generateOptions) sourceFlags(f *pflag.FlagSet) {
	f.StringVarP(&o.root, "root", "r", "", "`directory` of config.yml and the kinds (default: taskcluster, here or in a directory above)")
	f.StringArrayVarP(&o.parameters, "parameters", "p", nil, "`parameters` to generate with; may be given several times")
	f.BoolVar(&o.offline, "offline", false, "no network: the index holds nothing")
}

func (o *generateOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	o.sourceFlags(f)
	f.StringArrayVarP(&o.targetKinds, "target-kind", "k", nil, "only tasks of this `kind` and what it depends on; may be given several times")
	f.StringVarP(&o.output, "output-file", "o", "", "write to this `file`; {params} stands for the name of the parameters")
	f.BoolVarP(&o.json, "json", "J", false, "print JSON")
	f.BoolVarP(&o.yaml, "yaml", "Y", false, "print YAML")
	f.BoolVarP(&o.labels, "labels", "L", false, "print labels only (default)")
	f.StringVar(&o.tasksRegex, "tasks-regex", "", "only tasks whose labels match this (Python) `regex` at the start")
	f.StringVar(&o.tasksRegex, "tasks", "", "the same as --tasks-regex")
	f.Lookup("tasks").Hidden = true
	f.StringArrayVar(&o.excludeKeys, "exclude-key", nil, "leave this `key` (dots between levels) out of the result; may be given several times")
	f.BoolVar(&o.noOptimize, "no-optimize", false, "neither remove nor replace tasks")
	f.BoolVar(&o.forceLocalFilesChanged, "force-local-files-changed", false, "take files_changed from the checkout, whatever the parameters say")
	f.BoolVarP(&o.fast, "fast", "F", false, "skip digests of files and images")
	f.IntVarP(&o.workers, "max-workers", "j", 0, "use this `number` of processors (default: all)")
	f.StringVar(&o.index, "index", "", "let this JSON `file` (path: {taskId, state, expires}) stand for the index")
	f.StringVar(&o.runTask, "run-task-dir", "", "`directory` of the run-task and fetch-content programs that digests cover (default: $TASKGRAPH_RUN_TASK_DIR, or run-task-dir in config.yml)")
	f.StringVar(&o.diffRev, "diff", "", "print what differs from the graph at a `revision`, by default the one that this work is based on")
	f.Lookup("diff").NoOptDefVal = defaultRev
	cmd.MarkFlagsMutuallyExclusive("json", "yaml", "labels")
}

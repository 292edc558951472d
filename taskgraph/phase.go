package taskgraph

// Phase is a stage of generation whose result can be asked for and verified.
type Phase int

// The phases, in order.
const (
	Initial Phase = iota
	GraphConfigPhase
	ParametersPhase
	KindsPhase
	FullTaskSet
	FullTaskGraph
	TargetTaskSet
	TargetTaskGraph
	OptimizedTaskGraph
	MorphedTaskGraph
)

// String gives the name that logs, verifications and files use.
func (p Phase) String() string {
	return [...]string{"initial", "graph_config", "parameters", "kinds", "full_task_set", "full_task_graph",
		"target_task_set", "target_task_graph", "optimized_task_graph", "morphed_task_graph"}[p]
}

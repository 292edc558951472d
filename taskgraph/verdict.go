package taskgraph

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
)

// Verdict says what optimization made of one task, and why.
type Verdict struct {
	Label  string
	Action Action
	// Removal is why the task was removed, or why it was not: a strategy, as "name (description)", or a rule such as
	// "dependent tasks".
	Removal string
	// Replacement is why the task was replaced, or why it was not; "" where it did not come to that.
	Replacement string
	// TaskID is the task that stands in for a replaced one. A removed task may have one, too, as in the reference:
	// its label then stands for that task.
	TaskID string
}

// Action is what becomes of a task in optimization.
type Action uint8

// The actions.
const (
	Kept Action = iota
	Removed
	Replaced
)

// String names the action as optimizations.log does.
func (a Action) String() string { return [...]string{"kept", "removed", "replaced"}[a] }

// Reason is why the action was taken.
func (v Verdict) Reason() string {
	if v.Action == Replaced || v.Removal == "" {
		return v.Replacement
	}
	return v.Removal
}

// String gives the verdict as a line of optimizations.log.
func (v Verdict) String() string {
	if v.Action == Replaced {
		return fmt.Sprintf("optimize: %s replaced with %s because of %s", v.Label, v.TaskID, v.Replacement)
	}
	return fmt.Sprintf("optimize: %s %s because of %s", v.Label, v.Action, v.Reason())
}

// The rules that decide where no strategy is asked.
const (
	byLock       = "do not optimize"
	byDependents = "dependent tasks"
	byNobody     = "dependents optimized"
	byPruning    = "if-dependencies pruning"
	byIf         = "if-dependencies"
	byExisting   = "existing_tasks"
	byUnreplaced = "dependencies that are neither replaced nor removed"
)

// count logs how many tasks an action was taken on, by reason.
func count(log *slog.Logger, action Action, reasons map[string]int) {
	if !log.Enabled(context.Background(), slog.LevelInfo) {
		return
	}
	parts := make([]string, 0, len(reasons))
	total := 0
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		parts = append(parts, fmt.Sprintf("%d tasks by %s", reasons[reason], reason))
		total += reasons[reason]
	}
	log.Info(action.String()+" during optimization", "tasks", total, "by", strings.Join(parts, ", "))
}

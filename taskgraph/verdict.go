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
	Label   string
	Outcome Outcome
	// Removal is why the task was removed, or why it was not: a strategy, as "name (description)", or a rule such as
	// "dependent tasks".
	Removal string
	// Replacement is why the task was replaced, or why it was not; "" where it did not come to that.
	Replacement string
	// TaskID is the task that stands in for a replaced one. A removed task may have one, too, as in the reference:
	// its label then stands for that task.
	TaskID string
}

// Outcome is what becomes of a task in optimization.
type Outcome uint8

// The outcomes.
const (
	Kept Outcome = iota
	Removed
	Replaced
)

// String names the outcome as optimizations.log does.
func (o Outcome) String() string { return [...]string{"kept", "removed", "replaced"}[o] }

// Reason is why it came to that.
func (v Verdict) Reason() string {
	if v.Outcome == Replaced || v.Removal == "" {
		return v.Replacement
	}
	return v.Removal
}

// String gives the verdict as a line of optimizations.log.
func (v Verdict) String() string {
	if v.Outcome == Replaced {
		return fmt.Sprintf("optimize: %s replaced with %s because of %s", v.Label, v.TaskID, v.Replacement)
	}
	return fmt.Sprintf("optimize: %s %s because of %s", v.Label, v.Outcome, v.Reason())
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

// count logs how many tasks had an outcome, by reason.
func count(log *slog.Logger, outcome Outcome, reasons map[string]int) {
	if !log.Enabled(context.Background(), slog.LevelInfo) {
		return
	}
	parts := make([]string, 0, len(reasons))
	total := 0
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		parts = append(parts, fmt.Sprintf("%d tasks by %s", reasons[reason], reason))
		total += reasons[reason]
	}
	log.Info(outcome.String()+" during optimization", "tasks", total, "by", strings.Join(parts, ", "))
}

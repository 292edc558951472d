package taskgraph

import (
	"strconv"
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// verifyToolchainAliases reports aliases that several toolchains have.
func verifyToolchainAliases(cfg *VerifyConfig, report func(error)) {
	taken := map[string]*Task{}
	for _, t := range cfg.Tasks.tasks {
		aliases, ok := t.Attributes.Get("toolchain-alias")
		if !ok || !aliases.Truthy() {
			continue
		}
		list := aliases.List()
		if aliases.IsString() {
			list = value.NewList(aliases)
		}
		for alias := range list.Values() {
			other := taken[alias.Str()]
			if other == nil {
				taken[alias.Str()] = t
				continue
			}
			report(aboutTask(t, diag.Errorf(diag.DuplicateAlias, alias.Pos(), "has the toolchain alias %q, as has task %q", alias.Str(), other.Label).
				WithPath("attributes.toolchain-alias").WithRelated(positionOr(other.Attribute("toolchain-alias"), other.Pos), "%s is the other one", other.Label)))
		}
	}
}

// verifyIdentifiers reports worker types and provisioners that the queue would refuse.
func verifyIdentifiers(cfg *VerifyConfig, report func(error)) {
	check := func(t *Task, field string, v value.Value) {
		if s, ok := v.AsString(); ok && isIdentifier(s) {
			return
		}
		report(aboutTask(t, diag.Errorf(diag.BadIdentifier, v.Pos(), "want an identifier of 1 to 38 letters, digits, - and _, got %s", v.Describe()).WithPath(field)))
	}
	for i, p := range cfg.parts() {
		check(cfg.Tasks.tasks[i], "workerType", p.workerType)
		check(cfg.Tasks.tasks[i], "provisionerId", p.provisionerID)
	}
}

// isIdentifier says whether a text is a name of the queue's. As in the reference a line break at the end does no harm.
func isIdentifier(s string) bool {
	s = strings.TrimSuffix(s, "\n")
	if s == "" || len(s) > 38 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// verifyDependencyCount reports tasks with more dependencies of all sorts than the queue takes.
func verifyDependencyCount(cfg *VerifyConfig, report func(error)) {
	for _, t := range cfg.Tasks.tasks {
		if n := t.Dependencies.Len() + t.IfDependencies.Len() + t.SoftDependencies.Len(); n > MaxDependencies {
			report(aboutTask(t, diag.Errorf(diag.TooManyDeps, 0, "has %d dependencies, %d is the most", n, MaxDependencies).
				WithPath("dependencies").WithHint("depend on them through a few tasks in between, on worker type succeed")))
		}
	}
}

// verifyAlwaysOptimized reports tasks that run nothing and exist only to be replaced or removed, but were not.
func verifyAlwaysOptimized(cfg *VerifyConfig, report func(error)) {
	if cfg.Unoptimized {
		return
	}
	stays := func(t *Task) bool { return t.Task.Str("workerType") == "always-optimized" }
	for _, t := range tasksWhere(cfg.Tasks.tasks, func() func(*Task) bool { return stays }) {
		report(aboutTask(t, diag.Errorf(diag.NotOptimizedAway, 0, "could not be optimized away, but no worker runs it").
			WithHint("its optimization must find a task to replace it, or something must keep it from being needed")))
	}
}

// containsDummy says whether a kind is one that only groups others.
func containsDummy(kind string) bool { return strings.Contains(kind, "dummy") }

// tierText names a tier in a message.
func tierText(tier int64) string {
	if tier == noTier {
		return "unknown tier"
	}
	return "tier " + strconv.FormatInt(tier, 10)
}

// positionOr gives a value's position, or another one where it has none.
func positionOr(v value.Value, pos diag.Pos) diag.Pos { return v.Or(pos).Pos() }

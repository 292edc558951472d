package actions

import "github.com/taskgraph-go/decision/taskgraph"

func retriggerDecision(*taskgraph.ActionArgs) error  { return nil }
func retrigger(*taskgraph.ActionArgs) error          { return nil }
func addNewJobs(*taskgraph.ActionArgs) error         { return nil }
func rerun(*taskgraph.ActionArgs) error              { return nil }
func cancel(*taskgraph.ActionArgs) error             { return nil }
func cancelAll(*taskgraph.ActionArgs) error          { return nil }
func rebuildCachedTasks(*taskgraph.ActionArgs) error { return nil }
func retriggerMultiple(*taskgraph.ActionArgs) error  { return nil }

package taskgraph

import "github.com/taskgraph-go/decision/diag"

// verifyDisabledActions checks that what taskgraph.disabled-actions names exists. The reference notices a mistake there only
// when it writes actions.json, at the end of a decision task.
func verifyDisabledActions(cfg *VerifyConfig, report func(error)) {
	actions := cfg.Project.Registry.Actions
	for v := range cfg.Graph.Taskgraph("disabled-actions").List().Values() {
		if _, known := actions.Get(v.Str()); !known {
			report(diag.Errorf(diag.BadConfig, v.Pos(), "unknown action %q", v.Str()).WithPath("taskgraph.disabled-actions").
				WithHint("%s", diag.DidYouMean(v.Str(), actions.Names())))
		}
	}
}

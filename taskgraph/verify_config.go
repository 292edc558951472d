package taskgraph

import (
	"slices"

	"github.com/taskgraph-go/decision/diag"
)

// standardActions are the callbacks of the actions that every project has unless it disables them.
var standardActions = []string{
	"add-new-jobs", "cancel", "cancel-all", "rebuild-cached-tasks", "rerun", "retrigger", "retrigger-decision", "retrigger-disabled", "retrigger-multiple",
}

// verifyDisabledActions checks that what taskgraph.disabled-actions names exists. The reference notices a mistake there only
// when it writes actions.json, at the end of a decision task.
func verifyDisabledActions(cfg *VerifyConfig, report func(error)) {
	for v := range cfg.Graph.Taskgraph("disabled-actions").List().Values() {
		if !slices.Contains(standardActions, v.Str()) {
			report(diag.Errorf(diag.BadConfig, v.Pos(), "unknown action %q", v.Str()).WithPath("taskgraph.disabled-actions").
				WithHint("%s", diag.DidYouMean(v.Str(), standardActions)))
		}
	}
}

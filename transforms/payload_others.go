package transforms

import (
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// beetmoverPayload builds the payload for beetmover, which moves release artifacts into place.
func beetmoverPayload(cfg *taskgraph.Config, task, def *value.Map) error {
	worker := task.At("worker").Map()
	given := worker.At("release-properties")
	properties := value.NewMap(6)
	var errs []*diag.Diagnostic
	for _, f := range [...][2]string{
		{"app-name", "appName"}, {"app-version", "appVersion"}, {"branch", "branch"}, {"build-id", "buildid"}, {"hash-type", "hashType"}, {"platform", "platform"},
	} {
		v, ok := given.Map().Get(f[0])
		if !ok {
			errs = append(errs, diag.Errorf(diag.MissingField, given.Pos(), "release-properties needs %q", f[0]).WithPath("worker.release-properties"))
		}
		properties.Set(f[1], v)
	}
	if err := invalid(errs); err != nil {
		return err
	}
	payload := def.EditMap("payload")
	payload.Set("maxRunTime", worker.At("max-run-time"))
	payload.Set("releaseProperties", properties.Value())
	payload.Set("upload_date", cfg.Params.At("build_date"))
	payload.Set("upstreamArtifacts", worker.At("upstream-artifacts"))
	for _, f := range [...][2]string{{"locale", "locale"}, {"artifact-map", "artifactMap"}, {"partner-public", "is_partner_repack_public"}} {
		if v := worker.At(f[0]); v.Truthy() {
			payload.Set(f[1], v)
		}
	}
	return nil
}

// invalidPayload builds the payload of a task that must never be created.
func invalidPayload(_ *taskgraph.Config, _, def *value.Map) error {
	def.Set("payload", value.NewString("invalid task - should never be created"))
	return nil
}

// emptyPayload builds the payload of tasks that no worker runs.
func emptyPayload(_ *taskgraph.Config, _, def *value.Map) error {
	def.EditMap("payload")
	return nil
}

package taskgraph

import "github.com/taskgraph-go/decision/value"

// RegisterStandard registers what every repository has without asking: the filter, the target task methods, the morphs
// and the verifications of the reference, under its names.
func RegisterStandard(r *Registry) {
	defer r.Contain()()
	r.Filters.Add("target_tasks_method", filterByMethod)

	r.TargetMethods.Add("default", targetDefault)
	r.TargetMethods.Add("codereview", targetCodeReview)
	r.TargetMethods.Add("nothing", targetNothing)

	r.ProjectParameters.Add("default", value.MapOf("target_tasks_method", "default"))

	r.Morphs.Add("add_index_tasks", addIndexTasks)
	r.Morphs.Add("add_code_review_task", addCodeReviewTask)

	full := func(name string, check func(*VerifyConfig, func(error))) {
		r.Verifications.Add(name, Verification{Phase: FullTaskGraph, Check: check})
	}
	full("verify_task_graph_symbol", verifySymbols)
	full("verify_trust_domain_v2_routes", verifyDistinctRoutes)
	full("verify_routes_notification_filters", verifyNotifications)
	full("verify_index_route", verifyIndexRoutes)
	full("verify_dependency_tiers", verifyTiers)
	full("verify_toolchain_alias", verifyToolchainAliases)
	full("verify_run_task_caches", verifyCaches)
	full("verify_task_identifiers", verifyIdentifiers)
	full("verify_task_dependencies", verifyDependencyCount)
	full("verify_caches_are_volumes", verifyVolumes)
	r.Verifications.Add("verify_disabled_actions", Verification{Phase: GraphConfigPhase, Check: verifyDisabledActions})
	r.Verifications.Add("verify_always_optimized", Verification{Phase: OptimizedTaskGraph, Check: verifyAlwaysOptimized})
}

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

	full := func(name string, steady bool, check func(*VerifyConfig, func(error))) {
		r.Verifications.Add(name, Verification{Phase: FullTaskGraph, Check: check, steady: steady})
	}
	full("verify_task_graph_symbol", true, verifySymbols)
	full("verify_trust_domain_v2_routes", false, verifyDistinctRoutes)
	full("verify_routes_notification_filters", false, verifyNotifications)
	full("verify_index_route", false, verifyIndexRoutes)
	full("verify_dependency_tiers", true, verifyTiers)
	full("verify_toolchain_alias", true, verifyToolchainAliases)
	full("verify_run_task_caches", true, verifyCaches)
	full("verify_task_identifiers", true, verifyIdentifiers)
	full("verify_task_dependencies", true, verifyDependencyCount)
	full("verify_caches_are_volumes", true, verifyVolumes)
	r.Verifications.Add("verify_disabled_actions", Verification{Phase: GraphConfigPhase, Check: verifyDisabledActions})
	r.Verifications.Add("verify_always_optimized", Verification{Phase: OptimizedTaskGraph, Check: verifyAlwaysOptimized})
}

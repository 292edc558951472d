package taskcluster

// DecisionPath gives the index path of the decision task of the push to a project that ended with a revision.
func DecisionPath(trustDomain, project, revision string) string {
	return trustDomain + ".v2." + project + ".revision." + revision + ".taskgraph.decision"
}

// LatestDecisionPath gives the index path of the decision task of the newest push to a project.
func LatestDecisionPath(trustDomain, project string) string {
	return trustDomain + ".v2." + project + ".latest.taskgraph.decision"
}

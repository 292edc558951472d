// Package decision is what a decision task does: it makes the parameters of a push, generates the graph for them, and
// leaves artifacts that say what was decided and why.
//
// [Parameters] works out what a push is from the command line, the checkout and the graph config: which files it
// changed, and from which revision on; [Change] says how that was found out, and how sure it is. [Run] generates, with
// the very phases that previews use, and writes an artifact as soon as its phase is done, so that a failure leaves
// those of the phases before it.
//
//	params, err := decision.Parameters(ctx, decision.ParameterOptions{Push: push, Project: project, Repository: repo, Dir: dir})
//	generator := project.Generator(params, taskgraph.GeneratorOptions{DecisionTaskID: id, WriteArtifacts: true})
//	result, err := decision.Run(ctx, decision.Options{Generator: generator, Project: project, DecisionTaskID: id, Artifacts: "artifacts"})
//
// Creating the tasks is not done here: [Options].Submitter does it.
package decision

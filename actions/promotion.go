package actions

import (
	"slices"
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/slugid"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// newPromotion gives the action that makes a release in steps. The builds stand in the graph of the push; each step makes a graph
// of its own, whose tasks depend on those of the graphs before.
func newPromotion(s settings, config *taskgraph.GraphConfig) ([]callback, error) {
	flavors := config.Map().At("release-promotion").Map().At("flavors").Map()
	if flavors.Len() == 0 {
		return nil, diag.Errorf(diag.BadConfig, 0, "there is nothing to make: release-promotion.flavors has no entry")
	}
	names := slices.Sorted(slices.Values(flavors.Keys()))
	list := func(item *value.Map, description string) *value.Map {
		return value.MapOf("type", "array", "items", item, "description", description)
	}
	text := value.MapOf("type", "string")
	schema := value.MapOf("type", "object", "required", []string{"release_promotion_flavor", "build_number"}, "properties", value.MapOf(
		"build_number", value.MapOf("type", "integer", "default", 1, "minimum", 1, "title", "The release build number",
			"description", "The release build number. Starts at 1 per release version, and increments on rebuild."),
		"release_promotion_flavor", value.MapOf("type", "string", "enum", names, "description", "The flavor of release promotion to perform."),
		"do_not_optimize", list(text.Copy(), "Optional: a list of labels to avoid optimizing out of the graph (to force a rerun of, say, funsize docker-image tasks)."),
		"rebuild_kinds", list(text.Copy(), "Optional: an array of kinds to ignore from the previous graph(s)."),
		"previous_graph_ids", list(value.MapOf("type", "string", "pattern", slugid.Pattern), "Optional: an array of taskIds of decision or action tasks from the previous graph(s) to use to populate our `previous_graph_kinds`."),
		"revision", value.MapOf("type", "string", "title", "Optional: revision to ship", "description", "Optional: the revision to ship."),
		"version", value.MapOf("type", "string", "default", "", "description", "Optional: override the version for release promotion."),
		"next_version", value.MapOf("type", []string{"string", "null"}, "description", "Next version.", "default", ""),
		"partial_updates", value.MapOf("type", "object", "default", value.NewMap(0), "description", "Partial updates. A map of versions to build numbers and locales.",
			"additionalProperties", value.MapOf("type", "object", "additionalProperties", false, "required", []string{"buildNumber", "locales"}, "properties", value.MapOf(
				"buildNumber", value.MapOf("type", "number"), "locales", list(text.Copy(), "A list of locales"),
			))),
		"release_eta", value.MapOf("type", "string", "default", "", "description", "The date at which a release is planned to be live."),
		"required_signoffs", list(text.Copy(), "The flavor of required signoffs"),
		"signoff_urls", value.MapOf("type", "object", "default", value.NewMap(0), "additionalProperties", text.Copy(), "description", "Map of signoff keywords to url"),
	))
	p := &promotion{flavors: flavors}
	return []callback{{"release-promotion", s.apply(&taskgraph.Action{
		Name: "release-promotion", Title: "Release Promotion", Symbol: "${input.release_promotion_flavor}", Order: 500, Permission: "release-promotion",
		Description: "Promote a release.", Schema: fixed(schema), Run: p.run,
	})}}, nil
}

type promotion struct{ flavors *value.Map }

func (p *promotion) run(args *taskgraph.ActionArgs) error {
	input := args.Input.Map()
	name := input.Str("release_promotion_flavor")
	flavor := p.flavors.At(name).Map()
	if err := p.demands(name, flavor, input); err != nil {
		return err
	}
	previous, err := p.previous(args, input)
	if err != nil {
		return err
	}
	// Date, version and build id stay those of the builds.
	params, err := parametersAt(args, previous[0])
	if err != nil {
		return err
	}
	existing, err := p.existing(args, previous, texts(input, flavor, "rebuild_kinds", "rebuild-kinds"))
	if err != nil {
		return err
	}
	change := value.MapOf(
		"existing_tasks", existing,
		"do_not_optimize", texts(input, flavor, "do_not_optimize", "do-not-optimize"),
		"optimize_target_tasks", true,
		"build_number", input.At("build_number"),
		"tasks_for", "action",
	)
	if method := flavor.Str("target-tasks-method"); method != "" {
		change.Set("target_tasks_method", value.NewString(strings.ReplaceAll(method, "{project}", params.Project())))
	}
	p.release(change, params, flavor, input)
	return args.Tasks.Decide(args.Context, parametersWith(params, change))
}

// demands checks what a flavor wants the input to say.
func (p *promotion) demands(name string, flavor, input *value.Map) error {
	var errs diag.List
	if next := input.Str("next_version"); flavor.At("version-bump").IsTrue() && (next == "" || next == "None") {
		errs.Add(diag.Errorf(diag.BadInput, input.At("next_version").Pos(), "the flavor %q needs the next version", name).WithPath("next_version"))
	}
	if flavor.At("partial-updates").IsTrue() && input.At("partial_updates").Map().Len() == 0 {
		errs.Add(diag.Errorf(diag.BadInput, input.At("partial_updates").Pos(), "the flavor %q needs the versions to make partial updates from", name).WithPath("partial_updates"))
	}
	return errs.Err(nil)
}

// previous gives the tasks whose graphs this one goes on from: what the input says, or else the decision task of the revision that
// it names, or of this push.
func (p *promotion) previous(args *taskgraph.ActionArgs, input *value.Map) ([]string, error) {
	if ids := input.At("previous_graph_ids").List().Strings(); len(ids) > 0 {
		return ids, nil
	}
	if revision := input.Str("revision"); revision != "" {
		id, err := args.Index.Find(args.Context, decisionPath(args.Graph.TrustDomain(), "git", args.Params.Project(), "", revision))
		return []string{id}, err
	}
	push, err := args.Push(args.Context)
	if err != nil {
		return nil, err
	}
	return []string{push.DecisionTaskID}, nil
}

// existing gives the tasks that the graphs before have and that stay: those of a later graph before those of an earlier one.
func (p *promotion) existing(args *taskgraph.ActionArgs, previous, rebuild []string) (*value.Map, error) {
	kinds := map[string]string{}
	var labels []map[string]string
	for _, id := range previous {
		graph, err := fullGraph(args.Context, args.Queue, artifactReader(args), id)
		if err != nil {
			return nil, err
		}
		for t := range graph.All() {
			kinds[t.Label] = t.Kind
		}
		found, err := GroupLabels(args.Context, args.Queue, artifactReader(args), id)
		if err != nil {
			return nil, err
		}
		labels = append(labels, found)
	}
	all := map[string]string{}
	for _, found := range labels {
		for label, id := range found {
			if kind, ok := kinds[label]; ok && !slices.Contains(rebuild, kind) {
				all[label] = id
			}
		}
	}
	out := value.NewMap(len(all))
	for _, label := range sortedKeys(all) {
		out.Set(label, value.NewString(all[label]))
	}
	return out, nil
}

// release sets the parameters that say what release this is. Those that neither the input gives nor the push has are left out:
// not every project declares them.
func (p *promotion) release(change *value.Map, params *parameters.Params, flavor, input *value.Map) {
	if v := input.Str("version"); v != "" {
		change.Set("version", value.NewString(v))
	}
	if v := input.Str("next_version"); v != "" {
		change.Set("next_version", value.NewString(v))
	}
	for name, v := range map[string]value.Value{
		"release_product": flavor.At("product"), "shipping_phase": flavor.At("shipping-phase"), "release_eta": input.At("release_eta"), "release_partial_updates": input.At("partial_updates"),
	} {
		if v.Truthy() {
			change.Set(name, v)
		}
	}
	if release := params.At("release_type"); flavor.At("is-rc").IsTrue() {
		change.Set("release_type", value.NewString(release.Str()+"-rc"))
	}
	if signoffs := append(params.At("required_signoffs").List().Strings(), input.At("required_signoffs").List().Strings()...); len(signoffs) > 0 {
		change.Set("required_signoffs", value.NewStrings(sortedSet(signoffs)...).Value())
	}
	if urls := input.At("signoff_urls").Map(); urls.Len() > 0 {
		change.Set("signoff_urls", value.Merge(params.At("signoff_urls").Map(), urls).Value())
	}
}

// texts gives a list of texts: what the input says, or else the flavor.
func texts(input, flavor *value.Map, ofInput, ofFlavor string) []string {
	if l := input.At(ofInput).List(); l != nil {
		return l.Strings()
	}
	return flavor.At(ofFlavor).List().Strings()
}

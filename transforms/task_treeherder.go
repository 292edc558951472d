package transforms

import (
	"strings"
	"unicode/utf8"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// treeherderMetadata makes extra.treeherder and the route by which Treeherder finds the task.
func treeherderMetadata(cfg *taskgraph.Config, stub *value.Map, yield func(*value.Map)) error {
	routes, extra := editListOrNew(stub, "routes"), editMapOrNew(stub, "extra")
	given := stub.At("treeherder")
	if given.Truthy() {
		merged := taskgraph.Memo(cfg, treeherderKey{}, func() *value.Map { return treeherderDefaults(cfg.Kind, "") })
		if given.Map().Len() > 0 {
			defaults := merged
			merged = value.NewMapNear(stub, 8)
			merged.Update(defaults)
			for k, v := range given.Map().All() {
				merged.Set(k, v)
			}
		}
		if err := treeherderExtra(cfg, extra, merged, given); err != nil {
			return err
		}
		routes.Append(taskgraph.Memo(cfg, routeKey{}, func() value.Value {
			return value.NewString("tc-treeherder.v2." + treeherderProject(cfg.Params, false) + "." + cfg.Params.BlankText("head_rev") + "." + cfg.Params.BlankText("pushlog_id"))
		}))
	}
	yield(stub)
	return nil
}

// Keys of what is the same for all tasks of a kind.
type (
	treeherderKey struct{}
	routeKey      struct{}
)

// treeherderExtra sets what Treeherder reads from a definition: where the task stands on its page and what it is.
func treeherderExtra(cfg *taskgraph.Config, extra, merged *value.Map, given value.Value) error {
	fail := func(v value.Value, key, format string, args ...any) *diag.Diagnostic {
		pos := v.Pos()
		if pos == 0 {
			pos = given.Pos()
		}
		return diag.Errorf(diag.BadTreeherder, pos, format, args...).WithPath("treeherder." + key)
	}
	th := editMapOrNew(extra, "treeherder")
	platform := merged.At("platform")
	extra.SetDefault("treeherder-platform", platform)
	machine, collection, ok := strings.Cut(platform.Str(), "/")
	if !ok {
		return fail(platform, "platform", "want platform/collection, got %s", platform.Describe()).WithHint("%s/opt", platform.Str())
	}
	if tier := merged.At("tier"); tier.IsNull() {
		return fail(tier, "tier", "want an integer, got null")
	}
	th.Set("machine", machineKeys.MapNear(extra, value.NewString(machine).At(platform.Pos())).Value())
	shown := value.NewMapNear(extra, 1)
	shown.Set(collection, value.NewBool(true))
	th.Set("collection", shown.Value())
	text := merged.At("symbol")
	group, symbol, err := SplitSymbol(text.Str())
	if err != nil {
		return at(err, text, "treeherder.symbol")
	}
	if group != "?" {
		th.Set("groupSymbol", value.NewString(group).At(text.Pos()))
		name, ok := cfg.Graph.GroupNames().Get(group)
		if !ok {
			return fail(text, "symbol", "treeherder group %q has no name", group).
				WithHint("add it to treeherder.group-names in config.yml; %s", diag.DidYouMean(group, cfg.Graph.GroupNames().Keys()))
		}
		th.Set("groupName", name)
	}
	th.Set("symbol", value.NewString(symbol).At(text.Pos()))
	if utf8.RuneCountInString(symbol) > 25 || utf8.RuneCountInString(group) > 25 {
		return fail(text, "symbol", "symbol and group must not be longer than 25 characters, got %q", text.Str())
	}
	th.Set("jobKind", merged.At("kind"))
	th.Set("tier", merged.At("tier"))
	return nil
}

var machineKeys = value.NewKeys("platform")

// treeherderProject gives the project under which Treeherder shows the push. For pull requests the head repository's
// name would be wrong, so routes take the base repository's; the link in the description keeps the project, as in the
// reference.
func treeherderProject(p *parameters.Params, link bool) string {
	name := "project of Treeherder's routes"
	if link {
		name = "project of Treeherder's pages"
	}
	v, _ := p.Blank(name, func(p *parameters.Params) (value.Value, error) {
		project := p.Project()
		if !isPullRequest(p) {
			return value.NewString(project), nil
		}
		if !link {
			base := p.At("base_repository").Str()
			project = strings.TrimSuffix(base[strings.LastIndexByte(base, '/')+1:], ".git")
		}
		return value.NewString(project + "-pr"), nil
	})
	return v.Str()
}

// isPullRequest says whether the graph is for a pull request.
func isPullRequest(p *parameters.Params) bool {
	v, _ := p.Find("pull request", func(p *parameters.Params) (value.Value, error) {
		return value.NewBool(strings.HasPrefix(p.TasksFor(), "github-pull-request")), nil
	})
	return v.IsTrue()
}

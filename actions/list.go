package actions

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskcluster/tcyml"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// GenericPermission is the permission of actions that name none: everybody who may push has it.
const GenericPermission = "generic"

// hooksOwner is whom the payload names as the owner of the push, as in the reference: hooks are rendered with that.
const hooksOwner = "mozilla-taskcluster-maintenance@mozilla.com"

// Document gives actions.json for a push: all actions that are offered, in the order of menus.
func Document(project *taskgraph.Project, params *parameters.Params, decisionTaskID string) (*value.Map, error) {
	list, err := List(project, params, decisionTaskID)
	if err != nil {
		return nil, err
	}
	return value.MapOf("version", 1, "variables", value.NewMap(0), "actions", list), nil
}

// List gives the actions of actions.json.
func List(project *taskgraph.Project, params *parameters.Params, decisionTaskID string) (*value.List, error) {
	offers, err := offered(project, params)
	if err != nil {
		return nil, project.Resolve(err)
	}
	out := value.NewList()
	if len(offers) == 0 {
		return out, nil
	}
	digest, err := taskclusterYMLDigest(project)
	if err != nil {
		return nil, project.Resolve(err)
	}
	var errs diag.List
	for _, o := range offers {
		entry, err := o.entry(project, params, decisionTaskID, digest)
		if err != nil {
			errs.Add(err)
			continue
		}
		out.Append(entry.Value())
	}
	return out, errs.Err(project.Sources)
}

// offer is an action that is offered for a push.
type offer struct {
	*taskgraph.Action
	callback string
	context  *value.List
	schema   value.Value // null: the action takes no input
}

// permission gives the action's permission.
func (o *offer) permission() string { return cmp.Or(o.Permission, GenericPermission) }

// offered gives the actions that are offered for a push, in the order of menus.
func offered(project *taskgraph.Project, params *parameters.Params) ([]*offer, error) {
	disabled := project.Config.DisabledActions()
	var offers []*offer
	var errs diag.List
	for v := range project.Config.Taskgraph("disabled-actions").List().Values() {
		if _, known := project.Registry.Actions.Get(v.Str()); !known {
			errs.Add(diag.Errorf(diag.BadConfig, v.Pos(), "unknown action %q", v.Str()).WithPath("taskgraph.disabled-actions").
				WithHint("%s", diag.DidYouMean(v.Str(), project.Registry.Actions.Names())))
		}
	}
	for callback, action := range project.Registry.Actions.All() {
		if slices.Contains(disabled, callback) {
			continue
		}
		o, err := newOffer(project, params, callback, action)
		if err != nil {
			errs.Add(named(err, callback))
		} else if o != nil {
			offers = append(offers, o)
		}
	}
	slices.SortStableFunc(offers, func(a, b *offer) int { return cmp.Compare(a.Order, b.Order) })
	return offers, errs.Err(project.Sources)
}

// named says of an error which action it is about.
func named(err error, callback string) error {
	if found := diag.Flatten(err); len(found) > 0 {
		for _, d := range found {
			if d.Stage == "" {
				d.Stage = "action " + callback
			}
		}
		return err
	}
	return fmt.Errorf("action %s: %w", callback, err)
}

// newOffer gives an action as it is offered for a push, nil where it is not.
func newOffer(project *taskgraph.Project, params *parameters.Params, callback string, action *taskgraph.Action) (o *offer, err error) {
	defer taskgraph.CatchBug("action "+callback, func(bug error) { err = bug })
	if err := check(callback, action); err != nil {
		return nil, err
	}
	if action.Available != nil {
		if ok, err := action.Available(params); err != nil || !ok {
			return nil, err
		}
	}
	o = &offer{Action: action, callback: callback, context: value.NewList()}
	if action.Context != nil {
		list, err := action.Context(params)
		if err != nil {
			return nil, err
		}
		for v := range list.Values() {
			if v.Map() == nil {
				return nil, diag.Errorf(diag.WrongType, v.Pos(), "want a map of tags in the context, got %s", v.Describe())
			}
		}
		if list != nil {
			o.context = list.Copy()
		}
	}
	if action.Schema != nil {
		if o.schema, err = action.Schema(project.Config); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// check says what keeps an action from being offered: limits of the format, and those that keep permissions apart.
func check(callback string, a *taskgraph.Action) error {
	wrong := func(format string, args ...any) error { return diag.Errorf(diag.BadAction, 0, format, args...) }
	switch n := utf8.RuneCountInString(a.Symbol); {
	case a.Name == "" || utf8.RuneCountInString(a.Name) > 255:
		return wrong("the name of an action has 1 to 255 characters, got %d", utf8.RuneCountInString(a.Name))
	case utf8.RuneCountInString(a.Title) > 255:
		return wrong("the title of an action has at most 255 characters, got %d", utf8.RuneCountInString(a.Title))
	case utf8.RuneCountInString(a.Description) > 4096:
		return wrong("the description of an action has at most 4096 characters, got %d", utf8.RuneCountInString(a.Description))
	case !strings.Contains(a.Symbol, "$") && (n < 1 || n > 25):
		return wrong("the symbol of an action has 1 to 25 characters, got %d", n)
	case strings.Contains(a.Permission, "/"):
		// Whoever may trigger .../permission/* could trigger the hooks of another permission below it.
		return wrong("a permission has no slash, got %q", a.Permission).(*diag.Diagnostic).WithHint("use a dash")
	case a.Run == nil:
		return wrong("the action %q does nothing: Run is nil", callback)
	}
	return nil
}

// entry gives what actions.json says of an action.
func (o *offer) entry(project *taskgraph.Project, params *parameters.Params, decisionTaskID, digest string) (*value.Map, error) {
	title, description := strings.TrimSpace(o.Title), strings.TrimSpace(o.Description)
	push := value.MapOf(
		"owner", hooksOwner, "pushlog_id", params.At("pushlog_id"), "revision", params.At("head_rev"), "base_revision", params.At("base_rev"),
	)
	branch, base := params.At("head_ref"), params.At("base_ref")
	if branch.Truthy() {
		push.Set("branch", branch)
	}
	if base.Truthy() && !value.Equal(branch, base) {
		push.Set("base_branch", base)
	}
	user := value.NewMap(3)
	for _, name := range []string{"input", "taskId", "taskGroupId"} {
		user.Set(name, value.MapOf("$eval", name).Value())
	}
	entry := value.MapOf(
		"name", o.Name, "title", title, "description", description, "context", o.context.Copy(),
		"kind", "hook",
		"hookGroupId", HookGroupID(project.Config.TrustDomain()),
		"hookId", hookID(params, o.permission(), digest),
		"hookPayload", value.MapOf(
			"decision", value.MapOf(
				"action", value.MapOf(
					"name", o.Name, "title", title, "description", description, "taskGroupId", decisionTaskID, "cb_name", o.callback, "symbol", o.Symbol,
				),
				"repository", value.MapOf(
					"url", params.At("head_repository"), "project", params.At("project"), "level", params.At("level"), "base_url", params.At("base_repository"),
				),
				"push", push,
			),
			"user", user,
		),
		"extra", value.MapOf("actionPerm", o.permission()),
	)
	if o.schema.Truthy() {
		entry.Set("schema", o.schema)
	}
	return entry, nil
}

// hookID gives the hook that runs actions of a permission for pushes like the one of the parameters.
func hookID(params *parameters.Params, permission, digest string) string {
	prefix := PushHooks
	if strings.HasPrefix(params.TasksFor(), "github-pull-request") {
		prefix = PullRequestHooks
	}
	return HookID(prefix, params.Level(), permission, digest)
}

// taskclusterYMLDigest gives the digest of the tree's .taskcluster.yml.
func taskclusterYMLDigest(project *taskgraph.Project) (string, error) {
	text, err := project.ReadFile(tcyml.FileName)
	if errors.Is(err, fs.ErrNotExist) {
		project.Log.Warn("there is no .taskcluster.yml, whose digest names the hooks of actions: they are named as if it was empty")
		return Digest(nil), nil
	}
	if err != nil {
		return "", err
	}
	return Digest(text), nil
}

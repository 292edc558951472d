package actions

import (
	"regexp"
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskcluster/scopes"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// nobody is the address that stands for none in the input.
const nobody = "noreply@noreply.mozilla.org"

// newInteractive gives the action that creates a task for a person to work in.
func newInteractive(s settings, config *taskgraph.GraphConfig) ([]callback, error) {
	i := &interactive{maxRunTime: int64(s.number("max-run-time", 3*60*60)), scopes: s.texts("scopes")}
	kinds := s.texts("trusted-kinds", "test")
	schema := value.MapOf("type", "object", "additionalProperties", false, "properties", value.MapOf("notify", value.MapOf(
		"type", "string", "format", "email", "title", "Who to notify of the pending interactive task", "default", nobody,
		"description", "Enter your email here to get an email containing a link to interact with the task",
	)))
	sets := s.m.At("context").List()
	if sets == nil {
		sets = value.NewList(value.MapOf("worker-implementation", "docker-worker").Value())
		sets.Freeze()
	}
	return []callback{{"create-interactive", settings{without(s.m, "context")}.apply(&taskgraph.Action{
		Name: "create-interactive", Title: "Create Interactive Task", Symbol: "create-inter", Order: 50,
		Description: "Create a a copy of the task that you can interact with",
		Context: func(params *parameters.Params) (*value.List, error) {
			return interactiveContext(sets, kinds, params.Level()), nil
		},
		Schema: fixed(schema), Run: i.run,
	})}}, nil
}

// interactiveContext gives the tasks that the action is for at a level. Nobody gets a shell where releases are built: at level 3
// a task must be of one of the kinds, too.
func interactiveContext(sets *value.List, kinds []string, level string) *value.List {
	if level != "3" {
		return sets
	}
	out := value.NewList()
	for set := range sets.Values() {
		for _, kind := range kinds {
			trusted := set.Map().Copy()
			if trusted.SetDefault("kind", value.NewString(kind)); trusted.Str("kind") == kind {
				out.Append(trusted.Value())
			}
		}
	}
	if out.Len() == 0 { // an empty context would be for the group
		out.Append(value.MapOf("kind", "none of those that are trusted").Value())
	}
	return out
}

type interactive struct {
	maxRunTime int64
	scopes     []string
}

func (i *interactive) run(args *taskgraph.ActionArgs) error {
	push, err := args.Push(args.Context)
	if err != nil {
		return err
	}
	// The definition is that of the graph, never that of the task that somebody names.
	label := args.Task.At("metadata").Map().Str("name")
	if push.Full.Task(label) == nil {
		return diag.Errorf(diag.ActionFailed, 0, "task %q is not in the graph of the push", label)
	}
	group := args.OwnTaskID
	if group == "" {
		group = previewTaskID
	}
	_, err = args.Tasks.Create(args.Context, taskgraph.TaskRequest{From: push, Labels: []string{label}, GroupID: group, Change: func(t *taskgraph.Task) error {
		if t.Label != label {
			return nil
		}
		return i.change(args, t)
	}})
	return err
}

// address is what an address of somebody looks like, as far as it can be part of a route.
var address = regexp.MustCompile(`^[A-Za-z0-9!#$%&'*+/=?^_{|}~.-]+@[A-Za-z0-9.-]+$`)

// change makes a task one to work in: it has the interactive feature and time, and nothing that others would see or rely on.
func (i *interactive) change(args *taskgraph.ActionArgs, t *taskgraph.Task) error {
	def := t.Task
	def.Set("routes", value.NewList().Value())
	def.Set("retries", value.NewInt(0))
	for name, after := range map[string]string{"created": "0 seconds", "deadline": "12 hours", "expires": "1 day"} {
		def.Set(name, value.MapOf("relative-datestamp", after).Value())
	}
	kept := value.NewList()
	for v := range def.At("scopes").List().Values() {
		if i.keeps(args, v.Str()) {
			kept.Append(v)
		}
	}
	def.Set("scopes", kept.Value())
	t.Attributes.Delete("task_duplicates")
	payload := edit(def, "payload")
	env, features := edit(def, "payload", "env"), edit(def, "payload", "features")
	if env == nil || features == nil {
		return diag.Errorf(diag.WrongType, def.At("payload").Pos(), "the payload of the task is not one of docker-worker").WithPath("payload")
	}
	if n, _ := payload.At("maxRunTime").AsInt(); n < i.maxRunTime {
		payload.Set("maxRunTime", value.NewInt(i.maxRunTime))
	}
	payload.Set("cache", value.NewMap(0).Value())
	if payload.At("artifacts").List() != nil { // generic-worker
		payload.Set("artifacts", value.NewList().Value())
		payload.Delete("cache")
		payload.Set("mounts", withoutCaches(payload.At("mounts").List()).Value())
	} else {
		payload.Set("artifacts", value.NewMap(0).Value())
	}
	features.Set("interactive", value.NewBool(true))
	env.Set("TASKCLUSTER_INTERACTIVE", value.NewString("true"))
	to := args.Input.Map().Str("notify")
	if to == "" || to == nobody {
		return nil
	}
	if !address.MatchString(to) {
		return diag.Errorf(diag.BadInput, args.Input.Map().At("notify").Pos(), "want an email address, got %q", to).WithPath("notify")
	}
	return i.notify(args, def, to)
}

// keeps says whether an interactive task has a scope.
func (i *interactive) keeps(args *taskgraph.ActionArgs, scope string) bool {
	fill := strings.NewReplacer("{level}", args.Params.Level(), "{trust-domain}", args.Graph.TrustDomain())
	for _, pattern := range i.scopes {
		pattern = fill.Replace(pattern)
		// A scope that ends with a star is a pattern itself, which a pattern of ours covers only where it is no wider.
		if scopes.Covers(pattern, scope) {
			return true
		}
	}
	return false
}

func withoutCaches(mounts *value.List) *value.List {
	out := value.NewList()
	for v := range mounts.Values() {
		if !v.Map().Has("cacheName") {
			out.Append(v)
		}
	}
	return out
}

// notify has somebody told when the task is there to be worked in.
func (i *interactive) notify(args *taskgraph.ActionArgs, def *value.Map, to string) error {
	root, err := taskcluster.RootURL(args.Project.Environment, true)
	if err != nil {
		return err
	}
	email := edit(def, "extra", "notify", "email")
	if email == nil {
		return diag.Errorf(diag.WrongType, def.At("extra").Pos(), "extra.notify.email of the task is no map").WithPath("extra")
	}
	link := value.MapOf("text", "Interactive Task", "href", taskcluster.UIURL(root, "tasks/${status.taskId}/connect"))
	email.Set("subject", value.NewString("Your Interactive Task is ready"))
	email.Set("content", value.NewString("The task is `${status.taskId}`. Follow the link to get a shell in it, or to see its display."))
	email.Set("link", link.Value())
	routes := def.EditList("routes")
	routes.AppendStrings("notify.email." + to + ".on-pending")
	return nil
}

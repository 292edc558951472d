package hooks

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/taskgraph-go/decision/actions"
	"github.com/taskgraph-go/decision/taskcluster/scopes"
	"github.com/taskgraph-go/decision/taskcluster/tcyml"
	"github.com/taskgraph-go/decision/value"
)

// Deployment is where hooks and roles live. What it gives is what the services answer.
type Deployment interface {
	// Hooks gives the hooks of a group, none where there is no such group.
	Hooks(ctx context.Context, group string) ([]Hook, error)
	// LastFired says when a hook was fired last; the zero time stands for never.
	LastFired(ctx context.Context, h Hook) (time.Time, error)
	CreateHook(ctx context.Context, h Hook) error
	UpdateHook(ctx context.Context, h Hook) error
	RemoveHook(ctx context.Context, h Hook) error
	// Roles gives the roles whose ids begin with a prefix.
	Roles(ctx context.Context, prefix string) ([]Role, error)
	CreateRole(ctx context.Context, r Role) error
	UpdateRole(ctx context.Context, r Role) error
	RemoveRole(ctx context.Context, r Role) error
}

// Verb is what a [Change] does.
type Verb string

// The verbs.
const (
	Create Verb = "create"
	Update Verb = "update"
	Remove Verb = "remove"
)

// Change is one thing that is not as it should be. Before is nil for what is created, After for what is removed.
type Change struct {
	Verb          Verb
	Name          string // such as "hook project-x/in-tree-action-1-generic/0123456789"
	Before, After *value.Map
	apply         func(context.Context, Deployment) error
}

// Plan is what must be done to a deployment.
type Plan struct {
	// Changes are in the order in which they are to be made: roles that are needed come before hooks that need them.
	Changes []Change
	// Kept are hooks of older files, which stay for now, with the reason.
	Kept []string
	// Foreign are hooks that have the id of one of ours but are somebody else's. They are left as they are.
	Foreign []string
}

// outdated begins the line that says since when a hook is that of an older file.
const outdated = "No longer current since "

const day = "2006-01-02"

// Compare works out what must be done to a deployment. It changes nothing.
func Compare(ctx context.Context, want *State, s *Settings, d Deployment, now time.Time) (*Plan, error) {
	p := &Plan{}
	hooks, err := d.Hooks(ctx, s.group())
	if err != nil {
		return nil, err
	}
	var made, gone []Change
	kept := map[string]bool{} // names of hooks that will be there
	there := map[string]Hook{}
	for _, h := range hooks {
		there[h.Name()] = h
	}
	for _, h := range want.Hooks {
		kept[h.Name()] = true
		old, ok := there[h.Name()]
		switch {
		case !ok:
			made = append(made, Change{Create, "hook " + h.Name(), nil, h.Definition, func(ctx context.Context, d Deployment) error { return d.CreateHook(ctx, h) }})
		case !s.owns(old.description()):
			p.Foreign = append(p.Foreign, h.Name())
		case !sameHook(old, h):
			made = append(made, updateHook(old, h))
		}
	}
	slices.SortFunc(hooks, func(a, b Hook) int { return strings.Compare(a.ID, b.ID) })
	for _, h := range hooks {
		if kept[h.Name()] || !s.owns(h.description()) {
			continue
		}
		change, why, err := s.old(ctx, h, d, now)
		if err != nil {
			return nil, err
		}
		if why != "" {
			kept[h.Name()] = true
			p.Kept = append(p.Kept, h.Name()+": "+why)
		}
		switch {
		case change == nil:
		case change.Verb == Remove:
			gone = append(gone, *change)
		default:
			made = append(made, *change)
		}
	}
	before, after, err := s.compareRoles(ctx, want, d, kept)
	if err != nil {
		return nil, err
	}
	p.Changes = slices.Concat(before, made, gone, after)
	return p, nil
}

func updateHook(old, h Hook) Change {
	return Change{Update, "hook " + h.Name(), old.Definition, h.Definition, func(ctx context.Context, d Deployment) error { return d.UpdateHook(ctx, h) }}
}

// old decides about a hook of ours that the tree does not ask for any more. Cron hooks go at once. Those for actions stay for the retention
// after they were fired last, or after they were first seen to be old: their buttons are on pages that people still look at.
func (s *Settings) old(ctx context.Context, h Hook, d Deployment, now time.Time) (change *Change, why string, err error) {
	remove := &Change{Remove, "hook " + h.Name(), h.Definition, nil, func(ctx context.Context, d Deployment) error { return d.RemoveHook(ctx, h) }}
	if !strings.HasPrefix(h.ID, actions.PushHooks+"-") && !strings.HasPrefix(h.ID, actions.PullRequestHooks+"-") {
		return remove, "", nil
	}
	since, known := h.outdatedSince()
	if !known {
		noted := Hook{h.Group, h.ID, h.Definition.Copy()}
		noted.Definition.EditMap("metadata").Set("description", value.NewString(h.description()+"\n\n"+outdated+now.UTC().Format(day)+"."))
		change, since = new(updateHook(h, noted)), now
	}
	fired, err := d.LastFired(ctx, h)
	if err != nil {
		return nil, "", err
	}
	last := since
	why = "of an older " + tcyml.FileName + ", no longer current since " + since.UTC().Format(day)
	if fired.After(last) {
		last = fired
		why = "of an older " + tcyml.FileName + ", but fired on " + fired.UTC().Format(day)
	}
	until := last.Add(s.Retention)
	if now.After(until) {
		return remove, "", nil
	}
	return change, why + "; kept until " + until.UTC().Format(day), nil
}

// description gives a hook's description.
func (h Hook) description() string { return h.Definition.At("metadata").Map().Str("description") }

// outdatedSince says since when a hook is known to be that of an older file.
func (h Hook) outdatedSince() (time.Time, bool) {
	_, rest, ok := strings.Cut(h.description(), outdated)
	if !ok || len(rest) < len(day) {
		return time.Time{}, false
	}
	t, err := time.Parse(day, rest[:len(day)])
	return t, err == nil
}

// owns says whether a description is that of something that these settings made: it names one of their repositories.
func (s *Settings) owns(description string) bool {
	line, _, _ := strings.Cut(description, "\n")
	rest, ok := strings.CutPrefix(line, mark+" for ")
	if !ok {
		return false
	}
	for url := range strings.SplitSeq(strings.TrimSuffix(rest, "."), ", ") {
		if slices.ContainsFunc(s.Repositories, func(r Repository) bool { return r.URL == url }) {
			return true
		}
	}
	return false
}

// sameHook says whether a hook is as it should be. The service may answer keys in another order, and leaves nothing out.
func sameHook(a, b Hook) bool {
	for key, v := range b.Definition.All() {
		if key != "hookGroupId" && key != "hookId" && !value.Equal(a.Definition.At(key), v) {
			return false
		}
	}
	return true
}

// compareRoles gives what must be done to roles, before hooks are made and after hooks are removed.
func (s *Settings) compareRoles(ctx context.Context, want *State, d Deployment, kept map[string]bool) (before, after []Change, err error) {
	roles, err := d.Roles(ctx, "hook-id:"+s.group()+"/")
	if err != nil {
		return nil, nil, err
	}
	slices.SortFunc(roles, func(a, b Role) int { return strings.Compare(a.ID, b.ID) })
	there := map[string]Role{}
	for _, r := range roles {
		there[r.ID] = r
	}
	wanted := map[string]bool{}
	for _, r := range want.Roles {
		wanted[r.ID] = true
		old, ok := there[r.ID]
		if !ok {
			before = append(before, Change{Create, "role " + r.ID, nil, r.document(), func(ctx context.Context, d Deployment) error { return d.CreateRole(ctx, r) }})
			continue
		}
		if now := s.merged(old, r); !sameRole(old, now) {
			before = append(before, updateRole(old, now))
		}
	}
	for _, old := range roles {
		if wanted[old.ID] || !s.owns(old.Description) || s.inUse(old, kept) {
			continue
		}
		now := s.merged(old, Role{ID: old.ID, Description: old.Description})
		switch {
		case len(now.Scopes) == 0:
			after = append(after, Change{Remove, "role " + old.ID, old.document(), nil, func(ctx context.Context, d Deployment) error { return d.RemoveRole(ctx, old) }})
		case !sameRole(old, now):
			after = append(after, updateRole(old, now))
		}
	}
	return before, after, nil
}

func updateRole(old, now Role) Change {
	return Change{Update, "role " + now.ID, old.document(), now.document(), func(ctx context.Context, d Deployment) error { return d.UpdateRole(ctx, now) }}
}

// inUse says whether a hook that stays has the role.
func (s *Settings) inUse(r Role, kept map[string]bool) bool {
	id := strings.TrimPrefix(r.ID, "hook-id:")
	for name := range kept {
		if scopes.Covers(id, name) { // the id of a role is a pattern of the same kind
			return true
		}
	}
	return false
}

// merged gives the role as it should be where it is there already. What names our repositories is ours. Where the role is ours alone, that is all it
// holds. Where it serves other repositories, too, whatever else is in it stays.
func (s *Settings) merged(old, want Role) Role {
	out := Role{ID: old.ID, Description: old.Description}
	shared := !s.owns(old.Description)
	for _, scope := range old.Scopes {
		shared = shared || strings.HasPrefix(scope, "assume:") && !s.ours(scope)
	}
	if !shared {
		out.Description, out.Scopes = want.Description, slices.Clone(want.Scopes)
		return out
	}
	for _, scope := range old.Scopes {
		if !s.ours(scope) {
			out.Scopes = append(out.Scopes, scope)
		}
	}
	out.Scopes = append(out.Scopes, want.Scopes...)
	slices.Sort(out.Scopes)
	out.Scopes = slices.Compact(out.Scopes)
	return out
}

// ours says whether a scope is to act as one of our repositories.
func (s *Settings) ours(scope string) bool {
	return slices.ContainsFunc(s.Repositories, func(r Repository) bool { return strings.HasPrefix(scope, "assume:"+r.Role()+":") })
}

func sameRole(a, b Role) bool {
	return a.Description == b.Description && slices.Equal(slices.Sorted(slices.Values(a.Scopes)), slices.Sorted(slices.Values(b.Scopes)))
}

// document gives the role as it is printed.
func (r Role) document() *value.Map {
	return value.MapOf("roleId", r.ID, "description", r.Description, "scopes", slices.Clone(r.Scopes))
}

// Document gives the hooks and roles as they are printed.
func (st *State) Document() *value.Map {
	hooks, roles := value.NewList(), value.NewList()
	for _, h := range st.Hooks {
		hooks.Append(h.Definition.Value())
	}
	for _, r := range st.Roles {
		roles.Append(r.document().Value())
	}
	return value.MapOf("hooks", hooks, "roles", roles)
}

// Apply makes all changes. One that fails does not stop the others, except that nothing is removed after a failure; done hears of each.
func (p *Plan) Apply(ctx context.Context, d Deployment, done func(Change, error)) error {
	failed := 0
	for _, c := range p.Changes {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := error(nil)
		if c.Verb == Remove && failed > 0 {
			err = fmt.Errorf("left, because an earlier change failed")
		} else {
			err = c.apply(ctx, d)
		}
		if err != nil {
			failed++
		}
		done(c, err)
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d changes failed", failed, len(p.Changes))
	}
	return nil
}

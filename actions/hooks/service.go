package hooks

import (
	"context"
	"strings"
	"time"

	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/value"
)

// Service is a Taskcluster deployment.
type Service struct{ Client *taskcluster.Client }

var _ Deployment = Service{}

// Hooks gives the hooks of a group.
func (s Service) Hooks(ctx context.Context, group string) ([]Hook, error) {
	answers, err := s.Client.Hooks(ctx, group)
	if err != nil {
		return nil, err
	}
	out := make([]Hook, len(answers))
	for i, text := range answers {
		v, err := (&value.Reader{}).JSON("hook", text)
		if err != nil {
			return nil, err
		}
		m := v.Map().Copy()
		for _, key := range []string{"bindings", "schedule"} { // absent means none
			if m.At(key).List() == nil {
				m.Set(key, value.NewList().Value())
			}
		}
		out[i] = Hook{Group: m.Str("hookGroupId"), ID: m.Str("hookId"), Definition: m}
	}
	return out, nil
}

// LastFired says when a hook was fired last.
func (s Service) LastFired(ctx context.Context, h Hook) (time.Time, error) {
	return s.Client.HookFired(ctx, h.Group, h.ID)
}

// CreateHook makes a hook.
func (s Service) CreateHook(ctx context.Context, h Hook) error {
	text, err := value.CompactJSON(h.Definition.Value())
	if err != nil {
		return err
	}
	return s.Client.CreateHook(ctx, h.Group, h.ID, []byte(text))
}

// UpdateHook replaces a hook's definition.
func (s Service) UpdateHook(ctx context.Context, h Hook) error {
	text, err := value.CompactJSON(h.Definition.Value())
	if err != nil {
		return err
	}
	return s.Client.UpdateHook(ctx, h.Group, h.ID, []byte(text))
}

// RemoveHook removes a hook.
func (s Service) RemoveHook(ctx context.Context, h Hook) error {
	return s.Client.RemoveHook(ctx, h.Group, h.ID)
}

// Roles gives the roles whose ids begin with a prefix.
func (s Service) Roles(ctx context.Context, prefix string) ([]Role, error) {
	all, err := s.Client.Roles(ctx)
	if err != nil {
		return nil, err
	}
	var out []Role
	for _, r := range all {
		if strings.HasPrefix(r.ID, prefix) {
			out = append(out, Role(r))
		}
	}
	return out, nil
}

// CreateRole makes a role.
func (s Service) CreateRole(ctx context.Context, r Role) error {
	return s.Client.CreateRole(ctx, taskcluster.Role(r))
}

// UpdateRole replaces what a role is.
func (s Service) UpdateRole(ctx context.Context, r Role) error {
	return s.Client.UpdateRole(ctx, taskcluster.Role(r))
}

// RemoveRole removes a role.
func (s Service) RemoveRole(ctx context.Context, r Role) error { return s.Client.RemoveRole(ctx, r.ID) }

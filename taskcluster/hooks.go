package taskcluster

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcauth"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tchooks"
)

func (c *Client) hooks(ctx context.Context) *tchooks.Hooks {
	s := tchooks.New(nil, c.rootURL)
	s.Context, s.HTTPClient, s.HTTPBackoffClient = ctx, c.http, once
	return s
}

func (c *Client) auth(ctx context.Context) *tcauth.Auth {
	s := tcauth.New(nil, c.rootURL)
	s.Context, s.HTTPClient, s.HTTPBackoffClient = ctx, c.http, once
	return s
}

// Hooks gives the definitions of the hooks of a group, none where there is no such group.
func (c *Client) Hooks(ctx context.Context, group string) ([]json.RawMessage, error) {
	list, err := c.hooks(ctx).ListHooks(group)
	if err != nil {
		err = failure(fmt.Sprintf("hooks of group %s", group), err)
		if IsNotFound(err) {
			return nil, nil
		}
		return nil, err
	}
	out := make([]json.RawMessage, len(list.Hooks))
	for i := range list.Hooks {
		if out[i], err = json.Marshal(&list.Hooks[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// HookFired says when a hook was fired last, the zero time for never.
func (c *Client) HookFired(ctx context.Context, group, id string) (time.Time, error) {
	status, err := c.hooks(ctx).GetHookStatus(group, id)
	if err != nil {
		return time.Time{}, failure(fmt.Sprintf("status of hook %s/%s", group, id), err)
	}
	var last struct{ Time time.Time }
	if len(status.LastFire) > 0 { // one of several forms; without a time it was never fired
		_ = json.Unmarshal(status.LastFire, &last)
	}
	return last.Time, nil
}

// CreateHook makes a hook of its definition.
func (c *Client) CreateHook(ctx context.Context, group, id string, definition []byte) error {
	return c.putHook(group, id, definition, c.hooks(ctx).CreateHook)
}

// UpdateHook replaces the definition of a hook.
func (c *Client) UpdateHook(ctx context.Context, group, id string, definition []byte) error {
	return c.putHook(group, id, definition, c.hooks(ctx).UpdateHook)
}

func (c *Client) putHook(group, id string, definition []byte, put func(group, id string, r *tchooks.HookCreationRequest) (*tchooks.HookDefinition, error)) error {
	r := &tchooks.HookCreationRequest{}
	d := json.NewDecoder(bytes.NewReader(definition))
	d.DisallowUnknownFields()
	if err := d.Decode(r); err != nil {
		return fmt.Errorf("hook %s/%s: %w", group, id, err)
	}
	if _, err := put(group, id, r); err != nil {
		return failure(fmt.Sprintf("hook %s/%s", group, id), err)
	}
	return nil
}

// RemoveHook removes a hook. One that is not there is removed already.
func (c *Client) RemoveHook(ctx context.Context, group, id string) error {
	if err := c.hooks(ctx).RemoveHook(group, id); err != nil {
		if err = failure(fmt.Sprintf("hook %s/%s", group, id), err); !IsNotFound(err) {
			return err
		}
	}
	return nil
}

// Role is what holders of a role may do.
type Role struct {
	ID, Description string
	Scopes          []string
}

// Roles gives all roles.
func (c *Client) Roles(ctx context.Context) ([]Role, error) {
	var out []Role
	for token := ""; ; {
		page, err := c.auth(ctx).ListRoles2(token, pageSize)
		if err != nil {
			return nil, failure("roles", err)
		}
		for _, r := range page.Roles {
			out = append(out, Role{r.RoleID, r.Description, r.Scopes})
		}
		if token = page.ContinuationToken; token == "" {
			return out, nil
		}
	}
}

// CreateRole makes a role.
func (c *Client) CreateRole(ctx context.Context, r Role) error {
	return c.putRole(r, c.auth(ctx).CreateRole)
}

// UpdateRole replaces what a role is.
func (c *Client) UpdateRole(ctx context.Context, r Role) error {
	return c.putRole(r, c.auth(ctx).UpdateRole)
}

func (c *Client) putRole(r Role, put func(id string, r *tcauth.CreateRoleRequest) (*tcauth.GetRoleResponse, error)) error {
	if _, err := put(r.ID, &tcauth.CreateRoleRequest{Description: r.Description, Scopes: r.Scopes}); err != nil {
		return failure("role "+r.ID, err)
	}
	return nil
}

// RemoveRole removes a role. One that is not there is removed already.
func (c *Client) RemoveRole(ctx context.Context, id string) error {
	if err := c.auth(ctx).DeleteRole(id); err != nil {
		if err = failure("role "+id, err); !IsNotFound(err) {
			return err
		}
	}
	return nil
}

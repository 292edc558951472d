package taskcluster

import (
	"context"
	"fmt"

	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcauth"
)

// CurrentScopes gives the scopes that requests of this client are made with, roles expanded.
func (c *Client) CurrentScopes(ctx context.Context) ([]string, error) {
	set, err := c.auth(ctx).CurrentScopes()
	if err != nil {
		return nil, failure("asking for the scopes that are there", err)
	}
	return set.Scopes, nil
}

// ExpandScopes gives what scopes amount to when the roles among them are expanded.
func (c *Client) ExpandScopes(ctx context.Context, scopes []string) ([]string, error) {
	set, err := c.auth(ctx).ExpandScopes(&tcauth.SetOfScopes{Scopes: scopes})
	if err != nil {
		return nil, failure(fmt.Sprintf("expanding %d scopes", len(scopes)), err)
	}
	return set.Scopes, nil
}

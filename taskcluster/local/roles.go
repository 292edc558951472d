package local

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/taskgraph-go/decision/taskcluster/scopes"
)

func (s *Server) roleReply(r role) object {
	return object{
		"roleId": r.ID, "scopes": orEmpty(r.Scopes), "expandedScopes": orEmpty(s.directory.Load().roles.expand([]string{assume + r.ID})),
		"description": r.Description, "created": r.Created, "lastModified": r.LastModified,
	}
}

// allRoles gives the roles in the order of their ids.
func (s *Server) allRoles() []role {
	var all []role
	for _, id := range sortedKeys(s.auth.roles.rows) {
		all = append(all, s.auth.roles.rows[id])
	}
	return all
}

func listRoles(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	out := []object{}
	for _, r := range c.s.allRoles() {
		out = append(out, c.s.roleReply(r))
	}
	return out, nil
}

func listRoles2(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	rows, token, err := page(c, c.s.allRoles())
	out := []object{}
	for _, r := range rows {
		out = append(out, c.s.roleReply(r))
	}
	return paged(object{"roles": out}, token), err
}

func listRoleIDs(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	rows, token, err := page(c, sortedKeys(c.s.auth.roles.rows))
	return paged(object{"roleIds": orEmpty(rows)}, token), err
}

func getRole(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	r, ok := c.s.auth.roles.rows[c.params["roleId"]]
	if !ok {
		return nil, refuse("ResourceNotFound", "there is no such role")
	}
	return c.s.roleReply(r), nil
}

func createRole(c *call) (any, error) {
	id, in := c.params["roleId"], c.data()
	all := texts(in, "scopes")
	if err := refuseStars(all); err != nil {
		return nil, err
	}
	if err := c.authorize(nil, map[string][]string{"scopes": all}); err != nil {
		return nil, err
	}
	slices.SortFunc(all, scopes.Compare)
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if old, ok := c.s.auth.roles.rows[id]; ok {
		if old.Description != text(in, "description") || !slices.Equal(old.Scopes, all) {
			return nil, refuse("RequestConflict", "there is a role %q already, with other scopes or another description", id)
		}
		return c.s.roleReply(old), nil
	}
	now := newStamp(c.now)
	return c.s.storeRole(role{ID: id, Scopes: all, Description: text(in, "description"), Created: now, LastModified: now})
}

// storeRole keeps a role, unless that would make a circle.
func (s *Server) storeRole(r role) (any, error) {
	all := map[string]*role{r.ID: &r}
	for id, other := range s.auth.roles.rows {
		if id != r.ID {
			all[id] = &other
		}
	}
	if _, err := newRoleSet(all); err != nil {
		return nil, refuse("InputError", "%v", err)
	}
	s.auth.roles.set(r.ID, r)
	if err := s.publishDirectory(); err != nil {
		return nil, err
	}
	return s.roleReply(r), nil
}

func updateRole(c *call) (any, error) {
	id, in := c.params["roleId"], c.data()
	all := texts(in, "scopes")
	if err := refuseStars(all); err != nil {
		return nil, err
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	row, ok := c.s.auth.roles.rows[id]
	if !ok {
		return nil, refuse("ResourceNotFound", "there is no role %q", id)
	}
	former := c.s.directory.Load().roles.expand(row.Scopes)
	var added []string
	for _, s := range all {
		if !scopes.Satisfy(former, s) {
			added = append(added, s)
		}
	}
	if err := c.authorize(nil, map[string][]string{"scopesAdded": added}); err != nil {
		return nil, err
	}
	row.Scopes, row.Description, row.LastModified = all, text(in, "description"), newStamp(c.now)
	return c.s.storeRole(row)
}

func deleteRole(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.s.auth.roles.delete(c.params["roleId"])
	return nil, c.s.publishDirectory()
}

func expandScopes(c *call) (any, error) {
	return object{"scopes": orEmpty(c.s.directory.Load().roles.expand(texts(c.data(), "scopes")))}, nil
}

func currentScopes(c *call) (any, error) {
	return object{"scopes": orEmpty(c.identity().scopes)}, nil
}

// reply is an identity as authenticateHawk gives it.
func (who *identity) reply() object {
	switch who.status {
	case authFailed:
		return object{"status": authFailed, "message": who.message}
	case noAuth:
		return object{"status": noAuth, "scheme": "none", "scopes": orEmpty(who.scopes), "expires": newStamp(who.expires)}
	}
	o := object{"status": authSuccess, "scheme": "hawk", "scopes": orEmpty(who.scopes), "clientId": who.clientID, "expires": newStamp(who.expires)}
	if who.hash != "" {
		o["hash"] = who.hash
	}
	return o
}

func (c *call) moment() moment { return moment{c.now, c.s.o.SignatureClock()} }

func authenticateHawk(c *call) (any, error) {
	in := c.data()
	port, _ := in["port"].(float64)
	r := hawkRequest{method: strings.ToUpper(text(in, "method")), resource: text(in, "resource"), host: text(in, "host"), port: int(port)}
	return c.s.directory.Load().authenticate(r, text(in, "authorization"), c.moment()).reply(), nil
}

// testClient is the client that testAuthenticate knows, with its well-known access token.
const (
	testClient = "tester"
	testToken  = "no-secret"
)

// testIdentity authenticates the request itself, for a client that has these scopes.
func testIdentity(c *call, scopes, need []string) (any, error) {
	roles, err := newRoleSet(nil)
	if err != nil {
		return nil, err
	}
	expires := newStamp(c.now.Add(time.Hour))
	d := &directory{roles: roles, clients: map[string]*client{testClient: {ID: testClient, AccessToken: testToken, Scopes: scopes, expanded: scopes, Expires: expires}}}
	c.who = identifyBy(d, c.req, c.body, c.moment())
	all := []expression{}
	for _, s := range need {
		all = append(all, scopeExpression(s))
	}
	if err := c.demand(expression{allOf: all}); err != nil {
		if f, ok := errors.AsType[*failure](err); ok && f.status == 0 && f.code == "AuthenticationFailed" {
			f.status = http.StatusUnauthorized
		}
		return nil, err
	}
	return object{"clientId": c.clientID(), "scopes": orEmpty(c.who.scopes)}, nil
}

func testAuthenticate(c *call) (any, error) {
	return testIdentity(c, texts(c.data(), "clientScopes"), texts(c.data(), "requiredScopes"))
}

func testAuthenticateGet(c *call) (any, error) {
	return testIdentity(c, []string{"test:*", "auth:create-client:test:*"}, []string{"test:authenticate-get"})
}

package local

import (
	"fmt"
	"slices"
	"strings"

	"github.com/taskcluster/slugid-go/slugid"
)

// client is a row of the auth service.
type client struct {
	ID           string   `json:"clientId"`
	AccessToken  string   `json:"accessToken"`
	Description  string   `json:"description"`
	Scopes       []string `json:"scopes"`
	Expires      stamp    `json:"expires"`
	Created      stamp    `json:"created"`
	LastModified stamp    `json:"lastModified"`
	LastRotated  stamp    `json:"lastRotated"`
	Disabled     bool     `json:"disabled"`
	Delete       bool     `json:"deleteOnExpiration"`

	expanded []string // with what roles give; set when a directory is made
}

// role is a row of the auth service.
type role struct {
	ID           string   `json:"roleId"`
	Scopes       []string `json:"scopes"`
	Description  string   `json:"description"`
	Created      stamp    `json:"created"`
	LastModified stamp    `json:"lastModified"`
}

type authState struct {
	clients *table[client]
	roles   *table[role]
	keys    *table[string] // secrets of our own
}

// everybody is what the anonymous role gives where the options do not say: what deployments let anybody read.
var everybody = []string{
	"auth:current-scopes", "auth:expand-scopes", "auth:get-client:*", "auth:get-role:*", "auth:list-clients", "auth:list-roles",
	"hooks:get:*", "hooks:list-hooks:*", "hooks:list-last-fires:*", "hooks:status:*",
	"index:find-task:*", "index:list-namespaces:*", "index:list-tasks:*",
	"purge-cache:all-purge-requests", "purge-cache:purge-requests:*",
	"queue:get-artifact:public/*", "queue:get-task:*", "queue:get-task-queue:*", "queue:list-artifacts:*", "queue:list-dependent-tasks:*",
	"queue:list-task-group:*", "queue:list-task-queues", "queue:pending-count:*", "queue:claimed-count:*", "queue:pending-list:*",
	"queue:claimed-list:*", "queue:status:*",
}

// staticPrefix begins the ids of clients that nobody can change.
const staticPrefix = "static/"

func (s *Server) loadAuth() (err error) {
	if s.auth.clients, err = newTable[client](s.journal, "clients"); err != nil {
		return err
	}
	if s.auth.roles, err = newTable[role](s.journal, "roles"); err != nil {
		return err
	}
	if s.auth.keys, err = newTable[string](s.journal, "keys"); err != nil {
		return err
	}
	if s.auth.keys.rows["sign"] == "" {
		s.auth.keys.set("sign", newToken())
	}
	s.signKey = s.auth.keys.rows["sign"]
	now := newStamp(s.now())
	forever := newStamp(now.AddDate(1000, 0, 0))
	add := func(id, token, about string, scopes []string, expires stamp) error {
		old := s.auth.clients.rows[id]
		switch {
		case token == "" && old.AccessToken != "":
			token = old.AccessToken
		case token == "":
			token = newToken()
		}
		for _, scope := range scopes {
			if !validScope(scope) || strings.HasSuffix(scope, "**") {
				return fmt.Errorf("client %q: %q is no scope", id, scope)
			}
		}
		s.auth.clients.set(id, client{ID: id, AccessToken: token, Description: about, Scopes: scopes, Expires: expires, Created: now, LastModified: now, LastRotated: now})
		return nil
	}
	if err := add(RootClient, s.o.RootToken, "may do everything", []string{"*"}, forever); err != nil {
		return err
	}
	for _, c := range s.o.Clients {
		expires := forever
		if !c.Expires.IsZero() {
			expires = newStamp(c.Expires)
		}
		if err := add(c.ID, c.AccessToken, "from the options", c.Scopes, expires); err != nil {
			return err
		}
	}
	if _, ok := s.auth.roles.rows["anonymous"]; !ok {
		s.auth.roles.set("anonymous", role{ID: "anonymous", Scopes: everybody, Description: "what everybody may do", Created: now, LastModified: now})
	}
	for _, id := range sortedKeys(s.o.Roles) {
		scopes := slices.Clone(s.o.Roles[id])
		for _, scope := range scopes {
			if !validScope(scope) || strings.HasSuffix(scope, "**") {
				return fmt.Errorf("role %q: %q is no scope", id, scope)
			}
		}
		s.auth.roles.set(id, role{ID: id, Scopes: scopes, Description: "from the options", Created: now, LastModified: now})
	}
	return s.publishDirectory()
}

// newToken makes an access token. It is random even where ids are not.
func newToken() string { return slugid.V4() + slugid.V4() }

// publishDirectory lets authentication see what the tables hold. If the roles are not possible nothing changes.
func (s *Server) publishDirectory() error {
	roles := make(map[string]*role, len(s.auth.roles.rows))
	for id, r := range s.auth.roles.rows {
		roles[id] = &r
	}
	rs, err := newRoleSet(roles)
	if err != nil {
		return err
	}
	d := &directory{clients: make(map[string]*client, len(s.auth.clients.rows)), roles: rs}
	for id, c := range s.auth.clients.rows {
		c.expanded = rs.expand(c.Scopes)
		d.clients[id] = &c
	}
	s.directory.Store(d)
	return nil
}

// clientReply is a client without its access token.
func (s *Server) clientReply(c client) object {
	return object{
		"clientId": c.ID, "description": c.Description, "scopes": orEmpty(c.Scopes), "expandedScopes": orEmpty(s.directory.Load().roles.expand(c.Scopes)),
		"expires": c.Expires, "created": c.Created, "lastModified": c.LastModified, "lastRotated": c.LastRotated, "lastDateUsed": c.LastModified,
		"disabled": c.Disabled, "deleteOnExpiration": c.Delete,
	}
}

// orEmpty gives an empty list for none, which JSON tells apart.
func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func refuseStatic(id string) error {
	if strings.HasPrefix(id, staticPrefix) {
		return refuse("InputError", "client %q cannot be changed: ids that begin with %q are of clients from the configuration", id, staticPrefix)
	}
	return nil
}

func refuseStars(scopes []string) error {
	if slices.ContainsFunc(scopes, func(s string) bool { return strings.HasSuffix(s, "**") }) {
		return refuse("InputError", "a scope ends in `**`")
	}
	return nil
}

func listClients(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	var all []client
	for _, id := range sortedKeys(c.s.auth.clients.rows) {
		if strings.HasPrefix(id, c.query["prefix"]) {
			all = append(all, c.s.auth.clients.rows[id])
		}
	}
	rows, token, err := page(c, all)
	if err != nil {
		return nil, err
	}
	out := make([]object, len(rows))
	for i, r := range rows {
		out[i] = c.s.clientReply(r)
	}
	return paged(object{"clients": out}, token), nil
}

func getClient(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	row, ok := c.s.auth.clients.rows[c.params["clientId"]]
	if !ok {
		return nil, refuse("ResourceNotFound", "there is no such client")
	}
	return c.s.clientReply(row), nil
}

func createClient(c *call) (any, error) {
	id, in := c.params["clientId"], c.data()
	scopes := texts(in, "scopes")
	if err := refuseStatic(id); err != nil {
		return nil, err
	}
	if err := refuseStars(scopes); err != nil {
		return nil, err
	}
	if err := c.authorize(nil, map[string][]string{"scopes": scopes}); err != nil {
		return nil, err
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if _, ok := c.s.auth.clients.rows[id]; ok {
		return nil, refuse("RequestConflict", "there is such a client already")
	}
	now := newStamp(c.now)
	onExpiration, _ := in["deleteOnExpiration"].(bool)
	row := client{ID: id, AccessToken: newToken(), Description: text(in, "description"), Scopes: scopes, Expires: stampOf(in, "expires"), Created: now, LastModified: now, LastRotated: now, Delete: onExpiration}
	return c.s.storeClient(row, true)
}

// storeClient keeps a client and gives the reply about it.
func (s *Server) storeClient(row client, withToken bool) (any, error) {
	s.auth.clients.set(row.ID, row)
	if err := s.publishDirectory(); err != nil {
		return nil, err
	}
	reply := s.clientReply(row)
	if withToken {
		reply["accessToken"] = row.AccessToken
	}
	return reply, nil
}

// changeClient makes the handler of a call that changes a client that exists.
func changeClient(withToken bool, change func(c *call, row *client) error) handler {
	return func(c *call) (any, error) {
		id := c.params["clientId"]
		if err := refuseStatic(id); err != nil {
			return nil, err
		}
		c.s.mu.Lock()
		defer c.s.mu.Unlock()
		row, ok := c.s.auth.clients.rows[id]
		if !ok {
			return nil, refuse("ResourceNotFound", "there is no such client")
		}
		if err := change(c, &row); err != nil {
			return nil, err
		}
		row.LastModified = newStamp(c.now)
		return c.s.storeClient(row, withToken)
	}
}

func updateClient(c *call, row *client) error {
	in := c.data()
	scopes, given := in["scopes"]
	if err := refuseStars(texts(in, "scopes")); err != nil {
		return err
	}
	var added []string
	for _, s := range texts(in, "scopes") {
		if !slices.Contains(row.Scopes, s) {
			added = append(added, s)
		}
	}
	if err := c.authorize(nil, map[string][]string{"scopesAdded": added}); err != nil {
		return err
	}
	if given && scopes != nil {
		row.Scopes = texts(in, "scopes")
	}
	row.Description, row.Expires = text(in, "description"), stampOf(in, "expires")
	row.Delete, _ = in["deleteOnExpiration"].(bool)
	return nil
}

func deleteClient(c *call) (any, error) {
	if err := refuseStatic(c.params["clientId"]); err != nil {
		return nil, err
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.s.auth.clients.delete(c.params["clientId"])
	return nil, c.s.publishDirectory()
}

func resetToken(c *call, row *client) error {
	row.AccessToken, row.LastRotated = newToken(), newStamp(c.now)
	return nil
}

func enableClient(disabled bool) func(*call, *client) error {
	return func(_ *call, row *client) error {
		row.Disabled = disabled
		return nil
	}
}

package local

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	tcclient "github.com/taskcluster/taskcluster/v87/clients/client-go"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcauth"

	"github.com/taskgraph-go/decision/taskcluster/scopes"
)

func TestClients(t *testing.T) {
	w := newWorld(t)
	a := w.root().auth
	req := func(scopes ...string) *tcauth.CreateClientRequest {
		return &tcauth.CreateClientRequest{Description: "d", Expires: tcclient.Time(w.clock.now().Add(time.Hour)), Scopes: scopes}
	}
	made, err := a.CreateClient("me/one", req("queue:get-artifact:x"))
	require.NoError(t, err)
	assert.Len(t, made.AccessToken, 44)
	_, err = a.CreateClient("me/one", req("queue:get-artifact:x"))
	refused(t, err, 409, "RequestConflict")
	_, err = a.CreateClient("static/x", req())
	refused(t, err, 400, "InputError")
	_, err = a.CreateClient("me/two", req("a**"))
	refused(t, err, 400, "InputError")
	_, err = a.CreateClient("me#two", req())
	refused(t, err, 400, "InvalidRequestArguments")

	me := func(token string) *tcauth.Auth {
		return w.as(&tcclient.Credentials{ClientID: "me/one", AccessToken: token}).auth
	}
	scopes, err := me(made.AccessToken).CurrentScopes()
	require.NoError(t, err)
	assert.Contains(t, scopes.Scopes, "queue:get-artifact:x")
	assert.Contains(t, scopes.Scopes, "assume:anonymous")
	assert.Contains(t, scopes.Scopes, "queue:get-artifact:public/*", "everybody's")
	_, err = me("wrong").CurrentScopes()
	assert.Contains(t, refused(t, err, 401, "AuthenticationFailed").Message, "Bad mac")

	again, err := a.ResetAccessToken("me/one")
	require.NoError(t, err)
	assert.NotEqual(t, made.AccessToken, again.AccessToken)
	_, err = me(made.AccessToken).CurrentScopes()
	refused(t, err, 401, "AuthenticationFailed")
	_, err = a.DisableClient("me/one")
	require.NoError(t, err)
	_, err = me(again.AccessToken).CurrentScopes()
	assert.Contains(t, refused(t, err, 401, "AuthenticationFailed").Message, "disabled")
	_, err = a.EnableClient("me/one")
	require.NoError(t, err)
	_, err = me(again.AccessToken).CurrentScopes()
	require.NoError(t, err)

	// Scopes can be given by who has them.
	some := w.with("auth:update-client:me/*", "auth:create-client:me/*", "b").auth
	_, err = some.UpdateClient("me/one", req("queue:get-artifact:x", "c"))
	body := refused(t, err, 403, "InsufficientScopes")
	assert.Contains(t, body.Message, `"c"`)
	_, err = some.UpdateClient("me/one", req("queue:get-artifact:x", "b"))
	require.NoError(t, err, "what it has already needs nobody's leave")
	_, err = some.CreateClient("me/three", req("b"))
	require.NoError(t, err)
	_, err = some.CreateClient("me/four", req("c"))
	refused(t, err, 403, "InsufficientScopes")
	_, err = some.CreateClient("you", req())
	refused(t, err, 403, "InsufficientScopes")
	_, err = a.UpdateClient("me/none", req())
	refused(t, err, 404, "ResourceNotFound")

	list, err := a.ListClients("", "1", "me/")
	require.NoError(t, err)
	require.Len(t, list.Clients, 1)
	assert.Equal(t, "me/one", list.Clients[0].ClientID)
	list, err = a.ListClients(list.ContinuationToken, "1", "me/")
	require.NoError(t, err)
	assert.Equal(t, "me/three", list.Clients[0].ClientID)
	assert.Empty(t, list.ContinuationToken)

	w.clock.advance(2 * time.Hour)
	_, err = me(again.AccessToken).CurrentScopes()
	assert.Contains(t, refused(t, err, 401, "AuthenticationFailed").Message, "expired")
	require.NoError(t, a.DeleteClient("me/one"))
	require.NoError(t, a.DeleteClient("me/one"))
	_, err = a.Client("me/one")
	refused(t, err, 404, "ResourceNotFound")
	_, err = me(again.AccessToken).CurrentScopes()
	assert.Contains(t, refused(t, err, 401, "AuthenticationFailed").Message, "not found")
}

func TestExpansion(t *testing.T) {
	for name, c := range map[string]struct {
		roles       map[string][]string
		input, want []string
	}{
		"none":                        {nil, []string{"b", "a", "a*"}, []string{"a*", "b"}},
		"a role":                      {map[string][]string{"x": {"s"}}, []string{"assume:x"}, []string{"assume:x", "s"}},
		"not another":                 {map[string][]string{"xy": {"s"}}, []string{"assume:x"}, []string{"assume:x"}},
		"of roles":                    {map[string][]string{"x": {"assume:y"}, "y": {"s"}}, []string{"assume:x"}, []string{"assume:x", "assume:y", "s"}},
		"a role for all with a start": {map[string][]string{"x*": {"s"}}, []string{"assume:xyz"}, []string{"assume:xyz", "s"}},
		"the start itself":            {map[string][]string{"x*": {"s<..>"}}, []string{"assume:x"}, []string{"assume:x", "s"}},
		"all with a start":            {map[string][]string{"xa": {"s"}, "xb": {"t"}, "y": {"u"}}, []string{"assume:x*"}, []string{"assume:x*", "s", "t"}},
		"every role":                  {map[string][]string{"xa": {"s"}, "xb": {"t"}}, []string{"assum*"}, []string{"assum*", "s", "t"}},
		"everything":                  {map[string][]string{"xa": {"s"}}, []string{"*"}, []string{"*"}},
		"a parameter":                 {map[string][]string{"repo:*": {"read:<..>:x", "w"}}, []string{"assume:repo:me"}, []string{"assume:repo:me", "read:me:x", "w"}},
		"a parameter with a star":     {map[string][]string{"repo:*": {"read:<..>:x"}}, []string{"assume:repo:me*"}, []string{"assume:repo:me*", "read:me*"}},
		"any parameter":               {map[string][]string{"repo:*": {"read:<..>:x"}}, []string{"assume:re*"}, []string{"assume:re*", "read:*"}},
		"no parameter":                {map[string][]string{"repo": {"read:<..>"}}, []string{"assume:repo"}, []string{"assume:repo", "read:<..>"}},
		"a parameter that assumes":    {map[string][]string{"a:*": {"assume:b:<..>"}, "b:x": {"s"}}, []string{"assume:a:x"}, []string{"assume:a:x", "assume:b:x", "s"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(o *Options) {
				o.Roles = map[string][]string{"anonymous": {}}
				maps.Copy(o.Roles, c.roles)
			})
			got, err := w.root().auth.ExpandScopes(&tcauth.SetOfScopes{Scopes: c.input})
			require.NoError(t, err)
			assert.Equal(t, c.want, got.Scopes)
			again, err := w.root().auth.ExpandScopes(&tcauth.SetOfScopes{Scopes: c.input})
			require.NoError(t, err)
			assert.Equal(t, c.want, again.Scopes, "from memory")
		})
	}
}

func TestRoles(t *testing.T) {
	w := newWorld(t)
	a := w.root().auth
	req := func(scopes ...string) *tcauth.CreateRoleRequest {
		return &tcauth.CreateRoleRequest{Description: "d", Scopes: append([]string{}, scopes...)}
	}
	r, err := a.CreateRole("x*", req("s:<..>", "r"))
	require.NoError(t, err)
	assert.Equal(t, []string{"r", "s:<..>"}, r.Scopes)
	_, err = a.CreateRole("x*", req("r", "s:<..>"))
	require.NoError(t, err, "the same again")
	_, err = a.CreateRole("x*", req("r"))
	refused(t, err, 409, "RequestConflict")
	for _, bad := range [][]string{{"a**"}, {"<..>b<..>"}, {"b*<..>"}} {
		_, err = a.CreateRole("bad*", req(bad...))
		refused(t, err, 400, "InputError")
	}
	_, err = a.CreateRole("one", req("assume:two"))
	require.NoError(t, err)
	_, err = a.CreateRole("two", req("assume:one"))
	assert.Contains(t, refused(t, err, 400, "InputError").Message, "circle")
	_, err = a.CreateRole("two", req("assume:three"))
	require.NoError(t, err)
	_, err = a.UpdateRole("two", req("assume:on*"))
	refused(t, err, 400, "InputError")
	some := w.with("auth:update-role:two", "auth:create-role:*").auth
	_, err = some.UpdateRole("two", req("assume:three", "new"))
	refused(t, err, 403, "InsufficientScopes")
	_, err = some.UpdateRole("two", req())
	require.NoError(t, err, "less is always possible")
	_, err = some.CreateRole("four", req("new"))
	refused(t, err, 403, "InsufficientScopes")
	ids, err := a.ListRoleIds("", "2")
	require.NoError(t, err)
	assert.Equal(t, []string{"anonymous", "one"}, ids.RoleIds)
	ids, err = a.ListRoleIds(ids.ContinuationToken, "2")
	require.NoError(t, err)
	assert.Equal(t, []string{"two", "x*"}, ids.RoleIds)
	all, err := a.ListRoles2("", "")
	require.NoError(t, err)
	assert.Len(t, all.Roles, 4)
	plain, err := a.ListRoles()
	require.NoError(t, err)
	assert.Len(t, *plain, 4)
	require.NoError(t, a.DeleteRole("two"))
	_, err = a.Role("two")
	refused(t, err, 404, "ResourceNotFound")
	_, err = a.UpdateRole("two", req())
	refused(t, err, 404, "ResourceNotFound")
}

// The official client makes temporary and restricted credentials, and the server limits them.
func TestTemporaryCredentials(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.Clients = []Client{{ID: "issuer", AccessToken: "token", Scopes: []string{"a:*", "b", "assume:r", "auth:create-client:named/*"}}}
		o.Roles = map[string][]string{"r": {"from-role"}}
	})
	issuer := &tcclient.Credentials{ClientID: "issuer", AccessToken: "token"}
	scopes := func(c *tcclient.Credentials) []string {
		t.Helper()
		r, err := w.as(c).auth.CurrentScopes()
		require.NoError(t, err)
		var own []string
		for _, s := range r.Scopes {
			if !scopes.Satisfy(everybody, s) && s != "assume:anonymous" {
				own = append(own, s)
			}
		}
		return own
	}
	fails := func(c *tcclient.Credentials, says string) {
		t.Helper()
		_, err := w.as(c).auth.CurrentScopes()
		assert.Contains(t, refused(t, err, http.StatusUnauthorized, "AuthenticationFailed").Message, says)
	}
	temp, err := issuer.CreateTemporaryCredentials(time.Hour, "a:b", "assume:r")
	require.NoError(t, err)
	assert.Equal(t, []string{"a:b", "assume:r", "from-role"}, scopes(temp))
	named, err := issuer.CreateNamedTemporaryCredentials("named/x", time.Hour, "b")
	require.NoError(t, err)
	assert.Equal(t, []string{"b"}, scopes(named))
	forged, err := issuer.CreateNamedTemporaryCredentials("other/x", time.Hour, "b")
	require.NoError(t, err)
	fails(forged, "auth:create-client:other/x")
	greedy, err := issuer.CreateTemporaryCredentials(time.Hour, "c")
	require.NoError(t, err)
	fails(greedy, "scopes of the certificate")
	bare := *temp
	bare.Certificate = ""
	fails(&bare, "Bad mac")
	for name, change := range map[string]func(cert object){
		"scopes":    func(c object) { c["scopes"] = []any{"a:c"} },
		"expiry":    func(c object) { c["expiry"] = c["expiry"].(float64) + 1 },
		"version":   func(c object) { c["version"] = 2 },
		"seed":      func(c object) { c["seed"] = "short" },
		"no scopes": func(c object) { delete(c, "scopes") },
		"issuer":    func(c object) { c["issuer"] = "issuer" },
	} {
		var cert object
		require.NoError(t, json.Unmarshal([]byte(temp.Certificate), &cert))
		change(cert)
		changed := *temp
		changed.Certificate = string(mustJSON(cert))
		_, err := w.as(&changed).auth.CurrentScopes()
		refused(t, err, 401, "AuthenticationFailed")
		_ = name
	}
	w.clock.advance(time.Hour + 4*time.Minute)
	assert.NotEmpty(t, scopes(temp))
	w.clock.advance(2 * time.Minute)
	fails(temp, "not valid any more")

	restricted := *issuer
	restricted.AuthorizedScopes = []string{"a:1", "from-role"}
	assert.Equal(t, []string{"a:1", "from-role"}, scopes(&restricted))
	restricted.AuthorizedScopes = []string{}
	assert.Empty(t, scopes(&restricted), "none is not the same as not restricted")
	restricted.AuthorizedScopes = []string{"c"}
	fails(&restricted, "authorizedScopes")
}

func TestAuthenticateHawk(t *testing.T) {
	w := newWorld(t)
	root := w.RootCredentials()
	ask := func(req *tcauth.HawkSignatureAuthenticationRequest) object {
		r, err := w.as(nil).auth.AuthenticateHawk(req)
		require.NoError(t, err)
		var o object
		require.NoError(t, json.Unmarshal([]byte(*r), &o))
		return o
	}
	req := &tcauth.HawkSignatureAuthenticationRequest{Method: "get", Host: "example.com", Port: 443, Resource: "/x?y=z"}
	assert.Equal(t, "no-auth", ask(req)["status"])
	r := &http.Request{Method: "GET", Header: http.Header{}, URL: mustURL(t, "https://example.com:443/x?y=z")}
	signed(root.ClientID, root.AccessToken, time.Now(), func(h *hawkHeader) { h.hash = "abc" })(r)
	req.Authorization = r.Header.Get("Authorization")
	got := ask(req)
	assert.Equal(t, "auth-success", got["status"], got)
	assert.Equal(t, "abc", got["hash"])
	assert.Equal(t, root.ClientID, got["clientId"])
	req.Port = 80
	assert.Equal(t, "auth-failed", ask(req)["status"])
}

func TestTestAuthenticate(t *testing.T) {
	w := newWorld(t)
	tester := w.as(&tcclient.Credentials{ClientID: "tester", AccessToken: "no-secret"}).auth
	r, err := tester.TestAuthenticate(&tcauth.TestAuthenticateRequest{ClientScopes: []string{"a:*"}, RequiredScopes: []string{"a:b"}})
	require.NoError(t, err)
	assert.Equal(t, "tester", r.ClientID)
	assert.Equal(t, []string{"a:*", "assume:anonymous"}, r.Scopes)
	_, err = tester.TestAuthenticate(&tcauth.TestAuthenticateRequest{ClientScopes: []string{"a:*"}, RequiredScopes: []string{"b"}})
	refused(t, err, 403, "InsufficientScopes")
	_, err = w.as(&tcclient.Credentials{ClientID: "tester", AccessToken: "secret"}).auth.TestAuthenticate(&tcauth.TestAuthenticateRequest{ClientScopes: []string{}, RequiredScopes: []string{}})
	refused(t, err, 401, "AuthenticationFailed")
	got, err := tester.TestAuthenticateGet()
	require.NoError(t, err)
	assert.Equal(t, []string{"assume:anonymous", "auth:create-client:test:*", "test:*"}, got.Scopes)
}

// What may be wrong with a signature.
func TestSignatures(t *testing.T) {
	w := newWorld(t)
	root := w.RootCredentials()
	now := time.Now()
	const path = "/api/auth/v1/scopes/current"
	for name, c := range map[string]struct {
		sign func(*http.Request)
		says string
	}{
		"no nonce":    {signed(root.ClientID, root.AccessToken, now, func(h *hawkHeader) { h.nonce = "" }), "lacks"},
		"old":         {signed(root.ClientID, root.AccessToken, now.Add(-16*time.Minute)), "Stale timestamp"},
		"early":       {signed(root.ClientID, root.AccessToken, now.Add(16*time.Minute)), "Stale timestamp"},
		"no time":     {signed(root.ClientID, root.AccessToken, now, func(h *hawkHeader) { h.ts = "now" }), "timestamp"},
		"bad mac":     {signed(root.ClientID, root.AccessToken+"x", now), "Bad mac"},
		"bad ext":     {signed(root.ClientID, root.AccessToken, now, func(h *hawkHeader) { h.ext = "%%" }), "ext"},
		"ext no JSON": {signed(root.ClientID, root.AccessToken, now, func(h *hawkHeader) { h.ext = "aGVsbG8=" }), "ext"},
		"nobody":      {signed("nobody", "x", now), "not found"},
		"bad hash":    {signed(root.ClientID, root.AccessToken, now, func(h *hawkHeader) { h.hash = "abc" }), "another hash"},
		"basic":       {func(r *http.Request) { r.SetBasicAuth("a", "b") }, "scheme"},
		"twice": {func(r *http.Request) {
			r.Header.Set("Authorization", `Hawk id="a", id="b", ts="1", nonce="x", mac="y"`)
		}, "twice"},
		"unknown":    {func(r *http.Request) { r.Header.Set("Authorization", `Hawk id="a", x="b", ts="1", nonce="x", mac="y"`) }, "unknown"},
		"open quote": {func(r *http.Request) { r.Header.Set("Authorization", `Hawk id="a, ts="1`) }, "header"},
		"empty":      {func(r *http.Request) { r.Header.Set("Authorization", `Hawk`) }, "lacks"},
		"long":       {func(r *http.Request) { r.Header.Set("Authorization", `Hawk id="`+strings.Repeat("x", 70_000)+`"`) }, "too long"},
	} {
		t.Run(name, func(t *testing.T) {
			status, h, body := w.send("GET", path, "", "", c.sign)
			assert.Equal(t, 401, status, body)
			assert.Contains(t, body, c.says)
			assert.Contains(t, body, `"AuthenticationFailed"`)
			assert.Equal(t, "hawk", h.Get("Www-Authenticate"))
		})
	}
	status, _, body := w.send("GET", path, "", "", signed(root.ClientID, root.AccessToken, now, func(h *hawkHeader) { h.hash = payloadHash("", nil) }))
	assert.Equal(t, 200, status, body)
	status, _, body = w.send("GET", path+"?bewit=x", "", "", signed(root.ClientID, root.AccessToken, now))
	assert.Equal(t, 401, status)
	assert.Contains(t, body, "signed twice")
	link, err := w.root().auth.CurrentScopes_SignedURL(time.Minute)
	require.NoError(t, err)
	status, _, body = rawRequest(t, "GET", link.String(), "", "", nil)
	assert.Equal(t, 200, status, body)
	expired, err := w.root().auth.CurrentScopes_SignedURL(-time.Minute)
	require.NoError(t, err)
	status, _, body = rawRequest(t, "GET", expired.String(), "", "", nil)
	assert.Equal(t, 401, status)
	assert.Contains(t, body, "expired")
	status, _, _ = rawRequest(t, "GET", link.String()+"AA", "", "", nil)
	assert.Equal(t, 401, status)
}

package local

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/taskcluster/slugid-go/slugid"

	"github.com/taskgraph-go/decision/taskcluster/scopes"
)

// vectors reads a file of testdata.
func vectors(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, into))
}

type hawkVectors struct {
	Headers []struct {
		Description, URL, Method, ClientID, AccessToken, Nonce, Ext, ContentType, Hash, Mac, Header string
		TS                                                                                          int64
		Payload                                                                                     *string
	}
	Bewits []struct {
		Description, URL, ClientID, AccessToken, Ext, Decoded, Bewit, SignedURL string
		Exp                                                                     int64
	}
}

func vectorRequest(t *testing.T, method, address string) hawkRequest {
	u, err := url.Parse(address)
	require.NoError(t, err)
	// The resource is what is sent, not what a library makes of it.
	_, rest, _ := strings.Cut(address, "://")
	i := strings.IndexByte(rest, '/')
	r := hawkRequest{method: method, resource: rest[i:], host: u.Hostname(), port: 80}
	if u.Scheme == "https" {
		r.port = 443
	}
	if n, err := strconv.Atoi(u.Port()); err == nil {
		r.port = n
	}
	return r
}

func TestHawkVectors(t *testing.T) {
	var v hawkVectors
	vectors(t, "hawk.json", &v)
	require.Len(t, v.Headers, 14)
	for _, h := range v.Headers {
		t.Run(h.Description, func(t *testing.T) {
			parsed, err := parseHawkHeader(h.Header)
			require.NoError(t, err)
			assert.Equal(t, hawkHeader{h.ClientID, strconv.FormatInt(h.TS, 10), h.Nonce, h.Hash, h.Ext, h.Mac}, parsed)
			assert.Equal(t, h.Mac, hawkMAC(h.AccessToken, "header", vectorRequest(t, h.Method, h.URL), parsed))
			if h.Payload != nil {
				assert.Equal(t, h.Hash, payloadHash(h.ContentType, []byte(*h.Payload)))
			}
		})
	}
	require.Len(t, v.Bewits, 3)
	for _, b := range v.Bewits {
		t.Run("bewit "+b.Description, func(t *testing.T) {
			r := vectorRequest(t, "GET", b.URL)
			assert.Equal(t, b.Bewit, newBewit(b.ClientID, b.AccessToken, r, time.Unix(b.Exp, 0), b.Ext))
			rest, bewit, ok := splitBewit(vectorRequest(t, "GET", b.SignedURL).resource)
			require.True(t, ok)
			assert.Equal(t, r.resource, rest)
			parsed, err := parseBewit(bewit)
			require.NoError(t, err)
			require.NoError(t, checkBewit(b.AccessToken, parsed, r, time.Unix(b.Exp-1, 0)))
			require.Error(t, checkBewit(b.AccessToken, parsed, r, time.Unix(b.Exp, 0)), "it is over")
			require.Error(t, checkBewit(b.AccessToken+"x", parsed, r, time.Unix(b.Exp-1, 0)), "another key")
			r.method = "PUT"
			require.Error(t, checkBewit(b.AccessToken, parsed, r, time.Unix(b.Exp-1, 0)), "GET only")
		})
	}
}

// The vectors once more, from the outside: the server accepts the signatures, and no other.
func TestHawkVectorsAsRequests(t *testing.T) {
	var v hawkVectors
	vectors(t, "hawk.json", &v)
	for _, h := range v.Headers {
		if h.Ext != "" {
			continue // certificates of those are long over
		}
		t.Run(h.Description, func(t *testing.T) {
			roles, err := newRoleSet(nil)
			require.NoError(t, err)
			at := time.Unix(h.TS, 0)
			c := &client{ID: h.ClientID, AccessToken: h.AccessToken, Expires: newStamp(at.AddDate(1, 0, 0)), expanded: []string{"*"}}
			d := &directory{roles: roles, clients: map[string]*client{h.ClientID: c}}
			body := ""
			if h.Payload != nil {
				body = *h.Payload
			}
			req := httptest.NewRequest(h.Method, h.URL, strings.NewReader(body))
			req.RequestURI = vectorRequest(t, h.Method, h.URL).resource
			if strings.HasPrefix(h.URL, "https:") {
				req.Header.Set("X-Forwarded-Proto", "https")
			}
			if p := req.URL.Port(); p != "" {
				req.Header.Set("X-Forwarded-Port", p)
			}
			req.Header.Set("Content-Type", h.ContentType)
			req.Header.Set("Authorization", h.Header)
			who := identifyBy(d, req, []byte(body), moment{at, at})
			assert.Equal(t, authSuccess, who.status, who.message)
			assert.Equal(t, h.ClientID, who.clientID)
			assert.Equal(t, authFailed, identifyBy(d, req, []byte(body), moment{at.Add(16 * time.Minute), at.Add(16 * time.Minute)}).status, "too late")
			assert.Equal(t, authFailed, identifyBy(d, req, []byte(body), moment{at.Add(-16 * time.Minute), at.Add(-16 * time.Minute)}).status, "too early")
			if h.Hash != "" {
				assert.Equal(t, authFailed, identifyBy(d, req, []byte(body+" "), moment{at, at}).status, "another body")
			}
			req.RequestURI += "x"
			assert.Equal(t, authFailed, identifyBy(d, req, []byte(body), moment{at, at}).status, "another path")
		})
	}
}

func TestScopeVectors(t *testing.T) {
	var v struct {
		Satisfies []struct {
			Scopes     []string
			Expression any
			Satisfied  bool
		}
		Normalize []struct{ Input, Sorted, Normalized []string }
		Sets      []struct{ A, B, Intersection, Union []string }
	}
	vectors(t, "scopes.json", &v)
	require.Len(t, v.Satisfies, 140)
	for _, c := range v.Satisfies {
		template, err := newScopeTemplate(c.Expression)
		require.NoError(t, err)
		e, err := template.render(scopeParams{})
		require.NoError(t, err)
		assert.Equal(t, c.Satisfied, e.satisfied(c.Scopes), "%q %v", c.Scopes, c.Expression)
		_, missing := e.missing(c.Scopes)
		assert.Equal(t, c.Satisfied, !missing, "%q %v", c.Scopes, c.Expression)
	}
	for _, c := range v.Normalize {
		assert.Equal(t, c.Normalized, scopes.Normalize(c.Input), "%q", c.Input)
		sorted := slices.Clone(c.Input)
		slices.SortFunc(sorted, scopes.Compare)
		assert.Equal(t, c.Sorted, sorted)
	}
	for _, c := range v.Sets {
		assert.Equal(t, c.Union, scopes.Normalize(append(slices.Clone(c.A), c.B...)))
		var common []string
		for _, s := range append(slices.Clone(c.A), c.B...) {
			if scopes.Satisfy(c.A, s) && scopes.Satisfy(c.B, s) && !slices.Contains(common, s) {
				common = append(common, s)
			}
		}
		assert.ElementsMatch(t, c.Intersection, common)
	}
}

func TestSlugidVectors(t *testing.T) {
	var v struct {
		V4Pattern, NicePattern string
		Vectors                []struct{ Kind, Slug, UUID string }
	}
	vectors(t, "slugid.json", &v)
	assert.Equal(t, v.V4Pattern, slugPattern)
	nice := regexp.MustCompile(v.NicePattern)
	require.Len(t, v.Vectors, 28)
	for _, c := range v.Vectors {
		assert.True(t, slugText().MatchString(c.Slug), c.Slug)
		assert.Equal(t, c.UUID, slugid.Decode(c.Slug).String())
	}
	w := newWorld(t)
	for range 100 {
		assert.Regexp(t, nice, w.o.NewID())
	}
	for _, c := range v.Vectors {
		_, err := w.root().queue.CreateTask(c.Slug, w.task())
		require.NoError(t, err, c.Slug)
	}
	for _, bad := range []string{"x", "fzbCqEkrRuWjD1KBTjWKqR", "fzbCqEkrRuWjD1KBTjWKqQQ", "AAAAAAAAAAAAAAAAAAAAAA"} {
		_, err := w.root().queue.CreateTask(bad, w.task())
		refused(t, err, http.StatusBadRequest, "InvalidRequestArguments")
	}
}

type credentialVector struct {
	Description       string
	Start, Expiry     time.Time
	Seed              string
	TempCredsName     string
	TempCredsScopes   []string
	PermCreds         struct{ ClientID, AccessToken string }
	ExpectedTempCreds struct {
		ClientID, AccessToken, Certificate string
		AuthorizedScopes                   *[]string
	}
}

func TestTemporaryCredentialVectors(t *testing.T) {
	var all []credentialVector
	vectors(t, "temp-credentials.json", &all)
	require.Len(t, all, 4)
	for _, v := range all {
		t.Run(v.Description, func(t *testing.T) {
			c := certificate{Version: 1, Scopes: v.TempCredsScopes, Start: v.Start.UnixMilli(), Expiry: v.Expiry.UnixMilli(), Seed: v.Seed}
			id := v.PermCreds.ClientID
			if v.TempCredsName != "" {
				id, c.Issuer = v.TempCredsName, v.PermCreds.ClientID
			}
			c.Signature = c.sign(v.PermCreds.AccessToken, id)
			assert.JSONEq(t, v.ExpectedTempCreds.Certificate, string(mustJSON(c)))
			assert.Equal(t, v.ExpectedTempCreds.AccessToken, temporaryToken(v.PermCreds.AccessToken, v.Seed))
			assert.Equal(t, v.ExpectedTempCreds.ClientID, id)

			// And a request with them: the owner has the scopes, and may give names.
			roles, err := newRoleSet(nil)
			require.NoError(t, err)
			owner := &client{ID: v.PermCreds.ClientID, AccessToken: v.PermCreds.AccessToken, Expires: newStamp(v.Expiry.AddDate(1, 0, 0)), expanded: append([]string{"auth:create-client:abc/*"}, v.TempCredsScopes...)}
			d := &directory{roles: roles, clients: map[string]*client{owner.ID: owner}}
			said := object{"certificate": json.RawMessage(v.ExpectedTempCreds.Certificate)}
			if v.ExpectedTempCreds.AuthorizedScopes != nil {
				said["authorizedScopes"] = *v.ExpectedTempCreds.AuthorizedScopes
			}
			sign := func(key string, at time.Time) string {
				h := hawkHeader{id: id, ts: strconv.FormatInt(at.Unix(), 10), nonce: "n", ext: base64.StdEncoding.EncodeToString(mustJSON(said))}
				h.mac = hawkMAC(key, "header", hawkRequest{"GET", "/x", "h", 80}, h)
				return h.String()
			}
			ask := func(key string, at time.Time) *identity {
				return d.authenticate(hawkRequest{"GET", "/x", "h", 80}, sign(key, at), moment{at, at})
			}
			token := v.ExpectedTempCreds.AccessToken
			who := ask(token, v.Start.Add(time.Minute))
			require.Equal(t, authSuccess, who.status, who.message)
			assert.Equal(t, id, who.clientID)
			want := v.TempCredsScopes
			if a := v.ExpectedTempCreds.AuthorizedScopes; a != nil {
				want = *a
			}
			assert.Equal(t, scopes.Normalize(append(slices.Clone(want), "assume:anonymous")), who.scopes)
			assert.Equal(t, authSuccess, ask(token, v.Start.Add(-4*time.Minute)).status, "clocks may differ")
			assert.Equal(t, authSuccess, ask(token, v.Expiry.Add(4*time.Minute)).status)
			assert.Equal(t, authFailed, ask(token, v.Start.Add(-6*time.Minute)).status)
			assert.Equal(t, authFailed, ask(token, v.Expiry.Add(6*time.Minute)).status)
			assert.Equal(t, authFailed, ask(token+"x", v.Start.Add(time.Minute)).status)
		})
	}
}

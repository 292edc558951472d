package local

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	authSuccess = "auth-success"
	authFailed  = "auth-failed"
	noAuth      = "no-auth"
)

// authError is why a signature is not accepted, in the words of the real services, which begin in upper case.
type authError string

func (e authError) Error() string { return string(e) }

// identity is who makes a request.
type identity struct {
	status   string // authSuccess, authFailed or noAuth
	message  string // why it failed
	clientID string
	scopes   []string // expanded
	expires  time.Time
	hash     string // of the body, if it was signed
}

// directory is what authentication looks at: clients and roles at one moment. It does not change.
type directory struct {
	clients map[string]*client
	roles   *roleSet

	// credentials remembers what came of a client id and an ext, because nearly every request has the same.
	credentials sync.Map // key -> *credential
	remembered  atomic.Int64
}

// credential is a client id with an ext, as far as that does not depend on the time.
type credential struct {
	key         string
	scopes      []string
	expires     time.Time
	certificate *certificate
	issuer      *client
	err         error // of authorizedScopes, which is found last
}

const maxRemembered = 4096

// load gives the credentials that a request claims to have. The error says why there are none.
func (d *directory) load(id, ext string, now time.Time) (*credential, error) {
	key := id + "\n" + ext
	var found *credential
	if known, ok := d.credentials.Load(key); ok {
		found = known.(*credential)
	} else {
		var err error
		if found, err = d.derive(id, ext); err != nil {
			return nil, err
		}
		if err := found.valid(id, now); err != nil {
			return nil, err
		}
		if d.remembered.Add(1) > maxRemembered {
			d.credentials.Clear()
			d.remembered.Store(1)
		}
		d.credentials.Store(key, found)
	}
	if err := found.valid(id, now); err != nil {
		return nil, err
	}
	return found, found.err
}

// valid says whether the credentials can be used now.
func (c *credential) valid(id string, now time.Time) error {
	switch {
	case c.issuer.Disabled:
		return authError(fmt.Sprintf("client %q is disabled", c.issuer.ID))
	case c.issuer.Expires.Before(now):
		return authError(fmt.Sprintf("client %q has expired", c.issuer.ID))
	case c.certificate == nil:
		return nil
	}
	return c.certificate.check(id, c.issuer.ID, c.issuer.AccessToken, c.issuer.expanded, now)
}

func (d *directory) derive(id, ext string) (*credential, error) {
	var said hawkExt
	issuer := id
	if ext != "" {
		var err error
		if said, err = parseExt(ext); err != nil {
			return nil, err
		}
		if c := said.Certificate; c != nil && c.Issuer != "" {
			if issuer = c.Issuer; issuer == id {
				return nil, errors.New("the certificate has its own client as issuer")
			}
		}
	}
	owner, ok := d.clients[issuer]
	if !ok {
		return nil, authError(fmt.Sprintf("client %q is not found", issuer))
	}
	c := &credential{issuer: owner, key: owner.AccessToken, scopes: owner.expanded, expires: owner.Expires.Time, certificate: said.Certificate}
	if cert := said.Certificate; cert != nil {
		c.key = temporaryToken(owner.AccessToken, cert.Seed)
		c.scopes = cert.Scopes
		if until := time.UnixMilli(cert.Expiry); until.Before(c.expires) {
			c.expires = until
		}
	}
	everybody := []string{assume + "anonymous"}
	if said.AuthorizedScopes != nil {
		have := d.roles.expand(append(everybody, c.scopes...))
		for _, s := range *said.AuthorizedScopes {
			if !validScope(s) {
				return nil, errors.New("authorizedScopes holds what is no scope")
			}
		}
		if !satisfiesAll(have, *said.AuthorizedScopes) {
			c.err = authError(fmt.Sprintf("authorizedScopes holds what the credentials have not. The credentials have:\n\n```\n%s\n```\n\nauthorizedScopes are:\n\n```\n%s\n```",
				strings.Join(have, "\n"), strings.Join(*said.AuthorizedScopes, "\n")))
		}
		c.scopes = *said.AuthorizedScopes
	}
	c.scopes = d.roles.expand(append(everybody, c.scopes...))
	return c, nil
}

// moment is the time twice: that of the services, and that which signatures are compared with.
type moment struct{ now, signed time.Time }

// authenticate says who signed a request with a header or a bewit.
func (d *directory) authenticate(r hawkRequest, header string, at moment) *identity {
	failed := func(err error) *identity { return &identity{status: authFailed, message: err.Error()} }
	if header != "" {
		h, err := parseHawkHeader(header)
		if err != nil {
			return failed(authError(fmt.Sprintf("Bad Request: %v", err)))
		}
		c, err := d.load(h.id, h.ext, at.now)
		if err != nil {
			return failed(err)
		}
		if !sameText(h.mac, hawkMAC(c.key, "header", r, h)) {
			return failed(authError("Unauthorized: Bad mac"))
		}
		if err := checkTimestamp(h.ts, at.signed); err != nil {
			return failed(err)
		}
		return &identity{status: authSuccess, clientID: h.id, scopes: c.scopes, expires: c.expires, hash: h.hash}
	}
	rest, text, ok := splitBewit(r.resource)
	if !ok {
		return &identity{status: noAuth, scopes: d.roles.expand([]string{assume + "anonymous"}), expires: at.now.Add(hawkSkew)}
	}
	b, err := parseBewit(text)
	if err != nil {
		return failed(authError(fmt.Sprintf("Bad Request: %v", err)))
	}
	c, err := d.load(b.id, b.ext, at.now)
	if err != nil {
		return failed(err)
	}
	r.resource = rest
	if err := checkBewit(c.key, b, r, at.signed); err != nil {
		return failed(err)
	}
	return &identity{status: authSuccess, clientID: b.id, scopes: c.scopes, expires: c.expires}
}

// identify says who makes a request.
func (s *Server) identify(r *http.Request, body []byte, now time.Time) *identity {
	return identifyBy(s.directory.Load(), r, body, moment{now, s.o.SignatureClock()})
}

// identifyBy says who makes a request, to those who know these clients.
func identifyBy(d *directory, r *http.Request, body []byte, at moment) *identity {
	header := r.Header.Get("Authorization")
	req := hawkRequest{method: r.Method, resource: resource(r)}
	req.host, req.port = hostAndPort(r)
	if _, _, bewit := splitBewit(req.resource); bewit && header != "" {
		return &identity{status: authFailed, message: "the request is signed twice, with a bewit and a header"}
	}
	who := d.authenticate(req, header, at)
	if who.status == authSuccess && who.hash != "" {
		if sum := payloadHash(r.Header.Get("Content-Type"), body); !sameText(who.hash, sum) {
			return &identity{status: authFailed, message: fmt.Sprintf("the body has another hash than the signature says: %s instead of %s", who.hash, sum)}
		}
	}
	return who
}

package local

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/taskgraph-go/decision/taskcluster/scopes"
)

// certificate makes temporary credentials out of those of a client.
type certificate struct {
	Version   int      `json:"version"`
	Scopes    []string `json:"scopes"`
	Start     int64    `json:"start"`  // in milliseconds
	Expiry    int64    `json:"expiry"` // in milliseconds
	Seed      string   `json:"seed"`
	Signature string   `json:"signature"`
	Issuer    string   `json:"issuer,omitempty"` // with a name of their own only
	ClientID  string   `json:"clientId,omitempty"`
}

const (
	maxCertificate  = 31 * 24 * time.Hour
	certificateSkew = 5 * time.Minute
	seedLength      = 44 // two slugids
)

// sign computes the signature, for a client id that is given for named credentials only.
func (c *certificate) sign(key, name string) string {
	lines := []string{"version:" + strconv.Itoa(c.Version)}
	if c.Issuer != "" {
		lines = append(lines, "clientId:"+name, "issuer:"+c.Issuer)
	}
	lines = append(lines, "seed:"+c.Seed, "start:"+strconv.FormatInt(c.Start, 10), "expiry:"+strconv.FormatInt(c.Expiry, 10), "scopes:")
	lines = append(lines, c.Scopes...)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(strings.Join(lines, "\n")))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// temporaryToken is the access token of temporary credentials.
func temporaryToken(key, seed string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(seed))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// hawkExt is what the ext attribute of a request may say.
type hawkExt struct {
	Certificate      *certificate `json:"certificate"`
	AuthorizedScopes *[]string    `json:"authorizedScopes"`
}

func parseExt(text string) (hawkExt, error) {
	var ext hawkExt
	plain, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		if plain, err = base64.RawStdEncoding.DecodeString(text); err != nil {
			return ext, authError("ext is no base64")
		}
	}
	if err := json.Unmarshal(plain, &ext); err != nil {
		return ext, authError(fmt.Sprintf("ext cannot be read: %v", err))
	}
	return ext, nil
}

// check says what is wrong with a certificate, for credentials that call themselves name and are issued by a client
// with these scopes and this access token.
func (c *certificate) check(name, issuer, key string, have []string, now time.Time) error {
	ms := now.UnixMilli()
	skew := certificateSkew.Milliseconds()
	switch {
	case c.Version != 1:
		return errors.New("the certificate has another version than 1")
	case len(c.Seed) != seedLength:
		return fmt.Errorf("the seed of the certificate has not %d characters", seedLength)
	case c.Scopes == nil:
		return errors.New("the certificate has no scopes")
	case c.Start > ms+skew:
		return errors.New("the certificate is not valid yet")
	case c.Expiry < ms-skew:
		return errors.New("the certificate is not valid any more")
	case c.Expiry-c.Start > maxCertificate.Milliseconds():
		return errors.New("the certificate lasts longer than 31 days")
	}
	for _, s := range c.Scopes {
		if !validScope(s) {
			return errors.New("the certificate has what is no scope")
		}
	}
	if issuer != name {
		if create := "auth:create-client:" + name; !scopes.Satisfy(have, create) {
			return fmt.Errorf("the issuer %q of the certificate has no %q, so it may not give this name", issuer, create)
		}
	} else if c.ClientID != "" {
		return errors.New("the certificate has a clientId and no issuer")
	}
	if !satisfiesAll(have, c.Scopes) {
		return fmt.Errorf("the issuer %q has not all scopes of the certificate", issuer)
	}
	if !sameText(c.Signature, c.sign(key, name)) {
		return errors.New("the certificate has another signature")
	}
	return nil
}

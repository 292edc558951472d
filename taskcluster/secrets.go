package taskcluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	tcclient "github.com/taskcluster/taskcluster/v87/clients/client-go"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcsecrets"

	"github.com/taskgraph-go/decision/diag"
)

// Secret gives the text that a secret has at a key. It must not be logged.
func (c *Client) Secret(ctx context.Context, name, key string) (string, error) {
	what := fmt.Sprintf("secret %q", name)
	s := tcsecrets.New(nil, c.rootURL)
	s.Context, s.HTTPClient, s.HTTPBackoffClient = ctx, c.http, once
	text, err := request((*tcclient.Client)(s), nil, http.MethodGet, "/secret/"+url.PathEscape(name))
	if err != nil {
		return "", diag.Errorf(diag.Network, 0, "%s: %w", what, err)
	}
	var answer struct {
		Secret map[string]any `json:"secret"`
	}
	if json.Unmarshal(text, &answer) != nil { // the error might quote the secret
		return "", diag.Errorf(diag.Network, 0, "%s: what the service answers is no JSON", what)
	}
	found, ok := answer.Secret[key].(string)
	if !ok {
		return "", diag.Errorf(diag.Network, 0, "%s has no text at the key %q", what, key)
	}
	return found, nil
}

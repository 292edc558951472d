package taskcluster

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/cenkalti/backoff/v3"
	"github.com/taskcluster/httpbackoff/v3"
	tcclient "github.com/taskcluster/taskcluster/v87/clients/client-go"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcindex"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcqueue"

	"github.com/taskgraph-go/decision/diag"
)

// Credentials say who asks.
type Credentials = tcclient.Credentials

// Options are what a client needs.
type Options struct {
	RootURL     string
	Credentials *Credentials // nil: nobody in particular, which is enough for what is public
	// Proxy says that RootURL is the proxy of a task, which adds credentials and tries again by itself.
	Proxy bool
	// HTTP carries the requests; nil is http.DefaultTransport.
	HTTP http.RoundTripper
	// Log is told of every failed try; nil discards.
	Log *slog.Logger
}

// Client asks the services of one deployment. It is safe for concurrent use.
type Client struct {
	rootURL     string
	credentials *Credentials
	http        *patientClient
}

// NewClient makes a client.
func NewClient(o Options) *Client {
	c := &Client{rootURL: o.RootURL, credentials: o.Credentials, http: &patientClient{
		tries: 6, timeout: time.Minute, log: o.Log,
		client: http.Client{Transport: o.HTTP, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}}
	if o.Log == nil {
		c.http.log = slog.New(slog.DiscardHandler)
	}
	if o.Proxy { // it takes up to a quarter of an hour before it gives up
		c.http.tries, c.http.timeout = 2, 16*time.Minute
	}
	return c
}

// FromEnvironment gives the options for a client as the environment says: the proxy, or else the deployment with
// the credentials that are there.
func FromEnvironment(env func(name string) string) (Options, error) {
	root, err := RootURL(env, false)
	if err != nil {
		return Options{}, err
	}
	o := Options{RootURL: root, Proxy: env(ProxyURLVariable) != ""}
	if id, token := env(ClientIDVariable), env(AccessTokenVariable); !o.Proxy && id != "" && token != "" {
		o.Credentials = &Credentials{ClientID: id, AccessToken: token, Certificate: env(CertificateVariable)}
	}
	return o, nil
}

// RootURL gives the address that the client asks.
func (c *Client) RootURL() string { return c.rootURL }

// once keeps the official client from trying again by itself: patientClient does that, with the context in view.
var once = &httpbackoff.Client{BackOffSettings: func() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.MaxElapsedTime = 1
	return b
}()}

func (c *Client) index(ctx context.Context) *tcindex.Index {
	s := tcindex.New(c.credentials, c.rootURL)
	s.Context, s.HTTPClient, s.HTTPBackoffClient = ctx, c.http, once
	return s
}

func (c *Client) queue(ctx context.Context) *tcqueue.Queue {
	s := tcqueue.New(c.credentials, c.rootURL)
	s.Context, s.HTTPClient, s.HTTPBackoffClient = ctx, c.http, once
	return s
}

// FindTask gives the id of the task at an index path. The error satisfies [IsNotFound] where there is none.
func (c *Client) FindTask(ctx context.Context, path string) (string, error) {
	found, err := c.index(ctx).FindTask(path)
	if err != nil {
		return "", failure(fmt.Sprintf("index path %q", path), err)
	}
	return found.TaskID, nil
}

// maxArtifact is how large an artifact may be that is read into memory.
const maxArtifact = 256 << 20

// Artifact gives the content of an artifact of a task's newest run. The error satisfies [IsNotFound] where there
// is none. Credentials are shown to the queue only, not to where it keeps the artifact.
func (c *Client) Artifact(ctx context.Context, taskID, name string) ([]byte, error) {
	what := fmt.Sprintf("artifact %q of task %s", name, taskID)
	answer, err := c.queue(ctx).GetLatestArtifact(taskID, name)
	if err != nil {
		return nil, failure(what, err)
	}
	if answer.URL == "" {
		return nil, diag.Errorf(diag.Network, 0, "%s: the queue does not say where it is", what)
	}
	return c.http.get(ctx, what, answer.URL, maxArtifact)
}

// Download gives what is at an address that anybody may read. No credentials are shown, whatever the options say.
func Download(ctx context.Context, o Options, address string) ([]byte, error) {
	return NewClient(o).http.get(ctx, address, address, maxArtifact)
}

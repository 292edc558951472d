package taskcluster

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
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
	// HTTP carries the requests; nil is a transport like http.DefaultTransport that keeps more connections open.
	HTTP http.RoundTripper
	// Patience is for how long a request is tried again at least while the service does not answer as it should. With 0
	// it is tried six times (twice through the proxy), which takes some seconds.
	Patience time.Duration
	// Jitter gives numbers from 0 up to 1 that vary the pauses between tries; nil is the machine's own chance.
	Jitter func() float64
	// Log is told of every failed try; nil discards.
	Log *slog.Logger
}

// Client asks the services of one deployment. It is safe for concurrent use.
type Client struct {
	rootURL string
	http    *patientClient
}

// NewClient makes a client.
func NewClient(o Options) *Client {
	if o.HTTP == nil {
		o.HTTP = transport
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	c := &Client{rootURL: o.RootURL, http: &patientClient{
		tries: 6, patience: o.Patience, timeout: time.Minute, jitter: o.Jitter, credentials: o.Credentials, log: o.Log,
		client: http.Client{Transport: o.HTTP, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}}
	if o.Proxy { // it takes up to a quarter of an hour before it gives up
		c.http.tries, c.http.timeout = 2, 16*time.Minute
	}
	return c
}

// transport keeps as many connections to a service open as are used at once. The default keeps two, and closes and opens
// one for nearly every request when there are many at a time.
var transport = func() http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConns, t.MaxIdleConnsPerHost = 256, 128
	return t
}()

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
		if _, err := o.Credentials.Cert(); err != nil {
			return Options{}, diag.Errorf(diag.Network, 0, "%s is no certificate: %w", CertificateVariable, err)
		}
	}
	return o, nil
}

// RootURL gives the address that the client asks.
func (c *Client) RootURL() string { return c.rootURL }

// once keeps the official client from trying again by itself: patientClient does that, with the context in view. It signs
// each try, too, so that the official client gets no credentials.
var once = &httpbackoff.Client{BackOffSettings: func() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.MaxElapsedTime = 1
	return b
}()}

func (c *Client) index(ctx context.Context) *tcindex.Index {
	s := tcindex.New(nil, c.rootURL)
	s.Context, s.HTTPClient, s.HTTPBackoffClient = ctx, c.http, once
	return s
}

func (c *Client) queue(ctx context.Context) *tcqueue.Queue {
	s := tcqueue.New(nil, c.rootURL)
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

package cron

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/value"
)

// maxFile is how large a file or an answer of a repository's server may be.
const maxFile = 4 << 20

// web reads what a repository's server answers.
type web struct {
	HTTP   http.RoundTripper // nil is http.DefaultTransport
	header http.Header       // of requests to host, and no other
	host   string
	log    *slog.Logger
}

// get gives what is at an address. It tries again for some seconds. What is not there is a fs.ErrNotExist.
func (w web) get(ctx context.Context, address string) ([]byte, error) {
	text, err := taskcluster.Download(ctx, taskcluster.Options{HTTP: w, Log: w.log}, address)
	if taskcluster.IsNotFound(err) {
		return nil, fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	return text, err
}

// object gives the JSON object that is at an address.
func (w web) object(ctx context.Context, address string) (*value.Map, error) {
	text, err := w.get(ctx, address)
	if err != nil {
		return nil, err
	}
	v, err := (&value.Reader{Limits: value.Limits{Bytes: maxFile, Depth: 100}}).JSON(address, text)
	if err == nil && v.Map() == nil {
		err = diag.Errorf(diag.Network, 0, "%s: want a map, got %s", address, v.Describe())
	}
	return v.Map(), err
}

// RoundTrip sends a request with the headers of the host. An answer that is too large becomes a refusal, so that it is not asked
// for again.
func (w web) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Host == w.host {
		req = req.Clone(req.Context())
		for name, values := range w.header {
			req.Header[name] = values
		}
	}
	transport := w.HTTP
	if transport == nil {
		transport = http.DefaultTransport
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxFile {
		body, resp.StatusCode, resp.Status = nil, http.StatusRequestEntityTooLarge, ""
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// host gives the host of an address, "" where there is none.
func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// sleep waits, or ends with the context.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

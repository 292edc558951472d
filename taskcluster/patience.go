package taskcluster

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/taskgraph-go/decision/diag"
)

// patientClient sends a request again when it fails in a way that may pass: no connection, an answer that breaks
// off, 429 or 5xx. It gives up after a number of tries, and not before some time has passed. It reads every answer whole.
// Redirects are not followed: the services answer with them.
type patientClient struct {
	client      http.Client
	tries       int
	patience    time.Duration
	timeout     time.Duration // of each try
	jitter      func() float64
	credentials *Credentials // of the official client, whose requests are signed with them
	log         *slog.Logger
}

// maxAnswer is how large an answer of a service may be.
const maxAnswer = 64 << 20

var errTooLarge = errors.New("the answer is too large")

// Do sends a request, as the official client wants it. The error is that of the last try.
func (p *patientClient) Do(req *http.Request) (*http.Response, error) {
	return p.send(req, maxAnswer, p.credentials)
}

// send sends a request, signed with credentials if there are any.
func (p *patientClient) send(req *http.Request, limit int64, as *Credentials) (*http.Response, error) {
	start := time.Now()
	for try := 1; ; try++ {
		resp, err := p.try(req, limit, as)
		passing := err != nil && !errors.Is(err, errTooLarge) || err == nil && (resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests)
		if !passing || try >= p.tries && time.Since(start) >= p.patience {
			return resp, err
		}
		if err := req.Context().Err(); err != nil {
			return nil, err
		}
		pause := p.backOff(try)
		if resp != nil {
			pause = max(pause, retryAfter(resp.Header.Get("Retry-After"), time.Now()))
		}
		p.log.Warn("a service did not answer as it should, trying again", "host", req.URL.Host, "path", req.URL.Path, "try", try, "after", pause, "answer", outcome(resp, err))
		select {
		case <-req.Context().Done():
			return nil, req.Context().Err()
		case <-time.After(pause):
		}
	}
}

func outcome(resp *http.Response, err error) any {
	if err != nil {
		return err
	}
	return resp.Status
}

// backOff gives the pause after a failed try: 0.1 s, twice that after the next, and so on, at most half a
// minute, each a quarter shorter or longer by chance so that a crowd of clients spreads out.
func (p *patientClient) backOff(try int) time.Duration {
	const most = 30 * time.Second
	pause := most
	if try < 10 {
		pause = min(100*time.Millisecond<<(try-1), most)
	}
	return time.Duration(float64(pause) * (0.75 + p.jitter()/2))
}

// maxRetryAfter is how long a service may ask us to wait.
const maxRetryAfter = 5 * time.Minute

// retryAfter gives the pause that a service asks for in seconds, or up to a moment; 0 where it does not.
func retryAfter(header string, now time.Time) time.Duration {
	var pause time.Duration
	if seconds, err := strconv.Atoi(header); err == nil {
		pause = time.Duration(min(seconds, int(maxRetryAfter/time.Second))) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		pause = at.Sub(now)
	}
	return min(max(pause, 0), maxRetryAfter)
}

// try sends the request once and reads the answer.
func (p *patientClient) try(req *http.Request, limit int64, as *Credentials) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), p.timeout)
	defer cancel()
	again := req.WithContext(ctx)
	again.Header = req.Header.Clone()
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, err
		}
		again.Body = body
	}
	if as != nil {
		// A signature holds the time, and one that is used twice looks like an attack.
		if err := as.SignRequest(again); err != nil {
			return nil, err
		}
	}
	resp, err := p.client.Do(again)
	if e, ok := errors.AsType[*url.Error](err); ok {
		// The whole address may hold a signature that gives access.
		err = fmt.Errorf("%s: %w", req.URL.Host, e.Err)
	}
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err == nil && int64(len(body)) > limit {
		err = errTooLarge
	}
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// maxRedirects is how often a download may lead elsewhere.
const maxRedirects = 10

// get downloads what is at an address, following redirects and undoing gzip, which stored artifacts come in
// whether asked for or not.
func (p *patientClient) get(ctx context.Context, what, address string, limit int64) ([]byte, error) {
	for range maxRedirects {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return nil, diag.Errorf(diag.Network, 0, "%s: %v", what, err)
		}
		resp, err := p.send(req, limit, nil)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			return nil, diag.Errorf(diag.Network, 0, "%s: %v", what, err)
		case resp.StatusCode/100 == 3 && resp.Header.Get("Location") != "":
			to, err := resp.Location()
			if err != nil {
				return nil, diag.Errorf(diag.Network, 0, "%s: %v", what, err)
			}
			address = to.String()
			continue
		case resp.StatusCode != http.StatusOK:
			return nil, diag.Errorf(diag.Network, 0, "%s: %v", what, &Error{Status: resp.StatusCode})
		}
		text, err := content(resp, limit)
		if err != nil {
			return nil, diag.Errorf(diag.Network, 0, "%s: %v", what, err)
		}
		return text, nil
	}
	return nil, diag.Errorf(diag.Network, 0, "%s: more than %d redirects", what, maxRedirects)
}

func content(resp *http.Response, limit int64) ([]byte, error) {
	if resp.Header.Get("Content-Encoding") != "gzip" {
		return io.ReadAll(resp.Body)
	}
	unzip, err := gzip.NewReader(resp.Body)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(unzip, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("%w: more than %d bytes", errTooLarge, limit)
	}
	return text, err
}

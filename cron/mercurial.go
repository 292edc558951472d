package cron

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// Mercurial is a repository on a server of Mercurial that keeps a log of pushes, such as hg.mozilla.org.
type Mercurial struct {
	URL  string
	HTTP http.RoundTripper // nil is http.DefaultTransport
	Log  *slog.Logger      // nil discards
	// Pause is how long to wait for the log of pushes, which may lag behind, before it is asked again; 0 is 10 seconds.
	Pause time.Duration
}

var _ Repository = (*Mercurial)(nil)

// maxAsked is how often the log of pushes is asked.
const maxAsked = 5

// Head gives the newest push to a branch, "" being default.
func (m *Mercurial) Head(ctx context.Context, branch string) (Push, error) {
	if branch == "" {
		branch = "default"
	}
	return m.push(ctx, branch)
}

// Push gives the push that ended with a revision.
func (m *Mercurial) Push(ctx context.Context, _, revision string) (Push, error) {
	p, err := m.push(ctx, revision)
	if err == nil && p.Revision != revision {
		err = diag.Errorf(diag.Network, 0, "revision %s is not the last one of its push, which is %s", revision, p.Revision)
	}
	return p, err
}

func (m *Mercurial) push(ctx context.Context, changeset string) (Push, error) {
	address := strings.TrimRight(m.URL, "/") + "/json-pushes?" + url.Values{"version": {"2"}, "changeset": {changeset}, "full": {"1"}}.Encode()
	pause := m.Pause
	if pause == 0 {
		pause = 10 * time.Second
	}
	for asked := 1; ; asked++ {
		answer, err := web{HTTP: m.HTTP, log: m.Log}.object(ctx, address)
		if err != nil {
			return Push{}, err
		}
		pushes := answer.At("pushes").Map()
		switch {
		case pushes == nil:
			return Push{}, diag.Errorf(diag.Network, 0, "%s: the answer has no pushes", address)
		case pushes.Len() == 1:
			return readPush(address, pushes)
		case pushes.Len() > 1:
			return Push{}, diag.Errorf(diag.Network, 0, "%s: want one push, got %d", address, pushes.Len())
		case asked == maxAsked:
			return Push{}, fmt.Errorf("%s: %w", address, ErrNoPush)
		}
		if err := sleep(ctx, pause); err != nil {
			return Push{}, err
		}
	}
}

// readPush reads the only push of an answer.
func readPush(address string, pushes *value.Map) (Push, error) {
	push := pushes.Entry(0).Value.Map()
	changesets := push.At("changesets").List()
	if changesets.Len() == 0 {
		return Push{}, diag.Errorf(diag.Network, 0, "%s: the push has no changesets", address)
	}
	p := Push{
		PushlogID: pushes.Entry(0).Key.Str(), Revision: changesets.At(changesets.Len() - 1).Map().Str("node"),
	}
	if parents := changesets.At(0).Map().At("parents").List(); parents.Len() > 0 {
		p.BaseRevision = parents.At(0).Str()
	}
	date, ok := push.At("date").AsInt()
	if ok {
		p.Pushdate = &date
	}
	if p.Revision == "" || !ok {
		return Push{}, diag.Errorf(diag.Network, 0, "%s: the push has no node or no date", address)
	}
	return p, nil
}

// File gives what a file holds at a revision.
func (m *Mercurial) File(ctx context.Context, revision, path string) ([]byte, error) {
	return web{HTTP: m.HTTP, log: m.Log}.get(ctx, strings.TrimRight(m.URL, "/")+"/raw-file/"+url.PathEscape(revision)+"/"+escapePath(path))
}

// escapePath escapes the names in a path, and leaves the slashes.
func escapePath(path string) string { return (&url.URL{Path: path}).EscapedPath() }

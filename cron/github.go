package cron

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/taskgraph-go/decision/diag"
)

// GitHub is a repository on GitHub.
type GitHub struct {
	Repo  string            // owner/name
	Token string            // "" asks as anybody
	API   string            // address of the API; "" is https://api.github.com
	HTTP  http.RoundTripper // nil is http.DefaultTransport
	Log   *slog.Logger      // nil discards
}

var _ Repository = (*GitHub)(nil)

// Head gives the head of a branch, "" being the default branch. GitHub knows no pushes beyond that.
func (g *GitHub) Head(ctx context.Context, branch string) (Push, error) {
	if branch == "" {
		about, err := g.web(false).object(ctx, g.address(""))
		if err != nil {
			return Push{}, err
		}
		if branch = about.Str("default_branch"); branch == "" {
			return Push{}, diag.Errorf(diag.Network, 0, "%s: the answer has no default_branch", g.address(""))
		}
	}
	address := g.address("/git/ref/heads/" + escapePath(branch))
	ref, err := g.web(false).object(ctx, address)
	if errors.Is(err, fs.ErrNotExist) {
		return Push{}, diag.Errorf(diag.Network, 0, "%s has no branch %q: %w", g.Repo, branch, err)
	}
	if err != nil {
		return Push{}, err
	}
	revision := ref.At("object").Map().Str("sha")
	if revision == "" {
		return Push{}, diag.Errorf(diag.Network, 0, "%s: the answer has no object.sha", address)
	}
	return Push{Branch: branch, Revision: revision}, nil
}

// Push gives a revision as a push.
func (g *GitHub) Push(ctx context.Context, branch, revision string) (Push, error) {
	return pushOf(ctx, g, branch, revision)
}

// File gives what a file holds at a revision.
func (g *GitHub) File(ctx context.Context, revision, path string) ([]byte, error) {
	return g.web(true).get(ctx, g.address("/contents/"+escapePath(path))+"?"+url.Values{"ref": {revision}}.Encode())
}

func (g *GitHub) api() string {
	if g.API != "" {
		return strings.TrimRight(g.API, "/")
	}
	return "https://api.github.com"
}

func (g *GitHub) address(path string) string { return g.api() + "/repos/" + escapePath(g.Repo) + path }

// web asks for files as they are, or for JSON.
func (g *GitHub) web(raw bool) web {
	header := http.Header{"Accept": {"application/vnd.github+json"}}
	if raw {
		header.Set("Accept", "application/vnd.github.raw+json")
	}
	if g.Token != "" {
		header.Set("Authorization", "token "+g.Token)
	}
	return web{HTTP: g.HTTP, header: header, host: host(g.api()), log: g.Log}
}

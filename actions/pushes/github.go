package pushes

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/repourl"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
)

// gitHub reads the activity of a GitHub repository, which lists the pushes to a branch with their heads.
type gitHub struct{ Options }

// pushTypes are the activities after which a branch has another head that was pushed.
var pushTypes = map[string]bool{"push": true, "force_push": true, "pr_merge": true, "merge_queue_merge": true, "branch_creation": true}

// Before reads the activity of the branch, the newest first, until there are enough pushes behind the one of the parameters.
func (g *gitHub) Before(ctx context.Context, params *parameters.Params, n int, inclusive bool) ([]taskgraph.PushedTo, error) {
	if err := tooMany(n); err != nil {
		return nil, err
	}
	repo, err := repourl.Parse(params.HeadRepository())
	if err != nil {
		return nil, diag.Errorf(diag.BadParameters, params.At("head_repository").Pos(), "%w", err).WithPath("head_repository")
	}
	ref := params.HeadRef()
	if ref != "" && !strings.HasPrefix(ref, "refs/") {
		ref = "refs/heads/" + ref
	}
	next := g.API + "/repos/" + repo.Path + "/activity?" + url.Values{"ref": {ref}, "per_page": {"100"}}.Encode()
	var out []taskgraph.PushedTo
	reached := false
	for page := 0; next != "" && page < 50; page++ {
		var activities []struct {
			After string `json:"after"`
			Type  string `json:"activity_type"`
		}
		if next, err = g.get(ctx, next, &activities); err != nil {
			return nil, err
		}
		for _, a := range activities {
			switch {
			case !pushTypes[a.Type]:
			case a.After == params.HeadRev() && !reached:
				if reached = true; inclusive {
					out = append(out, taskgraph.PushedTo{Revision: a.After})
					n++
				}
			case reached && a.After != params.HeadRev():
				out = append(out, taskgraph.PushedTo{Revision: a.After})
			}
			if reached && len(out) >= n {
				return out, nil
			}
		}
	}
	if !reached {
		return nil, diag.Errorf(diag.ActionFailed, 0, "the activity of %s does not list a push of %s to %s", repo.Path, params.HeadRev(), ref)
	}
	return out, nil
}

// nextPage finds the address of the next page in a header.
var nextPage = regexp.MustCompile(`<([^>]+)>;\s*rel="next"`)

// maxPage is how large a page may be.
const maxPage = 16 << 20

// get reads a page and gives the address of the next one, "" for none.
func (g *gitHub) get(ctx context.Context, address string, into any) (next string, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Accept", "application/vnd.github+json")
	if g.Token != "" {
		req.Header.Set("Authorization", "Bearer "+g.Token)
	}
	// Redirects are not followed: the token is for this host only.
	client := http.Client{Transport: g.HTTP, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		return "", diag.Errorf(diag.Network, 0, "%s: %w", req.URL.Host, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxPage))
	if err != nil {
		return "", diag.Errorf(diag.Network, 0, "%s: %w", req.URL.Host, err)
	}
	if resp.StatusCode != http.StatusOK {
		return "", diag.Errorf(diag.Network, 0, "%s%s: %s", req.URL.Host, req.URL.Path, resp.Status).WithHint("a token in GITHUB_TOKEN may ask more often, and for private repositories")
	}
	if err := json.Unmarshal(body, into); err != nil {
		return "", diag.Errorf(diag.Network, 0, "%s%s: the answer cannot be read: %w", req.URL.Host, req.URL.Path, err)
	}
	if m := nextPage.FindStringSubmatch(resp.Header.Get("Link")); m != nil {
		if u, err := url.Parse(m[1]); err == nil && u.Host == req.URL.Host && u.Scheme == req.URL.Scheme {
			return m[1], nil
		}
	}
	return "", nil
}

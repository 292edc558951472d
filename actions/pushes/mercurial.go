package pushes

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskgraph"
)

// mercurial reads the pushlog of a Mercurial server, which numbers pushes. Numbers may be missing.
type mercurial struct{ Options }

// Before asks for the pushlog backwards until there are enough pushes.
func (m *mercurial) Before(ctx context.Context, params *parameters.Params, n int, inclusive bool) ([]taskgraph.PushedTo, error) {
	if err := tooMany(n); err != nil {
		return nil, err
	}
	own, err := strconv.Atoi(params.At("pushlog_id").Str())
	if err != nil || own < 0 {
		return nil, diag.Errorf(diag.BadParameters, params.At("pushlog_id").Pos(), "want the number of a push, got %q", params.At("pushlog_id").Str()).WithPath("pushlog_id")
	}
	end, found := own-1, map[int]string{}
	if inclusive {
		end, n = own, n+1
	}
	// The log has what lies behind start up to end.
	for end > 0 && len(found) < n {
		start := max(end-(n-len(found)), 0)
		if err := m.read(ctx, params, start, end, found); err != nil {
			return nil, err
		}
		end = start
	}
	ids := make([]int, 0, len(found))
	for id := range found {
		ids = append(ids, id)
	}
	slices.Sort(ids) // as numbers: 99 comes before 100
	slices.Reverse(ids)
	out := make([]taskgraph.PushedTo, 0, n)
	for _, id := range ids[:min(n, len(ids))] {
		out = append(out, taskgraph.PushedTo{ID: strconv.Itoa(id), Revision: found[id]})
	}
	return out, nil
}

// read adds a part of the pushlog to what was found.
func (m *mercurial) read(ctx context.Context, params *parameters.Params, start, end int, found map[int]string) error {
	u, err := repositoryURL(params)
	if err != nil {
		return err
	}
	u.Path = strings.TrimRight(u.Path, "/") + "/json-pushes"
	u.RawQuery = "version=2&startID=" + strconv.Itoa(start) + "&endID=" + strconv.Itoa(end)
	text, err := taskcluster.Download(ctx, taskcluster.Options{HTTP: m.HTTP, Log: m.Log}, u.String())
	if err != nil {
		return err
	}
	var answer struct {
		Pushes map[string]struct {
			Changesets []string `json:"changesets"`
		} `json:"pushes"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return diag.Errorf(diag.Network, 0, "%s: the pushlog cannot be read: %w", u.Redacted(), err)
	}
	for key, p := range answer.Pushes {
		id, err := strconv.Atoi(key)
		if err != nil || id <= start || id > end || len(p.Changesets) == 0 {
			return diag.Errorf(diag.Network, 0, "%s: the pushlog has a push %q that was not asked for, or one without changesets", u.Redacted(), key)
		}
		found[id] = p.Changesets[len(p.Changesets)-1]
	}
	return nil
}

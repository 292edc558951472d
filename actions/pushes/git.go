package pushes

import (
	"context"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
)

// git takes each commit that the branch was at for a push: that of the first parents.
type git struct{ Options }

// Before walks back through the history of the checkout. Where that is cut off there are fewer pushes.
func (g *git) Before(ctx context.Context, params *parameters.Params, n int, inclusive bool) ([]taskgraph.PushedTo, error) {
	if err := tooMany(n); err != nil {
		return nil, err
	}
	rev, err := g.Repository.Commit(ctx, params.HeadRev())
	if err != nil {
		return nil, err
	}
	if rev == "" {
		return nil, diag.Errorf(diag.ActionFailed, 0, "the checkout does not have the revision %s", params.HeadRev())
	}
	var out []taskgraph.PushedTo
	if inclusive {
		out = append(out, taskgraph.PushedTo{Revision: rev})
	}
	for range n {
		if rev, err = g.Repository.Parent(ctx, rev); err != nil {
			return nil, err
		}
		if rev == "" {
			if shallow, err := g.Repository.IsShallow(ctx); err == nil && shallow {
				g.Log.Warn("the history of the checkout is cut off, so that pushes are missing", "found", len(out), "wanted", n)
			}
			break
		}
		out = append(out, taskgraph.PushedTo{Revision: rev})
	}
	return out, nil
}

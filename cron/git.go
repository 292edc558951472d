package cron

import (
	"context"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/vcs"
)

// Git is a Git repository anywhere that the program git reaches.
type Git struct {
	Remote *vcs.Remote
}

var _ Repository = Git{}

// Head gives the head of a branch, "" being the one that clones start with. Git knows no pushes beyond that.
func (g Git) Head(ctx context.Context, branch string) (Push, error) {
	name, rev, err := g.Remote.Head(ctx, branch)
	switch {
	case err != nil:
		return Push{}, diag.Errorf(diag.Network, 0, "%w", err)
	case rev == "" && branch == "":
		return Push{}, ErrNoPush
	case rev == "":
		return Push{}, diag.Errorf(diag.Network, 0, "the repository has no branch %q", branch)
	}
	return Push{Branch: name, Revision: rev}, nil
}

// Push gives a revision as a push.
func (g Git) Push(ctx context.Context, branch, revision string) (Push, error) {
	return pushOf(ctx, g, branch, revision)
}

// File gives what a file holds at a revision, which is a hash.
func (g Git) File(ctx context.Context, revision, path string) ([]byte, error) {
	return g.Remote.ReadFile(ctx, revision, path, maxFile)
}

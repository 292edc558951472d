package cron

import (
	"context"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/vcs"
)

// Checkout is a repository that has been cloned here, by git or Mercurial. What it does not have is not there: nothing is
// fetched.
type Checkout struct {
	VCS vcs.Repository
}

var _ Repository = Checkout{}

// Head gives the revision that is checked out. A branch is taken for a name only, because cron runs for what is there.
func (c Checkout) Head(ctx context.Context, branch string) (Push, error) {
	revision, err := c.VCS.HeadRev(ctx)
	if err != nil {
		return Push{}, diag.Errorf(diag.Unreadable, 0, "the revision that is checked out is not known: %w", err)
	}
	return c.Push(ctx, branch, revision)
}

// Push gives a revision as a push.
func (c Checkout) Push(ctx context.Context, branch, revision string) (Push, error) {
	if branch == "" {
		if name, err := c.VCS.Branch(ctx); err == nil { // there may be none
			branch = name
		}
	}
	return Push{Branch: branch, Revision: revision}, nil
}

// File gives what a file holds at a revision.
func (c Checkout) File(ctx context.Context, revision, path string) ([]byte, error) {
	tree, err := c.VCS.ReadTree(ctx, revision)
	if err != nil {
		return nil, err
	}
	defer tree.Close()
	info, err := tree.Stat(path)
	if err == nil && info.Size() > maxFile {
		err = diag.Errorf(diag.LimitExceeded, 0, "the file has %d bytes; at most %d are read", info.Size(), maxFile)
	}
	if err != nil {
		return nil, err
	}
	return tree.ReadFile(path)
}

package cron

import (
	"context"
	"errors"

	"github.com/taskgraph-go/decision/value"
)

// ErrNoPush says that nothing was ever pushed to a repository. Cron has nothing to do there.
var ErrNoPush = errors.New("nothing was pushed yet")

// Project is the repository that cron runs for, as .taskcluster.yml and the index know it.
type Project struct {
	URL         string
	Name        string
	Level       string
	Type        string // git or hg
	TrustDomain string // begins the index paths; only actions need it
}

// values gives what .taskcluster.yml knows as repository.
func (p Project) values() *value.Map {
	return value.MapOf("url", p.URL, "project", p.Name, "level", p.Level, "type", p.Type)
}

// Push is what cron runs for. Of what is empty .taskcluster.yml learns nothing.
type Push struct {
	Revision     string
	BaseRevision string // the revision before the push
	Branch       string
	PushlogID    string
	Pushdate     *int64 // seconds since 1970
	Owner        string // "" is cron
}

// values gives what .taskcluster.yml knows as push.
func (p Push) values() *value.Map {
	m := value.MapOf("revision", p.Revision, "owner", "cron")
	for _, f := range [][2]string{{"base_revision", p.BaseRevision}, {"branch", p.Branch}, {"pushlog_id", p.PushlogID}, {"owner", p.Owner}} {
		if f[1] != "" {
			m.Set(f[0], value.NewString(f[1]))
		}
	}
	if p.Pushdate != nil {
		m.Set("pushdate", value.NewInt(*p.Pushdate))
	}
	return m
}

// Repository answers for the repository that cron runs for. [Mercurial], [GitHub] and [Checkout] do.
type Repository interface {
	// Head gives the newest push to a branch, "" being the one that the repository works on. The error is [ErrNoPush] where
	// there is none.
	Head(ctx context.Context, branch string) (Push, error)
	// Push gives the push to a branch that ended with a revision.
	Push(ctx context.Context, branch, revision string) (Push, error)
	// File gives what a file holds at a revision. The error is a fs.ErrNotExist where there is none.
	File(ctx context.Context, revision, path string) ([]byte, error)
}

// pushOf gives a revision as a push to a branch, "" being the one that the repository works on.
func pushOf(ctx context.Context, r Repository, branch, revision string) (Push, error) {
	if branch == "" {
		head, err := r.Head(ctx, "")
		if err != nil {
			return Push{}, err
		}
		branch = head.Branch
	}
	return Push{Branch: branch, Revision: revision}, nil
}

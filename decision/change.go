package decision

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/vcs"
)

// Change is what a push changed, and how that was found out.
type Change struct {
	// Files are the changed files, as the parameter files_changed has them: a file that several commits changed comes
	// several times.
	Files []string
	// Base is the revision before the push: what was given, or what was worked out where nothing was.
	Base string
	// Method says how the files were found.
	Method Method
	// Certainty says how sure that is.
	Certainty Certainty
	// Reason says why it was that method.
	Reason string
}

// Method is a way to find the changed files.
type Method string

// The methods.
const (
	// ByCommits lists what each commit after the base changed. Files in which the trees differ otherwise, such as those
	// that only a merge or a force push touched, follow.
	ByCommits Method = "commits after the base"
	// ByTrees compares the tree of the base with that of the head: what is left where history is cut off.
	ByTrees Method = "comparison of the trees"
	// AllFiles lists every file of the head: what is safe where nothing is known.
	AllFiles Method = "all files"
)

// Certainty says how much a list of changed files can be relied on.
type Certainty string

// The certainties.
const (
	Exact   Certainty = "exact"         // these files and no others
	AtLeast Certainty = "may list more" // none is missing, but some may not have changed
	Guess   Certainty = "a guess"       // the revision before the push is not known
)

// Reasons for a method.
const (
	nothing = "nothing lies between"
	given   = "the base was given"
	noBase  = "no revision before"
	history = "history is cut off"
	unknown = "the base was not found"
)

// deepenings are how many more commits are asked for at a time where a shallow clone does not reach back to where a
// pull request began.
var deepenings = []int{50, 250, 1000}

// changes finds out what pushes to a repository changed.
type changes struct {
	repo vcs.Repository
	push *Push
	log  *slog.Logger
}

// FindChange gives what a push changed, by the checkout and, for history that is not there, by the repositories that the
// push names. log is told what is fetched.
func FindChange(ctx context.Context, repo vcs.Repository, push *Push, log *slog.Logger) (*Change, error) {
	c := &changes{repo: repo, push: push, log: log}
	if err := push.checkRevisions(); err != nil {
		return nil, err
	}
	head, err := c.repo.Commit(ctx, c.push.HeadRev)
	if err == nil && head == "" {
		head, err = c.fetched(ctx, c.push.HeadRepository, c.push.HeadRev)
	}
	if err != nil {
		return nil, err
	}
	if head == "" {
		return nil, diag.Errorf(diag.BadParameters, 0, "the checkout has no revision %q", c.push.HeadRev).WithPath("head_rev").
			WithHint("--head-rev names the revision that is checked out")
	}
	if at, err := repo.HeadRev(ctx); err == nil && at != head {
		log.Warn("the checkout is not at the revision that was pushed: the kinds of another one count", "checkout", at, "head-rev", head)
	}
	base := c.push.BaseRev
	switch {
	case isNull(base):
		return c.all(ctx, base, AtLeast, noBase+": the branch or tag is new")
	case base == "":
		return c.guess(ctx, head)
	}
	at, err := c.repo.Commit(ctx, base)
	if err == nil && at == "" {
		at, err = c.fetched(ctx, c.push.BaseRepository, base)
	}
	if err != nil {
		return nil, err
	}
	if at == "" {
		return c.all(ctx, base, AtLeast, unknown+", neither here nor in "+c.push.BaseRepository)
	}
	found, err := c.between(ctx, base, at, head)
	if err == nil && found.Reason == "" {
		found.Reason = given
	}
	return found, err
}

// isNull says whether a revision is the one that is none, perhaps cut short.
func isNull(rev string) bool { return len(rev) >= 7 && strings.Trim(rev, "0") == "" }

// fetched gets a commit from a remote repository and gives its hash, "" where it cannot be had.
func (c *changes) fetched(ctx context.Context, remote, rev string) (string, error) {
	if remote == "" {
		return "", nil
	}
	shallow, err := c.repo.IsShallow(ctx)
	if err != nil {
		return "", err
	}
	what := vcs.Fetch{Remote: remote, Rev: rev}
	if shallow {
		what.Depth = 1
	}
	if err := c.fetch(ctx, what); err != nil {
		return "", ctx.Err()
	}
	return c.repo.Commit(ctx, rev)
}

// fetch gets commits. A failure is logged: there is always another way to go on.
func (c *changes) fetch(ctx context.Context, what vcs.Fetch) error {
	err := c.repo.Fetch(ctx, what)
	switch {
	case err == nil:
		c.log.Info("fetched commits", "repository", what.Remote, "revision", what.Rev)
	case !errors.Is(err, vcs.ErrNoFetch):
		c.log.Warn("commits cannot be fetched", "repository", what.Remote, "revision", what.Rev, "error", err)
	}
	return err
}

// all takes every file of the head for changed.
func (c *changes) all(ctx context.Context, base string, sure Certainty, why string) (*Change, error) {
	found := &Change{Base: base, Method: AllFiles, Certainty: sure, Reason: why}
	var err error
	if c.repo.Tool() == "git" {
		found.Files, err = c.repo.ChangedFiles(ctx, vcs.Change{Rev: c.push.HeadRev, Base: vcs.NullRevision})
	} else {
		found.Files, err = c.repo.QuotedFiles(ctx, c.push.HeadRev)
	}
	return found, err
}

// guess works out the base where none was given: where the head left the branch that it is based on, or else the commit
// before it.
func (c *changes) guess(ctx context.Context, head string) (*Change, error) {
	for _, branch := range c.branches(ctx) {
		tip, err := c.repo.Commit(ctx, branch)
		if err != nil {
			return nil, err
		}
		if tip == "" {
			continue
		}
		base, err := c.repo.LatestCommonRevision(ctx, tip, head)
		if err != nil {
			return nil, err
		}
		if base == vcs.NullRevision || base == head {
			continue
		}
		found, err := c.between(ctx, base, base, head)
		if err == nil {
			found.Certainty, found.Reason = Guess, "no base was given; the head left "+branch+" at "+base
		}
		return found, err
	}
	parent, err := c.repo.Parent(ctx, head)
	if err == nil && parent == "" {
		if err = c.fetch(ctx, vcs.Fetch{Remote: c.push.HeadRepository, Rev: head, Deepen: 1}); err == nil {
			parent, err = c.repo.Parent(ctx, head)
		} else {
			err = ctx.Err()
		}
	}
	if err != nil {
		return nil, err
	}
	if parent == "" {
		return c.all(ctx, vcs.NullRevision, AtLeast, "no base was given, and the head has no parent here")
	}
	found, err := c.between(ctx, parent, parent, head)
	if err == nil {
		found.Certainty, found.Reason = Guess, "no base was given; only the last commit counts"
	}
	return found, err
}

// branches gives the names that the base branch may have here, the likeliest first.
func (c *changes) branches(ctx context.Context) []string {
	if c.repo.Tool() == "hg" {
		return slices.DeleteFunc([]string{c.push.BaseRef, "default"}, func(s string) bool { return s == "" })
	}
	var names []string
	if ref := strings.TrimPrefix(c.push.BaseRef, "refs/heads/"); ref != "" {
		names = append(names, "refs/remotes/origin/"+ref)
		if rev, err := c.repo.RemoteRev(ctx, c.push.BaseRepository, "refs/heads/"+ref); err == nil && rev != "" {
			if at, err := c.fetched(ctx, c.push.BaseRepository, rev); err == nil && at != "" {
				names = append(names, rev)
			}
		}
		names = append(names, "refs/heads/"+ref)
	}
	if branch, err := c.repo.DefaultBranch(ctx); err == nil {
		names = append(names, branch)
	}
	return names
}

// between gives the files that changed from the commit at, which base names, to head.
func (c *changes) between(ctx context.Context, base, at, head string) (*Change, error) {
	shallow, err := c.repo.IsShallow(ctx)
	if err != nil {
		return nil, err
	}
	if shallow {
		return c.trees(ctx, base, at, head)
	}
	found := &Change{Base: base, Method: ByCommits, Certainty: Exact}
	if at == head {
		found.Files, found.Reason = []string{}, nothing
		return found, nil
	}
	if found.Files, err = c.repo.ChangedFiles(ctx, vcs.Change{Rev: head, Base: at}); err != nil {
		return nil, err
	}
	from, err := c.before(ctx, at, head, found)
	if err != nil || from == "" {
		return found, err
	}
	differ, err := c.repo.DifferingFiles(ctx, from, head)
	if err != nil {
		return nil, err
	}
	known := make(map[string]bool, len(found.Files))
	for _, f := range found.Files {
		known[f] = true
	}
	for _, f := range differ {
		if !known[f] {
			found.Files = append(found.Files, f)
		}
	}
	return found, nil
}

// before gives the revision whose tree the head's is compared with: the base, or where a pull request left it. It is ""
// where the base is no revision that the head took the place of.
func (c *changes) before(ctx context.Context, at, head string, found *Change) (string, error) {
	straight, err := c.repo.IsAncestor(ctx, at, head)
	switch {
	case err != nil:
		return "", err
	case straight:
		return at, nil
	case c.push.isPullRequest():
		common, err := c.repo.LatestCommonRevision(ctx, at, head)
		if err != nil || common != vcs.NullRevision {
			found.Reason = "the base branch went on after the head left it at " + common
			return common, err
		}
		found.Reason = "the head has no history in common with the base"
		return at, nil
	case c.push.isPush():
		found.Reason = "a force push: the base is no ancestor of the head"
		return at, nil
	}
	return "", nil
}

// trees compares trees, since the commits between them are not all there.
func (c *changes) trees(ctx context.Context, base, at, head string) (*Change, error) {
	found := &Change{Base: base, Method: ByTrees, Certainty: Exact, Reason: history}
	if c.push.isPullRequest() {
		common, err := c.common(ctx, at, head)
		if err != nil {
			return nil, err
		}
		if common == vcs.NullRevision {
			found.Certainty = AtLeast
			found.Reason = history + " before the head and the base meet: what changed on the base branch since may be among the files"
		} else {
			at = common
			found.Reason = history + "; the head left the base branch at " + common
		}
	}
	var err error
	found.Files, err = c.repo.DifferingFiles(ctx, at, head)
	return found, err
}

// common gives where a pull request began, after fetching more and more of the history that is cut off.
func (c *changes) common(ctx context.Context, base, head string) (string, error) {
	common, err := c.repo.LatestCommonRevision(ctx, base, head)
	for _, more := range deepenings {
		if err != nil || common != vcs.NullRevision {
			return common, err
		}
		shallow, err := c.repo.IsShallow(ctx)
		if err != nil || !shallow {
			return common, err
		}
		for _, f := range []vcs.Fetch{{Remote: c.push.HeadRepository, Rev: head, Deepen: more}, {Remote: c.push.BaseRepository, Rev: base, Deepen: more}} {
			if f.Remote == "" {
				continue
			}
			if err := c.fetch(ctx, f); err != nil {
				return common, ctx.Err()
			}
		}
		common, err = c.repo.LatestCommonRevision(ctx, base, head)
		if err != nil {
			return common, err
		}
	}
	return common, err
}

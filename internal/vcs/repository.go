package vcs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// NullRevision is the revision that is none, for git and Mercurial alike: what a push to a new branch has as
// its base.
const NullRevision = "0000000000000000000000000000000000000000"

// ErrNoRepository says that a directory is in no checkout.
var ErrNoRepository = errors.New("no git or mercurial repository")

// ErrNoUpstream says that nothing in the checkout is known to be in a remote repository, so that there is no
// revision that the work is based on.
var ErrNoUpstream = errors.New("no ancestor is in a remote repository")

// ErrNotText says that a program wrote something that is not UTF-8, as an old commit message may be.
var ErrNotText = errors.New("output is not UTF-8")

// Repository is a checkout and its history. Revisions are whatever the tool understands: hashes, names,
// HEAD~1. An empty revision is the one that is checked out.
type Repository interface {
	// Tool gives "git" or "hg", the value of the parameter repository_type.
	Tool() string
	// Root gives the directory that all paths are relative to.
	Root() string

	// HeadRev gives the hash of the revision that is checked out.
	HeadRev(ctx context.Context) (string, error)
	// BaseRev gives the hash of the newest ancestor that is not only local, [ErrNoUpstream] where there is
	// none.
	BaseRev(ctx context.Context) (string, error)
	// Branch gives the branch or bookmark that is active, "" where none is.
	Branch(ctx context.Context) (string, error)
	// DefaultBranch gives the branch that the remote repository starts clones with. Git may have to ask the
	// remote; with [Options].Offline it guesses from the names of branches instead.
	DefaultBranch(ctx context.Context) (string, error)
	// RemoteURL gives the address of a remote repository, of the default one where remote is empty.
	RemoteURL(ctx context.Context, remote string) (string, error)
	// CommitMessage gives the message of a revision, [ErrNotText] where it is in an unknown encoding.
	CommitMessage(ctx context.Context, rev string) (string, error)

	// ChangedFiles gives the files that differ in the working tree, or that revisions changed. A file that
	// several revisions changed is listed several times, and git quotes unusual names: see [Change].
	ChangedFiles(ctx context.Context, c Change) ([]string, error)
	// TrackedFiles gives the names of all files of a revision below any of the paths, or of all files without
	// paths, sorted. The list is shared: do not change it.
	TrackedFiles(ctx context.Context, rev string, paths ...string) ([]string, error)
	// QuotedFiles is TrackedFiles with the names as the tool prints them, which is what the reference matches
	// patterns against: git puts a name with unusual characters into quotes, so that no pattern finds it.
	QuotedFiles(ctx context.Context, rev string, paths ...string) ([]string, error)

	// LatestCommonRevision gives the newest revision that both have as ancestor, [NullRevision] where there is
	// none.
	LatestCommonRevision(ctx context.Context, base, head string) (string, error)
	// IsShallow says whether history is cut off.
	IsShallow(ctx context.Context) (bool, error)

	// Commit gives the hash of the commit that a name stands for, "" where the local store has none.
	Commit(ctx context.Context, rev string) (string, error)
	// Parent gives the hash of the first parent of a revision, "" where it has none or history is cut off before it.
	Parent(ctx context.Context, rev string) (string, error)
	// IsAncestor says whether base is head or one of its ancestors. Where history is cut off, no may be wrong.
	IsAncestor(ctx context.Context, base, head string) (bool, error)
	// DifferingFiles gives the files that two revisions do not have in common, sorted, each once. Names are quoted as
	// those of ChangedFiles.
	DifferingFiles(ctx context.Context, from, to string) ([]string, error)

	// Fetch gets commits into the local store, [ErrNoFetch] where that is not done. The checkout and the branches stay
	// as they are.
	Fetch(ctx context.Context, f Fetch) error
	// RemoteRev gives the hash that a ref has in a remote repository, "" where it has no such ref.
	RemoteRev(ctx context.Context, remote, ref string) (string, error)
	// Note gives the note on a revision that a ref such as refs/notes/commits holds, and whether there is one. The
	// ref is brought up to date from the remote repository first.
	Note(ctx context.Context, remote, ref, rev string) (text string, ok bool, err error)

	// ReadTree gives the files of a revision without touching the checkout. The tree must be closed; it ends
	// with ctx.
	ReadTree(ctx context.Context, rev string) (*Tree, error)
	// Copy makes a repository in a directory that is empty or not there, and checks a revision out in it. It has the history of
	// this one, whose files it may share, and is not to outlive it.
	Copy(ctx context.Context, rev, dir string) error
}

// Options are what a repository needs from outside.
type Options struct {
	Env     []string // KEY=value, added to the environment of the programs
	Offline bool     // contact no remote
}

// Change selects what [Repository.ChangedFiles] gives.
type Change struct {
	// Filter holds any of the letters A (added), D (deleted) and M (modified); empty means all three.
	Filter string
	// Rev selects what this revision changed instead of the working tree, of which git compares the index.
	Rev string
	// Base widens that to all revisions after Base up to Rev; [NullRevision] selects all files of Rev.
	// In a shallow git clone the two trees are compared instead.
	Base string
}

// Find gives the repository that dir is in: that of the nearest directory that holds .hg, or else .git. The
// error is [ErrNoRepository] where there is none.
func Find(dir string, o Options) (Repository, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	for at := abs; ; at = filepath.Dir(at) {
		if info, err := os.Stat(filepath.Join(at, ".hg")); err == nil && info.IsDir() {
			return newHg(at, o)
		}
		if _, err := os.Stat(filepath.Join(at, ".git")); err == nil {
			return newGit(at, o)
		}
		if at == filepath.Dir(at) {
			return nil, fmt.Errorf("%w at or above %q", ErrNoRepository, dir)
		}
	}
}

package vcs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ErrNoFetch says that nothing can be had from a remote repository: the tool does it otherwise, or the repository is
// offline.
var ErrNoFetch = errors.New("nothing is fetched")

// fetchPatience is how long a remote repository may take to give commits.
const fetchPatience = 5 * time.Minute

// Fetch says what [Repository.Fetch] gets.
type Fetch struct {
	Remote string // name or address of the remote repository
	Rev    string // a hash
	// Depth, where it is not 0, is how many commits are wanted from Rev backwards, in a clone that is shallow already.
	Depth int
	// Deepen, where it is not 0, is how many commits are wanted beyond those that a shallow clone has.
	Deepen int
}

func (g *git) Commit(ctx context.Context, rev string) (string, error) {
	if err := revision(rev); err != nil {
		return "", err
	}
	out, err := g.line(ctx, "rev-parse", "--verify", "--quiet", rev+"^{commit}")
	if _, refused := errors.AsType[*Error](err); refused {
		return "", nil
	}
	return out, err
}

func (h *hg) Commit(ctx context.Context, rev string) (string, error) {
	if rev == "" {
		rev = "."
	}
	if err := revision(rev); err != nil {
		return "", err
	}
	out, err := h.line(ctx, "log", "-r", rev, "-T", "{node}")
	if exitCode(err) == 255 {
		return "", nil
	}
	return out, err
}

func (g *git) Parent(ctx context.Context, rev string) (string, error) { return g.Commit(ctx, rev+"^") }

func (h *hg) Parent(ctx context.Context, rev string) (string, error) {
	out, err := h.Commit(ctx, "p1("+revsetString(rev)+")")
	if out == NullRevision {
		out = ""
	}
	return out, err
}

func (g *git) IsAncestor(ctx context.Context, base, head string) (bool, error) {
	if err := errors.Join(revision(base), revision(head)); err != nil {
		return false, err
	}
	_, err := g.line(ctx, "merge-base", "--is-ancestor", base, head)
	if exitCode(err) == 1 {
		return false, nil
	}
	return err == nil, err
}

func (h *hg) IsAncestor(ctx context.Context, base, head string) (bool, error) {
	out, err := h.line(ctx, "log", "-r", fmt.Sprintf("ancestors(%s) and %s", revsetString(head), revsetString(base)), "-T", "{node}")
	return out != "", err
}

func (g *git) DifferingFiles(ctx context.Context, from, to string) ([]string, error) {
	if err := errors.Join(revision(from), revision(to)); err != nil {
		return nil, err
	}
	return g.lines(ctx, "diff", "--name-only", "--no-renames", "--diff-filter=ADMT", from, to, "--")
}

func (h *hg) DifferingFiles(ctx context.Context, from, to string) ([]string, error) {
	return h.lines(ctx, "status", "--no-status", "-mar", "--rev", revsetString(from), "--rev", revsetString(to))
}

func (g *git) Fetch(ctx context.Context, f Fetch) error {
	if g.offline {
		return ErrNoFetch
	}
	if err := errors.Join(revision(f.Rev), revision(f.Remote)); err != nil {
		return err
	}
	args := []string{"fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-maintenance"}
	switch {
	case f.Depth > 0:
		args = append(args, "--depth="+strconv.Itoa(f.Depth))
	case f.Deepen > 0:
		args = append(args, "--deepen="+strconv.Itoa(f.Deepen))
	}
	_, err := g.remote(ctx, append(args, "--", f.Remote, f.Rev)...)
	return err
}

func (*hg) Fetch(context.Context, Fetch) error { return ErrNoFetch }

func (g *git) RemoteRev(ctx context.Context, remote, ref string) (string, error) {
	if g.offline {
		return "", ErrNoFetch
	}
	if err := errors.Join(revision(remote), revision(ref)); err != nil {
		return "", err
	}
	out, err := g.remote(ctx, "ls-remote", "--exit-code", "--", remote, ref)
	if exitCode(err) == 2 { // nothing of that name
		return "", nil
	}
	hash, _, _ := strings.Cut(strings.TrimSpace(out), "\t")
	return hash, err
}

func (*hg) RemoteRev(context.Context, string, string) (string, error) { return "", ErrNoFetch }

// remote runs git against a remote repository: nobody is asked for anything, and it may not take forever.
func (g *git) remote(ctx context.Context, args ...string) (string, error) {
	limited, stop := context.WithTimeout(ctx, fetchPatience)
	defer stop()
	quiet := g.program
	quiet.env = append(slices.Clip(quiet.env), g.quietSSH(ctx)...)
	out, err := quiet.output(limited, args...)
	if err != nil && ctx.Err() == nil && limited.Err() != nil {
		return "", &Error{Tool: g.tool, Args: args, Dir: g.dir, Code: -1, Stderr: fmt.Sprintf("no answer within %s", fetchPatience), Err: limited.Err()}
	}
	return out, err
}

func (g *git) Note(ctx context.Context, remote, ref, rev string) (string, bool, error) {
	if rev == "" {
		rev = "HEAD"
	}
	if err := errors.Join(revision(remote), revision(ref), revision(rev)); err != nil {
		return "", false, err
	}
	if !g.offline {
		_, err := g.remote(ctx, "fetch", "--quiet", "--no-write-fetch-head", "--", remote, ref+":"+ref)
		if err != nil {
			there, asked := g.RemoteRev(ctx, remote, ref)
			switch {
			case asked != nil:
				return "", false, asked
			case there != "":
				return "", false, err
			}
			return "", false, nil
		}
	}
	text, err := g.text(ctx, "notes", "--ref="+ref, "show", rev)
	if exitCode(err) == 1 {
		return "", false, nil
	}
	return strings.TrimSpace(text), err == nil, err
}

// Note gives nothing: Mercurial has no notes.
func (*hg) Note(context.Context, string, string, string) (string, bool, error) { return "", false, nil }

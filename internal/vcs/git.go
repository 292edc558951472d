package vcs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// emptyTree is the hash that git gives the tree without files.
const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

type git struct {
	program
	offline bool
	files   listings
}

var _ Repository = (*git)(nil)

func newGit(root string, o Options) (*git, error) {
	env := append([]string{"GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0"}, o.Env...)
	if o.Offline {
		env = append(env, "GIT_NO_LAZY_FETCH=1")
	}
	p, err := newProgram("git", root, env...)
	if err != nil {
		return nil, err
	}
	return &git{program: p, offline: o.Offline}, nil
}

func (g *git) Tool() string { return "git" }

func (g *git) Root() string { return g.dir }

func (g *git) HeadRev(ctx context.Context) (string, error) {
	return g.line(ctx, "rev-parse", "--verify", "HEAD")
}

func (g *git) IsShallow(ctx context.Context) (bool, error) {
	out, err := g.line(ctx, "rev-parse", "--is-shallow-repository")
	return out == "true", err
}

func (g *git) BaseRev(ctx context.Context) (string, error) {
	revs, err := g.lines(ctx, "rev-list", "HEAD", "--topo-order", "--boundary", "--not", "--remotes")
	if err != nil {
		return "", err
	}
	if len(revs) == 0 {
		return g.HeadRev(ctx)
	}
	base, boundary := strings.CutPrefix(revs[len(revs)-1], "-")
	if !boundary {
		return "", ErrNoUpstream
	}
	return base, nil
}

func (g *git) Branch(ctx context.Context) (string, error) {
	return g.line(ctx, "branch", "--show-current")
}

func (g *git) RemoteURL(ctx context.Context, remote string) (string, error) {
	if remote == "" {
		remote = "origin"
	}
	return g.line(ctx, "remote", "get-url", "--", remote)
}

// remoteName gives the remote that the branch follows, or else the only one, or else origin, or else the first.
func (g *git) remoteName(ctx context.Context) (string, error) {
	up, err := g.line(ctx, "rev-parse", "--verify", "--abbrev-ref", "--symbolic-full-name", "@{u}")
	if err == nil {
		name, _, _ := strings.Cut(up, "/")
		return name, nil
	}
	if exitCode(err) != 128 { // 128: the branch follows none
		return "", err
	}
	remotes, err := g.lines(ctx, "remote")
	switch {
	case err != nil:
		return "", err
	case len(remotes) == 0:
		return "", errors.New("no remote is defined: git remote add origin URL")
	case slices.Contains(remotes, "origin"):
		return "origin", nil
	}
	return remotes[0], nil
}

var symref = regexp.MustCompile(`ref:\s+refs/heads/(\S+)\s+HEAD`)

func (g *git) DefaultBranch(ctx context.Context) (string, error) {
	remote, err := g.remoteName(ctx)
	if err == nil {
		if name, err := g.line(ctx, "rev-parse", "--abbrev-ref", remote+"/HEAD"); err == nil {
			return name, nil
		}
		if !g.offline {
			quiet := g.program
			quiet.env = append(slices.Clip(quiet.env), g.quietSSH(ctx)...)
			if out, err := quiet.output(ctx, "ls-remote", "--symref", "--", remote, "HEAD"); err == nil {
				if m := symref.FindStringSubmatch(out); m != nil {
					return remote + "/" + m[1], nil
				}
			}
		}
	}
	branches, err := g.lines(ctx, "branch", "--all", "--no-color", "--format=%(refname)")
	if err != nil {
		return "", err
	}
	// One guess for each of these endings, as the reference counts them.
	var guesses []string
	for _, b := range branches {
		for _, ending := range []string{"main", "master", "branches/default/tip"} {
			if strings.HasSuffix(b, ending) {
				guesses = append(guesses, b)
			}
		}
	}
	if len(guesses) != 1 {
		return "", fmt.Errorf("cannot tell the default branch: expected one branch named main or master, found %q", guesses)
	}
	return guesses[0], nil
}

// quietSSH gives what keeps ssh from asking on the terminal, unless the user chose an ssh of their own.
func (g *git) quietSSH(ctx context.Context) []string {
	for _, kv := range g.env {
		if strings.HasPrefix(kv, "GIT_SSH_COMMAND=") || strings.HasPrefix(kv, "GIT_SSH=") {
			return nil
		}
	}
	if own, err := g.line(ctx, "config", "--get", "core.sshCommand"); err == nil && own != "" {
		return nil
	}
	return []string{"GIT_SSH_COMMAND=ssh -oBatchMode=yes"}
}

func (g *git) CommitMessage(ctx context.Context, rev string) (string, error) {
	if rev == "" {
		rev = "HEAD"
	}
	if err := revision(rev); err != nil {
		return "", err
	}
	return g.text(ctx, "log", "-n1", "--no-show-signature", "--format=%B", rev, "--")
}

func (g *git) ChangedFiles(ctx context.Context, c Change) ([]string, error) {
	letters, err := filter(c.Filter)
	if err == nil {
		err = errors.Join(revision(c.Rev), revision(c.Base))
	}
	if err != nil {
		return nil, err
	}
	args, err := g.changeArgs(ctx, c)
	if err != nil {
		return nil, err
	}
	// Without renames a moved file is one that was deleted and one that was added.
	return g.lines(ctx, append(args, "--name-only", "--no-renames", "--diff-filter="+letters, "--")...)
}

func (g *git) changeArgs(ctx context.Context, c Change) ([]string, error) {
	switch {
	case c.Rev == "" && c.Base != "":
		return nil, fmt.Errorf("changes since %q: a base needs a revision", c.Base)
	case c.Rev == "":
		return []string{"diff"}, nil
	case c.Base == NullRevision:
		return []string{"diff", emptyTree, c.Rev}, nil
	case c.Base == "":
		return []string{"log", "--no-show-signature", "--format=format:", c.Rev + "~1.." + c.Rev}, nil
	}
	shallow, err := g.IsShallow(ctx)
	if err != nil {
		return nil, err
	}
	if shallow {
		return []string{"diff", c.Base, c.Rev}, nil
	}
	return []string{"log", "--no-show-signature", "--format=format:", c.Base + ".." + c.Rev}, nil
}

func (g *git) LatestCommonRevision(ctx context.Context, base, head string) (string, error) {
	if err := errors.Join(revision(base), revision(head)); err != nil {
		return "", err
	}
	out, err := g.line(ctx, "merge-base", base, head)
	if _, failed := errors.AsType[*Error](err); failed {
		return NullRevision, nil // unrelated, or not known here
	}
	return out, err
}

func (g *git) TrackedFiles(ctx context.Context, rev string, paths ...string) ([]string, error) {
	l, err := g.files.get(ctx, g.rev(rev), g.list)
	if err != nil {
		return nil, err
	}
	return within(l.names, g.dir, paths)
}

func (g *git) QuotedFiles(ctx context.Context, rev string, paths ...string) ([]string, error) {
	names, err := g.TrackedFiles(ctx, rev, paths...)
	if err != nil || !slices.ContainsFunc(names, unusual) {
		return names, err
	}
	all, err := g.quotePath(ctx)
	if err != nil {
		return nil, err
	}
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = cQuote(n, all)
	}
	return quoted, nil
}

func (*git) rev(rev string) string {
	if rev == "" {
		return "HEAD"
	}
	return rev
}

// quotePath says whether git quotes names beyond ASCII.
func (g *git) quotePath(ctx context.Context) (bool, error) {
	out, err := g.line(ctx, "config", "--type=bool", "--get", "core.quotePath")
	if exitCode(err) == 1 { // not set
		return true, nil
	}
	return out != "false", err
}

// list reads the tree of a revision.
func (g *git) list(ctx context.Context, rev string) ([]entry, error) {
	if err := revision(rev); err != nil {
		return nil, err
	}
	out, err := g.output(ctx, "ls-tree", "-r", "-z", "--full-tree", rev)
	if err != nil {
		return nil, err
	}
	entries := make([]entry, 0, strings.Count(out, "\x00"))
	for item := range strings.SplitSeq(out, "\x00") {
		// <mode> SP <type> SP <object> TAB <path>
		meta, path, ok := strings.Cut(item, "\t")
		if !ok {
			continue
		}
		mode, rest, _ := strings.Cut(meta, " ")
		_, id, _ := strings.Cut(rest, " ")
		entries = append(entries, entry{path: path, id: id, mode: gitMode(mode)})
	}
	return entries, nil
}

func gitMode(mode string) os.FileMode {
	switch mode {
	case "120000":
		return os.ModeSymlink | 0o777
	case "160000": // a submodule, which is an empty directory unless it is checked out too
		return os.ModeDir | 0o755
	case "100755":
		return 0o755
	}
	return 0o644
}

func (g *git) ReadTree(ctx context.Context, rev string) (*Tree, error) {
	l, err := g.files.get(ctx, g.rev(rev), g.list)
	if err != nil {
		return nil, err
	}
	return newTree(l, newGitObjects(ctx, g)), nil
}

func (g *git) Copy(ctx context.Context, rev, dir string) error {
	id, err := g.line(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", g.rev(rev)+"^{commit}")
	if err != nil {
		return err
	}
	if _, err := g.output(ctx, "clone", "--quiet", "--shared", "--no-checkout", "--", g.dir, dir); err != nil {
		return err
	}
	_, err = g.output(ctx, "-C", dir, "-c", "advice.detachedHead=false", "checkout", "--quiet", "--detach", id)
	return err
}

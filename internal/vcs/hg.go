package vcs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

type hg struct {
	program
	files listings
}

var _ Repository = (*hg)(nil)

func newHg(root string, o Options) (*hg, error) {
	// HGPLAIN turns off what users set for their eyes; HGENCODING makes messages readable in any locale.
	p, err := newProgram("hg", root, append([]string{"HGPLAIN=1", "HGENCODING=UTF-8"}, o.Env...)...)
	if err != nil {
		return nil, err
	}
	return &hg{program: p}, nil
}

func (h *hg) Tool() string { return "hg" }

func (h *hg) Root() string { return h.dir }

func (h *hg) HeadRev(ctx context.Context) (string, error) {
	return h.line(ctx, "log", "-r", ".", "-T", "{node}")
}

func (h *hg) IsShallow(context.Context) (bool, error) { return false, nil }

func (h *hg) BaseRev(ctx context.Context) (string, error) {
	out, err := h.line(ctx, "log", "-r", "last(ancestors(.) and public())", "-T", "{node}")
	if err == nil && out == "" {
		return "", ErrNoUpstream
	}
	return out, err
}

func (h *hg) Branch(context.Context) (string, error) {
	bookmark, err := os.ReadFile(filepath.Join(h.dir, ".hg", "bookmarks.current"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	return strings.TrimSpace(string(bookmark)), nil
}

// DefaultBranch gives the one name that Mercurial recommends.
func (h *hg) DefaultBranch(context.Context) (string, error) { return "default", nil }

func (h *hg) RemoteURL(ctx context.Context, remote string) (string, error) {
	if remote == "" {
		remote = "default"
	}
	if err := revision(remote); err != nil {
		return "", err
	}
	return h.line(ctx, "paths", "-T", "{url}", remote)
}

func (h *hg) CommitMessage(ctx context.Context, rev string) (string, error) {
	rev, err := h.rev(rev)
	if err != nil {
		return "", err
	}
	return h.text(ctx, "log", "-r", rev, "-T", "{desc}")
}

func (h *hg) ChangedFiles(ctx context.Context, c Change) ([]string, error) {
	letters, err := filter(c.Filter)
	if err == nil {
		err = errors.Join(revision(c.Rev), revision(c.Base))
	}
	if err != nil {
		return nil, err
	}
	if c.Rev != "" {
		if c.Base != "" {
			c.Rev += " % " + c.Base
		}
		return h.lines(ctx, "log", "-r", c.Rev, "-T", fileTemplate(letters))
	}
	if c.Base != "" {
		return nil, fmt.Errorf("changes since %q: a base needs a revision", c.Base)
	}
	// Deleted is what is missing, removed is what hg was told of.
	return h.lines(ctx, "status", "--no-status", "-"+strings.ReplaceAll(strings.ToLower(letters), "d", "dr"))
}

// fileTemplate prints the files that a revision changed, one a line.
func fileTemplate(letters string) string {
	var b strings.Builder
	for _, part := range [...]struct{ letter, keyword string }{{"A", "file_adds"}, {"D", "file_dels"}, {"M", "file_mods"}} {
		if strings.Contains(letters, part.letter) {
			b.WriteString("{" + part.keyword + ` % '{file}\n'}`)
		}
	}
	return b.String()
}

func (h *hg) LatestCommonRevision(ctx context.Context, base, head string) (string, error) {
	common := fmt.Sprintf("last(ancestors(%s) and ancestors(%s))", revsetString(base), revsetString(head))
	out, err := h.line(ctx, "log", "-r", common, "-T", "{node}")
	if err == nil && out == "" {
		return NullRevision, nil
	}
	return out, err
}

// revsetString quotes a name for Mercurial's query language.
func revsetString(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

func (h *hg) TrackedFiles(ctx context.Context, rev string, paths ...string) ([]string, error) {
	rev, err := h.rev(rev)
	if err != nil {
		return nil, err
	}
	l, err := h.files.get(ctx, rev, h.list)
	if err != nil {
		return nil, err
	}
	return within(l.names, h.dir, paths)
}

// QuotedFiles is TrackedFiles: Mercurial quotes nothing.
func (h *hg) QuotedFiles(ctx context.Context, rev string, paths ...string) ([]string, error) {
	return h.TrackedFiles(ctx, rev, paths...)
}

func (*hg) rev(rev string) (string, error) {
	if rev == "" {
		return ".", nil
	}
	return rev, revision(rev)
}

// list reads the manifest of a revision.
func (h *hg) list(ctx context.Context, rev string) ([]entry, error) {
	out, err := h.output(ctx, "files", "-r", rev, "-T", `{path}\0{flags}\0`)
	if exitCode(err) == 1 { // no files
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	fields := strings.Split(out, "\x00")
	entries := make([]entry, 0, len(fields)/2)
	for i := 0; i+1 < len(fields); i += 2 {
		entries = append(entries, entry{path: fields[i], id: fields[i], mode: hgMode(fields[i+1])})
	}
	return entries, nil
}

func hgMode(flags string) fs.FileMode {
	switch {
	case strings.Contains(flags, "l"):
		return fs.ModeSymlink | 0o777
	case strings.Contains(flags, "x"):
		return 0o755
	}
	return 0o644
}

func (h *hg) ReadTree(ctx context.Context, rev string) (*Tree, error) {
	rev, err := h.rev(rev)
	if err != nil {
		return nil, err
	}
	l, err := h.files.get(ctx, rev, h.list)
	if err != nil {
		return nil, err
	}
	return newTree(l, newHgObjects(ctx, h, rev)), nil
}

func (h *hg) Copy(ctx context.Context, rev, dir string) error {
	rev, err := h.rev(rev)
	if err != nil {
		return err
	}
	_, err = h.output(ctx, "clone", "--quiet", "--updaterev", rev, "--", h.dir, dir)
	return err
}

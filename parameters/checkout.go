package parameters

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/repourl"
	"github.com/taskgraph-go/decision/internal/sourcetree"
	"github.com/taskgraph-go/decision/internal/vcs"
)

// Checkout is the working tree that defaults are taken from. What it knows it finds out once, when it is first
// asked, so that many sets of parameters may share one. It is safe for concurrent use.
type Checkout struct {
	root    string
	offline bool

	mu   sync.Mutex
	repo vcs.Repository
	push *push
}

// NewCheckout makes a checkout of a directory, which need not be in a repository.
func NewCheckout(root string, offline bool) *Checkout {
	return &Checkout{root: root, offline: offline}
}

// NewRepositoryCheckout makes a checkout of a directory of a repository that is open already.
func NewRepositoryCheckout(root string, repo vcs.Repository) *Checkout {
	return &Checkout{root: root, repo: repo}
}

// push is what a checkout says about the push that it could become.
type push struct {
	tool, branch, rev, url, project string
	files                           []string
}

// look asks version control. Where there is no repository, or where git or Mercurial refuse, the answer is that of
// an empty git repository, as in the reference.
func (c *Checkout) look(ctx context.Context) (*push, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.push != nil {
		return c.push, nil
	}
	found, err := c.ask(ctx)
	if err != nil {
		if _, refused := errors.AsType[*vcs.Error](err); !refused && !errors.Is(err, vcs.ErrNoRepository) {
			return nil, err
		}
		found = &push{tool: "git", files: []string{}}
	}
	c.push = found
	return found, nil
}

func (c *Checkout) ask(ctx context.Context) (*push, error) {
	if c.repo == nil {
		repo, err := vcs.Find(c.root, vcs.Options{Offline: c.offline})
		if err != nil {
			return nil, err
		}
		c.repo = repo
	}
	found := &push{tool: c.repo.Tool()}
	group, ctx := errgroup.WithContext(ctx)
	get := func(into *string, from func(context.Context) (string, error)) {
		group.Go(func() (err error) {
			*into, err = from(ctx)
			return err
		})
	}
	get(&found.branch, c.repo.Branch)
	get(&found.rev, func(ctx context.Context) (string, error) {
		rev, err := c.repo.HeadRev(ctx)
		if _, refused := errors.AsType[*vcs.Error](err); refused && ctx.Err() == nil {
			return "", nil // a repository without a commit: what else is known of it counts
		}
		return rev, err
	})
	group.Go(func() (err error) {
		found.files, err = c.repo.ChangedFiles(ctx, vcs.Change{Filter: "AM"})
		return err
	})
	group.Go(func() error {
		url, err := c.repo.RemoteURL(ctx, "")
		if _, refused := errors.AsType[*vcs.Error](err); err != nil && !refused {
			return err
		}
		// An address that cannot be understood is as good as none.
		if r, err := repourl.Parse(url); err == nil {
			found.url, found.project = url, r.Name()
		}
		return nil
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return found, nil
}

// top is the repository's root, or the directory itself where there is no repository.
func (c *Checkout) top() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.repo != nil {
		return c.repo.Root()
	}
	if repo, err := vcs.Find(c.root, vcs.Options{Offline: true}); err == nil {
		return repo.Root()
	}
	return c.root
}

// Version gives the first line of version.txt, without blanks at its end, and whether there is such a file.
func (c *Checkout) Version() (string, bool, error) {
	name := filepath.Join(c.root, "version.txt")
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return "", false, nil
	}
	if err := sourcetree.Within(c.top(), name); err != nil {
		return "", false, unreadable(name, err)
	}
	file, err := os.Open(name)
	if err != nil {
		return "", false, unreadable(name, err)
	}
	defer file.Close()
	line, err := bufio.NewReader(io.LimitReader(file, 1<<16)).ReadString('\n')
	if err != nil && err != io.EOF {
		return "", false, unreadable(name, err)
	}
	if !utf8.ValidString(line) {
		return "", false, diag.Errorf(diag.Unreadable, 0, "want text in UTF-8").InFile(name)
	}
	line, _, _ = strings.Cut(line, "\r") // a line ends there too
	return strings.TrimRightFunc(line, unicode.IsSpace), true, nil
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/dockerimages"
	"github.com/taskgraph-go/decision/internal/filehash"
	"github.com/taskgraph-go/decision/internal/sourcetree"
	"github.com/taskgraph-go/decision/internal/vcs"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// workspace is where a command finds the tree that it works on.
type workspace struct {
	top  string         // directory of the repository
	root string         // directory of config.yml and the kinds, relative to top
	repo vcs.Repository // nil where the tree is in no repository
}

// locate finds the tree. Without a root it is taskcluster in the working directory or in the nearest directory above.
func (a *App) locate(root string, offline bool) (*workspace, error) {
	dir := filepath.Join(a.Dir, root)
	if filepath.IsAbs(root) {
		dir = filepath.Clean(root)
	}
	if root == "" {
		dir = filepath.Join(a.Dir, "taskcluster")
		for at := a.Dir; ; at = filepath.Dir(at) {
			if _, err := os.Stat(filepath.Join(at, "taskcluster", "config.yml")); err == nil {
				dir = filepath.Join(at, "taskcluster")
				break
			}
			if at == filepath.Dir(at) {
				break
			}
		}
	}
	w := &workspace{top: dir}
	repo, err := vcs.Find(dir, vcs.Options{Offline: offline})
	switch {
	case err == nil:
		w.repo, w.top = repo, repo.Root()
	case !errors.Is(err, vcs.ErrNoRepository):
		a.log.Warn("the checkout cannot be used", "error", err)
	}
	if w.repo == nil && filepath.Base(dir) == "taskcluster" {
		w.top = filepath.Dir(dir)
	}
	rel, err := filepath.Rel(w.top, dir)
	if err != nil || !fs.ValidPath(filepath.ToSlash(rel)) {
		return nil, fmt.Errorf("%s is not in %s", dir, w.top)
	}
	w.root = filepath.ToSlash(rel)
	return w, nil
}

// open opens the tree as a project.
func (a *App) open(ctx context.Context, w *workspace, o *generateOptions) (*taskgraph.Project, error) {
	tree, err := sourcetree.Open(w.top)
	if err != nil {
		return nil, diag.Errorf(diag.Unreadable, 0, "cannot be read: %w", err).InFile(w.top)
	}
	return a.openTree(ctx, tree, w.top, nil, w, o, func() ([]string, error) {
		if w.repo == nil {
			return nil, errors.New("the tree is in no repository, so it is not known which files belong to it")
		}
		return w.repo.QuotedFiles(ctx, "", ".")
	})
}

// close closes a tree, once what it warned of is printed.
func (a *App) close(project *taskgraph.Project) {
	a.warn(project.Warnings())
	project.Close()
}

// openTree opens any tree as a project: the work tree, which stands in dir, or a revision, which stands nowhere until materialize puts it
// somewhere.
func (a *App) openTree(ctx context.Context, tree sourcetree.Tree, dir string, materialize func(context.Context, string) error, w *workspace, o *generateOptions, tracked func() ([]string, error)) (*taskgraph.Project, error) {
	files := &treeFiles{contexts: o.contexts}
	p, err := taskgraph.Open(ctx, taskgraph.Options{
		Tree: tree, Dir: dir, CheckoutDir: w.top, Materialize: materialize, Offline: o.offline, Root: w.root, Registry: a.Registry, Sources: &a.sources, Environment: a.Env,
		Read: a.memory.read, Workers: o.workers, Fast: o.fast, Log: a.log, Files: files,
	})
	if err != nil {
		return nil, err
	}
	if files.runTask, err = a.runTask(w, o, p); err != nil {
		return nil, errors.Join(afterReady(ctx, p, err), p.Close())
	}
	files.images = dockerimages.New(dockerimages.Config{Tree: tree, RunTask: files.runTask, Sources: &a.sources})
	files.hasher = filehash.New(tree, tracked)
	return p, nil
}

// runTask gives the programs that digests and cache names cover.
func (a *App) runTask(w *workspace, o *generateOptions, p *taskgraph.Project) (*dockerimages.RunTask, error) {
	dir := o.runTask
	if dir == "" {
		dir = a.Env("TASKGRAPH_RUN_TASK_DIR")
	}
	if dir != "" {
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(a.Dir, dir)
		}
	} else if v, ok := p.Config.Get("run-task-dir"); ok {
		if !filepath.IsLocal(filepath.FromSlash(v.Str())) {
			return nil, p.Resolve(diag.Errorf(diag.BadConfig, v.Pos(), "want a directory of the repository, got %s", v.Describe()).WithPath("run-task-dir"))
		}
		dir = filepath.Join(w.top, filepath.FromSlash(v.Str()))
	}
	if dir == "" {
		return dockerimages.Standin(), nil
	}
	return dockerimages.OpenRunTask(dir)
}

// treeFiles gives the transforms what they need of a tree beside its documents.
type treeFiles struct {
	images  *dockerimages.Images
	hasher  *filehash.Hasher
	runTask *dockerimages.RunTask
	// contexts is where contexts are written as artifacts.
	contexts string
}

var _ taskgraph.Files = (*treeFiles)(nil)

func (f *treeFiles) ContextDigest(dir string, args *value.Map, argsPos diag.Pos) (string, error) {
	return f.images.ContextDigest(dir, args, argsPos)
}

func (f *treeFiles) WriteContext(name, dir string, args *value.Map, argsPos diag.Pos) (digest string, err error) {
	if strings.ContainsAny(name, `/\`) {
		return "", fmt.Errorf("image name %q cannot be the name of a file", name)
	}
	if err := os.MkdirAll(f.contexts, 0o755); err != nil {
		return "", err
	}
	tmp, err := os.CreateTemp(f.contexts, "."+name+"-*")
	if err != nil {
		return "", err
	}
	defer os.Remove(tmp.Name())
	if digest, err = f.images.WriteContext(tmp, name, dir, args, argsPos); err == nil {
		err = errors.Join(tmp.Chmod(0o644), tmp.Close())
	} else {
		tmp.Close()
	}
	if err != nil {
		return "", err
	}
	return digest, os.Rename(tmp.Name(), filepath.Join(f.contexts, name+".tar.gz"))
}

func (f *treeFiles) Volumes(dir string) ([]string, error) { return f.images.Volumes(dir) }

func (f *treeFiles) Hash(patterns []value.Value) (string, error) { return f.hasher.Paths(patterns) }

func (f *treeFiles) RunTaskSuffix() string { return f.runTask.Suffix() }

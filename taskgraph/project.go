package taskgraph

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"path"
	"slices"
	"sync"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph/schemas"
	"github.com/taskgraph-go/decision/value"
)

// Options say what to open and with what.
type Options struct {
	// Tree is the repository's content; paths in it are relative to the repository's root.
	Tree fs.FS
	// Dir is where the tree stands on disk, "" where it does not. Only code of the tree that runs as another program needs it.
	Dir string
	// CheckoutDir is the work tree of the repository that the tree is a revision of, where what is not under version control is
	// looked for, such as a virtual environment; "" is Dir.
	CheckoutDir string
	// Materialize writes the tree into an empty directory, for code that needs it on disk where Dir is "". nil copies what Tree
	// has.
	Materialize func(ctx context.Context, dir string) error
	// Offline says that nothing may use the network.
	Offline bool
	// Root is the directory in Tree that holds config.yml and the kinds, such as "taskcluster".
	Root string
	// Registry has everything that the tree may name. The project works with a copy, to which its extensions add.
	Registry *Registry
	// Sources collects the text of what is read, for positions; nil makes a new one.
	Sources *diag.Sources
	// Environment answers for the environment variables that reach tasks: TASK_ID, TASKCLUSTER_ROOT_URL,
	// MOZ_AUTOMATION and a few more. nil means that none is set.
	Environment func(name string) string
	// Read is told how long the documents of kinds are, in bytes, each before it is looked into, by several goroutines; nil is nobody.
	Read func(bytes int)
	// Workers is how many goroutines a generation uses; 0 means one for each processor.
	Workers int
	// Fast skips digests.
	Fast bool
	// Log gets progress and verdicts; nil discards.
	Log *slog.Logger
	// Files gives what tasks take from the repository beside its YAML.
	Files Files
}

// Files are what the transforms need of the tree beyond documents.
type Files interface {
	// ContextDigest gives the digest of a docker image's context, a directory in the tree, with build arguments.
	ContextDigest(dir string, args *value.Map, argsPos diag.Pos) (string, error)
	// WriteContext writes the context as an artifact and gives its digest.
	WriteContext(name, dir string, args *value.Map, argsPos diag.Pos) (string, error)
	// Volumes gives the volumes that the Dockerfile in a directory declares.
	Volumes(dir string) ([]string, error)
	// Hash gives a digest of the tracked files that match the patterns.
	Hash(patterns []value.Value) (string, error)
	// RunTaskSuffix ends the names of caches that run-task manages, so that a new run-task gets new caches.
	RunTaskSuffix() string
}

// Project is a repository's CI as it stands in its tree: everything that does not depend on parameters, read once
// however many graphs are generated from it.
type Project struct {
	Options
	Config  *GraphConfig
	Sources *diag.Sources

	warned diag.List
	mu     sync.Mutex
	docs   map[string]*document
	kinds  map[string]*kindEntry
	images func() (map[string]string, error)

	closers []io.Closer
}

// document is a YAML file that is read at most once.
type document struct {
	once  sync.Once
	v     value.Value
	err   error
	noted []*diag.Diagnostic // warnings
	count sync.Once
}

type kindEntry struct {
	once sync.Once
	kind *Kind
	doc  *document // nil where there is none
	err  error
}

// Open reads the graph config of a tree, verifies it, and lets the registry's extensions bring in the tree's own code. Kinds are
// read as they are needed. Whoever opens a project closes it.
func Open(ctx context.Context, opts Options) (*Project, error) {
	p := &Project{Options: opts, Sources: opts.Sources, docs: map[string]*document{}, kinds: map[string]*kindEntry{}}
	if p.Sources == nil {
		p.Sources = &diag.Sources{}
	}
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	if p.Environment == nil {
		p.Environment = func(string) string { return "" }
	}
	p.Root = path.Clean(p.Root)
	p.images = sync.OnceValues(p.imageDefinitions)
	p.Log.Debug("loading graph configuration", "path", p.Root)
	file := path.Join(p.Root, "config.yml")
	doc, err := p.Document(file)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = diag.Errorf(diag.Unreadable, 0, "no graph configuration here").InFile(file).
				WithHint("name the directory that holds config.yml with --root")
		}
		return nil, p.Resolve(err)
	}
	m := doc.Map()
	if m == nil {
		return nil, p.Resolve(diag.Errorf(diag.WrongType, doc.Pos(), "want a map, got %s", doc.Describe()).InFile(file))
	}
	var errs diag.List
	for _, d := range schemas.Load("config").Validate(doc) {
		errs.Add(d.InFile(file))
	}
	if err := errs.Err(p.Sources); err != nil {
		return nil, err
	}
	m.Freeze()
	p.Config = newGraphConfig(m, p)
	p.Registry = p.Registry.Clone()
	if err := p.extend(ctx); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// ReplaceConfig puts another document in the place of the graph config that was read. It is for extensions whose code of the tree may change
// it, while they register: r is the registry that they add to. The document is frozen.
func (p *Project) ReplaceConfig(r *Registry, doc *value.Map) {
	doc.Freeze()
	p.Config.replace(doc)
	r.altered = append(r.altered, "graph config")
}

// Resolve gives an error with all of its positions resolved and sorted.
func (p *Project) Resolve(err error) error {
	var l diag.List
	l.Add(err)
	return l.Err(p.Sources)
}

// Warnings gives what was noticed so far that does not stop anything, once.
func (p *Project) Warnings() []*diag.Diagnostic { return p.warned.Warnings(p.Sources) }

// Document gives the content of a YAML file in the tree. It is read once. The result is shared: it must be copied
// before it is changed.
func (p *Project) Document(file string) (value.Value, error) {
	d := p.document(file)
	p.count(d)
	return d.v, d.err
}

// count makes the warnings about a document those of the project.
func (p *Project) count(d *document) {
	d.count.Do(func() {
		for _, w := range d.noted {
			p.warned.Add(w)
		}
	})
}

// document gives a YAML file in the tree. What is noticed there does not count yet.
func (p *Project) document(file string) *document {
	p.mu.Lock()
	d := p.docs[file]
	if d == nil {
		d = &document{}
		p.docs[file] = d
	}
	p.mu.Unlock()
	d.once.Do(func() {
		reader := value.Reader{Sources: p.Sources, Warn: func(w *diag.Diagnostic) { d.noted = append(d.noted, w) }}
		var text []byte
		if text, d.err = p.ReadFile(file); d.err == nil {
			if p.Read != nil {
				p.Read(len(text))
			}
			if d.v, d.err = reader.YAML(file, text); d.err != nil {
				for _, x := range diag.Flatten(d.err) {
					x.InFile(file)
				}
			}
			if m := d.v.Map(); m != nil {
				m.Freeze()
			}
		}
	})
	return d
}

// ReadFile gives the content of a file in the tree. A path that leads out of the tree is an error.
func (p *Project) ReadFile(file string) ([]byte, error) {
	if !fs.ValidPath(file) {
		return nil, diag.Errorf(diag.Unreadable, 0, "%q is not a path inside of the repository", file)
	}
	text, err := fs.ReadFile(p.Tree, file)
	if err != nil {
		return nil, diag.Errorf(diag.Unreadable, 0, "cannot be read: %w", err).InFile(file)
	}
	return text, nil
}

// Exists says whether there is a file or directory in the tree.
func (p *Project) Exists(file string) bool {
	_, err := fs.Stat(p.Tree, file)
	return err == nil
}

// KindsDir gives the directory of the kinds: kinds below the root, or the root itself in trees of the old layout.
func (p *Project) KindsDir() string {
	if info, err := fs.Stat(p.Tree, path.Join(p.Root, "kinds")); err == nil && info.IsDir() {
		return path.Join(p.Root, "kinds")
	}
	return p.Root
}

// DockerDir gives the directory of the docker images: what the graph config says, or docker below the root.
func (p *Project) DockerDir() string {
	if dir, ok := p.Config.Map().At("docker-image-dir").AsString(); ok {
		return path.Clean(dir)
	}
	return path.Join(p.Root, "docker")
}

// ImageDir gives the directory of an image's definition.
func (p *Project) ImageDir(image string) (string, error) {
	definitions, err := p.images()
	if err != nil {
		return "", err
	}
	if d, ok := definitions[image]; ok {
		image = d
	}
	return path.Join(p.DockerDir(), image), nil
}

// imageDefinitions gives the definition of each image that the kind of docker images lists: its own name unless it
// names another.
func (p *Project) imageDefinitions() (map[string]string, error) {
	k, err := p.Kind(p.Config.DockerImageKind())
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for name, v := range k.Map.At("tasks").Map().All() {
		out[name] = name
		if d, ok := v.Map().At("definition").AsString(); ok {
			out[name] = d
		}
	}
	return out, nil
}

// Kind gives the kind with a name. It is read once.
func (p *Project) Kind(name string) (*Kind, error) {
	e := p.kind(name)
	if e.doc != nil {
		p.count(e.doc)
	}
	return e.kind, e.err
}

// kind gives the kind with a name. What is noticed in its document does not count yet.
func (p *Project) kind(name string) *kindEntry {
	p.mu.Lock()
	e := p.kinds[name]
	if e == nil {
		e = &kindEntry{}
		p.kinds[name] = e
	}
	p.mu.Unlock()
	e.once.Do(func() { e.kind, e.doc, e.err = p.loadKind(name) })
	return e
}

// KindNames gives the names of all kinds in the tree, sorted.
func (p *Project) KindNames() ([]string, error) {
	dir := p.KindsDir()
	entries, err := fs.ReadDir(p.Tree, dir)
	if err != nil {
		return nil, p.Resolve(diag.Errorf(diag.Unreadable, 0, "cannot list the kinds: %w", err).InFile(dir))
	}
	var out []string
	for _, e := range entries {
		if _, err := fs.Stat(p.Tree, path.Join(dir, e.Name(), "kind.yml")); err == nil {
			out = append(out, e.Name())
		}
	}
	slices.Sort(out)
	return out, nil
}

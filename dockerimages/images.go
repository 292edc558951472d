package dockerimages

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/sourcetree"
	"github.com/taskgraph-go/decision/value"
)

// Tree is the content of a repository: its work tree, or one of its revisions.
type Tree = sourcetree.Tree

// Config says what contexts are made of.
type Config struct {
	Tree    Tree          // where everything is read
	RunTask *RunTask      // what %include-run-task adds; nil means [Standin]
	Sources *diag.Sources // gets the text of Dockerfiles with mistakes, so that errors have positions; nil means none
}

// Images makes the contexts of the images of one tree. It remembers digests, so the tree must not change under it. It is
// safe for concurrent use.
type Images struct {
	tree    Tree
	runTask *RunTask
	sources *diag.Sources
	slots   chan struct{}

	mu          sync.Mutex
	dockerfiles map[string]*dockerfileEntry
	digests     map[string]*digestEntry
}

type dockerfileEntry struct {
	once sync.Once
	file *dockerfile
	err  error
}

type digestEntry struct {
	once   sync.Once
	digest string
	err    error
}

// readers is how many contexts are read at the same time: a cold disk gains from two.
const readers = 2

// New gives the images of a tree.
func New(c Config) *Images {
	if c.RunTask == nil {
		c.RunTask = Standin()
	}
	if c.Sources == nil {
		c.Sources = &diag.Sources{}
	}
	return &Images{
		tree: c.Tree, runTask: c.RunTask, sources: c.Sources, slots: make(chan struct{}, readers),
		dockerfiles: map[string]*dockerfileEntry{}, digests: map[string]*digestEntry{},
	}
}

// ContextDigest gives the SHA-256 of the context of the image that a directory of the tree defines, built with
// arguments, in hex. It is worked out once for each directory and arguments. argsPos is where the arguments were given,
// 0 where there are none; it is shown when one of them is missing.
//
// All mistakes in the Dockerfile and the files that belong to it are reported together.
func (im *Images) ContextDigest(dir string, args *value.Map, argsPos diag.Pos) (string, error) {
	dir = path.Clean(dir)
	key := digestKey(dir, args)
	im.mu.Lock()
	e := im.digests[key]
	if e == nil {
		e = &digestEntry{}
		im.digests[key] = e
	}
	im.mu.Unlock()
	e.once.Do(func() { e.digest, e.err = im.archive(io.Discard, dir, args, argsPos) })
	return e.digest, clone(e.err)
}

// WriteContext writes the context of an image as the artifact that its task downloads, gzipped, and gives the same
// digest as [Images.ContextDigest]. name is the image's; the header of the gzip file names it. What was written before
// an error is of no use.
func (im *Images) WriteContext(w io.Writer, name, dir string, args *value.Map, argsPos diag.Pos) (string, error) {
	zip, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return "", err
	}
	zip.ModTime = time.Unix(epoch, 0)
	zip.Name = headerName(name + ".tar")
	digest, err := im.archive(zip, path.Clean(dir), args, argsPos)
	if err != nil {
		return "", err
	}
	return digest, zip.Close()
}

// headerName gives a file name as a gzip header can hold it: the last part, nothing when it has a character beyond
// Latin-1.
func headerName(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return r == 0 || r > 0xff }) {
		return ""
	}
	return path.Base(name)
}

// archive writes the tar archive of a context and gives its digest.
func (im *Images) archive(w io.Writer, dir string, args *value.Map, argsPos diag.Pos) (string, error) {
	im.slots <- struct{}{}
	defer func() { <-im.slots }()
	files, err := im.context(dir, args, argsPos)
	if err != nil {
		return "", err
	}
	digest := sha256.New()
	tar := archiver{w: digest}
	if w != io.Discard {
		tar.w = tee{digest, w}
	}
	for _, f := range files {
		if err := im.add(&tar, f); err != nil {
			return "", unusable(f.name, err, f.pos).InFile(path.Join(dir, "Dockerfile"))
		}
	}
	if err := tar.close(); err != nil {
		return "", err
	}
	return hex.EncodeToString(digest.Sum(nil)), nil
}

// add writes one file of a context.
func (im *Images) add(tar *archiver, f contextFile) error {
	if f.path == "" {
		return tar.add(f.name, f.mode, int64(len(f.content)), bytes.NewReader(f.content))
	}
	file, err := im.tree.Open(f.path)
	if err != nil {
		return err
	}
	defer file.Close()
	return tar.add(f.name, f.mode, f.size, file)
}

// tee writes to a hash and to a writer.
type tee struct {
	digest hash.Hash
	w      io.Writer
}

func (t tee) Write(p []byte) (int, error) {
	t.digest.Write(p)
	return t.w.Write(p)
}

// digestKey makes one text of a directory and arguments that no others give.
func digestKey(dir string, args *value.Map) string {
	if args.Len() == 0 {
		return dir
	}
	key := strconv.AppendQuote(nil, dir)
	names := args.Keys()
	slices.Sort(names)
	for _, name := range names {
		v := args.At(name)
		key = strconv.AppendQuote(key, name)
		key = append(key, byte('0'+v.Kind())) // what is no string is a mistake, and not the same as ""
		key = strconv.AppendQuote(key, v.Str())
	}
	return string(key)
}

// clone copies the diagnostics of a remembered error, which callers complete and sort.
func clone(err error) error {
	var all []error
	for _, d := range diag.Flatten(err) {
		c := *d
		c.Related = slices.Clone(d.Related)
		all = append(all, &c)
	}
	if len(all) == 1 {
		return all[0]
	}
	return errors.Join(all...)
}

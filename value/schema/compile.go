package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/taskgraph-go/decision/diag"
)

// Compile reads one document, which refers to itself only. The name is for errors.
func Compile(name string, doc []byte) (*Schema, error) {
	s := &Schema{name: name, documents: newDocuments(func(other string) ([]byte, error) {
		if other == name {
			return doc, nil
		}
		return nil, fmt.Errorf("there is no document %s beside %s", other, name)
	})}
	if err := s.check(); err != nil {
		return nil, err
	}
	return s, s.compile()
}

// MustCompile is Compile for documents that are part of the program. It panics on a mistake in one.
func MustCompile(name string, doc []byte) *Schema {
	s, err := Compile(name, doc)
	if err != nil {
		panic(err)
	}
	return s
}

// Set is a directory of documents that are part of the program and may refer to each other by relative file
// names. Each is compiled when it is first used, because a run needs few of them; whether they are valid is for a test
// to find out with [Set.Check]. A Set is safe for concurrent use.
type Set struct {
	fsys      fs.FS
	documents *documents

	mu     sync.Mutex
	loaded map[string]*Schema
}

// NewSet gives the set of the .yml files below the root of fsys.
func NewSet(fsys fs.FS) *Set {
	read := func(file string) ([]byte, error) { return fs.ReadFile(fsys, file) }
	return &Set{fsys: fsys, documents: newDocuments(read), loaded: map[string]*Schema{}}
}

// Load gives the schema of a document by its path without .yml.
func (s *Set) Load(name string) (*Schema, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if got := s.loaded[name]; got != nil {
		return got, nil
	}
	if _, err := fs.Stat(s.fsys, name+".yml"); err != nil {
		return nil, fmt.Errorf("there is no schema %q: %s", name, diag.DidYouMean(name, s.Names()))
	}
	got := &Schema{name: name + ".yml", documents: s.documents}
	s.loaded[name] = got
	return got, nil
}

// MustLoad is Load for a name that is part of the program. It panics where there is no such document.
func (s *Set) MustLoad(name string) *Schema {
	got, err := s.Load(name)
	if err != nil {
		panic(err)
	}
	return got
}

// Names lists the documents, sorted.
func (s *Set) Names() []string {
	var out []string
	_ = fs.WalkDir(s.fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && path.Ext(name) == ".yml" {
			out = append(out, strings.TrimSuffix(name, ".yml"))
		}
		return nil
	})
	slices.Sort(out)
	return out
}

// Check compiles all documents and has the jsonschema library check them as well.
func (s *Set) Check() error {
	var all []error
	for _, name := range s.Names() {
		got, err := s.Load(name)
		if err == nil {
			err = errors.Join(got.check(), got.compile())
		}
		all = append(all, err)
	}
	return errors.Join(all...)
}

// base is the address below which documents live for the library. Nothing is ever fetched.
const base = "schema:///"

// check has the jsonschema library compile the document, and all that it refers to. The library knows the rules for
// documents by heart that the builder only checks as far as it needs them, but it takes ten times as long.
func (s *Schema) check() error {
	_, err := s.library()
	return err
}

func (s *Schema) library() (*jsonschema.Schema, error) {
	c := jsonschema.NewCompiler()
	c.Draft = jsonschema.Draft2020
	c.LoadURL = func(url string) (io.ReadCloser, error) {
		name, ours := strings.CutPrefix(url, base)
		if !ours {
			return nil, fmt.Errorf("%s is not one of the documents at hand", url)
		}
		root, err := s.documents.root(name)
		if err != nil {
			return nil, err
		}
		var data any
		if err := root.y.Decode(&data); err != nil {
			return nil, root.errorf("%w", err)
		}
		text, err := json.Marshal(data)
		return io.NopCloser(bytes.NewReader(text)), err
	}
	compiled, err := c.Compile(base + s.name)
	if err != nil {
		if e, ok := errors.AsType[*jsonschema.SchemaError](err); ok && e.Err != nil {
			err = e.Err
		}
		return nil, fmt.Errorf("schema %s: %w", s.name, err)
	}
	return compiled, nil
}

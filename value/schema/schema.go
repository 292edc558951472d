package schema

import (
	"sync"

	"gopkg.in/yaml.v3"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// Schema is a compiled document. It does not change and is safe for concurrent use.
type Schema struct {
	name      string
	documents *documents

	once  sync.Once
	root  *node
	slots uint32 // the nodes that a Checker remembers containers for
	err   error
}

// Validate gives everything that is wrong with v, in the order of its fields, or nil. The diagnostics carry the
// position and the path inside v; the task or file that it belongs to is for the caller to add. A map that the
// program made has no position of its own: give it one with [value.Value.At], for fields that are missing.
func (s *Schema) Validate(v value.Value) []*diag.Diagnostic { return s.validate(v, walk{}) }

func (s *Schema) validate(v value.Value, w walk) []*diag.Diagnostic {
	s.ready()
	if w.check(s.root, v) {
		return nil
	}
	w.report = &report{}
	w.check(s.root, v)
	return w.report.found
}

// ready compiles the document when it is first used. A document with mistakes is a bug of the program, which a test
// of it would have found.
func (s *Schema) ready() {
	if err := s.compile(); err != nil {
		panic(err)
	}
}

func (s *Schema) compile() error {
	s.once.Do(func() {
		top, err := s.documents.root(s.name)
		if err != nil {
			s.err = err
			return
		}
		b := &builder{nodes: map[*yaml.Node]*node{}}
		s.root = b.node(top)
		b.finish(top)
		s.slots, s.err = b.slots, b.err
	})
	return s.err
}

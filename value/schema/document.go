package schema

import (
	"fmt"
	"iter"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"
)

// documents reads documents that may refer to each other, each once. It is safe for concurrent use.
type documents struct {
	read func(name string) ([]byte, error)

	mu  sync.Mutex
	all map[string]*yaml.Node
}

func newDocuments(read func(name string) ([]byte, error)) *documents {
	return &documents{read: read, all: map[string]*yaml.Node{}}
}

// root gives the place of a whole document.
func (d *documents) root(name string) (place, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if y := d.all[name]; y != nil {
		return place{d, name, y}, nil
	}
	text, err := d.read(name)
	if err != nil {
		return place{}, err
	}
	var y yaml.Node
	if err := yaml.Unmarshal(text, &y); err != nil {
		return place{}, fmt.Errorf("schema %s: %w", name, err)
	}
	if len(y.Content) == 0 {
		return place{}, fmt.Errorf("schema %s: the document is empty", name)
	}
	d.all[name] = y.Content[0]
	return place{d, name, y.Content[0]}, nil
}

// place is a node of a document: a schema, or a part of one.
type place struct {
	documents *documents
	name      string // of the document
	y         *yaml.Node
}

func (p place) errorf(format string, args ...any) error {
	return fmt.Errorf("schema %s:%d: %w", p.name, p.y.Line, fmt.Errorf(format, args...))
}

func (p place) at(y *yaml.Node) place {
	for y.Kind == yaml.AliasNode {
		y = y.Alias
	}
	return place{p.documents, p.name, y}
}

// entries gives the keys and values of a mapping in the order of the document.
func (p place) entries() iter.Seq2[string, place] {
	return func(yield func(string, place) bool) {
		if p.y == nil || p.y.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(p.y.Content); i += 2 {
			if !yield(p.y.Content[i].Value, p.at(p.y.Content[i+1])) {
				return
			}
		}
	}
}

// items gives the items of a sequence.
func (p place) items() []place {
	if p.y == nil || p.y.Kind != yaml.SequenceNode {
		return nil
	}
	out := make([]place, len(p.y.Content))
	for i, y := range p.y.Content {
		out[i] = p.at(y)
	}
	return out
}

// get gives the value of a key of a mapping. That of an absent one has no node.
func (p place) get(key string) place {
	for k, v := range p.entries() {
		if k == key {
			return v
		}
	}
	return place{}
}

func (p place) exists() bool    { return p.y != nil }
func (p place) isMapping() bool { return p.y != nil && p.y.Kind == yaml.MappingNode }

// text gives a string, "" for anything else.
func (p place) text() string {
	if p.y == nil || p.y.Kind != yaml.ScalarNode || p.y.Tag != "!!str" {
		return ""
	}
	return p.y.Value
}

// texts gives a list of strings, or a single one as a list.
func (p place) texts() []string {
	if s := p.text(); s != "" {
		return []string{s}
	}
	var out []string
	for _, x := range p.items() {
		out = append(out, x.text())
	}
	return out
}

// flag gives a boolean and whether p is one.
func (p place) flag() (is, ok bool) {
	if p.y == nil || p.y.Kind != yaml.ScalarNode || p.y.Tag != "!!bool" {
		return false, false
	}
	return p.y.Value == "true", true
}

// resolve gives what a $ref points to.
func (p place) resolve(ref string) (place, error) {
	file, pointer, _ := strings.Cut(ref, "#")
	name := p.name
	if file != "" {
		name = path.Join(path.Dir(p.name), file)
	}
	target, err := p.documents.root(name)
	if err != nil {
		return place{}, p.errorf("cannot resolve %q: %w", ref, err)
	}
	if pointer == "" {
		return target, nil
	}
	steps := strings.Split(pointer, "/")
	if steps[0] != "" {
		return place{}, p.errorf("cannot resolve %q: want a path such as #/$defs/name", ref)
	}
	for _, step := range steps[1:] {
		step = strings.ReplaceAll(strings.ReplaceAll(step, "~1", "/"), "~0", "~")
		next := target.get(step)
		if i, err := strconv.Atoi(step); err == nil && !next.exists() {
			if items := target.items(); i >= 0 && i < len(items) {
				next = items[i]
			}
		}
		if !next.exists() {
			return place{}, p.errorf("cannot resolve %q: there is no %q", ref, step)
		}
		target = next
	}
	return target, nil
}

// required gives the fields that a schema requires.
func (p place) required() []string {
	names := p.get("required").texts()
	slices.Sort(names)
	return slices.Compact(names)
}

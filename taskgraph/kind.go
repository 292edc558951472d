package taskgraph

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph/schemas"
	"github.com/taskgraph-go/decision/value"
)

// Kind is a set of tasks that are made the same way: a directory with a kind.yml. It is immutable.
type Kind struct {
	Name string
	// Path is the kind's directory, relative to the repository's root.
	Path string
	// Map is the content of kind.yml.
	Map *value.Map
	// Dependencies are the kinds whose tasks must be there before this one is loaded.
	Dependencies []string
}

// DefaultLoader is the loader of a kind that names none.
const DefaultLoader = "taskgraph.loader.default:loader"

// old words of kind.yml, and what they are now.
var renamed = map[string]string{"jobs": "tasks", "jobs-from": "tasks-from", "job-defaults": "task-defaults"}

// loadKind reads a kind, and gives its document, too, if it has one.
func (p *Project) loadKind(name string) (*Kind, *document, error) {
	dir := path.Join(p.KindsDir(), name)
	file := path.Join(dir, "kind.yml")
	if !fs.ValidPath(dir) || path.Dir(dir) != path.Clean(p.KindsDir()) {
		return nil, nil, diag.Errorf(diag.UnknownKind, 0, "%q is no name of a kind", name)
	}
	if _, err := fs.Stat(p.Tree, file); err != nil {
		names, _ := p.KindNames()
		return nil, nil, diag.Errorf(diag.UnknownKind, 0, "there is no kind %q", name).InFile(file).WithHint("%s", diag.DidYouMean(name, names))
	}
	p.Log.Debug("loading kind", "kind", name, "path", dir)
	doc := p.document(file)
	if doc.err != nil {
		return nil, doc, doc.err
	}
	var errs diag.List
	for _, d := range schemas.Load("kind").Validate(doc.v) {
		d.Kind = name
		errs.Add(d.InFile(file))
	}
	if err := errs.Err(p.Sources); err != nil {
		return nil, doc, err
	}
	m := doc.v.Map()
	for old, now := range renamed {
		if v, ok := m.Get(old); ok && !m.Has(now) {
			m = m.Copy()
			m.Delete(old)
			m.Set(now, v)
		}
	}
	m.Freeze()
	return &Kind{Name: name, Path: dir, Map: m, Dependencies: m.At("kind-dependencies").List().Strings()}, doc, nil
}

// sequence gives the steps of the kind's transforms, names given by the loader.
func (k *Kind) sequence(cfg *Config, names []value.Value) ([]Step, error) {
	var steps []Step
	var errs diag.List
	for _, v := range names {
		name, ok := v.AsString()
		if !ok {
			errs.Add(diag.Errorf(diag.WrongType, v.Pos(), "want the name of a transform, got %s", v.Describe()).WithPath("transforms"))
			continue
		}
		if !strings.Contains(name, ":") {
			name += ":transforms"
		}
		seq, err := cfg.Registry.Transforms.Find(name, v.Pos(), diag.UnknownTransform)
		if err != nil {
			errs.Add(inTree(err, "transform", name))
			continue
		}
		for _, step := range seq {
			own := Sequence{step}
			if step.For != nil {
				var err error
				if own, err = step.For(cfg); err != nil {
					errs.Add(diag.Placed(err, v.Pos(), "transforms"))
				}
			}
			for _, step := range own {
				if n := len(steps) - 1; n >= 0 && steps[n].Join != nil {
					if joined, ok := steps[n].Join(step); ok {
						steps[n] = joined
						continue
					}
				}
				steps = append(steps, step)
			}
		}
	}
	return steps, errs.Err(nil)
}

// inTree makes an unknown name that looks like code of the repository's own say so, where no extension knows it.
func inTree(err error, what, name string) error {
	if module, _, _ := strings.Cut(name, ":"); strings.HasPrefix(module, "taskgraph.") || strings.Count(name, ":") != 1 {
		return err
	}
	d := diag.Flatten(err)[0]
	if d.Message != fmt.Sprintf("unknown %s %q", what, name) {
		return err
	}
	d.Code = diag.NeedsPython
	d.Message = fmt.Sprintf("%s %q is not built in, and nothing here runs code of the tree", what, name)
	return d
}

// kindGraph reads the kinds that are wanted and all that they depend on, and gives them with their graph. With no
// names, all kinds of the tree are wanted. The kind of docker images is always wanted when it is there. kind gives a kind.
func (p *Project) kindGraph(names []string, kind func(name string) (*Kind, error)) (*KindGraph, error) {
	var errs diag.List
	all := len(names) == 0
	if all {
		var err error
		if names, err = p.KindNames(); err != nil {
			return nil, err
		}
	}
	kinds := map[string]*Kind{}
	type want struct {
		name string
		pos  diag.Pos
		by   string
	}
	var queue []want
	for _, n := range names {
		queue = append(queue, want{name: n})
	}
	if !all {
		queue = append(queue, want{name: "docker-image", by: "images"})
	}
	seen := map[string]bool{}
	for len(queue) > 0 {
		w := queue[0]
		queue = queue[1:]
		if seen[w.name] {
			continue
		}
		seen[w.name] = true
		k, err := kind(w.name)
		if err != nil {
			for _, d := range diag.Flatten(err) {
				c := *d
				if c.Code == diag.UnknownKind {
					if w.by == "images" {
						continue
					}
					if w.by != "" {
						c.Kind, c.Path, c.Pos, c.Where = w.by, "kind-dependencies", w.pos, diag.Position{}
					}
				}
				errs.Add(&c)
			}
			continue
		}
		kinds[w.name] = k
		for i, v := range k.Map.At("kind-dependencies").List().All() {
			_ = i
			queue = append(queue, want{v.Str(), v.Pos(), w.name})
		}
	}
	if err := errs.Err(p.Sources); err != nil {
		return nil, err
	}
	return newKindGraph(kinds, p)
}

// KindGraph is the kinds of a generation and how they depend on each other.
type KindGraph struct {
	Kinds map[string]*Kind
	Graph *Graph
	// Order has the names such that each kind comes after those that it depends on.
	Order []string
}

func newKindGraph(kinds map[string]*Kind, p *Project) (*KindGraph, error) {
	var names []string
	for n := range kinds {
		names = append(names, n)
	}
	slices.Sort(names)
	g := NewGraph(names)
	for i, n := range names {
		var linked []string
		for _, dep := range kinds[n].Dependencies {
			if !slices.Contains(linked, dep) {
				linked = append(linked, dep)
				g.link(int32(i), g.ids()[dep], "kind-dependency")
			}
		}
	}
	g.finish()
	order, err := g.Postorder()
	if err != nil {
		var found diag.List
		for _, loop := range g.Loops() {
			keyPos := func(kind string) diag.Pos { return kinds[kind].Map.KeyPos("kind-dependencies") }
			d := diag.Errorf(diag.KindLoop, keyPos(loop.Nodes[0]), "kinds depend on each other: %s -> %s", strings.Join(loop.Nodes, " -> "), loop.Nodes[0])
			for _, n := range loop.Nodes[1:] {
				d.WithRelated(keyPos(n), "dependencies of %s", n)
			}
			found.Add(d)
		}
		return nil, found.Err(p.Sources)
	}
	kg := &KindGraph{Kinds: kinds, Graph: g}
	for _, id := range order {
		kg.Order = append(kg.Order, names[id])
	}
	return kg, nil
}

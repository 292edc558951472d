package transforms

import (
	"errors"
	"io/fs"
	"path"
	"strings"
	"unsafe"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// taskContextSequence fills values that are only known when the graph is generated into the fields of tasks.
func taskContextSequence() taskgraph.Sequence {
	return taskgraph.Sequence{
		validateStep("task-context"),
		{Name: "render_task", Each: renderTask},
	}
}

// renderTask resolves by-* values in the substitution-fields of a task, then expands the format strings there, with the
// values that its task-context names.
func renderTask(cfg *taskgraph.Config, stub *value.Map, yield func(*value.Map)) error {
	v, _ := stub.Delete("task-context")
	if v.IsNull() {
		yield(stub)
		return nil
	}
	section := v.Map()
	c := &taskContext{}
	if err := c.collect(cfg, section, stub); err != nil {
		return err
	}
	fields := contextFields(cfg, section.At("substitution-fields"))
	options := section.At("resolve-keyed-by-options").Map()
	name, ok := stub.Get("name")
	if !ok {
		if name, ok = stub.Get("label"); !ok {
			name = value.NewString("?")
		}
	}
	known := c.get
	deferred := options.At("defer").List().Strings()
	for _, f := range fields {
		if v, ok := f.peek(stub); ok && !value.IsKeyedBy(v) {
			continue
		}
		err := f.resolve(stub, value.Keyed{Item: "`" + f.path + "` in `" + value.PyStr(name) + "`", Defer: deferred, Attr: func(attribute string) (value.Value, bool) {
			if v, ok := known(attribute); ok {
				return v, true
			}
			// The reference takes this option for an attribute, which therefore has no other effect.
			if v, ok := options.Get(attribute); ok && attribute == "enforce-single-match" {
				return v, true
			}
			return stub.Get(attribute)
		}})
		if err != nil {
			return err
		}
	}
	for _, f := range fields {
		known := c.get
		if passes(f.path) {
			known = c.getBlank
		}
		c.hidesName = value.HasNumber(c.name.Str()) && !mayBeNumbered(f.path)
		if err := f.substitute(stub, known); err != nil {
			return value.WithNames(err, c.names())
		}
	}
	yield(stub)
	return nil
}

// passes says whether a field is passed on to the definition and nobody looks into its texts.
func passes(path string) bool {
	return path == "routes" || path == "run.command" || path == "worker.env" || strings.HasPrefix(path, "worker.env.")
}

// contextFields gives the fields that a list of paths names, which it reads once.
func contextFields(cfg *taskgraph.Config, list value.Value) []field {
	type key struct{ list unsafe.Pointer }
	return taskgraph.Memo(cfg, key{list.Identity()}, func() []field { return fieldsOf(list.List()) })
}

// resolve evaluates the by-* value that the field may be. A field that is not there stays so.
func (f field) resolve(stub *value.Map, keyed value.Keyed) error {
	if old, ok := f.peek(stub); ok {
		v, err := value.EvaluateKeyedBy(old, keyed)
		if err != nil {
			return at(err, old, f.path)
		}
		if !value.Same(old, v) {
			f.set(stub, v)
		}
		return nil
	}
	err := f.visit(stub, func(m *value.Map, edit func() *value.Map, key string) error {
		old := m.At(key)
		v, err := value.EvaluateKeyedBy(old, keyed)
		if err != nil {
			return at(err, old, f.path)
		}
		if !value.Same(old, v) {
			edit().Set(key, v)
		}
		return nil
	})
	if d, ok := errors.AsType[*diag.Diagnostic](err); ok && d.Code == diag.BadPath {
		return nil // substitute says so
	}
	return err
}

// taskContext holds the values for one task, by where they come from: what comes first here wins.
type taskContext struct {
	params               *contextParams
	object, custom, file *value.Map
	name                 value.Value
	hidesName            bool // it has blanks, and is asked for where they must not be
}

func (c *taskContext) get(name string) (value.Value, bool) {
	if v, ok := c.params.get(name); ok {
		return v, true
	}
	return c.getOther(name)
}

// getBlank is get for where nobody looks at the value.
func (c *taskContext) getBlank(name string) (value.Value, bool) {
	if v, ok := c.params.getBlank(name); ok {
		return v, true
	}
	return c.getOther(name)
}

func (c *taskContext) getOther(name string) (value.Value, bool) {
	for _, m := range [...]*value.Map{c.object, c.custom, c.file} {
		if v, ok := m.Get(name); ok {
			return v, true
		}
	}
	return c.name, name == "name" && !c.name.IsNull() && !c.hidesName
}

func (c *taskContext) names() []string {
	names := []string{"name"}
	for _, m := range [...]*value.Map{c.params.all(), c.object, c.custom, c.file} {
		names = append(names, m.Keys()...)
	}
	return names
}

// collect gets the values that a task-context section names.
func (c *taskContext) collect(cfg *taskgraph.Config, section, stub *value.Map) error {
	c.name = stub.At("name")
	if object := section.At("from-object"); !object.IsNull() {
		if c.object = object.Map(); c.object == nil {
			return diag.Errorf(diag.WrongType, object.Pos(), "want a map, got %s", object.Describe()).WithPath("task-context.from-object")
		}
	}
	var err error
	if c.params, err = contextParameters(cfg, section.At("from-parameters").Map()); err != nil {
		return err
	}
	if file := section.At("from-file"); file.Truthy() {
		if c.file, err = contextFile(cfg, file); err != nil {
			return err
		}
	}
	for name := range section.At("from-custom").List().Values() {
		provider, err := cfg.Registry.ContextProviders.Find(name.Str(), name.Pos(), diag.UnknownName)
		if err != nil {
			return at(err, name, "task-context.from-custom")
		}
		m, err := provider(cfg, stub)
		if err != nil {
			return at(err, name, "task-context.from-custom")
		}
		if c.custom == nil {
			c.custom = value.NewMap(m.Len())
		}
		c.custom.Update(m)
	}
	return nil
}

// contextParams are the parameters that from-parameters names.
type contextParams struct {
	values *value.Map // by the name in the context

	// For drafts:
	params *parameters.Params
	from   *value.Map
	id     string // of from
}

// contextParameters gives the parameters that from-parameters names, nil where that names none.
func contextParameters(cfg *taskgraph.Config, from *value.Map) (*contextParams, error) {
	if from.Len() == 0 {
		return nil, nil
	}
	type key struct{ from unsafe.Pointer }
	return taskgraph.MemoErr(cfg, key{from.Value().Identity()}, func() (*contextParams, error) {
		values, err := resolveParameters(cfg.Params.Given(), from)
		if err != nil || !cfg.Params.IsDraft() {
			return &contextParams{values: values}, err
		}
		c := &contextParams{params: cfg.Params, from: from, values: values}
		if c.id, err = value.CompactJSON(from.Value()); err != nil {
			return nil, err
		}
		// Which there are is looked at here, what they are when they are asked for.
		_, err = cfg.Params.Find("context names "+c.id, func(p *parameters.Params) (value.Value, error) {
			values, err := resolveParameters(p, from)
			return value.NewStrings(values.Keys()...).Value(), err
		})
		return c, err
	})
}

// all gives all of them, by the name in the context.
func (c *contextParams) all() *value.Map {
	if c == nil {
		return nil
	}
	return c.values
}

func (c *contextParams) get(name string) (value.Value, bool) {
	v, ok := c.all().Get(name)
	if ok && c.params != nil {
		v, _ = c.params.Find(c.key(name), c.find(name))
	}
	return v, ok
}

// getBlank is get for where nobody looks at the value. A text with braces may be expanded yet, and an empty one may count as none.
func (c *contextParams) getBlank(name string) (value.Value, bool) {
	v, ok := c.all().Get(name)
	if ok && c.params != nil {
		fits := func(v value.Value) bool { return v.Str() != "" && !strings.ContainsAny(v.Str(), "{}") }
		v, _ = c.params.BlankWhere(c.key(name), fits, c.find(name))
	}
	return v, ok
}

// key tells one of them from those of other contexts.
func (c *contextParams) key(name string) string { return "context " + name + " " + c.id }

func (c *contextParams) find(name string) func(p *parameters.Params) (value.Value, error) {
	return func(p *parameters.Params) (value.Value, error) {
		values, err := resolveParameters(p, c.from)
		return values.At(name), err
	}
}

// resolveParameters gives what from-parameters asks for. A parameter that is not there gives null, which reads None in a text; of a
// list of parameters the first that is not null counts, and without one the name stays undefined. Both are so in the reference.
func resolveParameters(p *parameters.Params, from *value.Map) (*value.Map, error) {
	out := value.NewMap(from.Len())
	for e := range from.Entries() {
		if e.Value.List() == nil {
			v, err := deepParameter(p, e.Value)
			if err != nil {
				return nil, err
			}
			out.SetKey(e.Key, v)
			continue
		}
		for choice := range e.Value.List().Values() {
			v, err := deepParameter(p, choice)
			if err != nil {
				return nil, err
			}
			if !v.IsNull() {
				out.SetKey(e.Key, v)
				break
			}
		}
	}
	return out, nil
}

// deepParameter gives the parameter that a dot path leads to, null where it leads nowhere.
func deepParameter(p *parameters.Params, dotPath value.Value) (value.Value, error) {
	name, rest, deeper := strings.Cut(dotPath.Str(), ".")
	v := p.At(name)
	for deeper && !v.IsNull() {
		m := v.Map()
		if m == nil {
			return v, diag.Errorf(diag.BadPath, dotPath.Pos(), "parameter %q leads into %q, which is %s and has no fields", dotPath.Str(), name, v.Describe()).
				WithPath("task-context.from-parameters")
		}
		name, rest, deeper = strings.Cut(rest, ".")
		v = m.At(name)
	}
	return v, nil
}

// contextFile reads the file that from-file names, relative to the repository's root.
func contextFile(cfg *taskgraph.Config, name value.Value) (*value.Map, error) {
	const where = "task-context.from-file"
	file := name.Str()
	if !path.IsAbs(file) {
		file = path.Clean(file)
	}
	doc, err := cfg.Document(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, diag.Errorf(diag.Unreadable, name.Pos(), "there is no file %q in the repository", file).WithPath(where)
	case err != nil:
		return nil, diag.Placed(err, name.Pos(), where)
	case doc.Map() == nil:
		return nil, diag.Errorf(diag.WrongType, doc.Or(name.Pos()).Pos(), "want a map of values, got %s", doc.Describe()).InFile(file).
			WithRelated(name.Pos(), "%s names the file", where)
	}
	return doc.Map(), nil
}

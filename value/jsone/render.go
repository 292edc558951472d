package jsone

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// Options say how to render.
type Options struct {
	// Functions are there for expressions to call, beside the ones that JSON-e has.
	Functions map[string]Function
	// Sources has the text of the template, so that a mistake in an expression is placed within it. It may be nil.
	Sources *diag.Sources
	Limits  Limits
}

// Render gives what a template makes of the variables of a context, which are read-only. A template that renders to
// nothing gives null.
//
// The error is a [diag.Errors] of the code [diag.BadTemplate], or [diag.LimitExceeded].
func Render(template value.Value, context *value.Map, o Options) (value.Value, error) {
	r := &renderer{options: o, limits: o.Limits.orDefaults(), parsed: map[string]parsedExpression{}, weights: map[identity]weight{}, functions: map[identity]*function{}}
	top := &scope{names: map[string]term{}}
	for name, f := range builtins {
		top.names[name] = term{fn: &function{name: name, call: f}}
	}
	for name, f := range o.Functions {
		top.names[name] = term{fn: &function{name: name, call: injected(f)}}
	}
	for name, v := range context.All() {
		if !identifier.MatchString(name) {
			return value.Value{}, diag.Errorf(diag.BadTemplate, 0, "the context has a variable %q, which is no identifier", name)
		}
		top.names[name] = term{v: v}
		if !r.weigh(v, v.Pos()) {
			break
		}
	}
	var out term
	if !r.stopped {
		out = r.render(template, top, "")
	}
	if !out.bad && (out.fn != nil || r.holdsFunction(out.v)) {
		r.fail(template.Pos(), "", "the template renders to a function, which was not called")
	}
	if err := r.errs.Err(o.Sources); err != nil {
		return value.Value{}, err
	}
	return finite(out.v), nil
}

// finite gives a result as JSON has it, which knows no infinite numbers: as in JavaScript null takes their place. What has
// none is given as it is.
func finite(v value.Value) value.Value {
	if f, ok := v.AsFloat(); ok && (math.IsInf(f, 0) || math.IsNaN(f)) {
		return value.Value{}.At(v.Pos())
	}
	switch v.Kind() {
	case value.ListKind:
		l := v.List()
		out := l
		for i := range l.Len() {
			if x := finite(l.At(i)); !value.Same(x, l.At(i)) {
				if out == l {
					out = l.Copy()
				}
				out.SetAt(i, x)
			}
		}
		if out != l {
			return out.Value().At(v.Pos())
		}
	case value.MapKind:
		m := v.Map()
		out := m
		for i := range m.Len() {
			before := m.Entry(i).Value
			if x := finite(before); !value.Same(x, before) {
				if out == m {
					out = m.Copy()
				}
				out.SetAt(i, x)
			}
		}
		if out != m {
			return out.Value().At(v.Pos())
		}
	}
	return v
}

var (
	identifier = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
	reserved   = regexp.MustCompile(`^\$[a-zA-Z][a-zA-Z0-9]*$`)
)

// term is what an expression or a template stands for: a value, a function, or nothing at all.
type term struct {
	v    value.Value
	fn   *function
	gone bool // to be left out of the list or map that it would stand in
	bad  bool // a mistake, which was reported
}

var (
	wrong = term{bad: true}
	left  = term{gone: true}
)

// scope has the variables that a part of the template sees.
type scope struct {
	outer *scope
	names map[string]term
}

func (s *scope) find(name string) (term, bool) {
	for ; s != nil; s = s.outer {
		if t, ok := s.names[name]; ok {
			return t, true
		}
	}
	return term{}, false
}

// with gives a scope with more variables.
func (s *scope) with(names map[string]term) *scope { return &scope{outer: s, names: names} }

// variables gives the names of all variables but functions, for hints.
func (s *scope) variables() []string {
	var names []string
	for ; s != nil; s = s.outer {
		for n, t := range s.names {
			if t.fn == nil {
				names = append(names, n)
			}
		}
	}
	return names
}

// renderer is one rendering at work.
type renderer struct {
	options   Options
	limits    Limits
	parsed    map[string]parsedExpression
	errs      diag.List
	failed    int // errors so far
	depth     int
	steps     int
	weights   map[identity]weight    // of containers; nothing heavier than the limit is made
	functions map[identity]*function // those that stand in containers
	stopped   bool                   // a limit was exceeded: nothing more is done
}

// maxErrors is how many mistakes are reported of one template.
const maxErrors = 50

// fail reports a mistake.
func (r *renderer) fail(pos diag.Pos, path, format string, args ...any) term {
	r.report(diag.Errorf(diag.BadTemplate, pos, format, args...).WithPath(path))
	return wrong
}

func (r *renderer) report(d *diag.Diagnostic) {
	if r.stopped {
		return
	}
	r.errs.Add(d)
	if r.failed++; r.failed >= maxErrors {
		r.stopped = true
	}
}

// render renders a part of a template. path leads to it, for messages.
func (r *renderer) render(t value.Value, s *scope, path string) term {
	if !r.step(1, t.Pos()) {
		return wrong
	}
	r.depth++
	defer func() { r.depth-- }()
	if r.depth > r.limits.Depth {
		return r.exceed(t.Pos(), "the template is nested deeper than %d levels", r.limits.Depth)
	}
	switch t.Kind() {
	case value.String:
		return r.interpolate(t, s, path)
	case value.ListKind:
		return r.list(t, s, path)
	case value.MapKind:
		return r.mapping(t, s, path)
	case value.Null, value.Bool, value.Int, value.Float:
		return term{v: t}
	case value.BigInt:
		return term{v: number(toFloat(t)).At(t.Pos())}
	}
	return r.fail(t.Pos(), path, "%s has no form in JSON; quote it", t.Describe())
}

func (r *renderer) list(t value.Value, s *scope, path string) term {
	out, ok := value.NewList(), true
	for i, item := range t.List().All() {
		x := r.render(item, s, fmt.Sprintf("%s[%d]", path, i))
		ok = !x.bad && ok
		if ok && !x.gone {
			out.Append(r.kept(x))
		}
		if r.stopped {
			return wrong
		}
	}
	return r.made(ok, out.Value(), t.Pos())
}

// kept gives what was rendered as it stands in a list or a map. A function stands there as a value of a kind that no
// template has, by whose address it is found again.
func (r *renderer) kept(x term) value.Value {
	if x.fn == nil {
		return x.v
	}
	v := value.NewSet(value.NewMap(0))
	r.functions[v.Identity()] = x.fn
	return v
}

// term gives what a value in a list or a map stands for.
func (r *renderer) term(v value.Value) term {
	if v.Kind() == value.SetKind {
		return term{fn: r.functions[v.Identity()]}
	}
	return term{v: v}
}

// holdsFunction says whether there is a function anywhere in a value.
func (r *renderer) holdsFunction(v value.Value) bool {
	if len(r.functions) == 0 {
		return false
	}
	switch v.Kind() {
	case value.SetKind:
		return true
	case value.ListKind:
		for item := range v.List().Values() {
			if r.holdsFunction(item) {
				return true
			}
		}
	case value.MapKind:
		for e := range v.Map().Entries() {
			if r.holdsFunction(e.Value) {
				return true
			}
		}
	}
	return false
}

// made gives a container that was made, unless parts of it are wrong or it is too large.
func (r *renderer) made(ok bool, v value.Value, pos diag.Pos) term {
	v = v.At(pos)
	if !ok || !r.weigh(v, pos) {
		return wrong
	}
	return term{v: v}
}

// sortedEntries gives the entries of a map by their keys, in which order all is done that may depend on it.
func sortedEntries(m *value.Map) []value.Entry {
	entries := slices.Collect(m.Entries())
	slices.SortFunc(entries, func(a, b value.Entry) int { return compareText(a.Key.KeyText(), b.Key.KeyText()) })
	return entries
}

func (r *renderer) mapping(t value.Value, s *scope, path string) term {
	m := t.Map()
	var found *value.Entry
	for _, e := range sortedEntries(m) {
		if operators[e.Key.KeyText()] == nil {
			continue
		}
		if found != nil {
			return r.fail(e.Key.Pos(), path, "a map can have one operator only, and this one has %s and %s", found.Key.KeyText(), e.Key.KeyText())
		}
		found = &e
	}
	if found != nil {
		name := found.Key.KeyText()
		return r.operate(&operation{renderer: r, name: name, template: t, m: m, key: *found, scope: s, path: join(path, name)})
	}
	out, ok := value.NewMap(m.Len()), true
	for _, e := range sortedEntries(m) {
		key, v, fine := r.entry(e, s, path)
		ok = fine && ok
		if r.stopped {
			return wrong
		}
		if ok && !v.gone {
			out.SetKey(key, r.kept(v))
		}
	}
	return r.made(ok, out.Value(), t.Pos())
}

// entry renders an entry of a plain map.
func (r *renderer) entry(e value.Entry, s *scope, path string) (key value.Value, v term, ok bool) {
	name := e.Key.KeyText()
	v = r.render(e.Value, s, join(path, name))
	if v.bad || v.gone {
		return key, v, !v.bad
	}
	switch {
	case strings.HasPrefix(name, "$$"):
		name = name[1:]
	case reserved.MatchString(name):
		r.report(diag.Errorf(diag.BadTemplate, e.Key.Pos(), "unknown operator %q", name).WithPath(path).
			WithHint("%s; a key that begins with a dollar is written with two", diag.DidYouMean(name, operatorNames())))
		return key, v, false
	}
	text := r.interpolate(value.NewString(name).At(e.Key.Pos()), s, path)
	return text.v, v, !text.bad
}

// join adds a key to a path.
func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// interpolate fills in a string.
func (r *renderer) interpolate(t value.Value, s *scope, path string) term {
	text := t.Str()
	if !strings.Contains(text, "${") {
		return term{v: t}
	}
	var out strings.Builder
	ok := true
	for at := 0; at < len(text); {
		i := strings.Index(text[at:], "${")
		if i < 0 {
			out.WriteString(text[at:])
			break
		}
		if i > 0 && text[at+i-1] == '$' {
			out.WriteString(text[at : at+i-1])
			out.WriteString("${")
			at += i + 2
			continue
		}
		out.WriteString(text[at : at+i])
		at += i + 2
		e := expression{r: r, text: text, place: t, path: path, scope: s}
		x, end := e.until(at, '}')
		if x.bad {
			if end <= at {
				return wrong
			}
			ok, at = false, end
			continue
		}
		part, fine := scalarText(x)
		if !fine {
			r.fail(e.at(at), path, "%s cannot be put into a string", describe(x))
			ok = false
		}
		out.WriteString(part)
		at = end
		if !r.step(len(part)/chunk, t.Pos()) || !r.short(out.Len(), t.Pos()) {
			return wrong
		}
	}
	if !ok {
		return wrong
	}
	return term{v: value.NewString(out.String()).At(t.Pos())}
}

package jsone

import (
	"maps"
	"slices"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// operation is an operator at work.
type operation struct {
	*renderer
	name     string
	template value.Value // the map that holds the operator
	m        *value.Map
	key      value.Entry // of the operator
	scope    *scope
	path     string // up to the operator
}

// operator renders a map that holds it.
type operator struct {
	run func(*operation) term
	// fields are what the map may hold beside the operator; nil leaves that to run.
	fields []string
	free   bool
}

// operators are made once; they refer to what refers to them.
var operators map[string]*operator

func init() {
	operators = map[string]*operator{
		"$eval":        {run: (*operation).eval},
		"$if":          {run: (*operation).choose, fields: []string{"then", "else"}},
		"$let":         {run: (*operation).let, fields: []string{"in"}},
		"$switch":      {run: (*operation).switchCase},
		"$match":       {run: (*operation).match},
		"$json":        {run: (*operation).json},
		"$fromNow":     {run: (*operation).fromNow, fields: []string{"from"}},
		"$merge":       {run: (*operation).merge},
		"$mergeDeep":   {run: (*operation).mergeDeep},
		"$flatten":     {run: (*operation).flatten},
		"$flattenDeep": {run: (*operation).flattenDeep},
		"$reverse":     {run: (*operation).reverse},
		"$map":         {run: (*operation).mapEach, free: true},
		"$reduce":      {run: (*operation).reduce, free: true},
		"$find":        {run: (*operation).find, free: true},
		"$sort":        {run: (*operation).sort, free: true},
	}
}

func operatorNames() []string { return slices.Collect(maps.Keys(operators)) }

func (r *renderer) operate(o *operation) term {
	op := operators[o.name]
	if !op.free {
		bad := false
		for _, e := range sortedEntries(o.m) {
			name := e.Key.KeyText()
			if name == o.name || slices.Contains(op.fields, name) {
				continue
			}
			d := diag.Errorf(diag.BadTemplate, e.Key.Pos(), "%q cannot stand beside %s", name, o.name).WithPath(o.path)
			if len(op.fields) > 0 {
				d.WithHint("%s", diag.DidYouMean(name, op.fields))
			}
			r.report(d)
			bad = true
		}
		if bad {
			return wrong
		}
	}
	return op.run(o)
}

// arg gives what stands at the operator, as it is written.
func (o *operation) arg() value.Value { return o.key.Value }

// fail reports a mistake at what stands at the operator.
func (o *operation) fail(format string, args ...any) term {
	pos := o.arg().Pos()
	if pos == 0 {
		pos = o.key.Key.Pos()
	}
	return o.renderer.fail(pos, o.path, format, args...)
}

// rendered gives what stands at the operator, rendered.
func (o *operation) rendered() term { return o.render(o.arg(), o.scope, o.path) }

// expression evaluates a string that is an expression. what says in messages what it is.
func (o *operation) expression(v value.Value, s *scope, what string) term {
	text, ok := v.AsString()
	if !ok {
		return o.renderer.fail(v.Pos(), o.path, "%s is an expression, which is a string, got %s", what, v.Describe())
	}
	e := expression{r: o.renderer, text: text, place: v, path: o.path, scope: s}
	return e.all()
}

// rest renders another field of the map; it is nothing where there is none.
func (o *operation) rest(field string, s *scope) term {
	v, ok := o.m.Get(field)
	if !ok {
		return left
	}
	return o.render(v, s, o.path[:len(o.path)-len(o.name)]+field)
}

func (o *operation) eval() term { return o.expression(o.arg(), o.scope, "what follows $eval") }

func (o *operation) choose() term {
	x := o.expression(o.arg(), o.scope, "the condition of $if")
	switch {
	case x.bad:
		return wrong
	case truthy(x):
		return o.rest("then", o.scope)
	}
	return o.rest("else", o.scope)
}

func (o *operation) let() term {
	names := map[string]term{}
	arg := o.arg().Map()
	if arg == nil {
		return o.fail("$let wants a map of variables, got %s", o.arg().Describe())
	}
	ok := true
	define := func(key value.Value, x term) {
		name := key.KeyText()
		switch {
		case x.bad:
			ok = false
		case x.gone:
		case !identifier.MatchString(name):
			o.renderer.fail(key.Pos(), o.path, "%q cannot be the name of a variable", name)
			ok = false
		default:
			names[name] = x
		}
	}
	plain := true
	for _, e := range sortedEntries(arg) {
		plain = plain && operators[e.Key.KeyText()] == nil
	}
	if plain { // a variable may be a function, which no map can hold
		for _, e := range sortedEntries(arg) {
			key := o.interpolate(value.NewString(e.Key.KeyText()).At(e.Key.Pos()), o.scope, o.path)
			if key.bad {
				ok = false
				continue
			}
			define(key.v, o.render(e.Value, o.scope, join(o.path, e.Key.KeyText())))
		}
	} else {
		x := o.rendered()
		if x.bad {
			return wrong
		}
		if x.v.Map() == nil {
			return o.fail("$let wants a map of variables, got %s", describe(x))
		}
		for e := range x.v.Map().Entries() {
			define(e.Key, o.term(e.Value))
		}
	}
	if !o.m.Has("in") {
		return o.fail("$let needs a field %q", "in")
	}
	if !ok {
		return wrong
	}
	return o.rest("in", o.scope.with(names))
}

// truthyCases gives the cases of $switch or $match whose conditions hold, and whether all conditions could be evaluated.
func (o *operation) truthyCases(skip string) (cases []value.Entry, ok bool) {
	m := o.arg().Map()
	if m == nil {
		o.fail("%s wants a map of conditions, got %s", o.name, o.arg().Describe())
		return nil, false
	}
	ok = true
	for _, e := range sortedEntries(m) {
		if e.Key.KeyText() == skip {
			continue
		}
		x := o.expression(value.NewString(e.Key.KeyText()).At(e.Key.Pos()), o.scope, "a condition")
		ok = ok && !x.bad
		if !x.bad && truthy(x) {
			cases = append(cases, e)
		}
	}
	return cases, ok
}

func (o *operation) switchCase() term {
	const fallback = "$default"
	cases, ok := o.truthyCases(fallback)
	switch {
	case !ok:
		return wrong
	case len(cases) > 1:
		d := diag.Errorf(diag.BadTemplate, cases[1].Key.Pos(), "two conditions of a $switch hold: %q and %q", shorten(cases[0].Key.KeyText()), shorten(cases[1].Key.KeyText())).WithPath(o.path)
		o.report(d.WithRelated(cases[0].Key.Pos(), "this one holds, too"))
		return wrong
	case len(cases) == 0:
		v, there := o.arg().Map().Get(fallback)
		if !there {
			return left
		}
		return o.render(v, o.scope, join(o.path, fallback))
	}
	return o.render(cases[0].Value, o.scope, join(o.path, cases[0].Key.KeyText()))
}

func (o *operation) match() term {
	cases, ok := o.truthyCases("")
	out := value.NewList()
	for _, c := range cases {
		x := o.render(c.Value, o.scope, join(o.path, c.Key.KeyText()))
		if ok = !x.bad && ok; ok && !x.gone {
			out.Append(o.kept(x))
		}
	}
	return o.made(ok, out.Value(), o.template.Pos())
}

func (o *operation) json() term {
	x := o.rendered()
	if x.bad || !o.step(o.weight(x.v, 0).parts, o.arg().Pos()) {
		return wrong
	}
	if x.fn != nil || o.holdsFunction(x.v) {
		return o.fail("a function has no form in JSON")
	}
	text := string(appendJSON(nil, x.v))
	if !o.short(len(text), o.arg().Pos()) {
		return wrong
	}
	return term{v: value.NewString(text).At(o.template.Pos())}
}

func (o *operation) fromNow() term {
	x, from := o.rendered(), left
	if o.m.Has("from") {
		from = o.rest("from", o.scope)
	}
	if x.bad || from.bad {
		return wrong
	}
	offset, ok := x.v.AsString()
	if !ok {
		return o.fail("$fromNow wants a string such as \"1 day\", got %s", describe(x))
	}
	text, err := fromNow(offset, from, o.scope)
	if err != nil {
		return o.fail("%w", err)
	}
	return term{v: value.NewString(text).At(o.template.Pos())}
}

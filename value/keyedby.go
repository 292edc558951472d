package value

import (
	"slices"
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/pyre"
)

// Keyed says how a value that depends on something else is resolved.
type Keyed struct {
	// Item is what errors call the value.
	Item string
	// Attr gives what a by-NAME is resolved with, and whether NAME is known. A null counts as unknown.
	Attr func(name string) (Value, bool)
	// Defer are names whose by-NAME is left as it is, for a later transform.
	Defer []string
	// AllowMultiple takes the first of several patterns that match, which is an error otherwise.
	AllowMultiple bool
}

// EvaluateKeyedBy resolves a value that may be keyed by something: a map with the single key by-NAME, whose value maps
// alternatives to values. The alternative that equals the attribute counts; else the one whose pattern, a Python regular expression,
// matches it to its end; else the one called default. What was found may be keyed again.
//
// As in the reference a pattern is not put into a group before its end is anchored, so that a|b matches all that begins
// with a.
func EvaluateKeyedBy(v Value, k Keyed) (Value, error) {
	for {
		m := v.Map()
		if m.Len() != 1 {
			return v, nil
		}
		e := m.Entry(0)
		name, keyed := strings.CutPrefix(e.Key.Str(), "by-")
		if !keyed || slices.Contains(k.Defer, name) {
			return v, nil
		}
		next, err := k.choose(name, e)
		if err != nil {
			return v, err
		}
		v = next
	}
}

// choose gives the value of the alternative of one by-NAME that counts.
func (k *Keyed) choose(name string, e Entry) (Value, error) {
	alternatives := e.Value.Map()
	fail := func(format string, args ...any) *diag.Diagnostic {
		d := diag.Errorf(diag.BadKeyedBy, e.Key.pos, format, args...)
		if k.Item != "" {
			d.Message += ", while resolving " + k.Item
		}
		return d
	}
	if alternatives == nil {
		return Value{}, fail("by-%s needs a map of alternatives, got %s", name, e.Value.Describe())
	}
	fallback, hasDefault := alternatives.Get("default")
	if alternatives.Len() == 1 && hasDefault {
		return Value{}, fail("by-%s has no alternative but default: it is not needed", name).WithHint("put the value of default in its place")
	}
	attr, ok := Value{}, false
	if k.Attr != nil {
		attr, ok = k.Attr(name)
	}
	if !ok || attr.IsNull() {
		if hasDefault {
			return fallback, nil
		}
		return Value{}, fail("there is no attribute %s, and by-%s has no default", name, name).WithHint("alternatives: %s", strings.Join(alternatives.Keys(), ", "))
	}
	if attr.Kind() == ListKind || attr.Kind() == MapKind {
		return Value{}, fail("attribute %s is %s, which no alternative can match", name, attr.Describe())
	}
	pick := func(attr Value) (Value, error) { return k.pick(name, alternatives, attr, fail) }
	if last := LastNumber(attr.Str()); last > 0 {
		return forAllNumbers(attr, last, pick)
	}
	return pick(attr)
}

// forAllNumbers picks with a text for each of the numbers that blanks in it stand for. That must be the same each time.
func forAllNumbers(attr Value, last int, pick func(attr Value) (Value, error)) (Value, error) {
	var first Value
	for i := range last {
		picked, err := pick(numbered(attr, i+1))
		switch {
		case err != nil:
			return Value{}, err
		case i == 0:
			first = picked
		case !Same(first, picked) || first.pos != picked.pos:
			return Value{}, diag.Errorf(diag.BadKeyedBy, 0, "depends on a number that is not known yet")
		}
	}
	return first, nil
}

// pick gives the value of the alternative for an attribute.
func (k *Keyed) pick(name string, alternatives *Map, attr Value, fail func(format string, args ...any) *diag.Diagnostic) (Value, error) {
	if exact, ok := alternatives.GetKey(attr); ok {
		return exact, nil
	}
	fallback, hasDefault := alternatives.Get("default")
	text, isText := attr.AsString()
	if !isText {
		return Value{}, fail("attribute %s is %s, and patterns match text only", name, attr.Describe()).WithRelated(attr.pos, "the attribute")
	}
	var room [2]Entry // more than two matter to nobody but the error
	matches := room[:0]
	for alt := range alternatives.Entries() {
		pattern, isPattern := alt.Key.AsString()
		if !isPattern {
			return Value{}, fail("the alternative %s is no text", alt.Key.Describe())
		}
		re, err := pyre.EndAnchored(pattern)
		if err != nil {
			return Value{}, diag.Placed(err, alt.Key.pos, "by-"+name)
		}
		matched, err := re.Match(text)
		if err != nil {
			return Value{}, diag.Placed(err, alt.Key.pos, "by-"+name)
		}
		if matched {
			matches = append(matches, alt)
		}
	}
	switch {
	case len(matches) > 1 && !k.AllowMultiple:
		d := fail("multiple alternatives of by-%s match %q", name, text)
		for _, alt := range matches {
			d.WithRelated(alt.Key.pos, "%q matches", alt.Key.Str())
		}
		return Value{}, d
	case len(matches) > 0:
		return matches[0].Value, nil
	case hasDefault:
		return fallback, nil
	}
	return Value{}, fail("no alternative of by-%s matches %q, and there is no default", name, text).
		WithHint("%s", diag.DidYouMean(text, alternatives.Keys()))
}

// ResolveKeyedBy resolves the value at a dot path of item, in place: see [EachDotPath] and [EvaluateKeyedBy]. What k.Attr does
// not know is looked up among the fields of item. A value that is not keyed by anything costs nothing.
func ResolveKeyedBy(item *Map, path, itemName string, k Keyed) error {
	return eachPlace(item, path, func(p place) error {
		v := p.container.At(p.key)
		if !IsKeyedBy(v) {
			return nil
		}
		resolved, err := k.within(item, path, itemName, v)
		if err != nil {
			return diag.Placed(err, v.pos, path)
		}
		if Same(resolved, v) {
			return nil
		}
		if container := p.edit(); container != nil {
			container.Set(p.key, resolved)
		}
		return nil
	})
}

// within evaluates a value that is a field of an item, whose other fields are attributes as well.
func (k Keyed) within(item *Map, path, itemName string, v Value) (Value, error) {
	extra := k.Attr
	k.Item = "`" + path + "` in `" + itemName + "`"
	k.Attr = func(name string) (Value, bool) {
		if extra != nil {
			if v, ok := extra(name); ok {
				return v, true
			}
		}
		return item.Get(name)
	}
	return EvaluateKeyedBy(v, k)
}

package schema

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/duration"
	"github.com/taskgraph-go/decision/value"
)

// report collects what is wrong and knows where in the value the walk is.
type report struct {
	found  []*diag.Diagnostic
	path   []step
	weight int // how far the value is from being valid, to choose among the branches of a union
}

// step is one key or index on the way from the root.
type step struct {
	text string
	pos  diag.Pos // of the value it leads to, or of what holds that
}

func (r *report) here() diag.Pos {
	if len(r.path) == 0 {
		return 0
	}
	return r.path[len(r.path)-1].pos
}

// orHere gives the first position that is known, the nearest one around where none is.
func (r *report) orHere(positions ...diag.Pos) diag.Pos {
	for _, p := range positions {
		if p != 0 {
			return p
		}
	}
	return r.here()
}

func (r *report) enterField(e value.Entry) {
	r.path = append(r.path, step{e.Key.KeyText(), r.orHere(e.Value.Pos(), e.Key.Pos())})
}

func (r *report) enterItem(i int, v value.Value) {
	r.path = append(r.path, step{"[" + strconv.Itoa(i) + "]", r.orHere(v.Pos())})
}

func (r *report) leave() { r.path = r.path[:len(r.path)-1] }

func (r *report) pathText() string {
	var b strings.Builder
	for i, s := range r.path {
		if i > 0 && !strings.HasPrefix(s.text, "[") {
			b.WriteByte('.')
		}
		b.WriteString(s.text)
	}
	return b.String()
}

func (r *report) add(code diag.Code, pos diag.Pos, format string, args ...any) *diag.Diagnostic {
	d := diag.Errorf(code, pos, format, args...).WithPath(r.pathText())
	r.found = append(r.found, d)
	r.weight++
	return d
}

// fork gives an empty report at the same place, join takes over what it found.
func (r *report) fork() *report { return &report{path: slices.Clone(r.path)} }

func (r *report) join(other *report) {
	r.found = append(r.found, other.found...)
	r.weight += other.weight
}

// wrongType always gives false, for the walk to return.
func (r *report) wrongType(want kinds, v value.Value) bool {
	d := r.add(diag.WrongType, r.orHere(v.Pos()), "want %s, got %s", want, describe(v))
	if key := keyedBy(v); key != "" {
		d.WithHint("nothing resolves %s here", key)
	} else if len(r.path) > 0 {
		d.Hint = otherForm(want, v, r.path[len(r.path)-1].text)
	}
	return false
}

// otherForm says how to write what was most likely meant, by a value of the wrong type at a key.
func otherForm(want kinds, v value.Value, key string) string {
	isText := v.Kind() == value.String
	switch {
	case want.has(value.String) && v.Kind() == value.Int:
		if key[0] == '[' {
			return fmt.Sprintf("put it in quotes: %q", v.KeyText())
		}
		return fmt.Sprintf("put it in quotes: %s: %q", key, v.KeyText())
	case want.has(value.String) && (v.Kind() == value.Bool || v.Kind() == value.Float || v.Kind() == value.Date || v.Kind() == value.Time):
		return "put it in quotes"
	case want.has(value.Int) && isText:
		if _, err := strconv.Atoi(v.Str()); err == nil {
			return "leave the quotes out: " + v.Str()
		}
		if seconds, err := duration.Parse(v.Str()); err == nil {
			return fmt.Sprintf("%s is %d seconds", v.Str(), seconds)
		}
	case want.has(value.Bool) && isText:
		switch strings.ToLower(v.Str()) {
		case "true", "false", "yes", "no", "on", "off":
			return "leave the quotes out: " + strings.ToLower(v.Str())
		}
	}
	return ""
}

// keyedBy gives the key of a map that looks as if it was to be resolved, such as by-level.
func keyedBy(v value.Value) string {
	if m := v.Map(); m.Len() == 1 {
		if key := m.Entry(0).Key.Str(); strings.HasPrefix(key, "by-") {
			return key
		}
	}
	return ""
}

// keyedByOther says which keys a value may be keyed by, after it was found wrong as it is.
func (r *report) keyedByOther(k *keyed, v value.Value) {
	if key := keyedBy(v); key != "" {
		r.found[len(r.found)-1].Hint = diag.DidYouMean(key, k.fields)
	}
}

// String names the kinds as errors do. Null is left out beside anything else: that a field may be left empty
// is not what somebody who got it wrong has to know.
func (k kinds) String() string {
	var names []string
	for _, t := range jsonKinds {
		if k&t.kinds == t.kinds && !(t.name == "null" && len(names) > 0) && !(t.name == "integer" && k&numeric == numeric) {
			names = append(names, t.want)
		}
	}
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, " or ")
}

func (r *report) notAllowed(allowed []value.Value, v value.Value) {
	r.weight += 100
	var names []string
	for _, a := range allowed {
		if !a.IsNull() {
			names = append(names, a.KeyText())
		}
	}
	if len(allowed) == 1 {
		r.add(diag.NotAllowed, r.orHere(v.Pos()), "want %s, got %s", describe(allowed[0]), describe(v))
		return
	}
	d := r.add(diag.NotAllowed, r.orHere(v.Pos()), "%s is not allowed", describe(v))
	d.Hint = diag.DidYouMean(v.Str(), names)
}

func (r *report) unknownField(e value.Entry, names []string) {
	d := r.add(diag.UnknownField, r.orHere(e.Key.Pos(), e.Value.Pos()), "unknown field %q", e.Key.KeyText())
	d.Hint = diag.DidYouMean(e.Key.KeyText(), names)
}

// missingField reports a required field. Where the map may have fields of its own, one of those may have been meant for it.
func (r *report) missingField(name string, holder value.Value, rules *mapRules) {
	d := r.add(diag.MissingField, r.start(holder), "missing field %q", name)
	if rules.closed {
		return // the other field is reported itself
	}
	others := slices.DeleteFunc(holder.Map().Keys(), func(key string) bool { return rules.fields.find(key) != nil })
	if near := diag.Nearest(name, others); near != "" {
		d.WithHint("did you mean %q where it says %q?", name, near)
	}
}

// start gives where a map begins. One that the program made begins with the first key that was written somewhere.
func (r *report) start(holder value.Value) diag.Pos {
	pos := r.orHere(holder.Pos())
	for e := range holder.Map().Entries() {
		if pos != 0 {
			break
		}
		pos = e.Key.Pos()
	}
	return pos
}

func (r *report) missingOne(group []string, holder value.Value) {
	r.add(diag.MissingField, r.start(holder), "missing field %s", quoted(group, " or "))
}

func (r *report) conflict(first, second string, m *value.Map) {
	pos := m.KeyPos(second)
	d := r.add(diag.MutuallyExcluded, r.orHere(pos), "%q and %q exclude each other", first, second)
	if other := m.KeyPos(first); other != 0 {
		d.WithRelated(other, "%q is here", first)
	}
}

func (r *report) keyNotText(e value.Entry) {
	r.add(diag.WrongType, r.orHere(e.Key.Pos(), e.Value.Pos()), "want a string as key, got %s", describe(e.Key)).WithHint("put it in quotes")
}

func (r *report) size(v value.Value, least, most, got int, unit string) {
	want, n := "at least", least
	if got >= least {
		want, n = "at most", most
	}
	if n != 1 {
		unit += "s"
	}
	r.add(diag.SchemaViolation, r.orHere(v.Pos()), "want %s %d %s, got %d", want, n, unit, got)
}

func (r *report) noMatch(re *regexp.Regexp, v value.Value) {
	r.add(diag.SchemaViolation, r.orHere(v.Pos()), "%s does not match %q", describe(v), re)
}

func (r *report) outside(b *bound, v value.Value) {
	want := "at least"
	switch {
	case b.upper && b.open:
		want = "less than"
	case b.upper:
		want = "at most"
	case b.open:
		want = "more than"
	}
	r.add(diag.SchemaViolation, r.orHere(v.Pos()), "want %s %s, got %s", want, b.limit.RatString(), describe(v))
}

func (r *report) repeated(i, j int, l *value.List) {
	r.add(diag.SchemaViolation, r.orHere(l.At(j).Pos()), "item %d is the same as item %d", j+1, i+1)
}

func (r *report) ambiguous(matches int, v value.Value) {
	r.add(diag.SchemaViolation, r.orHere(v.Pos()), "%s has %d of the allowed forms at once, want one", describe(v), matches)
}

func (r *report) excluded(not *node, v value.Value) {
	if not.description != "" {
		r.add(diag.NotAllowed, r.orHere(v.Pos()), "%s is %s", describe(v), not.description)
		return
	}
	r.add(diag.NotAllowed, r.orHere(v.Pos()), "%s is not allowed here", describe(v))
}

// describe names a value. A float looks like one: where an integer is wanted, 3600.0 is the mistake that 3600 is not.
func describe(v value.Value) string {
	if f, ok := v.AsFloat(); ok {
		return value.FormatFloat(f)
	}
	return v.Describe()
}

func quoted(names []string, separator string) string {
	var out []string
	for _, n := range names {
		out = append(out, fmt.Sprintf("%q", n))
	}
	return strings.Join(out, separator)
}

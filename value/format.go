package value

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/memo"
)

// Template is a parsed Python format string, as str.format takes it: "{name}", "{name[key]}", "{name!r:>10}". It is
// immutable and safe for concurrent use.
//
// Fields have names; there are no positional ones. Values have no attributes: what is a map is indexed, "{task[name]}".
type Template struct {
	source string
	parts  []part
}

// part is some text with a field behind it, if any.
type part struct {
	text  string
	field *field
}

// field is what stands between braces.
type field struct {
	source     string // with its braces
	name       string
	steps      []step
	conversion byte // s, r, a, or 0
	spec       formatSpec
	nested     *Template // what spec is made from, where it has fields itself
}

// step goes from a value to a part of it.
type step struct {
	text  string
	index int  // the number that text is, -1 for none
	attr  bool // .text rather than [text]
}

// UnknownName is the cause of the error for a field whose name the lookup does not know.
type UnknownName struct{ Name string }

// Error says that there is no such name.
func (e *UnknownName) Error() string { return fmt.Sprintf("there is no %q", e.Name) }

// WithNames gives the error of a field whose name is not known a hint with the names that are. Other errors stay as they
// are.
func WithNames(err error, names []string) error {
	unknown, ok := errors.AsType[*UnknownName](err)
	if d, isDiagnostic := errors.AsType[*diag.Diagnostic](err); ok && isDiagnostic {
		d.WithHint("%s", diag.DidYouMean(unknown.Name, names))
	}
	return err
}

// unknownName is the error for a name that lookup does not know. A lookup cannot say what it knows, so other spellings
// of the name are tried.
func unknownName(name string, lookup func(string) (Value, bool)) *diag.Diagnostic {
	d := diag.Errorf(diag.BadFormat, 0, "%v", &UnknownName{name})
	for _, other := range []string{
		strings.ReplaceAll(name, "-", "_"), strings.ReplaceAll(name, "_", "-"), strings.ToLower(name), strings.TrimSpace(name),
	} {
		if other == name || other == "" || lookup == nil {
			continue
		}
		if _, ok := lookup(other); ok {
			return d.WithHint("did you mean %q?", other)
		}
	}
	return d
}

// parsed is what the cache holds. A diagnostic is made anew each time: its receiver may complete it.
type parsed struct {
	template *Template
	fault    string
}

var templates memo.Cache[parsed]

func parseCached(s string) (*Template, error) {
	p := templates.Get(s, func(s string) parsed {
		t, fault := parseTemplate(s, 2)
		return parsed{t, fault}
	})
	if p.fault != "" {
		return nil, badFormat(s, p.fault)
	}
	return p.template, nil
}

func badFormat(s, fault string) *diag.Diagnostic {
	return diag.Errorf(diag.BadFormat, 0, "bad format string %q: %s", s, fault)
}

// ParseFormat parses a format string. The error is a *[diag.Diagnostic] with the code [diag.BadFormat] and without
// position.
func ParseFormat(s string) (*Template, error) { return parseCached(s) }

// Format expands a format string with what lookup gives for the names in it. A string without braces is given back as
// it is. Errors are those of [ParseFormat] and [Template.Expand]. Templates are remembered.
func Format(s string, lookup func(name string) (Value, bool)) (string, error) {
	if strings.IndexByte(s, '{') < 0 && strings.IndexByte(s, '}') < 0 {
		return s, nil
	}
	if out, ok := expandNames(s, lookup); ok {
		return out, nil
	}
	t, err := parseCached(s)
	if err != nil {
		return "", err
	}
	return t.Expand(lookup)
}

// expandNames expands a format string whose fields are names alone, as most are, without a template: many strings are expanded once
// only. It says whether it was one, and without mistake.
func expandNames(s string, lookup func(name string) (Value, bool)) (string, bool) {
	if lookup == nil {
		return "", false
	}
	return textFrom(func(b []byte) ([]byte, bool) {
		for {
			i := strings.IndexAny(s, "{}")
			if i < 0 {
				return append(b, s...), true
			}
			b = append(b, s[:i]...)
			brace := s[i]
			if s = s[i+1:]; s == "" {
				return b, false
			}
			if s[0] == brace {
				b, s = append(b, brace), s[1:]
				continue
			}
			n := nameLength(s)
			if brace == '}' || n == 0 || n == len(s) || s[n] != '}' {
				return b, false
			}
			v, ok := lookup(s[:n])
			if !ok {
				return b, false
			}
			var fault string
			if b, fault = noSpec.append(b, v); fault != "" {
				return b, false
			}
			s = s[n+1:]
		}
	})
}

var noSpec = parseSpec("")

// nameLength gives the length of the name that s begins with: of letters, digits, - and _, and no digit or - first.
func nameLength(s string) int {
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_':
		case (c >= '0' && c <= '9' || c == '-') && i > 0:
		default:
			return i
		}
	}
	return len(s)
}

// Names gives the names that the fields of the template start with, in the order in which they occur.
func (t *Template) Names() []string {
	var out []string
	for _, p := range t.parts {
		if p.field == nil {
			continue
		}
		out = append(out, p.field.name)
		if p.field.nested != nil {
			out = append(out, p.field.nested.Names()...)
		}
	}
	return out
}

// Expand gives the text of the template with what lookup gives for the names in it. The error is a *[diag.Diagnostic]
// with the code [diag.BadFormat] and without position; its cause is an *[UnknownName] where a name is not known.
func (t *Template) Expand(lookup func(name string) (Value, bool)) (string, error) {
	if len(t.parts) == 1 && t.parts[0].field == nil {
		return t.parts[0].text, nil
	}
	var err *diag.Diagnostic
	text, ok := textFrom(func(b []byte) ([]byte, bool) {
		b, err = t.expand(b, lookup)
		return b, err == nil
	})
	if !ok {
		err.Message = fmt.Sprintf("cannot expand %q: %s", t.source, err.Message)
		return "", err
	}
	return text, nil
}

// textFrom gives the text that write appends to an empty buffer, which serves others afterwards, unless write says that it is none.
func textFrom(write func(b []byte) (text []byte, ok bool)) (string, bool) {
	scratch := scratches.Get().(*[]byte)
	defer scratches.Put(scratch)
	b, ok := write((*scratch)[:0])
	if cap(b) > 0 && cap(b) <= maxScratch {
		*scratch = b
	}
	if !ok {
		return "", false
	}
	return string(b), true
}

// scratches keeps the buffers that texts are put together in.
var scratches = sync.Pool{New: func() any { return new([]byte) }}

// maxScratch is the size of the largest buffer that is kept.
const maxScratch = 1 << 16

func (t *Template) expand(dst []byte, lookup func(string) (Value, bool)) ([]byte, *diag.Diagnostic) {
	for i := range t.parts {
		p := &t.parts[i]
		dst = append(dst, p.text...)
		if p.field == nil {
			continue
		}
		var err *diag.Diagnostic
		if dst, err = p.field.expand(dst, lookup); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

func (f *field) expand(dst []byte, lookup func(string) (Value, bool)) ([]byte, *diag.Diagnostic) {
	v, ok := Value{}, false
	if lookup != nil {
		v, ok = lookup(f.name)
	}
	if !ok {
		return nil, unknownName(f.name, lookup)
	}
	if (len(f.steps) > 0 || f.conversion != 0 || f.nested != nil || f.spec.source != "") && HasBlank(v.Str()) {
		return nil, diag.Errorf(diag.BadFormat, 0, "%s looks into what is not known yet", f.source)
	}
	for _, s := range f.steps {
		next, err := s.follow(v)
		if err != nil {
			err.Message = f.source + ": " + err.Message
			return nil, err
		}
		v = next
	}
	spec := f.spec
	if f.nested != nil {
		text, err := f.nested.expand(nil, lookup)
		if err != nil {
			return nil, err
		}
		spec = parseSpec(string(text))
	}
	switch f.conversion {
	case 's':
		v = NewString(PyStr(v))
	case 'r':
		v = NewString(PyRepr(v))
	case 'a':
		v = NewString(PyASCII(v))
	}
	dst, fault := spec.append(dst, v)
	if fault != "" {
		return nil, diag.Errorf(diag.BadFormat, 0, "%s: %s", f.source, fault)
	}
	return dst, nil
}

// follow gives the part of a value that the step leads to.
func (s step) follow(v Value) (Value, *diag.Diagnostic) {
	fail := func(format string, args ...any) (Value, *diag.Diagnostic) {
		return Value{}, diag.Errorf(diag.BadFormat, 0, format, args...)
	}
	switch {
	case s.attr:
		if x, ok := dateAttribute(v, s.text); ok {
			return x, nil
		}
		_, err := fail("%s has no attribute %q", v.Describe(), s.text)
		if v.Map().Has(s.text) {
			err.WithHint("write [%s] instead of .%s", s.text, s.text)
		}
		return Value{}, err
	case v.Kind() == MapKind:
		m := v.Map()
		x, ok := m.Get(s.text)
		if s.index >= 0 {
			x, ok = m.GetKey(NewInt(int64(s.index)))
		}
		if !ok {
			_, err := fail("there is no key %q", s.text)
			return Value{}, err.WithHint("%s", diag.DidYouMean(s.text, m.Keys()))
		}
		return x, nil
	case v.Kind() != ListKind && v.Kind() != String && v.Kind() != Bytes:
		return fail("%s has no parts, so [%s] finds nothing", v.Describe(), s.text)
	case s.index < 0:
		return fail("a %s has no key %q, it is indexed by numbers", v.Kind(), s.text)
	case v.Kind() == ListKind && s.index < v.List().Len():
		return v.List().At(s.index), nil
	case v.Kind() == Bytes && s.index < len(v.AsBytes()):
		return NewInt(int64(v.AsBytes()[s.index])), nil
	case v.Kind() == String:
		i := s.index
		for at, r := range v.text() {
			if i == 0 {
				return NewString(v.text()[at : at+utf8.RuneLen(r)]), nil
			}
			i--
		}
	}
	return fail("there is no item %d", s.index)
}

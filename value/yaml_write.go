package value

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/taskgraph-go/decision/diag"
)

// YAMLStyle says how YAML is written.
type YAMLStyle struct {
	SortKeys bool // otherwise keys come in the order of the map
	Unicode  bool // write printable characters as they are, not as escapes
}

// AppendYAML appends a value as PyYAML's safe_dump writes it with default_flow_style=False: blocks, lines of about 80
// characters, no characters outside of ASCII.
//
// PyYAML writes an object that is there twice as an anchor and an alias. Values have no identity, so that each is
// written out here. A map whose keys cannot be sorted, being of different types, is written in its own order, and so
// is a set where keys are not sorted. The error is a [diag.Diagnostic] for an integer that Python would not write either.
func AppendYAML(dst []byte, v Value, sortKeys bool) ([]byte, error) {
	return YAMLStyle{SortKeys: sortKeys}.Append(dst, v)
}

// Append appends a value as [AppendYAML] does, in a style.
func (s YAMLStyle) Append(dst []byte, v Value) ([]byte, error) {
	e := yamlEmitter{dst: dst, style: s, blank: true, fresh: true}
	e.node(v, -1, inRoot)
	if e.err != nil {
		return dst, e.err
	}
	e.indentTo(-1)
	if e.open {
		e.dst = append(e.dst, "...\n"...)
	}
	return e.dst, nil
}

// context is where a node stands.
type context uint8

const (
	inRoot context = iota
	inList
	inMap       // a value, or a key behind "?"
	inSimpleKey // a key before ":"
)

const (
	yamlIndent = 2
	yamlWidth  = 80
)

// yamlEmitter writes one document. It knows of what it wrote last what PyYAML's emitter bases its decisions on.
type yamlEmitter struct {
	dst    []byte
	style  YAMLStyle
	column int  // in characters
	blank  bool // the last character was a blank, a line end or there was none
	fresh  bool // the line holds only indentation and the marks "-", "?" and ":"
	open   bool // the document needs "..." at its end: it is a scalar without quotes
	text   []rune
	err    *diag.Diagnostic
}

// mark writes an indicator such as "-", behind a blank where it needs one.
func (e *yamlEmitter) mark(s string, needsBlank, thenBlank, keepsFresh bool) {
	if needsBlank && !e.blank {
		e.dst = append(e.dst, ' ')
		e.column++
	}
	e.dst = append(e.dst, s...)
	e.column += len(s)
	e.blank = thenBlank
	e.fresh = e.fresh && keepsFresh
	e.open = false
}

// raw writes ASCII text.
func (e *yamlEmitter) raw(s string) {
	e.dst = append(e.dst, s...)
	e.column += len(s)
}

// runes writes characters as they are.
func (e *yamlEmitter) runes(text []rune) {
	for _, r := range text {
		e.dst = appendRune(e.dst, r)
	}
	e.column += len(text)
}

// lineBreak ends the line. A break that is part of a text is written as itself.
func (e *yamlEmitter) lineBreak(r rune) {
	e.dst = appendRune(e.dst, r)
	e.blank, e.fresh, e.column = true, true, 0
}

// indentTo goes to a column, on a new line unless the line holds nothing else so far. Level -1 is that of the root.
func (e *yamlEmitter) indentTo(indent int) {
	indent = max(indent, 0)
	if !e.fresh || e.column > indent || e.column == indent && !e.blank {
		e.lineBreak('\n')
	}
	if e.column < indent {
		e.blank = true
		for ; e.column < indent; e.column++ {
			e.dst = append(e.dst, ' ')
		}
	}
}

func (e *yamlEmitter) node(v Value, indent int, where context) {
	switch v.Kind() {
	case ListKind:
		e.list(v.List(), indent, where)
	case MapKind:
		e.dict(v.Map(), "", indent, where)
	case SetKind:
		e.dict(v.Set(), "!!set", indent, where)
	default:
		e.scalar(e.scalarOf(v), indent, where)
	}
}

// deeper gives the indentation of a collection inside of one with an indentation.
func deeper(indent int) int {
	if indent < 0 {
		return 0
	}
	return indent + yamlIndent
}

func (e *yamlEmitter) list(l *List, indent int, where context) {
	if l.Len() == 0 {
		e.mark("[", true, true, false)
		e.mark("]", false, false, false)
		return
	}
	// Items of a list behind a key are on the column of the key.
	if where != inMap || e.fresh {
		indent = deeper(indent)
	}
	for v := range l.Values() {
		e.indentTo(indent)
		e.mark("-", true, false, true)
		e.node(v, indent, inList)
	}
}

func (e *yamlEmitter) dict(m *Map, tag string, indent int, where context) {
	if tag != "" {
		e.mark(tag, true, false, false)
	}
	if m.Len() == 0 {
		e.mark("{", true, true, false)
		e.mark("}", false, false, false)
		return
	}
	indent = deeper(indent)
	for _, i := range e.order(m) {
		entry := m.Entry(i)
		if tag != "" {
			entry.Value = Value{}
		}
		e.indentTo(indent)
		key := e.scalarOf(entry.Key)
		if e.simple(key) {
			e.scalar(key, indent, inSimpleKey)
			e.mark(":", false, false, false)
		} else {
			e.mark("?", true, false, true)
			e.scalar(key, indent, inMap)
			e.indentTo(indent)
			e.mark(":", true, false, true)
		}
		e.node(entry.Value, indent, inMap)
	}
}

// order gives the order in which the entries of a map are written.
func (e *yamlEmitter) order(m *Map) []int {
	order, sort := make([]int, m.Len()), e.style.SortKeys
	for i := range order {
		order[i] = i
		sort = sort && m.key(i).comparison() == m.key(0).comparison()
	}
	if sort {
		slices.SortStableFunc(order, func(a, b int) int { return compareKeys(m.key(a), m.key(b)) })
	}
	return order
}

// compareKeys compares keys of one type as Python does.
func compareKeys(v, w Value) int {
	switch v.comparison() {
	case String, Bytes:
		return strings.Compare(v.text(), w.text())
	case Time, Date:
		a, _ := v.AsTime()
		b, _ := w.AsTime()
		return a.Compare(b)
	case Int:
		if a, b := v.number(), w.number(); a != nil && b != nil {
			return a.Cmp(b)
		}
	}
	return 0
}

// yamlScalar is a scalar as it is written.
type yamlScalar struct {
	text    string
	tag     string // where its text does not say
	tagSize int    // length of its tag's short name, which counts towards the length of keys
	isText  bool   // it is a string: in quotes where it would be something else without
	literal bool
}

func (e *yamlEmitter) scalarOf(v Value) yamlScalar {
	switch v.Kind() {
	case Null:
		return yamlScalar{text: "null", tagSize: len("!!null")}
	case Bool:
		return yamlScalar{text: v.Describe(), tagSize: len("!!bool")}
	case Int, BigInt:
		text, ok := pythonDigits(v)
		if !ok && e.err == nil {
			e.err = tooManyDigits(v)
		}
		return yamlScalar{text: text, tagSize: len("!!int")}
	case Float:
		return yamlScalar{text: formatYAMLFloat(*(*float64)(v.ptr)), tagSize: len("!!float")}
	case Time, Date:
		return yamlScalar{text: FormatTime(v), tagSize: len("!!timestamp")}
	case Bytes:
		return yamlScalar{text: encodeBase64(v.AsBytes()), tag: "!!binary", tagSize: len("!!binary"), literal: true}
	}
	return yamlScalar{text: v.Str(), tagSize: len("!!str"), isText: true}
}

// formatYAMLFloat writes a float so that YAML 1.1 reads it as one: with a point, where it has an exponent.
func formatYAMLFloat(f float64) string {
	text := FormatFloat(f)
	switch text {
	case "nan", "inf":
		return "." + text
	case "-inf":
		return "-.inf"
	}
	if !strings.Contains(text, ".") {
		text = strings.Replace(text, "e", ".0e", 1)
	}
	return text
}

// encodeBase64 writes base64 in lines of 76 characters, each with a line end.
func encodeBase64(data []byte) string {
	var b strings.Builder
	for line := range slices.Chunk(data, 57) {
		b.WriteString(base64.StdEncoding.EncodeToString(line))
		b.WriteByte('\n')
	}
	return b.String()
}

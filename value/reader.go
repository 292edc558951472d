package value

import (
	"fmt"
	"unicode/utf8"
	"unsafe"

	"github.com/taskgraph-go/decision/diag"
)

// Reader reads documents. The zero Reader is ready; it may be used from several goroutines at once if Warn may.
type Reader struct {
	// Sources gets the text of every document, so that values have positions. Without it they have none, and
	// errors carry line and column themselves.
	Sources *diag.Sources
	Limits  Limits
	// Core reads scalars of YAML without quotes as JavaScript's js-yaml does, by the core schema of YAML 1.2: yes and on
	// are strings, 010 is ten. That is what the services read .taskcluster.yml with.
	Core bool
	// Warn is told of what is allowed but is likely to be a slip: the same key twice in a map.
	Warn func(*diag.Diagnostic)
}

// Limits guard a [Reader] against documents that were made to hurt. What is 0 has its default.
type Limits struct {
	Bytes int // size of a document: 64 MiB
	Depth int // levels of nesting, with aliases written out: 500
	Nodes int // values, with aliases and merged maps written out: 20,000,000
}

const maxBytes = 1 << 27 // a string cannot be longer

func (l Limits) orDefaults() Limits {
	if l.Bytes <= 0 {
		l.Bytes = 64 << 20
	}
	if l.Depth <= 0 {
		l.Depth = 500
	}
	if l.Nodes <= 0 {
		l.Nodes = 20_000_000
	}
	l.Bytes = min(l.Bytes, maxBytes-1)
	return l
}

// origin is the document that is being read: it makes positions and errors.
type origin struct {
	reader *Reader
	name   string
	text   string
	source *diag.Source // nil without Sources
	errs   []*diag.Diagnostic
}

// tooLarge gives the error for a document that is over the limit, nil for any other.
func tooLarge(name string, size int, limits Limits) error {
	if size <= limits.Bytes {
		return nil
	}
	return diag.Errorf(diag.LimitExceeded, 0, "the file has %d bytes; at most %d are read", size, limits.Bytes).InFile(name)
}

func (r *Reader) origin(name string, text []byte) origin {
	o := origin{reader: r, name: name, text: unsafe.String(unsafe.SliceData(text), len(text))}
	if r.Sources != nil {
		o.source = r.Sources.Add(name, text)
	}
	return o
}

// at gives the position of a byte.
func (o *origin) at(offset int) diag.Pos {
	if o.source == nil {
		return 0
	}
	return o.source.Offset(offset)
}

// place gives a diagnostic a place of its own where there are no positions.
func (o *origin) place(d *diag.Diagnostic, offset int) *diag.Diagnostic {
	if d.Pos == 0 {
		d.Where = o.where(offset)
	}
	return d
}

func (o *origin) where(offset int) diag.Position {
	line, begin := 1, 0
	for i := range min(offset, len(o.text)) {
		if o.text[i] == '\n' {
			line, begin = line+1, i+1
		}
	}
	return diag.Position{File: o.name, Line: line, Column: utf8.RuneCountInString(o.text[begin:min(offset, len(o.text))]) + 1}
}

// fail records a mistake.
func (o *origin) fail(code diag.Code, offset int, format string, args ...any) *diag.Diagnostic {
	d := o.place(diag.Errorf(code, o.at(offset), format, args...), offset)
	o.errs = append(o.errs, d)
	return d
}

// relate adds another place to a diagnostic.
func (o *origin) relate(d *diag.Diagnostic, offset int, message string) {
	related := diag.Related{Pos: o.at(offset), Message: message}
	if related.Pos == 0 {
		related.Where = o.where(offset)
	}
	d.Related = append(d.Related, related)
}

// duplicate warns of a key that comes twice: at an offset, and before.
func (o *origin) duplicate(key Value, offset int, before Value) {
	if o.reader.Warn == nil {
		return
	}
	d := diag.Warnf(diag.DuplicateKey, o.at(offset), "the key %s comes twice; the last value counts", describeKey(key)).
		WithRelated(before.pos, "it was set first here")
	o.reader.Warn(o.place(d, offset))
}

func describeKey(key Value) string {
	if key.IsString() {
		return fmt.Sprintf("%q", key.text())
	}
	return key.KeyText()
}

// err gives the mistakes as an error, nil where there are none.
func (o *origin) err() error {
	switch len(o.errs) {
	case 0:
		return nil
	case 1:
		d := o.errs[0]
		if w := o.reader.Sources.Position(d.Pos); w.File != "" {
			d.Where = w
		}
		return d
	}
	return &diag.Errors{All: diag.Sorted(o.errs, o.reader.Sources)}
}

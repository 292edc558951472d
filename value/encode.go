package value

import (
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"

	"github.com/taskgraph-go/decision/diag"
)

// JSONStyle says how JSON is laid out.
type JSONStyle struct {
	Indent   int  // blanks for each level; 0 puts all in one line, without any blanks
	SortKeys bool // by code point, numbers by size; otherwise keys come in the order of the map
}

// AppendJSON appends a value as Python's json.dumps writes it with ensure_ascii and the separators "," and ":", or
// ": " where there is an indentation. The value stands depth levels deep: its first line is not indented, its last
// is, so that one can be written inside of another.
//
// A value that has no form in JSON is a [diag.Diagnostic] with the code [diag.NotRepresentable], its position and its
// path, and so are keys of different types that would have to be sorted. dst then has nothing appended.
func AppendJSON(dst []byte, v Value, style JSONStyle, depth int) ([]byte, error) {
	e := encoders.Get().(*jsonEncoder)
	defer encoders.Put(e)
	return e.append(dst, v, style, depth)
}

func (e *jsonEncoder) append(dst []byte, v Value, style JSONStyle, depth int) ([]byte, error) {
	e.indent, e.sort = max(0, style.Indent), style.SortKeys
	var out []byte
	if v.Kind() == MapKind || v.Kind() == ListKind {
		out = e.container(dst, v, depth) // only its parts are remembered
	} else {
		out = e.value(dst, v, depth)
	}
	if err := e.err; err != nil {
		err.Path = e.path
		e.err, e.path, e.order = nil, "", e.order[:0]
		if e.past != nil {
			clear(e.past.seen[:]) // of what the caller does not get
		}
		return dst, err
	}
	return out, nil
}

// A JSONText writes values one after the other, as [AppendJSON] does, to texts that it remembers: where a value holds a list or map that
// was written as a part of one before, that is copied. The parts must not change meanwhile; the values themselves, which are not
// remembered, may. It is for one goroutine.
type JSONText struct {
	style JSONStyle
	e     jsonEncoder
	past  past
}

// NewJSONText gives one that writes in a style.
func NewJSONText(style JSONStyle) *JSONText { return &JSONText{style: style} }

// KeepBlanks has blanks stay what they are, for a [JSONFiller].
func (t *JSONText) KeepBlanks() { t.e.keepBlanks = true }

// Begin begins a new text.
func (t *JSONText) Begin() { t.past.text++ }

// Append appends a value to dst, which is the text so far: what the last Append since [JSONText.Begin] gave, with anything behind it.
func (t *JSONText) Append(dst []byte, v Value, depth int) ([]byte, error) {
	t.e.past = &t.past
	return t.e.append(dst, v, t.style, depth)
}

// past is what was written lately: where it stands in the present text, and copies of what came again.
type past struct {
	text int                // the number of the present one
	seen [1 << 9]neighbours // by address
}

// neighbours are two containers at one place: one that comes again and again, and the latest other one.
type neighbours [2]written

// written is how a container was written.
type written struct {
	ptr      unsafe.Pointer // keeps the container, so that no other one gets its address
	depth    int
	text     int
	from, to int // where it stands in that text
	copied   bool
	copy     []byte // if copied; else scratch memory
	worth    int    // how often the other one has to come again to be the first
}

const (
	// worthCopying is the length from which a container is remembered, maxCopy the one up to which there is a copy.
	worthCopying, maxCopy = 32, 4 << 10
	// maxWorth limits the worth, so that what was needed often gives way some time.
	maxWorth = 16
)

func (p *past) place(ptr unsafe.Pointer) *neighbours {
	return &p.seen[uint64(uintptr(ptr))*mix>>32%uint64(len(p.seen))]
}

// find gives a container's neighbour number, -1 where it is not known.
func (n *neighbours) find(ptr unsafe.Pointer, depth int) int {
	for i := range n {
		if n[i].ptr == ptr && n[i].depth == depth {
			return i
		}
	}
	return -1
}

// again takes notice that one of them comes again.
func (n *neighbours) again(i int) *written {
	switch first := &n[0]; {
	case i == 0:
		first.worth = min(first.worth+1, maxWorth)
	case first.worth > 0:
		first.worth--
	default:
		n[0], n[1] = n[1], n[0]
		i = 0
	}
	return &n[i]
}

// keep copies how a container was written, unless that is long.
func (w *written) keep(text []byte) {
	if len(text) <= maxCopy {
		w.copy, w.copied = append(w.copy[:0], text...), true
	}
}

// encoders keeps encoders for the sake of their scratch memory.
var encoders = sync.Pool{New: func() any { return new(jsonEncoder) }}

// CompactJSON gives a value as JSON in one line, in the order of its maps.
func CompactJSON(v Value) (string, error) {
	return textOf(v, JSONStyle{})
}

// SortedJSON gives a value as JSON in one line with sorted keys.
func SortedJSON(v Value) (string, error) {
	return textOf(v, JSONStyle{SortKeys: true})
}

func textOf(v Value, style JSONStyle) (string, error) {
	var err error
	text, _ := textFrom(func(b []byte) ([]byte, bool) {
		b, err = AppendJSON(b, v, style, 0)
		return b, err == nil
	})
	return text, err
}

// jsonEncoder writes one document. After a mistake what it appends means nothing.
type jsonEncoder struct {
	indent int
	sort   bool
	order  []int32          // of the entries of the maps that are open, the innermost last
	heads  [maxSmall]uint64 // scratch: of the keys that are being sorted
	err    *diag.Diagnostic
	path   string // of the mistake: it grows from its end while the encoder goes back to the root
	past   *past  // nil where nothing is remembered

	keepBlanks bool // otherwise there are none
}

func (e *jsonEncoder) fail(pos diag.Pos, format string, args ...any) {
	e.err = diag.Errorf(diag.NotRepresentable, pos, format, args...)
}

// newline begins a line at a level.
func (e *jsonEncoder) newline(dst []byte, depth int) []byte {
	n := depth*e.indent + 1
	if n <= 16 && cap(dst)-len(dst) >= 16 {
		at := len(dst)
		out := dst[at : at+16]
		binary.NativeEndian.PutUint64(out, eightBlanks)
		binary.NativeEndian.PutUint64(out[8:], eightBlanks)
		out[0] = '\n'
		return dst[:at+n]
	}
	dst = append(dst, '\n')
	for n--; n > len(blanks); n -= len(blanks) {
		dst = append(dst, blanks...)
	}
	return append(dst, blanks[:n]...)
}

const (
	eightBlanks = ' ' * 0x0101010101010101
	blanks      = "                                                                "
)

func (e *jsonEncoder) value(dst []byte, v Value, depth int) []byte {
	switch v.Kind() {
	case String:
		if e.keepBlanks && HasBlank(v.text()) {
			return appendBlankJSON(dst, v.text())
		}
		return appendJSONString(dst, v.text())
	case MapKind, ListKind:
		if e.past != nil {
			return e.remembered(dst, v, depth)
		}
		return e.container(dst, v, depth)
	case Null:
		return append(dst, "null"...)
	case Bool:
		if v.IsTrue() {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	case Int:
		return strconv.AppendInt(dst, *(*int64)(v.ptr), 10)
	case BigInt:
		text, ok := pythonDigits(v)
		if !ok {
			e.err = tooManyDigits(v)
		}
		return append(dst, text...)
	case Float:
		return appendJSONFloat(dst, *(*float64)(v.ptr))
	}
	e.fail(v.pos, "%s cannot be written as JSON; quote it, or use another type", v.Describe())
	return dst
}

func (e *jsonEncoder) container(dst []byte, v Value, depth int) []byte {
	if v.Kind() == MapKind {
		return e.object(dst, (*Map)(v.ptr), depth)
	}
	return e.array(dst, (*List)(v.ptr), depth)
}

// remembered writes a container, or copies it from where it was written before.
func (e *jsonEncoder) remembered(dst []byte, v Value, depth int) []byte {
	place, from := e.past.place(v.ptr), len(dst)
	i := place.find(v.ptr, depth)
	again := i >= 0
	if again {
		w := place.again(i)
		if w.copied {
			return append(dst, w.copy...)
		}
		if w.text == e.past.text {
			dst = append(dst, dst[w.from:w.to]...)
			w.keep(dst[from:])
			return dst
		}
	}
	dst = e.container(dst, v, depth)
	if len(dst)-from < worthCopying || e.err != nil {
		return dst
	}
	if i = place.find(v.ptr, depth); i < 0 { // new, or its parts took the place
		i = 1
	}
	w := &place[i]
	*w = written{ptr: v.ptr, depth: depth, text: e.past.text, from: from, to: len(dst), copy: w.copy, worth: w.worth}
	if again {
		w.keep(dst[from:])
	}
	return dst
}

// pythonDigits writes an integer in decimal, unless Python would not because it has too many digits.
func pythonDigits(v Value) (string, bool) {
	n := v.AsBigInt()
	if n.BitLen() > 4*maxDigits { // without a look at numbers that take long to write
		return "", false
	}
	text := n.String()
	return text, len(strings.TrimPrefix(text, "-")) <= maxDigits
}

func tooManyDigits(v Value) *diag.Diagnostic {
	return diag.Errorf(diag.NotRepresentable, v.pos, "the integer has more than %d digits", maxDigits)
}

func appendJSONFloat(dst []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	}
	return append(dst, FormatFloat(f)...)
}

func (e *jsonEncoder) array(dst []byte, l *List, depth int) []byte {
	if len(l.items) == 0 {
		return append(dst, '[', ']')
	}
	dst = append(dst, '[')
	for i := range l.items {
		if i > 0 {
			dst = append(dst, ',')
		}
		if e.indent > 0 {
			dst = e.newline(dst, depth+1)
		}
		dst = e.value(dst, l.items[i], depth+1)
		if e.err != nil {
			e.prepend("[" + strconv.Itoa(i) + "]")
			return dst
		}
	}
	if e.indent > 0 {
		dst = e.newline(dst, depth)
	}
	return append(dst, ']')
}

// prepend adds a step at the beginning of the path.
func (e *jsonEncoder) prepend(step string) {
	if e.path != "" && e.path[0] != '[' {
		step += "."
	}
	e.path = step + e.path
}

// known writes a map whose keys are known.
func (e *jsonEncoder) known(dst []byte, m *Map, keys *jsonKeys, depth int) []byte {
	dst = append(dst, '{')
	lines := keys.linesAt(e.indent, depth+1)
	for i, at := range keys.order {
		if lines != nil {
			dst = append(dst, lines[i]...)
		} else {
			dst = e.begin(dst, keys.text[i], i == 0, depth+1)
		}
		dst = e.value(dst, m.vals[at], depth+1)
		if e.err != nil {
			e.prepend(m.key(int(at)).KeyText())
			return dst
		}
	}
	if e.indent > 0 {
		dst = e.newline(dst, depth)
	}
	return append(dst, '}')
}

// begin writes what stands before the value of a key that is known.
func (e *jsonEncoder) begin(dst []byte, key string, first bool, depth int) []byte {
	if !first {
		dst = append(dst, ',')
	}
	if e.indent == 0 {
		return append(dst, key...)
	}
	dst = e.newline(dst, depth)
	return append(append(dst, key...), ' ')
}

func (e *jsonEncoder) object(dst []byte, m *Map, depth int) []byte {
	n := m.Len()
	if n == 0 {
		return append(dst, '{', '}')
	}
	if e.sort {
		if keys := m.shape.sortedKeys(); keys != nil {
			return e.known(dst, m, keys, depth)
		}
	}
	base := len(e.order)
	ordered := e.sort && n > 1 && e.sorted(m)
	if e.err != nil {
		return dst
	}
	dst = append(dst, '{')
	for i := range n {
		at := i
		if ordered {
			at = int(e.order[base+i])
		}
		key := m.key(at)
		if i > 0 {
			dst = append(dst, ',')
		}
		if e.indent > 0 {
			dst = e.newline(dst, depth+1)
		}
		if key.Kind() == String {
			dst = appendJSONString(dst, key.text())
		} else {
			dst = e.key(dst, key)
		}
		dst = append(dst, ':')
		if e.indent > 0 {
			dst = append(dst, ' ')
		}
		dst = e.value(dst, m.vals[at], depth+1)
		if e.err != nil {
			e.prepend(key.KeyText())
			return dst
		}
	}
	e.order = e.order[:base]
	if e.indent > 0 {
		dst = e.newline(dst, depth)
	}
	return append(dst, '}')
}

// key writes a key that is no string.
func (e *jsonEncoder) key(dst []byte, key Value) []byte {
	switch key.Kind() {
	case Null, Bool, Int, BigInt, Float:
		dst = append(dst, '"')
		dst = e.value(dst, key, 0)
		return append(dst, '"')
	}
	e.fail(key.pos, "%s cannot be a key in JSON; quote it", key.Describe())
	return dst
}

// appendJSONString writes a string in quotes. Most need no escapes: they are copied eight bytes at a time, each eight
// after a look at them.
func appendJSONString(dst []byte, s string) []byte {
	at, n := len(dst), len(s)
	if cap(dst)-at < n+2 {
		dst = slices.Grow(dst, n+2)
	}
	dst = dst[:at+n+2]
	dst[at] = '"'
	out := dst[at+1 : at+1+n]
	from := unsafe.Pointer(unsafe.StringData(s))
	i := 0
	for ; i+8 <= n; i += 8 {
		x := *(*uint64)(unsafe.Add(from, i))
		if needsEscape(x) {
			return appendEscaped(dst[:at+1+i], s[i:])
		}
		binary.NativeEndian.PutUint64(out[i:], x)
	}
	switch {
	case i == n:
	case n > 8: // the last eight, some of them again
		x := *(*uint64)(unsafe.Add(from, n-8))
		if needsEscape(x) {
			return appendEscaped(dst[:at+1+i], s[i:])
		}
		binary.NativeEndian.PutUint64(out[n-8:], x)
	default:
		for ; i < n; i++ {
			c := s[i]
			if !jsonPlain[c] {
				return appendEscaped(dst[:at+1+i], s[i:])
			}
			out[i] = c
		}
	}
	dst[at+n+1] = '"'
	return dst
}

// appendEscaped writes the rest of a string whose first characters may need escapes, and the quote behind it.
func appendEscaped(dst []byte, s string) []byte {
	for s != "" {
		n := 0
		for n < len(s) && jsonPlain[s[n]] {
			n++
		}
		dst = append(dst, s[:n]...)
		if s = s[n:]; s != "" {
			dst, n = appendJSONEscape(dst, s)
			s = s[n:]
		}
	}
	return append(dst, '"')
}

// needsEscape says whether one of eight bytes is not written as it is: a control character, a quote, a backslash, or
// what is not ASCII. The subtractions find a byte that is less than a blank, or 0 where it was one of the two.
func needsEscape(x uint64) bool {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	return (x|(x+ones)|(x-ones*' ')|(x^ones*'"'-ones)|(x^ones*'\\'-ones))&high != 0
}

// jsonPlain says which bytes need no escape.
var jsonPlain = func() (t [256]bool) {
	for c := ' '; c <= '~'; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return
}()

// appendJSONEscape writes the character at the beginning of s as an escape and gives its length.
func appendJSONEscape(dst []byte, s string) ([]byte, int) {
	switch c := s[0]; c {
	case '"', '\\':
		return append(dst, '\\', c), 1
	case '\n':
		return append(dst, '\\', 'n'), 1
	case '\r':
		return append(dst, '\\', 'r'), 1
	case '\t':
		return append(dst, '\\', 't'), 1
	case '\f':
		return append(dst, '\\', 'f'), 1
	case '\b':
		return append(dst, '\\', 'b'), 1
	}
	r, n := decodeRune(s)
	if r > 0xffff {
		first, second := utf16.EncodeRune(r)
		return appendHexEscape(appendHexEscape(dst, first), second), n
	}
	return appendHexEscape(dst, r), n
}

func appendHexEscape(dst []byte, r rune) []byte {
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', hex[r>>12&0xf], hex[r>>8&0xf], hex[r>>4&0xf], hex[r&0xf])
}

// decodeRune gives the first character of a string and its length. Unlike package utf8 it knows surrogates, which
// Python's strings can hold.
func decodeRune(s string) (rune, int) {
	if len(s) >= 3 && s[0] == 0xed && s[1] >= 0xa0 && s[1] <= 0xbf && s[2]&0xc0 == 0x80 {
		return 0xd000 | rune(s[1]&0x3f)<<6 | rune(s[2]&0x3f), 3
	}
	return utf8.DecodeRuneInString(s)
}

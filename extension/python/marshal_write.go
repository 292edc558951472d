package python

import (
	"encoding/binary"
	"math"
	"math/big"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/taskgraph-go/decision/value"
)

// The codes of Python's marshal format, version 4, as far as messages have them. An object whose code has flagRef may be
// referred to later, by its number.
const (
	codeNull       = '0'
	codeNone       = 'N'
	codeFalse      = 'F'
	codeTrue       = 'T'
	codeInt        = 'i'
	codeLong       = 'l'
	codeFloat      = 'g'
	codeBytes      = 's'
	codeUnicode    = 'u'
	codeInterned   = 't'
	codeASCII      = 'a'
	codeASCIIIn    = 'A'
	codeShort      = 'z'
	codeShortIn    = 'Z'
	codeTuple      = '('
	codeSmallTuple = ')'
	codeList       = '['
	codeDict       = '{'
	codeSet        = '<'
	codeFrozenSet  = '>'
	codeRef        = 'r'
	flagRef        = 0x80
)

// writer makes one message: a list of what is appended to it, and the fixes.
type writer struct {
	buf   []byte
	refs  map[string]uint32 // strings that were written already
	path  []step            // to the value that is being written
	fixes []fix
	count int // elements of the message
}

// step leads from a container to what it holds.
type step struct {
	key   value.Value
	index int // where key is null
	isKey bool
}

// fix says what belongs in a place that holds a stand-in.
type fix struct {
	path []step
	code byte
	data value.Value
}

// maxRef is the length up to which equal strings of a message are written once.
const maxRef = 48

func newWriter() *writer { return newWriterOf(1024) }

// newWriterOf gives a writer for a message of about n bytes.
func newWriterOf(n int) *writer {
	return &writer{buf: make([]byte, 0, n), refs: map[string]uint32{}}
}

// message gives the bytes of a message made by elements, of which there must be n.
func (w *writer) message(n int, elements func()) []byte {
	w.header(codeList, 2)
	w.header(codeList, n)
	elements()
	if len(w.fixes) == 0 {
		w.code(codeNone)
		return w.buf
	}
	fixes := w.fixes
	w.fixes = nil
	w.header(codeList, len(fixes))
	for _, f := range fixes {
		w.header(codeList, 3)
		w.header(codeList, len(f.path))
		for _, s := range f.path {
			if s.isKey {
				w.value(s.key)
			} else {
				w.int(int64(s.index))
			}
		}
		w.str(string(f.code))
		w.value(f.data)
	}
	return w.buf
}

// element begins an element of the message.
func (w *writer) element() {
	w.path = append(w.path[:0], step{index: w.count})
	w.count++
}

func (w *writer) code(c byte) { w.buf = append(w.buf, c) }

// header begins a container of n items.
func (w *writer) header(code byte, n int) {
	w.buf = binary.LittleEndian.AppendUint32(append(w.buf, code), uint32(n))
}

func (w *writer) bool(b bool) {
	if b {
		w.code(codeTrue)
	} else {
		w.code(codeFalse)
	}
}

func (w *writer) int(i int64) {
	if i == int64(int32(i)) {
		w.buf = binary.LittleEndian.AppendUint32(append(w.buf, codeInt), uint32(int32(i)))
		return
	}
	w.long(big.NewInt(i))
}

// long writes an integer of any size, in digits of 15 bits.
func (w *writer) long(n *big.Int) {
	var digits []uint16
	rest, mask, low := new(big.Int).Abs(n), big.NewInt(1<<15-1), new(big.Int)
	for rest.Sign() != 0 {
		digits = append(digits, uint16(low.And(rest, mask).Uint64()))
		rest.Rsh(rest, 15)
	}
	count := int32(len(digits))
	if n.Sign() < 0 {
		count = -count
	}
	w.buf = binary.LittleEndian.AppendUint32(append(w.buf, codeLong), uint32(count))
	for _, d := range digits {
		w.buf = binary.LittleEndian.AppendUint16(w.buf, d)
	}
}

func (w *writer) bytes(b []byte) {
	w.header(codeBytes, len(b))
	w.buf = append(w.buf, b...)
}

func (w *writer) str(s string) { w.text(s, codeShort) }

// text writes a string: with codeShort a text, with codeShortIn a name that Python should keep once.
func (w *writer) text(s string, short byte) {
	flag := byte(0)
	if len(s) <= maxRef || short == codeShortIn {
		if n, ok := w.refs[s]; ok {
			w.buf = binary.LittleEndian.AppendUint32(append(w.buf, codeRef), n)
			return
		}
		w.refs[s] = uint32(len(w.refs))
		flag = flagRef
	}
	switch ascii := isASCII(s); {
	case ascii && len(s) < 256:
		w.buf = append(w.buf, short|flag, byte(len(s)))
	case ascii:
		w.header(codeASCII|flag, len(s))
	default:
		if !utf8.ValidString(s) {
			s = surrogates(s)
		}
		w.header(codeUnicode|flag, len(s))
	}
	w.buf = append(w.buf, s...)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// surrogates gives a string in which every byte that is part of no character is the surrogate that Python puts in its
// place. Surrogates that are there already stay.
func surrogates(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		if i+2 < len(s) && s[i] == 0xed && s[i+1]&0xe0 == 0xa0 && s[i+2]&0xc0 == 0x80 {
			b.WriteString(s[i : i+3])
			i += 3
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			b.Write([]byte{0xed, 0xb0 | s[i]>>6, 0x80 | s[i]&0x3f})
		} else {
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}

// value writes a value of a document. What marshal cannot hold becomes a stand-in and a fix.
func (w *writer) value(v value.Value) {
	switch v.Kind() {
	case value.Null:
		w.code(codeNone)
	case value.Bool:
		w.bool(v.IsTrue())
	case value.Int:
		i, _ := v.AsInt()
		w.int(i)
	case value.BigInt:
		w.long(v.AsBigInt())
	case value.Float:
		f, _ := v.AsFloat()
		w.buf = binary.LittleEndian.AppendUint64(append(w.buf, codeFloat), math.Float64bits(f))
	case value.String:
		w.text(v.Str(), codeShort)
	case value.Bytes:
		if n, ok := objectNumber(v); ok {
			w.fix('o', value.NewInt(n))
			return
		}
		w.bytes(v.AsBytes())
	case value.Time:
		w.fix('t', value.NewString(isoTime(v)))
	case value.Date:
		t, _ := v.AsTime()
		w.fix('d', value.NewString(t.Format("2006-01-02")))
	case value.ListKind:
		w.list(v.List())
	case value.MapKind:
		w.dict(v.Map())
	case value.SetKind:
		w.set(v.Set())
	}
}

// fix writes a stand-in for what marshal has no code for.
func (w *writer) fix(code byte, data value.Value) {
	w.code(codeNone)
	w.later(code, data)
}

func (w *writer) later(code byte, data value.Value) {
	w.fixes = append(w.fixes, fix{path: append([]step(nil), w.path...), code: code, data: data})
}

func (w *writer) list(l *value.List) {
	w.header(codeList, l.Len())
	at := len(w.path)
	w.path = append(w.path, step{})
	for i := range l.Len() {
		w.path[at].index = i
		w.value(l.At(i))
	}
	w.path = w.path[:at]
}

func (w *writer) dict(m *value.Map) {
	n := m.Len()
	for i := range n {
		if k := m.Entry(i).Key.Kind(); k == value.Time || k == value.Date {
			w.pairs(m)
			return
		}
	}
	w.code(codeDict)
	at := len(w.path)
	w.path = append(w.path, step{isKey: true})
	for i := range n {
		e := m.Entry(i)
		w.path[at].key = e.Key
		if s, ok := e.Key.AsString(); ok {
			w.text(s, codeShortIn)
		} else {
			w.value(e.Key)
		}
		w.value(e.Value)
	}
	w.path = w.path[:at]
	w.code(codeNull)
}

// pairs writes a map with keys that marshal cannot hold.
func (w *writer) pairs(m *value.Map) {
	w.header(codeList, m.Len())
	at := len(w.path)
	w.path = append(w.path, step{}, step{})
	for i := range m.Len() {
		e := m.Entry(i)
		w.header(codeList, 2)
		w.path[at], w.path[at+1] = step{index: i}, step{index: 0}
		w.value(e.Key)
		w.path[at+1].index = 1
		w.value(e.Value)
	}
	w.path = w.path[:at]
	w.later('m', value.Value{})
}

func (w *writer) set(m *value.Map) {
	w.header(codeList, m.Len())
	at := len(w.path)
	w.path = append(w.path, step{})
	for i := range m.Len() {
		w.path[at].index = i
		w.value(m.Entry(i).Key)
	}
	w.path = w.path[:at]
	w.later('s', value.Value{})
}

// isoTime writes a timestamp as Python's isoformat does. As in the package value, UTC itself stands for a time without zone.
func isoTime(v value.Value) string {
	t, _ := v.AsTime()
	text := t.Format("2006-01-02T15:04:05.000000")
	if t.Location() == time.UTC {
		return text
	}
	return text + t.Format("-07:00")
}

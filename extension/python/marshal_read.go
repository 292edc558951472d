package python

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// maxDepth is how deep values may be nested.
const maxDepth = 500

// readMessage gives what a message holds. The strings share its memory, which must not change any more.
func readMessage(text []byte) (value.Value, error) {
	top, err := readPlain(text)
	if err != nil {
		return top, err
	}
	if top.List().Len() != 2 {
		return top, errBadMessage
	}
	message := top.List().At(0)
	if fixes := top.List().At(1); !fixes.IsNull() {
		return repair(message, fixes.List())
	}
	return message, nil
}

// readPlain gives what stands in a payload that has no fixes.
func readPlain(text []byte) (value.Value, error) { return (&reader{text: text}).any(0) }

var errBadMessage = errors.New("the message is damaged")

// readLike gives what a message holds, with what is as it was before taken from there, as [graft] does it. That is cheaper than to make
// all of it first.
func readLike(text []byte, before value.Value) (value.Value, error) {
	r := &reader{text: text}
	c, err := r.byte()
	if err != nil {
		return value.Value{}, err
	}
	if c&flagRef != 0 {
		r.refs, r.open = append(r.refs, value.Value{}), append(r.open, true)
	}
	n, err := r.size()
	if err != nil || c&^flagRef != codeList || n != 2 {
		return value.Value{}, errors.Join(err, errBadMessage)
	}
	message, err := r.like(before, 0)
	if err != nil {
		return message, err
	}
	fixes, err := r.any(0)
	if err == nil && !fixes.IsNull() {
		message, err = repair(message, fixes.List())
	}
	return message, err
}

// reader reads what Python's marshal wrote.
type reader struct {
	text []byte
	off  int
	refs []value.Value
	open []bool // for each of refs, whether it is a container that is not complete yet
}

func (r *reader) byte() (byte, error) {
	if r.off >= len(r.text) {
		return 0, errBadMessage
	}
	r.off++
	return r.text[r.off-1], nil
}

func (r *reader) uint32() (uint32, error) {
	if len(r.text)-r.off < 4 {
		return 0, errBadMessage
	}
	r.off += 4
	return binary.LittleEndian.Uint32(r.text[r.off-4:]), nil
}

// take gives the next n bytes as text.
func (r *reader) take(n int) (string, error) {
	if n < 0 || n > len(r.text)-r.off {
		return "", errBadMessage
	}
	if n == 0 {
		return "", nil
	}
	s := unsafe.String(&r.text[r.off], n)
	r.off += n
	return s, nil
}

// size reads the number of items, each of which takes a byte at least.
func (r *reader) size() (int, error) {
	n, err := r.uint32()
	if err == nil && int64(n) > int64(len(r.text)-r.off) {
		return 0, errBadMessage
	}
	return int(n), err
}

// any reads one object.
func (r *reader) any(depth int) (value.Value, error) {
	c, err := r.byte()
	if err != nil {
		return value.Value{}, err
	}
	return r.object(c, depth)
}

// like reads one object that is probably the same as another one.
func (r *reader) like(before value.Value, depth int) (value.Value, error) {
	c, err := r.byte()
	if err != nil {
		return value.Value{}, err
	}
	return r.objectLike(c, before, depth)
}

func (r *reader) object(c byte, depth int) (value.Value, error) {
	return r.objectLike(c, value.Value{}, depth)
}

func (r *reader) objectLike(c byte, before value.Value, depth int) (value.Value, error) {
	flag := c&flagRef != 0
	c &^= flagRef
	ref := len(r.refs)
	if flag {
		r.refs, r.open = append(r.refs, value.Value{}), append(r.open, true)
	}
	if depth > maxDepth {
		return value.Value{}, fmt.Errorf("values are nested more than %d levels deep", maxDepth)
	}
	v, err := r.plain(c, before, depth)
	if flag && err == nil {
		r.refs[ref], r.open[ref] = v, false
	}
	return v, err
}

func (r *reader) plain(c byte, before value.Value, depth int) (v value.Value, err error) {
	n := 0
	switch c {
	case codeNone:
		if before.IsNull() {
			return before, nil
		}
		return v, nil
	case codeTrue, codeFalse:
		if b, ok := before.AsBool(); ok && b == (c == codeTrue) {
			return before, nil
		}
		return value.NewBool(c == codeTrue), nil
	case codeInt:
		i, err := r.uint32()
		if was, ok := before.AsInt(); ok && was == int64(int32(i)) {
			return before, err
		}
		return value.NewInt(int64(int32(i))), err
	case codeLong:
		v, err := r.long()
		return graft(before, v), err
	case codeFloat:
		s, err := r.take(8)
		if err != nil {
			return v, err
		}
		return graft(before, value.NewFloat(math.Float64frombits(binary.LittleEndian.Uint64([]byte(s))))), nil
	case codeShort, codeShortIn:
		b, err := r.byte()
		if err != nil {
			return v, err
		}
		return r.str(int(b), before)
	case codeASCII, codeASCIIIn, codeUnicode, codeInterned:
		if n, err = r.size(); err != nil {
			return v, err
		}
		return r.str(n, before)
	case codeBytes:
		if n, err = r.size(); err != nil {
			return v, err
		}
		s, err := r.take(n)
		if err != nil || n >= maxText {
			return v, errors.Join(err, tooLong(n))
		}
		return graft(before, value.NewBytes(unsafe.Slice(unsafe.StringData(s), len(s)))), nil
	case codeSmallTuple:
		b, err := r.byte()
		if err != nil {
			return v, err
		}
		return r.list(int(b), before, depth)
	case codeTuple, codeList:
		if n, err = r.size(); err != nil {
			return v, err
		}
		return r.list(n, before, depth)
	case codeDict:
		return r.dict(before, depth)
	case codeSet, codeFrozenSet:
		if n, err = r.size(); err != nil {
			return v, err
		}
		v, err := r.set(n, depth)
		return graft(before, v), err
	case codeRef:
		i, err := r.uint32()
		switch {
		case err != nil:
			return v, err
		case int64(i) >= int64(len(r.refs)):
			return v, errBadMessage
		case r.open[i]:
			return v, errors.New("a value contains itself")
		}
		return graft(before, r.refs[i]), nil
	}
	return v, fmt.Errorf("a value has a type that a task cannot hold (%q)", c)
}

// maxText is how long a string may be.
const maxText = 1 << 27

func tooLong(n int) error {
	if n < maxText {
		return nil
	}
	return fmt.Errorf("a string of %d bytes is too long", n)
}

func (r *reader) str(n int, before value.Value) (value.Value, error) {
	s, err := r.take(n)
	if was, ok := before.AsString(); ok && was == s && err == nil {
		return before, nil
	}
	if err != nil || n >= maxText {
		return value.Value{}, errors.Join(err, tooLong(n))
	}
	return value.NewString(s), nil
}

func (r *reader) long() (value.Value, error) {
	head, err := r.uint32()
	if err != nil {
		return value.Value{}, err
	}
	count, negative := int64(int32(head)), false
	if count < 0 {
		count, negative = -count, true
	}
	if 2*count > int64(len(r.text)-r.off) {
		return value.Value{}, errBadMessage
	}
	s, err := r.take(int(2 * count))
	if err != nil {
		return value.Value{}, err
	}
	if count <= 4 {
		n := int64(0)
		for i := int(count) - 1; i >= 0; i-- {
			n = n<<15 | int64(s[2*i]) | int64(s[2*i+1])<<8
		}
		if negative {
			n = -n
		}
		return value.NewInt(n), nil
	}
	n, digit := new(big.Int), new(big.Int)
	for i := int(count) - 1; i >= 0; i-- {
		n.Lsh(n, 15).Or(n, digit.SetUint64(uint64(s[2*i])|uint64(s[2*i+1])<<8))
	}
	if negative {
		n.Neg(n)
	}
	return value.NewBigInt(n), nil
}

func (r *reader) list(n int, before value.Value, depth int) (value.Value, error) {
	if n > len(r.text)-r.off {
		return value.Value{}, errBadMessage
	}
	was := before.List()
	var items []value.Value
	if was == nil || was.Len() != n {
		items = make([]value.Value, n)
	}
	for i := range n {
		old := value.Value{}
		if i < was.Len() {
			old = was.At(i)
		}
		v, err := r.like(old, depth+1)
		if err != nil {
			return value.Value{}, err
		}
		if items == nil {
			if unchanged(v, old) {
				continue
			}
			items = make([]value.Value, n)
			for j := range i {
				items[j] = was.At(j)
			}
		}
		items[i] = v
	}
	if items == nil {
		return before, nil
	}
	return value.NewList(items...).Value().At(positionOf(before, value.ListKind)), nil
}

// unchanged says whether v is old itself.
func unchanged(v, old value.Value) bool { return value.Same(v, old) && v.Pos() == old.Pos() }

// positionOf gives the place of a value that is of a kind, 0 for any other.
func positionOf(v value.Value, kind value.Kind) diag.Pos {
	if v.Kind() != kind {
		return 0
	}
	return v.Pos()
}

func (r *reader) dict(before value.Value, depth int) (value.Value, error) {
	was := before.Map()
	var m *value.Map
	if was == nil {
		m = value.NewMap(8)
	}
	for i := 0; ; i++ {
		c, err := r.byte()
		if err != nil {
			return value.Value{}, err
		}
		if c == codeNull {
			if m == nil && i == was.Len() {
				return before, nil
			}
			if m == nil {
				m = firstEntries(was, i)
			}
			return m.Value().At(positionOf(before, value.MapKind)), nil
		}
		var old value.Entry
		if i < was.Len() {
			old = was.Entry(i)
		}
		key, err := r.objectLike(c, old.Key, depth+1)
		if err != nil {
			return value.Value{}, err
		}
		if key.Kind() >= value.ListKind {
			return value.Value{}, fmt.Errorf("a key is %s, which a task cannot hold", key.Describe())
		}
		inPlace := i < was.Len() && unchanged(key, old.Key)
		if !inPlace {
			old = value.Entry{}
			if v, ok := was.GetKey(key); ok {
				old.Value = v
				key = key.At(keyPos(was, key))
			}
		}
		v, err := r.like(old.Value, depth+1)
		if err != nil {
			return value.Value{}, err
		}
		if m == nil {
			if inPlace && unchanged(v, old.Value) {
				continue
			}
			m = firstEntries(was, i)
		}
		m.SetKey(key, v)
	}
}

// firstEntries gives a new map of the first entries of another one.
func firstEntries(m *value.Map, n int) *value.Map {
	if n == m.Len() {
		return m.Copy()
	}
	out := value.NewMap(m.Len() + 2)
	for i := range n {
		e := m.Entry(i)
		out.SetKey(e.Key, e.Value)
	}
	return out
}

func (r *reader) set(n, depth int) (value.Value, error) {
	m := value.NewMap(n)
	for range n {
		key, err := r.any(depth + 1)
		if err != nil {
			return value.Value{}, err
		}
		if key.Kind() >= value.ListKind {
			return value.Value{}, fmt.Errorf("a set has %s, which a task cannot hold", key.Describe())
		}
		m.SetKey(key, value.Value{})
	}
	return value.NewSet(m), nil
}

// repair puts what belongs there into the places that the fixes name. Inner ones come first.
func repair(message value.Value, fixes *value.List) (value.Value, error) {
	for f := range fixes.Values() {
		if f.List().Len() != 3 {
			return message, errBadMessage
		}
		path, code, data := f.List().At(0).List(), f.List().At(1).Str(), f.List().At(2)
		var err error
		if message, err = replaceAt(message, path, 0, func(old value.Value) (value.Value, error) { return fixed(code, old, data) }); err != nil {
			return message, err
		}
	}
	return message, nil
}

// replaceAt gives a value in which what a path leads to is another one.
func replaceAt(v value.Value, path *value.List, i int, replace func(value.Value) (value.Value, error)) (value.Value, error) {
	if i == path.Len() {
		return replace(v)
	}
	switch {
	case v.List() != nil:
		n, ok := path.At(i).AsInt()
		if !ok || n < 0 || n >= int64(v.List().Len()) {
			return v, errBadMessage
		}
		inner, err := replaceAt(v.List().At(int(n)), path, i+1, replace)
		if err != nil {
			return v, err
		}
		l := v.List().Copy()
		l.SetAt(int(n), inner)
		return l.Value(), nil
	case v.Map() != nil:
		old, ok := v.Map().GetKey(path.At(i))
		if !ok {
			return v, errBadMessage
		}
		inner, err := replaceAt(old, path, i+1, replace)
		if err != nil {
			return v, err
		}
		m := v.Map().Copy()
		m.SetKey(path.At(i), inner)
		return m.Value(), nil
	}
	return v, errBadMessage
}

// fixed gives what a stand-in stands for.
func fixed(code string, old, data value.Value) (value.Value, error) {
	switch code {
	case "m":
		m := value.NewMap(old.List().Len())
		for pair := range old.List().Values() {
			if pair.List().Len() != 2 {
				return old, errBadMessage
			}
			key := pair.List().At(0)
			if key.Kind() >= value.ListKind {
				return old, fmt.Errorf("a key is %s, which a task cannot hold", key.Describe())
			}
			m.SetKey(key, pair.List().At(1))
		}
		return m.Value(), nil
	case "d":
		t, err := time.Parse("2006-01-02", data.Str())
		return value.NewDate(t), err
	case "t":
		return parseISO(data.Str())
	case "o":
		n, ok := data.List().At(0).AsInt()
		if data.List().Len() != 2 || !ok {
			return old, errBadMessage
		}
		return object(n, data.List().At(1).Str()), nil
	}
	return old, errBadMessage
}

func parseISO(text string) (value.Value, error) {
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z07:00:00"} {
		t, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		if layout != "2006-01-02T15:04:05" {
			_, offset := t.Zone()
			t = t.In(time.FixedZone("", offset)) // UTC itself stands for a time without zone
		}
		return value.NewTime(t), nil
	}
	return value.Value{}, errBadMessage
}

// An object of the tree's own that is no document value, such as a task of another kind that a loader puts into a stub, goes through
// Go as binary data that begins like this. Nothing can be done with it here, and it cannot be written as JSON.
const objectPrefix = "\x00python object "

func object(number int64, class string) value.Value {
	return value.NewBytes([]byte(objectPrefix + strconv.FormatInt(number, 10) + " " + class))
}

// objectNumber gives the number of an object, and whether v is one.
func objectNumber(v value.Value) (int64, bool) {
	rest, ok := strings.CutPrefix(string(v.AsBytes()), objectPrefix)
	if !ok {
		return 0, false
	}
	digits, _, _ := strings.Cut(rest, " ")
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, err == nil
}

package value

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"time"
	"unsafe"

	"github.com/taskgraph-go/decision/diag"
)

// Kind is the type of a [Value].
type Kind uint8

// The kinds. Bytes, Time, Date and Set exist in YAML but not in JSON.
const (
	Null Kind = iota
	Bool
	Int    // fits an int64
	BigInt // does not
	Float
	String
	Bytes
	Time // a timestamp with a time of day
	Date
	ListKind
	MapKind
	SetKind // a *Map whose values are null
)

// String names the kind as errors do.
func (k Kind) String() string {
	return [...]string{"null", "boolean", "integer", "integer", "float", "string", "binary", "timestamp", "date", "list", "map", "set"}[k]
}

// Value is one immutable document value with its position. The zero Value is null without position.
type Value struct {
	ptr  unsafe.Pointer // string or bytes data, *int64, *float64, *big.Int, *time.Time, *List, *Map
	meta uint32         // kind in the low 4 bits, owned in bit 4, length or bool from bit 5
	pos  diag.Pos
}

const (
	kindMask  = 0xf
	ownedFlag = 1 << 4 // the holder of this Value is the only one who can reach the container
	lenShift  = 5
	maxLen    = 1<<(32-lenShift) - 1
)

// Of makes a Value of a Go value: nil, bool, any integer, float64, string, []byte, time.Time, []string, []Value,
// *List, *Map, or a Value itself. It panics on any other type, which is a programming error.
func Of(x any) Value {
	switch x := x.(type) {
	case nil:
		return Value{}
	case Value:
		return x
	case bool:
		return NewBool(x)
	case int:
		return NewInt(int64(x))
	case int64:
		return NewInt(x)
	case float64:
		return NewFloat(x)
	case string:
		return NewString(x)
	case []byte:
		return NewBytes(x)
	case time.Time:
		return NewTime(x)
	case []string:
		return NewStrings(x...).Value()
	case []Value:
		return NewList(x...).Value()
	case *List:
		return x.Value()
	case *Map:
		return x.Value()
	}
	panic(fmt.Sprintf("value: cannot hold a %T", x))
}

// NewBool gives a boolean.
func NewBool(b bool) Value {
	v := Value{meta: uint32(Bool)}
	if b {
		v.meta |= 1 << lenShift
	}
	return v
}

var smallInts = func() (t [1024]int64) {
	for i := range t {
		t[i] = int64(i)
	}
	return
}()

// NewInt gives an integer.
func NewInt(i int64) Value {
	if i >= 0 && i < int64(len(smallInts)) {
		return Value{ptr: unsafe.Pointer(&smallInts[i]), meta: uint32(Int)}
	}
	p := new(int64)
	*p = i
	return Value{ptr: unsafe.Pointer(p), meta: uint32(Int)}
}

// NewBigInt gives an integer of any size; one that fits an int64 has the kind Int. i must not change afterwards.
func NewBigInt(i *big.Int) Value {
	if i.IsInt64() {
		return NewInt(i.Int64())
	}
	return Value{ptr: unsafe.Pointer(i), meta: uint32(BigInt)}
}

// NewFloat gives a float.
func NewFloat(f float64) Value {
	p := new(float64)
	*p = f
	return Value{ptr: unsafe.Pointer(p), meta: uint32(Float)}
}

// NewString gives a string. It panics on one of more than 128 MiB, which the readers refuse long before.
func NewString(s string) Value {
	if len(s) > maxLen {
		panic("value: string too long")
	}
	return Value{ptr: unsafe.Pointer(unsafe.StringData(s)), meta: uint32(String) | uint32(len(s))<<lenShift}
}

// NewBytes gives binary data, which must not change afterwards.
func NewBytes(b []byte) Value {
	if len(b) > maxLen {
		panic("value: binary too long")
	}
	return Value{ptr: unsafe.Pointer(unsafe.SliceData(b)), meta: uint32(Bytes) | uint32(len(b))<<lenShift}
}

// NewTime gives a timestamp.
func NewTime(t time.Time) Value { return Value{ptr: unsafe.Pointer(&t), meta: uint32(Time)} }

// NewDate gives a date: the day of t.
func NewDate(t time.Time) Value { return Value{ptr: unsafe.Pointer(&t), meta: uint32(Date)} }

// NewSet gives a set of m's keys. The values are ignored.
func NewSet(m *Map) Value { return Value{ptr: unsafe.Pointer(m), meta: uint32(SetKind)} }

// Kind gives the kind.
func (v Value) Kind() Kind { return Kind(v.meta & kindMask) }

// Pos gives where the value was written, zero when it was made by the program.
func (v Value) Pos() diag.Pos { return v.pos }

// At gives the value with another position.
func (v Value) At(pos diag.Pos) Value {
	v.pos = pos
	return v
}

// Or gives the value with pos as position where it has none.
func (v Value) Or(pos diag.Pos) Value {
	if v.pos == 0 {
		v.pos = pos
	}
	return v
}

// IsNull says whether v is null.
func (v Value) IsNull() bool { return v.Kind() == Null }

// IsString says whether v is a string.
func (v Value) IsString() bool { return v.Kind() == String }

// Str gives the text of a string, "" for any other kind.
func (v Value) Str() string {
	if v.Kind() != String {
		return ""
	}
	return v.text()
}

// text gives the data of a string or of bytes.
func (v Value) text() string { return unsafe.String((*byte)(v.ptr), int(v.meta>>lenShift)) }

// AsString gives the text of a string and whether v is one.
func (v Value) AsString() (string, bool) {
	if v.Kind() != String {
		return "", false
	}
	return v.text(), true
}

// AsBool gives the boolean and whether v is one.
func (v Value) AsBool() (b, ok bool) {
	return v.meta>>lenShift != 0, v.Kind() == Bool
}

// IsTrue says whether v is the boolean true.
func (v Value) IsTrue() bool { b, ok := v.AsBool(); return ok && b }

// AsInt gives the integer and whether v is one that fits an int64. A boolean is none.
func (v Value) AsInt() (int64, bool) {
	if v.Kind() != Int {
		return 0, false
	}
	return *(*int64)(v.ptr), true
}

// AsBigInt gives an integer of any size, nil when v is none.
func (v Value) AsBigInt() *big.Int {
	switch v.Kind() {
	case Int:
		return big.NewInt(*(*int64)(v.ptr))
	case BigInt:
		return (*big.Int)(v.ptr)
	}
	return nil
}

// AsFloat gives the float and whether v is one. An integer is none.
func (v Value) AsFloat() (float64, bool) {
	if v.Kind() != Float {
		return 0, false
	}
	return *(*float64)(v.ptr), true
}

// AsBytes gives binary data, nil when v is none. The result is read-only.
func (v Value) AsBytes() []byte {
	if v.Kind() != Bytes {
		return nil
	}
	return unsafe.Slice((*byte)(v.ptr), int(v.meta>>lenShift))
}

// AsTime gives a timestamp or date and whether v is one.
func (v Value) AsTime() (time.Time, bool) {
	if k := v.Kind(); k != Time && k != Date {
		return time.Time{}, false
	}
	return *(*time.Time)(v.ptr), true
}

// Map gives the map, nil when v is none. The methods of a nil *Map that read it see an empty one.
func (v Value) Map() *Map {
	if v.Kind() != MapKind {
		return nil
	}
	return (*Map)(v.ptr)
}

// List gives the list, nil when v is none. The methods of a nil *List that read it see an empty one.
func (v Value) List() *List {
	if v.Kind() != ListKind {
		return nil
	}
	return (*List)(v.ptr)
}

// Set gives a map whose keys are the members of the set, nil when v is none.
func (v Value) Set() *Map {
	if v.Kind() != SetKind {
		return nil
	}
	return (*Map)(v.ptr)
}

// Truthy is what Python's bool() makes of v: false for null, false, zero and what is empty.
func (v Value) Truthy() bool {
	switch v.Kind() {
	case Null:
		return false
	case Bool, String, Bytes:
		return v.meta>>lenShift != 0
	case Int:
		return *(*int64)(v.ptr) != 0
	case Float:
		return *(*float64)(v.ptr) != 0
	case ListKind:
		return v.List().Len() > 0
	case MapKind, SetKind:
		return (*Map)(v.ptr).Len() > 0
	}
	return true
}

// Same says whether v and w are the same container in memory, or equal scalars at the same address. It is
// a cheap test that is never wrong when true and may be false for equal values.
func Same(v, w Value) bool {
	return v.ptr == w.ptr && v.meta&^ownedFlag == w.meta&^ownedFlag
}

// Identical says whether nothing tells v and w apart, but for their positions: their types are the same, and the order of keys is.
func Identical(v, w Value) bool {
	if Same(v, w) {
		return true
	}
	vk, wk := v.Kind(), w.Kind()
	if vk != wk {
		return false
	}
	switch vk {
	case ListKind:
		return identical(v.List().items, w.List().items)
	case MapKind, SetKind:
		a, b := (*Map)(v.ptr), (*Map)(w.ptr)
		return (a.shape == b.shape || len(a.vals) == len(b.vals) && (len(a.vals) == 0 || identical(a.shape.keys, b.shape.keys))) && identical(a.vals, b.vals)
	case Float:
		return math.Float64bits(*(*float64)(v.ptr)) == math.Float64bits(*(*float64)(w.ptr))
	}
	return Equal(v, w)
}

func identical(a, b []Value) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !Identical(a[i], b[i]) {
			return false
		}
	}
	return true
}

// Equal compares as Python's == does: numbers by value, true as 1, lists in order, maps by content.
func Equal(v, w Value) bool {
	if Same(v, w) {
		f, isFloat := v.AsFloat()
		return !isFloat || !math.IsNaN(f)
	}
	switch vk, wk := v.Kind(), w.Kind(); {
	case vk == String && wk == String:
		return v.text() == w.text()
	case vk == Bytes && wk == Bytes:
		return v.text() == w.text()
	case vk == ListKind && wk == ListKind:
		a, b := v.List(), w.List()
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.items {
			if !Equal(a.items[i], b.items[i]) {
				return false
			}
		}
		return true
	case vk == wk && (vk == MapKind || vk == SetKind):
		a, b := (*Map)(v.ptr), (*Map)(w.ptr)
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.vals {
			x, ok := b.GetKey(a.key(i))
			if !ok || !Equal(a.vals[i], x) {
				return false
			}
		}
		return true
	case vk == wk && (vk == Time || vk == Date):
		a, b := *(*time.Time)(v.ptr), *(*time.Time)(w.ptr)
		return a.Equal(b) && (a.Location() == time.UTC) == (b.Location() == time.UTC) // see FormatTime
	}
	a, b := v.number(), w.number()
	return a != nil && b != nil && a.Cmp(b) == 0
}

// number gives what takes part in numeric comparison, nil where v does not.
func (v Value) number() *big.Float {
	switch v.Kind() {
	case Bool:
		return big.NewFloat(float64(v.meta >> lenShift))
	case Int:
		return new(big.Float).SetPrec(64).SetInt64(*(*int64)(v.ptr))
	case BigInt:
		return new(big.Float).SetInt((*big.Int)(v.ptr))
	case Float:
		if f := *(*float64)(v.ptr); !math.IsNaN(f) {
			return big.NewFloat(f)
		}
	}
	return nil
}

// Describe names a value in an error: its kind and, for scalars, its text.
func (v Value) Describe() string {
	switch v.Kind() {
	case Null:
		return "null"
	case Bool:
		return strconv.FormatBool(v.IsTrue())
	case Int, BigInt:
		return v.AsBigInt().String()
	case Float:
		return strconv.FormatFloat(*(*float64)(v.ptr), 'g', -1, 64)
	case String:
		s := v.text()
		if len(s) > 80 {
			s = s[:77] + "..."
		}
		return strconv.Quote(s)
	case ListKind, MapKind, SetKind, Bytes, Time, Date:
		return "a " + v.Kind().String()
	}
	return v.Kind().String()
}

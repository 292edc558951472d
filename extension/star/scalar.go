package star

import (
	"fmt"
	"time"

	"go.starlark.net/starlark"

	"github.com/taskgraph-go/decision/value"
)

// view gives a document value to Starlark code. Containers are seen through a [Dict] or a [List], which read the document as it is
// needed; frozen ones cannot be changed.
func view(v value.Value, frozen bool) starlark.Value {
	switch v.Kind() {
	case value.String:
		return starlark.String(v.Str())
	case value.Bool:
		return starlark.Bool(v.IsTrue())
	case value.Int:
		i, _ := v.AsInt()
		return starlark.MakeInt64(i)
	case value.BigInt:
		return starlark.MakeBigInt(v.AsBigInt())
	case value.Float:
		f, _ := v.AsFloat()
		return starlark.Float(f)
	case value.Bytes:
		return starlark.Bytes(v.AsBytes())
	case value.Time, value.Date:
		return timestamp{v}
	case value.ListKind:
		return &List{list: v.List(), pos: v.Pos(), frozen: frozen}
	case value.MapKind:
		return &Dict{m: v.Map(), pos: v.Pos(), frozen: frozen}
	case value.SetKind:
		s := starlark.NewSet(v.Set().Len())
		for e := range v.Set().Entries() {
			s.Insert(view(e.Key, true)) // keys of documents are scalars, which have a hash
		}
		if frozen {
			s.Freeze()
		}
		return s
	}
	return starlark.None
}

// scalar gives the document value of a Starlark scalar, and whether x is one.
func scalar(x starlark.Value) (value.Value, bool) {
	switch x := x.(type) {
	case starlark.String:
		if len(x) > maxText {
			return value.Value{}, false
		}
		return value.NewString(string(x)), true
	case starlark.Bool:
		return value.NewBool(bool(x)), true
	case starlark.Int:
		if i, ok := x.Int64(); ok {
			return value.NewInt(i), true
		}
		return value.NewBigInt(x.BigInt()), true
	case starlark.Float:
		return value.NewFloat(float64(x)), true
	case starlark.Bytes:
		if len(x) > maxText {
			return value.Value{}, false
		}
		return value.NewBytes([]byte(x)), true
	case starlark.NoneType:
		return value.Value{}, true
	case timestamp:
		return x.v, true
	}
	return value.Value{}, false
}

// maxText is the longest text that a document can hold, as package value has it.
const maxText = 1<<27 - 1

// timestamp is a timestamp or a date of a document, which YAML has and Starlark has not. It is immutable.
type timestamp struct{ v value.Value }

var (
	_ starlark.Value      = timestamp{}
	_ starlark.Comparable = timestamp{}
	_ starlark.HasAttrs   = timestamp{}
)

func (t timestamp) time() time.Time {
	at, _ := t.v.AsTime()
	return at
}

func (t timestamp) String() string       { return value.FormatTime(t.v) }
func (t timestamp) Type() string         { return t.v.Kind().String() }
func (t timestamp) Freeze()              {}
func (t timestamp) Truth() starlark.Bool { return true }
func (t timestamp) Hash() (uint32, error) {
	at := t.time().UnixNano()
	return uint32(at) ^ uint32(at>>32), nil
}

// CompareSameType compares two timestamps, or two dates.
func (t timestamp) CompareSameType(op starlarkToken, other starlark.Value, _ int) (bool, error) {
	o, ok := other.(timestamp)
	if !ok {
		return false, fmt.Errorf("%s cannot be compared", t.Type())
	}
	return threeWay(op, t.time().Compare(o.time())), nil
}

// Attr gives the parts of the date and of the time of day.
func (t timestamp) Attr(name string) (starlark.Value, error) {
	at := t.time()
	switch name {
	case "year":
		return starlark.MakeInt(at.Year()), nil
	case "month":
		return starlark.MakeInt(int(at.Month())), nil
	case "day":
		return starlark.MakeInt(at.Day()), nil
	}
	if t.v.Kind() == value.Date {
		return nil, nil
	}
	switch name {
	case "hour":
		return starlark.MakeInt(at.Hour()), nil
	case "minute":
		return starlark.MakeInt(at.Minute()), nil
	case "second":
		return starlark.MakeInt(at.Second()), nil
	}
	return nil, nil
}

// AttrNames lists what Attr knows.
func (t timestamp) AttrNames() []string {
	if t.v.Kind() == value.Date {
		return []string{"day", "month", "year"}
	}
	return []string{"day", "hour", "minute", "month", "second", "year"}
}

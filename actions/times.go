package actions

import (
	"fmt"
	"regexp"
	"time"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/duration"
	"github.com/taskgraph-go/decision/value"
)

// timestamp is how the services write times, in any form that RFC 3339 has.
var timestamp = regexp.MustCompile(`(?i)^\d\d\d\d-[0-1]\d-[0-3]\d[t\s](?:[0-2]\d:[0-5]\d:[0-5]\d|23:59:60)(?:\.\d+)?(?:z|[+-]\d\d:\d\d)$`)

// relativize gives a definition as the queue has it with every time replaced by how long after its creation that is, so that a
// task like it can be created at another time. A time before the creation stays.
func relativize(definition *value.Map) (*value.Map, error) {
	created, err := time.Parse(time.RFC3339, definition.Str("created"))
	if err != nil {
		return nil, diag.Errorf(diag.WrongType, definition.At("created").Pos(), "want a time, got %s", definition.At("created").Describe()).WithPath("created")
	}
	return walk(definition.Value(), func(v value.Value) (value.Value, error) {
		text, ok := v.AsString()
		if !ok || !timestamp.MatchString(text) {
			return v, nil
		}
		at, err := time.Parse(time.RFC3339, text)
		if err != nil || at.Before(created) {
			return v, nil
		}
		return value.MapOf("relative-datestamp", fmt.Sprintf("%d seconds", int64(at.Sub(created).Seconds()))).Value(), nil
	}, nil)
}

// resolve gives a definition with every relative-datestamp replaced by the time that it is now.
func resolve(definition *value.Map, now time.Time) (*value.Map, error) {
	return walk(definition.Value(), nil, func(m *value.Map) (value.Value, bool, error) {
		after, ok := m.Get("relative-datestamp")
		if !ok || m.Len() != 1 {
			return value.Value{}, false, nil
		}
		text, err := duration.FromNow(now, after.Str())
		return value.NewString(text).At(after.Pos()), true, diag.Placed(err, after.Pos(), "relative-datestamp")
	})
}

// walk gives a copy of a map in which other values stand for some scalars and for some maps.
func walk(v value.Value, scalar func(value.Value) (value.Value, error), whole func(*value.Map) (value.Value, bool, error)) (*value.Map, error) {
	out, err := walkValue(v, scalar, whole)
	return out.Map(), err
}

func walkValue(v value.Value, scalar func(value.Value) (value.Value, error), whole func(*value.Map) (value.Value, bool, error)) (value.Value, error) {
	switch v.Kind() {
	case value.MapKind:
		if whole != nil {
			if x, ok, err := whole(v.Map()); ok || err != nil {
				return x, err
			}
		}
		out := value.NewMap(v.Map().Len())
		for e := range v.Map().Entries() {
			x, err := walkValue(e.Value, scalar, whole)
			if err != nil {
				return v, err
			}
			out.SetKey(e.Key, x)
		}
		return out.Value().At(v.Pos()), nil
	case value.ListKind:
		out := value.NewList()
		for x := range v.List().Values() {
			x, err := walkValue(x, scalar, whole)
			if err != nil {
				return v, err
			}
			out.Append(x)
		}
		return out.Value().At(v.Pos()), nil
	}
	if scalar == nil {
		return v, nil
	}
	return scalar(v)
}

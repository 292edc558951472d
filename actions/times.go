package actions

import (
	"fmt"
	"regexp"
	"time"

	"github.com/taskgraph-go/decision/diag"
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
	})
}

// walk gives a copy of a map in which other values stand for some scalars.
func walk(v value.Value, scalar func(value.Value) (value.Value, error)) (*value.Map, error) {
	out, err := walkValue(v, scalar)
	return out.Map(), err
}

func walkValue(v value.Value, scalar func(value.Value) (value.Value, error)) (value.Value, error) {
	switch v.Kind() {
	case value.MapKind:
		out := value.NewMap(v.Map().Len())
		for e := range v.Map().Entries() {
			x, err := walkValue(e.Value, scalar)
			if err != nil {
				return v, err
			}
			out.SetKey(e.Key, x)
		}
		return out.Value().At(v.Pos()), nil
	case value.ListKind:
		out := value.NewList()
		for x := range v.List().Values() {
			x, err := walkValue(x, scalar)
			if err != nil {
				return v, err
			}
			out.Append(x)
		}
		return out.Value().At(v.Pos()), nil
	}
	return scalar(v)
}

package local

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// mustJSON encodes what is known to be encodable: our own structures, and what came from JSON.
func mustJSON(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(fmt.Sprintf("a structure that is no JSON: %v", err))
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// sortedKeys gives the keys of a map in their order.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// stamp is a time as the services write it: UTC, with milliseconds.
type stamp struct{ time.Time }

const stampFormat = "2006-01-02T15:04:05.000Z"

func newStamp(t time.Time) stamp { return stamp{t.UTC().Truncate(time.Millisecond)} }

// parseStamp reads a time in any form that the schemas allow.
func parseStamp(text string) (stamp, error) {
	t, err := time.Parse(time.RFC3339Nano, text)
	return newStamp(t), err
}

func (s stamp) String() string { return s.UTC().Format(stampFormat) }

// MarshalJSON writes the time, or null for none.
func (s stamp) MarshalJSON() ([]byte, error) {
	if s.IsZero() {
		return []byte("null"), nil
	}
	return []byte(`"` + s.String() + `"`), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *stamp) UnmarshalJSON(text []byte) (err error) {
	if string(text) == "null" {
		*s = stamp{}
		return nil
	}
	var plain string
	if err := json.Unmarshal(text, &plain); err != nil {
		return err
	}
	*s, err = parseStamp(plain)
	return err
}

// object is a JSON object.
type object = map[string]any

// text gives a field that is text, or nothing.
func text(o object, key string) string {
	s, _ := o[key].(string)
	return s
}

// texts gives a field that is a list of texts.
func texts(o object, key string) []string {
	list, _ := o[key].([]any)
	out := make([]string, 0, len(list))
	for _, v := range list {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// stampOf gives a field that is a time. The schema has checked its form.
func stampOf(o object, key string) stamp {
	s, _ := parseStamp(text(o, key))
	return s
}

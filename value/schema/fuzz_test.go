package schema

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/value"
)

// entropy makes schemas and documents of bytes. Few names and few values make it likely that they meet.
type entropy []byte

func (e *entropy) n(limit int) int {
	if len(*e) == 0 {
		return 0
	}
	b := int((*e)[0])
	*e = (*e)[1:]
	return b % limit
}

func (e *entropy) name() string { return [...]string{"a", "b", "ab", "c"}[e.n(4)] }

func (e *entropy) value(depth int) any {
	kinds := 9
	if depth == 0 {
		kinds = 7
	}
	switch e.n(kinds) {
	case 0:
		return nil
	case 1:
		return e.n(2) == 0
	case 2:
		return json.Number("1.5")
	case 3, 4:
		return json.Number([...]string{"0", "1", "2", "-1", "9007199254740993"}[e.n(5)])
	case 5, 6:
		return [...]string{"", "a", "ab", "ä"}[e.n(4)]
	case 7:
		list := []any{}
		for range e.n(4) {
			list = append(list, e.value(depth-1))
		}
		return list
	}
	m := map[string]any{}
	for range e.n(4) {
		m[e.name()] = e.value(depth - 1)
	}
	return m
}

func (e *entropy) names() []any {
	seen := map[string]bool{}
	list := []any{}
	for range e.n(3) {
		if s := e.name(); !seen[s] {
			seen[s] = true
			list = append(list, s)
		}
	}
	return list
}

func (e *entropy) schemas(depth int) []any {
	list := []any{e.schema(depth)}
	for range e.n(3) {
		list = append(list, e.schema(depth))
	}
	return list
}

func (e *entropy) properties(depth int) map[string]any {
	m := map[string]any{}
	for range e.n(4) {
		m[e.name()] = e.schema(depth)
	}
	return m
}

func (e *entropy) schema(depth int) any {
	types := []any{"object", "array", "string", "integer", "number", "boolean", "null"}
	if depth == 0 {
		if n := e.n(9); n < 7 {
			return map[string]any{"type": types[n]}
		} else {
			return n == 7
		}
	}
	s := map[string]any{}
	for range 1 + e.n(3) {
		switch e.n(24) {
		case 0:
			s["type"] = types[e.n(7)]
		case 1:
			i := e.n(5)
			s["type"] = types[i : i+2]
		case 2:
			s["enum"] = []any{e.value(1), e.value(2)}
		case 3:
			s["const"] = e.value(1)
		case 4, 5, 6:
			s["properties"] = e.properties(depth - 1)
		case 7:
			s["required"] = e.names()
		case 8, 9:
			s["additionalProperties"] = e.schema(depth - 1)
		case 10:
			s["patternProperties"] = map[string]any{[...]string{"^a", "b$", "x"}[e.n(3)]: e.schema(depth - 1)}
		case 11:
			s["propertyNames"] = e.schema(depth - 1)
		case 12:
			s["minProperties"] = json.Number([...]string{"0", "1", "2"}[e.n(3)])
		case 13:
			s["maxProperties"] = json.Number([...]string{"0", "1", "2"}[e.n(3)])
		case 14:
			s["items"] = e.schema(depth - 1)
		case 15:
			s["uniqueItems"] = e.n(2) == 0
		case 16:
			s[[...]string{"minItems", "maxItems"}[e.n(2)]] = json.Number([...]string{"0", "1", "2"}[e.n(3)])
		case 17:
			s[[...]string{"minLength", "maxLength"}[e.n(2)]] = json.Number([...]string{"0", "1", "2"}[e.n(3)])
		case 18:
			s["pattern"] = [...]string{"^a", "b$", "x"}[e.n(3)]
		case 19:
			s[[...]string{"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}[e.n(4)]] = json.Number([...]string{"0", "1", "1.25"}[e.n(3)])
		case 20:
			s[[...]string{"anyOf", "oneOf", "allOf"}[e.n(3)]] = e.schemas(depth - 1)
		case 21:
			s["not"] = e.schema(depth - 1)
		case 22:
			s["if"], s["then"], s["else"] = e.schema(depth-1), e.schema(depth-1), e.schema(depth-1)
		case 23:
			s["$ref"] = "#/$defs/" + e.name()
		}
	}
	return s
}

// valueFor makes a document that has something to do with a schema.
func (e *entropy) valueFor(schema any, depth int) any {
	s, _ := schema.(map[string]any)
	if depth == 0 || s == nil || e.n(8) == 0 {
		return e.value(1)
	}
	for _, key := range []string{"anyOf", "oneOf", "allOf"} {
		if branches, ok := s[key].([]any); ok && e.n(2) == 0 {
			return e.valueFor(branches[e.n(len(branches))], depth-1)
		}
	}
	if enum, ok := s["enum"].([]any); ok && e.n(2) == 0 {
		return enum[e.n(len(enum))]
	}
	if x, ok := s["const"]; ok && e.n(2) == 0 {
		return x
	}
	for _, key := range []string{"items", "minItems", "maxItems", "uniqueItems"} {
		if _, ok := s[key]; ok {
			list := []any{}
			for range e.n(4) {
				list = append(list, e.valueFor(s["items"], depth-1))
			}
			return list
		}
	}
	for _, key := range []string{"properties", "required", "additionalProperties", "patternProperties", "propertyNames", "minProperties", "maxProperties", "if"} {
		if _, ok := s[key]; !ok {
			continue
		}
		properties, _ := s["properties"].(map[string]any)
		m := map[string]any{}
		for range e.n(4) {
			name := e.name()
			m[name] = e.valueFor(properties[name], depth-1)
		}
		return m
	}
	for _, key := range []string{"minLength", "maxLength", "pattern"} {
		if _, ok := s[key]; ok {
			return [...]string{"", "a", "ab", "ä", "abc"}[e.n(5)]
		}
	}
	return e.value(1)
}

func plain(x any) value.Value {
	switch x := x.(type) {
	case json.Number:
		if i, ok := new(big.Int).SetString(x.String(), 10); ok {
			return value.NewBigInt(i)
		}
		f, _ := x.Float64()
		return value.NewFloat(f)
	case []any:
		l := value.NewList()
		for _, item := range x {
			l.Append(plain(item))
		}
		return l.Value()
	case map[string]any:
		m := value.NewMap(0)
		for k, v := range x {
			m.Set(k, plain(v))
		}
		return m.Value()
	}
	return value.Of(x)
}

// FuzzAgainstLibrary compares random schemas and documents with what the jsonschema library says. The documents have no
// floats that are integers to JSON Schema and none to us.
func FuzzAgainstLibrary(f *testing.F) {
	for seed := range 1000 { // go test without -fuzz runs these
		data := make([]byte, 300)
		x := uint64(seed)*0x9e3779b97f4a7c15 + 1
		for i := range data {
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
			data[i] = byte(x >> 32)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e := entropy(data)
		root, _ := e.schema(3).(map[string]any)
		root["$defs"] = map[string]any{"a": e.schema(2), "b": e.schema(1), "ab": e.schema(1), "c": true}
		text, err := json.Marshal(root)
		require.NoError(t, err)
		s := &Schema{name: "x.yml", documents: newDocuments(func(string) ([]byte, error) { return text, nil })}
		library, err := s.library()
		if err != nil {
			if strings.Contains(err.Error(), "infinite loop") {
				t.Skip() // a schema that refers to itself
			}
			t.Fatalf("%s: %v", text, err)
		}
		require.NoError(t, s.compile())
		for i := range 8 {
			doc := e.value(3)
			if i > 0 {
				doc = e.valueFor(root, 3)
			}
			v := plain(doc)
			want := library.Validate(doc) == nil
			found := s.Validate(v)
			shown, _ := json.Marshal(doc)
			require.Equal(t, want, found == nil, "schema %s document %s: %v", text, shown, found)
			require.Equal(t, want, NewChecker(s).Validate(v) == nil)
			if !want {
				require.NotEmpty(t, found[0].Message)
			}
		}
	})
}

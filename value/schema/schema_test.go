package schema_test

import (
	"math"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
	"github.com/taskgraph-go/decision/value/schema"
)

// worker is a schema with a bit of everything.
const worker = `
type: object
additionalProperties: false
required: [implementation, max-run-time]
properties:
  implementation: {const: docker-worker}
  max-run-time: {type: integer, minimum: 1, exclusiveMaximum: 1000}
  os: {enum: [linux, windows, null]}
  ratio: {type: number}
  env: {type: object, propertyNames: {type: string}, additionalProperties: {$ref: "#/$defs/text"}}
  artifacts:
    type: [array, "null"]
    maxItems: 3
    uniqueItems: true
    items: {type: object, required: [name], properties: {name: {type: string, minLength: 2, pattern: ^public/}}}
  level: {keyedBy: [level, project], value: {type: string}}
  dependencies: {type: object, propertyNames: {not: {enum: [self], description: a reserved name}}}
$defs:
  text:
    anyOf:
    - type: string
    - type: object
      exactlyOne: [[task-reference, artifact-reference]]
      properties: {task-reference: {type: [string, "null"]}, artifact-reference: {type: [string, "null"]}}
`

func TestValidate(t *testing.T) {
	s := schema.MustCompile("worker.yml", []byte(worker))
	const start = "implementation: docker-worker\nmax-run-time: 5\n"
	for _, c := range []struct{ name, doc, want string }{
		{"valid", start + "os: linux\nratio: 1\nartifacts:\nenv: {A: x, B: {task-reference: <x>}}", ""},
		{"not a map", "[]", `1:1: want map, got a list (TG1101)`},
		{"null", "", `1:1: want map, got null (TG1101)`},
		{"missing", "max-run-time: 5", `1:1: missing field "implementation" (TG1103)`},
		{"unknown", start + "max_runtime: 5", `3:1: unknown field "max_runtime" (TG1102) did you mean "max-run-time"? ` +
			`valid: artifacts, dependencies, env, implementation, level, max-run-time, os, ratio`},
		{"constant", "implementation: generic-worker\nmax-run-time: 1", `1:17: implementation: want "docker-worker", got "generic-worker" (TG1104)`},
		{"text for integer", "implementation: docker-worker\nmax-run-time: 1h", `2:15: max-run-time: want integer, got "1h" (TG1101) 1h is 3600 seconds`},
		{"boolean for integer", "implementation: docker-worker\nmax-run-time: yes", `2:15: max-run-time: want integer, got true (TG1101)`},
		{"float for integer", "implementation: docker-worker\nmax-run-time: 5.0", `2:15: max-run-time: want integer, got 5.0 (TG1101)`},
		{"null for integer", "implementation: docker-worker\nmax-run-time:", `2:14: max-run-time: want integer, got null (TG1101)`},
		{"too small", "implementation: docker-worker\nmax-run-time: 0", `2:15: max-run-time: want at least 1, got 0 (TG1105)`},
		{"too large", "implementation: docker-worker\nmax-run-time: 1000", `2:15: max-run-time: want less than 1000, got 1000 (TG1105)`},
		{"huge", "implementation: docker-worker\nmax-run-time: 99999999999999999999", `2:15: max-run-time: want less than 1000, got 99999999999999999999 (TG1105)`},
		{"enum", start + "os: Linux", `3:5: os: "Linux" is not allowed (TG1104) did you mean "linux"? valid: linux, windows`},
		{"enum of another type", start + "os: 5", `3:5: os: 5 is not allowed (TG1104) valid: linux, windows`},
		{"text for number", start + "ratio: x", `3:8: ratio: want number, got "x" (TG1101)`},
		{"a float is a number", start + "ratio: .nan", ""},
		{"union of types", start + "env: {A: x, B: 5}", `3:16: env.B: want string or map, got 5 (TG1101) put it in quotes: B: "5"`},
		{"nothing of a group", start + "env: {B: {}}", `3:10: env.B: missing field "task-reference" or "artifact-reference" (TG1103)`},
		{"empty is nothing", start + "env: {B: {task-reference: ''}}", `3:10: env.B: missing field "task-reference" or "artifact-reference" (TG1103)`},
		{"both of a group", start + "env:\n  B:\n    task-reference: a\n    artifact-reference: b",
			`6:5: env.B: "task-reference" and "artifact-reference" exclude each other (TG1106) [5:5: "task-reference" is here]`},
		{"number as key", start + "env: {1: x}", `3:7: env: want a string as key, got 1 (TG1101) put it in quotes`},
		{"number as field", start + "1: x", `3:1: want a string as key, got 1 (TG1101) put it in quotes`},
		{"all at once", start + "artifacts: [{name: public/a}, {name: b}, {}, {name: 1}]", `3:12: artifacts: want at most 3 items, got 4 (TG1105)
3:38: artifacts[1].name: want at least 2 characters, got 1 (TG1105)
3:38: artifacts[1].name: "b" does not match "^public/" (TG1105)
3:42: artifacts[2]: missing field "name" (TG1103)
3:53: artifacts[3].name: want string, got 1 (TG1101) put it in quotes: name: "1"`},
		{"repeated", start + "artifacts: [{name: public/a}, {name: public/a}]", `3:31: artifacts: item 2 is the same as item 1 (TG1105)`},
		{"set for list", start + "artifacts: !!set {a, b}", `3:12: artifacts: want list, got a set (TG1101)`},
		{"date for text", start + "env: {A: 2020-01-01}", `3:10: env.A: want string or map, got a date (TG1101) put it in quotes`},
		{"keyed", start + "level: {by-level: {'3': a, default: {by-project: {x: b, 1: c}}}}", ""},
		{"keyed by nothing", start + "level: {by-level: {}}", ""},
		{"keyed, wrong alternative", start + "level: {by-level: {'3': a, default: {by-project: {x: 5}}}}",
			`3:54: level.by-level.default.by-project.x: want string, got 5 (TG1101) put it in quotes: x: "5"`},
		{"keyed, no alternatives", start + "level: {by-level: x}", `3:19: level.by-level: want map, got "x" (TG1101)`},
		{"keyed by something else", start + "level: {by-lvl: {a: b}}", `3:8: level: want string, got a map (TG1101) did you mean "by-level"? valid: by-level, by-project`},
		{"keyed where nothing resolves it", start + "ratio: {by-level: {a: b}}", `3:8: ratio: want number, got a map (TG1101) nothing resolves by-level here`},
		{"two keys are not keyed", start + "level: {by-level: {}, by-project: {}}", `3:8: level: want string, got a map (TG1101)`},
		{"reserved name", start + "dependencies: {self: a}", `3:16: dependencies: "self" is a reserved name (TG1104)`},
	} {
		t.Run(c.name, func(t *testing.T) { assert.Equal(t, c.want, validate(t, s, c.doc)) })
	}
}

func TestUnions(t *testing.T) {
	s := schema.MustCompile("u.yml", []byte(`
properties:
  tagged:
    oneOf:
    - {type: object, required: [type, address], properties: {type: {const: email}, address: {type: string}}, additionalProperties: false}
    - {type: object, required: [type, room], properties: {type: {const: matrix}, room: {type: string}}, additionalProperties: false}
  untagged:
    anyOf:
    - {type: object, required: [path], properties: {path: {type: string}, kind: {const: file}}}
    - {type: object, required: [url], properties: {url: {type: string}, kind: {const: link}}}
  exactly:
    oneOf: [{type: object, required: [a]}, {type: object, required: [b]}, {type: [integer, string]}, {type: [number]}]
`))
	for _, c := range []struct{ name, doc, want string }{
		{"tagged", "tagged: {type: matrix, room: x}", ""},
		{"no tag", "tagged: {address: x}", `1:9: tagged: missing field "type" (TG1103)`},
		{"unknown tag", "tagged: {type: emial, address: x}", `1:16: tagged.type: "emial" is not allowed (TG1104) did you mean "email"? valid: email, matrix`},
		{"tag of another type", "tagged: {type: 5}", `1:16: tagged.type: 5 is not allowed (TG1104) valid: email, matrix`},
		{"the branch that the tag names", "tagged: {type: matrix, address: x}", `1:24: tagged: unknown field "address" (TG1102) valid: room, type
1:9: tagged: missing field "room" (TG1103)`},
		{"other type", "tagged: x", `1:9: tagged: want map, got "x" (TG1101)`},
		{"untagged", "untagged: {url: x}", ""},
		{"the nearest branch", "untagged: {kind: link, url: 5}", `1:29: untagged.url: want string, got 5 (TG1101) put it in quotes: url: "5"`},
		{"the first of equally near ones", "untagged: {}", `1:11: untagged: missing field "path" (TG1103)`},
		{"one of", "exactly: {a: 1}", ""},
		{"one of, by type", "exactly: 1.5", ""},
		{"two of", "exactly: {a: 1, b: 2}", `1:10: exactly: a map has 2 of the allowed forms at once, want one (TG1105)`},
		{"two of, by type", "exactly: 1", `1:10: exactly: 1 has 2 of the allowed forms at once, want one (TG1105)`},
	} {
		t.Run(c.name, func(t *testing.T) { assert.Equal(t, c.want, validate(t, s, c.doc)) })
	}
}

func TestOtherKeywords(t *testing.T) {
	for _, c := range []struct{ name, schema, doc, want string }{
		{"exclusive", "exclusive: [[a, b, c]]", "{a: 1, b: null, c: 0}", `1:17: "a" and "c" exclude each other (TG1106) [1:2: "a" is here]`},
		{"exclusive, null", "exclusive: [[a, b]]", "{a: null, b: 1}", ""},
		{"if then", "{if: {required: [a]}, then: {required: [b]}, else: {required: [c]}}", "{a: 1}", `1:1: missing field "b" (TG1103)`},
		{"if else", "{if: {required: [a]}, then: {required: [b]}, else: {required: [c]}}", "{}", `1:1: missing field "c" (TG1103)`},
		{"not", "not: {type: string}", "x", `1:1: "x" is not allowed here (TG1104)`},
		{"all of", "allOf: [{required: [a]}, {required: [b]}]", "{}", "1:1: missing field \"a\" (TG1103)\n1:1: missing field \"b\" (TG1103)"},
		{"patterns", "{patternProperties: {^x-: {type: string}}, properties: {x-a: {enum: [p]}}, additionalProperties: false}", "{x-a: 5, x-b: q, y: 1}",
			"1:7: x-a: want string, got 5 (TG1101) put it in quotes: x-a: \"5\"\n1:7: x-a: want \"p\", got 5 (TG1104)\n1:18: unknown field \"y\" (TG1102) valid: x-a"},
		{"false", "properties: {old: false}", "old: 1", `1:6: old: want nothing, got 1 (TG1101)`},
		{"free maps have any keys", "{type: object, additionalProperties: {type: string}}", "{1: a, null: b}", ""},
		{"required without properties", "required: [a]", "{1: x, a: y}", ""},
		{"text is not required of what is no map", "required: [a]", "[]", ""},
		{"size of a map", "{minProperties: 1, maxProperties: 2}", "{}", `1:1: want at least 1 field, got 0 (TG1105)`},
		{"true is not 1", "enum: [1]", "true", `1:1: want 1, got true (TG1104)`},
		{"1.0 is 1 in an enum", "enum: [1]", "1.0", ""},
		{"map in an enum", "enum: [{a: [1, {b: null}]}]", "{a: [1, {b: null}]}", ""},
		{"other map in an enum", "const: {a: [1, {b: null}]}", "{a: [1, {b: 1}]}", `1:1: want a map, got a map (TG1104)`},
		{"const and enum", "{const: a, enum: [a, b]}", "b", `1:1: want "a", got "b" (TG1104)`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := schema.Compile("x.yml", []byte(c.schema))
			require.NoError(t, err)
			assert.Equal(t, c.want, validate(t, s, c.doc))
		})
	}
}

func TestInfinityHasBounds(t *testing.T) {
	s := schema.MustCompile("x.yml", []byte("{minimum: 1}"))
	assert.Empty(t, s.Validate(value.NewFloat(math.Inf(1))))
	assert.NotEmpty(t, s.Validate(value.NewFloat(math.Inf(-1))))
	assert.NotEmpty(t, s.Validate(value.NewFloat(math.NaN())))
	assert.NotEmpty(t, s.Validate(value.NewFloat(0.5)))
}

// Values that the program made have no positions: the nearest one around counts.
func TestPositionsOfWhatTheProgramMade(t *testing.T) {
	s := schema.MustCompile("x.yml", []byte(`{required: [name, a], properties: {a: {properties: {b: {type: string}}, required: [c]}}}`))
	a := value.MapOf("b", 5).Value()
	m := value.NewMap(0)
	m.SetKey(value.NewString("a").At(7), a.At(9))
	found := s.Validate(m.Value())
	require.Len(t, found, 3)
	assert.Equal(t, diag.Pos(9), found[0].Pos, "of the value around b")
	assert.Equal(t, diag.Pos(9), found[1].Pos, "of the map without c")
	assert.Equal(t, diag.Pos(7), found[2].Pos, "of the first key of the map without name")
	found = s.Validate(m.Value().At(3))
	assert.Equal(t, diag.Pos(3), found[2].Pos)
	assert.Zero(t, s.Validate(value.NewMap(0).Value())[0].Pos)
}

// Kinds that JSON does not have are of no type.
func TestForeignKinds(t *testing.T) {
	anything := schema.MustCompile("x.yml", []byte("description: anything"))
	typed := schema.MustCompile("x.yml", []byte("type: [string, integer, number, boolean, array, object, 'null']"))
	for _, v := range []value.Value{
		value.NewBytes([]byte("x")), value.NewTime(time.Now()), value.NewDate(time.Now()), value.NewSet(value.NewMap(0)),
	} {
		assert.Empty(t, anything.Validate(v))
		require.Len(t, typed.Validate(v), 1, v.Kind())
		assert.Contains(t, typed.Validate(v)[0].Message, "want string or number or boolean or list or map, got a ")
	}
}

func TestRecursiveSchema(t *testing.T) {
	s := schema.MustCompile("x.yml", []byte(`{type: [string, array], items: {$ref: "#"}}`))
	assert.Equal(t, "", validate(t, s, "[a, [b, []]]"))
	assert.Equal(t, "1:10: [1][1][0]: want string or list, got 5 (TG1101) put it in quotes: \"5\"", validate(t, s, "[a, [b, [5]]]"))
	s = schema.MustCompile("x.yml", []byte(`{$ref: "#/$defs/tree", $defs: {tree: {anyOf: [{type: string}, {type: object, additionalProperties: {$ref: "#/$defs/tree"}}]}}}`))
	assert.Equal(t, "", validate(t, s, "{a: {b: {c: d}}}"))
	assert.Equal(t, "1:13: a.b.c: want string or map, got 5 (TG1101) put it in quotes: c: \"5\"", validate(t, s, "{a: {b: {c: 5}}}"))
}

func TestMistakesInSchemas(t *testing.T) {
	for _, c := range []struct{ schema, want string }{
		{"typ: object", `schema x.yml:1: keyword "typ" is not supported; did you mean "type"?`},
		{"properties: {a: {requird: [b]}}", `keyword "requird" is not supported; did you mean "required"?`},
		{"format: email", `keyword "format" is not supported`},
		{"type: text", "schema x.yml"},
		{"required: x", "schema x.yml"},
		{"minLength: -1", "schema x.yml"},
		{"pattern: '('", "schema x.yml"},
		{"$ref: '#/$defs/none'", "none"},
		{"$ref: '#'", "infinite loop"},
		{"{$ref: '#/$defs/a', $defs: {a: {allOf: [{$ref: '#/$defs/a'}]}}}", "infinite loop"},
		{"keyedBy: [a]\nvalue: {$ref: '#'}", "refers to itself without end"},
		{"keyedBy: [a]\nvalue: {$ref: '#/$defs/b'}\n$defs: {b: {anyOf: [{type: string}, {not: {$ref: '#'}}]}}", "refers to itself without end"},
		{"&a {properties: {x: *a}}", "anchor"},
		{"$ref: other.yml", "other.yml"},
		{"$ref: https://example.com/x.json", "https://example.com/x.json is not one of the documents at hand"},
		{"keyedBy: [level]", "keyedBy and value want each other"},
		{"value: {type: string}", "keyedBy and value want each other"},
		{"exclusive: [[a]]", "want a list of two or more field names"},
		{"exclusive: a", "want a list of lists of field names"},
		{"5", "schema x.yml"},
		{"", "schema x.yml"},
		{"{", "schema x.yml"},
	} {
		_, err := schema.Compile("x.yml", []byte(c.schema))
		if assert.Error(t, err, c.schema) {
			assert.Contains(t, err.Error(), c.want)
		}
	}
	assert.Panics(t, func() { schema.MustCompile("x.yml", []byte("typ: x")) })
}

func TestSet(t *testing.T) {
	set := schema.NewSet(fstest.MapFS{
		"task.yml":     {Data: []byte(`{properties: {worker: {$ref: "worker/a.yml"}, text: {$ref: "text.yml#/$defs/0~1~0/allOf/0"}}}`)},
		"worker/a.yml": {Data: []byte(`{properties: {env: {$ref: ../text.yml}}}`)},
		"text.yml":     {Data: []byte(`{type: string, $defs: {"0/~": {allOf: [{type: integer}]}}}`)},
	})
	require.NoError(t, set.Check())
	assert.Equal(t, []string{"task", "text", "worker/a"}, set.Names())
	s, err := set.Load("task")
	require.NoError(t, err)
	again, _ := set.Load("task")
	assert.Same(t, s, again)
	assert.Equal(t, "1:16: worker.env: want string, got 5 (TG1101) put it in quotes: env: \"5\"\n1:26: text: want integer, got \"x\" (TG1101)",
		validate(t, s, "{worker: {env: 5}, text: x}"))
	_, err = set.Load("tsk")
	assert.ErrorContains(t, err, `there is no schema "tsk": did you mean "task"?`)
	assert.Panics(t, func() { set.MustLoad("tsk") })

	assert.Error(t, schema.NewSet(fstest.MapFS{"a.yml": {Data: []byte("type: x")}}).Check())
}

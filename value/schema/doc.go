// Package schema checks document values against JSON Schema documents, with the position and the path of
// every mistake, and fast enough to check every task of a large graph at every stage.
//
// A document is JSON Schema, draft 2020-12, written as YAML or JSON. [Schema.Validate] walks a [value.Value]
// directly: no conversion, no reflection, and no allocation as long as the value is valid.
//
//	s, err := schema.Compile("chunk.yml", []byte("{required: [total], properties: {total: {type: integer}}}"))
//	...
//	for _, d := range s.Validate(v) {
//		fmt.Println(d) // chunk: missing field "total" (TG1103)
//	}
//
// # Keywords
//
// Understood are type, enum, const, minimum, maximum, exclusiveMinimum, exclusiveMaximum, minLength, maxLength,
// pattern, items, minItems, maxItems, uniqueItems, properties, patternProperties, additionalProperties, required,
// propertyNames, minProperties, maxProperties, allOf, anyOf, oneOf, not, if, then, else, $ref, $defs and the
// annotations. Any other keyword is refused when the document is compiled, so that a misspelt rule is never one that
// silently does not apply. Three keywords are our own:
//
//   - keyedBy: [level, project] with value beside it: the value may be a map with the single key by-level or
//     by-project, whose alternatives may be the same again; anything else has to satisfy the schema in value.
//   - exclusive: [[a, b]]: of each group at most one field is set, that is, there and not null.
//   - exactlyOne: [[a, b]]: of each group exactly one field is there and not empty.
//
// The jsonschema library checks the documents too, see [Compile] and [Set.Check], and a fuzz test holds the walk
// against it.
//
// # Where the kinds of values differ from JSON
//
// Values know more kinds than JSON. A float is never an integer, however round it is. Timestamps, dates, binary
// data and sets are of no type, so that only a schema without type accepts them. A map that a schema with properties
// describes has text keys only; any other map may have any keys, unless propertyNames asks for strings. These are the
// rules of the reference, except that it takes a set where it expects a list.
package schema

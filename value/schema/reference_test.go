package schema_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"

	"github.com/taskgraph-go/decision/value/schema"
)

func TestDoc(t *testing.T) {
	set := schema.NewSet(fstest.MapFS{
		"a.yml": {Data: []byte(`
title: A thing
description: What a thing is.
type: object
required: [zeta]
additionalProperties: false
properties:
  zeta: {type: [string, "null"], description: The last one.}
  alpha: {type: array, items: {type: string}, default: [x, 1]}
  keyed: {keyedBy: [level, project], value: {enum: [low, high, null]}}
  other: {$ref: "b.yml#/$defs/ref"}
  again: {$ref: "b.yml#/$defs/ref", description: Said here.}
  workers:
    type: object
    deprecated: true
    additionalProperties: {type: object, required: [os], properties: {os: {const: linux}}}
  either: {anyOf: [{type: boolean}, {type: array, items: {type: [integer, string]}}, {type: object, properties: {x: {}}}]}
  tree: {$ref: "#/$defs/tree"}
$defs:
  tree: {type: object, properties: {left: {$ref: "#/$defs/tree"}}}
`)},
		"b.yml": {Data: []byte(`$defs: {ref: {type: object, description: Said there., additionalProperties: {type: integer}}}`)},
	})
	var lines []string
	var list func(d schema.Doc, indent string)
	list = func(d schema.Doc, indent string) {
		line := fmt.Sprintf("%s%s: %s", indent, d.Name, d.Type)
		if d.Required {
			line += ", required"
		}
		if d.Deprecated {
			line += ", deprecated"
		}
		if !d.Open {
			line += ", closed"
		}
		if d.KeyedBy != nil {
			line += fmt.Sprint(", keyed by ", d.KeyedBy)
		}
		if d.Default != "" {
			line += ", default " + d.Default
		}
		if d.Description != "" {
			line += ", " + d.Description
		}
		lines = append(lines, line)
		for _, f := range d.Fields {
			list(f, indent+"  ")
		}
	}
	doc := set.MustLoad("a").Doc()
	list(doc, "")
	assert.Equal(t, "A thing", doc.Title)
	assert.Equal(t, `: map, closed, What a thing is.
  zeta: string, required, The last one.
  alpha: list of strings, default ["x",1]
  keyed: "low" or "high", keyed by [level project]
  other: map of integers, Said there.
  again: map of integers, Said here.
  workers: map of maps, deprecated
    os: "linux", required
  either: boolean or list of strings or integers or map
    x: anything
  tree: map
    left: map`, strings.Join(lines, "\n"))
}

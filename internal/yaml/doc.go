// Package yaml reads the syntax of YAML 1.1: it turns text into a flat tree of [Node], each with the place
// where it stands. What a scalar means, which tags exist and how maps are merged is left to package value.
//
// The reference reads YAML with libyaml 0.2.5 by way of PyYAML, so what that library accepts is accepted here and
// what it refuses is refused, at the same place. The general Go libraries differ from it in details that occur in
// real trees: a question mark inside of a plain scalar in a flow map, the escape \/, a byte order mark inside of
// the stream, flow indicators in tags. They also give errors without a column, often on a wrong line.
//
//	text, err := yaml.Decode(file)
//	doc, err := yaml.Parse(text, yaml.Limits{Depth: 100, Nodes: 1e6})
//	for i := int32(1); i < doc.Nodes[0].Next; i = doc.Nodes[i].Next {
//		... // the children of the root
//	}
//
// A [scanner] makes tokens, a [parser] makes nodes of them in one pass. Scalars that stand in the text as they are
// share its memory. The package does not write YAML and does not keep comments.
package yaml
